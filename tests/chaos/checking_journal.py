"""What the journals say: whether each line is whole, keeps the order of its records, and had the right to act."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime

from tests.chaos.checking_records import Json, Wrong
from tests.chaos.checking_view import FINAL, OPEN, PROVEN, SALES, SETTLEMENTS, Entry, Line, View, whole

MOST = 3
_OUT_OF_OPEN = {
    "accepted": frozenset({"proven_none"}),
    "done": frozenset({"proven", "decided_done", "heard_done"}),
    "not_done": frozenset({"proven_none", "unproven", "decided_not_done", "not_taken", "heard_not_done"}),
}
"""The only ways out of an open intent, by the state they lead to."""
_HEARD = frozenset({"heard_done", "heard_not_done"})


def chains(view: View) -> Iterator[Wrong]:
    for line in view.lines:
        if line.broken:
            yield Wrong("chain_broken", None, f"journal of {line.book.agent_id}, records {line.broken}")


def projections(view: View) -> Iterator[Wrong]:
    """The tables beside a journal are what its records add up to."""
    for line in view.lines:
        jobs: dict[str, Json | None] = {}
        devices: dict[str, Json | None] = {}
        for entry, row in zip(line.entries, line.book.rows, strict=True):
            if row.job_id is not None and row.kind == "job":
                jobs[row.job_id] = entry.job
            if entry.device is not None:
                devices[entry.device["kkm_id"]] = entry.device
        for job_id in jobs.keys() | line.book.jobs.keys():
            replayed = jobs.get(job_id, {})
            if replayed is not None and replayed != line.book.jobs.get(job_id):
                yield Wrong("projection_differs", job_id, f"journal of {line.book.agent_id}")
        for kkm_id, device in line.book.devices.items():
            if devices.get(kkm_id) != device:
                yield Wrong("projection_differs", None, f"journal of {line.book.agent_id}, register {kkm_id}")


# --- one job after another --------------------------------------------------------------------------------------------


def transitions(view: View) -> Iterator[Wrong]:
    """Revs only grow; what has ended stays ended; an open intent is left by an outcome only."""
    for line in view.lines:
        last: dict[str, Json | None] = {}
        for entry in line.entries:
            if entry.job_id is None:
                continue
            known, before = entry.job_id in last, last.get(entry.job_id)
            last[entry.job_id] = entry.job
            if entry.job is None:
                continue  # pruned: nothing can be said of it, nor of the step after it
            if before is not None:
                yield from _transition(entry.job_id, before, entry, f"record {entry.n} ({entry.event})")
            elif not known and entry.job["state"] in OPEN:
                yield Wrong("intent_missing", entry.job_id, f"record {entry.n} is its first and {entry.job['state']}")


def _transition(job_id: str, before: Json, entry: Entry, name: str) -> Iterator[Wrong]:
    assert entry.job is not None
    was, is_ = before["state"], entry.job["state"]
    never_began = entry.job.get("part") is not None and is_ == "cancelled"  # nobody is told of such a part
    told = is_ != was and is_ != "absent" and not never_began
    if entry.job["rev"] < before["rev"] or (told and entry.job["rev"] == before["rev"]):
        yield Wrong("rev_went_back", job_id, f"{name}: rev {before['rev']}, then {entry.job['rev']}")
    if was in FINAL and is_ != was:
        yield Wrong("final_changed", job_id, f"{name}: {was}, then {is_}")
    elif was in OPEN and is_ not in OPEN and entry.event not in _OUT_OF_OPEN.get(is_, ()):
        yield Wrong("abandoned", job_id, f"{name}: {was}, then {is_}")
    elif was not in OPEN and is_ in OPEN and entry.event != "intent":
        yield Wrong("intent_missing", job_id, f"{name}: {was}, then {is_}")
    elif was not in OPEN and entry.event == "proven":
        yield Wrong("intent_missing", job_id, f"{name}: proven, and was {was}")


def heard(view: View) -> Iterator[Wrong]:
    """An end that is taken over from the server is one that the server has, and only an older copy needs it."""
    for line in view.lines:
        for entry in line.entries:
            if entry.event not in _HEARD or entry.job_id is None:
                continue
            assert entry.job is not None
            state = view.row(entry.job_id).get("state") if entry.job.get("part") is None else _step(view, entry.job)
            if state != entry.job["state"] or "rollback" not in view.records.flags:
                yield Wrong(
                    "heard_wrongly", entry.job_id, f"record {entry.n}: {entry.job['state']}, the server {state}"
                )


def _step(view: View, part: Json) -> str | None:
    told = part["part"]
    steps = view.row(whole(part["job_id"])).get("steps") or ()
    return next((step["state"] for step in steps if (step["step"], step["n"]) == (told["step"], told["n"])), None)


# --- what may be begun ------------------------------------------------------------------------------------------------


def offers(view: View) -> Iterator[Wrong]:
    """An agent takes what was signed for it, as the CRM has asked for it."""
    for line in view.lines:
        for entry in line.entries:
            asked = view.records.asked.get(entry.job_id or "")
            if entry.offer is None or asked is None or entry.event != "offer":
                continue
            wanted = {"agent_id": line.book.agent_id, "tenant_id": asked.tenant_id, "kkm_id": asked.kkm_id,
                      "kind": asked.kind, "payload": asked.payload}  # fmt: skip
            other = [name for name, value in wanted.items() if entry.offer[name] != value]
            if other:
                yield Wrong("wrong_address", entry.job_id, f"{line.book.agent_id} took it with another {other}")


def attempts(view: View) -> Iterator[Wrong]:
    for line in view.lines:
        for entry in line.entries:
            if entry.job is not None and entry.event == "intent" and entry.job["attempt"] > MOST:
                yield Wrong("too_many_attempts", entry.job["job_id"], f"attempt {entry.job['attempt']}")


# --- intents ----------------------------------------------------------------------------------------------------------


def intents(view: View) -> Iterator[Wrong]:
    """INTENT only while nothing else is open on the device, within the lease, and under the newest binding; of a job
    that another journal may have begun only after a person has given it a new time. A register with an open intent is
    kept."""
    bound = _bound(view)
    for line in view.lines:
        open_jobs: dict[str, set[str]] = defaultdict(set)
        adopted: set[str] = set()
        devices: dict[str, Json] = {}
        rows: dict[str, Json] = {}
        for entry in line.entries:
            if entry.event == "operation_intent" and entry.device is not None:
                yield from _operation(line, entry, entry.device, open_jobs, devices, rows)
            if entry.event == "intent" and entry.job is not None:
                yield from _intent(line, entry, entry.job, open_jobs, devices, bound)
                if entry.job["job_id"] in adopted:
                    yield Wrong("unconfirmed", entry.job_id, f"record {entry.n} of {line.book.agent_id}")
            if entry.event == "released" and entry.device is not None and open_jobs[entry.device["kkm_id"]]:
                given_up = sorted(open_jobs[entry.device["kkm_id"]])
                yield Wrong("abandoned", given_up[0], f"record {entry.n} of {line.book.agent_id}: open are {given_up}")
            if entry.event == "adopt" and entry.job_id is not None:
                adopted.add(entry.job_id)
            elif entry.event == "renew":
                adopted.discard(entry.job_id or "")
            if entry.device is not None:
                devices[entry.device["kkm_id"]] = entry.device
            if entry.job is not None:
                rows[entry.job["job_id"]] = entry.job
                if entry.job["kind"] in SALES:
                    continue  # its parts hold the devices
                if entry.job["state"] in OPEN:
                    open_jobs[entry.job["kkm_id"]].add(entry.job["job_id"])
                else:
                    open_jobs[entry.job["kkm_id"]].discard(entry.job["job_id"])


def _intent(
    line: Line, entry: Entry, job: Json, open_jobs: Mapping[str, set[str]], devices: Mapping[str, Json],
    bound: Mapping[str, list[tuple[datetime, int, str]]],
) -> Iterator[Wrong]:  # fmt: skip
    job_id, name = job["job_id"], f"record {entry.n} of {line.book.agent_id}"
    device = devices.get(job["kkm_id"], {})
    others = sorted(open_jobs[job["kkm_id"]] - {job_id})
    if job["kind"] not in SALES and (others or device.get("operation")):
        yield Wrong("two_open_intents", job_id, f"{name}: open are {others or device['operation']['operation']}")
    if job.get("part") is None:  # a sale that has begun goes on
        yield from _lease(line, entry, job, name)
    epoch = job["binding_epoch"]
    if device and (device["binding_epoch"] != epoch or device["released"]):
        is_ = "released" if device["released"] else f"under {device['binding_epoch']}"
        yield Wrong("epoch_wrong", job_id, f"{name}: under epoch {epoch}, the register is {is_}")
        return
    at = line.moment(entry)
    for since, newer, agent_id in bound[job["kkm_id"]]:
        if at is not None and agent_id != line.book.agent_id and newer > epoch and since < at:
            yield Wrong("epoch_wrong", job_id, f"{name}: under epoch {epoch}, {agent_id} has had it under {newer}")
            return


def _operation(
    line: Line, entry: Entry, device: Json, open_jobs: Mapping[str, set[str]], devices: Mapping[str, Json],
    rows: Mapping[str, Json],
) -> Iterator[Wrong]:  # fmt: skip
    """The policy's, for itself or for a job that waits."""
    name, job_id = f"record {entry.n} of {line.book.agent_id}", device["operation"]["for_job"]
    before = devices.get(device["kkm_id"], {})
    others = sorted(open_jobs[device["kkm_id"]])
    if others or before.get("operation"):
        yield Wrong("two_open_intents", job_id, f"{name}: open are {others or before['operation']['operation']}")
    if job_id in rows:
        yield from _lease(line, entry, rows[job_id], name)


def _lease(line: Line, entry: Entry, job: Json, name: str) -> Iterator[Wrong]:
    at = line.moment(entry)
    if at is not None and at > datetime.fromisoformat(job["start_by"]):
        yield Wrong("intent_after_lease", job["job_id"], f"{name}: at {at}, to be started by {job['start_by']}")


def _bound(view: View) -> Mapping[str, list[tuple[datetime, int, str]]]:
    """By register: when which epoch came to which agent's disk."""
    bound: dict[str, list[tuple[datetime, int, str]]] = defaultdict(list)
    for line in view.lines:
        for entry in line.entries:
            if entry.event == "bind" and entry.device is not None:
                at = line.moment(entry)
                if at is not None:
                    bound[entry.device["kkm_id"]].append((at, entry.device["binding_epoch"], line.book.agent_id))
    return bound


# --- documents and the records before them ----------------------------------------------------------------------------


def brackets(view: View) -> Iterator[Wrong]:
    """Some journal has INTENT and CLOSING of an attempt that began before the document, and (where the world has noted
    the moments) both were on disk when it was made."""
    if not view.made:
        return
    begun = _attempts(view)
    for job_id, made in view.made.items():
        for one in made:
            when = one.register.made.get((one.fn, one.fd))
            before = [
                (intent, closing)
                for fn, last_fd, intent, closing in begun[job_id]
                if fn == one.fn and last_fd < one.fd and _not_after(intent, when)
            ]
            if not before:
                yield Wrong("intent_missing", job_id, f"{one} was made without an INTENT before it")
            elif not any(closing is not None and _not_after(closing[0], when) for _, closing in before):
                yield Wrong("intent_missing", job_id, f"{one} was made without a CLOSING before it")


Moment = datetime | None


def _not_after(noted: Moment, when: Moment) -> bool:
    return noted is None or when is None or noted <= when


def _attempts(view: View) -> Mapping[str, list[tuple[str, int, Moment, tuple[Moment] | None]]]:
    """By job: (fn, last fd before it, when INTENT was committed, when CLOSING was: ``None`` without one)."""
    attempts: dict[str, list[tuple[str, int, Moment, tuple[Moment] | None]]] = defaultdict(list)
    for line in view.lines:
        for entry in line.entries:
            if entry.job is None or entry.event not in ("intent", "closing") or entry.job["kind"] not in SETTLEMENTS:
                continue
            job_id, snapshot, at = whole(entry.job["job_id"]), entry.job["snapshot"], line.moment(entry)
            if entry.event == "intent":
                attempts[job_id].append((snapshot["fn_serial"], snapshot["last_fd"], at, None))
            elif attempts[job_id]:
                fn, last_fd, intent, _ = attempts[job_id][-1]
                attempts[job_id][-1] = (fn, last_fd, intent, (at,))
    return attempts


def agents(view: View) -> Iterator[Wrong]:
    """One job is carried out on one agent: another one may find its document, never make a second one."""
    proven: dict[str, set[str]] = defaultdict(set)
    for line in view.lines:
        for entry in line.entries:
            if entry.job is not None and entry.event == "proven" and entry.job["kind"] in PROVEN:
                proven[entry.job["job_id"]].add(line.book.agent_id)
    for job_id, who in proven.items():
        if len(who) > 1:
            yield Wrong("two_agents", job_id, f"carried out by {sorted(who)}")
    yield from _offered_twice(view)


def _offered_twice(view: View) -> Iterator[Wrong]:
    """What one agent has begun and not ended goes to no other one as an offer: that one would begin it anew."""
    heard: dict[str, list[tuple[datetime, str, Entry]]] = defaultdict(list)
    for line in view.lines:
        for entry in line.entries:
            at = line.moment(entry)
            if entry.job is not None and at is not None:
                heard[entry.job["job_id"]].append((at, line.book.agent_id, entry))
    for job_id, story in heard.items():
        holders: set[str] = set()
        for _, agent_id, entry in sorted(story, key=lambda each: each[0]):
            assert entry.job is not None
            if entry.event == "offer" and holders - {agent_id}:
                yield Wrong("two_agents", job_id, f"offered to {agent_id}, and begun by {sorted(holders)}")
            (holders.add if entry.job["state"] in OPEN else holders.discard)(agent_id)

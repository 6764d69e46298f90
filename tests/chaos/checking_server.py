"""What the server's rows and the CRM's events say, against the journals and against each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from tests.chaos.checking_records import Asked, JournalBook, Json, Wrong
from tests.chaos.checking_view import (
    APART,
    CASH,
    FINAL,
    MONEY,
    PROVEN,
    RECEIPTS,
    RETOLD,
    SALES,
    SHIFTS,
    View,
    by_person,
)

_SERVERS = frozenset({"queued", "held", "cancelled", "rejected"})
"""States that the server may give a job at the rev it has; the others come with an agent's higher one."""
_NEEDED = {
    **dict.fromkeys(RECEIPTS, ("fn", "fd", "fpd", "shift", "printed_at", "total", "register_serial",
                                  "registration_number", "qr")),
    **dict.fromkeys(SHIFTS, ("fn", "fd", "fpd", "shift", "printed_at", "register_serial", "registration_number")),
    **dict.fromkeys(CASH, ("fn", "total", "drawer", "register_serial", "document_number")),
    **dict.fromkeys(MONEY, ("total", "auth_code", "terminal_id")),
}  # fmt: skip
"""What the proof of a device must say, by kind."""


def known(view: View) -> Iterator[Wrong]:
    """Nothing that the server has taken is forgotten."""
    server = view.records.server
    for job_id, asked in view.records.asked.items():
        if job_id in server.jobs:
            continue
        if any(_holds(book, job_id) for book in view.living()):
            yield Wrong("missing_in_server", job_id, "an agent holds it, the server does not know it")
        elif asked.answered and not (server.restored and _untouched(view, job_id)):
            yield Wrong("lost", job_id, "the server took it, and nobody knows it")
    for job_id in server.jobs.keys() - view.records.asked.keys():
        yield Wrong("unasked", job_id, "a job that the CRM never asked for")


def _holds(book: JournalBook, job_id: str) -> bool:
    return job_id in book.jobs and bool(book.jobs[job_id]["state"] != "absent")


def _untouched(view: View, job_id: str) -> bool:
    """A restored server forgets what never reached an agent."""
    heard = any(row.job_id == job_id for book in view.records.journals for row in book.rows)
    return not heard and not view.made.get(job_id)


def ends(view: View) -> Iterator[Wrong]:
    """Each job has ended, by itself where nothing speaks against it, and for a reason that is told."""
    for job_id, asked in view.records.asked.items():
        row = view.row(job_id)
        state = row.get("state")
        if state is None:
            continue
        if state == "human" and asked.kind in SALES | MONEY | {"settlement"}:
            yield Wrong("not_final", job_id, "waits for a person, and the people have gone")
        elif state == "human":
            ours = [r.exclusive and r.imprint and not r.foreign for r in view.register(asked.kkm_id)]
            if ours and all(ours) and not view.records.flags & APART:
                yield Wrong("human_with_imprint", job_id, f"{(row.get('evidence') or {}).get('case')}")
        elif state not in FINAL and not (state == "held" and view.records.held_may_stay):
            yield Wrong("not_final", job_id, f"is {state}")
        numbered = all(register.numbers_cash for register in view.register(asked.kkm_id))
        yield from (Wrong("no_proof", job_id, what) for what in _reasons(asked, row, numbered=numbered))


def _reasons(asked: Asked, row: Json, *, numbered: bool) -> Iterator[str]:
    state, proof, why = row["state"], row.get("proof") or {}, row.get("reason") or {}
    if state in ("done", "not_done") and by_person(row):
        if not any(decision == state for decision, _ in asked.decisions):
            yield f"is {state} by a person who has not decided that"
        elif not any(_signed(told) for told in (proof, *_proofs_of_steps(row))):
            yield "a person's decision without name and reason"
    elif state == "done" and asked.kind in _NEEDED:
        untold = {"document_number"} if asked.kind in CASH and not numbered else set()
        missing = [name for name in _NEEDED[asked.kind] if proof.get(name) is None and name not in untold]
        if proof.get("source") != "device" or missing:
            yield f"is done by {proof.get('source')}, without {missing}"
        if any(proof.get(name) is not None for name in untold):
            yield "has the number of a document from a register that does not tell it"
    elif state == "not_done":
        if not why.get("code") or (asked.kind in PROVEN | MONEY | SALES and row.get("certainty") != "proven"):
            yield f"is not done for {why.get('code')}, {row.get('certainty')}"
    elif state == "cancelled":
        if not why.get("code") or (why["code"] == "cancelled_by_crm" and not asked.cancelled):
            yield f"is cancelled for {why.get('code')}, asked to be: {asked.cancelled}"
    elif state == "rejected" and not why.get("code"):
        yield "is rejected for no reason"


def _signed(proof: Json) -> bool:
    return bool(proof.get("person") and proof.get("person_reason"))


def _proofs_of_steps(row: Json) -> Iterator[Json]:
    return (step["proof"] for step in row.get("steps") or () if step.get("proof"))


# --- both sides -------------------------------------------------------------------------------------------------------


def both_sides(view: View) -> Iterator[Wrong]:
    """A running agent and the server say the same of each job that is this agent's, and have told each other all."""
    books = {book.agent_id: book for book in view.living() if book.running}
    for job_id in view.records.asked:
        row = view.row(job_id)
        if not row:
            continue
        book = books.get(row.get("agent_id") or "")
        if book is not None:
            yield from (Wrong("states_differ", job_id, what) for what in _differ(view, book, job_id, row))
            yield from _proofs(view, book, job_id, row)
        if not view.records.flags & RETOLD:
            for other in view.living():
                if other.agent_id != row.get("agent_id") and _holds(other, job_id):
                    yield Wrong("states_differ", job_id, f"{other.agent_id} holds it, the server gave it to "
                                                         f"{row.get('agent_id')}")  # fmt: skip
    yield from _left(view, books)


def _differ(view: View, book: JournalBook, job_id: str, row: Json) -> Iterator[str]:
    mine, again = book.jobs.get(job_id, {}), bool(view.records.flags & RETOLD)
    state = mine.get("state", "absent")
    if state == "absent":
        unsent = not row["sent"] or row["state"] in ("queued", "rejected")
        if not unsent and not again:
            yield f"server {row['state']} rev {row['rev']}, and the journal has never heard of it"
        return
    older = "rollback" in view.records.flags and view.records.asked[job_id].kind not in PROVEN
    if older and {state, row["state"]} <= FINAL:
        return  # of a slip an older disk knows that it was begun and no more: what the server heard first stays
    if row["state"] == "rejected" and not again:
        yield f"server rejected, journal {state}"
    elif state != row["state"] or (mine["rev"] != row["rev"] and not again):
        yield f"journal {state} rev {mine['rev']}, server {row['state']} rev {row['rev']}"


def _proofs(view: View, book: JournalBook, job_id: str, row: Json) -> Iterator[Wrong]:
    mine = book.jobs.get(job_id, {})
    if mine.get("state") != "done" or row["state"] != "done":
        return
    ours, theirs = dict(mine["outcome"].get("proof") or {}), dict(row.get("proof") or {})
    if "rollback" in view.records.flags:  # proven once more from an older disk: what the drawer holds is of that moment
        ours.pop("drawer", None)
        theirs.pop("drawer", None)
    if ours != theirs:
        yield Wrong("proof_differs", job_id, "the server's proof is not the journal's")


def _left(view: View, books: Mapping[str, JournalBook]) -> Iterator[Wrong]:
    for book in books.values():
        if book.outbox:
            told = sorted({letter.type for letter in book.outbox})
            yield Wrong("outbox_left", None, f"{len(book.outbox)} {told} of {book.agent_id}")
        for job_id, mine in book.jobs.items():
            if mine["state"] in FINAL and not mine["archived"]:
                yield Wrong("outbox_left", job_id, f"{book.agent_id} has it {mine['state']}, not acknowledged")
    owners = {kkm_id: device["agent_id"] for kkm_id, device in view.records.server.devices.items()}
    for kkm_id, device in view.records.server.devices.items():
        if device["agent_id"] in books and (device["releasing"] or device["bound_epoch"] != device["binding_epoch"]):
            yield Wrong("ownership_open", None, f"register {kkm_id} of {device['agent_id']}")
    for letter in view.records.server.outbox:
        if (letter["agent_id"] or owners.get(letter["kkm_id"])) in books:
            yield Wrong("outbox_left", None, f"the server's {letter['type']} {letter['body']}")
    if view.records.server.evidence and not view.records.flags:
        told = sorted({said["why"] for said in view.records.server.evidence})
        yield Wrong("outbox_left", None, f"evidence that nobody has judged: {told}")


# --- what the CRM was told --------------------------------------------------------------------------------------------


def feed(view: View) -> Iterator[Wrong]:
    """The server's own story of each job goes forward."""
    stories: dict[tuple[int, str], list[Json]] = defaultdict(list)
    newest = max((epoch for epoch, _ in view.records.events), default=0)
    for row in view.records.server.feed:
        if row.job_id is not None and row.type.startswith("job."):
            stories[newest, row.job_id].append({**row.data, "type": row.type})
    for epoch, event in _once(view.records.events):
        if epoch != newest and event["type"].startswith("job."):
            stories[epoch, event["data"]["job_id"]].append({**event["data"], "type": event["type"]})
    for (_, job_id), story in stories.items():
        for before, after in pairwise(story):
            yield from _step(job_id, before, after)


def _step(job_id: str, before: Json, after: Json) -> Iterator[Wrong]:
    told = f"{before['state']} rev {before['rev']}, then {after['state']} rev {after['rev']}"
    moved = after["state"] != before["state"]
    if after["rev"] < before["rev"] or (moved and after["rev"] == before["rev"] and after["state"] not in _SERVERS):
        yield Wrong("rev_went_back", job_id, f"the server told {told}")
    if before["state"] in FINAL and moved:
        yield Wrong("final_changed", job_id, f"the server told {told}")
    if {**before, "event_id": ""} == {**after, "event_id": ""}:
        yield Wrong("event_twice", job_id, f"the server told {told}")


def events(view: View) -> Iterator[Wrong]:
    """The CRM has read the end of each job, and nothing that speaks against it."""
    heard: dict[str, list[tuple[int, Json]]] = defaultdict(list)
    for epoch, event in _once(view.records.events):
        if event["type"].startswith("job."):
            heard[event["data"]["job_id"]].append((epoch, event["data"]))
    yield from _told_otherwise(view)
    for job_id in view.records.asked:
        row, story = view.row(job_id), heard.get(job_id, [])
        if not row:
            continue
        state = row["state"]
        if not any(said["state"] == state for _, said in story):
            yield Wrong("event_missing", job_id, f"the CRM was never told that it is {state}")
            continue
        last = story[-1][1]
        finals = {said["state"] for epoch, said in story if said["state"] in FINAL and _binds(epoch, said, story)}
        if (last["state"], last["rev"]) != (state, row["rev"]):
            is_ = f"{state} rev {row['rev']}"
            yield Wrong(
                "event_contradicts", job_id, f"the last word was {last['state']} rev {last['rev']}, it is {is_}"
            )
        elif any(last.get(name) != row.get(name) for name in ("proof", "reason", "paper", "certainty", "too_late")):
            yield Wrong("event_contradicts", job_id, "the last word does not say what the row says")
        elif len(finals) > 1:
            yield Wrong("event_contradicts", job_id, f"the CRM was told of {sorted(finals)}")


def _binds(epoch: int, said: Json, story: Iterable[tuple[int, Json]]) -> bool:
    """Of a server that was restored later, a refusal of its own may be forgotten; what an agent has done never is."""
    newest = max(of for of, _ in story)
    return epoch == newest or said["state"] in ("done", "not_done")


def _told_otherwise(view: View) -> Iterator[Wrong]:
    said: dict[str, Json] = {}
    for _, event in view.records.events:
        if said.setdefault(event["event_id"], event) != event:
            yield Wrong("event_contradicts", event["data"].get("job_id"), f"{event['event_id']} was told in two ways")


def _once(told: Iterable[tuple[int, Json]]) -> Iterator[tuple[int, Json]]:
    seen = set()
    for epoch, event in told:
        if event["event_id"] not in seen:
            seen.add(event["event_id"])
            yield epoch, event

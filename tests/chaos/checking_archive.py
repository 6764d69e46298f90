"""What the archives say about the jobs, and whether the archives themselves are in order."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from tests.chaos.checking_receipt import differences, imprint_in, kopecks, vat_told
from tests.chaos.checking_records import Asked, Json, Register, Wrong
from tests.chaos.checking_view import (
    CASH,
    FINAL,
    RECEIPTS,
    RETOLD,
    SETTLEMENTS,
    SHIFTS,
    Made,
    View,
    by_person,
    left_owed,
)

DAY = timedelta(hours=24)
_MINUTE = timedelta(minutes=1)  # the archive's times have no seconds


def receipts(view: View) -> Iterator[Wrong]:
    """One document per done receipt and none of any other, made where and as it was asked for."""
    for job_id, asked in view.asked(*RECEIPTS):
        row, made = view.row(job_id), view.made.get(job_id, [])
        if len(made) > 1:
            yield Wrong("duplicate", job_id, f"{len(made)} documents: {', '.join(map(str, made))}")
        for one in made:
            yield from (Wrong("wrong_document", job_id, f"{one}: {what}") for what in _wrong(view, job_id, asked, one))
        if row.get("state") == "done":
            yield from _done(view, job_id, row, made)
        elif made and row.get("state") in FINAL and not _knowingly(view, job_id, row):
            yield Wrong("false_not_done", job_id, f"is {row['state']}, and {made[0]} is its document")
    for one in view.nobodys:
        yield Wrong("unasked", None, f"{one} of register {one.register.kkm_id} is nobody's")


def _wrong(view: View, job_id: str, asked: Asked, made: Made) -> Iterator[str]:
    yield from differences(view.contents[job_id], made.content)
    if made.register.imprint and imprint_in(made.document["tags"]) is None:
        yield "no imprint, and the desk wants one"
    if made.register.kkm_id != asked.kkm_id:
        yield f"asked of register {asked.kkm_id}, made by {made.register.kkm_id}"


def _knowingly(view: View, job_id: str, row: Json) -> bool:
    """A named person has said so, or the contradiction was told aloud."""
    return by_person(row) or any(
        event["type"] == "device.decision_contradicted" and event["data"]["body"].get("job_id") == job_id
        for _, event in view.records.events
    )


def _done(view: View, job_id: str, row: Json, made: Sequence[Made]) -> Iterator[Wrong]:
    proof = row.get("proof") or {}
    if left_owed(row) and made:
        yield Wrong("duplicate", job_id, f"there is a correction receipt for it, and {made[0]} is its document")
    if by_person(row) and not proof.get("verified"):
        return
    named = (proof.get("fn"), proof.get("fd"))
    if any(named in register.foreign for register in view.records.registers):
        yield Wrong("foreign_taken", job_id, f"another program has made FN {named[0]} FD {named[1]}")
    elif not made:
        yield Wrong("false_done", job_id, "is done, and no archive has its document")
    elif not any((one.fn, one.fd) == named for one in made):
        if proof:
            yield Wrong("proof_differs", job_id, f"names FN {named[0]} FD {named[1]}, its document is {made[0]}")
    else:
        found = next(one for one in made if (one.fn, one.fd) == named)
        yield from (Wrong("proof_differs", job_id, f"{found}: {what}") for what in _proof(proof, row, found))


def _proof(proof: Json, row: Json, made: Made) -> Iterator[str]:
    tags = made.document["tags"]
    archive = {
        "fpd": made.document["fpd"], "shift": tags["1038"], "receipt_in_shift": tags["1042"],
        "registration_number": tags["1037"], "register_serial": made.register.serial,
    }  # fmt: skip
    for name, value in archive.items():
        if proof.get(name) != value:
            yield f"{name} {proof.get(name)}, in the archive {value}"
    at = proof.get("printed_at")
    if at is None or datetime.fromisoformat(at).replace(tzinfo=None) != datetime.fromisoformat(made.document["at"]):
        yield f"printed at {at}, in the archive {made.document['at']}"
    if kopecks(proof.get("total") or "0.00") != made.content.total:
        yield f"total {proof.get('total')}, in the archive {made.content.total}"
    if vat_told(proof) != made.content.vat:
        yield f"VAT {proof.get('vat')}, in the archive {made.content.vat}"
    sum_ = f"&s={made.content.total // 100}.{made.content.total % 100:02d}&fn={made.fn}&i={made.fd}&"
    if sum_ not in (proof.get("qr") or ""):
        yield f"QR {proof.get('qr')}"
    kept = row.get("document")
    if kept is not None and (kept["fd"], kept["tags"]) != (made.fd, tags):
        yield "the document kept beside it is not the archive's"


def cash(view: View) -> Iterator[Wrong]:
    for job_id, asked in view.asked(*CASH):
        row = view.row(job_id)
        total = (row.get("proof") or {}).get("total")
        if row.get("state") == "done" and total is not None and kopecks(total) != kopecks(asked.payload["amount"]):
            yield Wrong("proof_differs", job_id, f"total {total}, asked {asked.payload['amount']}")


# --- money ------------------------------------------------------------------------------------------------------------


def drawers(view: View) -> Iterator[Wrong]:
    """What lies in each drawer: everything that the archive and the jobs of cash have put in and taken out."""
    drawer_of = _cash_of_archives(view)
    for register in view.records.registers:
        if register.drawer is None:
            continue
        sure, open_, others = drawer_of[register.kkm_id] + register.drawer_before + register.foreign_cash, {0}, []
        for job_id, asked in view.asked(*CASH):
            if asked.kkm_id != register.kkm_id:
                continue
            row, amount = view.row(job_id), kopecks(asked.payload["amount"]) * (1 if asked.kind == "cash_in" else -1)
            if by_person(row) or row.get("state") not in FINAL:
                open_ |= {sum_ + amount for sum_ in open_}
                continue
            sure += amount if row["state"] == "done" else 0
            others.append((job_id, row["state"], amount))
        if register.drawer - sure not in open_:
            yield _blame(register, register.drawer - sure, others)


def _cash_of_archives(view: View) -> Mapping[str, int]:
    cash: dict[str, int] = defaultdict(int)
    for one in view.settlements:
        cash[one.register.kkm_id] += one.content.cash
    return cash


def _blame(register: Register, off: int, jobs: Sequence[tuple[str, str, int]]) -> Wrong:
    """Which one job explains the kopecks that are too many: one that was done twice, not at all, or after all."""
    what = f"drawer of {register.kkm_id}: {register.drawer}, {off} too many"
    for job_id, state, amount in jobs:
        if state == "done" and off in (amount, -amount):
            return Wrong("duplicate" if off == amount else "false_done", job_id, what)
        if state != "done" and off == amount:
            return Wrong("false_not_done", job_id, f"is {state}; {what}")
    return Wrong("totals", None, what)


def totals(view: View) -> Iterator[Wrong]:
    """By register: the turnover that its archives show of our receipts is that of the jobs the server calls done."""
    shown: Counter[str] = Counter()
    told: Counter[str] = Counter()
    for job_id, asked in view.asked(*RECEIPTS):
        row, made = view.row(job_id), view.made.get(job_id, [])
        if row.get("state") == "done" and len(made) == 1:
            shown[asked.kkm_id] += made[0].content.total
            told[asked.kkm_id] += row["total"]
    for kkm_id in shown:
        if shown[kkm_id] != told[kkm_id]:
            yield Wrong("totals", None, f"register {kkm_id}: archive {shown[kkm_id]}, server {told[kkm_id]}")


# --- the archive itself -----------------------------------------------------------------------------------------------


def numbering(view: View) -> Iterator[Wrong]:
    for register in view.records.registers:
        for drive in register.drives:
            if [document["fd"] for document in drive] != list(range(1, len(drive) + 1)):
                yield Wrong("numbering", None, f"document numbers of {register.kkm_id} have gaps")
            else:
                yield from (Wrong("shift", None, f"{register.kkm_id} {what}") for what in _shifts(drive))


def _shifts(drive: Sequence[Json]) -> Iterator[str]:
    """Shifts one after another, receipts inside one and counted, none after its 24 hours."""
    opened: datetime | None = None
    number = count = 0
    for document in drive:
        kind, tags, name = document["type"], document["tags"], f"FD {document['fd']}"
        if kind == "open_shift":
            if opened is not None:
                yield f"{name} opens a shift in a shift"
            opened, number, count = datetime.fromisoformat(document["at"]), number + 1, 0
        elif kind not in SETTLEMENTS and kind != "close_shift":
            continue
        elif opened is None:
            yield f"{name} stands outside any shift"
        elif kind == "close_shift":
            opened = None
        else:
            count += 1
            if tags["1042"] != count:
                yield f"{name} is receipt {tags['1042']} of its shift, {count} was due"
            if datetime.fromisoformat(document["at"]) - opened > DAY + _MINUTE:
                yield f"{name} was made after the shift's 24 hours"
        if tags["1038"] != number:
            yield f"{name} is of shift {tags['1038']}, {number} was due"


# --- shifts and who opened them ---------------------------------------------------------------------------------------


def shift_documents(view: View) -> Iterator[Wrong]:
    """Each opening and closing of ours is the end of one job or told as the policy's, and had an INTENT before it."""
    told = _told(view)
    intents = _shift_intents(view)
    for register in view.records.registers:
        documents = {(d["tags"]["1041"], d["fd"]): d for drive in register.drives for d in drive if d["type"] in SHIFTS}
        for key, document in sorted(documents.items()):
            if key in register.foreign:
                continue
            name = f"{document['type']} FN {key[0]} FD {key[1]}"
            fitting = [i for i in intents if (i[0], i[1]) == (key[0], document["type"]) and i[2] < key[1]]
            intent = max(fitting, key=lambda one: one[2], default=None)
            if intent is None:
                yield Wrong("intent_missing", None, f"{name}: no journal has its INTENT")
                continue
            intents.remove(intent)
            claimed = told.get(key, [])
            if len(claimed) > 1:
                yield Wrong("false_done", claimed[1], f"{name} is told of {len(claimed)} times: {claimed}")
            elif not claimed:
                yield from _untold(view, name, intent[3])
    for job_id, asked in view.asked(*SHIFTS):
        yield from _shift_job(view, job_id, asked)


def _untold(view: View, name: str, job_id: str | None) -> Iterator[Wrong]:
    row = view.row(job_id) if job_id is not None else {}
    if job_id is None:
        if not view.records.flags & (RETOLD | {"fn_swap"}):
            yield Wrong("event_missing", None, f"the policy has made {name}, and nobody was told")
    elif row.get("state") in FINAL and row["state"] != "done" and not by_person(row):
        yield Wrong("false_not_done", job_id, f"is {row['state']}, and has made {name}")


def _told(view: View) -> Mapping[tuple[str, int], list[str | None]]:
    """(fn, fd) -> the jobs that ended with it; ``None`` for the policy."""
    told: dict[tuple[str, int], list[str | None]] = defaultdict(list)
    for job_id, _ in view.asked(*SHIFTS):
        row = view.row(job_id)
        proof = row.get("proof") or {}
        if row.get("state") == "done" and proof.get("fd") is not None:
            told[str(proof.get("fn")), proof["fd"]].append(job_id)
    seen = {}
    for _, event in view.records.events:
        if event["type"] in ("device.shift_opened", "device.shift_closed"):
            seen[event["event_id"]] = event["data"]["body"]
    for key in {(str(body.get("fn")), body["fd"]) for body in seen.values()}:
        told[key].append(None)
    return told


def _shift_intents(view: View) -> list[tuple[str, str, int, str | None]]:
    """(fn, operation, last fd before it, job or ``None`` for the policy), once for each in whichever journal it is."""
    found = {}
    for line in view.lines:
        for entry in line.entries:
            if entry.event == "operation_intent" and entry.device is not None:
                told = entry.device["operation"]
                key = (told["snapshot"]["fn_serial"], told["operation"], told["snapshot"]["last_fd"], None)
                found[line.book.agent_id, entry.n, entry.at] = key
            elif entry.event == "intent" and entry.job is not None and entry.job["kind"] in SHIFTS:
                snapshot = entry.job["snapshot"]
                key = (snapshot["fn_serial"], entry.job["kind"], snapshot["last_fd"], entry.job["job_id"])
                found[line.book.agent_id, entry.n, entry.at] = key
    return list(found.values())


def _shift_job(view: View, job_id: str, asked: Asked) -> Iterator[Wrong]:
    row = view.row(job_id)
    proof = row.get("proof") or {}
    if row.get("state") != "done" or by_person(row) or proof.get("fd") is None:
        return
    for register in view.register(asked.kkm_id):
        for drive in register.drives:
            for document in drive:
                if (document["tags"]["1041"], document["fd"]) == (proof.get("fn"), proof["fd"]):
                    if (proof["fn"], proof["fd"]) in register.foreign and register.exclusive:
                        yield Wrong("foreign_taken", job_id, f"another program has made FD {proof['fd']}")
                    if document["type"] != asked.kind:
                        yield Wrong("false_done", job_id, f"FD {proof['fd']} is {document['type']}")
                    elif (proof.get("fpd"), proof.get("shift")) != (document["fpd"], document["tags"]["1038"]):
                        yield Wrong("proof_differs", job_id, f"FD {proof['fd']}: fpd or shift")
                    return
    yield Wrong("false_done", job_id, f"no archive has FN {proof.get('fn')} FD {proof['fd']}")

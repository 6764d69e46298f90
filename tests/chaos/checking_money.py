"""What the bank's book says about payments and sales: whose each entry is, and whether ends, receipts and the order of
things go with it.

A movement is what was asked to be moved once: a ``payment``, a ``refund``, one card of a sale. Its sum is its own in
the run, so the book tells whose an entry is, though a terminal knows nothing of jobs. What brings a charge of a sale
back belongs to that charge.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tests.chaos.checking_receipt import kopecks
from tests.chaos.checking_records import Asked, Json, Wrong
from tests.chaos.checking_view import FINAL, OPEN, SALES, Entry, Line, View, by_person, left_owed, whole

_TAKES = {"sale": "payment", "payment": "payment", "sale_refund": "refund", "refund": "refund"}
"""What the bank calls the movements of a kind of job."""
_BRINGS_BACK = frozenset({"void", "reversal"})
_AT_TERMINAL = frozenset({"payment", "refund", "void"})


@dataclass(slots=True)
class Movement:
    """``moved``: entries that did it, with the kopecks of each that still stand. ``undone``: kopecks that went back as
    a refund of their own."""

    job_id: str
    amount: int
    moved: list[tuple[Json, int]] = field(default_factory=list)
    undone: int = 0

    @property
    def standing(self) -> list[int]:
        return [left for _, left in self.moved if left > 0]

    @property
    def net(self) -> int:
        return sum(self.standing) - self.undone

    @property
    def twice(self) -> bool:
        return len(self.standing) > 1 or self.net < 0

    def __str__(self) -> str:
        return f"{self.amount} asked, standing {self.standing}, given back {self.undone}"


@dataclass(frozen=True, slots=True)
class Money:
    movements: Mapping[str, Sequence[Movement]]  # by job
    voids: Mapping[str, list[Json]]  # by job of that kind
    nobodys: list[Json]


def _book(view: View) -> list[Json]:
    """What a PC has had moved, and what was brought back since by whomever."""
    entries = (entry for terminal in view.records.terminals for entry in terminal.entries)
    return [entry for entry in entries if entry["approved"]]


def money_of(view: View) -> Money:
    movements: dict[str, list[Movement]] = {}
    for job_id, asked in view.asked(*_TAKES):
        movements[job_id] = [Movement(job_id, amount) for amount in _asked_sums(asked)]
    voids: dict[str, list[Json]] = {job_id: [] for job_id, _ in view.asked("void")}
    book, nobodys = _book(view), []
    back = _brought_back(view, book)
    for entry in book:
        if entry["origin"] != "host":
            continue
        if entry["kind"] in _BRINGS_BACK:
            owner = _void_of(view, entry)
            if owner is not None:
                voids[owner].append(entry)
            continue
        movement = next((m for m in _all(movements) if _is(view, m, entry)), None)
        if movement is not None:
            movement.moved.append((entry, kopecks(entry["amount"]) - back[entry["rrn"]]))
            continue
        undone = next((m for m in _all(movements) if _undoes(view, m, entry)), None)
        if undone is not None:
            undone.undone += kopecks(entry["amount"]) - back[entry["rrn"]]
        else:
            nobodys.append(entry)
    return Money(movements, voids, nobodys)


def _asked_sums(asked: Asked) -> list[int]:
    if asked.kind in SALES:
        return [kopecks(each["amount"]) for each in asked.payload["payments"] if each["type"] == "card"]
    return [kopecks(asked.payload["amount"])]


def _all(movements: Mapping[str, Sequence[Movement]]) -> Iterator[Movement]:
    return (movement for of_job in movements.values() for movement in of_job)


def _is(view: View, movement: Movement, entry: Json) -> bool:
    kind = _TAKES[view.records.asked[movement.job_id].kind]
    return (entry["kind"], kopecks(entry["asked"])) == (kind, movement.amount)


def _undoes(view: View, movement: Movement, entry: Json) -> bool:
    kind = view.records.asked[movement.job_id].kind
    return kind == "sale" and (entry["kind"], kopecks(entry["asked"])) == ("refund", movement.amount)


def _void_of(view: View, entry: Json) -> str | None:
    """The job whose void this is: it names the payment. No sale's charge is voided by a job of its own."""
    for job_id, asked in view.asked("void"):
        told = asked.payload["original"]
        if _alike(told, _entry_of(view, entry["original"]) or {}):
            return job_id
    return None


def _entry_of(view: View, rrn: str) -> Json | None:
    return next((entry for entry in _book(view) if entry["rrn"] == rrn), None)


def _alike(told: Json, entry: Json) -> bool:
    """What a proof, or a payload, says of an entry is true of it."""
    if not entry:
        return False
    names = {"rrn": "rrn", "auth_code": "auth_code", "terminal_id": "terminal"}
    return all(not told.get(ours) or told[ours] == entry[theirs] for ours, theirs in names.items())


def _brought_back(view: View, book: Iterable[Json]) -> Mapping[str, int]:
    """Kopecks by the RRN of what they belong to; what a job of kind void has brought back was taken all the same."""
    back: dict[str, int] = defaultdict(int)
    for entry in book:
        if entry["kind"] in _BRINGS_BACK and _void_of(view, entry) is None:
            back[entry["original"]] += kopecks(entry["amount"])
    return back


# --- ends and the book ------------------------------------------------------------------------------------------------


def ends(view: View) -> Iterator[Wrong]:
    """Each movement was made once where the job says so and stands, and not at all where it says not; what a person has
    decided is that person's word."""
    money = money_of(view)
    for entry in money.nobodys:
        yield Wrong("unasked", None, f"{entry['kind']} of {entry['asked']} at {entry['terminal']} is nobody's")
    for job_id, movements in money.movements.items():
        asked, row = view.records.asked[job_id], view.row(job_id)
        for movement in movements:
            if movement.twice:
                yield Wrong("charged_twice", job_id, str(movement))
        if not row or row.get("state") not in FINAL or _looked_after(row):
            continue
        judged = _sale if asked.kind in SALES else _movement
        yield from judged(job_id, row, movements, asked)
    for job_id, entries in money.voids.items():
        row = view.row(job_id)
        if row.get("state") in FINAL and not by_person(row) and not _looked_after(row):
            yield from _agree(job_id, row["state"] == "done", len(entries), f"voids: {len(entries)}")


def _looked_after(row: Json) -> bool:
    """Given up by somebody who was told that another journal may have begun it."""
    return bool(row["state"] == "cancelled" and (row.get("reason") or {}).get("code") == "moved_money")


def _movement(job_id: str, row: Json, movements: Sequence[Movement], _: Asked) -> Iterator[Wrong]:
    (movement,) = movements
    if not by_person(row) and not movement.twice:
        right = movement.net == movement.amount if row["state"] == "done" else movement.net != 0
        yield from _agree(job_id, row["state"] == "done", right, str(movement))


def _agree(job_id: str, done: bool, moved: object, what: str) -> Iterator[Wrong]:
    if done and not moved:
        yield Wrong("false_done", job_id, f"is done; {what}")
    if not done and moved:
        yield Wrong("false_not_done", job_id, f"is not; {what}")


def _sale(job_id: str, row: Json, movements: Sequence[Movement], asked: Asked) -> Iterator[Wrong]:
    worded = _decided_sums(row)
    if by_person(row) and not row.get("steps"):
        return  # taken over as a whole: who has looked at it answers for all of it
    known = [movement for movement in movements if movement.amount not in worded and not movement.twice]
    stands = [movement for movement in known if movement.net]
    if left_owed(row):
        if not stands and len(known) == len(movements):
            yield Wrong("owed_falsely", job_id, "no money of it stands")
        if not any(decision == "leave_owed" for decision, _ in asked.decisions):
            yield Wrong("no_proof", job_id, "is left owed, and nobody has said so")
        return
    if row["state"] == "done":
        for movement in known:
            if movement.net != movement.amount:
                yield Wrong("false_done", job_id, f"is done; {movement}")
        return
    if stands:
        yield Wrong("owed_untold", job_id, f"is {row['state']}; {stands[0]}")
    if row.get("owed"):
        yield Wrong("owed_falsely", job_id, "has ended, and is owed")


def _decided_sums(row: Json) -> set[int]:
    """Sums about which a person has said what became of them."""
    return {
        kopecks(step["amount"])
        for step in row.get("steps") or ()
        if step.get("amount") is not None
        and ((step.get("proof") or {}).get("source") == "person" or (step.get("reason") or {}).get("code") == _WORD)
    }


_WORD = "decided_by_person"


def owed(view: View) -> Iterator[Wrong]:
    """Whenever a sale waits with its money taken and no receipt, that is shown."""
    for _, event in view.records.events:
        told = event["data"]
        waits = told.get("waits") if event["type"].startswith("job.") else None
        if told.get("state") == "human" and (told.get("reason") or {}).get("code") == "left_owed":
            waits = "left_owed"
        if waits in ("receipt_owed", "money_not_returned", "maybe_returned", "left_owed") and not told.get("owed"):
            yield Wrong("owed_untold", told["job_id"], f"waits for {waits} at rev {told['rev']}")


def proofs(view: View) -> Iterator[Wrong]:
    """What a terminal is said to have told stands in its book, and is the job's own."""
    money = money_of(view)
    for job_id in (*money.movements, *money.voids):
        row = view.row(job_id)
        if row.get("state") != "done":
            continue
        told = [row]
        if view.records.asked[job_id].kind in SALES:
            told = [step for step in row.get("steps") or () if step["step"] in _AT_TERMINAL and step["state"] == "done"]
        for each in told:
            proof = each.get("proof") or {}
            if proof.get("source") != "device":
                continue
            alike = [entry for entry in _book(view) if _alike(proof, entry)]
            if not alike:
                yield Wrong("proof_differs", job_id, f"no book has {proof.get('rrn')} {proof.get('auth_code')}")
            elif all(entry["origin"] == "foreign" for entry in alike):
                yield Wrong("foreign_taken", job_id, f"another program has charged {alike[0]['rrn']}")
            elif not any(kopecks(proof.get("total") or "0.00") == kopecks(entry["amount"]) for entry in alike):
                yield Wrong("proof_differs", job_id, f"total {proof.get('total')}, booked {alike[0]['amount']}")


def settlements(view: View) -> Iterator[Wrong]:
    """A terminal's day is closed as often as it was asked for."""
    for terminal in view.records.terminals:
        rows = [view.row(job_id) for job_id, asked in view.asked("settlement") if asked.kkm_id == terminal.kkm_id]
        worded = sum(by_person(row) or row.get("certainty") == "unproven" for row in rows)
        done = sum(row.get("state") == "done" and not by_person(row) for row in rows)
        if terminal.settlements > done + worded:
            yield Wrong("settled_twice", None, f"{terminal.kkm_id}: closed {terminal.settlements} times, {done} done")
        elif terminal.settlements < done:
            yield Wrong("false_done", None, f"{terminal.kkm_id}: closed {terminal.settlements} times, {done} done")


# --- the order of things ----------------------------------------------------------------------------------------------


def begun(view: View) -> Iterator[Wrong]:
    """Before each movement of money some journal has its INTENT, as many as there are movements."""
    intents: dict[tuple[str, int], list[datetime | None]] = defaultdict(list)
    for line in view.lines:
        for entry in line.entries:
            if entry.job is not None and entry.event == "intent" and entry.job.get("movement") is not None:
                intents[whole(entry.job["job_id"]), _sum(view, entry)].append(line.moment(entry))
    for job_id, movements in money_of(view).movements.items():
        for movement in movements:
            before = intents[job_id, movement.amount]
            for nth, (entry, _) in enumerate(movement.moved, 1):
                if sum(at is None or at <= entry["moment"] for at in before) < nth:
                    yield Wrong(
                        "intent_missing", job_id, f"{entry['kind']} of {entry['asked']} had no INTENT before it"
                    )


def references(view: View) -> Iterator[Wrong]:
    """No journal gives a reference to two movements."""
    for line in view.lines:
        given: dict[int, str] = {}
        for entry in line.entries:
            if entry.job is None or entry.event != "intent" or entry.job.get("movement") is None:
                continue
            reference, job_id = entry.job["movement"]["reference"], entry.job["job_id"]
            if given.setdefault(reference, job_id) != job_id:
                yield Wrong("reference_twice", whole(job_id), f"{given[reference]} and {job_id} have {reference}")


def _sum(view: View, entry: Entry) -> int:
    assert entry.job is not None
    asked = view.records.asked.get(whole(entry.job["job_id"]))
    part = entry.job.get("part")
    if asked is None:
        return 0
    sums = _asked_sums(asked)
    return sums[part["charge"] if part is not None else 0]


@dataclass(slots=True)
class _Story:
    """A sale as one journal tells it, as far as it has been read."""

    row: Json = field(default_factory=dict)
    parts: dict[str, Json] = field(default_factory=dict)
    begun_at: datetime | None = None
    spoken: list[tuple[datetime, str]] = field(default_factory=list)  # choices of people

    def of(self, step: str) -> list[Json]:
        return [part for part in self.parts.values() if part["part"]["step"] == step]


def stories(view: View) -> Iterator[Wrong]:
    """Money, then the receipt; money back only while there is none and none in doubt, and nothing else after that;
    after a restart no charge before somebody said so; the sale moves with its part."""
    for line in view.lines:
        told: dict[str, _Story] = defaultdict(_Story)
        for at, entry in enumerate(line.entries):
            if entry.job is None:
                continue
            job_id = whole(entry.job["job_id"])
            if view.records.asked.get(job_id) is None or view.records.asked[job_id].kind not in SALES:
                continue
            story = told[job_id]
            yield from (
                Wrong(rule, job_id, f"record {entry.n} of {line.book.agent_id}: {what}")
                for rule, what in (*_told(view, line, story, entry), *_alone(line, at, entry))
            )
            _read(line, story, entry)


def _read(line: Line, story: _Story, entry: Entry) -> None:
    assert entry.job is not None
    if entry.job.get("part") is not None:
        story.parts[entry.job["job_id"]] = entry.job
        return
    moment = line.moment(entry)
    if entry.event == "intent":
        story.begun_at = moment
    choice = (entry.job.get("sale") or {}).get("choice")
    if entry.event == "chosen" and choice is not None and moment is not None:
        story.spoken.append((moment, choice["decision"]))
    story.row = entry.job


def _told(view: View, line: Line, story: _Story, entry: Entry) -> Iterator[tuple[str, str]]:
    assert entry.job is not None
    part, sale = entry.job.get("part"), story.row.get("sale") or {}
    if part is None:
        if (entry.job.get("sale") or {}).get("undoing") is not None and sale.get("undoing") is None:
            yield from _no_receipt(story, "undoing begins")
        return
    if entry.event != "intent":
        return
    asked = view.records.asked[whole(entry.job["job_id"])]
    match part["step"]:
        case "receipt":
            moved = {each["part"]["charge"] for each in story.parts.values() if each["part"]["moves"] and _done(each)}
            if moved != set(range(len(_asked_sums(asked)))):
                yield "out_of_order", f"a receipt while only {sorted(moved)} of its money is moved"
            if sale.get("undoing") is not None:
                yield "after_undoing", "a receipt"
        case step if part["moves"]:
            if sale.get("undoing") is not None:
                yield "after_undoing", f"a {step}"
            yield from _halted(asked, line, story, entry)
        case "slip":
            return
        case step:
            if sale.get("undoing") is None:
                yield "out_of_order", f"a {step}, and no UNDOING is on disk"
            yield from _no_receipt(story, f"a {step}")


def _no_receipt(story: _Story, what: str) -> Iterator[tuple[str, str]]:
    for receipt in story.of("receipt"):
        if receipt["state"] in OPEN or _done(receipt):
            yield "undone_in_doubt", f"{what}, and its receipt is {receipt['state']}"


def _done(part: Json) -> bool:
    return bool(part["state"] == "done")


def _halted(asked: Asked, line: Line, story: _Story, entry: Entry) -> Iterator[tuple[str, str]]:
    """A charge of a sale that an earlier life of the process has begun."""
    at = line.moment(entry)
    lives = [moment for moment in line.book.began if at is not None and moment <= at]
    if not lives or story.begun_at is None or story.begun_at >= lives[-1]:
        return
    said = [decision for moment, decision in story.spoken if moment >= lives[-1]]
    if "go_on" not in said or not any(decision == "go_on" for decision, _ in asked.decisions):
        yield "charged_unasked", "a charge after a restart, and nobody has said that it may begin"


def _alone(line: Line, at: int, entry: Entry) -> Iterator[tuple[str, str]]:
    """What a part has come to is on disk together with what that means to its sale: one transaction."""
    assert entry.job is not None
    part = entry.job.get("part")
    ended = entry.job["state"] in ("done", "not_done") and entry.event != "archived"
    if part is None or part["step"] == "slip" or not (ended or entry.event == "doubt"):
        return
    moment = line.moment(entry)
    after = line.entries[at + 1] if at + 1 < len(line.entries) else None
    with_it = after is not None and after.job_id is not None and whole(after.job_id) == whole(entry.job["job_id"])
    if not with_it or after is None or line.moment(after) != moment:
        yield "parted", f"{part['step']} {entry.event}, and its sale does not move with it"

"""A sale in the journal: its parts, and what the move of a part means to the whole, in one transaction with it.

``agent.procedures.sale`` says what comes next; here it is written. A part is a job like any other to its device's lane;
its id is the sale's with the step behind a slash. The sale's own INTENT is written with that of its first part, so
nothing is begun before both devices were found ready: the register when the sale was checked, the terminal just before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from agent.jobs import sale_parts
from agent.jobs.proof import person_decided
from agent.jobs.sale_rows import ANSWERED, BLANK, LEFT, Seen, choices, part_of, seen_of
from agent.jobs.slips import payload_of, slips_of
from agent.jobs.transitions import apply, because, is_open, withdraw_parts
from agent.journal.rows import JobRow
from agent.journal.store import Transaction
from agent.procedures import sale as procedure
from agent.procedures.sale import Begin, Done, Left, Look, NotDone, Step, Under, Undo, Waits
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent, Known
from protocol.crm.jobs import JobKind, whole
from protocol.crm.machine import Refusal
from protocol.crm.outcomes import Proof, ProofSource, Reason, SaleChoice

CHECKED_FOR = timedelta(seconds=60)
"""How long the register counts as found ready while the terminal is not."""
OWED_AFTER = timedelta(minutes=5)
"""How long a receipt may wait for its register before the sale is called owed."""

# --- before it begins


def checked(tx: Transaction, job_id: str, here: Set[str] = frozenset()) -> Reason | None:
    """The register was found ready: the first part may begin, if the terminal is ready, too. The reason when the desk
    has not what the sale needs. ``here``: the devices of this PC."""
    row = tx.job(job_id)
    if row is None or row.state is not Known.ACCEPTED:
        return reason("stale_rev")
    seen = seen_of(tx, row)
    terminal = tx.device(row.kkm_id).settings.terminal
    if seen.charges:
        if terminal is None:
            return reason("desk_without_terminal")
        there = tx.device(terminal)
        if there.binding_epoch == 0 and terminal in here:  # it has not said yet who it is
            return reason("device_not_bound", detail=terminal)
        if there.binding_epoch == 0 or there.released or there.closed:
            return reason("devices_on_two_pcs", detail=terminal)
    withdraw_parts(tx, job_id)
    above = tx.device(row.kkm_id).highest_fd
    row = replace(row, sale={**BLANK, "terminal": terminal, "checked": tx.now.isoformat(), "above": above})
    tx.write_job(row, "checked")
    first = procedure.follow(seen.sale, [])
    assert isinstance(first, Begin)
    _begin(tx, replace(seen, row=row), first)
    return None


def in_order(tx: Transaction, waiting: Sequence[JobRow]) -> list[JobRow]:
    """Jobs that wait for one device, in the order in which they may begin: what a sale that has begun still needs comes
    first. A sale whose register was checked waits for its first part."""
    due = [row for row in waiting if row.sale is None or row.part is not None or not _is_checked(tx, row)]
    return sorted(due, key=lambda row: not (row.part is not None and has_begun(tx, row)))


def _is_checked(tx: Transaction, row: JobRow) -> bool:
    return any(part.state is Known.ACCEPTED for part in tx.parts(row.job_id))


def has_begun(tx: Transaction, part: JobRow) -> bool:
    """Whether the sale of a part has its INTENT, or has ended."""
    row = tx.job(whole(part.job_id))
    return row is not None and row.attempt > 0


def may_begin(tx: Transaction, part: JobRow) -> bool:
    """Whether the sale of a part that waits wants it now."""
    row = tx.job(whole(part.job_id))
    assert row is not None
    assert part.part is not None
    if part.part["step"] == Step.SLIP or row.state is Known.ACCEPTED:
        return True
    return is_open(row) and not (row.sale is not None and row.sale["halted"] and _moves(part))


def devices_of(tx: Transaction, row: JobRow) -> tuple[str, ...]:
    """The devices whose release may have waited for this job."""
    sale = tx.job(whole(row.job_id)) if row.part is not None else row
    known = (row.kkm_id, sale.kkm_id, (sale.sale or BLANK)["terminal"]) if sale is not None else (row.kkm_id,)
    return tuple(dict.fromkeys(kkm_id for kkm_id in known if kkm_id))


def _moves(part: JobRow) -> bool:
    """A charge, and not the undoing of one: of those a restart asks nobody."""
    assert part.part is not None
    return bool(part.part["moves"])


def tidy(tx: Transaction) -> None:
    """What time does: a check that is too old is made again, and a receipt that waits too long is owed."""
    for row in tx.live_jobs():
        if row.part is not None and row.state is Known.ACCEPTED and row.part["step"] != Step.SLIP:
            _tidy_part(tx, row)


def _tidy_part(tx: Transaction, part: JobRow) -> None:
    row = tx.job(whole(part.job_id))
    assert row is not None
    assert part.part is not None
    if row.sale is None:  # offered anew since
        withdraw_parts(tx, row.job_id)
    elif row.state is Known.ACCEPTED:
        if tx.now - datetime.fromisoformat(row.sale["checked"]) > CHECKED_FOR:
            withdraw_parts(tx, row.job_id)
    elif not is_open(row):
        withdraw_parts(tx, row.job_id)
    elif part.part["step"] == Step.RECEIPT and not row.sale["owed"]:
        seen = seen_of(tx, row)
        late = tx.now - datetime.fromisoformat(part.part["at"]) > OWED_AFTER
        if late and procedure.charged([part_of(each) for each in seen.parts], seen.sale):
            _ask(tx, seen, procedure.OWED, owed=True)


def halt(tx: Transaction) -> None:
    """A process begins: no charge of an earlier one's sales begins before somebody says that it may."""
    _stop(tx, "halted", _moves)


def distrust(tx: Transaction) -> None:
    """The server takes this journal for an older copy: its successor may have moved what waits here, and may have made
    the receipt. It is looked for before one is begun (``_add``)."""
    _stop(tx, "copied", lambda _: True)


def _stop(tx: Transaction, how: str, concerns: Callable[[JobRow], bool]) -> None:
    for row in tx.live_jobs():
        if row.sale is None or not is_open(row) or (row.sale[how] and not row.sale.get("looked")):
            continue
        tx.write_job(replace(row, sale={**row.sale, how: True, "looked": False}), how)
        for part in tx.parts(row.job_id):
            if part.state is Known.ACCEPTED and concerns(part):
                tx.write_job(replace(part, state=Known.CANCELLED, archived=True), "withdrawn")
        follow(tx, row.job_id)


# --- a part moves


def transition(
    tx: Transaction,
    part: JobRow,
    event: JobEvent,
    *,
    outcome: dict[str, Any] | None = None,
    facts: dict[str, Any] | None = None,
    **changes: Any,
) -> JobRow | Refusal:
    """Move a part for its lane, and the sale with it."""
    assert part.part is not None
    sale = whole(part.job_id)
    if part.part["step"] == Step.SLIP:
        return apply(tx, part, event, outcome=outcome, facts=facts, **changes)
    if event is JobEvent.INTENT:
        refused = _intent(tx, sale)
        if refused is not None:
            return refused
    moved = apply(tx, part, event, outcome=outcome, facts=facts, **changes)
    if isinstance(moved, JobRow):
        if event is JobEvent.PAPER:
            _paper(tx, sale, moved)
        else:
            follow(tx, sale)
    return moved


def searched(tx: Transaction, part: JobRow) -> None:
    """The archive was read, and holds no receipt of the sale."""
    row = tx.job(whole(part.job_id))
    assert row is not None
    assert part.part is not None
    if row.sale is None or not is_open(row):
        return
    tx.write_job(replace(row, sale={**row.sale, "looked": True}), "receipt_sought")
    if part.part.get("look"):
        withdraw_parts(tx, row.job_id)
    follow(tx, row.job_id)


def _intent(tx: Transaction, job_id: str) -> Refusal | None:
    """V1, with the INTENT of the first part."""
    row = tx.job(job_id)
    assert row is not None
    if is_open(row):
        return None
    moved = apply(tx, row, JobEvent.INTENT, outcome={})
    return moved if isinstance(moved, Refusal) else None


def _paper(tx: Transaction, job_id: str, part: JobRow) -> None:
    row = tx.job(job_id)
    assert row is not None
    if row.state is Known.DONE:
        apply(tx, row, JobEvent.PAPER, outcome={**row.outcome, "paper": part.outcome["paper"]})


def follow(tx: Transaction, job_id: str) -> None:
    """Do what comes next, until a part is under way, a person is waited for, or the sale has ended."""
    while True:
        row = tx.job(job_id)
        assert row is not None
        if not is_open(row):
            return
        seen = seen_of(tx, row)
        if row.heard is not None and _ends_as_heard(tx, seen):
            return
        match procedure.follow(seen.sale, [part_of(part) for part in seen.parts]):
            case Begin() as next_:
                _begin(tx, seen, next_)
                halted = bool(row.sale and row.sale["halted"]) and next_.step is not seen.sale.moves
                _goes_on(tx, row, **ANSWERED, halted=halted)
                return
            case Look():
                _add(tx, seen, Begin(Step.RECEIPT), row.kkm_id, _payload(seen, Begin(Step.RECEIPT)), look=True)
                _goes_on(tx, row, waits=None, choices=[])
                return
            case Undo(why):
                withdraw_parts(tx, job_id)
                _goes_on(tx, row, **ANSWERED, undoing=why.model_dump(mode="json"))
            case Under(part):
                _mirror(tx, row, next(each for each in seen.parts if part_of(each) == part and not part.final))
                return
            case Waits(code, owed):
                if row.sale is not None and (row.sale["waits"], row.sale["owed"]) != (code, owed):
                    _ask(tx, seen, code, owed=owed)
                elif row.state is not Known.STARTED:
                    _goes_on(tx, row)
                return
            case Done():
                _done(tx, seen)
                return
            case Left():
                if not (row.sale and row.sale.get("left")):
                    _leave(tx, seen)
                return
            case NotDone(why):
                _not_done(tx, seen, why)
                return


def _goes_on(tx: Transaction, row: JobRow, **sale: Any) -> None:
    assert row.sale is not None
    moved = apply(tx, row, JobEvent.GOES_ON, outcome={}, sale={**row.sale, **sale})
    assert isinstance(moved, JobRow), moved


def _ask(tx: Transaction, seen: Seen, code: str, *, owed: bool) -> None:
    """A person shall choose."""
    possible = choices(tx, seen.row)
    _goes_on(tx, seen.row, waits=code, choices=[choice.value for choice in SaleChoice if choice in possible], owed=owed)


def _leave(tx: Transaction, seen: Seen) -> None:
    """A correction receipt will be made, by another program or by hand: its number is asked for."""
    row = seen.row
    assert row.sale is not None
    choice = row.sale["choice"]
    withdraw_parts(tx, row.job_id)
    evidence = {"case": LEFT, "person": choice["person"], "why": choice["why"]}
    outcome = because(reason(LEFT), evidence=evidence)
    moved = apply(
        tx, row, JobEvent.UNDECIDABLE, outcome=outcome, sale={**row.sale, **ANSWERED, "left": True, "owed": True}
    )
    assert isinstance(moved, JobRow), moved


def _mirror(tx: Transaction, row: JobRow, part: JobRow) -> None:
    """The sale is in doubt as long as its part is."""
    assert part.part is not None
    match part.state:
        case Known.RESOLVING if row.state is Known.STARTED:
            apply(tx, row, JobEvent.DOUBT, outcome=dict(part.outcome))
        case Known.HUMAN:
            evidence = {**(part.outcome.get("evidence") or {}), "step": part.part["step"], "n": part.part["n"]}
            if row.state is not Known.HUMAN or row.outcome.get("evidence") != evidence:
                apply(tx, row, JobEvent.UNDECIDABLE, outcome={**part.outcome, "evidence": evidence})
        case Known.ACCEPTED | Known.STARTED if row.state is not Known.STARTED:
            _goes_on(tx, row)


# --- parts


def _begin(tx: Transaction, seen: Seen, next_: Begin) -> None:
    row = seen.row
    assert row.sale is not None
    at_register = next_.step in (Step.RECEIPT, Step.SLIP)
    _add(
        tx,
        seen,
        next_,
        row.kkm_id if at_register else row.sale["terminal"],
        sale_parts.payload_of(seen.offer.payload, seen.charges, seen.parts, next_, moves=seen.sale.moves),
    )


def _payload(seen: Seen, next_: Begin) -> dict[str, Any]:
    return sale_parts.payload_of(seen.offer.payload, seen.charges, seen.parts, next_, moves=seen.sale.moves)


def _add(
    tx: Transaction, seen: Seen, next_: Begin, kkm_id: str, payload: dict[str, Any], *, look: bool = False
) -> None:
    sale_parts.add(tx, seen.row, seen.offer, next_, kkm_id, payload, moves=seen.sale.moves, look=look)


# --- the end


def _done(tx: Transaction, seen: Seen) -> None:
    receipt = [part for part in seen.parts if part.kind == JobKind.RECEIPT][-1]
    outcome = {"proof": receipt.outcome.get("proof"), "paper": receipt.outcome.get("paper")}
    _end(tx, seen, JobEvent.PROVEN, outcome, facts=tx.facts(receipt.job_id))


def _not_done(tx: Transaction, seen: Seen, why: Reason) -> None:
    choice = (seen.row.sale or BLANK)["choice"]
    last = next((part.outcome.get("certainty") for part in reversed(seen.parts) if part.state is Known.NOT_DONE), None)
    evidence = {"person": choice["person"], "why": choice["why"]} if choice is not None else None
    outcome = because(why, certainty=last or "proven", evidence=evidence)
    _end(tx, seen, JobEvent.NOT_TAKEN, outcome)


def _end(
    tx: Transaction, seen: Seen, event: JobEvent, outcome: dict[str, Any], *, facts: dict[str, Any] | None = None
) -> JobRow:
    row = seen.row
    assert row.sale is not None
    ended = {**row.sale, **ANSWERED}
    moved = apply(tx, row, event, outcome=outcome, facts=facts or None, sale=ended)
    assert isinstance(moved, JobRow), moved
    payload = payload_of(slip for part in seen.parts for slip in slips_of(tx, part.job_id))
    if payload is not None:
        _add(tx, replace(seen, row=moved), Begin(Step.SLIP), row.kkm_id, payload)
    return moved


def _ends_as_heard(tx: Transaction, seen: Seen) -> bool:
    """The server knows how the sale has ended; false while a part is open, and when a receipt was made after all."""
    row, heard = seen.row, seen.row.heard
    assert row.sale is not None
    assert heard is not None
    event = JobEvent(heard["event"])
    made = any(part.kind == JobKind.RECEIPT and part.state is Known.DONE for part in seen.parts)
    if any(is_open(part) for part in seen.parts) or (made and event is not JobEvent.HEARD_DONE):
        return False
    outcome, left = heard["outcome"], event is JobEvent.UNDECIDABLE
    if left:
        withdraw_parts(tx, row.job_id)
        outcome = {**outcome, "evidence": {"case": LEFT}}
    sale = {**row.sale, **ANSWERED, "left": left, "owed": heard["owed"]}
    moved = apply(tx, row, event, rev=heard["rev"], outcome=outcome, sale=sale, heard=None, archived=not left)
    assert isinstance(moved, JobRow), moved
    return True


# --- a person


def choose(tx: Transaction, row: JobRow, decision: SaleChoice, person: str, why: str) -> bool:
    """A person's choice for a sale that waits; false when it cannot be followed as the sale stands."""
    if decision not in choices(tx, row):
        return False
    assert row.sale is not None
    choice = {"decision": decision.value, "person": person, "why": why, "at": tx.now.isoformat()}
    tx.write_job(replace(row, sale={**row.sale, "choice": choice}), "chosen")
    follow(tx, row.job_id)
    return True


def refuse(tx: Transaction, row: JobRow) -> bool:
    """Tell why a choice is not followed: a person has made it on the sale as it stands, and something was quicker.
    False where there is nothing to tell of."""
    if row.sale is None or row.state is not Known.STARTED:
        return False
    possible = choices(tx, row)
    able = [choice.value for choice in SaleChoice if choice in possible]
    told = because(reason("choice_not_offered", choices=able))
    moved = apply(tx, row, JobEvent.GOES_ON, outcome=told, sale={**row.sale, "choices": able})
    return isinstance(moved, JobRow)


def corrected(tx: Transaction, row: JobRow, person: str, why: str, fd: int) -> JobRow:
    """A person says which correction receipt stands for the sale. Nobody has read it: what made it is another's."""
    proof = person_decided(Proof(source=ProofSource.PERSON, fd=fd), person, why, verified=False)
    evidence = {**(row.outcome.get("evidence") or {}), "corrected_by": fd}
    outcome = because(reason("decided_by_person"), proof=proof.model_dump(mode="json"), evidence=evidence)
    return _end(tx, seen_of(tx, row), JobEvent.DECIDED_DONE, outcome)

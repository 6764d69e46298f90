"""A transition of a job, written: journal record, projection and outbox in one transaction.

``protocol.crm.job_machine`` decides; nothing here knows which state follows which.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from agent.journal.rows import JobRow
from agent.journal.store import Transaction
from protocol.crm.job_machine import JobEffect, JobEvent, Known, Moved, step
from protocol.crm.jobs import FINAL, OPEN_INTENT, JobKind, JobState, canonical_json, imprint_of, whole
from protocol.crm.machine import Refusal
from protocol.crm.messages import Accept, JournalHead, Offer, StepTold, Update
from protocol.crm.outcomes import Paper, Proof, Reason
from protocol.crm.sales import SALE_TYPES

DOCUMENT_BYTES = 160 * 1024  # of a document's tags in an update: a message may have 256 KiB in all


WAITING = (Known.ACCEPTED, Known.HELD)
TOMBSTONE = ""
"""Payload hash of a job that was cancelled before its offer came."""
ADOPTED = "adopted_from"
"""In the outcome of a job that another journal may have begun: the document above which the archive has to be read."""
SEARCH_ABOVE = "search_above"
"""The same of a job of our own that is cancelled just after a start (``cancelling``)."""
CANCEL_ASKED = "cancel_asked"
"""In the outcome of a job whose cancel came before its search: the server's rev."""

UPDATE_BYTES = 224 * 1024  # of an offer and a document together: the rest is for proof and evidence


def absent(offer: Offer, seq: int) -> JobRow:
    """The row of a job this journal hears of for the first time."""
    return JobRow(
        job_id=offer.job_id,
        kkm_id=offer.kkm_id,
        kind=offer.kind.value,
        state=Known.ABSENT,
        rev=0,
        attempt=0,
        closing=False,
        seq=seq,
        lease_no=offer.lease_no,
        start_by=offer.start_by.isoformat(),
        binding_epoch=offer.binding_epoch,
        payload_hash=offer.payload_hash,
        imprint=imprint_of(offer.tenant_id, offer.job_id),
    )


def unheard_of(job_id: str, tx: Transaction) -> JobRow:
    """The row of a job that is cancelled before its offer has come."""
    return JobRow(
        job_id=job_id, kkm_id="", kind="", state=Known.ABSENT, rev=0, attempt=0, closing=False, seq=tx.next_seq(),
        lease_no=0, start_by=tx.now.isoformat(), binding_epoch=0, payload_hash=TOMBSTONE, imprint="",
    )  # fmt: skip


def unsearched(row: JobRow) -> bool:
    """Not started as far as this journal knows; its document may have been made all the same, and the archive has not
    been read. Neither a new lease nor one that passes changes that."""
    doubted = ADOPTED in row.outcome or SEARCH_ABOVE in row.outcome
    return row.state in WAITING and doubted and not row.outcome.get("searched")


def apply(
    tx: Transaction,
    row: JobRow,
    event: JobEvent,
    *,
    rev: int = 0,
    offer: Offer | None = None,
    outcome: dict[str, Any] | None = None,
    facts: dict[str, Any] | None = None,
    **changes: Any,
) -> JobRow | Refusal:
    """Move a job and write what the machine's effects name. ``outcome`` replaces reason, proof, paper, evidence and
    certainty; ``facts`` (``result``, ``document``) are written into this one record, and read from there by every
    later update; ``changes`` are other fields of the row. A refusal writes nothing. Of a job that was given at this PC
    no server is told, so its end needs nobody's ack."""
    moved = step(row.job, event, rev=rev)
    if isinstance(moved, Refusal):
        return moved
    after = row.moved(moved.job, **changes)
    if outcome is not None:
        waits = unsearched(row) and after.state in WAITING
        kept = {key: row.outcome[key] for key in (ADOPTED, SEARCH_ABOVE, CANCEL_ASKED) if waits and key in row.outcome}
        after = replace(after, outcome={**kept, **outcome})
    if after.state is Known.HELD and row.state is not Known.HELD:
        after = replace(after, held_since=tx.now.isoformat())
    if after.unheard and is_final(after):
        after = replace(after, archived=True)
    tx.write_job(after, event.value, offer=offer, **({"facts": facts} if facts else {}))
    if after.kind in SALE_TYPES and not is_open(after) and after.state is not Known.ACCEPTED:
        withdraw_parts(tx, after.job_id)
    if not after.unheard:
        _tell(tx, after, moved, offer)
    return after


def withdraw_parts(tx: Transaction, job_id: str) -> None:
    """Parts of a sale that have not begun and shall not. Slips are no part of what is decided."""
    for part in tx.parts(job_id):
        if part.state is Known.ACCEPTED and part.kind != JobKind.PRINT_TEXT:
            tx.write_job(replace(part, state=Known.CANCELLED, archived=True), "withdrawn")


def under_way(tx: Transaction, row: JobRow) -> bool:
    """It has an open intent, or is a part of a sale that has."""
    if row.part is None:
        return is_open(row)
    sale = tx.job(whole(row.job_id))
    return is_open(row) or (sale is not None and is_open(sale))


def _tell(tx: Transaction, row: JobRow, moved: Moved, offer: Offer | None) -> None:
    if JobEffect.OUTBOX_ACCEPT in moved.effects and offer is not None:
        accept = Accept(job_id=row.job_id, rev=row.rev, payload_hash=row.payload_hash, journal_head=head_of(tx))
        tx.send(accept, "accept", job_id=row.job_id, rev=row.rev)
    if JobEffect.OUTBOX_UPDATE in moved.effects or JobEffect.OUTBOX_TOO_LATE in moved.effects:
        too_late = JobEffect.OUTBOX_TOO_LATE in moved.effects
        tx.send(update_of(tx, row, too_late=too_late), "update", job_id=row.job_id, rev=row.rev)


def update_of(tx: Transaction, row: JobRow, *, too_late: bool = False, offer: Offer | None = None) -> Update:
    """The agent's word on a job as it stands."""
    told = row.outcome
    facts = tx.facts(row.job_id) if is_final(row) else {}
    room = DOCUMENT_BYTES
    if offer is not None:  # with the job itself there is the less room for its document
        room = max(0, min(room, UPDATE_BYTES - len(offer.model_dump_json().encode())))
    return Update(
        job_id=row.job_id,
        rev=row.rev,
        state=JobState(row.state.value),
        attempt=row.attempt,
        at=tx.now,
        binding_epoch=row.binding_epoch,
        lease_no=row.lease_no,
        reason=Reason.model_validate(told["reason"]) if told.get("reason") else None,
        proof=Proof.model_validate(told["proof"]) if told.get("proof") else None,
        paper=Paper(told["paper"]) if told.get("paper") else None,
        evidence=told.get("evidence"),
        result=sendable(facts.get("result"), room),
        document=sendable(facts.get("document"), room),
        certainty=told.get("certainty"),
        owed=bool(row.sale and row.sale["owed"]),
        waits=row.sale["waits"] if row.sale else None,
        choices=row.sale["choices"] if row.sale else [],
        steps=steps_of(tx, row) if row.sale else [],
        too_late=too_late,
        journal_head=head_of(tx),
        offer=offer,
    )


def steps_of(tx: Transaction, row: JobRow) -> list[StepTold]:
    """The parts of a sale as the server is told of them; of one that was withdrawn, or that is only looked for in the
    archive, there is nothing to tell."""
    parts = [part for part in tx.parts(row.job_id) if part.state is not Known.CANCELLED]
    return [_step_told(tx, part) for part in parts if not (part.state is Known.ACCEPTED and _is_looked_for(part))]


def _is_looked_for(part: JobRow) -> bool:
    return part.part is not None and bool(part.part.get("look"))


def _step_told(tx: Transaction, part: JobRow) -> StepTold:
    assert part.part is not None
    told, offer = part.outcome, tx.offer(part.job_id)
    return StepTold(
        step=part.part["step"],
        n=part.part["n"],
        state=JobState(part.state.value),
        amount=offer.payload.get("amount") if offer is not None else None,
        reason=Reason.model_validate(told["reason"]) if told.get("reason") else None,
        proof=Proof.model_validate(told["proof"]) if told.get("proof") else None,
        paper=Paper(told["paper"]) if told.get("paper") else None,
        certainty=told.get("certainty"),
    )


def sendable(fact: dict[str, Any] | None, room: int = DOCUMENT_BYTES) -> dict[str, Any] | None:
    """What fits into a message; a larger document stays in the journal."""
    return fact if fact is not None and len(canonical_json(fact)) <= room else None


def note_paper(tx: Transaction, row: JobRow) -> None:
    """Whose paper the register still owes: a fact of the device, so that the next process knows it, too."""
    device = tx.device(row.kkm_id)
    paper = row.outcome.get("paper")
    if paper == Paper.INCOMPLETE and device.unprinted != row.job_id:
        tx.write_device(replace(device, unprinted=row.job_id), "paper_owed")
    elif paper == Paper.COMPLETE and device.unprinted == row.job_id:
        tx.write_device(replace(device, unprinted=None), "paper_printed")


def claim_records(tx: Transaction, kkm_id: str, kind: str) -> None:
    """What the register's records show of an operation of this kind is a job's (or the policy's) proof now: it can no
    longer prove the earlier attempt of another job that waits. Only a receipt's document names its job."""
    for row in tx.live_jobs(kkm_id):
        if row.kind == kind != JobKind.RECEIPT and row.first_snapshot is not None and row.state in WAITING:
            tx.write_job(replace(row, first_snapshot=None), "records_claimed")


def head_of(tx: Transaction) -> JournalHead:
    n, digest = tx.head()
    return JournalHead(n=n, hash=digest)


def is_final(row: JobRow) -> bool:
    return row.state.value in {state.value for state in FINAL}


def because(reason: Reason, **more: Any) -> dict[str, Any]:
    """An outcome with a reason."""
    return {"reason": reason.model_dump(mode="json"), **more}


def is_open(row: JobRow) -> bool:
    return row.state.value in {state.value for state in OPEN_INTENT}

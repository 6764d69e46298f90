"""The server's cancel: carried out at once, unless the job's document may stand in the archive already.

It may where another journal had the job (an adopted one), and where this process found the job waiting when it began:
its disk may be an older copy, and neither this journal nor the server would know. The lane then reads the archive
first, and what it finds wins. For a job of our own the register is waited for ``CAUTION`` seconds only.
"""

from __future__ import annotations

from dataclasses import replace

from agent.jobs.acceptance import refusal_stands
from agent.jobs.transitions import (
    ADOPTED,
    CANCEL_ASKED,
    SEARCH_ABOVE,
    WAITING,
    apply,
    because,
    is_final,
    is_open,
    unheard_of,
    unsearched,
    update_of,
)
from agent.journal.rows import JobRow
from agent.journal.store import Transaction
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent, Known
from protocol.crm.jobs import JobKind
from protocol.crm.machine import Refusal
from protocol.crm.messages import Cancel
from protocol.crm.sales import MONEY_KINDS, SALE_TYPES

CAUTION = 60.0  # seconds from the start of the process


def cancel(tx: Transaction, told: Cancel, *, cautious: bool) -> str | None:
    """The kkm_id whose lane has to look. ``cautious``: the job was here before this process, which has just begun."""
    row = tx.job(told.job_id)
    if row is None or row.state is Known.ABSENT:
        if refusal_stands(tx, told.job_id, told.rev):
            return None
        blank = row or unheard_of(told.job_id, tx)
        apply(tx, blank, JobEvent.CANCEL, rev=told.rev, outcome=_by_crm())
        return None
    above = tx.device(row.kkm_id).highest_fd
    has_document = row.kind == JobKind.RECEIPT or row.kind in SALE_TYPES
    if cautious and row.state in WAITING and has_document and above is not None and not unsearched(row):
        row = replace(row, outcome={**row.outcome, SEARCH_ABOVE: above, "searched": False})
    if unsearched(row):
        tx.write_job(replace(row, outcome={**row.outcome, CANCEL_ASKED: told.rev}), "cancel_waits")
        return row.kkm_id
    moved = apply(tx, row, JobEvent.CANCEL, rev=told.rev, outcome=_granted(row) if not is_open(row) else None)
    if isinstance(moved, Refusal):
        late = is_final(row) and row.state is not Known.CANCELLED
        tx.send(update_of(tx, row, too_late=late), "update", job_id=row.job_id, rev=row.rev)
    return row.kkm_id


def searched(tx: Transaction, job_id: str) -> str | None:
    """The archive was read and holds no document of the job: a cancel that waited for this is carried out. The job may
    have moved on meanwhile. The kkm_id whose lane has to look."""
    row = tx.job(job_id)
    if row is None or not unsearched(row):
        return None
    if not _carry_out(tx, row):
        tx.write_job(replace(row, outcome={**row.outcome, "searched": True}), "searched")
    return row.kkm_id


def caution_is_over(tx: Transaction) -> None:
    """Cancels of our own jobs whose register has not answered until now."""
    for row in tx.live_jobs():
        if unsearched(row) and SEARCH_ABOVE in row.outcome:
            _carry_out(tx, row)


def _carry_out(tx: Transaction, row: JobRow) -> bool:
    rev = row.outcome.get(CANCEL_ASKED)
    return rev is not None and isinstance(apply(tx, row, JobEvent.CANCEL, rev=rev, outcome=_granted(row)), JobRow)


def _granted(row: JobRow) -> dict[str, object]:
    """Nothing of it is begun here any more. Whether another journal has charged a card for it, nobody can tell."""
    if row.kind in MONEY_KINDS and ADOPTED in row.outcome:
        return because(reason("moved_money"), certainty="unproven")
    return _by_crm()


def _by_crm() -> dict[str, object]:
    return because(reason("cancelled_by_crm"))

"""Which job a device's lane does next. A function over one transaction; ``JobBook`` reads it."""

from __future__ import annotations

from agent.jobs import sales
from agent.jobs.transitions import is_open, unsearched
from agent.journal.rows import DeviceRow, JobWithOffer
from agent.journal.store import Transaction
from protocol.crm.job_machine import Known


def next_work(tx: Transaction, kkm_id: str, only: str | None) -> tuple[DeviceRow, JobWithOffer | None]:
    """The device and its next job: the one with an open intent, else a part of a sale that has begun, else the oldest
    accepted one. A sale itself is nobody's to do: its parts are. ``only``: of those that wait none but this one."""
    device = tx.device(kkm_id)
    rows = [row for row in tx.live_jobs(kkm_id) if row.sale is None or not is_open(row)]
    chosen = next((row for row in rows if is_open(row)), None)
    if chosen is None and not device.released:
        waiting = [row for row in rows if row.state is Known.ACCEPTED and only in (None, row.job_id)]
        if device.closed:  # what was given at this PC nobody else has done, whatever the journal is
            here = not device.releasing
            waiting = [row for row in waiting if (row.part and sales.has_begun(tx, row)) or (here and row.local)]
        chosen = next((row for row in sales.in_order(tx, waiting) if not unsearched(row)), None)
    return device, tx.with_offer(chosen) if chosen is not None else None

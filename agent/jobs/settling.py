"""The desk's rule that its terminal is settled once the register's shift was closed: a job of this agent's own.

Its id is made of the shift, so no shift is settled twice, whoever closed it and however often this is asked.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from agent.jobs.at_desk import accept
from agent.journal.rows import JobRow
from agent.journal.store import Transaction
from protocol.crm.jobs import JobKind

START_WITHIN = timedelta(hours=12)
"""A terminal that is not ready for longer is settled by hand, or after the next shift."""


def after_job(tx: Transaction, closed: JobRow, server_time: datetime | None) -> None:
    """A job has closed a shift."""
    after_shift(tx, closed.kkm_id, closed.outcome.get("proof") or {}, server_time, otherwise=closed.job_id)


def after_shift(
    tx: Transaction, kkm_id: str, told: dict[str, Any], server_time: datetime | None, *, otherwise: str = ""
) -> None:
    """The shift of this register was closed; ``told``: its ``fn`` and ``shift``, where they are known. Without them the
    shift is known by the job ``otherwise`` that closed it."""
    desk = tx.device(kkm_id).settings
    if not desk.settle or desk.terminal is None:
        return
    terminal = tx.device(desk.terminal)
    if terminal.binding_epoch == 0 or terminal.released or terminal.releasing:
        return
    fn, shift = told.get("fn"), told.get("shift")
    named = f"{fn}-{shift}" if fn is not None and shift is not None else sha256(otherwise.encode()).hexdigest()[:16]
    job_id = f"settle-{named}"
    if tx.job(job_id) is None:
        start_by = max(tx.now, server_time or tx.now) + START_WITHIN
        accept(tx, terminal, JobKind.SETTLEMENT, job_id, {}, start_by=start_by)

"""What a terminal wants on paper after a single operation, printed by the register that stands beside it.

The slip of a payment, refund or void that stands alone is printed by jobs of this agent's own, one for each copy, named
by the job: never twice, whoever asks. They wait for the register like every other, and what becomes of them changes
nothing: the money has been moved or not, and the terminal prints its slip again when it is asked to.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256

from agent.jobs.at_desk import accept
from agent.jobs.slips import payload_of, slips_of
from agent.journal.rows import DeviceRow, JobRow
from agent.journal.store import Transaction
from protocol.crm.jobs import JobKind
from protocol.crm.payments import MONEY_PAYLOADS

START_WITHIN = timedelta(minutes=10)
"""A register that is not ready for longer prints no slip of a customer who has gone."""


def after_job(tx: Transaction, ended: JobRow, server_time: datetime | None) -> None:
    """A job has ended. Nothing is printed for one of the command line, which shows its slips itself, nor where no desk
    of this PC, or more than one, has the terminal."""
    if ended.local or ended.part is not None or ended.kind not in MONEY_PAYLOADS:
        return
    register = _register(tx, ended.kkm_id)
    if register is None:
        return
    named = sha256(ended.job_id.encode()).hexdigest()[:16]
    start_by = max(tx.now, server_time or tx.now) + START_WITHIN
    for n, slip in enumerate(slips_of(tx, ended.job_id), 1):
        payload, job_id = payload_of([slip]), f"slip-{named}-{n}"
        if payload is not None and tx.job(job_id) is None:
            accept(tx, register, JobKind.PRINT_TEXT, job_id, payload, start_by=start_by)


def _register(tx: Transaction, terminal: str) -> DeviceRow | None:
    """The one that stands beside this terminal, where this PC has it."""
    here = [device for device in tx.devices() if device.desk and device.settings.terminal == terminal]
    bound = [device for device in here if device.binding_epoch and not (device.released or device.releasing)]
    return bound[0] if len(bound) == 1 else None

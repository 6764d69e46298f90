"""A job that is given at this PC, not by a server: the same row, journal and lane as every other job's.

Its tenant is ``LOCAL``. Nothing of it comes into the outbox and no greeting names it, so no server waits for it,
refuses it or is asked about it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from agent.jobs import sales
from agent.jobs.transitions import WAITING, absent, apply, because
from agent.journal.rows import LOCAL, DeviceRow, JobRow
from agent.journal.store import Transaction
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent
from protocol.crm.jobs import JobKind, sha256_hex
from protocol.crm.messages import Offer
from protocol.crm.outcomes import Reason


def accept(
    tx: Transaction, device: DeviceRow, kind: JobKind, job_id: str, payload: dict[str, Any], *, start_by: datetime
) -> None:
    """``payload`` is valid, ``job_id`` new; ``start_by`` is judged by the clock that judges every lease."""
    offer = Offer(
        tenant_id=LOCAL,
        job_id=job_id,
        kind=kind,
        agent_id=LOCAL,
        kkm_id=device.kkm_id,
        register_serial=device.register_serial,
        binding_epoch=device.binding_epoch,
        lease_no=1,
        issued_at=tx.now,
        start_by=start_by,
        payload=payload,
        payload_hash=sha256_hex(payload),
        kid=LOCAL,
    )
    apply(tx, absent(offer, tx.next_seq()), JobEvent.OFFER, offer=offer)


def give_up(tx: Transaction, job_id: str, why: Reason | None) -> JobRow:
    """Nobody waits for the job any more. What has begun goes on; the job as it is now."""
    row = tx.job(job_id)
    assert row is not None
    if row.state not in WAITING:
        return row
    moved = apply(tx, row, JobEvent.CANCEL, outcome=because(why) if why is not None else {})
    assert isinstance(moved, JobRow)
    return moved


def begin_anew(tx: Transaction) -> None:
    """At the start of an agent: whoever gave a job to an earlier process and saw it end must not be surprised by paper
    now, nor a customer by a charge. What has begun at a device goes on, and so does what a desk's rule has asked for:
    a settlement."""
    sales.halt(tx)
    for row in tx.live_jobs():
        if row.local and row.state in WAITING and row.kind != JobKind.SETTLEMENT:
            give_up(tx, row.job_id, reason("lease_passed"))

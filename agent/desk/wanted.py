"""What a job was asked for, in a person's terms: the receipt, or the sum."""

from __future__ import annotations

from agent.devices.terminals.work import work_of as terminal_work
from agent.devices.work import work_of
from agent.journal.rows import DeviceRow, JobWithOffer
from protocol.crm.jobs import DeviceClass
from protocol.crm.payloads import device_of
from protocol.ffd.planned import PlannedReceipt


def wanted(device: DeviceRow, chosen: JobWithOffer) -> tuple[PlannedReceipt | None, int | None]:
    """The planned receipt, ``None`` for other kinds; the sum in kopecks, ``None`` for what has none."""
    if device_of(chosen.offer.kind) is DeviceClass.TERMINAL:
        movement = terminal_work(chosen).movement
        return None, movement.amount if movement is not None else None
    work = work_of(device, chosen)
    return work.plan, work.plan.total if work.plan is not None else work.amount

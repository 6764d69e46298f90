"""What a lane is busy with: a job with everything its kind needs, or an operation of the lane's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from agent.jobs.transitions import is_open
from agent.journal.rows import DeviceRow, JobRow, JobWithOffer
from agent.procedures.asks import Operation
from protocol.crm.jobs import JobKind
from protocol.crm.payloads import (
    PAYLOADS,
    CashPayload,
    CopyPayload,
    DocumentPayload,
    NothingPayload,
    ShiftPayload,
    TextPayload,
)
from protocol.crm.sales import SALE_TYPES, receipt_payload
from protocol.ffd.planned import PlannedReceipt
from protocol.ffd.planning import plan as plan_receipt
from protocol.ffd.shape import parse_receipt
from protocol.ffd.text import printable

ATTEMPTS = UUID("7b6c4b0e-7f5d-5d4c-9c53-2f1f6a3f6d11")
"""Namespace of the attempts' names."""

Payload = ShiftPayload | NothingPayload | CashPayload | TextPayload | CopyPayload | DocumentPayload

OPERATIONS = {
    JobKind.OPEN_SHIFT: Operation.OPEN_SHIFT,
    JobKind.CLOSE_SHIFT: Operation.CLOSE_SHIFT,
    JobKind.CASH_IN: Operation.CASH_IN,
    JobKind.CASH_OUT: Operation.CASH_OUT,
}
"""Kinds whose whole job is one operation."""


@dataclass(frozen=True, slots=True)
class Work:
    """``row`` and ``kind`` are of the job; ``None`` during an operation that the desk's policy asks for. ``rule`` names
    that policy's rule, also when a receipt asks for the operation."""

    row: JobRow | None = None
    kind: JobKind | None = None
    plan: PlannedReceipt | None = None
    payload: Payload | None = None
    cashier_name: str | None = None
    cashier_inn: str | None = None
    amount: int | None = None  # kopecks, of cash in and out
    rule: str | None = None
    intent: Mapping[str, Any] | None = None  # of that policy's operation, open on disk

    @property
    def attempt(self) -> str | None:
        """Name of the attempt whose intent is open on disk, for a device that knows tasks by names; ``None``: none is.
        Of a job it follows from the job and the attempt's number alone: whoever begins the same attempt once more, on
        another PC or with another disk, says the same name."""
        if self.intent is not None:
            before = self.intent["snapshot"]
            return _named(self.intent["operation"], self.intent["at"], before["register_serial"], before["last_fd"])
        if self.row is not None and is_open(self.row):
            return _named(self.row.imprint, self.row.job_id, self.row.attempt)
        return None

    @property
    def job_id(self) -> str | None:
        return self.row.job_id if self.row is not None else None


def _named(*parts: object) -> str:
    return str(uuid5(ATTEMPTS, "\n".join(map(str, parts))))


def work_of(device: DeviceRow, chosen: JobWithOffer) -> Work:
    """The job as its offer and its row tell it; its payload was judged before it was accepted."""
    row, offer = chosen.row, chosen.offer
    if offer.kind is JobKind.RECEIPT or offer.kind in SALE_TYPES:
        wanted = row.imprinted if is_open(row) else device.settings.imprint
        plan = plan_receipt(parse_receipt(receipt_payload(offer.payload)), imprint=row.imprint if wanted else None)
        return Work(
            row,
            offer.kind,
            plan=plan,
            cashier_name=plan.cashier_name,
            cashier_inn=plan.cashier_inn,
        )
    payload = PAYLOADS[offer.kind].model_validate(offer.payload)
    assert isinstance(payload, Payload)
    cashier = payload.cashier if isinstance(payload, (ShiftPayload, CashPayload)) else None
    return Work(
        row,
        offer.kind,
        payload=payload,
        cashier_name=printable(cashier.name) if cashier is not None else None,
        cashier_inn=cashier.inn if cashier is not None else None,
        amount=payload.amount if isinstance(payload, CashPayload) else None,
    )

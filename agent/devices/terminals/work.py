"""What a terminal's lane is busy with: a job as its offer and its row tell it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agent.journal.rows import JobRow, JobWithOffer
from agent.procedures.payment import Movement
from drivers.terminal_api import Means, Operation, Original
from protocol.crm.jobs import JobKind
from protocol.crm.payments import MONEY_PAYLOADS, OriginalPayment, PaymentPayload

_OPERATIONS = {
    JobKind.PAYMENT: Operation.PAYMENT,
    JobKind.REFUND: Operation.REFUND,
    JobKind.VOID: Operation.VOID,
}


@dataclass(frozen=True, slots=True)
class TerminalWork:
    row: JobRow
    kind: JobKind
    movement: Movement | None = None
    """Of a job that moves money."""

    @property
    def intent(self) -> dict[str, Any]:
        """Of INTENT and CLOSING of a movement: ``reference``, ``last``, ``approved``."""
        assert self.row.movement is not None
        return self.row.movement

    @property
    def money(self) -> Movement:
        assert self.movement is not None
        return self.movement


def work_of(chosen: JobWithOffer) -> TerminalWork:
    """Its payload was judged before it was accepted."""
    kind = chosen.offer.kind
    if kind not in MONEY_PAYLOADS:
        return TerminalWork(chosen.row, kind)
    payload = MONEY_PAYLOADS[kind].model_validate(chosen.offer.payload)
    original = None if isinstance(payload, PaymentPayload) else payload.original
    movement = Movement(
        _OPERATIONS[kind], payload.amount, Means(payload.means), _original(original) if original is not None else None
    )
    return TerminalWork(chosen.row, kind, movement)


def _original(told: OriginalPayment) -> Original:
    return Original(
        amount=told.amount,
        rrn=told.rrn,
        auth_code=told.auth_code,
        number=told.number,
        terminal_id=told.terminal_id,
        at=told.at,
        sbp_id=told.sbp_id,
    )

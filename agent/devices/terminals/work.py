"""What a terminal's lane is busy with: a job that moves money, as its offer and its row tell it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agent.devices.recorder import decision_of
from agent.devices.terminals.facts import transaction_of
from agent.journal.rows import JobRow, JobWithOffer
from agent.procedures import payment
from agent.procedures.payment import Context, Movement
from drivers.terminal_api import Means, Operation, Original, TerminalCapabilities, Transaction
from protocol.crm.job_machine import Known
from protocol.crm.jobs import JobKind
from protocol.crm.payments import MONEY_PAYLOADS, OriginalPayment, PaymentPayload

_OPERATIONS = {
    JobKind.PAYMENT: Operation.PAYMENT,
    JobKind.REFUND: Operation.REFUND,
    JobKind.VOID: Operation.VOID,
}


@dataclass(frozen=True, slots=True)
class MoneyWork:
    row: JobRow
    kind: JobKind
    start_by: datetime
    movement: Movement

    @property
    def intent(self) -> dict[str, Any]:
        """Of INTENT and CLOSING: ``reference``, ``last``, ``approved``."""
        assert self.row.movement is not None
        return self.row.movement

    def context(self, capabilities: TerminalCapabilities, terminal_id: str) -> Context:
        return Context(self.movement, capabilities, terminal_id, decision_of(self.row)[0])


def work_of(chosen: JobWithOffer) -> MoneyWork:
    """Its payload was judged before it was accepted."""
    kind = chosen.offer.kind
    payload = MONEY_PAYLOADS[kind].model_validate(chosen.offer.payload)
    original = None if isinstance(payload, PaymentPayload) else payload.original
    movement = Movement(
        _OPERATIONS[kind], payload.amount, Means(payload.means), _original(original) if original is not None else None
    )
    return MoneyWork(chosen.row, kind, chosen.start_by, movement)


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


def resume(work: MoneyWork, ctx: Context) -> payment.Next:
    """A job with an open INTENT that an earlier process has left."""
    reference, last, approved = _written(work)
    return payment.resume(
        ctx,
        reference=reference,
        last=last,
        approved=approved,
        doubted=work.row.state is not Known.STARTED,
        human=_told(work.row),
    )


def look_again(work: MoneyWork, ctx: Context) -> payment.Next:
    """A job with an open INTENT of this process, whose waiting time is over: a person has decided or is awaited."""
    reference, last, approved = _written(work)
    return payment.look_again(ctx, reference=reference, last=last, approved=approved, human=_told(work.row))


def _written(work: MoneyWork) -> tuple[int, Transaction | None, Transaction | None]:
    intent = work.intent
    return intent["reference"], transaction_of(intent["last"]), transaction_of(intent["approved"])


def _told(row: JobRow) -> str | None:
    """The case that a person was told of."""
    case: str | None = (row.outcome.get("evidence") or {}).get("case") if row.state is Known.HUMAN else None
    return case

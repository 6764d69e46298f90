"""From the terminal's answer to an outcome, a ``Transaction``, slips."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from drivers.terminal_api import Operation, Outcome, Slip, Transaction
from drivers.terminals import masking
from protocol.wire.inpas import fields
from protocol.wire.inpas.fields import Answer
from protocol.wire.inpas.slip import copies

OUTCOMES: Mapping[int | None, tuple[Outcome, str | None]] = MappingProxyType({
    fields.APPROVED: (Outcome.APPROVED, None),
    fields.REFUSED: (Outcome.DECLINED, "payment_declined"),
    fields.NO_BANK: (Outcome.DECLINED, "payment_no_bank"),
    fields.ABORTED: (Outcome.CANCELLED, "payment_cancelled"),
})  # fmt: skip
"""By status. Any other, and none, is no verdict of an operation with money."""


def transaction(
    answer: Answer,
    outcome: Outcome,
    reason: str | None,
    operation: Operation,
    *,
    by_qr: bool = False,
    request_id: str = "",
) -> Transaction:
    """``request_id``: of a payment by QR code, the number under which it is asked for and given back."""
    host_id = answer.text(fields.HOST_TRANSACTION) or answer.text(fields.TRANSACTION)
    return Transaction(
        outcome=outcome,
        code=code_of(answer),
        text=masking.mask(answer.text(fields.TEXT)),
        reason=reason,
        operation=operation,
        amount=answer.number(fields.AMOUNT),
        currency=answer.text(fields.CURRENCY),
        reference=answer.number(fields.REFERENCE),
        rrn="" if by_qr else masking.identifier(answer.text(fields.RRN)),
        auth_code="" if by_qr else masking.identifier(answer.text(fields.AUTH_CODE)),
        number=request_id or masking.identifier(answer.text(fields.TRANSACTION)),
        terminal_id=masking.identifier(answer.text(fields.TERMINAL)),
        merchant_id=masking.identifier(answer.text(fields.MERCHANT), masking.MERCHANT),
        card=masking.card(answer.card),
        at=answer.at,
        sbp_id=host_id if by_qr else "",
        slips=slips(answer),
    )


def code_of(answer: Answer) -> str:
    """The status, and the bank's own code where there is one: ``16/05``."""
    return "/".join(filter(None, (answer.text(fields.STATUS), answer.text(fields.HOST_CODE))))


def slips(answer: Answer) -> tuple[Slip, ...]:
    read = (masking.lines(copy) for copy in copies(answer.values.get(fields.SLIP, "")))
    return tuple(lines for lines in read if lines)

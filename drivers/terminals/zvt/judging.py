"""From a ZVT terminal's codes to ours, and from its status information to a ``Transaction``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from drivers.errors import Refused
from drivers.terminal_api import Operation, Outcome, Progress, Slip, Transaction
from drivers.terminals import masking
from protocol.wire.zvt.answers import APPROVED, Status
from protocol.wire.zvt.codes import result_text

ABORTED = 0x6C  # by a key, or for lack of a card in time
WAIT = 0x9C

_TROUBLES: Mapping[int, str] = MappingProxyType({
    0x51: "terminal_setup", 0x62: "terminal_setup", 0x6B: "terminal_not_ready", 0x6F: "terminal_setup",
    0x83: "terminal_unsupported", 0x85: "terminal_setup", WAIT: "terminal_busy", 0xC5: "terminal_unsupported",
    0xC6: "terminal_setup", 0xDC: "terminal_card_inside", 0xE1: "terminal_card_inside", 0xE4: "terminal_setup",
    0xF0: "terminal_settlement_needed",
    **dict.fromkeys((0x77, 0x89, 0xA0, 0xB1, 0xB2, 0xC2, 0xC4, 0xCC, 0xDF, 0xE0, 0xE2, 0xFC, 0xFF),
                    "terminal_not_ready"),
})  # fmt: skip
"""What keeps a terminal from beginning."""

_REASONS: Mapping[int, str] = MappingProxyType({
    ABORTED: "payment_cancelled",
    0xB4: "payment_already_reversed",
    **dict.fromkeys((0x7D, 0x9B, 0xA1, 0xA3), "payment_no_bank"),
    **{code: name for code, name in _TROUBLES.items() if code not in (0x83, WAIT, 0xFF)},
})  # fmt: skip
"""Why an operation that it began was not approved; anything else: ``payment_declined``."""

_PROGRESS: Mapping[int, Progress] = MappingProxyType({
    **dict.fromkeys((0x0A, 0x0C), Progress.PRESENT_CARD),
    **dict.fromkeys((0x01, 0x02, 0x15), Progress.ENTER_PIN),
    **dict.fromkeys((0x04, 0x06, 0x0E, 0x17, 0xD2, 0xD3, 0xF2), Progress.ONLINE),
    0x05: Progress.REVERSING,
    **dict.fromkeys((0x0B, *range(0x40, 0x60)), Progress.REMOVE_CARD),  # 40h and a code: the same, with the card
})  # fmt: skip


def progress_of(code: int) -> Progress | None:
    """Of an intermediate status; ``None``: nothing that a person has to do."""
    return _PROGRESS.get(code)


def vendor(code: int | None) -> str:
    return "" if code is None else f"{code:02X}"


def refused(code: int) -> Refused:
    """The terminal's answer to the command itself was no: it never began."""
    return Refused(_TROUBLES.get(code, "terminal_refused"), result_text(code), vendor=vendor(code))


def attention(code: int | None) -> str | None:
    """What a terminal in this state needs before it can be paid with; ``None``: nothing."""
    return None if code == APPROVED else _TROUBLES.get(code or 0, "terminal_not_ready")


def outcome_of(code: int | None) -> Outcome:
    if code == APPROVED:
        return Outcome.APPROVED
    return Outcome.CANCELLED if code == ABORTED else Outcome.DECLINED


def transaction(
    status: Status | None,
    today: date,
    *,
    outcome: Outcome,
    code: int | None,
    operation: Operation | None,
    slips: tuple[Slip, ...] = (),
) -> Transaction:
    told = status if status is not None else Status(None)
    reason = None
    if outcome is Outcome.REVERSED:
        reason = "payment_reversed"
    elif outcome is not Outcome.APPROVED:
        reason = _REASONS.get(code if code is not None else APPROVED, "payment_declined")
    return Transaction(
        outcome=outcome,
        code=vendor(code),
        text=masking.mask(told.text) or ("" if code is None else result_text(code)),
        reason=reason,
        operation=operation,
        amount=told.amount,
        currency=told.currency,
        auth_code=masking.identifier(told.auth_code),
        number=told.receipt,
        terminal_id=told.terminal_id,
        merchant_id=masking.identifier(told.merchant_id, masking.MERCHANT) if told.merchant_id.isascii() else "",
        card=masking.card(told.card),
        card_system=masking.mask(told.card_name),
        at=told.at(today),
        slips=slips,
    )

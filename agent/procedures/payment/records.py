"""What a terminal's last operation says about ours."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from agent.procedures.payment.run import Movement
from drivers.terminal_api import Transaction


class Since(StrEnum):
    NOTHING = "nothing"  # the terminal has done nothing since then
    OURS = "ours"  # exactly one operation more, and it is this one
    UNCLEAR = "unclear"


def since_then(
    before: Transaction | None, after: Transaction | None, movement: Movement, approved: Transaction | None
) -> Since:
    """Compare what the terminal did last ``before`` INTENT with what it did last now. ``approved`` is what it has said
    of ours itself, if it came to that: then its numbers tell."""
    if after is None:
        return Since.NOTHING if before is None else Since.UNCLEAR
    if before is not None and _same(before, after):
        return Since.NOTHING
    if after.amount != movement.amount or after.operation not in (None, movement.operation):
        return Since.UNCLEAR
    if approved is not None:
        return Since.OURS if _same(approved, after) else Since.UNCLEAR
    return Since.OURS if _follows(before, after) else Since.UNCLEAR


def _same(one: Transaction, other: Transaction) -> bool:
    """The same operation, told twice; it may have been reversed in between."""
    return (one.number, one.rrn, one.at, one.terminal_id) == (other.number, other.rrn, other.at, other.terminal_id)


def _follows(before: Transaction | None, after: Transaction) -> bool:
    """Whether ``after`` is the very next operation of the same terminal. Numbers begin anew behind their last one."""
    if before is None:  # how many there were in between, nobody can say
        return False
    if before.terminal_id != after.terminal_id or not (before.number.isdecimal() and after.number.isdecimal()):
        return False
    was, now = int(before.number), int(after.number)
    return now == was + 1 or (now == 1 and set(before.number) == {"9"})


def told(transaction: Transaction | None) -> dict[str, Any] | None:
    """For a person: what the terminal says of it, nothing of the card but its last digits."""
    if transaction is None:
        return None
    return {
        "outcome": transaction.outcome.value,
        "operation": transaction.operation.value if transaction.operation is not None else None,
        "amount": transaction.amount,
        "number": transaction.number,
        "rrn": transaction.rrn,
        "auth_code": transaction.auth_code,
        "terminal_id": transaction.terminal_id,
        "card": transaction.card,
        "at": transaction.at.isoformat() if transaction.at is not None else None,
        "code": transaction.code,
        "text": transaction.text,
    }

"""Modes: which one the register is in, and how it refuses a command that does not belong there (protocol 1.17,
«Режимы и подрежимы»). More specific codes win over 73h."""

from __future__ import annotations

from drivers.simulators.printer import IDLE, NO_PAPER_IDLE, PAPER_BACK, PAPER_OUT, PRINTING
from drivers.simulators.shtrih.errors import Code

OPEN, EXPIRED, CLOSED, AWAITING_DATE, DOCUMENT = 2, 3, 4, 6, 8
ANY = frozenset(range(16))
SHIFT = frozenset({OPEN, EXPIRED})
IDLE_MODES = frozenset({OPEN, EXPIRED, CLOSED, 9})


def refusal_by_mode(mode: int, allowed: frozenset[int]) -> int | None:
    """``mode`` is the low nibble; ``None`` when the command may run."""
    if mode in allowed:
        return None
    if mode == AWAITING_DATE:
        return Code.CONFIRM_DATE
    if mode == DOCUMENT:
        return Code.RECEIPT_OPEN
    if allowed == {DOCUMENT}:
        return Code.RECEIPT_CLOSED
    if mode == EXPIRED and OPEN in allowed:
        return Code.SHIFT_EXPIRED
    if mode == CLOSED and allowed <= SHIFT:
        return Code.SHIFT_NOT_OPEN
    if mode in SHIFT and CLOSED in allowed:
        return Code.SHIFT_OPEN
    return Code.WRONG_MODE


def refusal_by_submode(submode: int) -> int | None:
    """For a command that prints."""
    return {
        IDLE: None,
        NO_PAPER_IDLE: Code.NO_PAPER,
        PAPER_OUT: Code.NO_PAPER,
        PAPER_BACK: Code.AWAITING_CONTINUE,
        PRINTING: Code.PRINTING,
    }.get(submode, Code.WRONG_SUBMODE)

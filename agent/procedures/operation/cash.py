"""What the register's counters say about one operation with drawer cash."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Any

from agent.journal.rows import Snapshot
from agent.procedures.asks import Operation
from drivers.api import CashCounters, ShiftState, Status


class Moved(StrEnum):
    ONCE = "once"  # exactly one operation of this amount more
    NOT = "not"
    UNCLEAR = "unclear"


def counted(snapshot: Snapshot, counters: CashCounters) -> Snapshot:
    """The snapshot with the counters as they were just before the command."""
    return replace(
        snapshot,
        document_number=counters.document_number,
        drawer=counters.drawer,
        cash_in=counters.cash_in,
        cash_out=counters.cash_out,
        cash_in_count=counters.cash_in_count,
        cash_out_count=counters.cash_out_count,
    )


def ended_since(before: Snapshot, status: Status) -> bool:
    """Whether the shift of ``before`` may have been closed. It keeps its number until the next one is opened, and its
    counters may begin anew at either moment; but its closing is a document."""
    another = status.shift_number != before.shift_number
    return another or (status.shift is ShiftState.CLOSED and status.last_fd != before.last_fd)


def moved(before: Snapshot, after: CashCounters, operation: Operation, amount: int, *, ended: bool) -> Moved:
    """Compare the counters of ``operation``'s direction. They belong to a shift: once it may have ``ended`` they tell
    nothing."""
    if ended:
        return Moved.UNCLEAR
    if operation is Operation.CASH_IN:
        was, now = (before.cash_in_count, before.cash_in), (after.cash_in_count, after.cash_in)
    else:
        was, now = (before.cash_out_count, before.cash_out), (after.cash_out_count, after.cash_out)
    count, total = was
    if count is None or total is None:
        return Moved.UNCLEAR
    if now == (count, total):
        return Moved.NOT
    return Moved.ONCE if now == (count + 1, total + amount) else Moved.UNCLEAR


def shown(before: Snapshot, after: CashCounters | None) -> dict[str, Any]:
    """The counters for a person: kopecks and numbers of documents."""
    names = ("document_number", "drawer", "cash_in", "cash_out", "cash_in_count", "cash_out_count")
    return {
        "before": {name: getattr(before, name) for name in names},
        "after": {name: getattr(after, name) for name in names} if after is not None else None,
    }

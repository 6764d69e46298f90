"""What can go wrong with an ask, by its kind."""

from __future__ import annotations

from enum import StrEnum

from agent.procedures.asks import (
    Ask,
    Begin,
    BeginOperation,
    CheckReceipt,
    Close,
    Commit,
    ContinuePrint,
    Do,
    EndOperation,
    Fence,
    Fill,
    NoteSeen,
    Operate,
    Operation,
    Query,
    ReadArchiveEnd,
    ReadCounters,
    ReadDocument,
    ReadStatus,
    ReadSubtotal,
    ReadTotals,
    Reopen,
    Wait,
)


class Fault(StrEnum):
    NOT_SENT = "not sent"
    REFUSED = "refused"
    REFUSED_IN_THE_MIDDLE = "refused in the middle"
    LOST = "lost"  # doubt, never executed
    HALF = "half"  # doubt, executed up to the first position; of a shift: begun on the fiscal drive
    DONE = "done"  # doubt, executed
    LATE = "late"  # doubt, executed at the last moment at which that is possible
    CUT_BEFORE = "power cut before"
    CUT_BEFORE_ANNULLED = "power cut before, annulled"
    CUT_AFTER = "power cut after"
    CUT_AFTER_ANNULLED = "power cut after, annulled"
    KILLED_BEFORE = "killed before"
    KILLED_AFTER = "killed after"
    KILLED_LATE = "killed, executed late"
    FOREIGN = "another program makes a receipt of the same sum first"  # and cancels what was open


_CUTS = (Fault.CUT_BEFORE, Fault.CUT_BEFORE_ANNULLED, Fault.CUT_AFTER, Fault.CUT_AFTER_ANNULLED)
_SAYS_NOTHING = (Fault.NOT_SENT, Fault.REFUSED, Fault.LOST, *_CUTS[:2], Fault.KILLED_BEFORE)
_ACTS = (
    Fault.NOT_SENT, Fault.REFUSED, Fault.LOST, Fault.DONE, Fault.LATE, *_CUTS, Fault.KILLED_BEFORE, Fault.KILLED_AFTER,
    Fault.KILLED_LATE,
)  # fmt: skip
COMMITS = (Begin, Commit, NoteSeen, BeginOperation, EndOperation)


def faults_of(ask: Ask) -> tuple[Fault, ...]:
    """What can go wrong with an ask."""
    match ask:
        case ReadStatus() | ReadArchiveEnd():
            return (*_SAYS_NOTHING, Fault.FOREIGN)
        case ReadDocument() | ReadSubtotal() | Reopen() | CheckReceipt() | ReadCounters() | ReadTotals() | Query():
            return _SAYS_NOTHING
        case Fill() | Operate(Operation.OPEN_SHIFT | Operation.CLOSE_SHIFT):
            return (*_ACTS, Fault.HALF, Fault.REFUSED_IN_THE_MIDDLE)
        case Close() | Fence() | ContinuePrint() | Operate() | Do():
            return _ACTS
        case Begin():
            return (Fault.REFUSED, Fault.KILLED_BEFORE, Fault.KILLED_AFTER)
        case Wait():
            return (Fault.KILLED_AFTER,)
        case _ if isinstance(ask, COMMITS):
            return (Fault.KILLED_BEFORE, Fault.KILLED_AFTER)
    return ()

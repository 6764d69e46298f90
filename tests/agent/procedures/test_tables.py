"""The tables of the procedures are whole: every phase has a word on every kind of answer."""

from __future__ import annotations

from typing import Any

import pytest

from agent.procedures import operation, plain, precheck, reading, receipt
from agent.procedures.asks import (
    Answer,
    Begin,
    BeginOperation,
    CheckReceipt,
    Close,
    Commit,
    ContinuePrint,
    Do,
    Ended,
    EndOperation,
    Fence,
    Fill,
    Needs,
    NoteSeen,
    NotReady,
    Operate,
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
from agent.procedures.operation import Phase as OperationPhase
from agent.procedures.plain import Phase as PlainPhase
from agent.procedures.precheck import CheckPhase, Ready
from agent.procedures.reading import Phase as ReadingPhase
from agent.procedures.receipt import Phase

# What is asked while a run is in a phase.
PRECHECK = (ReadStatus, Fence, Wait, ContinuePrint)
RECEIPT_ASKS: dict[Phase, tuple[type, ...]] = {
    Phase.CHECK: PRECHECK,
    Phase.CATCH_UP: (ReadDocument,),
    Phase.NOTE: (NoteSeen,),
    Phase.FOUND: (Commit,),
    Phase.ABLE: (CheckReceipt,),
    Phase.BEGIN: (Begin,),
    Phase.FILL: (Fill,),
    Phase.SUBTOTAL: (ReadSubtotal,),
    Phase.RECHECK: (ReadArchiveEnd,),
    Phase.CLOSING: (Commit,),
    Phase.CLOSE: (Close,),
    Phase.READ_BACK: (ReadArchiveEnd,),
    Phase.READ: (ReadDocument,),
    Phase.DOUBT: (Commit,),
    Phase.PEEK_WAIT: (Wait,),
    Phase.PEEK_REOPEN: (Reopen,),
    Phase.PEEK_STATUS: (ReadStatus,),
    Phase.PEEK_ARCHIVE: (ReadDocument,),
    Phase.DRAIN: (Wait,),
    Phase.REOPEN: (Reopen,),
    Phase.RETRY: (Wait,),
    Phase.LOOK: (ReadStatus,),
    Phase.FENCE: (Fence,),
    Phase.ARCHIVE: (ReadDocument,),
    Phase.UNDECIDED: (Commit,),
    Phase.OUTCOME: (Commit,),
    Phase.PAPER: (ReadStatus,),
    Phase.PAPER_WAIT: (Wait,),
    Phase.PAPER_NOTE: (Commit,),
    Phase.END: (Commit, NotReady, Needs, Ended),
}
CHECK_ASKS: dict[CheckPhase, tuple[type, ...]] = {
    CheckPhase.STATUS: (ReadStatus,),
    CheckPhase.LEFTOVER: (Fence,),
    CheckPhase.LEFTOVER_WAIT: (Wait,),
    CheckPhase.RESUME_PAPER: (ContinuePrint,),
    CheckPhase.BUSY: (Wait,),
    CheckPhase.END: (Ready, NotReady),
}
OPERATION_ASKS: dict[OperationPhase, tuple[type, ...]] = {
    OperationPhase.CHECK: PRECHECK,
    OperationPhase.EARLIER: (ReadDocument,),
    OperationPhase.TOTALS: (ReadTotals,),
    OperationPhase.COUNTERS: (ReadCounters,),
    OperationPhase.BEGIN: (Begin, BeginOperation),
    OperationPhase.OPERATE: (Operate,),
    OperationPhase.DOUBT: (Commit,),
    OperationPhase.MOMENT: (Wait,),
    OperationPhase.REOPEN: (Reopen,),
    OperationPhase.RETRY: (Wait,),
    OperationPhase.LOOK: (ReadStatus,),
    OperationPhase.FENCE: (Fence,),
    OperationPhase.ARCHIVE: (ReadDocument,),
    OperationPhase.COUNT: (ReadCounters,),
    OperationPhase.UNDECIDED: (Commit,),
    OperationPhase.OUTCOME: (Commit, EndOperation),
    OperationPhase.END: (Commit, NotReady, Ended),
}
PLAIN_ASKS: dict[PlainPhase, tuple[type, ...]] = {
    PlainPhase.CHECK: PRECHECK,
    PlainPhase.BEGIN: (Begin,),
    PlainPhase.DO: (Do,),
    PlainPhase.OUTCOME: (Commit,),
    PlainPhase.END: (Commit, NotReady, Ended),
}
READING_ASKS: dict[ReadingPhase, tuple[type, ...]] = {
    ReadingPhase.STATUS: (ReadStatus,),
    ReadingPhase.QUERY: (Query,),
    ReadingPhase.OUTCOME: (Commit,),
    ReadingPhase.END: (NotReady, Ended),
}
TABLES = {
    "precheck": (precheck.TABLE, CheckPhase, CHECK_ASKS),
    "receipt": (receipt.TABLE, Phase, RECEIPT_ASKS),
    "operation": (operation.TABLE, OperationPhase, OPERATION_ASKS),
    "plain": (plain.TABLE, PlainPhase, PLAIN_ASKS),
    "reading": (reading.TABLE, ReadingPhase, READING_ASKS),
}
WAITS_AND_COMMITS = (Wait, Commit, NoteSeen, BeginOperation, EndOperation, NotReady, Needs, Ended)


def cannot_come(ask: type) -> set[Answer]:
    """A wait or a commit is answered, or the process ends; only ``Begin`` may be refused by the lane."""
    if ask is Begin:
        return {Answer.NOT_SENT, Answer.DOUBT}
    if ask is Ready:  # the procedure around goes on
        return set(Answer)
    return set(Answer) - {Answer.OK} if ask in WAITS_AND_COMMITS else set()


@pytest.mark.parametrize("name", TABLES)
def test_every_answer_in_every_phase(name: str) -> None:
    table: dict[Any, Any]
    phases: Any
    asks: dict[Any, tuple[type, ...]]
    table, phases, asks = TABLES[name]  # type: ignore[assignment]
    assert set(table) == {(phase, answer) for phase in phases for answer in Answer}
    assert set(asks) == set(phases)
    impossible = {cell for cell, handler in table.items() if handler.__name__ == "impossible"}
    assert impossible == {
        (phase, answer) for phase, kinds in asks.items() for kind in kinds[:1] for answer in cannot_come(kind)
    }


@pytest.mark.parametrize("cell", [(Phase.CLOSING, Answer.REFUSED), (Phase.DRAIN, Answer.DOUBT)])
def test_an_answer_that_cannot_come_stops_the_lane(cell: tuple[Phase, Answer]) -> None:
    from tests.agent.procedures.test_receipt_start import answered, context

    run, _ = receipt.start(context(), None)
    with pytest.raises(AssertionError, match="no ask of this phase"):
        receipt.TABLE[cell](run, answered(kind=cell[1]))

"""The tables of the procedures are whole: every phase has a word on every kind of answer."""

from __future__ import annotations

import pytest

from agent.procedures import receipt, shift
from agent.procedures.asks import (
    Answer,
    Begin,
    BeginOperation,
    Close,
    Commit,
    ContinuePrint,
    Ended,
    EndOperation,
    Fence,
    Fill,
    Needs,
    NoteSeen,
    NotReady,
    Operate,
    ReadDocument,
    ReadStatus,
    ReadSubtotal,
    Reopen,
    Wait,
)
from agent.procedures.receipt import Phase
from agent.procedures.shift import ShiftPhase

# What is asked while a run is in a phase.
RECEIPT_ASKS: dict[Phase, tuple[type, ...]] = {
    Phase.STATUS: (ReadStatus,),
    Phase.LEFTOVER: (Fence,),
    Phase.LEFTOVER_WAIT: (Wait,),
    Phase.RESUME_PAPER: (ContinuePrint,),
    Phase.BUSY: (Wait,),
    Phase.CATCH_UP: (ReadDocument,),
    Phase.NOTE: (NoteSeen,),
    Phase.FOUND: (Commit,),
    Phase.BEGIN: (Begin,),
    Phase.FILL: (Fill,),
    Phase.SUBTOTAL: (ReadSubtotal,),
    Phase.RECHECK: (ReadStatus,),
    Phase.CLOSING: (Commit,),
    Phase.CLOSE: (Close,),
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
SHIFT_ASKS: dict[ShiftPhase, tuple[type, ...]] = {
    ShiftPhase.STATUS: (ReadStatus,),
    ShiftPhase.BEGIN: (BeginOperation,),
    ShiftPhase.OPERATE: (Operate,),
    ShiftPhase.DRAIN: (Wait,),
    ShiftPhase.REOPEN: (Reopen,),
    ShiftPhase.RETRY: (Wait,),
    ShiftPhase.LOOK: (ReadStatus,),
    ShiftPhase.FENCE: (Fence,),
    ShiftPhase.ARCHIVE: (ReadDocument,),
    ShiftPhase.OUTCOME: (EndOperation,),
    ShiftPhase.END: (NotReady, Ended),
}
WAITS_AND_COMMITS = (Wait, Commit, NoteSeen, BeginOperation, EndOperation, NotReady, Needs, Ended)


def cannot_come(ask: type) -> set[Answer]:
    """A wait or a commit is answered, or the process ends; only ``Begin`` may be refused by the lane."""
    if ask is Begin:
        return {Answer.NOT_SENT, Answer.DOUBT}
    return set(Answer) - {Answer.OK} if ask in WAITS_AND_COMMITS else set()


@pytest.mark.parametrize(
    ("table", "phases", "asks"),
    [(receipt.TABLE, Phase, RECEIPT_ASKS), (shift.TABLE, ShiftPhase, SHIFT_ASKS)],
    ids=["receipt", "shift"],
)
def test_every_answer_in_every_phase(table: dict, phases: type, asks: dict) -> None:  # type: ignore[type-arg]
    assert set(table) == {(phase, answer) for phase in phases for answer in Answer}  # type: ignore[attr-defined]
    assert set(asks) == set(phases)  # type: ignore[call-overload]
    impossible = {cell for cell, handler in table.items() if handler.__name__ == "_impossible"}
    assert impossible == {
        (phase, answer) for phase, kinds in asks.items() for kind in kinds[:1] for answer in cannot_come(kind)
    }


@pytest.mark.parametrize("cell", [(Phase.CLOSING, Answer.REFUSED), (Phase.DRAIN, Answer.DOUBT)])
def test_an_answer_that_cannot_come_stops_the_lane(cell: tuple[Phase, Answer]) -> None:
    from tests.agent.procedures.test_receipt_start import answered, context

    run, _ = receipt.start(context(), None)
    with pytest.raises(AssertionError, match="no ask of this phase"):
        receipt.TABLE[cell](run, answered(kind=cell[1]))

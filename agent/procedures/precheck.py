"""R1 of every procedure: does anything at the register stand in the way of beginning?

A small procedure inside the others: ``step`` ends with ``Ready`` and the status that was seen, or with ``NotReady`` and
the reason. Nothing is sent but the cancelling of a document that nobody may have left open on an exclusive desk, and
"continue printing" when new paper lies in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from agent.journal.rows import Snapshot
from agent.procedures.asks import (
    Answer,
    Answered,
    Ask,
    ContinuePrint,
    Fence,
    Needs,
    NotReady,
    Operation,
    ReadStatus,
    Wait,
)
from agent.procedures.ending import Ending
from agent.procedures.patience import LEFTOVER_PATIENCE, MARGIN
from agent.procedures.table import impossible, row
from drivers.api import Paper, ShiftState, Status
from protocol.crm.codes import reason


@dataclass(frozen=True, slots=True)
class Wants:
    """What must be in order; the right register that is not busy is wanted by all."""

    fiscal: bool = True  # a fiscal drive that works, a clock that is set
    closed: bool = True  # no document open
    paper: bool = True  # cover closed, paper in, nothing left to print


class CheckPhase(StrEnum):
    STATUS = "status"
    LEFTOVER = "cancel a leftover document"
    LEFTOVER_WAIT = "wait for another program"
    RESUME_PAPER = "continue print"
    BUSY = "wait while busy"
    END = "checked"


ENDING = Ending(CheckPhase.END, "device_offline")


@dataclass(frozen=True, slots=True)
class Check:
    register_serial: str
    exclusive: bool
    wants: Wants
    phase: CheckPhase = CheckPhase.STATUS
    waiting_since: float | None = None
    busy_since: float | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """End: nothing stands in the way. Not an ask: the procedure around goes on with ``status``."""

    status: Status


Next = tuple[Check, Ask | Ready]


def start(register_serial: str, *, exclusive: bool, wants: Wants) -> tuple[Check, Ask]:
    return Check(register_serial, exclusive, wants), ReadStatus()


def step(check: Check, answer: Answered) -> Next:
    """What to do after ``answer``. Pure."""
    return TABLE[check.phase, answer.kind](check, answer)


def on_status(check: Check, answer: Answered) -> Next:
    """The more serious cause is told first."""
    status: Status = answer.value
    wants = check.wants
    if status.register_serial != check.register_serial:
        return ENDING.not_ready(
            check, reason("wrong_device", detail=f"{status.register_serial}, expected {check.register_serial}")
        )
    if wants.fiscal and status.blocked is not None:
        return ENDING.not_ready(check, reason(status.blocked))
    if status.busy:
        return busy(check, answer)
    if wants.fiscal and status.clock_unset:
        return ENDING.not_ready(check, reason("clock_unset"))
    if wants.closed and (status.document_open or status.fn_document_open):
        return _leftover(check, answer)
    if wants.paper and status.cover_open:
        return ENDING.not_ready(check, reason("cover_open"))
    if wants.paper and status.paper is Paper.RESUMABLE:
        return replace(check, phase=CheckPhase.RESUME_PAPER), ContinuePrint()
    if wants.paper and status.paper is not Paper.PRESENT:
        return ENDING.not_ready(check, reason("no_paper"))
    return replace(check, phase=CheckPhase.END), Ready(status)


def _leftover(check: Check, answer: Answered) -> Next:
    if check.exclusive and check.waiting_since is None:
        return replace(check, phase=CheckPhase.LEFTOVER, waiting_since=answer.now), Fence()
    since = answer.now if check.waiting_since is None else check.waiting_since
    if answer.now - since >= LEFTOVER_PATIENCE:
        return ENDING.not_ready(check, reason("document_open"))
    return replace(check, phase=CheckPhase.LEFTOVER_WAIT, waiting_since=since), Wait(1.0, "document_open")


def leftover_in_doubt(check: Check, answer: Answered) -> Next:
    """A cancel that may still run is waited out, or it could strike the document of the attempt."""
    return replace(check, phase=CheckPhase.LEFTOVER_WAIT), Wait(answer.remaining + MARGIN, "document_open")


def busy(check: Check, answer: Answered) -> Next:
    since = answer.now if check.busy_since is None else check.busy_since
    if answer.now - since >= LEFTOVER_PATIENCE:
        return ENDING.not_ready(check, reason("device_busy"))
    return replace(check, phase=CheckPhase.BUSY, busy_since=since), Wait(0.3, "device_busy")


def again(check: Check, _: Answered) -> Next:
    return replace(check, phase=CheckPhase.STATUS), ReadStatus()


Handler = Callable[[Check, Answered], Next]
_P = CheckPhase


TABLE: dict[tuple[CheckPhase, Answer], Handler] = {
    **row(_P.STATUS, on_status, ENDING.not_ready_because, ENDING.not_ready_because, ENDING.not_ready_because),
    **row(_P.LEFTOVER, again, ENDING.not_ready_because, ENDING.not_ready_because, leftover_in_doubt),
    **row(_P.LEFTOVER_WAIT, again),
    **row(_P.RESUME_PAPER, busy, ENDING.not_ready_because, busy, ENDING.not_ready_because),
    **row(_P.BUSY, again),
    **row(_P.END, impossible),
}


def shift_for(shift: ShiftState, *, open_shift: bool, close_expired_shift: bool) -> Needs | NotReady | None:
    """What has to come before an operation that needs an open shift; ``None``: it is open. Opening and closing one are
    procedures of their own, if the desk wants them."""
    match shift:
        case ShiftState.OPEN:
            return None
        case ShiftState.CLOSED:
            return Needs(Operation.OPEN_SHIFT) if open_shift else NotReady(reason("shift_closed"))
        case ShiftState.EXPIRED:
            return Needs(Operation.CLOSE_SHIFT) if close_expired_shift else NotReady(reason("shift_expired"))


def snapshot_of(status: Status) -> Snapshot:
    return Snapshot(
        register_serial=status.register_serial,
        fn_serial=status.fn_serial,
        last_fd=status.last_fd,
        shift_number=status.shift_number,
        receipt_in_shift=status.receipt_in_shift,
        at=status.at.isoformat(),
    )

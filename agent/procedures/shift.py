"""Opening or closing a shift that a receipt needs: an operation of its own, with its own intent and outcome.

Doubt is resolved by the shift's state and a new document of the right kind in the archive, which proves itself at any
time; absence is believed only after the lost command's whole time. An opening need not wait for that: under the same
intent it is sent once more, because a register refuses to open an open shift, so whichever of the two comes second does
nothing. (A closing is never sent twice: it could strike the next shift.) A document that the fiscal
drive has begun and not finished is cancelled first, by the rule of receipts: on an exclusive desk, or when the register
itself refused a command of ours in its middle.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from agent.journal.rows import Snapshot
from agent.procedures.asks import (
    Answer,
    Answered,
    Ask,
    BeginOperation,
    Ended,
    EndOperation,
    Fence,
    NotReady,
    Operate,
    Operation,
    ReadDocument,
    ReadStatus,
    Reopen,
    Wait,
)
from agent.procedures.patience import MARGIN, PEEK_AFTER
from agent.procedures.precheck import snapshot_of
from drivers.api import DocumentKind, FiscalDocument, Identity, ShiftState, Status
from protocol.crm.codes import reason
from protocol.crm.outcomes import Reason

WANTED = {Operation.OPEN_SHIFT: (ShiftState.OPEN,), Operation.CLOSE_SHIFT: (ShiftState.CLOSED,)}
PROOF = {Operation.OPEN_SHIFT: DocumentKind.OPEN_SHIFT, Operation.CLOSE_SHIFT: DocumentKind.CLOSE_SHIFT}


class ShiftPhase(StrEnum):
    STATUS = "status"
    BEGIN = "INTENT"
    OPERATE = "operate"
    DRAIN = "a moment"
    REOPEN = "reopen"
    RETRY = "ask again later"
    LOOK = "look"
    FENCE = "fence"
    ARCHIVE = "read the archive"
    OUTCOME = "OUTCOME"
    END = "end"


@dataclass(frozen=True, slots=True)
class ShiftRun:
    operation: Operation
    register_serial: str
    max_time: Mapping[str, float]
    exclusive: bool
    phase: ShiftPhase
    snapshot: Snapshot | None = None
    next_fd: int = 0
    last_fd: int = 0
    document: FiscalDocument | None = None
    state: ShiftState | None = None
    cause: Reason | None = None
    own_open: bool = False  # what the fiscal drive has begun is ours for certain
    remaining: float = 0.0
    quiet_until: float = 0.0  # before this moment a lost command may still strike
    repeated: bool = False  # an opening was sent once more
    polls: int = 0


Next = tuple[ShiftRun, Ask]


def start(operation: Operation, register_serial: str, max_time: Mapping[str, float], *, exclusive: bool) -> Next:
    return ShiftRun(operation, register_serial, max_time, exclusive, ShiftPhase.STATUS), ReadStatus()


def resume(
    operation: Operation, register_serial: str, max_time: Mapping[str, float], snapshot: Snapshot, *, exclusive: bool
) -> Next:
    """After a restart with an open intent: the lost command's whole maximum time is still to run."""
    longest = max_time["shift"]
    run = ShiftRun(operation, register_serial, max_time, exclusive, ShiftPhase.DRAIN, snapshot, remaining=longest)
    return run, Wait(PEEK_AFTER, "shift_in_doubt")


def step(run: ShiftRun, answer: Answered) -> Next:
    """What to do after ``answer``. Pure."""
    return TABLE[run.phase, answer.kind](run, answer)


def _on_status(run: ShiftRun, answer: Answered) -> Next:
    status: Status = answer.value
    if status.register_serial != run.register_serial:
        return _not_ready(run, reason("wrong_device", detail=status.register_serial))
    if status.shift in WANTED[run.operation]:
        return replace(run, phase=ShiftPhase.END), Ended()
    if status.document_open or status.fn_document_open:
        return _not_ready(run, reason("document_open"))
    snapshot = snapshot_of(status)
    return replace(run, phase=ShiftPhase.BEGIN, snapshot=snapshot), BeginOperation(run.operation, snapshot)


def _operate(run: ShiftRun, _: Answered) -> Next:
    return replace(run, phase=ShiftPhase.OPERATE), Operate(run.operation)


def _look(run: ShiftRun, answer: Answered) -> Next:
    return replace(run, phase=ShiftPhase.LOOK, cause=answer.reason or run.cause, document=None), ReadStatus()


def _refused(run: ShiftRun, answer: Answered) -> Next:
    own = answer.reason is not None and answer.reason.code != "document_open"
    return _look(replace(run, own_open=own), answer)


def _fenced(run: ShiftRun, answer: Answered) -> Next:
    """Read again; more slowly when the register keeps it open."""
    run = replace(run, polls=run.polls + 1)
    return _retry(run, answer) if run.polls > 3 else _look(run, answer)


def _drain(run: ShiftRun, answer: Answered) -> Next:
    run = replace(run, phase=ShiftPhase.DRAIN, cause=answer.reason, own_open=False, remaining=answer.remaining)
    return run, Wait(PEEK_AFTER, "shift_in_doubt")


def _drained(run: ShiftRun, answer: Answered) -> Next:
    quiet_until = max(run.quiet_until, answer.now + run.remaining + MARGIN - PEEK_AFTER)
    return _reopen(replace(run, quiet_until=quiet_until), answer)


def _reopen(run: ShiftRun, _: Answered) -> Next:
    return replace(run, phase=ShiftPhase.REOPEN), Reopen()


def _reopened(run: ShiftRun, answer: Answered) -> Next:
    identity: Identity = answer.value
    if identity.register_serial != run.register_serial:
        return _retry(run, answer)
    return replace(run, phase=ShiftPhase.LOOK, document=None), ReadStatus()


def _retry(run: ShiftRun, _: Answered) -> Next:
    delay = min(5.0, 0.25 * 2.0 ** min(run.polls, 8))
    return replace(run, phase=ShiftPhase.RETRY, polls=run.polls + 1), Wait(delay, "shift_in_doubt")


def _on_look(run: ShiftRun, answer: Answered) -> Next:
    status: Status = answer.value
    assert run.snapshot is not None
    if status.fn_serial != run.snapshot.fn_serial:
        # What the drive that is gone has recorded can never be asked again; on the new one nothing was begun.
        ended = replace(run, phase=ShiftPhase.OUTCOME, state=None, cause=reason("fn_replaced"))
        return ended, EndOperation(run.operation, None)
    if status.busy and status.shift not in WANTED[run.operation]:
        return _retry(run, answer)
    if status.fn_document_open or status.document_open:
        if run.exclusive or run.own_open:
            return replace(run, phase=ShiftPhase.FENCE), Fence()
        return _retry(run, answer)
    run = replace(
        run, phase=ShiftPhase.ARCHIVE, state=status.shift, next_fd=run.snapshot.last_fd + 1, last_fd=status.last_fd
    )
    return _read_on(run, answer)


def _read_on(run: ShiftRun, answer: Answered) -> Next:
    if run.next_fd <= run.last_fd:
        return run, ReadDocument(run.next_fd)
    if run.document is None and run.state not in WANTED[run.operation] and answer.now < run.quiet_until:
        if run.operation is Operation.OPEN_SHIFT and not run.repeated:
            return _operate(replace(run, repeated=True), answer)
        return _retry(run, answer)
    already = run.document is None and run.state in WANTED[run.operation]
    return replace(run, phase=ShiftPhase.OUTCOME), EndOperation(run.operation, run.document, already)


def _on_archive(run: ShiftRun, answer: Answered) -> Next:
    if answer.value is None:
        return _retry(run, answer)
    document: FiscalDocument = answer.value.document
    found = document if document.kind is PROOF[run.operation] else run.document
    return _read_on(replace(run, document=found, next_fd=run.next_fd + 1), answer)


def _ended(run: ShiftRun, _: Answered) -> Next:
    """Not done and refused: the cause is told, and the job that needed the shift waits."""
    if run.document is None and run.state not in WANTED[run.operation]:
        return _not_ready(run, run.cause or reason("shift_in_doubt"))
    return replace(run, phase=ShiftPhase.END), Ended()


def _not_ready_because(run: ShiftRun, answer: Answered) -> Next:
    return _not_ready(run, answer.reason or reason("device_offline"))


def _not_ready(run: ShiftRun, why: Reason) -> Next:
    return replace(run, phase=ShiftPhase.END), NotReady(why)


def _impossible(run: ShiftRun, answer: Answered) -> Next:
    raise AssertionError(f"{run.phase}: no ask of this phase is answered by {answer.kind}")


Handler = Callable[[ShiftRun, Answered], Next]
_P, _A = ShiftPhase, Answer


def _row(phase: ShiftPhase, *handlers: Handler) -> dict[tuple[ShiftPhase, Answer], Handler]:
    """Handlers for OK, NOT_SENT, REFUSED, DOUBT; a missing one is an answer that cannot come."""
    filled = (*handlers, *([_impossible] * (4 - len(handlers))))
    return dict(zip(((phase, kind) for kind in _A), filled, strict=True))


TABLE: dict[tuple[ShiftPhase, Answer], Handler] = {
    **_row(_P.STATUS, _on_status, _not_ready_because, _not_ready_because, _not_ready_because),
    **_row(_P.BEGIN, _operate),
    **_row(_P.OPERATE, _look, _drain, _refused, _drain),
    **_row(_P.DRAIN, _drained),
    **_row(_P.RETRY, _reopen),
    **_row(_P.REOPEN, _reopened, _retry, _retry, _retry),
    **_row(_P.LOOK, _on_look, _retry, _retry, _retry),
    **_row(_P.FENCE, _fenced, _retry, _retry, _drain),
    **_row(_P.ARCHIVE, _on_archive, _retry, _retry, _retry),
    **_row(_P.OUTCOME, _ended),
    **_row(_P.END, _ended),
}

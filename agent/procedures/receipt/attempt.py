"""R1 to R8: may it start, what does the archive hold, and the attempt up to the closing command."""

from __future__ import annotations

from dataclasses import replace

from agent.procedures.asks import (
    Answered,
    Begin,
    Close,
    Commit,
    ContinuePrint,
    Fence,
    Fill,
    Needs,
    NoteSeen,
    NotReady,
    Operation,
    ReadStatus,
    ReadSubtotal,
    Wait,
)
from agent.procedures.evidence import Proven, Undecidable, decide
from agent.procedures.receipt.resolve import look
from agent.procedures.receipt.run import LEFTOVER_PATIENCE, MARGIN, Next, Phase, Run, on_document, read_on, snapshot_of
from drivers.api import Paper, ShiftState, Status
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent
from protocol.crm.outcomes import Reason

# --- R1, R2: may it start? ------------------------------------------------------------------------------------------


def on_status(run: Run, answer: Answered) -> Next:
    status: Status = answer.value
    run = replace(run, status=status)
    ctx = run.ctx
    if status.register_serial != ctx.register_serial:
        return not_ready(
            run, reason("wrong_device", detail=f"{status.register_serial}, expected {ctx.register_serial}")
        )
    if status.blocked is not None:
        return not_ready(run, reason(status.blocked))
    if status.busy:
        return busy(run, answer)
    if status.clock_unset:
        return not_ready(run, reason("clock_unset"))
    if status.document_open or status.fn_document_open:
        if ctx.exclusive and run.waiting_since is None:
            return replace(run, phase=Phase.LEFTOVER, waiting_since=answer.now), Fence()
        since = answer.now if run.waiting_since is None else run.waiting_since
        if answer.now - since >= LEFTOVER_PATIENCE:
            return not_ready(run, reason("document_open"))
        return replace(run, phase=Phase.LEFTOVER_WAIT, waiting_since=since), Wait(1.0, "document_open")
    if status.cover_open:
        return not_ready(run, reason("cover_open"))
    if status.paper is Paper.RESUMABLE:
        return replace(run, phase=Phase.RESUME_PAPER), ContinuePrint()
    if status.paper is not Paper.PRESENT:
        return not_ready(run, reason("no_paper"))
    if status.shift is ShiftState.EXPIRED:
        if ctx.close_expired_shift:
            return replace(run, phase=Phase.END), Needs(Operation.CLOSE_SHIFT)
        return not_ready(run, reason("shift_expired"))
    if status.shift is ShiftState.CLOSED:
        if ctx.open_shift:
            return replace(run, phase=Phase.END), Needs(Operation.OPEN_SHIFT)
        return not_ready(run, reason("shift_closed"))
    return catch_up(run, status)


def leftover_in_doubt(run: Run, answer: Answered) -> Next:
    """A cancel that may still run is waited out, or it could strike the document of the attempt."""
    return replace(run, phase=Phase.LEFTOVER_WAIT), Wait(answer.remaining + MARGIN, "document_open")


def busy(run: Run, answer: Answered) -> Next:
    since = answer.now if run.busy_since is None else run.busy_since
    if answer.now - since >= LEFTOVER_PATIENCE:
        return not_ready(run, reason("device_busy"))
    return replace(run, phase=Phase.BUSY, busy_since=since), Wait(0.3, "device_busy")


def again(run: Run, _: Answered) -> Next:
    return replace(run, phase=Phase.STATUS), ReadStatus()


def not_ready_because(run: Run, answer: Answered) -> Next:
    return not_ready(run, answer.reason or reason("device_offline"))


def not_ready(run: Run, why: Reason) -> Next:
    return replace(run, phase=Phase.END), NotReady(why)


# --- R3: what does the archive hold that this journal has not seen? -------------------------------------------------


def catch_up(run: Run, status: Status) -> Next:
    same_fn = run.ctx.known_fn == status.fn_serial
    begin = run.ctx.highest_fd + 1 if same_fn else status.last_fd + 1
    if run.first is not None and run.first.fn_serial == status.fn_serial:
        begin = min(begin, run.first.last_fd + 1)
    run = replace(run, phase=Phase.CATCH_UP, seen=(), next_fd=begin, last_fd=status.last_fd)
    return read_on(run, caught_up)


def on_caught(run: Run, answer: Answered) -> Next:
    if answer.value is None:
        return not_ready(run, reason("archive_unreadable", detail=f"FD {run.next_fd}"))
    return on_document(run, answer, caught_up)


def caught_up(run: Run) -> Next:
    assert run.status is not None
    status = run.status
    if run.ctx.plan.imprint is not None:
        # A job without an attempt cannot own what is too old to be read in full.
        readable = [s for s in run.seen if run.first is not None or s.document.imprint is not None]
        verdict = decide(readable, run.ctx.plan, exclusive=run.ctx.exclusive)
        if isinstance(verdict, Proven):
            return replace(run, phase=Phase.FOUND), Commit(JobEvent.FOUND, {"document": verdict.document})
        if isinstance(verdict, Undecidable):
            return not_ready(run, reason(verdict.code, detail="; ".join(verdict.differences)))
    if run.ctx.known_fn != status.fn_serial or status.last_fd > run.ctx.highest_fd:
        return replace(run, phase=Phase.NOTE), NoteSeen(status.fn_serial, status.last_fd, run.seen)
    return begin(run, None)


def begin(run: Run, _: Answered | None) -> Next:
    assert run.status is not None
    snapshot = snapshot_of(run.status)
    first = run.first if run.first is not None and run.first.fn_serial == snapshot.fn_serial else snapshot
    return replace(run, phase=Phase.BEGIN, snapshot=snapshot, first=first), Begin(snapshot)


# --- R5 to R8: the attempt ------------------------------------------------------------------------------------------


def fill(run: Run, _: Answered) -> Next:
    return replace(run, phase=Phase.FILL), Fill()


def filled(run: Run, _: Answered) -> Next:
    return replace(run, phase=Phase.SUBTOTAL, own_open=True), ReadSubtotal()


def on_subtotal(run: Run, answer: Answered) -> Next:
    if answer.value != run.ctx.plan.total:
        return look(replace(run, cause=reason("total_differs", detail=f"{answer.value}, planned {run.ctx.plan.total}")))
    if not run.ctx.exclusive:
        return closing(run)
    return replace(run, phase=Phase.RECHECK), ReadStatus()


def on_recheck(run: Run, answer: Answered) -> Next:
    status: Status = answer.value
    assert run.snapshot is not None
    if status.last_fd != run.snapshot.last_fd or status.fn_serial != run.snapshot.fn_serial:
        return look(replace(run, cause=reason("total_differs", detail="another document came in between")))
    return closing(run)


def closing(run: Run) -> Next:
    return replace(run, phase=Phase.CLOSING, closing=True), Commit(JobEvent.CLOSING)


def close(run: Run, _: Answered) -> Next:
    return replace(run, phase=Phase.CLOSE), Close()


def closed(run: Run, answer: Answered) -> Next:
    """The answer is no proof yet; it says where to look."""
    return look(replace(run, reply=answer.value, own_open=False))


def refused(run: Run, answer: Answered) -> Next:
    """The register said no: it did nothing, and what is open is ours, unless the refusal is that one was open."""
    own = run.own_open or (answer.reason is not None and answer.reason.code != "document_open")
    return look(replace(run, cause=answer.reason, own_open=own))

"""May it start, what was before, INTENT, and the command."""

from __future__ import annotations

from dataclasses import replace

from agent.procedures import precheck
from agent.procedures.asks import (
    Answered,
    Begin,
    BeginOperation,
    Commit,
    Ended,
    NotReady,
    Operate,
    Operation,
    ReadCounters,
    ReadDocument,
    ReadTotals,
)
from agent.procedures.operation.cash import Moved, counted, ended_since, moved
from agent.procedures.operation.resolve import look
from agent.procedures.operation.run import ENDING, PROOF, WANTED, Next, Phase, Run
from agent.procedures.patience import PASSING
from agent.procedures.precheck import Ready, shift_for, snapshot_of
from drivers.api import CashCounters, ShiftState, Status
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent
from protocol.crm.outcomes import Reason


def checking(run: Run, answer: Answered) -> Next:
    assert run.check is not None
    check, ask = precheck.step(run.check, answer)
    if isinstance(ask, Ready):
        return _ready(replace(run, check=check, status=ask.status))
    return replace(run, check=check, phase=Phase.END if isinstance(ask, NotReady) else Phase.CHECK), ask


def _ready(run: Run) -> Next:
    first, status = run.first, _status(run)
    if not run.ctx.job and status.shift is WANTED[run.ctx.operation]:
        return replace(run, phase=Phase.END), Ended()
    if first is not None and first.fn_serial == status.fn_serial and not run.ctx.cash:
        run = replace(run, phase=Phase.EARLIER, next_fd=first.last_fd + 1, last_fd=status.last_fd)
        return _earlier(run)
    return _judge_state(run)


# --- a job that was begun before -------------------------------------------------------------------------------------


def _earlier(run: Run) -> Next:
    return (run, ReadDocument(run.next_fd)) if run.next_fd <= run.last_fd else _judge_state(run)


def on_earlier(run: Run, answer: Answered) -> Next:
    """A document of the right kind since the first attempt: the job is done, whenever the command struck."""
    if answer.value is None:
        return ENDING.not_ready(run, reason("archive_unreadable", detail=f"FD {run.next_fd}"))
    document = answer.value.document
    if document.kind is PROOF[run.ctx.operation]:
        return replace(run, phase=Phase.END), Commit(JobEvent.FOUND, {"document": document, "totals": None})
    return _earlier(replace(run, next_fd=run.next_fd + 1))


# --- what was before ------------------------------------------------------------------------------------------------


def _judge_state(run: Run) -> Next:
    state, operation = _status(run).shift, run.ctx.operation
    if run.ctx.cash:
        return _judge_cash(run, state)
    if operation is Operation.OPEN_SHIFT and state is not ShiftState.CLOSED:
        return _impossible_here(run, reason("shift_open" if state is ShiftState.OPEN else "shift_expired"))
    if operation is Operation.CLOSE_SHIFT and state is ShiftState.CLOSED:
        return _impossible_here(run, reason("shift_closed"))
    if operation is Operation.CLOSE_SHIFT and run.ctx.job:
        return replace(run, phase=Phase.TOTALS), ReadTotals()
    return begin(run, None)


def _judge_cash(run: Run, state: ShiftState) -> Next:
    """Its counters belong to a shift, which must not be opened by the very command that they shall prove."""
    ctx = run.ctx
    if ctx.cash_opens_shift and state is ShiftState.CLOSED:
        first = shift_for(state, open_shift=ctx.open_shift, close_expired_shift=False)
        assert first is not None
        return replace(run, phase=Phase.END), first
    return replace(run, phase=Phase.COUNTERS), ReadCounters()


def on_totals(run: Run, answer: Answered) -> Next:
    """A register that does not keep them closes its shift all the same: the document's own tags are left."""
    return begin(replace(run, totals=answer.value), answer)


def on_counters(run: Run, answer: Answered) -> Next:
    counters: CashCounters = answer.value
    status, ctx, first = _status(run), run.ctx, run.first
    snapshot = counted(snapshot_of(status), counters)
    if first is not None and ctx.exclusive and first.fn_serial == status.fn_serial:
        since = moved(first, counters, ctx.operation, ctx.amount, ended=ended_since(first, status))
        if since is Moved.ONCE:
            return replace(run, phase=Phase.END), Commit(JobEvent.FOUND, {"counters": counters})
    if ctx.operation is Operation.CASH_OUT and ctx.amount > counters.drawer:
        return _impossible_here(run, reason("cash_short", detail=f"{ctx.amount} of {counters.drawer}"))
    return begin(replace(run, snapshot=snapshot, counters=counters), answer)


def counters_refused(run: Run, answer: Answered) -> Next:
    """Without its counters nothing could be proven afterwards."""
    why = answer.reason or reason("unsupported")
    return ENDING.not_ready(run, why) if why.code in PASSING else _impossible_here(run, why)


def begin(run: Run, _: Answered | None) -> Next:
    snapshot = run.snapshot if run.snapshot is not None else snapshot_of(_status(run))
    ask = Begin(snapshot) if run.ctx.job else BeginOperation(run.ctx.operation, snapshot)
    return replace(run, phase=Phase.BEGIN, snapshot=snapshot), ask


def _impossible_here(run: Run, why: Reason) -> Next:
    """Of a job: it ends, nothing was sent. The policy only waits."""
    if not run.ctx.job:
        return ENDING.not_ready(run, why)
    return replace(run, phase=Phase.END), Commit(JobEvent.IMPOSSIBLE, {"reason": why})


def _status(run: Run) -> Status:
    assert run.status is not None
    return run.status


# --- the command ----------------------------------------------------------------------------------------------------


def operate(run: Run, _: Answered) -> Next:
    return replace(run, phase=Phase.OPERATE), Operate(run.ctx.operation)


def operated(run: Run, _: Answered) -> Next:
    """The answer is no proof yet."""
    return look(replace(run, replied=True))


def refused(run: Run, answer: Answered) -> Next:
    """The register said no: what the fiscal drive has begun is ours, unless the refusal is that something was open."""
    own = answer.reason is not None and answer.reason.code != "document_open"
    return look(replace(run, cause=answer.reason, own_open=own))

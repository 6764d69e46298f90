"""The table of the operation procedure: what follows on each kind of answer in each phase; and the ways to begin."""

from __future__ import annotations

from agent.journal.rows import Snapshot
from agent.procedures import precheck
from agent.procedures.asks import Answer, Answered, Reopen
from agent.procedures.operation.attempt import (
    checking,
    counters_refused,
    on_counters,
    on_earlier,
    on_totals,
    operate,
    operated,
    refused,
)
from agent.procedures.operation.resolve import (
    after_undecided,
    counters_unread,
    drained,
    ended,
    enter_doubt,
    fenced,
    in_doubt,
    moment,
    no_answer,
    on_archive,
    on_count,
    on_look,
    reopen,
    reopened,
    unreadable,
)
from agent.procedures.operation.run import ENDING, Context, Handler, Next, Phase, Run
from agent.procedures.precheck import Wants
from agent.procedures.table import row
from protocol.crm.codes import reason


def start(ctx: Context, first: Snapshot | None = None) -> Next:
    """A job whose state is ``accepted``, or an operation of the desk's policy. ``first`` is the snapshot of the job's
    first attempt, if there was one."""
    check, ask = precheck.start(ctx.register_serial, exclusive=ctx.exclusive, wants=Wants())
    return Run(ctx, Phase.CHECK, check=check, first=first), ask


def resume(ctx: Context, *, snapshot: Snapshot, doubted: bool = False, human: str | None = None) -> Next:
    """After a restart with an open intent: the lost command's whole maximum time is still to run, and it is waited for:
    an opening may have been sent once more already, and lease and epoch may be gone. ``snapshot`` is that of the
    attempt, ``human`` the case that a person was told of."""
    run = Run(
        ctx, Phase.DOUBT, snapshot=snapshot, doubted=doubted, human=human, remaining=ctx.longest,
        repeated=True, cause=reason("cash_in_doubt" if ctx.cash else "shift_in_doubt"),
    )  # fmt: skip
    return enter_doubt(run)


def look_again(ctx: Context, *, snapshot: Snapshot, human: str | None) -> Next:
    """A job in doubt whose waiting time is over (a person decided, or the device may have come back)."""
    return Run(ctx, Phase.REOPEN, snapshot=snapshot, doubted=True, human=human), Reopen()


def step(run: Run, answer: Answered) -> Next:
    """What to do after ``answer``. Pure; the same inputs give the same result."""
    return TABLE[run.phase, answer.kind](run, answer)


_P = Phase


TABLE: dict[tuple[Phase, Answer], Handler] = {
    **row(_P.CHECK, checking, checking, checking, checking),
    **row(_P.EARLIER, on_earlier, ENDING.not_ready_because, ENDING.not_ready_because, ENDING.not_ready_because),
    **row(_P.TOTALS, on_totals, ENDING.not_ready_because, on_totals, ENDING.not_ready_because),
    **row(_P.COUNTERS, on_counters, ENDING.not_ready_because, counters_refused, ENDING.not_ready_because),
    **row(_P.BEGIN, operate, refused=ENDING.not_ready_because),
    **row(_P.OPERATE, operated, in_doubt, refused, in_doubt),
    **row(_P.DOUBT, moment),
    **row(_P.MOMENT, drained),
    **row(_P.RETRY, reopen),
    **row(_P.REOPEN, reopened, no_answer, no_answer, no_answer),
    **row(_P.LOOK, on_look, no_answer, no_answer, no_answer),
    **row(_P.FENCE, fenced, no_answer, no_answer, in_doubt),
    **row(_P.ARCHIVE, on_archive, no_answer, unreadable, no_answer),
    **row(_P.COUNT, on_count, no_answer, counters_unread, no_answer),
    **row(_P.UNDECIDED, after_undecided),
    **row(_P.OUTCOME, ended),
    **row(_P.END, ended),
}

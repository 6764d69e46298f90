"""The table of the payment procedure: what follows on each kind of answer in each phase; and the ways to begin."""

from __future__ import annotations

from agent.procedures.asks import Answer, Answered
from agent.procedures.payment.asks import ReadTerminal, ReopenTerminal
from agent.procedures.payment.attempt import (
    before,
    before_unknown,
    begun,
    checked,
    in_doubt,
    moved,
    not_begun,
)
from agent.procedures.payment.resolve import (
    after_undecided,
    drained,
    enter_doubt,
    found,
    moment,
    no_answer,
    on_last,
    reopen,
    reopened,
    undecidable,
)
from agent.procedures.payment.run import ENDING, Context, Handler, Next, Phase, Run
from agent.procedures.table import row
from drivers.terminal_api import Transaction
from protocol.crm.codes import reason


def start(ctx: Context) -> Next:
    """Nothing has been asked of the terminal for this movement yet."""
    return Run(ctx, Phase.CHECK), ReadTerminal()


def resume(
    ctx: Context,
    *,
    reference: int,
    last: Transaction | None,
    approved: Transaction | None = None,
    doubted: bool = False,
    human: str | None = None,
) -> Next:
    """After a restart with an open INTENT: the operation's whole time is still to run. ``last`` and ``reference`` are
    INTENT's, ``approved`` is CLOSING's, ``human`` the case that a person was told of."""
    run = Run(
        ctx, Phase.DOUBT, last=last, reference=reference, approved=approved, doubted=doubted, human=human,
        remaining=ctx.capabilities.max_time["money"], cause=reason("payment_in_doubt"),
    )  # fmt: skip
    return enter_doubt(run)


def look_again(
    ctx: Context, *, reference: int, last: Transaction | None, approved: Transaction | None, human: str | None
) -> Next:
    """A movement in doubt whose waiting time is over: a person has decided or is awaited."""
    run = Run(ctx, Phase.REOPEN, last=last, reference=reference, approved=approved, doubted=True, human=human)
    return run, ReopenTerminal()


def step(run: Run, answer: Answered) -> Next:
    """What to do after ``answer``. Pure; the same inputs give the same result."""
    return TABLE[run.phase, answer.kind](run, answer)


_P = Phase


TABLE: dict[tuple[Phase, Answer], Handler] = {
    **row(_P.CHECK, checked, ENDING.not_ready_because, ENDING.not_ready_because, ENDING.not_ready_because),
    **row(_P.BEFORE, before, ENDING.not_ready_because, before_unknown, ENDING.not_ready_because),
    **row(_P.BEGIN, begun, refused=ENDING.not_ready_because),
    **row(_P.MOVE, moved, not_begun, not_begun, in_doubt),
    **row(_P.DOUBT, moment),
    **row(_P.MOMENT, drained),
    **row(_P.RETRY, reopen),
    **row(_P.REOPEN, reopened, no_answer, no_answer, no_answer),
    **row(_P.FIND, found, no_answer, no_answer, no_answer),
    **row(_P.AFTER, on_last, no_answer, undecidable, no_answer),
    **row(_P.UNDECIDED, after_undecided),
    **row(_P.OUTCOME, ENDING.ended),
    **row(_P.END, ENDING.ended),
}

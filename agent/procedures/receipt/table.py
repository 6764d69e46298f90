"""The table of the receipt procedure: what follows on each kind of answer in each phase; and the ways to begin."""

from __future__ import annotations

from agent.journal.rows import Snapshot
from agent.procedures import precheck
from agent.procedures.asks import Answer, Answered, Reopen
from agent.procedures.precheck import Wants
from agent.procedures.receipt.attempt import (
    able,
    begin,
    checking,
    close,
    closed,
    fill,
    filled,
    on_caught,
    on_recheck,
    on_subtotal,
    refused,
    unable,
)
from agent.procedures.receipt.paper import after_outcome, ask_paper, finish, on_paper, paper_noted
from agent.procedures.receipt.resolve import (
    after_undecided,
    drain,
    enter_doubt,
    fence_in_doubt,
    fenced,
    first_look,
    in_doubt,
    look_whole,
    no_answer,
    on_archive,
    on_look,
    on_read,
    on_read_back,
    peek,
    peek_document,
    peek_reopened,
    peek_status,
    reopen,
    reopened,
    unreadable,
)
from agent.procedures.receipt.run import ENDING, Context, Handler, Next, Phase, Run
from agent.procedures.table import row
from protocol.crm.codes import reason

# --- beginnings -----------------------------------------------------------------------------------------------------


def start(ctx: Context, first: Snapshot | None) -> Next:
    """A job whose state is ``accepted``. ``first`` is the snapshot of an earlier attempt, if there was one."""
    check, ask = precheck.start(ctx.register_serial, exclusive=ctx.exclusive, wants=Wants())
    return Run(ctx, Phase.CHECK, check=check, first=first), ask


def resume(
    ctx: Context, *, first: Snapshot, snapshot: Snapshot, closing: bool, doubted: bool, human: str | None
) -> Next:
    """A job with an open INTENT after a restart: the outstanding command gets its whole maximum time."""
    longest = max(ctx.max_time["close" if closing else "fill"], ctx.max_time["cancel"])  # it may have been the fence
    run = Run(
        ctx, Phase.DOUBT, first=first, snapshot=snapshot, doubted=doubted, human=human, remaining=longest,
        closing=closing, cause=reason("resolving"),
    )  # fmt: skip
    return enter_doubt(run)


def look_again(ctx: Context, *, first: Snapshot, snapshot: Snapshot, closing: bool, human: str | None) -> Next:
    """A job in doubt whose waiting time is over (a person decided, or the device may have come back)."""
    run = Run(ctx, Phase.REOPEN, first=first, snapshot=snapshot, doubted=True, human=human, closing=closing)
    return run, Reopen()


def step(run: Run, answer: Answered) -> Next:
    """What to do after ``answer``. Pure; the same inputs give the same result."""
    return TABLE[run.phase, answer.kind](run, answer)


# --- the table ------------------------------------------------------------------------------------------------------

_P = Phase


TABLE: dict[tuple[Phase, Answer], Handler] = {
    **row(_P.CHECK, checking, checking, checking, checking),
    **row(_P.CATCH_UP, on_caught, ENDING.not_ready_because, ENDING.not_ready_because, ENDING.not_ready_because),
    **row(_P.NOTE, able),
    **row(_P.ABLE, begin, ENDING.not_ready_because, unable, ENDING.not_ready_because),
    **row(_P.FOUND, after_outcome),
    **row(_P.BEGIN, fill, refused=ENDING.not_ready_because),
    **row(_P.FILL, filled, in_doubt, refused, in_doubt),
    **row(_P.SUBTOTAL, on_subtotal, in_doubt, refused, in_doubt),
    **row(_P.RECHECK, on_recheck, in_doubt, refused, in_doubt),
    **row(_P.CLOSING, close),
    **row(_P.CLOSE, closed, in_doubt, refused, in_doubt),
    **row(_P.READ_BACK, on_read_back, no_answer, look_whole, no_answer),
    **row(_P.READ, on_read, no_answer, look_whole, no_answer),
    **row(_P.DOUBT, first_look),
    **row(_P.PEEK_WAIT, peek),
    **row(_P.PEEK_REOPEN, peek_reopened, drain, drain, drain),
    **row(_P.PEEK_STATUS, peek_status, drain, drain, drain),
    **row(_P.PEEK_ARCHIVE, peek_document, drain, drain, drain),
    **row(_P.DRAIN, reopen),
    **row(_P.RETRY, reopen),
    **row(_P.REOPEN, reopened, no_answer, no_answer, no_answer),
    **row(_P.LOOK, on_look, no_answer, no_answer, no_answer),
    **row(_P.FENCE, fenced, no_answer, no_answer, fence_in_doubt),
    **row(_P.ARCHIVE, on_archive, no_answer, unreadable, no_answer),
    **row(_P.UNDECIDED, after_undecided),
    **row(_P.OUTCOME, after_outcome),
    **row(_P.PAPER, on_paper, finish, finish, finish),
    **row(_P.PAPER_WAIT, ask_paper),
    **row(_P.PAPER_NOTE, paper_noted),
    **row(_P.END, finish),
}

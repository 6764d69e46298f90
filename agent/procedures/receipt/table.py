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
    not_ready_because,
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
    no_answer,
    on_archive,
    on_look,
    peek,
    peek_document,
    peek_reopened,
    peek_status,
    reopen,
    reopened,
    unreadable,
)
from agent.procedures.receipt.run import Context, Handler, Next, Phase, Run
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


def _impossible(run: Run, answer: Answered) -> Next:
    raise AssertionError(f"{run.phase}: no ask of this phase is answered by {answer.kind}")


# --- the table ------------------------------------------------------------------------------------------------------

_P, _A = Phase, Answer


def _row(
    phase: Phase, ok: Handler, not_sent: Handler, refused: Handler, doubt: Handler
) -> dict[tuple[Phase, Answer], Handler]:
    return {
        (phase, _A.OK): ok,
        (phase, _A.NOT_SENT): not_sent,
        (phase, _A.REFUSED): refused,
        (phase, _A.DOUBT): doubt,
    }


def _only(phase: Phase, ok: Handler) -> dict[tuple[Phase, Answer], Handler]:
    """A wait or a commit: it is answered, or the process ends."""
    return _row(phase, ok, _impossible, _impossible, _impossible)


TABLE: dict[tuple[Phase, Answer], Handler] = {
    **_row(_P.CHECK, checking, checking, checking, checking),
    **_row(_P.CATCH_UP, on_caught, not_ready_because, not_ready_because, not_ready_because),
    **_only(_P.NOTE, able),
    **_row(_P.ABLE, begin, not_ready_because, unable, not_ready_because),
    **_only(_P.FOUND, after_outcome),
    **_row(_P.BEGIN, fill, _impossible, not_ready_because, _impossible),
    **_row(_P.FILL, filled, in_doubt, refused, in_doubt),
    **_row(_P.SUBTOTAL, on_subtotal, in_doubt, refused, in_doubt),
    **_row(_P.RECHECK, on_recheck, in_doubt, refused, in_doubt),
    **_only(_P.CLOSING, close),
    **_row(_P.CLOSE, closed, in_doubt, refused, in_doubt),
    **_only(_P.DOUBT, first_look),
    **_only(_P.PEEK_WAIT, peek),
    **_row(_P.PEEK_REOPEN, peek_reopened, drain, drain, drain),
    **_row(_P.PEEK_STATUS, peek_status, drain, drain, drain),
    **_row(_P.PEEK_ARCHIVE, peek_document, drain, drain, drain),
    **_only(_P.DRAIN, reopen),
    **_only(_P.RETRY, reopen),
    **_row(_P.REOPEN, reopened, no_answer, no_answer, no_answer),
    **_row(_P.LOOK, on_look, no_answer, no_answer, no_answer),
    **_row(_P.FENCE, fenced, no_answer, no_answer, fence_in_doubt),
    **_row(_P.ARCHIVE, on_archive, no_answer, unreadable, no_answer),
    **_only(_P.UNDECIDED, after_undecided),
    **_only(_P.OUTCOME, after_outcome),
    **_row(_P.PAPER, on_paper, finish, finish, finish),
    **_only(_P.PAPER_WAIT, ask_paper),
    **_only(_P.PAPER_NOTE, paper_noted),
    **_row(_P.END, finish, _impossible, _impossible, _impossible),
}

"""R1 to R8: may it start, what does the archive hold, and the attempt up to the closing command."""

from __future__ import annotations

from dataclasses import replace

from agent.procedures import precheck
from agent.procedures.asks import (
    Able,
    Answered,
    Begin,
    CheckReceipt,
    Close,
    Commit,
    Fill,
    NoteSeen,
    NotReady,
    ReadArchiveEnd,
    ReadSubtotal,
)
from agent.procedures.evidence import Proven, Undecidable, decide
from agent.procedures.patience import PASSING
from agent.procedures.precheck import Ready, shift_for, snapshot_of
from agent.procedures.receipt.resolve import look, read_back
from agent.procedures.receipt.run import ENDING, Next, Phase, Run, on_document, read_on
from drivers.api import ArchiveEnd, Status
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent
from protocol.crm.outcomes import Reason

PAYS_OUT = (2, 3)  # tag 1054: sell_return and buy pay the customer

# --- R1, R2: may it start? ------------------------------------------------------------------------------------------


def checking(run: Run, answer: Answered) -> Next:
    assert run.check is not None
    check, ask = precheck.step(run.check, answer)
    if isinstance(ask, Ready):
        return judge_shift(replace(run, check=check, status=ask.status))
    return replace(run, check=check, phase=Phase.END if isinstance(ask, NotReady) else Phase.CHECK), ask


def judge_shift(run: Run) -> Next:
    """R2: an expired or closed shift is the matter of a procedure of its own, if the desk wants that."""
    assert run.status is not None
    ctx = run.ctx
    first = shift_for(run.status.shift, open_shift=ctx.open_shift, close_expired_shift=ctx.close_expired_shift)
    return catch_up(run, run.status) if first is None else (replace(run, phase=Phase.END), first)


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
        return ENDING.not_ready(run, reason("archive_unreadable", detail=f"FD {run.next_fd}"))
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
            return ENDING.not_ready(run, reason(verdict.code, detail="; ".join(verdict.differences)))
    if run.ctx.known_fn != status.fn_serial or status.last_fd > run.ctx.highest_fd:
        return replace(run, phase=Phase.NOTE), NoteSeen(status.fn_serial, status.last_fd, run.seen)
    return able(run, None)


# --- R4: can the register make it at all? ---------------------------------------------------------------------------


def able(run: Run, _: Answered | None) -> Next:
    """Asked only when the archive has shown that the receipt is not there already: "impossible" ends the job."""
    assert run.status is not None
    plan, drawer = run.ctx.plan, run.status.drawer
    if plan.sign in PAYS_OUT and drawer is not None and plan.payments.cash > drawer:
        return impossible(run, reason("cash_short", detail=f"{plan.payments.cash} of {drawer}"))
    return replace(run, phase=Phase.ABLE), CheckReceipt()


def unable(run: Run, answer: Answered) -> Next:
    """The register could never make it, unless the refusal is one that time or a hand at the register changes."""
    why = answer.reason or reason("register_refused")
    return ENDING.not_ready(run, why) if why.code in PASSING else impossible(run, why)


def impossible(run: Run, why: Reason) -> Next:
    return replace(run, phase=Phase.END), Commit(JobEvent.IMPOSSIBLE, {"reason": why})


def begin(run: Run, _: Answered) -> Next:
    assert run.status is not None
    if run.ctx.only_look:
        return replace(run, phase=Phase.END), Able()
    snapshot = snapshot_of(run.status)
    first = run.first if run.first is not None and run.first.fn_serial == snapshot.fn_serial else snapshot
    return replace(run, phase=Phase.BEGIN, snapshot=snapshot, first=first), Begin(snapshot)


NOT_OURS = frozenset({"document_open", "document_closed", "other_operator", "wrong_state"})
"""Refusals after which an open document may be another program's: the register was not as our opening left it."""

# --- R5 to R8: the attempt ------------------------------------------------------------------------------------------


def fill(run: Run, _: Answered) -> Next:
    return replace(run, phase=Phase.FILL), Fill()


def filled(run: Run, _: Answered) -> Next:
    return replace(run, phase=Phase.SUBTOTAL, own_open=True), ReadSubtotal()


def on_subtotal(run: Run, answer: Answered) -> Next:
    planned = run.ctx.plan.lines_total
    if answer.value != planned:
        return look(replace(run, cause=reason("total_differs", detail=f"{answer.value}, planned {planned}")))
    if not run.ctx.exclusive:
        return closing(run)
    return replace(run, phase=Phase.RECHECK), ReadArchiveEnd()


def on_recheck(run: Run, answer: Answered) -> Next:
    end: ArchiveEnd = answer.value
    assert run.snapshot is not None
    if end.last_fd != run.snapshot.last_fd or end.fn_serial != run.snapshot.fn_serial:
        return look(replace(run, cause=reason("total_differs", detail="another document came in between")))
    return closing(run)


def closing(run: Run) -> Next:
    return replace(run, phase=Phase.CLOSING, closing=True), Commit(JobEvent.CLOSING)


def close(run: Run, _: Answered) -> Next:
    return replace(run, phase=Phase.CLOSE), Close()


def closed(run: Run, answer: Answered) -> Next:
    """The answer is no proof yet; it says where to look."""
    return read_back(replace(run, reply=answer.value, own_open=False))


def refused(run: Run, answer: Answered) -> Next:
    """The register said no: it did nothing, and what is open is ours, unless the refusal may mean that another
    program's document was in the way."""
    own = run.own_open or (answer.reason is not None and answer.reason.code not in NOT_OURS)
    return look(replace(run, cause=answer.reason, own_open=own))

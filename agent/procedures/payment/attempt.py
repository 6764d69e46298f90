"""May it start, what was before, INTENT, and the terminal's own answer."""

from __future__ import annotations

from dataclasses import replace

from agent.procedures.asks import Answered
from agent.procedures.payment.asks import BeginMove, CommitMove, Move, MoveEvent, ReadLast
from agent.procedures.payment.resolve import enter_doubt, judged
from agent.procedures.payment.run import ENDING, Next, Phase, Run
from agent.procedures.terminal_check import unready
from drivers.terminal_api import TerminalStatus, Transaction
from protocol.crm.codes import reason


def checked(run: Run, answer: Answered) -> Next:
    status: TerminalStatus = answer.value
    if (why := unready(status, run.ctx.terminal_id)) is not None:
        return ENDING.not_ready(run, why)
    run = replace(run, status=status)
    if run.ctx.capabilities.last_transaction:
        return replace(run, phase=Phase.BEFORE), ReadLast()
    return replace(run, phase=Phase.BEGIN), BeginMove(None)


def before(run: Run, answer: Answered) -> Next:
    last: Transaction | None = answer.value
    return replace(run, phase=Phase.BEGIN, last=last), BeginMove(last)


def before_unknown(run: Run, _: Answered) -> Next:
    """It has none to tell of, or does not tell: then a look at it afterwards proves nothing either."""
    return replace(run, phase=Phase.BEGIN), BeginMove(None)


def begun(run: Run, answer: Answered) -> Next:
    return replace(run, phase=Phase.MOVE, reference=answer.value), Move(answer.value)


def moved(run: Run, answer: Answered) -> Next:
    transaction: Transaction = answer.value
    return judged(run, answer, transaction)


def not_begun(run: Run, answer: Answered) -> Next:
    """The terminal has not begun it, for certain. Whoever wants it again asks again: nothing with money is repeated by
    itself."""
    ask = CommitMove(MoveEvent.NOT_TAKEN, reason=answer.reason or reason("terminal_refused"))
    return replace(run, phase=Phase.OUTCOME), ask


def in_doubt(run: Run, answer: Answered) -> Next:
    approved: Transaction | None = answer.value
    return enter_doubt(replace(run, cause=answer.reason, remaining=answer.remaining, approved=approved))

"""What became of the money: wait, reopen, the reference, what the terminal did last, decide.

A terminal's own answer to this very operation decides at any time. That nothing was moved is believed only of a
terminal that records an operation before it asks the bank; of every other one a person is asked, who can see the slip.
An operation is never repeated, and never taken back, from here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from agent.procedures.asks import Answered, Wait
from agent.procedures.patience import MARGIN, PEEK_AFTER, SILENT_AFTER
from agent.procedures.payment.asks import CommitMove, FindMove, MoveEvent, ReadLast, ReopenTerminal
from agent.procedures.payment.records import Since, since_then, told
from agent.procedures.payment.run import Next, Phase, Run
from drivers.terminal_api import Found, Outcome, TerminalIdentity, Transaction
from protocol.crm.codes import reason
from protocol.crm.outcomes import Decision

LOOKS = 2  # equal answers, after everything that was lost has had its time, before a person is asked
BETWEEN = 20.0  # seconds between them
WAITING = "payment_in_doubt"

# --- an answer to this very operation ------------------------------------------------------------------------------


def judged(run: Run, answer: Answered, said: Transaction) -> Next:
    """``said`` is provably about this operation."""
    if said.outcome is not Outcome.APPROVED:
        code = "payment_reversed" if said.outcome is Outcome.REVERSED else said.reason or "payment_declined"
        why = reason(code, vendor=said.code or None, detail=said.text or None)
        return replace(run, phase=Phase.OUTCOME), CommitMove(MoveEvent.NOT_TAKEN, said, why)
    run = replace(run, approved=said)
    expected = run.ctx.terminal_id
    if said.amount is not None and said.amount != run.ctx.movement.amount:
        return _told(run, answer, "payment_amount_differs")
    if expected and said.terminal_id and said.terminal_id != expected:
        return _told(run, answer, "terminal_changed")
    return replace(run, phase=Phase.OUTCOME), CommitMove(MoveEvent.TAKEN, said)


# --- doubt ---------------------------------------------------------------------------------------------------------


def enter_doubt(run: Run) -> Next:
    if run.doubted:
        return moment(run, None)
    ask = CommitMove(MoveEvent.DOUBT, reason=run.cause or reason(WAITING))
    return replace(run, phase=Phase.DOUBT, doubted=True), ask


def moment(run: Run, _: Answered | None) -> Next:
    return replace(run, phase=Phase.MOMENT), Wait(PEEK_AFTER, WAITING)


def drained(run: Run, answer: Answered) -> Next:
    """From now on an answer to this operation may prove; silence proves nothing before its whole time has passed, nor
    before the terminal's own reversal."""
    lost = run.remaining + run.ctx.capabilities.reverses_unacknowledged
    quiet_until = max(run.quiet_until, answer.now + lost + MARGIN - PEEK_AFTER)
    return reopen(replace(run, quiet_until=quiet_until, remaining=0.0), answer)


def reopen(run: Run, answer: Answered) -> Next:
    return replace(run, phase=Phase.REOPEN, since=_since(run, answer)), ReopenTerminal()


def reopened(run: Run, answer: Answered) -> Next:
    identity: TerminalIdentity = answer.value
    expected = run.ctx.terminal_id
    if expected and identity.terminal_id and identity.terminal_id != expected:
        return retry(run, answer, "terminal_changed")
    if run.ctx.capabilities.finds:
        return replace(run, phase=Phase.FIND), FindMove(run.reference)
    return _look_at_last(run, answer)


def found(run: Run, answer: Answered) -> Next:
    match answer.value:
        case Transaction() as said:
            return judged(run, answer, said)
        case Found.IN_PROGRESS:
            return retry(run, answer, "terminal_busy")
        case Found.NEVER_BEGUN if answer.now >= run.quiet_until:
            why = reason("payment_not_charged")
            return replace(run, phase=Phase.OUTCOME), CommitMove(MoveEvent.NOT_TAKEN, reason=why)
        case Found.NEVER_BEGUN:
            return _wait_out(run, answer)
        case _:
            return _look_at_last(run, answer)


def _look_at_last(run: Run, answer: Answered) -> Next:
    if run.approved is not None and run.ctx.capabilities.reverses_unacknowledged == 0.0:
        return judged(run, answer, run.approved)  # it was final when it was said, and nothing takes it back
    if run.ctx.capabilities.last_transaction:
        return replace(run, phase=Phase.AFTER), ReadLast()
    return undecidable(run, answer)


def on_last(run: Run, answer: Answered) -> Next:
    said: Transaction | None = answer.value
    run = replace(run, after=said)
    if run.approved is None and not run.ctx.exclusive:
        return undecidable(run, answer)  # another program may have moved the same sum
    match since_then(run.last, said, run.ctx.movement, run.approved):
        case Since.OURS:
            assert said is not None
            acknowledged = run.ctx.capabilities.reverses_unacknowledged == 0.0
            if said.outcome is Outcome.APPROVED and not acknowledged and answer.now < run.quiet_until:
                return _wait_out(run, answer)  # it may yet take it back by itself
            return judged(run, answer, said)
        case Since.NOTHING | Since.UNCLEAR:
            return undecidable(run, answer)


def _wait_out(run: Run, answer: Answered) -> Next:
    left = max(0.0, run.quiet_until - answer.now)
    return replace(run, phase=Phase.RETRY, polls=run.polls + 1), Wait(min(_delay(run.polls), left), WAITING)


# --- a person ------------------------------------------------------------------------------------------------------


def undecidable(run: Run, answer: Answered) -> Next:
    """The records do not tell. They are looked at again once everything has had its time; then a person is asked, and
    the asking goes on."""
    if answer.now < run.quiet_until:
        return _wait_out(run, answer)
    if run.ctx.decision is not None:
        return _decided(run)
    if run.unclear + 1 < LOOKS:
        return replace(run, phase=Phase.RETRY, unclear=run.unclear + 1), Wait(BETWEEN, WAITING)
    return _told(run, answer, "payment_unclear")


def _told(run: Run, answer: Answered, code: str, *, last: str | None = None) -> Next:
    if run.ctx.decision is not None:
        return _decided(run)
    if run.human is not None:
        return after_undecided(run, answer)
    evidence = {**_evidence(run, code), **({"last": last} if last is not None else {})}
    run = replace(run, phase=Phase.UNDECIDED, human=code, doubted=True)
    return run, CommitMove(MoveEvent.UNDECIDABLE, reason=reason(code, detail=last), evidence=evidence)


def _evidence(run: Run, code: str) -> dict[str, Any]:
    movement = run.ctx.movement
    return {
        "case": code,
        "operation": movement.operation.value,
        "amount": movement.amount,
        "reference": run.reference,
        "terminal_id": run.ctx.terminal_id,
        "before": told(run.last),
        "after": told(run.after),
        "approved": told(run.approved),
    }


def _decided(run: Run) -> Next:
    done = run.ctx.decision is Decision.DONE
    event = MoveEvent.DECIDED_TAKEN if done else MoveEvent.DECIDED_NOT_TAKEN
    return replace(run, phase=Phase.OUTCOME), CommitMove(event, run.approved if done else None)


def after_undecided(run: Run, _: Answered) -> Next:
    return replace(run, phase=Phase.RETRY), Wait(30.0, run.human or WAITING)


# --- asking again --------------------------------------------------------------------------------------------------


def retry(run: Run, answer: Answered, code: str) -> Next:
    """Ask again after a while; after 15 minutes without a decision a person is told, and the asking goes on."""
    since = _since(run, answer)
    quiet = answer.now >= run.quiet_until
    if run.ctx.decision is not None and quiet:
        return _decided(run)
    run = replace(run, since=since, polls=run.polls + 1)
    if answer.now - since >= SILENT_AFTER and run.human is None:
        return _told(run, answer, "terminal_changed" if code == "terminal_changed" else "payment_unclear", last=code)
    return replace(run, phase=Phase.RETRY), Wait(_delay(run.polls - 1), WAITING)


def no_answer(run: Run, answer: Answered) -> Next:
    return retry(run, answer, answer.reason.code if answer.reason is not None else "terminal_offline")


def _since(run: Run, answer: Answered) -> float:
    return answer.now if run.since is None else run.since


def _delay(polls: int) -> float:
    return min(5.0, 0.25 * 2.0 ** min(polls, 8))

"""What became of the command: a moment, reopen, look, fence, the register's own records, decide."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from agent.procedures.asks import (
    Answered,
    Commit,
    Ended,
    EndOperation,
    Fence,
    NotReady,
    Operate,
    Operation,
    ReadCounters,
    ReadDocument,
    ReadStatus,
    Reopen,
    Wait,
)
from agent.procedures.evidence import summaries
from agent.procedures.operation.cash import Moved, ended_since, moved, shown
from agent.procedures.operation.run import PROOF, WANTED, Next, Phase, Run
from agent.procedures.patience import LEFTOVER_PATIENCE, MARGIN, PEEK_AFTER, SILENT_AFTER, UNREADABLE_AFTER
from drivers.api import FiscalDocument, Identity, Status
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent
from protocol.crm.outcomes import Decision

# --- doubt ----------------------------------------------------------------------------------------------------------


def in_doubt(run: Run, answer: Answered) -> Next:
    cause = run.cause or answer.reason
    return enter_doubt(replace(run, cause=cause, remaining=answer.remaining, own_open=False))


def enter_doubt(run: Run) -> Next:
    if run.doubted or not run.ctx.job:
        return moment(run, None)
    told = Commit(JobEvent.DOUBT, {"reason": run.cause or reason(waiting_code(run))})
    return replace(run, phase=Phase.DOUBT, doubted=True), told


def moment(run: Run, _: Answered | None) -> Next:
    return replace(run, phase=Phase.MOMENT), Wait(PEEK_AFTER, waiting_code(run))


def drained(run: Run, answer: Answered) -> Next:
    """From now on a document or a counter may prove; until the command's whole time has passed absence does not."""
    quiet_until = max(run.quiet_until, answer.now + run.remaining + MARGIN - PEEK_AFTER)
    return reopen(replace(run, quiet_until=quiet_until, remaining=0.0), answer)


def reopen(run: Run, answer: Answered) -> Next:
    return replace(run, phase=Phase.REOPEN, since=_since(run, answer)), Reopen()


def reopened(run: Run, answer: Answered) -> Next:
    identity: Identity = answer.value
    run = replace(run, since=_since(run, answer))
    if identity.register_serial != run.ctx.register_serial:
        return retry(run, answer, "wrong_device")
    return look(run)


def look(run: Run) -> Next:
    return replace(run, phase=Phase.LOOK, seen=(), counters=None), ReadStatus()


def on_look(run: Run, answer: Answered) -> Next:
    status: Status = answer.value
    before = run.snapshot
    assert before is not None
    run = replace(run, status=status, since=_since(run, answer))
    if (status.register_serial, status.fn_serial) != (before.register_serial, before.fn_serial):
        return _replaced(run, answer)
    if run.ctx.cash:
        if status.busy:
            return retry(run, answer, "device_busy", answers=True)
        return replace(run, phase=Phase.COUNT), ReadCounters()
    if status.busy and status.shift is not WANTED[run.ctx.operation]:
        return retry(run, answer, "device_busy", answers=True)
    if status.fn_document_open or status.document_open:
        # A receipt that is open is nobody's but another program's: an operation begins a document on the drive only.
        # Whoever has begun one there goes on within the command's time: after it nobody will.
        abandoned = answer.now >= run.quiet_until + LEFTOVER_PATIENCE
        if run.ctx.exclusive or (not status.document_open and (run.own_open or abandoned)):
            return replace(run, phase=Phase.FENCE), Fence()
        return retry(run, answer, "document_open", answers=True)
    run = replace(run, phase=Phase.ARCHIVE, next_fd=before.last_fd + 1, last_fd=status.last_fd)
    return _read_on(run, answer)


def _replaced(run: Run, answer: Answered) -> Next:
    """What the drive that is gone has recorded can never be asked again. The policy lets go: on the new one nothing was
    begun. A job needs a person."""
    if run.ctx.job:
        return undecidable(run, answer, "fn_replaced")
    ended = EndOperation(run.ctx.operation, None)
    return replace(run, phase=Phase.OUTCOME, cause=reason("fn_replaced")), ended


def fenced(run: Run, answer: Answered) -> Next:
    """Read again; more slowly when the register keeps it open."""
    run = replace(run, polls=run.polls + 1)
    return retry(run, answer, "document_open") if run.polls > 3 else look(run)


# --- the records ----------------------------------------------------------------------------------------------------


def _read_on(run: Run, answer: Answered) -> Next:
    return (run, ReadDocument(run.next_fd)) if run.next_fd <= run.last_fd else _judge_shift(run, answer)


def on_archive(run: Run, answer: Answered) -> Next:
    if answer.value is None:
        return unreadable(run, answer)
    return _read_on(replace(run, seen=(*run.seen, answer.value.document), next_fd=run.next_fd + 1), answer)


def unreadable(run: Run, answer: Answered) -> Next:
    return undecidable(run, answer, "archive_unreadable")


def _judge_shift(run: Run, answer: Answered) -> Next:
    """The document proves, whatever the state is by now: somebody may have gone on. The first one is the command's: the
    shift was not as wanted when INTENT was written. On a desk that other programs use it may be theirs, and ours still
    on its way: it must not strike what comes next."""
    assert run.status is not None
    operation = run.ctx.operation
    document = next((d for d in run.seen if d.kind is PROOF[operation]), None)
    if document is not None:
        nothing_comes = run.ctx.exclusive or answer.now >= run.quiet_until
        return _proven(run, document) if nothing_comes else _wait_out(run, answer)
    if run.status.shift is WANTED[operation]:
        return undecidable(run, answer, "shift_unclear") if run.ctx.job else _by_state(run)
    if answer.now >= run.quiet_until:
        return _none(run)
    untold = run.human is None and run.ctx.decision is None
    if operation is Operation.OPEN_SHIFT and not run.repeated and untold:
        return replace(run, phase=Phase.OPERATE, repeated=True), Operate(operation)
    return _wait_out(run, answer)


def _by_state(run: Run) -> Next:
    """What the policy wanted is a state: without a document the state itself says whether it came about."""
    assert run.status is not None
    operation = run.ctx.operation
    if run.status.shift is not WANTED[operation]:
        return _none(run)
    return replace(run, phase=Phase.OUTCOME, done=True), EndOperation(operation, None, already=True)


def on_count(run: Run, answer: Answered) -> Next:
    """One operation of the amount more is the proof. On a desk that other programs use it may be theirs: there it
    counts only beside the register's own answer to our command."""
    ctx = run.ctx
    run = replace(run, counters=answer.value)
    assert run.snapshot is not None
    assert run.status is not None
    assert run.counters is not None
    ended = ended_since(run.snapshot, run.status)
    told = moved(run.snapshot, run.counters, ctx.operation, ctx.amount, ended=ended)
    quiet = answer.now >= run.quiet_until
    if told is Moved.ONCE and (ctx.exclusive or (run.replied and quiet)):
        made = Commit(JobEvent.PROVEN, {"counters": run.counters})
        return replace(run, phase=Phase.OUTCOME, done=True), made
    if not quiet:
        return _wait_out(run, answer)
    if told is Moved.NOT and not run.replied:
        return _none(run)
    return undecidable(run, answer, "cash_unclear")


def counters_unread(run: Run, answer: Answered) -> Next:
    return undecidable(run, answer, "cash_unclear")


def _wait_out(run: Run, answer: Answered) -> Next:
    """Absence is believed only when the lost command can no longer strike."""
    left = max(0.0, run.quiet_until - answer.now)
    return replace(run, phase=Phase.RETRY, polls=run.polls + 1), Wait(min(_delay(run.polls), left), waiting_code(run))


# --- outcomes -------------------------------------------------------------------------------------------------------


def _proven(run: Run, document: FiscalDocument) -> Next:
    run = replace(run, phase=Phase.OUTCOME, done=True)
    if run.ctx.job:
        return run, Commit(JobEvent.PROVEN, {"document": document, "totals": run.totals})
    return run, EndOperation(run.ctx.operation, document)


def _none(run: Run) -> Next:
    run = replace(run, phase=Phase.OUTCOME)
    if run.ctx.job:
        return run, Commit(JobEvent.PROVEN_NONE, {"reason": run.cause or reason("no_document")})
    return run, EndOperation(run.ctx.operation, None)


def ended(run: Run, _: Answered) -> Next:
    """Of a policy's operation that was not done the cause is told, and the job that needed the shift waits."""
    run = replace(run, phase=Phase.END)
    if run.ctx.job or run.done:
        return run, Ended()
    return run, NotReady(run.cause or reason("shift_in_doubt"))


def undecidable(run: Run, answer: Answered, code: str) -> Next:
    """A person has to look; or a person has looked already and the records do not contradict. Records that make no
    sense for a moment only are looked at again; the policy, which no person decides for, goes by the shift's state."""
    quiet = answer.now >= run.quiet_until
    if run.ctx.decision is not None and quiet:
        return _decided(run)
    if not quiet and code != "fn_replaced":
        return _wait_out(run, answer)
    if code != "fn_replaced" and run.unclear + 1 < UNREADABLE_AFTER:
        run = replace(run, phase=Phase.RETRY, unclear=run.unclear + 1)
        return run, Wait(min(5.0, 0.5 * 2.0 ** min(run.unclear - 1, 8)), waiting_code(run))
    if not run.ctx.job:
        return _by_state(run)
    if run.human == code:
        return after_undecided(run, answer)
    evidence = _evidence(run, code)
    run = replace(run, phase=Phase.UNDECIDED, human=code, doubted=True)
    return run, Commit(JobEvent.UNDECIDABLE, {"reason": reason(code), "evidence": evidence})


def _evidence(run: Run, code: str) -> dict[str, Any]:
    assert run.snapshot is not None
    told: dict[str, Any] = {"case": code, "operation": run.ctx.operation.value, "snapshot": run.snapshot.last_fd}
    if run.ctx.cash:
        return {**told, "amount": run.ctx.amount, **shown(run.snapshot, run.counters)}
    state = run.status.shift.value if run.status is not None else None
    return {**told, "shift": state, "candidates": summaries(run.seen)}


def _decided(run: Run) -> Next:
    done = run.ctx.decision is Decision.DONE
    document = next((d for d in run.seen if d.fd == run.ctx.decided_fd), None)
    event = JobEvent.DECIDED_DONE if done else JobEvent.DECIDED_NOT_DONE
    return replace(run, phase=Phase.OUTCOME), Commit(event, {"document": document})


def after_undecided(run: Run, _: Answered) -> Next:
    return replace(run, phase=Phase.RETRY), Wait(30.0, run.human or waiting_code(run))


# --- asking again ---------------------------------------------------------------------------------------------------


def retry(run: Run, answer: Answered, code: str, *, answers: bool = False) -> Next:
    """Ask again after a while; after 15 minutes without a decision a person is told of a job, and the asking goes on.

    ``answers``: the register is there and only busy, so it is asked before a person's decision counts.
    """
    since = _since(run, answer)
    silent_for = answer.now - since
    quiet = answer.now >= run.quiet_until
    if run.ctx.decision is not None and quiet and (not answers or silent_for >= LEFTOVER_PATIENCE):
        return _decided(run)
    run = replace(run, since=since, polls=run.polls + 1)
    if run.ctx.job and silent_for >= SILENT_AFTER and run.human is None:
        told = "fn_replaced" if code == "wrong_device" else "device_silent"
        evidence = {**_evidence(run, told), "last": code}
        run = replace(run, phase=Phase.UNDECIDED, human=told, doubted=True)
        return run, Commit(JobEvent.UNDECIDABLE, {"reason": reason(told, detail=code), "evidence": evidence})
    return replace(run, phase=Phase.RETRY), Wait(_delay(run.polls - 1), waiting_code(run))


def no_answer(run: Run, answer: Answered) -> Next:
    """Nothing of ours is outstanding by this; but what was done is not known yet."""
    if run.ctx.job and not run.doubted:
        return enter_doubt(replace(run, cause=run.cause or answer.reason, remaining=0.0, own_open=False))
    return retry(run, answer, answer.reason.code if answer.reason is not None else "device_offline")


def waiting_code(run: Run) -> str:
    return "cash_in_doubt" if run.ctx.cash else "shift_in_doubt"


def _since(run: Run, answer: Answered) -> float:
    return answer.now if run.since is None else run.since


def _delay(polls: int) -> float:
    return min(5.0, 0.25 * 2.0 ** min(polls, 8))

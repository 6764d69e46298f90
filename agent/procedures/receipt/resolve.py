"""Deciding what became of an attempt: what the closing command answered is read back; in doubt a first look, drain,
look, fence, read the archive, decide."""

from __future__ import annotations

from dataclasses import replace

from agent.procedures.asks import (
    Answered,
    Commit,
    Fence,
    ReadArchiveEnd,
    ReadStatus,
    Reopen,
    Wait,
)
from agent.procedures.evidence import Proven, ProvenNone, Undecidable, decide, summaries
from agent.procedures.patience import LEFTOVER_PATIENCE, MARGIN, PEEK_AFTER, SILENT_AFTER, UNREADABLE_AFTER
from agent.procedures.receipt.paper import paper_of
from agent.procedures.receipt.run import Next, Phase, Run, on_document, read_on
from drivers.api import ArchiveEnd, Identity, Status
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent
from protocol.crm.outcomes import Decision

# --- R9: read back --------------------------------------------------------------------------------------------------


def read_back(run: Run) -> Next:
    """The closing command was answered, and nothing of this attempt is left to strike later: the document with the
    imprint is its own proof. Only that counts here; whatever else it may be is decided by a whole look."""
    assert run.reply is not None
    if run.ctx.plan.imprint is None or run.reply.paper is None:
        return look(run)
    return replace(run, phase=Phase.READ_BACK), ReadArchiveEnd()


def on_read_back(run: Run, answer: Answered) -> Next:
    end: ArchiveEnd = answer.value
    assert run.snapshot is not None
    assert run.first is not None
    if end.fn_serial != run.snapshot.fn_serial or end.fn_document_open:
        return look(run)
    return read_on(replace(run, phase=Phase.READ, seen=(), next_fd=run.first.last_fd + 1, last_fd=end.last_fd), back)


def on_read(run: Run, answer: Answered) -> Next:
    return look(run) if answer.value is None else on_document(run, answer, back)


def back(run: Run) -> Next:
    assert run.reply is not None
    assert run.reply.paper is not None
    assert run.status is not None
    verdict = decide(run.seen, run.ctx.plan, exclusive=False)
    if not isinstance(verdict, Proven):
        return look(run)
    seen = replace(run.status, last_fd=run.last_fd, busy=False, paper=run.reply.paper, cover_open=False)
    return proven(replace(run, status=seen), verdict)


def look_whole(run: Run, _: Answered) -> Next:
    """What could not be read back is looked for as after any other end of an attempt."""
    return look(run)


# --- b.3: deciding --------------------------------------------------------------------------------------------------


def in_doubt(run: Run, answer: Answered) -> Next:
    return enter_doubt(replace(run, cause=answer.reason, remaining=answer.remaining, own_open=False, polls=0))


def enter_doubt(run: Run) -> Next:
    if run.doubted:
        return first_look(run, None)
    return replace(run, phase=Phase.DOUBT, doubted=True), Commit(
        JobEvent.DOUBT, {"reason": run.cause or reason("resolving")}
    )


def first_look(run: Run, _: Answered | None) -> Next:
    """After a lost answer to the closing command the document is usually there: with an imprint it proves itself at
    any time, and nothing of this attempt is left to strike later. Only absence needs the drain and the fence."""
    if run.closing and run.ctx.plan.imprint is not None and run.remaining > 0:
        return replace(run, phase=Phase.PEEK_WAIT, quiet_until=None), Wait(PEEK_AFTER, "resolving")
    return replace(run, phase=Phase.DRAIN), Wait(run.remaining + MARGIN, "resolving")


def peek(run: Run, answer: Answered) -> Next:
    quiet_until = answer.now + run.remaining + MARGIN - PEEK_AFTER
    return replace(run, phase=Phase.PEEK_REOPEN, quiet_until=quiet_until), Reopen()


def peek_reopened(run: Run, _: Answered) -> Next:
    return replace(run, phase=Phase.PEEK_STATUS, seen=()), ReadStatus()


def peek_status(run: Run, answer: Answered) -> Next:
    status: Status = answer.value
    before, first = run.snapshot, run.first
    assert before is not None
    assert first is not None
    same = (status.register_serial, status.fn_serial) == (before.register_serial, before.fn_serial)
    if not same or status.document_open or status.fn_document_open:
        return drain(run, answer)
    run = replace(run, status=status, phase=Phase.PEEK_ARCHIVE, next_fd=first.last_fd + 1, last_fd=status.last_fd)
    return read_on(run, lambda run: peek_judge(run, answer))


def peek_document(run: Run, answer: Answered) -> Next:
    if answer.value is None:
        return drain(run, answer)
    return on_document(run, answer, lambda run: peek_judge(run, answer))


def peek_judge(run: Run, answer: Answered) -> Next:
    """Proof counts; whatever else it may be is decided after the drain."""
    verdict = decide(run.seen, run.ctx.plan, exclusive=False)
    return proven(run, verdict) if isinstance(verdict, Proven) else drain(run, answer)


def drain(run: Run, answer: Answered) -> Next:
    assert run.quiet_until is not None
    left = max(0.0, run.quiet_until - answer.now)
    return replace(run, phase=Phase.DRAIN), Wait(left, "resolving")


def reopen(run: Run, answer: Answered) -> Next:
    since = answer.now if run.since is None else run.since
    return replace(run, phase=Phase.REOPEN, since=since, remaining=0.0), Reopen()


def reopened(run: Run, answer: Answered) -> Next:
    identity: Identity = answer.value
    assert run.snapshot is not None
    before = run.snapshot
    run = replace(run, since=answer.now if run.since is None else run.since)
    if identity.register_serial != before.register_serial:
        return retry(run, answer, "wrong_device")
    return look(run)


def look(run: Run) -> Next:
    return replace(run, phase=Phase.LOOK, seen=()), ReadStatus()


def on_look(run: Run, answer: Answered) -> Next:
    status: Status = answer.value
    before, first = run.snapshot, run.first
    assert before is not None
    assert first is not None
    run = replace(run, status=status, since=answer.now if run.since is None else run.since)
    if (status.register_serial, status.fn_serial) != (before.register_serial, before.fn_serial):
        detail = f"{status.register_serial}/{status.fn_serial}, was {before.register_serial}/{before.fn_serial}"
        return undecidable(run, Undecidable("fn_replaced", differences=(detail,)))
    if status.busy and run.reply is None:
        return retry(run, answer, "device_busy", answers=True)
    if status.document_open or status.fn_document_open:
        if run.ctx.exclusive or run.own_open:
            return replace(run, phase=Phase.FENCE), Fence()
        return retry(run, answer, "document_open", answers=True)
    run = replace(run, phase=Phase.ARCHIVE, seen=(), next_fd=first.last_fd + 1, last_fd=status.last_fd)
    return read_on(run, judge)


def fenced(run: Run, answer: Answered) -> Next:
    """Read until the document is gone; a register that keeps it open is asked again more slowly."""
    if run.polls >= 3:
        return retry(run, answer, "document_open")
    return look(replace(run, polls=run.polls + 1))


def fence_in_doubt(run: Run, answer: Answered) -> Next:
    """A cancel that may still run is waited out, or it could strike the next attempt's document."""
    if not run.doubted:
        return in_doubt(run, answer)
    return replace(run, phase=Phase.RETRY, polls=run.polls + 1), Wait(answer.remaining + MARGIN, "resolving")


def on_archive(run: Run, answer: Answered) -> Next:
    return unreadable(run, answer) if answer.value is None else on_document(run, answer, judge)


def unreadable(run: Run, answer: Answered) -> Next:
    detail = str(answer.reason.vendor or answer.reason.code) if answer.reason else "missing"
    return undecidable(run, Undecidable("archive_unreadable", differences=(f"FD {run.next_fd}: {detail}",)))


def judge(run: Run) -> Next:
    verdict = decide(run.seen, run.ctx.plan, exclusive=run.ctx.exclusive, closing=run.closing, reply=run.reply)
    match verdict:
        case Proven():
            return proven(run, verdict)
        case ProvenNone():
            none = Commit(JobEvent.PROVEN_NONE, {"reason": run.cause or reason("no_document")})
            return replace(run, phase=Phase.END), none
        case Undecidable():
            return undecidable(run, verdict)


def proven(run: Run, verdict: Proven) -> Next:
    made = Commit(JobEvent.PROVEN, {"document": verdict.document, "paper": paper_of(run)})
    return replace(run, phase=Phase.OUTCOME), made


def undecidable(run: Run, verdict: Undecidable) -> Next:
    """A person has to look; or a person has looked already and the records do not contradict.

    What could not be read may be readable at the next look: a person is told only when it stays so.
    """
    if run.ctx.decision is not None:
        return decided(run)
    if verdict.code == "archive_unreadable" and run.unread + 1 < UNREADABLE_AFTER:
        delay = min(5.0, 0.5 * 2.0**run.unread)
        return replace(run, phase=Phase.RETRY, unread=run.unread + 1), Wait(delay, verdict.code)
    if run.human == verdict.code:
        return retry_later(run)
    evidence = {
        "case": verdict.code,
        "candidates": summaries(verdict.candidates),
        "differences": list(verdict.differences),
        "planned": {"total": run.ctx.plan.total, "sign": run.ctx.plan.sign, "imprint": run.ctx.plan.imprint},
        "snapshot": run.first.last_fd if run.first is not None else None,
    }
    run = replace(run, phase=Phase.UNDECIDED, human=verdict.code, doubted=True)
    return run, Commit(JobEvent.UNDECIDABLE, {"reason": reason(verdict.code), "evidence": evidence})


def decided(run: Run) -> Next:
    decision = run.ctx.decision
    event = JobEvent.DECIDED_DONE if decision is Decision.DONE else JobEvent.DECIDED_NOT_DONE
    document = next((s.document for s in run.seen if s.document.fd == run.ctx.decided_fd), None)
    return replace(run, phase=Phase.END), Commit(event, {"document": document})


def after_undecided(run: Run, _: Answered) -> Next:
    return retry_later(run)


def retry_later(run: Run) -> Next:
    return replace(run, phase=Phase.RETRY), Wait(30.0, run.human or "resolving")


def retry(run: Run, answer: Answered, code: str, *, answers: bool = False) -> Next:
    """Ask again after a while; after 15 minutes without a decision a person is told, and the asking goes on.

    ``answers``: the register is there and only busy, so it is asked sooner, and before a person's decision counts.
    """
    since = answer.now if run.since is None else run.since
    if run.ctx.decision is not None and (not answers or answer.now - since >= LEFTOVER_PATIENCE):
        return decided(run)
    run = replace(run, since=since, polls=run.polls + 1)
    if answer.now - since >= SILENT_AFTER and run.human is None:
        told = "fn_replaced" if code == "wrong_device" else "device_silent"
        run = replace(run, phase=Phase.UNDECIDED, human=told, doubted=True)
        return run, Commit(
            JobEvent.UNDECIDABLE,
            {"reason": reason(told, detail=code), "evidence": {"case": told, "last": code}},
        )
    if not answers:
        delay = min(5.0, 0.5 * 2.0 ** min(run.polls, 8))
        return replace(run, phase=Phase.RETRY), Wait(delay, code)
    return replace(run, phase=Phase.RETRY), Wait(min(2.0, 0.2 * run.polls), code)


def no_answer(run: Run, answer: Answered) -> Next:
    code = answer.reason.code if answer.reason is not None else "device_offline"
    if not run.doubted:
        return enter_doubt(replace(run, cause=answer.reason, remaining=0.0, own_open=False))
    return retry(run, answer, code)

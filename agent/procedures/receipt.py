"""A receipt on a register, from the first look to the outcome on disk; and the same code resolves doubt.

Steps R1 to R11 lead to the closing command; whatever happens after INTENT ends in one path: (drain,) look, fence,
read the archive, decide. Nothing but that path ends an attempt, and a timeout is only ever a reason to take it.
``TABLE`` names what follows on each kind of answer in each phase; it is complete.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from agent.journal.rows import Snapshot
from agent.procedures.asks import (
    Answer,
    Answered,
    Ask,
    Begin,
    Close,
    Commit,
    ContinuePrint,
    Ended,
    Fence,
    Fill,
    Needs,
    NoteSeen,
    NotReady,
    Operation,
    ReadDocument,
    ReadStatus,
    ReadSubtotal,
    Reopen,
    Seen,
    Wait,
)
from agent.procedures.evidence import Proven, ProvenNone, Undecidable, decide, summary
from drivers.api import CloseReply, Identity, Paper, ShiftState, Status
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent
from protocol.crm.outcomes import Decision, Reason
from protocol.crm.outcomes import Paper as PaperOutcome
from protocol.ffd.planned import PlannedReceipt

MARGIN = 2.0  # seconds added to a command's own maximum time
PEEK_AFTER = (
    1.0  # seconds after a lost answer to the closing command before the archive is looked at for the first time
)
UNREADABLE_AFTER = 5  # looks at an archive that will not be read, before a person is told
SILENT_AFTER = 15 * 60.0  # a device that has not decided for this long is shown to a person
LEFTOVER_PATIENCE = 30.0  # how long another program's document may stay open before the cashier is told
PRINT_PATIENCE = 60.0  # how long the end of printing is waited for, after the outcome


class Phase(StrEnum):
    STATUS = "R1 status"
    LEFTOVER = "R1 cancel a leftover document"
    LEFTOVER_WAIT = "R1 wait for another program"
    RESUME_PAPER = "R1 continue print"
    BUSY = "R1 wait while busy"
    CATCH_UP = "R3 read the archive"
    NOTE = "R3 note what was seen"
    FOUND = "R3 already made"
    BEGIN = "R4 INTENT"
    FILL = "R5 fill"
    SUBTOTAL = "R6 subtotal"
    RECHECK = "R6 last FD"
    CLOSING = "R7 CLOSING"
    CLOSE = "R8 close"
    DOUBT = "b.3 record the doubt"
    PEEK_WAIT = "b.3.0 a moment"
    PEEK_REOPEN = "b.3.0 reopen"
    PEEK_STATUS = "b.3.0 status"
    PEEK_ARCHIVE = "b.3.0 is it there already?"
    DRAIN = "b.3.1 wait it out"
    REOPEN = "b.3.1 reopen"
    RETRY = "b.3.3 ask again later"
    LOOK = "b.3.3 status"
    FENCE = "b.3.5 fence"
    ARCHIVE = "b.3.6 read the archive"
    UNDECIDED = "b.3.6 evidence for a person"
    OUTCOME = "R10 OUTCOME"
    PAPER = "R11 paper"
    PAPER_WAIT = "R11 wait for the printer"
    PAPER_NOTE = "R11 note"
    END = "end"


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a run needs to know, fixed at its start."""

    plan: PlannedReceipt
    exclusive: bool
    register_serial: str
    known_fn: str | None  # the FN whose documents the journal knows up to ``highest_fd``
    highest_fd: int
    open_shift: bool
    close_expired_shift: bool
    max_time: Mapping[str, float]
    decision: Decision | None = None  # a person's, on a job that the records have not decided
    decided_fd: int | None = None


@dataclass(frozen=True, slots=True)
class Run:
    ctx: Context
    phase: Phase
    first: Snapshot | None = None  # of the job's first attempt
    snapshot: Snapshot | None = None  # of this attempt
    status: Status | None = None
    seen: tuple[Seen, ...] = ()
    next_fd: int = 0
    last_fd: int = 0
    doubted: bool = False  # the job is ``resolving`` (or ``human``) on disk
    human: str | None = None  # the code under which a person was told
    closing: bool = False  # CLOSING of this attempt is on disk: the closing command may have been sent
    reply: CloseReply | None = None  # to the closing command
    own_open: bool = False  # the open document is ours for certain
    cause: Reason | None = None  # why this attempt did not make a receipt
    since: float | None = None  # when deciding began
    remaining: float = 0.0
    quiet_until: float | None = None  # before this moment only a document that is there proves anything
    polls: int = 0
    unread: int = 0  # looks at the archive that ended before its last document
    waiting_since: float | None = None
    busy_since: float | None = None


Next = tuple[Run, Ask]
Handler = Callable[[Run, Answered], Next]


# --- beginnings -----------------------------------------------------------------------------------------------------


def start(ctx: Context, first: Snapshot | None) -> Next:
    """A job whose state is ``accepted``. ``first`` is the snapshot of an earlier attempt, if there was one."""
    return Run(ctx, Phase.STATUS, first=first), ReadStatus()


def resume(
    ctx: Context, *, first: Snapshot, snapshot: Snapshot, closing: bool, doubted: bool, human: str | None
) -> Next:
    """A job with an open INTENT after a restart: the outstanding command gets its whole maximum time."""
    longest = max(ctx.max_time["close" if closing else "fill"], ctx.max_time["cancel"])  # it may have been the fence
    run = Run(
        ctx, Phase.DOUBT, first=first, snapshot=snapshot, doubted=doubted, human=human, remaining=longest,
        closing=closing, cause=reason("resolving"),
    )  # fmt: skip
    return _enter_doubt(run)


def look_again(ctx: Context, *, first: Snapshot, snapshot: Snapshot, closing: bool, human: str | None) -> Next:
    """A job in doubt whose waiting time is over (a person decided, or the device may have come back)."""
    run = Run(ctx, Phase.REOPEN, first=first, snapshot=snapshot, doubted=True, human=human, closing=closing)
    return run, Reopen()


def step(run: Run, answer: Answered) -> Next:
    """What to do after ``answer``. Pure; the same inputs give the same result."""
    return TABLE[run.phase, answer.kind](run, answer)


# --- R1, R2: may it start? ------------------------------------------------------------------------------------------


def _on_status(run: Run, answer: Answered) -> Next:
    status: Status = answer.value
    run = replace(run, status=status)
    ctx = run.ctx
    if status.register_serial != ctx.register_serial:
        return _not_ready(
            run, reason("wrong_device", detail=f"{status.register_serial}, expected {ctx.register_serial}")
        )
    if status.blocked is not None:
        return _not_ready(run, reason(status.blocked))
    if status.busy:
        return _busy(run, answer)
    if status.clock_unset:
        return _not_ready(run, reason("clock_unset"))
    if status.document_open or status.fn_document_open:
        if ctx.exclusive and run.waiting_since is None:
            return replace(run, phase=Phase.LEFTOVER, waiting_since=answer.now), Fence()
        since = answer.now if run.waiting_since is None else run.waiting_since
        if answer.now - since >= LEFTOVER_PATIENCE:
            return _not_ready(run, reason("document_open"))
        return replace(run, phase=Phase.LEFTOVER_WAIT, waiting_since=since), Wait(1.0, "document_open")
    if status.cover_open:
        return _not_ready(run, reason("cover_open"))
    if status.paper is Paper.RESUMABLE:
        return replace(run, phase=Phase.RESUME_PAPER), ContinuePrint()
    if status.paper is not Paper.PRESENT:
        return _not_ready(run, reason("no_paper"))
    if status.shift is ShiftState.EXPIRED:
        if ctx.close_expired_shift:
            return replace(run, phase=Phase.END), Needs(Operation.CLOSE_SHIFT)
        return _not_ready(run, reason("shift_expired"))
    if status.shift is ShiftState.CLOSED:
        if ctx.open_shift:
            return replace(run, phase=Phase.END), Needs(Operation.OPEN_SHIFT)
        return _not_ready(run, reason("shift_closed"))
    return _catch_up(run, status)


def _leftover_in_doubt(run: Run, answer: Answered) -> Next:
    """A cancel that may still run is waited out, or it could strike the document of the attempt."""
    return replace(run, phase=Phase.LEFTOVER_WAIT), Wait(answer.remaining + MARGIN, "document_open")


def _busy(run: Run, answer: Answered) -> Next:
    since = answer.now if run.busy_since is None else run.busy_since
    if answer.now - since >= LEFTOVER_PATIENCE:
        return _not_ready(run, reason("device_busy"))
    return replace(run, phase=Phase.BUSY, busy_since=since), Wait(0.3, "device_busy")


def _again(run: Run, _: Answered) -> Next:
    return replace(run, phase=Phase.STATUS), ReadStatus()


def _not_ready_because(run: Run, answer: Answered) -> Next:
    return _not_ready(run, answer.reason or reason("device_offline"))


def _not_ready(run: Run, why: Reason) -> Next:
    return replace(run, phase=Phase.END), NotReady(why)


# --- R3: what does the archive hold that this journal has not seen? -------------------------------------------------


def _catch_up(run: Run, status: Status) -> Next:
    same_fn = run.ctx.known_fn == status.fn_serial
    begin = run.ctx.highest_fd + 1 if same_fn else status.last_fd + 1
    if run.first is not None and run.first.fn_serial == status.fn_serial:
        begin = min(begin, run.first.last_fd + 1)
    run = replace(run, phase=Phase.CATCH_UP, seen=(), next_fd=begin, last_fd=status.last_fd)
    return _read_on(run, _caught_up)


def _on_document(run: Run, answer: Answered, done: Callable[[Run], Next]) -> Next:
    run = replace(run, seen=(*run.seen, answer.value), next_fd=run.next_fd + 1)
    return _read_on(run, done)


def _read_on(run: Run, done: Callable[[Run], Next]) -> Next:
    return (run, ReadDocument(run.next_fd)) if run.next_fd <= run.last_fd else done(run)


def _on_caught(run: Run, answer: Answered) -> Next:
    if answer.value is None:
        return _not_ready(run, reason("archive_unreadable", detail=f"FD {run.next_fd}"))
    return _on_document(run, answer, _caught_up)


def _caught_up(run: Run) -> Next:
    assert run.status is not None
    status = run.status
    if run.ctx.plan.imprint is not None:
        # A job without an attempt cannot own what is too old to be read in full.
        readable = [s for s in run.seen if run.first is not None or s.document.imprint is not None]
        verdict = decide(readable, run.ctx.plan, exclusive=run.ctx.exclusive)
        if isinstance(verdict, Proven):
            return replace(run, phase=Phase.FOUND), Commit(JobEvent.FOUND, {"document": verdict.document})
        if isinstance(verdict, Undecidable):
            return _not_ready(run, reason(verdict.code, detail="; ".join(verdict.differences)))
    if run.ctx.known_fn != status.fn_serial or status.last_fd > run.ctx.highest_fd:
        return replace(run, phase=Phase.NOTE), NoteSeen(status.fn_serial, status.last_fd, run.seen)
    return _begin(run, None)


def _begin(run: Run, _: Answered | None) -> Next:
    assert run.status is not None
    snapshot = snapshot_of(run.status)
    first = run.first if run.first is not None and run.first.fn_serial == snapshot.fn_serial else snapshot
    return replace(run, phase=Phase.BEGIN, snapshot=snapshot, first=first), Begin(snapshot)


def snapshot_of(status: Status) -> Snapshot:
    return Snapshot(
        register_serial=status.register_serial,
        fn_serial=status.fn_serial,
        last_fd=status.last_fd,
        shift_number=status.shift_number,
        receipt_in_shift=status.receipt_in_shift,
        at=status.at.isoformat(),
    )


# --- R5 to R8: the attempt ------------------------------------------------------------------------------------------


def _fill(run: Run, _: Answered) -> Next:
    return replace(run, phase=Phase.FILL), Fill()


def _filled(run: Run, _: Answered) -> Next:
    return replace(run, phase=Phase.SUBTOTAL, own_open=True), ReadSubtotal()


def _on_subtotal(run: Run, answer: Answered) -> Next:
    if answer.value != run.ctx.plan.total:
        return _look(
            replace(run, cause=reason("total_differs", detail=f"{answer.value}, planned {run.ctx.plan.total}"))
        )
    if not run.ctx.exclusive:
        return _closing(run)
    return replace(run, phase=Phase.RECHECK), ReadStatus()


def _on_recheck(run: Run, answer: Answered) -> Next:
    status: Status = answer.value
    assert run.snapshot is not None
    if status.last_fd != run.snapshot.last_fd or status.fn_serial != run.snapshot.fn_serial:
        return _look(replace(run, cause=reason("total_differs", detail="another document came in between")))
    return _closing(run)


def _closing(run: Run) -> Next:
    return replace(run, phase=Phase.CLOSING, closing=True), Commit(JobEvent.CLOSING)


def _close(run: Run, _: Answered) -> Next:
    return replace(run, phase=Phase.CLOSE), Close()


def _closed(run: Run, answer: Answered) -> Next:
    """The answer is no proof yet; it says where to look."""
    return _look(replace(run, reply=answer.value, own_open=False))


def _refused(run: Run, answer: Answered) -> Next:
    """The register said no: it did nothing, and what is open is ours, unless the refusal is that one was open."""
    own = run.own_open or (answer.reason is not None and answer.reason.code != "document_open")
    return _look(replace(run, cause=answer.reason, own_open=own))


def _in_doubt(run: Run, answer: Answered) -> Next:
    return _enter_doubt(replace(run, cause=answer.reason, remaining=answer.remaining, own_open=False, polls=0))


# --- b.3: deciding --------------------------------------------------------------------------------------------------


def _enter_doubt(run: Run) -> Next:
    if run.doubted:
        return _first_look(run, None)
    return replace(run, phase=Phase.DOUBT, doubted=True), Commit(
        JobEvent.DOUBT, {"reason": run.cause or reason("resolving")}
    )


def _first_look(run: Run, _: Answered | None) -> Next:
    """After a lost answer to the closing command the document is usually there: with an imprint it proves itself at
    any time, and nothing of this attempt is left to strike later. Only absence needs the drain and the fence."""
    if run.closing and run.ctx.plan.imprint is not None and run.remaining > 0:
        return replace(run, phase=Phase.PEEK_WAIT, quiet_until=None), Wait(PEEK_AFTER, "resolving")
    return replace(run, phase=Phase.DRAIN), Wait(run.remaining + MARGIN, "resolving")


def _peek(run: Run, answer: Answered) -> Next:
    quiet_until = answer.now + run.remaining + MARGIN - PEEK_AFTER
    return replace(run, phase=Phase.PEEK_REOPEN, quiet_until=quiet_until), Reopen()


def _peek_reopened(run: Run, _: Answered) -> Next:
    return replace(run, phase=Phase.PEEK_STATUS, seen=()), ReadStatus()


def _peek_status(run: Run, answer: Answered) -> Next:
    status: Status = answer.value
    before, first = run.snapshot, run.first
    assert before is not None
    assert first is not None
    same = (status.register_serial, status.fn_serial) == (before.register_serial, before.fn_serial)
    if not same or status.document_open or status.fn_document_open:
        return _drain(run, answer)
    run = replace(run, status=status, phase=Phase.PEEK_ARCHIVE, next_fd=first.last_fd + 1, last_fd=status.last_fd)
    return _read_on(run, lambda run: _peek_judge(run, answer))


def _peek_document(run: Run, answer: Answered) -> Next:
    if answer.value is None:
        return _drain(run, answer)
    return _on_document(run, answer, lambda run: _peek_judge(run, answer))


def _peek_judge(run: Run, answer: Answered) -> Next:
    """Proof counts; whatever else it may be is decided after the drain."""
    verdict = decide(run.seen, run.ctx.plan, exclusive=False)
    return _proven(run, verdict) if isinstance(verdict, Proven) else _drain(run, answer)


def _drain(run: Run, answer: Answered) -> Next:
    assert run.quiet_until is not None
    left = max(0.0, run.quiet_until - answer.now)
    return replace(run, phase=Phase.DRAIN), Wait(left, "resolving")


def _reopen(run: Run, answer: Answered) -> Next:
    since = answer.now if run.since is None else run.since
    return replace(run, phase=Phase.REOPEN, since=since, remaining=0.0), Reopen()


def _reopened(run: Run, answer: Answered) -> Next:
    identity: Identity = answer.value
    assert run.snapshot is not None
    before = run.snapshot
    run = replace(run, since=answer.now if run.since is None else run.since)
    if identity.register_serial != before.register_serial:
        return _retry(run, answer, "wrong_device")
    return _look(run)


def _look(run: Run) -> Next:
    return replace(run, phase=Phase.LOOK, seen=()), ReadStatus()


def _on_look(run: Run, answer: Answered) -> Next:
    status: Status = answer.value
    before, first = run.snapshot, run.first
    assert before is not None
    assert first is not None
    run = replace(run, status=status, since=answer.now if run.since is None else run.since)
    if (status.register_serial, status.fn_serial) != (before.register_serial, before.fn_serial):
        detail = f"{status.register_serial}/{status.fn_serial}, was {before.register_serial}/{before.fn_serial}"
        return _undecidable(run, Undecidable("fn_replaced", differences=(detail,)))
    if status.busy and run.reply is None:
        return _retry(run, answer, "device_busy", answers=True)
    if status.document_open or status.fn_document_open:
        if run.ctx.exclusive or run.own_open:
            return replace(run, phase=Phase.FENCE), Fence()
        return _retry(run, answer, "document_open", answers=True)
    run = replace(run, phase=Phase.ARCHIVE, seen=(), next_fd=first.last_fd + 1, last_fd=status.last_fd)
    return _read_on(run, _judge)


def _fenced(run: Run, answer: Answered) -> Next:
    """Read until the document is gone; a register that keeps it open is asked again more slowly."""
    if run.polls >= 3:
        return _retry(run, answer, "document_open")
    return _look(replace(run, polls=run.polls + 1))


def _fence_in_doubt(run: Run, answer: Answered) -> Next:
    """A cancel that may still run is waited out, or it could strike the next attempt's document."""
    if not run.doubted:
        return _in_doubt(run, answer)
    return replace(run, phase=Phase.RETRY, polls=run.polls + 1), Wait(answer.remaining + MARGIN, "resolving")


def _on_archive(run: Run, answer: Answered) -> Next:
    return _unreadable(run, answer) if answer.value is None else _on_document(run, answer, _judge)


def _unreadable(run: Run, answer: Answered) -> Next:
    detail = str(answer.reason.vendor or answer.reason.code) if answer.reason else "missing"
    return _undecidable(run, Undecidable("archive_unreadable", differences=(f"FD {run.next_fd}: {detail}",)))


def _judge(run: Run) -> Next:
    verdict = decide(run.seen, run.ctx.plan, exclusive=run.ctx.exclusive, closing=run.closing, reply=run.reply)
    match verdict:
        case Proven():
            return _proven(run, verdict)
        case ProvenNone():
            none = Commit(JobEvent.PROVEN_NONE, {"reason": run.cause or reason("no_document")})
            return replace(run, phase=Phase.END), none
        case Undecidable():
            return _undecidable(run, verdict)


def _proven(run: Run, verdict: Proven) -> Next:
    made = Commit(JobEvent.PROVEN, {"document": verdict.document, "paper": _paper(run)})
    return replace(run, phase=Phase.OUTCOME), made


def _undecidable(run: Run, verdict: Undecidable) -> Next:
    """A person has to look; or a person has looked already and the records do not contradict.

    What could not be read may be readable at the next look: a person is told only when it stays so.
    """
    if run.ctx.decision is not None:
        return _decided(run)
    if verdict.code == "archive_unreadable" and run.unread + 1 < UNREADABLE_AFTER:
        delay = min(5.0, 0.5 * 2.0**run.unread)
        return replace(run, phase=Phase.RETRY, unread=run.unread + 1), Wait(delay, verdict.code)
    if run.human == verdict.code:
        return _retry_later(run)
    evidence = {
        "case": verdict.code,
        "candidates": [summary(document) for document in verdict.candidates],
        "differences": list(verdict.differences),
        "planned": {"total": run.ctx.plan.total, "sign": run.ctx.plan.sign, "imprint": run.ctx.plan.imprint},
        "snapshot": run.first.last_fd if run.first is not None else None,
    }
    run = replace(run, phase=Phase.UNDECIDED, human=verdict.code, doubted=True)
    return run, Commit(JobEvent.UNDECIDABLE, {"reason": reason(verdict.code), "evidence": evidence})


def _decided(run: Run) -> Next:
    decision = run.ctx.decision
    event = JobEvent.DECIDED_DONE if decision is Decision.DONE else JobEvent.DECIDED_NOT_DONE
    document = next((s.document for s in run.seen if s.document.fd == run.ctx.decided_fd), None)
    return replace(run, phase=Phase.END), Commit(event, {"document": document})


def _after_undecided(run: Run, _: Answered) -> Next:
    return _retry_later(run)


def _retry_later(run: Run) -> Next:
    return replace(run, phase=Phase.RETRY), Wait(30.0, run.human or "resolving")


def _retry(run: Run, answer: Answered, code: str, *, answers: bool = False) -> Next:
    """Ask again after a while; after 15 minutes without a decision a person is told, and the asking goes on.

    ``answers``: the register is there and only busy, so it is asked sooner, and before a person's decision counts.
    """
    since = answer.now if run.since is None else run.since
    if run.ctx.decision is not None and (not answers or answer.now - since >= LEFTOVER_PATIENCE):
        return _decided(run)
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


def _no_answer(run: Run, answer: Answered) -> Next:
    code = answer.reason.code if answer.reason is not None else "device_offline"
    if not run.doubted:
        return _enter_doubt(replace(run, cause=answer.reason, remaining=0.0, own_open=False))
    return _retry(run, answer, code)


# --- R11: paper -----------------------------------------------------------------------------------------------------


def _paper(run: Run) -> PaperOutcome | None:
    status = run.status
    if not run.ctx.plan.print:
        return PaperOutcome.NOT_WANTED
    if status is None or status.busy:
        return None
    return PaperOutcome.COMPLETE if status.paper is Paper.PRESENT and not status.cover_open else PaperOutcome.INCOMPLETE


def _after_outcome(run: Run, answer: Answered) -> Next:
    paper = _paper(run)
    if paper is None:
        return replace(run, phase=Phase.PAPER_WAIT, waiting_since=answer.now), Wait(0.2, "printing")
    return replace(run, phase=Phase.END), Ended(paper_pending=paper is PaperOutcome.INCOMPLETE)


def _on_paper(run: Run, answer: Answered) -> Next:
    run = replace(run, status=answer.value)
    paper = _paper(run)
    assert run.waiting_since is not None
    if paper is None:
        if answer.now - run.waiting_since > PRINT_PATIENCE:
            return _end(run, answer)
        return replace(run, phase=Phase.PAPER_WAIT), Wait(0.3, "printing")
    return replace(run, phase=Phase.PAPER_NOTE), Commit(JobEvent.PAPER, {"paper": paper})


def _ask_paper(run: Run, _: Answered) -> Next:
    return replace(run, phase=Phase.PAPER), ReadStatus()


def _paper_noted(run: Run, _: Answered) -> Next:
    return replace(run, phase=Phase.END), Ended(paper_pending=_paper(run) is PaperOutcome.INCOMPLETE)


def _end(run: Run, _: Answered) -> Next:
    return replace(run, phase=Phase.END), Ended()


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
    **_row(_P.STATUS, _on_status, _not_ready_because, _not_ready_because, _not_ready_because),
    **_row(_P.LEFTOVER, _again, _not_ready_because, _not_ready_because, _leftover_in_doubt),
    **_row(_P.RESUME_PAPER, _busy, _not_ready_because, _busy, _not_ready_because),
    **_only(_P.LEFTOVER_WAIT, _again),
    **_only(_P.BUSY, _again),
    **_row(_P.CATCH_UP, _on_caught, _not_ready_because, _not_ready_because, _not_ready_because),
    **_only(_P.NOTE, _begin),
    **_only(_P.FOUND, _after_outcome),
    **_row(_P.BEGIN, _fill, _impossible, _not_ready_because, _impossible),
    **_row(_P.FILL, _filled, _in_doubt, _refused, _in_doubt),
    **_row(_P.SUBTOTAL, _on_subtotal, _in_doubt, _refused, _in_doubt),
    **_row(_P.RECHECK, _on_recheck, _in_doubt, _refused, _in_doubt),
    **_only(_P.CLOSING, _close),
    **_row(_P.CLOSE, _closed, _in_doubt, _refused, _in_doubt),
    **_only(_P.DOUBT, _first_look),
    **_only(_P.PEEK_WAIT, _peek),
    **_row(_P.PEEK_REOPEN, _peek_reopened, _drain, _drain, _drain),
    **_row(_P.PEEK_STATUS, _peek_status, _drain, _drain, _drain),
    **_row(_P.PEEK_ARCHIVE, _peek_document, _drain, _drain, _drain),
    **_only(_P.DRAIN, _reopen),
    **_only(_P.RETRY, _reopen),
    **_row(_P.REOPEN, _reopened, _no_answer, _no_answer, _no_answer),
    **_row(_P.LOOK, _on_look, _no_answer, _no_answer, _no_answer),
    **_row(_P.FENCE, _fenced, _no_answer, _no_answer, _fence_in_doubt),
    **_row(_P.ARCHIVE, _on_archive, _no_answer, _unreadable, _no_answer),
    **_only(_P.UNDECIDED, _after_undecided),
    **_only(_P.OUTCOME, _after_outcome),
    **_row(_P.PAPER, _on_paper, _end, _end, _end),
    **_only(_P.PAPER_WAIT, _ask_paper),
    **_only(_P.PAPER_NOTE, _paper_noted),
    **_row(_P.END, _end, _impossible, _impossible, _impossible),
}

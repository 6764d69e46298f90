"""Plays a procedure against the model register in virtual time, with a fault at any ask, and watches the invariants.

The player is what the lane and its performer are in the product: it answers asks and writes down what must survive. Its
journal is the job machine itself (``protocol.crm.job_machine``) and the few values of a job's row. A fault is keyed by
the number of the ask that it strikes; an ask's number counts on over restarts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from agent.journal.rows import Snapshot
from agent.procedures import operation, plain, precheck, reading, receipt
from agent.procedures.asks import (
    Answer,
    Answered,
    Ask,
    Begin,
    BeginOperation,
    CheckReceipt,
    Close,
    Commit,
    ContinuePrint,
    Ended,
    EndOperation,
    Fence,
    Fill,
    Needs,
    NoteSeen,
    NotReady,
    Operate,
    Operation,
    ReadArchiveEnd,
    ReadCounters,
    ReadDocument,
    ReadStatus,
    ReadSubtotal,
    ReadTotals,
    Reopen,
    Seen,
    Wait,
)
from agent.procedures.evidence import RECEIPTS
from drivers.api import ShiftState
from drivers.errors import InDoubt, NotSent, Refused
from protocol.crm.codes import reason
from protocol.crm.job_machine import Job, JobEvent, Known, Moved, step
from protocol.crm.outcomes import Decision
from protocol.ffd.planned import PlannedLine, PlannedPayments, PlannedReceipt
from protocol.ffd.vat import Vat
from tests.support.faults import COMMITS, Fault
from tests.support.model_register import MAX_TIME, SERIAL, ModelRegister, lost

LINES = (
    PlannedLine("Кабель", 10000, Decimal(1), 10000, Vat.NONE, 0, 4, 1, 0),
    PlannedLine("Работа", 25000, Decimal(1), 25000, Vat.NONE, 0, 4, 4, 0),
)
PLAN = PlannedReceipt(
    sign=1, taxation=1, lines=LINES, payments=PlannedPayments(cash=35000), cash_tendered=35000, total=35000,
    vat={Vat.NONE: 35000}, imprint="ABCDEFGHIJKLM",
)  # fmt: skip
OPEN = (Known.STARTED, Known.RESOLVING, Known.HUMAN)
Runs = receipt.Run | operation.Run | plain.Run | reading.Run
FINAL = (Known.DONE, Known.NOT_DONE, Known.CANCELLED)


class Killed(Exception):
    """The process is gone; what it had committed is left."""


class Decided(Exception):
    """A person has decided while a wait went on."""


@dataclass
class Kept:
    """What survives the process: the job's row and the device's."""

    job: Job
    first: Snapshot | None = None
    snapshot: Snapshot | None = None
    told: str | None = None  # the case that a person was told of
    highest_fd: int | None = None
    fn: str | None = None
    operation: Operation | None = None
    operation_snapshot: Snapshot | None = None


class Desk:
    """One job on one desk. ``run`` ends with the job; ``asked`` is every ask that was made, with its phase."""

    def __init__(
        self,
        faults: Mapping[int, Fault] | None = None,
        *,
        plan: PlannedReceipt = PLAN,
        exclusive: bool = True,
        shift: ShiftState = ShiftState.OPEN,
        patience: float = 1200.0,
        person: bool = False,
        cleared: bool = False,
        **settings: Any,
    ) -> None:
        """``person``: somebody who is told looks at the truth and decides; ``cleared``: somebody who is told cancels on
        the register what is open there."""
        self.faults = dict(faults or {})
        self.plan = plan
        self.exclusive = exclusive
        self.settings = {"open_shift": True, "close_expired_shift": True} | settings
        self.patience = patience
        self._person, self._cleared = person, cleared
        self.register = ModelRegister(shift=shift)
        self.kept = Kept(Job(Known.ACCEPTED, rev=1))
        self.asked: list[tuple[str, Ask]] = []
        self.asked_at: list[float] = []
        self.cells: set[tuple[str, str, Answer]] = set()  # of the procedures' tables: module of the run, phase, answer
        self.events: list[JobEvent] = []
        self.commits: list[Commit] = []
        self.ended: Ask | None = None
        self.decision: tuple[Decision, int | None] | None = None
        self._fresh = True
        self._fills = self._closes = 0  # of this attempt
        self._operates = 0

    # --- the lane's part

    def run(self) -> Known:
        """Until the job has ended; a person is waited for, for a while."""
        while self.kept.job.state not in FINAL:
            assert self.register.now < self.patience, f"no end after {self.register.now:.0f} s: {self.story()}"
            try:
                self.round()
            except Killed:
                self._fresh = True
                self.register.pass_time(1.0)
            except Decided:
                pass
        self.register.pass_time(3600.0)  # whatever still lies on the way arrives
        self.check()
        return self.kept.job.state

    def round(self) -> None:
        kept = self.kept
        if kept.operation is not None:
            assert kept.operation_snapshot is not None
            self._operates = 1
            self._play(*operation.resume(self.policy(kept.operation), snapshot=kept.operation_snapshot))
            return
        if kept.job.state in OPEN:
            self._play(*self.resolve(fresh=self._fresh))
            return
        end = self._play(*self.begin())
        if isinstance(end, Needs):
            end = self._play(*operation.start(self.policy(end.operation)))
        self.ended = end
        if isinstance(end, NotReady):
            self.register.pass_time(0.5)

    def begin(self) -> tuple[Runs, Ask]:
        return receipt.start(self.context(), self.kept.first)

    def resolve(self, *, fresh: bool) -> tuple[Runs, Ask]:
        """``fresh``: after a restart."""
        kept = self.kept
        assert kept.first is not None
        assert kept.snapshot is not None
        if fresh:
            return receipt.resume(
                self.context(), first=kept.first, snapshot=kept.snapshot, closing=kept.job.closing,
                doubted=kept.job.state is not Known.STARTED, human=kept.told,
            )  # fmt: skip
        return receipt.look_again(
            self.context(), first=kept.first, snapshot=kept.snapshot, closing=kept.job.closing, human=kept.told
        )

    def policy(self, wanted: Operation) -> operation.Context:
        return operation.Context(wanted, SERIAL, self.exclusive, MAX_TIME, job=False)

    def context(self) -> receipt.Context:
        decision, fd = self.decision or (None, None)
        return receipt.Context(
            plan=self.plan, exclusive=self.exclusive, register_serial=SERIAL, known_fn=self.kept.fn,
            highest_fd=self.kept.highest_fd or 0, max_time=MAX_TIME, decision=decision, decided_fd=fd,
            **self.settings,
        )  # fmt: skip

    def _play(self, run: Runs, ask: Ask) -> Ask:
        self._fresh = False
        while not isinstance(ask, (NotReady, Needs, Ended)):
            assert self.register.now < self.patience, f"no end after {self.register.now:.0f} s: {self.story()}"
            number = len(self.asked)
            self.asked.append((run.phase.value, ask))
            self.asked_at.append(self.register.now)
            answer = self.answer(ask, self.faults.get(number))
            self.cells.add((type(run).__module__, run.phase.value, answer.kind))
            if not isinstance(run, reading.Run) and run.check is not None and run.phase is type(run.phase).CHECK:
                self.cells.add((precheck.__name__, run.check.phase.value, answer.kind))
            run, ask = _step(run, answer)
        return ask

    # --- the performer's part

    def answer(self, ask: Ask, fault: Fault | None) -> Answered:
        self.watch(ask)
        if fault is Fault.FOREIGN:
            if self.register.shift is ShiftState.OPEN:
                self.register.foreign_receipt(self.plan.total)
            fault = None
        if isinstance(ask, (Wait, *COMMITS)):
            return self._written(ask, fault)
        self.register.pass_time(0.05)
        try:
            value = self._sent(ask, fault)
        except NotSent as error:
            return Answered(Answer.NOT_SENT, self.register.now, reason=reason(error.code))
        except Refused as error:
            return Answered(Answer.REFUSED, self.register.now, reason=reason(error.code))
        except InDoubt as error:
            self.register.pass_time(1.0)  # our own time-out is shorter than what the command may take
            return Answered(Answer.DOUBT, self.register.now, reason=reason(error.code), remaining=error.remaining)
        return Answered(Answer.OK, self.register.now, value)

    def _written(self, ask: Ask, fault: Fault | None) -> Answered:
        if fault is Fault.REFUSED:
            return Answered(Answer.REFUSED, self.register.now, reason=reason("lease_passed"))
        if fault is Fault.KILLED_BEFORE:
            raise Killed
        if isinstance(ask, Wait):
            self.register.pass_time(ask.seconds)
            if self.kept.job.state is Known.HUMAN:
                self._somebody_looks()
        else:
            self.register.pass_time(0.001)
            self._write(ask)
        if fault is Fault.KILLED_AFTER:
            raise Killed
        return Answered(Answer.OK, self.register.now)

    def _somebody_looks(self) -> None:
        if self._cleared:
            self.register.open = None
        if self._person and self.decision is None:
            made = self.made()
            self.decision = (Decision.DONE, made[0]) if made else (Decision.NOT_DONE, None)
            raise Decided

    def _sent(self, ask: Ask, fault: Fault | None) -> Any:
        """Send a command, with what befalls it."""
        remaining = self._longest(ask)
        match fault:
            case Fault.NOT_SENT:
                raise NotSent("link_lost")
            case Fault.KILLED_BEFORE:
                raise Killed
        self.register.answers()
        match fault:
            case Fault.REFUSED:
                raise Refused("register_refused")
            case Fault.LOST:
                raise lost(remaining)
            case Fault.CUT_BEFORE | Fault.CUT_BEFORE_ANNULLED:
                self.register.power_cut(annul=fault is Fault.CUT_BEFORE_ANNULLED)
                raise lost(remaining)
            case Fault.LATE:
                self.register.later(1.0 + remaining, lambda: self._executed(ask))
                raise lost(remaining)
            case Fault.KILLED_LATE:
                self.register.later(remaining, lambda: self._executed(ask))
                raise Killed
            case Fault.HALF | Fault.REFUSED_IN_THE_MIDDLE:
                if isinstance(ask, Fill):
                    self.register.fill(self.plan, part=True)
                else:
                    self.register.half_document = True
                raise lost(remaining) if fault is Fault.HALF else Refused("bad_parameter")
        try:
            value = self._executed(ask)
        except Refused:
            if fault is None:
                raise
        match fault:
            case Fault.DONE:
                raise lost(remaining)
            case Fault.CUT_AFTER | Fault.CUT_AFTER_ANNULLED:
                self.register.power_cut(annul=fault is Fault.CUT_AFTER_ANNULLED)
                raise lost(remaining)
            case Fault.KILLED_AFTER:
                raise Killed
        return value

    def _longest(self, ask: Ask) -> float:
        names: dict[type, str] = {Fill: "fill", Close: "close", Fence: "cancel", Operate: "shift"}
        return MAX_TIME[names.get(type(ask), "query")]

    def _executed(self, ask: Ask) -> Any:
        register = self.register
        match ask:
            case ReadStatus():
                return register.status()
            case ReadArchiveEnd():
                return register.archive_end()
            case ReadDocument(fd):
                found = register.document(fd)
                if found is None:
                    return None
                if fd in register.imprints_lost:
                    found = replace(found, imprint=None)
                return Seen(found, "this" if found.imprint and found.imprint == self.plan.imprint else None)
            case Fill():
                return register.fill(self.plan)
            case ReadSubtotal():
                return register.subtotal()
            case Close():
                return register.close()
            case Fence():
                return register.cancel()
            case Operate(Operation.OPEN_SHIFT | Operation.CLOSE_SHIFT as turned):
                return register.operate(operation.WANTED[turned])
            case CheckReceipt():
                return register.check_receipt()
            case ReadCounters():
                return register.cash_counters()
            case ReadTotals():
                return register.shift_totals()
            case Reopen():
                return register.identity()
            case ContinuePrint():
                register.paper = type(register.paper).PRESENT
                return None
        raise AssertionError(ask)

    def _write(self, ask: Ask) -> None:
        kept = self.kept
        match ask:
            case Begin(snapshot):
                self._move(JobEvent.INTENT)
                kept.snapshot = snapshot
                if kept.first is None or kept.first.fn_serial != snapshot.fn_serial:
                    kept.first = snapshot
                self._fills = self._closes = self._operates = 0
            case Commit(event, data):
                self.commits.append(ask)
                self._move(event)
                if event is JobEvent.UNDECIDABLE:
                    kept.told = data["evidence"]["case"]
                if event in (JobEvent.PROVEN, JobEvent.FOUND) and "document" in data:
                    kept.highest_fd = max(kept.highest_fd or 0, data["document"].fd)
            case NoteSeen(fn, highest, seen):
                kept.fn, kept.highest_fd = fn, highest
                if any(s.owner is None and s.document.kind in RECEIPTS for s in seen):
                    self.exclusive = False
            case BeginOperation(began, snapshot):
                assert kept.operation is None
                assert kept.job.state not in OPEN, "a shift operation while an older intent is open"
                kept.operation, kept.operation_snapshot = began, snapshot
                self._operates = 0
            case EndOperation():
                kept.operation = kept.operation_snapshot = None

    def _move(self, event: JobEvent) -> None:
        moved = step(self.kept.job, event)
        assert isinstance(moved, Moved), f"{event} in {self.kept.job.state}: {moved}; {self.story()}"
        self.kept.job = moved.job
        self.events.append(event)
        if event in (JobEvent.PROVEN_NONE, JobEvent.FOUND, JobEvent.PROVEN):
            self.check()  # at that very moment

    # --- the invariants

    def watch(self, ask: Ask) -> None:
        """What must be true at the moment of an ask."""
        job = self.kept.job
        match ask:
            case Begin():
                assert self.kept.operation is None, "an older intent is open"
            case Fill():
                assert job.state is Known.STARTED, "positions without INTENT on disk"
                assert not job.closing
                assert self._fills == 0, "filled twice in one attempt"
                self._fills += 1
            case Close():
                assert job.state is Known.STARTED, "close without INTENT on disk"
                assert job.closing, "close without CLOSING on disk"
                assert self._closes == 0, "closed twice in one attempt"
                assert self.register.open is None or self.register.open.total == self.plan.lines_total, "wrong total"
                self._closes += 1
            case Operate():
                assert self.kept.operation is not None, "shift operation without its intent"
                # Opening an open shift is refused, so a second opening does nothing; a closing could strike the next.
                most = 2 if self.kept.operation is Operation.OPEN_SHIFT else 1
                assert self._operates < most, "operated too often on one intent"
                self._operates += 1
            case Fence():
                begun = self.register.open
                assert self.exclusive or begun is None or begun.receipt is not None, "another's document is cancelled"

    def check(self) -> None:
        """What the records of job and register say must be the same thing."""
        made = self.made()
        assert len(made) <= 1, f"{len(made)} documents: {self.story()}"
        state = self.kept.job.state
        assert (state is Known.DONE) == bool(made), f"{state} with documents {made}: {self.story()}"

    def made(self) -> list[int]:
        """The documents of this job that the register holds, told apart from others' by their maker."""
        return self.register.ours

    def story(self) -> str:
        told = "; ".join(f"{n} {phase}" for n, (phase, _) in enumerate(self.asked[-60:]))
        return f"faults {self.faults}, {self.kept}, asks: {told}"


def _step(run: Runs, answer: Answered) -> tuple[Runs, Ask]:
    match run:
        case receipt.Run():
            return receipt.step(run, answer)
        case operation.Run():
            return operation.step(run, answer)
        case plain.Run():
            return plain.step(run, answer)
        case reading.Run():
            return reading.step(run, answer)

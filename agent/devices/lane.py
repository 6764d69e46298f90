"""The lane of one device: a thread that does one thing at a time, in order.

Open intents first, then adopted jobs, then the oldest accepted job. The event loop never touches a device; this thread
never touches the link. A lane that meets a bug stops the process (``on_crash``): the restart resolves from the journal.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from agent.devices.evidence import archive_above
from agent.devices.performer import Interrupted, Performer, Work, decision_of
from agent.jobs.book import JobBook
from agent.jobs.transitions import is_open
from agent.journal.rows import DeviceRow, JobRow, JobWithOffer, Snapshot
from agent.procedures import receipt, shift
from agent.procedures.asks import (
    Answer,
    Answered,
    Ask,
    Commit,
    ContinuePrint,
    Ended,
    Needs,
    NotReady,
    Operation,
    ReadDocument,
    ReadStatus,
    Seen,
)
from agent.procedures.evidence import Proven, decide
from drivers.api import FiscalRegister, Identity, Paper, Status
from drivers.errors import DeviceError
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent, Known
from protocol.crm.lease import Lease
from protocol.crm.messages import Archive
from protocol.crm.outcomes import Paper as PaperOutcome
from protocol.crm.outcomes import Reason
from protocol.ffd.planned import PlannedReceipt
from protocol.ffd.planning import plan as plan_receipt
from protocol.ffd.shape import parse_receipt

IDLE_DISCONNECT = 20.0  # seconds after which an idle channel is closed for other programs
RETRY_FIRST, RETRY_LONGEST = 0.5, 5.0  # seconds between looks at a device that is not ready
PAPER_PATIENCE = 30 * 60.0  # how long new paper is waited for after a receipt that was not printed to its end

log = structlog.get_logger("lane")


@dataclass(frozen=True, slots=True)
class LaneState:
    """What a lane is doing, for people: read by other threads."""

    kkm_id: str
    doing: str = "idle"
    job_id: str | None = None
    reason: Reason | None = None
    identity: Identity | None = None
    paper_pending: bool = False


class Lane:
    def __init__(
        self,
        kkm_id: str,
        register: FiscalRegister,
        book: JobBook,
        *,
        on_claim: Callable[[str, Identity, int], None],
        on_progress: Callable[[str, str, int | None, int | None], None],
        on_archive: Callable[[Archive], None],
        on_crash: Callable[[BaseException], None],
        patient: bool = True,
    ) -> None:
        """``on_claim(kkm_id, identity, last_fd)`` when the device has said who it is; ``on_progress`` of a job;
        ``on_archive`` answers ``want_archive``. Without ``patient`` a round ends as soon as a person has to look;
        with it the device is asked on and on."""
        self.kkm_id = kkm_id
        self.state = LaneState(kkm_id)
        self._register = register
        self._book = book
        self._on_claim = on_claim
        self._on_progress = on_progress
        self._on_archive = on_archive
        self._on_crash = on_crash
        self._patient = patient
        self._archive_wanted = False
        self._wake = threading.Condition()
        self._nudged = False
        self._stopping = False
        self._performer = Performer(kkm_id, register, book, wait=self._sleep, progress=self._progress)
        self._thread = threading.Thread(target=self._main, name=f"lane {kkm_id}", daemon=True)
        self._claimed: tuple[str, str] | None = None
        self._failures = 0
        self._idle_rounds = 0
        self._unprinted: tuple[str, float] | None = None
        self._fresh = True  # no intent of this process is open: an open one needs the whole waiting time

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Start nothing more; what has started goes on to its outcome, a wait is left to the next start."""
        with self._wake:
            self._stopping = True
            self._wake.notify_all()

    def join(self, timeout: float | None = None) -> bool:
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def nudge(self) -> None:
        """Something may have changed for this lane: look."""
        with self._wake:
            self._nudged = True
            self._wake.notify_all()

    def reclaim(self) -> None:
        """A new connection to the server: say again who the device is."""
        self._claimed = None
        self.nudge()

    def want_archive(self) -> None:
        """Read what the archive holds above the journal's highest document, as evidence for a person."""
        self._archive_wanted = True
        self.nudge()

    # --- the thread

    def _main(self) -> None:
        try:
            while not self._stopping:
                self._idle(self.round())
        except Interrupted:
            pass
        except BaseException as error:
            self._on_crash(error)  # first: the log itself may be what is broken
            log.exception("lane_crashed", kkm_id=self.kkm_id)
        finally:
            self._performer.disconnect()

    def _idle(self, pause: float) -> None:
        deadline = self._book.clock.monotonic() + pause
        with self._wake:
            while not (self._nudged or self._stopping):
                left = deadline - self._book.clock.monotonic()
                if left <= 0:
                    return
                self._wake.wait(left)
            self._nudged = False

    def _sleep(self, seconds: float) -> bool:
        """A wait inside a procedure. Cut short by stopping, by a person's decision on a ``human`` job, and when the
        register turns out to have another owner."""
        deadline = self._book.clock.monotonic() + seconds
        with self._wake:
            while not self._stopping:
                left = deadline - self._book.clock.monotonic()
                if left <= 0:
                    return False
                self._nudged = False
                self._wake.wait(left)
                if self._nudged and self._cut_short():
                    return True
            return True

    def _cut_short(self) -> bool:
        return self._decision_waits() or self._book.journal.read(lambda tx: tx.device(self.kkm_id)).released

    def _decision_waits(self) -> bool:
        row = self._performer.work.row
        if row is None or row.state is not Known.HUMAN:
            return False
        now = self._book.journal.read(lambda tx: tx.job(row.job_id))
        return now is not None and decision_of(now)[0] is not None

    def round(self) -> float:
        """One round: do what is next; return how long nothing needs to be looked at."""
        device, chosen = self._book.next_work(self.kkm_id)
        if device.released:  # another PC owns it: not even a query may disturb it
            self._performer.disconnect()
            return 60.0
        if device.operation is not None:
            return self._operation(device)
        if chosen is not None and is_open(chosen.row):
            return self._resolve(device, chosen)
        if not self._introduce():
            return self._pause()
        if self._archive_wanted and not self._report_archive(device):
            return self._pause()
        if device.binding_epoch == 0:
            return 60.0
        for adopted in self._book.adopted(self.kkm_id):
            if not self._search(device, adopted):
                return self._pause()
        if chosen is None:
            return self._finish_paper()
        self._idle_rounds = 0
        if self._book.judge(chosen.start_by) is not Lease.GOOD:
            return 1.0
        return self._receipt(device, chosen)

    def _pause(self) -> float:
        """Back off from a device that is not ready."""
        self._failures += 1
        return float(min(RETRY_LONGEST, RETRY_FIRST * 2.0 ** min(self._failures - 1, 8)))

    # --- who is there

    def _introduce(self) -> bool:
        """Have the device say who it is, once per connection to the server and per change of machine."""
        if self._claimed is not None:
            return True
        try:
            identity = self._performer.connect()
            status = self._register.status()
        except DeviceError as error:
            self._performer.disconnect()
            self._not_ready(None, reason(error.code, vendor=error.vendor, detail=error.detail or None))
            return False
        self._claimed = (identity.register_serial, identity.fn_serial)
        self.state = replace(self.state, identity=identity, reason=None)
        self._on_claim(self.kkm_id, identity, status.last_fd)
        self._failures = 0
        return True

    # --- a receipt

    def _receipt(self, device: DeviceRow, chosen: JobWithOffer) -> float:
        plan = self._plan(device, chosen)
        run, ask = receipt.start(self._context(device, chosen.row, plan), chosen.row.first_snapshot)
        end = self._run(run, ask, self._work(chosen, plan))
        if isinstance(end, Needs):
            return self._shift(device, chosen, end.operation)
        if isinstance(end, NotReady):
            self._not_ready(chosen.row.job_id, end.reason)
            return self._pause()
        self._failures = 0
        moved = self._performer.work.row
        # The same cause would strike again at once; the pause is for the cashier to mend it.
        return RETRY_FIRST if moved is not None and moved.state is Known.ACCEPTED else 0.0

    def _resolve(self, device: DeviceRow, chosen: JobWithOffer) -> float:
        row, plan = chosen.row, self._plan(device, chosen)
        assert row.first_snapshot is not None
        assert row.snapshot is not None
        context = self._context(device, row, plan)
        told = (row.outcome.get("evidence") or {}).get("case") if row.state is Known.HUMAN else None
        if self._fresh:
            run, ask = receipt.resume(
                context,
                first=row.first_snapshot,
                snapshot=row.snapshot,
                closing=row.closing,
                doubted=row.state is not Known.STARTED,
                human=told,
            )
        else:
            run, ask = receipt.look_again(
                context, first=row.first_snapshot, snapshot=row.snapshot, closing=row.closing, human=told
            )
        self._run(run, ask, self._work(chosen, plan))
        return 0.0

    def _context(self, device: DeviceRow, row: JobRow, plan: PlannedReceipt) -> receipt.Context:
        desk = device.settings
        decision, fd = decision_of(row)
        return receipt.Context(
            plan=plan,
            exclusive=device.exclusive,
            register_serial=device.register_serial or "",
            known_fn=device.fn_serial if device.highest_fd is not None else None,
            highest_fd=device.highest_fd or 0,
            open_shift=desk.open_shift,
            close_expired_shift=desk.close_expired_shift,
            max_time=self._register.capabilities.max_time,
            decision=decision,
            decided_fd=fd,
        )

    def _plan(self, device: DeviceRow, chosen: JobWithOffer) -> PlannedReceipt:
        row = chosen.row
        wanted = row.imprinted if is_open(row) else device.settings.imprint
        return plan_receipt(parse_receipt(chosen.offer.payload), imprint=row.imprint if wanted else None)

    def _work(self, chosen: JobWithOffer, plan: PlannedReceipt) -> Work:
        return Work(chosen.row, plan, datetime.fromisoformat(chosen.row.start_by), plan.cashier_name, plan.cashier_inn)

    # --- a shift operation

    def _shift(self, device: DeviceRow, chosen: JobWithOffer, operation: Operation) -> float:
        plan = self._plan(device, chosen)
        if self._book.judge(chosen.start_by) is not Lease.GOOD:
            return 1.0
        work = self._work(chosen, plan)
        run, ask = shift.start(
            operation,
            device.register_serial or "",
            self._register.capabilities.max_time,
            exclusive=device.exclusive,
        )
        end = self._run(run, ask, work)
        if isinstance(end, NotReady):
            self._not_ready(chosen.row.job_id, end.reason)
            return self._pause()
        return 0.0

    def operate(
        self, device: DeviceRow, operation: Operation, cashier_name: str | None, cashier_inn: str | None
    ) -> Reason | None:
        """Open or close the shift because a person asked for it; the reason when it was not done."""
        work = Work(None, None, None, cashier_name, cashier_inn)
        max_time = self._register.capabilities.max_time
        run, ask = shift.start(operation, device.register_serial or "", max_time, exclusive=device.exclusive)
        end = self._run(run, ask, work)
        return end.reason if isinstance(end, NotReady) else None

    def _operation(self, device: DeviceRow) -> float:
        """An intent of a shift operation was found open."""
        assert device.operation is not None
        operation = Operation(device.operation["operation"])
        snapshot = Snapshot(**device.operation["snapshot"])
        run, ask = shift.resume(
            operation,
            device.register_serial or "",
            self._register.capabilities.max_time,
            snapshot,
            exclusive=device.exclusive,
        )
        self._run(run, ask, Work(None, None))
        return 0.0

    # --- adoption

    def _search(self, device: DeviceRow, chosen: JobWithOffer) -> bool:
        """Look for the document of a job that another journal may have begun; what is found is done."""
        plan = self._plan(device, chosen)
        self._performer.work = self._work(chosen, plan)
        status = self._performer.perform(ReadStatus())
        if status.kind is not Answer.OK:
            self._not_ready(chosen.row.job_id, status.reason)
            return False
        now: Status = status.value
        if now.register_serial != device.register_serial:
            return False
        seen: list[Seen] = []
        since = chosen.row.outcome.get("adopted_from")
        for fd in range((since if since is not None else now.last_fd) + 1, now.last_fd + 1):
            answer = self._performer.perform(ReadDocument(fd))
            if answer.kind is not Answer.OK:
                self._not_ready(chosen.row.job_id, answer.reason)
                return False
            if answer.value is not None and answer.value.document.imprint is not None:
                seen.append(answer.value)
        verdict = decide(seen, plan, exclusive=False) if plan.imprint is not None else None
        if isinstance(verdict, Proven):
            self._performer.perform(Commit(JobEvent.FOUND, {"document": verdict.document}))
        else:
            row = replace(chosen.row, outcome={**chosen.row.outcome, "searched": True})
            self._book.journal.commit(lambda tx: tx.write_job(row, "searched"))
        return True

    def _report_archive(self, device: DeviceRow) -> bool:
        archive = archive_above(self._performer, device)
        if archive is None:
            return False
        self._archive_wanted = False
        self._on_archive(archive)
        return True

    # --- paper

    def _finish_paper(self) -> float:
        """Print the rest of an interrupted receipt as soon as there is paper again; close an idle channel."""
        if self._unprinted is None:
            if self._idle_rounds:
                self._performer.disconnect()
            self._idle_rounds += 1
            return IDLE_DISCONNECT
        job_id, since = self._unprinted
        answer = self._performer.perform(ReadStatus())
        if answer.kind is Answer.OK:
            status: Status = answer.value
            if status.paper is Paper.RESUMABLE:
                self._performer.perform(ContinuePrint())
            elif status.paper is Paper.PRESENT and not status.busy and not status.cover_open:
                row = self._book.journal.read(lambda tx: tx.job(job_id))
                assert row is not None
                told = {**row.outcome, "paper": PaperOutcome.COMPLETE.value}
                self._book.transition(job_id, JobEvent.PAPER, outcome=told)
                self._printed(None)
        if self._unprinted is not None and self._book.clock.monotonic() - since > PAPER_PATIENCE:
            log.warning("paper_given_up", kkm_id=self.kkm_id, job_id=job_id)
            self._printed(None)
        return 1.0

    def _printed(self, unprinted: str | None) -> None:
        """``unprinted`` is the job whose receipt waits for paper; ``None`` when none does."""
        self._unprinted = (unprinted, self._book.clock.monotonic()) if unprinted is not None else None
        self.state = replace(self.state, paper_pending=unprinted is not None)

    # --- running a procedure

    def _run(self, run: receipt.Run | shift.ShiftRun, ask: Ask, work: Work) -> Ask:
        """Step a procedure to its end; the last ask tells how it ended."""
        self._performer.work = work
        self._fresh = False
        self.state = replace(
            self.state, doing=run.phase.value, job_id=work.row.job_id if work.row else None, reason=None
        )
        while not isinstance(ask, (NotReady, Needs, Ended)):
            if run.phase is receipt.Phase.RETRY and self._left_to_a_person():
                break
            try:
                answer = self._performer.perform(ask)
            except Interrupted:
                if self._stopping:
                    raise
                return ask  # a person has decided: the next round looks again
            log.debug(
                "step", kkm_id=self.kkm_id, phase=run.phase.value, ask=type(ask).__name__, answer=answer.kind.value
            )
            run, ask = _step(run, answer)
            self.state = replace(self.state, doing=run.phase.value)
        if isinstance(ask, Ended) and ask.paper_pending and work.row is not None:
            self._printed(work.row.job_id)
        self.state = replace(self.state, doing="idle", job_id=None)
        return ask

    def _left_to_a_person(self) -> bool:
        row = self._performer.work.row
        return not self._patient and row is not None and row.state is Known.HUMAN

    def _not_ready(self, job_id: str | None, why: Reason | None) -> None:
        if why is None:
            return
        if self.state.reason is None or self.state.reason.code != why.code:
            log.warning("device_not_ready", kkm_id=self.kkm_id, job_id=job_id, code=why.code, vendor=why.vendor,
                        detail=why.detail)  # fmt: skip
        self.state = replace(self.state, doing="waiting", reason=why)
        if job_id is not None:
            self._progress(job_id, why.code, None, None)

    def _progress(self, job_id: str | None, code: str, done: int | None, of: int | None) -> None:
        if job_id is not None:
            self._on_progress(job_id, code, done, of)


def _step(run: receipt.Run | shift.ShiftRun, answer: Answered) -> tuple[receipt.Run | shift.ShiftRun, Ask]:
    return receipt.step(run, answer) if isinstance(run, receipt.Run) else shift.step(run, answer)

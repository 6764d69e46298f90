"""The lane of one device: a thread that does one thing at a time, in order.

Open intents first, then adopted jobs, then the oldest accepted job; at rest it watches the register. The event loop
never touches a device; this thread never touches the link. A lane that meets a bug stops the process (``on_crash``):
the restart resolves from the journal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import structlog

from agent.awake import Awake
from agent.devices.device_lane import IDLE_DISCONNECT, RETRY_FIRST, RETRY_LONGEST, DeviceLane
from agent.devices.evidence import archive_above, search
from agent.devices.lane_thread import Interrupted
from agent.devices.performer import Performer
from agent.devices.runs import Next, Procedures, asks_again_later, step
from agent.devices.watch import Watch
from agent.devices.work import Work, work_of
from agent.jobs.book import JobBook
from agent.jobs.transitions import is_open
from agent.journal.records import RecordKind
from agent.journal.rows import DeviceRow, JobWithOffer
from agent.procedures.asks import (
    Able,
    Answer,
    Answered,
    Ask,
    Begin,
    BeginOperation,
    ContinuePrint,
    Ended,
    Needs,
    NotReady,
    Operation,
    ReadStatus,
    ReadTotals,
    Reopen,
)
from drivers.api import FiscalRegister, Identity, Paper, Status
from protocol.crm.job_machine import JobEvent, Known
from protocol.crm.jobs import DeviceClass
from protocol.crm.lease import Lease
from protocol.crm.messages import Archive, Health
from protocol.crm.outcomes import Paper as PaperOutcome
from protocol.crm.outcomes import Reason

PAPER_PATIENCE = 30 * 60.0  # how long new paper is waited for after a receipt that was not printed to its end
NEEDED = {Operation.OPEN_SHIFT: "open_shift", Operation.CLOSE_SHIFT: "close_expired_shift"}
"""The desk's rule by which a receipt may ask for an operation."""

log = structlog.get_logger("lane")


class Lane(DeviceLane):
    class_ = DeviceClass.REGISTER

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
        on_health: Callable[[Health], None] | None = None,
        patient: bool = True,
        awake: Awake | None = None,
    ) -> None:
        """``on_claim(kkm_id, identity, last_fd)`` when the device has said who it is; ``on_progress`` of a job;
        ``on_archive`` answers ``want_archive``. With ``on_health`` the register is watched at rest, and the desk's
        policy kept. Without ``patient`` a round ends as soon as a person has to look; with it the device is asked on
        and on. ``awake`` is held, under this KKM_ID, while the device works on something."""
        super().__init__(kkm_id, book, on_progress=on_progress, on_crash=on_crash, awake=awake)
        self._register = register
        self._on_claim = on_claim
        self._on_archive = on_archive
        self._patient = patient
        self._archive_wanted = False
        self._performer = Performer(kkm_id, register, book, wait=self._sleep, progress=self._progress)
        self._watch = Watch(kkm_id, self._performer, book, on_health=on_health)
        self._idle_rounds = 0
        self._paper_since: tuple[str, float] | None = None
        self._fresh = True  # no intent of this process is open: an open one needs the whole waiting time

    def want_archive(self) -> None:
        """Read what the archive holds above the journal's highest document, as evidence for a person."""
        self._archive_wanted = True
        self.nudge()

    def busy(self) -> tuple[str | None, int | None]:
        """Job and attempt in hand, for the device's trace; asked by this lane's own thread."""
        row = self._performer.work.row
        return (None, None) if row is None or self.state.job_id is None else (row.job_id, row.attempt)

    # --- the thread

    def _disconnect(self) -> None:
        self._performer.disconnect()

    def _cut_short(self) -> bool:
        return self._word_waits(self._performer.work.row) or self._book.device(self.kkm_id).released

    def round(self) -> float:
        """One round: do what is next; return how long nothing needs to be looked at."""
        device, chosen = self._book.next_work(self.kkm_id)
        if device.released:  # another PC owns it: not even a query may disturb it, unless the owner gives it back
            if self._invited and not self._introduce():
                return self._pause()
            self._performer.disconnect()
            return 60.0
        if device.operation is not None:
            return self._resume_policy(device)
        if self._misplaced(chosen):
            return self._pause()
        if chosen is not None and is_open(chosen.row):
            return 0.0 if self._ended_elsewhere(chosen.row) else self._resolve(device, chosen)
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
            return self._rest(device, idle=True)
        if self._book.lease_of(chosen.row) is not Lease.GOOD:
            if not self._book.paused:
                return min(1.0, self._rest(device, idle=False))
            self._progress(chosen.row.job_id, "paused", None, None)
            return min(RETRY_LONGEST, self._rest(device, idle=False))
        self._idle_rounds = 0
        if self._failures and self._watch.wait() == 0.0:  # the job waits for the register: why, is seen in a look
            self._watch.look(device, idle=False)
        return self._job(device, chosen)

    # --- who is there

    def _meet(self) -> None:
        identity = self._performer.connect()
        status = self._register.status()
        self.state = replace(self.state, identity=identity)
        self._on_claim(self.kkm_id, identity, status.last_fd)

    def _silent(self, why: Reason) -> None:
        self._watch.silent(why)

    # --- a job

    def _procedures(self, device: DeviceRow) -> Procedures:
        return Procedures(device, self._register.capabilities)

    def _job(self, device: DeviceRow, chosen: JobWithOffer) -> float:
        work = work_of(device, chosen)
        end = self._run(self._procedures(device).start(work), work)
        if isinstance(end, Needs):
            if self._book.lease_of(chosen.row) is not Lease.GOOD:
                return 1.0
            needed = replace(work, rule=NEEDED[end.operation])
            end = self._policy(device, end.operation, needed)
            if not isinstance(end, NotReady):
                return 0.0
        if isinstance(end, Able):  # a sale: its first part is a job of its own
            why = self._book.sale_checked(chosen.row.job_id)
            end = NotReady(why) if why is not None else end
        if isinstance(end, NotReady):
            self._not_ready(chosen.row.job_id, end.reason)
            return self._pause()
        self._failures = 0
        moved = self._performer.work.row
        # The same cause would strike again at once; the pause is for the cashier to mend it.
        return RETRY_FIRST if moved is not None and moved.state is Known.ACCEPTED else 0.0

    def _resolve(self, device: DeviceRow, chosen: JobWithOffer) -> float:
        work, procedures = work_of(device, chosen), self._procedures(device)
        self._run(procedures.resume(work) if self._fresh else procedures.look_again(work), work)
        return 0.0

    # --- an operation of the desk's policy

    def _policy(self, device: DeviceRow, wanted: Operation, work: Work) -> Ask:
        if wanted is Operation.CLOSE_SHIFT:
            self._performer.work = work
            self._performer.perform(ReadTotals())  # for the event; a register that keeps none closes all the same
        return self._run(self._procedures(device).start_policy(wanted), work)

    def _resume_policy(self, device: DeviceRow) -> float:
        """Its intent was found open."""
        self._run(self._procedures(device).resume_policy(), Work(intent=device.operation))
        return 0.0

    # --- adoption and evidence

    def _search(self, device: DeviceRow, chosen: JobWithOffer) -> bool:
        why = search(self._performer, self._book, device, chosen)
        if why is not None:
            self._not_ready(chosen.row.job_id, why)
        return why is None

    def _report_archive(self, device: DeviceRow) -> bool:
        archive = archive_above(self._performer, device)
        if archive is None:
            return False
        self._archive_wanted = False
        self._on_archive(archive)
        return True

    # --- at rest

    def _rest(self, device: DeviceRow, *, idle: bool) -> float:
        """Watch the register, keep the policy, print what waits for paper, close an idle channel."""
        if self._watch.wait() == 0.0:
            due = self._watch.look(device, idle=idle)
            if due is not None:
                end = self._policy(device, due.operation, Work(rule=due.rule))
                if isinstance(end, NotReady):
                    self._not_ready(None, end.reason)
                return 1.0
        if device.unprinted is not None and self._book.may_start:
            self._finish_paper(device, device.unprinted)
            return 1.0
        if self._idle_rounds:
            self._performer.disconnect()
        self._idle_rounds += 1
        left = self._watch.wait()
        return IDLE_DISCONNECT if left is None else min(IDLE_DISCONNECT, left)

    def _finish_paper(self, device: DeviceRow, job_id: str) -> None:
        """Print the rest of an interrupted document as soon as there is paper again, on the register that holds it."""
        if self._paper_since is None or self._paper_since[0] != job_id:
            self._paper_since = (job_id, self._book.clock.monotonic())
        self.state = replace(self.state, paper_pending=True)
        self._performer.work = Work()
        answer = self._performer.perform(ReadStatus())
        printed = False
        if answer.kind is Answer.OK and answer.value.register_serial == device.register_serial:
            status: Status = answer.value
            if status.paper is Paper.RESUMABLE:
                self._performer.perform(ContinuePrint())
            elif status.paper is Paper.PRESENT and not status.busy and not status.cover_open:
                row = self._book.journal.read(lambda tx: tx.job(job_id))
                assert row is not None
                told = {**row.outcome, "paper": PaperOutcome.COMPLETE.value}
                self._book.transition(job_id, JobEvent.PAPER, outcome=told)
                printed = True
        if not printed and self._book.clock.monotonic() - self._paper_since[1] > PAPER_PATIENCE:
            log.warning("paper_given_up", kkm_id=self.kkm_id, job_id=job_id)
            self._book.update_device(
                self.kkm_id, "paper_given_up", RecordKind.DEVICE, lambda device: replace(device, unprinted=None)
            )
            printed = True
        if printed:
            self.state = replace(self.state, paper_pending=False)

    # --- running a procedure

    def _run(self, begun: Next, work: Work) -> Ask:
        """Step a procedure to its end; the last ask tells how it ended."""
        run, ask = begun
        self._performer.work = work
        self._fresh = False
        self.state = replace(self.state, doing=run.phase.value, job_id=work.job_id, step=None)
        while not isinstance(ask, (NotReady, Needs, Able, Ended)):
            if asks_again_later(run) and self._left_to_a_person():
                break
            self._keep_awake(ask)
            try:
                answer = self._performer.perform(ask)
            except Interrupted:
                if self._stopping:
                    raise
                return ask  # a person has decided: the next round looks again
            log.debug(
                "step", kkm_id=self.kkm_id, phase=run.phase.value, ask=type(ask).__name__, answer=answer.kind.value
            )
            why = self._why(ask, answer)
            run, ask = step(run, answer)
            first = isinstance(ask, (Begin, BeginOperation))  # a look at a device that was not ready proves nothing
            self.state = replace(self.state, doing=run.phase.value, reason=None if first else why)
        self._keep_awake(ask)
        if not isinstance(ask, NotReady):
            self._said = None
            self.state = replace(self.state, reason=None)
        pending = isinstance(ask, Ended) and ask.paper_pending
        self.state = replace(self.state, doing="idle", job_id=None, paper_pending=pending or self.state.paper_pending)
        return ask

    def _why(self, ask: Ask, answer: Answered) -> Reason | None:
        """Why the device cannot be used, after this answer: out of reach in the middle of a job, and there again."""
        if answer.kind is Answer.NOT_SENT:
            return answer.reason
        again = isinstance(ask, Reopen) and answer.kind is Answer.OK
        return None if again else self.state.reason

    def _keep_awake(self, ask: Ask) -> None:
        """From before an intent is written until its outcome is on disk, or until a person has been asked."""
        work = self._performer.work
        started = work.row is not None and work.row.state in (Known.STARTED, Known.RESOLVING)
        self._hold_awake(started or work.intent is not None or isinstance(ask, (Begin, BeginOperation)))

    def _left_to_a_person(self) -> bool:
        row = self._performer.work.row
        return not self._patient and row is not None and row.state is Known.HUMAN

    def _not_ready(self, job_id: str | None, why: Reason) -> None:
        if why.code == "wrong_device":  # an open channel would stay with the stranger when ours is back at the address
            self._performer.disconnect()
        super()._not_ready(job_id, why)

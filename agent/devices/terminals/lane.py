"""The lane of one card terminal: a thread that does one thing at a time, in order.

Open intents first, then the oldest accepted job; at rest it looks whether the terminal is there, as little as the
interface needs for that. The event loop never touches a terminal; this thread never touches the link.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import structlog

from agent.awake import Awake
from agent.devices.device_lane import IDLE_DISCONNECT, DeviceLane, Progress
from agent.devices.lane_thread import Interrupted
from agent.devices.terminals.performer import TerminalPerformer
from agent.devices.terminals.runs import Ask, Next, Procedures, asks_again_later, step
from agent.devices.terminals.watch import TerminalWatch
from agent.devices.terminals.work import TerminalWork, work_of
from agent.jobs.book import JobBook
from agent.jobs.transitions import is_open
from agent.journal.rows import DeviceRow, JobWithOffer
from agent.procedures.asks import Answer, Ended, NotReady
from agent.procedures.payment.asks import BeginMove
from agent.procedures.settlement import BeginSettle
from drivers.terminal_api import CardTerminal, TerminalIdentity, TerminalStatus
from protocol.crm.job_machine import Known
from protocol.crm.jobs import DeviceClass, whole
from protocol.crm.lease import Lease
from protocol.crm.messages import Health
from protocol.crm.outcomes import Reason

RETRY_AT_REST = 30.0  # seconds between tries to hear who is there, while no job waits: each may start a bank's program

log = structlog.get_logger("terminal")


class TerminalLane(DeviceLane):
    class_ = DeviceClass.TERMINAL

    def __init__(
        self,
        kkm_id: str,
        terminal: CardTerminal,
        book: JobBook,
        *,
        on_progress: Progress,
        on_crash: Callable[[BaseException], None],
        on_claim: Callable[[str, TerminalIdentity], None] | None = None,
        on_health: Callable[[Health], None] | None = None,
        patient: bool = True,
        awake: Awake | None = None,
    ) -> None:
        """``on_claim(kkm_id, identity)`` when the terminal has said who it is; without it nobody wants to know.
        Otherwise as of every lane: with ``on_health`` the terminal is looked at while it rests; without ``patient`` a
        round ends when a person has to look, with it the terminal is asked on and on."""
        super().__init__(kkm_id, book, on_progress=on_progress, on_crash=on_crash, awake=awake)
        self._terminal = terminal
        self._on_claim = on_claim
        self._patient = patient
        self._abort: str | None = None
        self._performer = TerminalPerformer(
            kkm_id, terminal, book, wait=self._sleep, progress=self._said_progress, abort_wanted=self._abort_wanted
        )
        self._watch = TerminalWatch(kkm_id, book, self._performer.glance, on_health=on_health)
        self._fresh = True  # no intent of this process is open: an open one needs the whole waiting time

    def abort(self, job_id: str) -> bool:
        in_hand = self.state.job_id
        if not self.state.abortable or in_hand is None or job_id not in (in_hand, whole(in_hand)):
            return False
        self._abort = in_hand
        self._on_progress(whole(in_hand), "aborting", None, None)  # the state is the lane's own thread's to write
        return True

    def busy(self) -> tuple[str | None, int | None]:
        work = self._performer.work
        return (None, None) if work is None or self.state.job_id is None else (work.row.job_id, work.row.attempt)

    # --- the thread

    def round(self) -> float:
        device, chosen = self._book.next_work(self.kkm_id)
        if device.released:  # another PC owns it, unless the owner gives it back
            if self._invited and not self._introduce():
                return self._pause()
            self._performer.disconnect()
            return 60.0
        if self._misplaced(chosen):
            return self._pause()
        if chosen is not None and is_open(chosen.row):
            return 0.0 if self._ended_elsewhere(chosen.row) else self._resolve(device, chosen)
        if not self._introduce():
            return RETRY_AT_REST if chosen is None else self._waits(chosen)
        if device.binding_epoch == 0:
            self._performer.disconnect()
            return 60.0
        if chosen is None:
            return self._rest()
        if self._book.lease_of(chosen.row) is not Lease.GOOD:
            if self._book.paused:
                self._progress(chosen.row.job_id, "paused", None, None)
            return min(1.0, self._rest())
        return self._job(device, chosen)

    def _cut_short(self) -> bool:
        work = self._performer.work
        return self._word_waits(work.row if work is not None else None) or self._book.device(self.kkm_id).released

    def _disconnect(self) -> None:
        self._performer.disconnect()

    # --- who is there, at rest

    def _meet(self) -> None:
        """A terminal that is known is only looked at: a link that comes and goes starts no bank's program."""
        if self._on_claim is None:
            return
        status: TerminalStatus | None = None
        if self._watch.identity is None or self._invited:
            self._watch.identity = self._performer.connect()
            status = self._terminal.status()
        else:
            status = self._performer.glance()
        self.state = replace(self.state, terminal=self._watch.identity)
        self._on_claim(self.kkm_id, self._watch.identity)
        self._watch.seen(status)

    def _silent(self, why: Reason) -> None:
        self._watch.silent(why)

    def _waits(self, chosen: JobWithOffer) -> float:
        """For a terminal that has not said yet who it is."""
        if self.state.reason is not None:
            self._progress(chosen.row.job_id, self.state.reason.code, None, None)
        return self._pause()

    def _rest(self) -> float:
        self._performer.disconnect()
        if self._watch.wait() == 0.0:
            self._watch.look()
        left = self._watch.wait()
        return IDLE_DISCONNECT if left is None else min(IDLE_DISCONNECT, left)

    # --- a job

    def _procedures(self, device: DeviceRow) -> Procedures:
        return Procedures(device, self._terminal.capabilities)

    def _job(self, device: DeviceRow, chosen: JobWithOffer) -> float:
        work = work_of(chosen)
        end = self._run(self._procedures(device).start(work), work)
        if isinstance(end, NotReady):
            self._performer.disconnect()
            self._not_ready(work.row.job_id, end.reason)
            return self._pause()
        self._failures = 0
        return 0.0

    def _resolve(self, device: DeviceRow, chosen: JobWithOffer) -> float:
        work, procedures = work_of(chosen), self._procedures(device)
        self._run(procedures.resume(work) if self._fresh else procedures.look_again(work), work)
        return 0.0

    def _run(self, begun: Next, work: TerminalWork) -> Ask:
        """Step the procedure to its end; the last ask tells how it ended."""
        run, ask = begun
        self._performer.work = work
        self._fresh = False
        abortable = self._terminal.capabilities.abort and work.movement is not None
        self.state = replace(self.state, doing=run.phase.value, job_id=work.row.job_id, step=None, abortable=abortable)
        try:
            while not isinstance(ask, (NotReady, Ended)):
                if asks_again_later(run) and self._left_to_a_person():
                    break
                self._keep_awake(ask)
                answer = self._performer.perform(ask)
                log.debug("step", kkm_id=self.kkm_id, phase=run.phase.value, ask=type(ask).__name__,
                          answer=answer.kind.value)  # fmt: skip
                why = answer.reason if answer.kind is Answer.NOT_SENT else None
                run, ask = step(run, answer)
                self.state = replace(self.state, doing=run.phase.value, reason=why)
        except Interrupted:
            if self._stopping:
                raise
            return ask  # a person has decided, or the terminal is another PC's: the next round looks again
        finally:
            self._abort = None
        self._keep_awake(ask)
        if not isinstance(ask, NotReady):
            self._said = None
        reason = ask.reason if isinstance(ask, NotReady) else None
        self.state = replace(self.state, doing="idle", job_id=None, reason=reason, abortable=False)
        return ask

    def _keep_awake(self, ask: Ask) -> None:
        work = self._performer.work
        started = work is not None and work.row.state in (Known.STARTED, Known.RESOLVING)
        self._hold_awake(started or isinstance(ask, (BeginMove, BeginSettle)))

    def _left_to_a_person(self) -> bool:
        work = self._performer.work
        return not self._patient and work is not None and work.row.state is Known.HUMAN

    def _abort_wanted(self) -> bool:
        work = self._performer.work
        return work is not None and self._abort == work.row.job_id

    def _said_progress(self, job_id: str, code: str) -> None:
        self._progress(job_id, code, None, None)

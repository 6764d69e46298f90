"""The lane of one card terminal: a thread that does one thing at a time, in order.

Open intents first, then the oldest accepted job. The event loop never touches a terminal; this thread never touches the
link.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import structlog

from agent.awake import Awake
from agent.devices.device_lane import IDLE_DISCONNECT, RETRY_FIRST, RETRY_LONGEST, LaneState
from agent.devices.lane_thread import Interrupted, LaneThread
from agent.devices.recorder import decision_of
from agent.devices.terminals.performer import MoneyPerformer
from agent.devices.terminals.work import MoneyWork, look_again, resume, work_of
from agent.jobs.book import JobBook
from agent.jobs.transitions import is_open
from agent.journal.rows import DeviceRow, JobWithOffer
from agent.procedures import payment
from agent.procedures.asks import Answer, Ended, NotReady
from agent.procedures.payment import Phase
from agent.procedures.payment.asks import BeginMove, MoneyAsk
from drivers.terminal_api import CardTerminal
from protocol.crm.job_machine import Known
from protocol.crm.lease import Lease
from protocol.crm.outcomes import Reason

log = structlog.get_logger("terminal")


class TerminalLane(LaneThread):
    def __init__(
        self,
        kkm_id: str,
        terminal: CardTerminal,
        book: JobBook,
        *,
        on_progress: Callable[[str, str, int | None, int | None], None],
        on_crash: Callable[[BaseException], None],
        patient: bool = True,
        awake: Awake | None = None,
    ) -> None:
        """``on_progress(job_id, code, done, of)``, as of every lane. Without ``patient`` a round ends when a person
        has to look; with it the terminal is asked on and on."""
        super().__init__(kkm_id, book.clock, on_crash)
        self.state = LaneState(kkm_id)
        self._terminal = terminal
        self._book = book
        self._on_progress = on_progress
        self._patient = patient
        self._awake = awake or Awake()
        self._abort: str | None = None
        self._performer = MoneyPerformer(
            kkm_id, terminal, book, wait=self._sleep, progress=self._progress, abort_wanted=self._abort_wanted
        )
        self._failures = 0
        self._fresh = True  # no intent of this process is open: an open one needs the whole waiting time

    def abort(self, job_id: str) -> bool:
        """Somebody wants the job in hand to be called off; false when this terminal cannot, or it is not in hand. The
        terminal's own answer wins. Any thread may ask."""
        if not self._terminal.capabilities.abort or self.state.job_id != job_id:
            return False
        self._abort = job_id
        return True

    # --- the thread

    def round(self) -> float:
        device, chosen = self._book.next_work(self.kkm_id)
        if device.released:
            self._performer.disconnect()
            return 60.0
        if chosen is not None and is_open(chosen.row):
            return self._resolve(device, chosen)
        if device.binding_epoch == 0:
            return 60.0
        if chosen is None:
            self._performer.disconnect()
            return IDLE_DISCONNECT
        if self._book.judge(chosen.start_by) is not Lease.GOOD:
            return 1.0
        return self._job(device, chosen)

    def _cut_short(self) -> bool:
        work = self._performer.work
        if work is None or work.row.state is not Known.HUMAN:
            return False
        job_id = work.row.job_id
        now = self._book.journal.read(lambda tx: tx.job(job_id))
        return now is not None and decision_of(now)[0] is not None

    def _give_back(self) -> None:
        self._performer.disconnect()
        self._awake.release(self.kkm_id)

    # --- a job

    def _job(self, device: DeviceRow, chosen: JobWithOffer) -> float:
        work = work_of(chosen)
        end = self._run(payment.start(self._context(device, work)), work)
        if isinstance(end, NotReady):
            self._not_ready(work, end.reason)
            self._failures += 1
            return float(min(RETRY_LONGEST, RETRY_FIRST * 2.0 ** min(self._failures - 1, 8)))
        self._failures = 0
        return 0.0

    def _resolve(self, device: DeviceRow, chosen: JobWithOffer) -> float:
        work = work_of(chosen)
        ctx = self._context(device, work)
        self._run(resume(work, ctx) if self._fresh else look_again(work, ctx), work)
        return 0.0

    def _context(self, device: DeviceRow, work: MoneyWork) -> payment.Context:
        return work.context(self._terminal.capabilities, device.register_serial or "")

    def _run(self, begun: payment.Next, work: MoneyWork) -> MoneyAsk:
        """Step the procedure to its end; the last ask tells how it ended."""
        run, ask = begun
        self._performer.work = work
        self._fresh = False
        self.state = replace(self.state, doing=run.phase.value, job_id=work.row.job_id, step=None)
        try:
            while not isinstance(ask, (NotReady, Ended)):
                if run.phase is Phase.RETRY and self._left_to_a_person():
                    break
                self._keep_awake(ask)
                answer = self._performer.perform(ask)
                log.debug("step", kkm_id=self.kkm_id, phase=run.phase.value, ask=type(ask).__name__,
                          answer=answer.kind.value)  # fmt: skip
                why = answer.reason if answer.kind is Answer.NOT_SENT else None
                run, ask = payment.step(run, answer)
                self.state = replace(self.state, doing=run.phase.value, reason=why)
        except Interrupted:
            if self._stopping:
                raise
            return ask  # a person has decided: the next round looks again
        finally:
            self._abort = None
        self._keep_awake(ask)
        reason = ask.reason if isinstance(ask, NotReady) else None
        self.state = replace(self.state, doing="idle", job_id=None, reason=reason)
        return ask

    def _keep_awake(self, ask: MoneyAsk) -> None:
        """From before an intent is written until its outcome is on disk, or until a person has been asked."""
        work = self._performer.work
        started = work is not None and work.row.state in (Known.STARTED, Known.RESOLVING)
        if started or isinstance(ask, BeginMove):
            self._awake.hold(self.kkm_id)
        else:
            self._awake.release(self.kkm_id)

    def _left_to_a_person(self) -> bool:
        work = self._performer.work
        return not self._patient and work is not None and work.row.state is Known.HUMAN

    def _abort_wanted(self) -> bool:
        return self._abort is not None

    def _not_ready(self, work: MoneyWork, why: Reason) -> None:
        if self.state.reason is None or self.state.reason.code != why.code:
            log.warning("terminal_not_ready", kkm_id=self.kkm_id, job_id=work.row.job_id, code=why.code,
                        vendor=why.vendor, detail=why.detail)  # fmt: skip
        self._performer.disconnect()
        self.state = replace(self.state, doing="waiting", reason=why)
        self._progress(work.row.job_id, why.code)

    def _progress(self, job_id: str, code: str) -> None:
        self.state = replace(self.state, step=code)
        self._on_progress(job_id, code, None, None)

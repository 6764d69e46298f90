"""What the lane of every kind of device has in common: who is there, why a job waits, what people see of it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from agent.awake import Awake
from agent.devices.lane_thread import LaneThread
from agent.devices.recorder import decision_of
from agent.jobs.book import JobBook
from agent.journal.rows import JobRow, JobWithOffer
from drivers.api import Identity
from drivers.errors import DeviceError
from drivers.terminal_api import TerminalIdentity
from protocol.crm.codes import reason
from protocol.crm.job_machine import Known
from protocol.crm.jobs import DeviceClass, whole
from protocol.crm.outcomes import Reason
from protocol.crm.payloads import device_of

IDLE_DISCONNECT = 20.0  # seconds after which an idle channel is closed for other programs
RETRY_FIRST, RETRY_LONGEST = 0.5, 5.0  # seconds between looks at a device that is not ready

Progress = Callable[[str, str, int | None, int | None], None]
"""Of a job: its id, a neutral code, how many of how many."""

log = structlog.get_logger("lane")


@dataclass(frozen=True, slots=True)
class LaneState:
    """What a lane is doing, for people: read by other threads. ``step`` is the neutral code of what the job in hand is
    at, as it last said. Of ``identity`` and ``terminal`` at most one is known: a register's, or a card terminal's."""

    kkm_id: str
    doing: str = "idle"
    job_id: str | None = None
    step: str | None = None
    reason: Reason | None = None
    identity: Identity | None = None
    terminal: TerminalIdentity | None = None
    paper_pending: bool = False
    abortable: bool = False
    """The job in hand can be called off from here, as far as its device is concerned (``abort``)."""


class DeviceLane(LaneThread):
    class_: DeviceClass

    def __init__(
        self,
        kkm_id: str,
        book: JobBook,
        *,
        on_progress: Progress,
        on_crash: Callable[[BaseException], None],
        awake: Awake | None,
    ) -> None:
        super().__init__(kkm_id, book.clock, on_crash)
        self.state = LaneState(kkm_id)
        self._book = book
        self._on_progress = on_progress
        self._awake = awake or Awake()
        self._claimed = False
        self._invited = False
        self._failures = 0
        self._said: str | None = None  # why the device is not ready, as the log has it: said once, until it was ready

    # --- of each kind of device

    @abstractmethod
    def _meet(self) -> None:
        """Have the device say who it is, and claim it. Raises what its driver raises."""

    @abstractmethod
    def _disconnect(self) -> None:
        """Give the channel back."""

    @abstractmethod
    def _silent(self, why: Reason) -> None:
        """It did not say who it is."""

    def want_archive(self) -> None:
        """Read what the device's archive holds above what this journal knows, as evidence for a person: for a device
        that has one."""

    def abort(self, job_id: str) -> bool:  # noqa: ARG002
        """Somebody wants the job in hand to be called off; false when this device cannot, or it is not in hand. The
        device's own answer wins. Any thread may ask."""
        return False

    def busy(self) -> tuple[str | None, int | None]:
        """Job and attempt in hand, for the device's trace; asked by this lane's own thread."""
        return None, None

    # --- who is there

    def reclaim(self) -> None:
        """A new connection to the server: say again who the device is."""
        self._claimed = False
        self.nudge()

    def invite(self) -> None:
        """The device that this PC has given up may be claimed anew."""
        self._invited = True
        self.reclaim()

    def _introduce(self) -> bool:
        """Have the device say who it is, once per connection to the server and per change of machine."""
        if self._claimed:
            return True
        self._claimed = True  # before: a connection that begins meanwhile wants it said again
        try:
            self._meet()
        except DeviceError as error:
            self._claimed = False
            why = reason(error.code, vendor=error.vendor, detail=error.detail or None)
            self._disconnect()
            self._not_ready(None, why)
            self._silent(why)
            return False
        self._invited = False
        self._said = None
        self._failures = 0
        self.state = replace(self.state, reason=None)
        return True

    # --- what is said of the job in hand

    def _word_waits(self, row: JobRow | None) -> bool:
        """A person has decided about it, or the server knows its end."""
        if row is None:
            return False
        now = self._book.journal.read(lambda tx: tx.job(row.job_id))
        decided = row.state is Known.HUMAN and now is not None and decision_of(now)[0] is not None
        return decided or (now is not None and now.heard is not None)

    def _ended_elsewhere(self, row: JobRow) -> bool:
        """The journal that this one is an older copy of has seen the end of a job that is open here."""
        if row.heard is None:
            return False
        self._book.end_as_heard(row)
        return True

    # --- why it waits

    def _misplaced(self, chosen: JobWithOffer | None) -> bool:
        """The job is for another kind of device: the configuration has put one in the place of the other. It waits
        until that is mended, also when it has begun: only the former device can tell what became of it."""
        if chosen is None or device_of(chosen.offer.kind) is self.class_:
            return False
        self._not_ready(chosen.row.job_id, reason("wrong_kind_of_device"))
        return True

    def _pause(self) -> float:
        """Back off from a device that is not ready."""
        self._failures += 1
        return float(min(RETRY_LONGEST, RETRY_FIRST * 2.0 ** min(self._failures - 1, 8)))

    def _not_ready(self, job_id: str | None, why: Reason) -> None:
        if self._said != why.code:
            self._said = why.code
            log.warning("device_not_ready", kkm_id=self.kkm_id, job_id=job_id, code=why.code, vendor=why.vendor,
                        detail=why.detail)  # fmt: skip
        self.state = replace(self.state, doing="waiting", reason=why)
        if job_id is not None:
            self._progress(job_id, why.code, None, None)

    def _progress(self, job_id: str | None, code: str, done: int | None, of: int | None) -> None:
        if job_id is not None:
            self.state = replace(self.state, step=code)
            self._on_progress(whole(job_id), code, done, of)

    # --- the thread

    def _give_back(self) -> None:
        self._disconnect()
        self._awake.release(self.kkm_id)

    def _hold_awake(self, working: bool) -> None:
        """``working``: from before an intent is written until its outcome is on disk, or until a person has been
        asked."""
        if working:
            self._awake.hold(self.kkm_id)
        else:
            self._awake.release(self.kkm_id)

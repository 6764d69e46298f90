"""Between the link and the rest: what the link is told, and what it is to do with the server's messages."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog

from agent.desk.log_watch import LogWatch
from agent.desk.requests import SupportRequests
from agent.devices.device_lane import DeviceLane
from agent.jobs.book import JobBook
from agent.journal.store import Transaction
from agent.link.ports import Greeting
from drivers.api import Identity
from drivers.terminal_api import TerminalIdentity
from protocol.crm.job_machine import Known
from protocol.crm.jobs import DeviceClass
from protocol.crm.messages import (
    NAMES,
    Archive,
    Bind,
    Bound,
    Claim,
    ClaimedDevice,
    ClaimRefused,
    Ended,
    Health,
    Introduce,
    JournalHead,
    KnownJob,
    Progress,
    Welcome,
)
from protocol.crm.outcomes import Reason, Value
from protocol.crm.support import Log, LogStop, SupportAsked

log = structlog.get_logger("agent")


class AgentPort:
    """Implements ``agent.link.ports.LinkPort`` over the job book and the lanes."""

    def __init__(
        self,
        book: JobBook,
        drivers: Mapping[str, str],
        support: SupportRequests | None = None,
        *,
        watch: LogWatch | None = None,
        terminals: Mapping[str, str] | None = None,
    ) -> None:
        """``drivers`` maps every configured kkm_id to the name of its driver; ``terminals`` those of card terminals to
        the name of their place; ``support`` and ``watch`` hear what support asks."""
        self._book = book
        self._drivers = drivers
        self._terminals = terminals or {}
        self._support = support
        self._watch = watch
        self._guard = threading.Lock()
        self._claims: dict[str, ClaimedDevice] = {}
        self._greeted: dict[str, ClaimedDevice] = {}  # as the last ``hello`` said them
        self._passing: list[Value] = []
        self._progress: dict[str, Progress] = {}
        self._health: dict[str, Health] = {}
        self._refusals: dict[str, Reason] = {}
        self._unsent: set[str] = set()  # devices whose newest health this connection has not carried
        self._wake: Callable[[], None] = lambda: None
        self._connected = False
        self.lanes: Sequence[DeviceLane] = ()

    # --- what lanes tell

    def claim(self, kkm_id: str, identity: Identity, last_fd: int) -> None:
        """A register has said who it is."""
        self._claim(
            self._unclaimed(kkm_id).model_copy(
                update={
                    "register_serial": identity.register_serial,
                    "fn_serial": identity.fn_serial,
                    "registration_number": identity.registration_number,
                    "model": identity.model,
                    "ffd": identity.ffd,
                    "taxation": identity.taxation,
                    "last_fd": last_fd,
                }
            )
        )

    def claim_terminal(self, kkm_id: str, identity: TerminalIdentity) -> None:
        """A card terminal answers: by its terminal id, or by the name of its place when it tells none."""
        said = {
            "register_serial": identity.terminal_id or self._terminals[kkm_id],
            "model": " ".join(part for part in (identity.vendor, identity.model) if part) or None,
        }
        self._claim(self._unclaimed(kkm_id).model_copy(update=said))

    def _unclaimed(self, kkm_id: str) -> ClaimedDevice:
        """What is known of a configured device that has not answered."""
        is_terminal = kkm_id in self._terminals
        return ClaimedDevice(
            kkm_id=kkm_id,
            driver=self._drivers[kkm_id],
            device=DeviceClass.TERMINAL if is_terminal else DeviceClass.REGISTER,
        )

    def _claim(self, device: ClaimedDevice) -> None:
        epoch = self._book.next_work(device.kkm_id)[0].binding_epoch
        device = device.model_copy(update={"binding_epoch": epoch or None})
        with self._guard:
            self._claims[device.kkm_id] = device
            self._refusals.pop(device.kkm_id, None)  # what is refused again is said again
        self._pass(Claim(device=device))

    def health(self, health: Health) -> None:
        """How a device is now. The newest one counts; a new connection begins with it."""
        with self._guard:
            self._health[health.kkm_id] = health
            self._unsent.add(health.kkm_id)
        self._wake()

    def archive(self, archive: Archive) -> None:
        self._pass(archive)

    def progress(self, job_id: str, code: str, done: int | None, of: int | None) -> None:
        with self._guard:
            known = self._progress.get(job_id)
            if known is not None and (known.code, known.done, known.of) == (code, done, of):
                return
            self._progress[job_id] = Progress(job_id=job_id, code=code, done=done, of=of)
        self._wake()

    def _pass(self, body: Value) -> None:
        with self._guard:
            if self._connected:
                self._passing.append(body)
        self._wake()

    def looks(self) -> dict[str, dict[str, Any]]:
        """How each device was when it was last looked at: the facts of its newest health message."""
        with self._guard:
            return {kkm_id: dict(health.facts) for kkm_id, health in self._health.items()}

    def refusals(self) -> dict[str, Reason]:
        """Why the server does not take a configured register for this PC's, by KKM_ID: as this connection was told, or
        the last one. Any thread may ask."""
        with self._guard:
            return dict(self._refusals)

    # --- LinkPort

    def greeting(self) -> Greeting:
        def work(tx: Transaction) -> tuple[JournalHead, tuple[KnownJob, ...]]:
            n, digest = tx.head()
            live = [r for r in tx.live_jobs() if r.state is not Known.ABSENT and r.kkm_id and not r.unheard]
            jobs = [KnownJob(job_id=r.job_id, rev=r.rev) for r in live]
            return JournalHead(n=n, hash=digest), tuple(jobs)

        head, jobs = self._book.journal.read(work)
        with self._guard:
            devices = tuple(self._claims.get(kkm_id) or self._unclaimed(kkm_id) for kkm_id in self._drivers)
            self._greeted = {device.kkm_id: device for device in devices}
        return Greeting(head, jobs, devices)

    def head(self) -> JournalHead:
        n, digest = self._book.journal.read(lambda tx: tx.head())
        return JournalHead(n=n, hash=digest)

    def hash_at(self, n: int) -> str | None:
        return self._book.journal.read(lambda tx: tx.hash_at(n))

    def welcomed(self, welcome: Welcome) -> None:
        self._book.desks({b.kkm_id: (b.binding_epoch, b.desk) for b in welcome.bindings})

    def _connect(self) -> None:
        """From now on claims travel by themselves; one that came while the greeting was under way goes now."""
        with self._guard:
            self._connected = True
            self._refusals.clear()
            late = [device for kkm_id, device in self._claims.items() if self._greeted.get(kkm_id) != device]
            self._passing += [Claim(device=device) for device in late]
            self._unsent = set(self._health)
        self._wake()

    def started(self, known: Sequence[KnownJob], ended: Sequence[Ended] = (), since: int = 0) -> None:
        self._connect()
        self._book.heard(ended)
        self._book.differences(known, since)
        self._book.allow_starts(True)

    def quarantined(self) -> None:
        self._connect()
        self._book.allow_starts(False)
        self._book.distrust()
        log.warning("quarantined")
        for lane in self.lanes:
            lane.want_archive()

    def disconnected(self) -> None:
        with self._guard:
            self._connected = False
            self._passing.clear()
        if self._watch is not None:
            self._watch.lost()

    def receive(self, body: Value, *, quarantined: bool) -> Value | None:
        if isinstance(body, ClaimRefused):
            log.error("claim_refused", kkm_id=body.kkm_id, code=body.code, text=body.text, advice=body.advice)
            self._book.learned_epoch(body.kkm_id, body.binding_epoch)
            with self._guard:
                self._refusals[body.kkm_id] = Reason(
                    code=body.code, text=body.text, advice=body.advice, safe_to_repeat=True
                )
            return None
        if isinstance(body, Introduce):
            for lane in self.lanes:
                if lane.kkm_id == body.kkm_id and not quarantined:
                    lane.invite()
            return None
        if isinstance(body, Log | LogStop):
            if self._watch is not None:
                self._watch.receive(body)
            return None
        if isinstance(body, SupportAsked):
            if self._support is not None:
                self._support.receive(body)
            return None
        self._book.receive(NAMES[type(body)], body, acting=not quarantined)
        if isinstance(body, Bind) and not quarantined:
            with self._guard:
                self._refusals.pop(body.binding.kkm_id, None)
            return Bound(kkm_id=body.binding.kkm_id, binding_epoch=body.binding.binding_epoch)
        return None

    def outbox(self, limit: int) -> list[tuple[str, datetime, Value]]:
        return self._book.journal.read(lambda tx: tx.outbox(limit))

    def acknowledged(self, msg_ids: Sequence[str]) -> None:
        self._book.acknowledged(msg_ids)

    def pong(self, server_time: datetime, sent_at: float) -> None:
        self._book.pong(server_time, sent_at)

    def passing(self) -> list[Value]:
        with self._guard:
            if not self._connected:
                return []
            health = [self._health[kkm_id] for kkm_id in sorted(self._unsent)]
            taken: list[Value] = [*self._passing, *self._progress.values(), *health]
            self._passing.clear()
            self._progress.clear()
            self._unsent.clear()
        for asked in (self._support, self._watch):  # the log's lines are the last
            taken += asked.answers() if asked is not None else ()
        return taken

    def on_outgoing(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._book.on_outgoing(wake)
        for asked in (self._support, self._watch):
            if asked is not None:
                asked.on_answer(wake)

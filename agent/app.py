"""Builds the agent and runs it: journal, job book, a lane per device, the link. Importing this starts nothing."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from agent.awaited import Awaited, Told
from agent.awake import Awake, kept_awake
from agent.config import Config, Device
from agent.desk.channel import ControlServer
from agent.desk.log_watch import LogWatch
from agent.desk.means import log_means_of, means_of
from agent.desk.overview import Overview, Who
from agent.desk.pin import ManagerPin
from agent.desk.requests import SupportRequests
from agent.desk.service import DeskService
from agent.devices.device_lane import DeviceLane
from agent.devices.lane import Lane
from agent.devices.lock import device_lock_in_time
from agent.devices.terminals.lane import TerminalLane
from agent.devices.terminals.place import place_of
from agent.identity import Identity, Keyring, save_identity
from agent.jobs.at_desk import begin_anew
from agent.jobs.book import JobBook
from agent.jobs.permission import Clock
from agent.journal.rows import JobRow
from agent.journal.store import Journal, JournalFailed, utc_now
from agent.link.client import About, Link, World
from agent.one_agent import the_one_agent
from agent.page.beside import PageBeside
from agent.places import Places
from agent.port import AgentPort
from agent.support.install import remember_start
from agent.support.logfile import Listener
from agent.support.trace.tracing import Traces
from agent.version import VERSION
from drivers.api import FiscalRegister
from drivers.missing import MissingRegister, MissingTerminal
from drivers.plugins import BrokenDriver, UnsafePlugins
from drivers.registry import known_terminals, open_register, open_terminal
from drivers.terminal_api import CardTerminal
from drivers.transports.base import SystemClock
from drivers.transports.tap import Trace
from protocol.crm.jobs import DeviceClass

JOURNAL = "journal.sqlite3"
TICK = 1.0  # seconds between looks at what time has done to waiting jobs
FINISH = 150.0  # seconds that lanes get to end what they have begun when the agent is asked to stop
CRASHED = 3  # exit code: going on would not be safe; the next start resolves

log = structlog.get_logger("agent")


def system_clock() -> Clock:
    return Clock(monotonic=time.monotonic, wall=time.time, now=utc_now)


def open_device(device: Device, trace: Trace) -> FiscalRegister:
    """An outside driver that does not load stops nothing but its own register."""
    try:
        return open_register(device.driver, device.address, clock=SystemClock(), profile=device.profile, trace=trace)
    except (BrokenDriver, UnsafePlugins) as error:
        log.error("driver_left_out", kkm_id=device.kkm_id, code=error.code, detail=error.en)
        return MissingRegister(error)


def open_card_terminal(device: Device, trace: Trace) -> CardTerminal:
    """The same of a card terminal."""
    try:
        return open_terminal(device.driver, device.address, clock=SystemClock(), profile=device.profile, trace=trace)
    except (BrokenDriver, UnsafePlugins) as error:
        log.error("driver_left_out", kkm_id=device.kkm_id, code=error.code, detail=error.en)
        return MissingTerminal(error)


@dataclass(frozen=True, slots=True)
class Parts:
    """What an agent takes from outside: time, chance, the network, the devices."""

    clock: Clock = field(default_factory=system_clock)
    link: World = field(default_factory=World)
    register: Callable[[Device, Trace], FiscalRegister] = open_device
    terminal: Callable[[Device, Trace], CardTerminal] = open_card_terminal
    awake: Awake = field(default_factory=Awake)
    places: Callable[[Identity], Told] = lambda _: lambda: None
    """How the CRM is asked which registers it expects here; without it, nobody asks."""
    listen: Callable[[Listener | None], None] = lambda _: None
    """Has every line of the log given to somebody, too, or to nobody any more."""
    boot_id: str = field(default_factory=lambda: uuid.uuid4().hex)


def log_step(row: JobRow, event: str) -> None:
    """A job's way stands in the log by its id, here as on the server."""
    log.info("job", job_id=row.job_id, kkm_id=row.kkm_id, kind=row.kind, state=row.state, rev=row.rev,
             attempt=row.attempt, step=event)  # fmt: skip


def open_journal(data_dir: Path, told: Callable[[JobRow, str], None] = lambda _row, _event: None) -> Journal:
    return Journal(data_dir / JOURNAL, now=utc_now, new_id=lambda: uuid.uuid4().hex, told=told)


def run_agent(
    config: Config,
    identity: Identity,
    page: PageBeside,
    *,
    tray: bool = False,
    stopping: Stopping | None = None,
    listen: Callable[[Listener | None], None] = lambda _: None,
) -> int:
    """Run until SIGTERM, Ctrl+C, ``stopping``, the end of the user's session, or until somebody at the PC wants it to
    end; with an icon beside the clock if wanted; ``listen`` is the log file's. Returns the exit code. Raises
    ``UserError`` ``agent_running`` when another agent runs on this machine, before anything of a device is touched;
    ``DeviceLocked`` when another program of ours holds a device, ``JournalFailed`` when the journal cannot be
    opened."""
    wish = stopping or Stopping()
    with contextlib.ExitStack() as stack:
        awake = stack.enter_context(kept_awake(config.language, lambda: wish.asked(None)))
        stack.enter_context(the_one_agent(config.data_dir, utc_now()))
        for device in config.devices:
            stack.enter_context(device_lock_in_time(config.data_dir, device.address, SystemClock()))
        journal = open_journal(config.data_dir, log_step)
        stack.callback(journal.close)
        agent = Agent(
            config, identity, journal, Parts(awake=awake, places=lambda who: Places(who, utc_now).told, listen=listen)
        )
        stack.enter_context(page.of(agent.desk, wish.asked_again))
        control = ControlServer(config.data_dir, {**agent.desk.handlers(), "stop": wish.asked, "page": page.asked})
        control.start()
        stack.callback(control.close)
        remember_start(config.data_dir, config.path, utc_now())
        if tray:
            from agent.tray.at_work import tray_beside  # an agent without an icon loads nothing for one

            stack.enter_context(tray_beside(config, agent.desk, page, lambda: wish.asked(None)))
        return asyncio.run(_until_signalled(agent, wish))


class Stopping:
    """A wish to end that comes from another thread, perhaps before there is a loop to hear it."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._wanted = False
        self._again = False
        self._stop: Callable[[], object] | None = None

    def asked(self, _: object) -> dict[str, Any]:
        """What has begun at a register goes on to its outcome; the answer does not wait for that."""
        with self._guard:
            self._wanted, stop = True, self._stop
        if stop is not None:
            stop()
        return {}

    def asked_again(self) -> None:
        """The same, and then begin anew, with the configuration as it is then."""
        with self._guard:
            self._again, stop = True, self._stop
        if stop is not None:
            stop()

    @property
    def is_wanted(self) -> bool:
        return self._wanted

    def waits_for(self, event: threading.Event) -> None:
        """Until the event, or until an end is asked for."""
        self.heard_by(event.set)
        while not event.wait(1.0):  # Windows hears Ctrl+C between two waits only
            pass

    def heard_by(self, stop: Callable[[], object]) -> None:
        with self._guard:
            self._stop, wanted = stop, self._wanted or self._again
        if wanted:
            stop()

    def takes_again(self) -> bool:
        """Whether to begin anew: asked for, and no end has been asked for meanwhile. Said once."""
        with self._guard:
            again, self._again, self._stop = self._again and not self._wanted, False, None
        return again


async def _until_signalled(agent: Agent, stopping: Stopping) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    _on_signals(loop, stop)
    stopping.heard_by(lambda: loop.call_soon_threadsafe(stop.set))
    return await agent.run(stop)


class Agent:
    """One running agent; lives inside one event loop."""

    def __init__(self, config: Config, identity: Identity, journal: Journal, parts: Parts | None = None) -> None:
        self._config = config
        self._parts = parts or Parts()
        self._keyring = Keyring(identity, lambda changed: save_identity(config.data_dir, changed))
        known = known_terminals()
        self._terminals = {
            device.kkm_id: place_of(identity.install_id, device.driver, device.address)
            for device in config.devices
            if device.driver in known
        }
        self._book = JobBook(
            journal,
            self._parts.clock,
            tenant_id=identity.tenant_id,
            agent_id=identity.agent_id,
            verified=self._keyring.is_good,
            devices=[device.kkm_id for device in config.devices],
            classes={
                device.kkm_id: DeviceClass.TERMINAL if device.kkm_id in self._terminals else DeviceClass.REGISTER
                for device in config.devices
            },
        )
        self.support = SupportRequests(means_of(config, self._keyring, lambda: self.status(), self._parts.clock))
        self.watch = LogWatch(log_means_of(config, self._keyring, journal, self._parts.listen, self._parts.clock))
        drivers = {device.kkm_id: device.driver for device in config.devices}
        self._port = AgentPort(self._book, drivers, self.support, watch=self.watch, terminals=self._terminals)
        self._fatal: BaseException | None = None
        self._traces = Traces(config.data_dir, self._parts.clock.now)
        self._link = Link(self._keyring, self._port, About(VERSION, self._parts.boot_id), self._parts.link)
        self._awaited = Awaited(
            self._parts.places(identity),
            frozenset(device.kkm_id for device in config.devices),
            self._parts.clock.monotonic,
        )
        who = Who(
            VERSION,
            identity.agent_id,
            identity.tenant or identity.tenant_id,
            identity.server_url,
            tuple((device.kkm_id, device.driver, device.address) for device in config.devices),
            frozenset(self._terminals),
        )
        self.status = Overview(
            who,
            self._book,
            self._parts.clock.now,
            link=lambda: self._link.status,
            lanes=lambda: [lane.state for lane in self._port.lanes],
            refusals=self._port.refusals,
            looks=self._port.looks,
            asks=lambda: self.support.asks() + self.watch.asks(),
            watched=self.watch.watched,
            awaited=self._awaited,
        )
        """How it stands; any thread may ask."""
        pin = ManagerPin(config.data_dir, self._parts.clock.now)
        self.desk = DeskService(self._book, pin, self.status, self.support, self.watch, self._call_off)

    async def run(self, stop: asyncio.Event) -> int:
        """Until ``stop`` is set, or going on would not be safe. Returns the exit code."""
        loop = asyncio.get_running_loop()
        link_stop = asyncio.Event()

        def crashed(error: BaseException) -> None:
            self._fatal = self._fatal or error
            loop.call_soon_threadsafe(stop.set)

        self._book.journal.commit(begin_anew)
        lanes = {device.kkm_id: self._lane(device, crashed) for device in self._config.devices}
        self._port.lanes = tuple(lanes.values())
        self._book.on_change(lambda kkm_id: _nudge(lanes, kkm_id))
        self._book.on_cancel(self._call_off)
        link = asyncio.create_task(self._link.run(link_stop))
        ticking = asyncio.create_task(self._tick())
        self._traces.sweep()
        for lane in lanes.values():
            lane.start()
        log.info("agent_started", agent_id=self._keyring.identity.agent_id, devices=list(lanes))
        try:
            waiting = asyncio.create_task(stop.wait())
            await asyncio.wait({waiting, link, ticking}, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
        finally:
            for lane in lanes.values():
                lane.stop()
            if self._fatal is None:
                await asyncio.gather(*(asyncio.to_thread(lane.join, FINISH) for lane in lanes.values()))
            ticking.cancel()
            link_stop.set()
            ended = await asyncio.gather(link, ticking, return_exceptions=True)
            failures = [e for e in ended if isinstance(e, Exception)]
            self._fatal = self._fatal or (failures[0] if failures else None)
        if self._fatal is not None:
            log.error("agent_stopped_to_be_safe", error=str(self._fatal), kind=type(self._fatal).__name__)
            return CRASHED
        log.info("agent_stopped")
        return 0

    def _call_off(self, job_id: str) -> bool:
        """Ask the device that has the job in hand to leave it, where it can; its own answer wins. Any thread may
        call."""
        return any(lane.abort(job_id) for lane in self._port.lanes)

    def _lane(self, device: Device, crashed: Callable[[BaseException], None]) -> DeviceLane:
        trace = self._traces.of(device)
        lane = (self._at_terminal if device.kkm_id in self._terminals else self._at_register)(device, trace, crashed)
        trace.busy = lane.busy
        return lane

    def _at_terminal(self, device: Device, trace: Trace, crashed: Callable[[BaseException], None]) -> DeviceLane:
        return TerminalLane(
            device.kkm_id,
            self._parts.terminal(device, trace),
            self._book,
            on_claim=self._port.claim_terminal,
            on_progress=self._port.progress,
            on_crash=crashed,
            on_health=self._port.health,
            awake=self._parts.awake,
        )

    def _at_register(self, device: Device, trace: Trace, crashed: Callable[[BaseException], None]) -> DeviceLane:
        return Lane(
            device.kkm_id,
            self._parts.register(device, trace),
            self._book,
            on_claim=self._port.claim,
            on_progress=self._port.progress,
            on_archive=self._port.archive,
            on_crash=crashed,
            on_health=self._port.health,
            awake=self._parts.awake,
        )

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            await asyncio.to_thread(self._book.tick)
            self.support.tick()
            await asyncio.to_thread(self.watch.tick)
            self._awaited.tick(self._link.status)


def _nudge(lanes: dict[str, DeviceLane], kkm_id: str | None) -> None:
    for name, lane in lanes.items():
        if kkm_id is None or name == kkm_id:
            lane.nudge()


def _on_signals(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows: the loop has no signal handlers
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))


__all__ = ["CRASHED", "JournalFailed", "open_journal", "run_agent", "system_clock"]

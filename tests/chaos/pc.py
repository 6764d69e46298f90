"""A cashier's PC in the simulated world: its disk, its clocks, and the agent that is started on it again and again.

The agent is ``agent.app.Agent``, the very assembly that ``kassabridge agent run`` starts; only what it takes from
outside is simulated (``Parts``). The journal is the real one on a real file.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from agent.app import Agent, Parts
from agent.config import Config, Device
from agent.identity import Identity
from agent.jobs.permission import Clock
from agent.journal.store import Journal, JournalFailed, Transaction
from agent.link.client import World as LinkWorld
from drivers.transports.tap import Trace
from tests.chaos.devices import Channel, Register, StrandClock
from tests.chaos.dice import Dice
from tests.chaos.families import FAMILIES
from tests.chaos.network import AgentEnd, Broken, Wire
from tests.chaos.terminals import Terminal, TerminalChannel
from tests.chaos.virtual import Dead, Process, VirtualLoop

if TYPE_CHECKING:
    from tests.chaos.world import World

T = TypeVar("T")
COMMIT_FAULTS = ("crash_before", "crash_after", "disk_full", "flush_failed")
HANDS = 2.0
"""Seconds that it takes to pull a cable out here and to put it in there."""
RESTART = (1.0, 4.0, 20.0)  # seconds until somebody or something starts the agent again


class ChaosJournal(Journal):
    """The real journal; every commit is a step."""

    process: Process
    dice: Dice
    watch: Callable[[int, dict[str, Any]], None]
    low: Callable[[], bool]

    def _make_ballast(self) -> None:
        """Disks are as full as the dice say."""

    def _prepare(self, db: sqlite3.Connection) -> None:
        super()._prepare(db)
        db.execute("PRAGMA synchronous=OFF")  # processes die here; the power stays on

    def space_is_low(self) -> bool:
        return self.low()

    def _on_its_thread(self, run: Any, work: Callable[[Transaction], T]) -> T:
        self.process.check()
        return super()._on_its_thread(run, work)

    def _commit(self, work: Callable[[Transaction], T]) -> T:
        NOTED.clear()
        return super()._commit(work)

    def flush(self, db: sqlite3.Connection) -> None:  # type: ignore[override]
        records = list(NOTED)
        step = f"commit:{records[-1][1].get('event', 'note') if records else 'outbox'}"
        fault = self.dice.strike(step, COMMIT_FAULTS)
        if fault == "crash_before":
            self.process.kill()
            raise Dead(self.process.name)
        if fault == "disk_full":
            raise _full()
        db.execute("COMMIT")
        for n, body in records:
            self.watch(n, body)
        if fault == "crash_after":
            self.process.kill()
            raise Dead(self.process.name)
        if fault == "flush_failed":
            raise sqlite3.OperationalError("disk I/O error")


NOTED: list[tuple[int, dict[str, Any]]] = []
"""Records (n, body) of the transaction that is being written. There is one thread, and one transaction at a time."""


def noting(append: Callable[..., int]) -> Callable[..., int]:
    def noted(self: Transaction, kind: Any, body: dict[str, Any], **where: Any) -> int:
        n = append(self, kind, body, **where)
        NOTED.append((n, body))
        return n

    return noted


def _full() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorname = "SQLITE_FULL"  # type: ignore[misc]
    return error


def copy_of(path: Path) -> bytes:
    """A database file as it is committed now, without its log."""
    with closing(sqlite3.connect(path)) as source:
        image = bytearray(source.serialize())
    image[18:20] = b"\x01\x01"  # header: not in WAL mode, until it is opened by somebody who wants that
    return bytes(image)


class PC:
    """``registers`` and ``terminals`` are those that its configuration names. ``dial`` opens a wire to the server or
    raises."""

    def __init__(
        self, world: World, name: str, folder: Path, identity: Identity, registers: Sequence[Register],
        terminals: Sequence[Terminal] = (),
    ) -> None:  # fmt: skip
        self.world = world
        self.loop: VirtualLoop = world.loop
        self.name = name
        self.folder = folder
        self.identity = identity
        self.registers = {register.kkm_id: register for register in registers}
        self.terminals = {terminal.kkm_id: terminal for terminal in terminals}
        self._plugged_at = 0.0
        """When the cables are in their places, after they have been changed."""
        self.families = {register.kkm_id: register.make.name for register in registers}
        """What drives each register by the PC's configuration; cables may be changed."""
        self.wall_off = 0.0  # seconds that its wall clock is ahead
        self.slept = 0.0  # seconds that its monotonic clock has not counted
        self.on = False
        self.wanted = True
        """Somebody starts the agent again whenever it has ended."""
        self.starts = 0
        self.began: list[datetime] = []
        """When each life of its agent began, by the world's clock."""
        self.process: Process | None = None
        self.stopping: asyncio.Event | None = None
        self.memory: dict[tuple[str, str], str] = {}
        self.wires: list[Wire] = []
        self.committed: dict[int, datetime] = {}
        """When each record of the journal was committed, by the world's clock."""
        self.lost: list[tuple[bytes, dict[int, datetime]]] = []
        """Disks that are gone."""
        self._ids = 0

    @property
    def journal_path(self) -> Path:
        return self.folder / "journal.sqlite3"

    @property
    def linked(self) -> bool:
        """Its agent runs and has a connection."""
        return self.process is not None and self.process.alive and any(not wire.down.broken for wire in self.wires)

    @property
    def up(self) -> bool:
        """Its agent runs, and nobody has asked it to end."""
        running = self.process is not None and self.process.alive
        return running and self.stopping is not None and not self.stopping.is_set()

    # --- clocks

    def monotonic(self) -> float:
        return self.loop.now + self.slept

    def now(self) -> datetime:
        return self.world.utc() + timedelta(seconds=self.wall_off)

    def _new_id(self) -> str:
        """Unlike any that the shop's books of the time before this run hold."""
        self._ids += 1
        return f"{self.name}-{self.world.plan.seed}-{self.starts}-{self._ids}"

    # --- the agent

    def start(self) -> None:
        """One life of the agent; whoever watches over it starts the next one."""
        self.starts += 1
        self.began.append(self.world.utc())
        process = self.process = Process(self.loop, f"{self.name}.{self.starts}")
        process.note = self.world.note
        process.spawn(self._live(process))

    async def _live(self, process: Process) -> None:
        try:
            journal = ChaosJournal.__new__(ChaosJournal)
            journal.process, journal.dice, journal.watch = process, self.world.dice, self._committed
            journal.low = lambda: self.world.disk_low
            journal.__init__(self.journal_path, now=self.now, new_id=self._new_id, ballast=False)  # type: ignore[misc]
        except JournalFailed:
            process.kill()
            return
        process.at_death.append(lambda: self.loop.after(0.0, journal._db.close))
        process.at_death.append(self._hang_up)
        process.at_death.append(self._again)
        self.stopping = asyncio.Event()
        try:
            await Agent(self._config(), self.identity, journal, self._parts(process)).run(self.stopping)
        finally:
            process.kill()

    def _committed(self, n: int, body: dict[str, Any]) -> None:
        self.committed[n] = self.world.utc()
        self.world.watch(body, self.name)

    def _again(self) -> None:
        self.stopping = None
        if self.wanted:
            self.loop.after(self.world.dice.random.choice(RESTART), self._restart)

    def _restart(self) -> None:
        if self.wanted and (self.process is None or not self.process.alive):
            self.start()

    def _config(self) -> Config:
        devices = tuple(Device(kkm_id, family, "") for kkm_id, family in self.families.items())
        devices += tuple(Device(kkm_id, terminal.model.name, kkm_id) for kkm_id, terminal in self.terminals.items())
        return Config(self.folder / "config.toml", None, self.folder, "ru", "info", "json", devices)

    def _parts(self, process: Process) -> Parts:
        clock = Clock(monotonic=self.monotonic, wall=lambda: self.now().timestamp(), now=self.now)
        random = self.world.dice.random

        async def dial(_: str) -> AgentEnd:
            await asyncio.sleep(0.03)
            wire = Wire(self.loop, self.world.dice, self.memory, process)
            if not self.world.listening or self.world.offline:
                raise Broken("nobody listens")
            self.wires = [known for known in self.wires if not known.down.broken]
            self.wires.append(wire)
            self.world.server.connected(wire)
            return AgentEnd(wire, process.check)

        link = LinkWorld(
            now=self.now, monotonic=self.monotonic, chance=random.random, new_id=self._new_id, sleep=asyncio.sleep,
            dial=dial,
        )  # fmt: skip

        def register(device: Device, _: Trace) -> Any:
            channel = Channel(lambda: self._plugged(device.kkm_id), device.driver, process, device.kkm_id, random)
            return FAMILIES[device.driver].driver(channel, StrandClock(self.loop))

        def terminal(device: Device, _: Trace) -> Any:
            here = self.terminals[device.kkm_id]
            return here.model.driver(
                TerminalChannel(here, process), StrandClock(self.loop), here.clock.now, here.own_id
            )

        return Parts(clock=clock, link=link, register=register, terminal=terminal, boot_id=process.name)

    def _hang_up(self) -> None:
        for wire in self.wires:
            wire.hung_up()
        self.wires = []

    def cut_link(self) -> None:
        """Both ends see it."""
        for wire in self.wires:
            wire.cut()

    def lose_link(self) -> None:
        """Nothing arrives any more, and neither end is told."""
        for wire in self.wires:
            wire.hole = True

    def fade_link(self) -> None:
        """Half-open: this end is gone."""
        for wire in self.wires:
            wire.fade()

    def swap_cables(self) -> None:
        """Two registers change places."""
        first, second = list(self.registers)[:2]
        self.registers[first], self.registers[second] = self.registers[second], self.registers[first]
        self._plugged_at = self.loop.now + HANDS

    def _plugged(self, kkm_id: str) -> Register | None:
        """What the cable leads to; ``None`` while it is in somebody's hands."""
        return self.registers[kkm_id] if self.loop.now >= self._plugged_at else None

    def switch_off(self) -> None:
        """And nobody switches it on again."""
        self.wanted = False
        if self.process is not None:
            self.process.kill()

    def switch_on(self) -> None:
        self.wanted = True
        self._restart()

    # --- its disk

    def copy_disk(self) -> bytes:
        """A backup of the journal as it is committed now."""
        return copy_of(self.journal_path)

    def replace_disk(self, image: bytes) -> None:
        """While the agent is down."""
        self.lost.append((self.copy_disk(), dict(self.committed)))
        for path in (self.journal_path, Path(f"{self.journal_path}-wal"), Path(f"{self.journal_path}-shm")):
            path.unlink(missing_ok=True)
        self.journal_path.write_bytes(image)
        with closing(sqlite3.connect(self.journal_path)) as db:
            last = db.execute("SELECT coalesce(max(n), 0) FROM journal").fetchone()[0]
        self.committed = {n: at for n, at in self.committed.items() if n <= last}

"""A cashier's PC in the simulated world: its disk, its clocks, and the agent that is started on it again and again.

The agent is ``agent.app.Agent``, the very assembly that ``kassabridge agent run`` starts; only what it takes from
outside is simulated (``Parts``). The journal is the real one on a real file.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import asyncio

from agent.app import Agent, Parts
from agent.config import Config, Device
from agent.identity import Identity
from agent.jobs.book import Clock
from agent.journal.store import Journal, JournalFailed, Transaction
from agent.link.client import World as LinkWorld
from tests.chaos.devices import FAMILIES, Channel, Register, StrandClock
from tests.chaos.dice import Dice
from tests.chaos.network import AgentEnd, Broken, Wire
from tests.chaos.virtual import Dead, Process, VirtualLoop

if TYPE_CHECKING:
    from tests.chaos.world import World

T = TypeVar("T")
COMMIT_FAULTS = ("crash_before", "crash_after", "disk_full", "flush_failed")
RESTART = (1.0, 4.0, 20.0)  # seconds until somebody or something starts the agent again


class ChaosJournal(Journal):
    """The real journal; every commit is a step."""

    process: Process
    dice: Dice
    watch: Callable[[dict[str, Any]], None]
    space_low = False

    def _make_ballast(self) -> None:
        """Disks are as full as the dice say."""

    def space_is_low(self) -> bool:
        return self.space_low

    def _on_its_thread(self, run: Any, work: Callable[[Transaction], T]) -> T:
        self.process.check()
        return super()._on_its_thread(run, work)

    def flush(self, db: sqlite3.Connection) -> None:  # type: ignore[override]
        bodies, NOTED[:] = list(NOTED), []
        step = f"commit:{bodies[-1].get('event', 'note') if bodies else 'outbox'}"
        fault = self.dice.strike(step, COMMIT_FAULTS)
        if fault == "crash_before":
            self.process.kill()
            raise Dead(self.process.name)
        if fault == "disk_full":
            raise _full()
        db.execute("COMMIT")
        for body in bodies:
            self.watch(body)
        if fault == "crash_after":
            self.process.kill()
            raise Dead(self.process.name)
        if fault == "flush_failed":
            raise sqlite3.OperationalError("disk I/O error")


NOTED: list[dict[str, Any]] = []
"""Bodies of the records of the transaction that is being written. There is one thread, and one transaction at a time."""


def noting(append: Callable[..., int]) -> Callable[..., int]:
    def noted(self: Transaction, kind: Any, body: dict[str, Any], **where: Any) -> int:
        if NOTED and NOTED[0].get("of") is not id(self._db):
            NOTED.clear()
        NOTED.append(body)
        return append(self, kind, body, **where)

    return noted


def _full() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorname = "SQLITE_FULL"  # type: ignore[misc]
    return error


class PC:
    """``registers`` are those that its configuration names. ``dial`` opens a wire to the server or raises."""

    def __init__(
        self, world: World, name: str, folder: Path, identity: Identity, registers: Sequence[Register], family: str
    ) -> None:
        self.world = world
        self.loop: VirtualLoop = world.loop
        self.name = name
        self.folder = folder
        self.identity = identity
        self.registers = {register.kkm_id: register for register in registers}
        self.family = family
        self.wall_off = 0.0  # seconds that its wall clock is ahead
        self.slept = 0.0  # seconds that its monotonic clock has not counted
        self.on = False
        self.wanted = True
        """Somebody starts the agent again whenever it has ended."""
        self.starts = 0
        self.process: Process | None = None
        self.stopping: asyncio.Event | None = None
        self.memory: dict[tuple[str, str], str] = {}
        self.wires: list[Wire] = []
        self.journals_lost: list[bytes] = []
        self._ids = 0

    @property
    def journal_path(self) -> Path:
        return self.folder / "journal.sqlite3"

    # --- clocks

    def monotonic(self) -> float:
        return self.loop.now + self.slept

    def now(self) -> datetime:
        return self.world.utc() + timedelta(seconds=self.wall_off)

    def _new_id(self) -> str:
        self._ids += 1
        return f"{self.name}-{self.starts}-{self._ids}"

    # --- the agent

    def start(self) -> None:
        """One life of the agent; whoever watches over it starts the next one."""
        self.starts += 1
        process = self.process = Process(self.loop, f"{self.name}.{self.starts}")
        process.spawn(self._live(process))

    async def _live(self, process: Process) -> None:
        try:
            journal = ChaosJournal.__new__(ChaosJournal)
            journal.process, journal.dice, journal.watch = process, self.world.dice, self.world.watch
            journal.space_low = self.world.disk_low
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

    def _again(self) -> None:
        self.stopping = None
        if self.wanted:
            self.loop.after(self.world.dice.random.choice(RESTART), self._restart)

    def _restart(self) -> None:
        if self.wanted and (self.process is None or not self.process.alive):
            self.start()

    def _config(self) -> Config:
        devices = tuple(Device(kkm_id, self.family, "") for kkm_id in self.registers)
        return Config(self.folder / "config.toml", None, self.folder, "ru", "info", "json", devices)

    def _parts(self, process: Process) -> Parts:
        clock = Clock(monotonic=self.monotonic, wall=lambda: self.now().timestamp(), now=self.now)
        random = self.world.dice.random

        async def dial(_: str) -> AgentEnd:
            await asyncio.sleep(0.03)
            wire = Wire(self.loop, self.world.dice, self.memory, process)
            if not self.world.listening:
                raise Broken("nobody listens")
            self.wires = [known for known in self.wires if not known.down.broken]
            self.wires.append(wire)
            self.world.server.connected(wire)
            return AgentEnd(wire, process.check)

        link = LinkWorld(
            now=self.now, monotonic=self.monotonic, chance=random.random, new_id=self._new_id, sleep=asyncio.sleep,
            dial=dial,
        )  # fmt: skip

        def register(device: Device) -> Any:
            channel = Channel(self.registers[device.kkm_id], process, lambda: process.step)
            return FAMILIES[self.family].driver(channel, StrandClock(self.loop))

        return Parts(clock=clock, link=link, register=register, boot_id=process.name)

    def _hang_up(self) -> None:
        for wire in self.wires:
            if not wire.hole:
                self.loop.after(0.02, wire.cut)
            wire.down.broken = True
        self.wires = []

    def cut_link(self) -> None:
        for wire in self.wires:
            wire.cut()

    # --- its disk

    def copy_disk(self) -> bytes:
        """A backup of the journal as it is committed now."""
        source = sqlite3.connect(self.journal_path)
        try:
            return bytes(source.serialize())
        finally:
            source.close()

    def restore_disk(self, image: bytes) -> None:
        """While the agent is down."""
        self.journals_lost.append(self.copy_disk())
        for path in (self.journal_path, Path(f"{self.journal_path}-wal"), Path(f"{self.journal_path}-shm")):
            path.unlink(missing_ok=True)
        self.journal_path.write_bytes(image)

    def wipe(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

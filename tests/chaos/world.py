"""One run: a shop, its faults, its end.

Everything is chosen by the dice. ``lived`` plays a run and returns what is left of it: the four records, the trace, the
cells. The same seed gives the same trace to the byte.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import pickle
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from server.world import World as ServerWorld
from tests.chaos.checker import Wrong
from tests.chaos.crm import Crm
from tests.chaos.devices import Register
from tests.chaos.dice import Cell, Dice
from tests.chaos.pc import PC, copy_of
from tests.chaos.server import ServerProcess
from tests.chaos.template import JOURNAL, SERVER, START, Layout, Template, found
from tests.chaos.terminals import Terminal
from tests.chaos.virtual import VirtualLoop
from tests.chaos.weather import Weather

FAULTS_FOR = 400.0  # seconds in which faults may strike
LONGEST_COMMAND = 120.0
LIVENESS = LONGEST_COMMAND + 120.0  # seconds after the last fault in which every job must end
LIVENESS_OF_MONEY = 3 * (180.0 + 60.0) + 15 * 60.0 + 240.0
"""The same where money is moved: three operations, each with its terminal's whole time and reversal, a quarter of an
hour until a person is asked, and the time that people take."""
UNDER_WAY = frozenset({"accepted", "held", "started", "resolving", "human"})
OPEN = frozenset({"started", "resolving", "human"})
FINAL = frozenset({"done", "not_done", "cancelled", "rejected"})
SALES = frozenset({"sale", "sale_refund"})


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is: all that is not left to luck."""

    seed: int
    layout: str = "one"
    theme: str = "plain"
    kinds: tuple[str, ...] = ("receipt", "receipt", "receipt")
    budget: int = 16
    target: Cell | None = None
    nth: int = 1
    cancels: float = 0.0
    """The share of jobs that the CRM cancels at some moment."""
    renews: float = 0.0
    """The share of jobs that the CRM gives more time at once."""
    killers: int = 2
    times: int = 1
    """How often the target is struck."""
    clock: float = 0.0
    """Seconds that the PCs' clocks are ahead from the beginning."""
    happens: tuple[tuple[float, str], ...] = ()
    """At which second what weather comes for sure."""
    off: float = 0.0
    """Seconds for which the registers have no power at the beginning."""
    fleet: tuple[str, ...] = ("shtrih",)
    """Makes of registers, dealt out to the desks in turn."""


class World:
    def __init__(self, plan: Plan, template: Template, folder: Path) -> None:
        self.plan = plan
        self.template = template
        self.folder = folder
        self.loop = VirtualLoop()
        self.random = Random(f"world {plan.seed}")
        self.trace = hashlib.sha256()
        self.told: list[str] | None = None
        self.states: dict[str, str] = {}
        self.leaped = 0.0
        self.disk_low = False
        self.offline = False
        """No PC has an internet."""
        self.selling = asyncio.Event()
        """A sale or a payment has its INTENT."""
        self.flags: set[str] = set()
        self.dice = Dice(
            Random(f"dice {plan.seed}"), plan.budget, plan.target, plan.nth, under_way=self._under_way, told=self.note
        )
        self.dice.killers, self.dice.times = plan.killers, plan.times
        self.dice.fragile = lambda: bool(self._attempts)
        self._attempts: set[str] = set()
        self._operations: set[tuple[str, str]] = set()
        self._kkm_of: dict[str, str] = {}
        self.wrong: list[Wrong] = []
        """What was seen to be wrong while it happened."""
        self.calm_at: float | None = None
        random_bytes = Random(f"server {plan.seed}").randbytes
        self._server_world = ServerWorld(
            now=self.utc, monotonic=lambda: self.loop.now + self.leaped, random_bytes=random_bytes
        )
        (folder / SERVER).write_bytes(template.server)
        self.registers = {
            desk.kkm_id: Register(
                self.loop, self.dice, desk.kkm_id, pickle.loads(template.registers[desk.kkm_id]),
                START.replace(tzinfo=None, hour=9), shared=not desk.exclusive,
            )
            for desk in template.layout.desks
        }  # fmt: skip
        for register in self.registers.values():
            register.acted = self._acted
            register.intended = self.intended
            register.job_open = self.job_open
        self.terminals = {
            kkm_id: Terminal(
                self.loop, self.dice, kkm_id, template.layout.model, pickle.loads(template.terminals[kkm_id]),
                START.replace(tzinfo=None, hour=9),
            )
            for kkm_id in template.layout.terminals
        }  # fmt: skip
        for terminal in self.terminals.values():
            terminal.acted, terminal.now = self._acted, self.utc
        self.pcs: dict[str, PC] = {}
        for name, kkm_ids in template.layout.pcs.items():
            (folder / name).mkdir()
            if name in template.journals:
                (folder / name / JOURNAL).write_bytes(template.journals[name])
            mine = [self.registers[kkm_id] for kkm_id in kkm_ids]
            beside = [self.terminals[kkm_id] for kkm_id in template.layout.beside(kkm_ids)]
            self.pcs[name] = PC(self, name, folder / name, template.identities[name], mine, beside)
        self._books: sqlite3.Connection | None = None
        self.server: ServerProcess
        self.listening = False
        self.server_wanted = True
        self.crm = Crm(self)
        self.weather = Weather(self)

    # --- time and what is told

    def utc(self) -> datetime:
        return START + timedelta(seconds=self.loop.now + self.leaped)

    def leap(self, seconds: float) -> None:
        """Everybody sleeps: hours pass in which nothing runs but clocks."""
        self.leaped += seconds
        for register in self.registers.values():
            register.leap(seconds)
        for terminal in self.terminals.values():
            terminal.leap(seconds)

    def note(self, what: str) -> None:
        line = f"{self.loop.now:.6f} {what}\n"
        self.trace.update(line.encode())
        if self.told is not None:
            self.told.append(line)

    def watch(self, body: dict[str, Any], pc: str) -> None:
        """A record was committed to a journal."""
        if "job" in body:
            row = body["job"]
            job_id = row["job_id"]
            self.states[job_id] = row["state"]
            if row["kind"] not in SALES:  # it is its parts that hold a device
                self._kkm_of[job_id] = row["kkm_id"]
            if row["state"] == "started" and not row["closing"] and row["kkm_id"] in self.registers:
                self._attempts.add(job_id)
            else:
                self._attempts.discard(job_id)
            if row["state"] == "started" and row["kind"] in (*SALES, "payment"):
                self.selling.set()
            self.note(f"journal {body['event']} {row['job_id']} {row['state']} {row['rev']}")
        else:
            self.note(f"journal {body.get('event')}")
            device = body.get("device")
            if device is not None:
                (self._operations.add if device["operation"] else self._operations.discard)((pc, device["kkm_id"]))

    def intended(self, kkm_id: str) -> bool:
        """An intent for this register is on some PC's disk."""
        return self.job_open(kkm_id) or any(kkm == kkm_id for _, kkm in self._operations)

    def job_open(self, kkm_id: str) -> bool:
        return any(state in OPEN and self._kkm_of.get(job) == kkm_id for job, state in self.states.items())

    @property
    def shared(self) -> bool:
        """Other programs work at some desk, too."""
        return any(register.shared for register in self.registers.values())

    @property
    def asks_for_people(self) -> bool:
        """A job waits for a person's word."""
        return "human" in self.states.values()

    def _acted(self, kkm_id: str, ask: str) -> None:
        """A command that begins or ends something is about to reach a register: INTENT must be on disk."""
        if not self.intended(kkm_id):
            self.wrong.append(Wrong("acted_without_intent", None, f"{ask} on {kkm_id} at {self.loop.now:.3f}"))

    def _under_way(self) -> bool:
        return any(state in UNDER_WAY for state in self.states.values())

    # --- the server's lives

    async def start_server(self) -> None:
        self.server = ServerProcess(self.loop, self.folder / SERVER, self._server_world, self.template.key, self.dice)
        self.server.process.at_death.append(self._server_died)
        try:
            await self.server.start()
        except OSError:
            self.server.process.kill()  # it could not start; somebody starts it again
        self.listening = self.server.process.alive

    def _server_died(self) -> None:
        self.listening = False
        self.note("server gone")
        server = self.server
        self.loop.after(0.0, lambda: self.loop.create_task(server.bury()))
        if self.server_wanted:
            self.loop.after(self.dice.random.choice((1.0, 3.0, 12.0)), self._start_again)

    def _start_again(self) -> None:
        if self.server_wanted and not self.server.process.alive:
            self.loop.create_task(self.start_server())

    def look(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the server's database says now; as somebody who only reads."""
        if self._books is None:
            self._books = sqlite3.connect(self.folder / SERVER)
        return self._books.execute(query, values).fetchall()

    def _close_books(self) -> None:
        if self._books is not None:
            self._books.close()
            self._books = None

    def restore_server(self, image: bytes) -> None:
        """While it is down."""
        self._close_books()
        path = self.folder / SERVER
        for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
            name.unlink(missing_ok=True)
        path.write_bytes(image)
        self.flags.add("server_restored")
        self.crm.server_replaced()

    # --- the run

    async def live(self) -> None:
        await self.start_server()
        if self.plan.off:
            for register in self.registers.values():
                register.cut_power(self.plan.off, annulled=False)
        for pc in self.pcs.values():
            pc.wall_off = self.plan.clock
            pc.start()
        for at, kind in self.plan.happens:
            self.loop.after(at, lambda kind=kind: self.loop.create_task(self.weather.happen(kind)))
        going_on = [self.loop.create_task(self.crm.run()), self.loop.create_task(self.weather.run())]
        while not self._over():
            await asyncio.sleep(2.0)
            if self.calm_at is None and ((self.dice.calm and self._up()) or self.loop.now > FAULTS_FOR):
                self.become_calm()
            if self.calm_at is not None and self.loop.now > self.calm_at + self._liveness:
                break
        for task in going_on:
            task.cancel()
        await asyncio.gather(*going_on, return_exceptions=True)
        await self.crm.read_feed()
        await self.close()

    @property
    def _liveness(self) -> float:
        return LIVENESS_OF_MONEY if self.terminals else LIVENESS

    def _up(self) -> bool:
        """Nobody is still on the way out or back: the last fault is over."""
        return self.listening and all(pc.up for pc in self.pcs.values() if pc.wanted)

    def become_calm(self) -> None:
        self.dice.budget = 0
        self.calm_at = self.loop.now
        self.note("calm")
        self.weather.clear_up()

    def _over(self) -> bool:
        """Every job is final on the server, and nothing waits to be said."""
        if not self.crm.all_asked or not self.crm.ended or (self.weather.busy and not self._never_sold):
            return False
        ended = self.look("SELECT count(*) FROM jobs WHERE state IN ('done','not_done','cancelled','rejected')")
        if ended[0][0] < len(self.crm.orders) - self.crm.refused:
            return False
        if self.look("SELECT count(*) FROM outbox")[0][0]:
            return False
        if self.look("SELECT count(*) FROM devices WHERE releasing OR bound_epoch != binding_epoch")[0][0]:
            return False
        for pc in self.pcs.values():
            if not pc.wanted:
                continue
            with closing(sqlite3.connect(pc.journal_path)) as db:
                if db.execute("SELECT count(*) FROM outbox").fetchone()[0]:
                    return False
                for device in (json.loads(row) for (row,) in db.execute("SELECT row FROM devices")):
                    if device["operation"]:
                        return False  # the policy's, begun for a job that has ended otherwise
                    if not device["released"] and self._open_on(db, device["kkm_id"]):
                        return False  # adopted: the server took its end from what was said under an older epoch
        return True

    @property
    def _never_sold(self) -> bool:
        """What comes with the first sale does not come any more."""
        return self.plan.theme == "offline" and not self.selling.is_set()

    @staticmethod
    def _open_on(db: sqlite3.Connection, kkm_id: str) -> bool:
        states = db.execute("SELECT state FROM jobs WHERE kkm_id = ?", (kkm_id,)).fetchall()
        return any(state in OPEN for (state,) in states)

    async def close(self) -> None:
        self.linked = {name: pc.linked for name, pc in self.pcs.items()}
        self.server_wanted = False
        for pc in self.pcs.values():
            pc.wanted = False
            if pc.process is not None:
                pc.process.kill()
        self.server.process.kill()
        self._close_books()
        await asyncio.sleep(0.1)
        for terminal in self.terminals.values():
            terminal.leap(600.0)
        for register in self.registers.values():
            register.leap(600.0)  # what still lies on the way is carried out before the books are compared
            if not register.shared and register.document_open and not self._given_up(register.kkm_id):
                self.wrong.append(Wrong("left_open", None, f"a document on register {register.kkm_id}"))
        self._close_books()

    def _given_up(self, kkm_id: str) -> bool:
        """Another journal has left it open, and nothing was begun there since: whoever has no job looks and touches
        nothing, and its first attempt fences. So after a move, and when a person has cancelled what a restored copy
        was told of."""
        rows = self.look("SELECT reason FROM jobs WHERE kkm_id = ? AND state = 'cancelled'", kkm_id)
        codes = {(json.loads(reason or "null") or {}).get("code") for (reason,) in rows}
        return "move" in self.flags or ("moved_money" in codes and "rollback" in self.flags)


@dataclass(frozen=True, slots=True)
class Lived:
    """What is left of a run."""

    world: World
    trace: str
    seconds: float
    faults: int
    cells: dict[Cell, int] = field(default_factory=dict)


def _play(world: World, act: Callable[[], Any]) -> None:
    loop = world.loop
    loop.set_exception_handler(lambda *_: None)
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(act())
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        asyncio.set_event_loop(None)
        loop.discard()


def lived(plan: Plan, template: Template, folder: Path, *, tell: bool = False) -> Lived:
    """Play it in ``folder``, which must be empty. Under ``patches.patched``."""
    world = World(plan, template, folder)
    if tell:
        world.told = []
    _play(world, world.live)
    return Lived(world, world.trace.hexdigest(), world.loop.now, world.dice.counted, dict(world.dice.cells))


def settled(layout: Layout, makes: Sequence[str], folder: Path) -> Template:
    """A shop of this layout in which every PC has been connected and every register has been bound. ``makes``: of each
    desk's register."""
    loop = VirtualLoop()
    base = loop.run_until_complete(found(layout, makes, folder))
    loop.close()
    shutil.rmtree(folder / "run", ignore_errors=True)
    (folder / "run").mkdir()
    world = World(Plan(-1, layout.name, kinds=(), budget=0), base, folder / "run")

    async def settle() -> None:
        await world.start_server()
        for pc in world.pcs.values():
            pc.start()
        while True:
            await asyncio.sleep(1.0)
            assert world.loop.now < 120.0, "not bound"
            with closing(sqlite3.connect(world.folder / SERVER)) as db:
                bound = db.execute("SELECT count(*) FROM devices WHERE bound_epoch = binding_epoch AND bound_epoch > 0")
                waiting = db.execute("SELECT count(*) FROM outbox").fetchone()[0]
                if bound.fetchone()[0] == len(layout.desks) + len(layout.terminals) and not waiting:
                    break
        await world.close()

    _play(world, settle)
    return replace(
        base,
        server=copy_of(world.folder / SERVER),
        journals={name: pc.copy_disk() for name, pc in world.pcs.items()},
        registers={kkm_id: pickle.dumps(register.device.state) for kkm_id, register in world.registers.items()},
        terminals={kkm_id: pickle.dumps(terminal.state) for kkm_id, terminal in world.terminals.items()},
    )

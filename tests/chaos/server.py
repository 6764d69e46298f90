"""The server's process in the simulated world: its services over a real SQLite file, and a connection per agent.

What a web framework would do between a socket and these services is left out; everything that decides is production
code. A commit is a step: the process may die just before or just after it, or the database may refuse it.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from server.keys import JobKey
from server.routers.common import RateLimits, Services
from server.services import agents, duties
from server.services.hub import Hub
from server.services.link import Connection
from server.services.passwords import Passwords
from server.services.rates import Rates
from server.services.readers import Readers
from server.services.socket import LinkServices
from server.services.tails import Tails
from server.settings import Limits, Settings, database_url
from server.store.actor import SERVER, Actor
from server.store.database import Database, Work
from server.world import World
from tests.chaos.dice import Dice
from tests.chaos.network import ServerEnd, Wire
from tests.chaos.virtual import Dead, Process, VirtualLoop, current

T = TypeVar("T")
COMMIT_FAULTS = ("crash_before", "crash_after", "refused")
LIMITS = Limits(connections_per_minute=1000, messages_per_second=10_000.0, message_burst=10_000)
DUTIES_EVERY = 60.0  # seconds; production looks every second


class Down(OSError):
    """Nobody listens, or nobody answers any more."""


class ServerProcess:
    """One life of the server, from its start to its stop or its death."""

    def __init__(self, loop: VirtualLoop, path: Path, world: World, key: JobKey, dice: Dice) -> None:
        self.process = Process(loop, "server")
        self._loop = loop
        self._dice = dice
        self._doing: dict[asyncio.Task[Any] | None, str] = {}
        self._ends: dict[asyncio.Task[Any], ServerEnd] = {}
        hub = Hub(world.monotonic, LIMITS.connections_per_minute)
        readers = Readers()
        self.news = True
        """The feed has grown since somebody last asked."""

        def told(tenants: set[str]) -> None:
            self.news = True
            readers.wake(tenants)

        self.database = _Database(database_url(str(path)), world, hub.wake, told, hub.load)
        self.database.process = self.process
        engine = self.database.backend.engine
        event.listen(engine, "connect", _relax)
        dialect = engine.dialect
        self._commit = partial(type(dialect).do_commit, dialect)
        dialect.do_commit = self._at_commit  # type: ignore[method-assign]
        rates = RateLimits(*(Rates(world.monotonic, 1e6, 1_000_000) for _ in range(3)))
        settings = Settings(database=str(path), limits=LIMITS)
        passwords = Passwords(settings.hashing)  # nobody signs in here
        tails = Tails(readers.wake_log)  # nobody watches a log here
        self.services = Services(settings, world, self.database, hub, readers, rates, key, passwords, tails)
        self._closed = False
        self.process.at_death.append(self._hang_up)
        self._wires: list[Wire] = []

    # --- life

    async def start(self) -> None:
        await self.serve("start", agents.all_lost)
        self.process.spawn(self._duties())

    async def _duties(self) -> None:
        while True:
            await asyncio.sleep(DUTIES_EVERY)
            try:
                await self.serve("duties", lambda _: duties.once(self.database, self.services.world), own=True)
            except Down:
                continue

    async def stop(self) -> None:
        """Asked to end: says goodbye, finishes, closes its database."""
        self.services.readers.stop()
        await self.services.hub.stop(5.0)
        self.process.kill()
        await self.bury()

    async def bury(self) -> None:
        """The file is free again. After ``kill``, once the loop has turned."""
        if not self._closed:
            self._closed = True
            await self.database.close()

    def _hang_up(self) -> None:
        for wire in self._wires:
            wire.server_gone()

    # --- what comes from outside

    def connected(self, wire: Wire) -> None:
        """An agent has opened a websocket."""
        self._wires = [known for known in self._wires if not (known.up.broken and known.down.broken)]
        self._wires.append(wire)
        end = ServerEnd(wire, self.process.check)
        s = self.services
        link = LinkServices(self.database, s.hub, s.key, s.world, s.settings.limits, s.tails)
        task = self.process.spawn(Connection(end, link).run())
        self._ends[task] = end
        task.add_done_callback(lambda done: self._ends.pop(done, None))

    async def serve(self, what: str, work: Callable[[Work], Awaitable[T]], *, own: bool = False) -> T:
        """One request, as the REST interface does it: one transaction and an answer. Raises ``Down`` when none comes,
        which says nothing of what was committed."""

        async def answer() -> T:
            self._doing[asyncio.current_task()] = what
            try:
                if own:
                    return await work(None)  # type: ignore[arg-type]
                async with self.database.write() as unit:
                    return await work(unit)
            finally:
                self._doing.pop(asyncio.current_task(), None)

        if not self.process.alive:
            raise Down("nobody listens")
        try:
            return await self.process.spawn(answer())
        except (Dead, asyncio.CancelledError, sqlite3.OperationalError, SQLAlchemyError) as gone:
            raise Down(what) from gone

    # --- the commit

    def _at_commit(self, connection: Any) -> None:
        mine = current()
        if mine is not None:
            mine.check()
        step = f"server:{self._label()}"
        fault = self._dice.strike(step, COMMIT_FAULTS)
        if fault == "refused":
            connection.rollback()
            raise sqlite3.OperationalError("database or disk is full")
        if fault == "crash_before":
            connection.rollback()
            self.process.kill()
            raise Dead("server")
        self._commit(connection)
        if fault == "crash_after":
            self.process.kill()
            raise Dead("server")

    def _label(self) -> str:
        task = asyncio.current_task()
        if task in self._doing:
            return self._doing[task]
        end = self._ends.get(task) if task is not None else None
        return end.label if end is not None else "greeting"


def _relax(connection: Any, _record: Any) -> None:
    """Processes die here; the power stays on."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=OFF")
    cursor.close()


class _Database(Database):
    process: Process

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Work]:
        self.process.check()
        async with super().read() as work:
            yield work

    @asynccontextmanager
    async def write(self, by: Actor = SERVER) -> AsyncIterator[Work]:
        self.process.check()
        async with super().write(by) as work:
            yield work

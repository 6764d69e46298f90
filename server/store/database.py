"""The database: connections, transactions, migrations. The only place that knows which database it is."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Insert, make_url

from server.store import audit
from server.store.actor import SERVER, Actor
from server.store.elsewhere import Elsewhere
from server.store.happening import Happening
from server.store.session import Backend, Session
from server.store.sqlite import Sqlite, Wait
from server.world import World


@dataclass(slots=True)
class Work:
    """One transaction, and whose. ``wake`` names the agents that shall look at their outbox once it is committed,
    ``told`` the tenants whose feed has grown. What is ``after`` it happens at its commit, before anybody else goes
    on."""

    session: Session
    now: datetime
    new_id: Callable[[str], str]
    actor: Actor = SERVER
    woken: set[str] = field(default_factory=set)
    told: set[str] = field(default_factory=set)
    after: list[Callable[[], None]] = field(default_factory=list)
    happened: list[Happening] = field(default_factory=list)
    _notes: list[audit.Note] = field(default_factory=list)
    _last: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    _rows: dict[Insert, list[dict[str, Any]]] = field(default_factory=dict)

    def wake(self, agent_id: str | None) -> None:
        if agent_id is not None:
            self.woken.add(agent_id)

    def at_end(self, step: Callable[[], Awaitable[None]]) -> None:
        """Do this inside the transaction when everything else in it has been done."""
        self._last.append(step)

    def note(self, note: audit.Note) -> None:
        """A line of the audit for what changes no row of an audited table."""
        self._notes.append(note)

    def insert(self, into: Insert, row: dict[str, Any]) -> None:
        """A row that is only added to its table and that nobody needs as an object. Written by ``flush``, or at the
        end."""
        self._rows.setdefault(into, []).append(row)

    async def flush(self) -> None:
        """From now on queries of this transaction see what it has changed."""
        await self.session.flush()
        await self._insert()

    async def _insert(self) -> None:
        for into in tuple(self._rows):
            await self.session.apart(into, self._rows.pop(into))

    async def finish(self) -> None:
        while self._last:
            await self._last.pop(0)()
        await self.session.flush()
        await self._insert()
        if lines := [*audit.notes(self.session.changes(), self.actor), *self._notes]:
            await audit.append(self.session, self.actor, self.now, lines)


class Database:
    """``read`` and ``write`` open one transaction each; leaving a ``write`` without an error commits it."""

    def __init__(
        self,
        url: str,
        world: World,
        on_commit: Callable[[set[str]], None] = lambda _: None,
        on_events: Callable[[set[str]], None] = lambda _: None,
        at_end: Callable[[Work], Awaitable[None]] | None = None,
        wait: Wait | None = None,
        on_happened: Callable[[list[Happening]], None] = lambda _: None,
    ) -> None:
        """``on_commit`` hears of the agents, ``on_events`` of the tenants that a committed transaction concerns;
        ``at_end`` may add to a writing transaction before it is committed.
        ``wait``: how a step of SQLite that may wait for the disk is run; by default in a thread. ``on_happened``:
        whoever watches, for figures and the log."""
        self._world = world
        self._on_commit = on_commit
        self._on_events = on_events
        self._at_end = at_end
        self._on_happened = on_happened
        self._one_writer: asyncio.Lock | None = None
        self.backend: Backend
        if make_url(url).get_backend_name() == "sqlite":
            self._one_writer = asyncio.Lock()  # waiting here is cheaper than polling the file's lock
            self.backend = Sqlite(make_url(url), wait)
        else:
            self.backend = Elsewhere(make_url(url))

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Work]:
        session = Session(self.backend, writing=False)
        try:
            yield Work(session, self._world.now(), self._world.new_id)
        finally:
            await session.close()

    @asynccontextmanager
    async def write(self, by: Actor = SERVER) -> AsyncIterator[Work]:
        """``by``: who changes what is changed."""
        if self._one_writer is None:
            async with self._transaction(by) as work:
                yield work
        else:
            async with self._one_writer, self._transaction(by) as work:
                yield work
        for step in work.after:
            step()
        if work.woken:
            self._on_commit(work.woken)
        if work.told:
            self._on_events(work.told)
        if work.happened:
            self._on_happened(work.happened)

    @asynccontextmanager
    async def _transaction(self, by: Actor) -> AsyncIterator[Work]:
        session = Session(self.backend, writing=True)
        try:
            await session.begin()
            work = Work(session, self._world.now(), self._world.new_id, by)
            yield work
            if work.woken and self._at_end is not None:
                await self._at_end(work)
            await work.finish()
            await session.commit()
        finally:
            await session.close()

    async def migrate(self) -> None:
        """Brings the schema to the newest version."""
        connection = await self.backend.begin_upgrade()
        try:
            await self.backend.do(_upgrade, connection)
            await self.backend.commit(connection)
        finally:
            await self.backend.end(connection)

    async def close(self) -> None:
        await self.backend.close()


def try_file(url: str) -> None:
    """For SQLite: whether the file can be opened and is a database at all. Raises ``OSError``. (The asynchronous driver
    reports a file that cannot be opened from a thread of its own, which may outlive the loop.)"""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        return
    try:
        with closing(sqlite3.connect(parsed.database)) as db:
            db.execute("PRAGMA schema_version").fetchone()
    except sqlite3.Error as error:
        raise OSError(str(error)) from None


def alembic_config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    command.upgrade(alembic_config(connection), "head")

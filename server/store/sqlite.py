"""SQLite under asyncio. A statement runs where it is asked for: it takes microseconds, and a switch to a thread and
back takes longer than that. What may wait, for the disk or for another process, waits in a thread of its own."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar, TypeVarTuple

from sqlalchemy import URL, create_engine
from sqlalchemy import Connection as Reached
from sqlalchemy.pool import QueuePool

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
Wait = Callable[[Callable[[], object]], Awaitable[None]]
"""Runs a step that may take long without holding up the loop, and returns when it has ended."""

PATIENCE = 15000  # milliseconds for another process's lock
_PRAGMAS = (f"busy_timeout={PATIENCE}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")


class WaitingThread:
    """One thread: there is never more than one writer who could wait."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "sqlite")

    async def __call__(self, step: Callable[[], object]) -> None:
        going_on = asyncio.get_running_loop().run_in_executor(self._thread, step)
        try:
            await asyncio.shield(going_on)
        except asyncio.CancelledError:
            await asyncio.wait({going_on})  # nobody may touch the connection before
            raise

    def close(self) -> None:
        self._thread.shutdown()


class Connection(sqlite3.Connection):
    """What SQLAlchemy's pool holds. Transactions are begun here, never by the driver."""

    _changes = 0

    @property
    def has_changed(self) -> bool:
        """Something was written since the transaction began."""
        return self.total_changes != self._changes

    def begin(self, *, writing: bool) -> bool:
        """Whether it has begun. A transaction that reads first and writes later would fail instead of waiting for
        another writer, so who will write says so at once; if there is one, ``begin_when_free`` waits for it."""
        self._changes = self.total_changes
        if not writing:
            self.execute("BEGIN").close()
            return True
        self.execute("PRAGMA busy_timeout=0").close()
        try:
            self.execute("BEGIN IMMEDIATE").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            return False
        self._be_patient()
        return True

    def begin_when_free(self) -> None:
        self._be_patient()
        self.execute("BEGIN IMMEDIATE").close()

    def _be_patient(self) -> None:
        self.execute(f"PRAGMA busy_timeout={PATIENCE}").close()


@dataclass(frozen=True, slots=True)
class _Opener:
    """Makes the pool's connections."""

    path: str

    def __call__(self) -> Connection:
        made = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, cached_statements=512, factory=Connection
        )
        for pragma in _PRAGMAS:
            made.execute(f"PRAGMA {pragma}").close()
        return made


class Sqlite:
    """A backend of sessions. Its pool gives as many connections as are asked for: nobody could wait there."""

    def __init__(self, url: URL, wait: Wait | None = None) -> None:
        """``wait``: how a step that may wait for the disk is run; by default in a thread."""
        self._thread = None
        if wait is None:
            wait = self._thread = WaitingThread()
        self._wait = wait
        opener = _Opener(url.database or ":memory:")
        self.engine = create_engine(url, creator=opener, poolclass=QueuePool, max_overflow=-1)

    async def begin(self, *, writing: bool) -> Reached:
        reached = self.engine.connect()
        try:
            await self._begin(reached, writing=writing)
        except BaseException:
            reached.close()
            raise
        return reached

    async def begin_upgrade(self) -> Reached:
        """Dropping a table deletes its rows, which keys that refer to them forbid, and only outside a transaction can
        they be told to wait. The migrations check them all at the end; the connection serves nobody else."""
        reached = self.engine.connect()
        try:
            reached.detach()
            connection = reached.connection.dbapi_connection
            assert isinstance(connection, Connection)
            connection.execute("PRAGMA foreign_keys=OFF").close()
            await self._begin(reached, writing=True)
        except BaseException:
            reached.close()
            raise
        return reached

    async def _begin(self, reached: Reached, *, writing: bool) -> None:
        connection = reached.connection.dbapi_connection
        assert isinstance(connection, Connection)
        if not connection.begin(writing=writing):
            await self._wait(connection.begin_when_free)

    async def do(self, work: Callable[[*Ts], T], *given: *Ts) -> T:
        return work(*given)

    async def commit(self, reached: Reached) -> None:
        connection = reached.connection.dbapi_connection
        assert isinstance(connection, Connection)
        if connection.has_changed:
            await self._wait(reached.commit)
        else:
            reached.commit()

    async def end(self, reached: Reached) -> None:
        reached.close()

    async def close(self) -> None:
        self.engine.dispose()
        if self._thread is not None:
            self._thread.close()

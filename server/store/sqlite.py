"""SQLite under asyncio. A statement runs where it is asked for: it takes microseconds, and a switch to a thread and
back takes longer than that. What may wait, for the disk or for another process, waits in a thread of its own."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from sqlalchemy.util import await_only

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


class Cursor(sqlite3.Cursor):
    async def _async_soft_close(self) -> None:
        """SQLAlchemy's asyncio layer gives the cursor back by this name; here nothing is left to be waited for."""


class Connection(sqlite3.Connection):
    """What SQLAlchemy's pool holds. Transactions are begun by ``begin``, never by the driver."""

    _wait: Wait
    _changes = 0

    @property
    def _connection(self) -> Connection:
        return self

    def cursor(self, factory: Any = Cursor) -> Any:
        return super().cursor(factory)

    def begin(self, *, writing: bool) -> None:
        """A transaction that reads first and writes later would fail instead of waiting for another writer, so who
        will write says so at once."""
        self._changes = self.total_changes
        if not writing:
            self.execute("BEGIN").close()
            return
        self.execute("PRAGMA busy_timeout=0").close()
        try:
            self.execute("BEGIN IMMEDIATE").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            await_only(self._wait(self._begin_when_free))
        else:
            self._be_patient()

    def _begin_when_free(self) -> None:
        self._be_patient()
        self.execute("BEGIN IMMEDIATE").close()

    def _be_patient(self) -> None:
        self.execute(f"PRAGMA busy_timeout={PATIENCE}").close()

    def commit(self) -> None:
        if self.total_changes == self._changes:
            super().commit()  # nothing to be written
        else:
            await_only(self._wait(super().commit))

    def terminate(self) -> None:
        """SQLAlchemy closes by this name what the garbage collector has found."""
        self.close()


@dataclass(frozen=True, slots=True)
class Opener:
    """Makes the pool's connections."""

    path: str
    wait: Wait

    def __call__(self) -> Connection:
        made = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, cached_statements=512, factory=Connection
        )
        made._wait = self.wait
        for pragma in _PRAGMAS:
            made.execute(f"PRAGMA {pragma}").close()
        return made

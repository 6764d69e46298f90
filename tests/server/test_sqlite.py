"""The server's SQLite driver: statements at once, and what may wait never holds the loop up."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from server.settings import database_url
from server.store.database import Database
from server.store.sqlite import WaitingThread
from server.world import World


class Waited:
    """Keeps what had to wait, by name, and lets it be done when the test says so."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.asked = asyncio.Event()
        self.go = asyncio.Event()
        self.go.set()
        self.thread = WaitingThread()

    async def __call__(self, step: Callable[[], object]) -> None:
        self.steps.append(step.__name__)
        self.asked.set()
        await self.go.wait()
        await self.thread(step)


@pytest.fixture
def waited() -> Waited:
    return Waited()


@pytest.fixture
async def database(tmp_path: Path, waited: Waited) -> AsyncIterator[Database]:
    database = Database(database_url(str(tmp_path / "db.sqlite3")), World(), wait=waited)
    await write(database, "CREATE TABLE t (x)")
    waited.steps.clear()
    waited.asked.clear()
    yield database
    await database.close()
    waited.thread.close()


async def write(database: Database, statement: str) -> None:
    async with database.write() as work:
        await work.session.execute(text(statement))


async def rows(database: Database) -> list[int]:
    async with database.read() as work:
        return list(await work.session.scalars(text("SELECT x FROM t ORDER BY x")))


async def test_only_a_commit_that_writes_waits_for_the_disk(database: Database, waited: Waited) -> None:
    await write(database, "DELETE FROM t")  # nothing there to be deleted
    assert await rows(database) == []
    assert waited.steps == []
    await write(database, "INSERT INTO t VALUES (1)")
    assert waited.steps == ["commit"]
    assert await rows(database) == [1]


async def test_nothing_is_seen_before_the_commit_has_ended(database: Database, waited: Waited) -> None:
    waited.go.clear()
    writing = asyncio.create_task(write(database, "INSERT INTO t VALUES (1)"))
    await waited.asked.wait()
    assert await rows(database) == []
    waited.go.set()
    await writing
    assert await rows(database) == [1]


async def test_a_writer_waits_for_another_process_without_holding_the_loop_up(
    database: Database, waited: Waited, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "db.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.create_task(write(database, "INSERT INTO t VALUES (1)"))
        await waited.asked.wait()
        assert waited.steps == ["begin_when_free"]
        other.execute("INSERT INTO t VALUES (2)")
        other.execute("COMMIT")
    await writing
    assert await rows(database) == [1, 2]


async def test_a_cancelled_commit_is_waited_for(database: Database, waited: Waited) -> None:
    """The connection goes back to the pool: nobody may get it while the thread still uses it."""
    slow = asyncio.Event()
    loop = asyncio.get_running_loop()
    ended: list[str] = []

    def step() -> None:
        asyncio.run_coroutine_threadsafe(slow.wait(), loop).result()
        ended.append("step")

    waiting = asyncio.create_task(waited.thread(step))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.sleep(0)
    assert not waiting.done()
    slow.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert ended == ["step"]


async def test_an_error_of_the_database_is_its_own_kind(database: Database) -> None:
    with pytest.raises(OperationalError):
        await write(database, "INSERT INTO nowhere VALUES (1)")
    await write(database, "INSERT INTO t VALUES (1)")
    assert await rows(database) == [1]

"""A database is opened: at its newest schema, with the job key in it. Whoever serves begins so, and whoever only looks
in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from server.keys import JobKey
from server.services import access
from server.services.hub import Hub
from server.services.readers import Readers
from server.settings import Settings, database_url
from server.store.database import Database, try_file
from server.store.happening import Happening
from server.world import World


class BadDatabase(Exception):
    """The database cannot be opened; the text is a sentence."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(
            f"база данных {url} не открывается: {why}. Проверьте --database (файл SQLite или URL). / "
            f"the database {url} cannot be opened: {why}. Check --database (an SQLite file or a URL)."
        )


@dataclass(frozen=True, slots=True)
class Opened:
    """``hub`` and ``readers`` are told of what is committed; there is nobody among them yet."""

    database: Database
    hub: Hub
    readers: Readers
    key: JobKey


def ignored(_: object) -> None:
    """Nobody watches."""


async def open_database(
    settings: Settings, world: World, happened: Callable[[list[Happening]], None] = ignored
) -> Opened:
    """``happened`` is told what the database counts."""
    hub, readers = Hub(world.monotonic, settings.limits.connections_per_minute), Readers()
    url = database_url(settings.database)
    try_file(url)
    database = Database(url, world, hub.wake, readers.wake, hub.load, on_happened=happened)
    try:
        await database.migrate()
        async with database.write() as work:
            key = await access.job_key(work, world)
    except BaseException:
        await database.close()
        raise
    return Opened(database, hub, readers, key)


@asynccontextmanager
async def opened(settings: Settings, world: World) -> AsyncIterator[Opened]:
    """The same for as long as somebody works with it. Raises ``BadDatabase``."""
    try:
        here = await open_database(settings, world)
    except ImportError as error:
        raise BadDatabase(settings.database, f"нет пакета / package missing: {error.name}") from None
    except (SQLAlchemyError, OSError) as error:
        raise BadDatabase(settings.database, str(error).splitlines()[0]) from None
    try:
        yield here
    finally:
        await here.database.close()

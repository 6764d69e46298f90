"""What happens by time alone: jobs that never left expire."""

from __future__ import annotations

import asyncio

import structlog
from sqlalchemy.exc import SQLAlchemyError

from server.services import jobs
from server.store.database import Database
from server.world import World

EVERY = 1.0  # seconds
_log = structlog.get_logger("server.duties")


async def once(database: Database, world: World) -> int:
    """Returns how many jobs changed."""
    async with database.write() as work:
        return await jobs.expire(work, world)


async def forever(database: Database, world: World) -> None:
    while True:
        await asyncio.sleep(EVERY)
        try:
            await once(database, world)
        except SQLAlchemyError:
            _log.exception("duties failed")  # tried again in a second

"""What happens by time alone: jobs that never left expire, logs that are watched end and are forgotten, old events,
bundles and sessions go."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from server.services import bundles, jobs, logs, signin
from server.services.exchange import Lately
from server.services.tails import Tails
from server.settings import Settings
from server.store import feed
from server.store.database import Database
from server.world import World

EVERY = 1.0  # seconds
PRUNE_EVERY = 3600.0
_log = structlog.get_logger("server.duties")


async def once(database: Database, world: World) -> int:
    """Returns how many jobs changed."""
    async with database.write() as work:
        return await jobs.expire(work, world)


async def end_logs(database: Database, world: World, tails: Tails) -> None:
    """Lines of a log go when its time is over, whether anybody looks or not."""
    if over := tails.sweep(world.now()):
        async with database.write() as work:
            await logs.over_by_time(work, over)


async def prune(database: Database, settings: Settings, lately: Lately) -> None:
    """Events, bundles and sessions that nobody will ask for any more."""
    async with database.write() as work:
        await feed.prune(work, work.now - timedelta(days=settings.limits.feed_days))
        await signin.prune(work)
    lately.keep(await bundles.prune(database, settings.bundle_folder, settings.limits.bundle_days))


async def forever(database: Database, world: World, settings: Settings, tails: Tails, lately: Lately) -> None:
    pruned_at: float | None = None
    while True:
        await asyncio.sleep(EVERY)
        try:
            await end_logs(database, world, tails)
            await once(database, world)
            if pruned_at is None or world.monotonic() - pruned_at >= PRUNE_EVERY:
                pruned_at = world.monotonic()
                await prune(database, settings, lately)
        except (SQLAlchemyError, OSError):
            _log.exception("duties failed")  # tried again in a second

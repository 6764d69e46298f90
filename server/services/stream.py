"""The feed as server-sent events: everything after a cursor, then what is new, until the reader or the server goes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Collection

from server.services import signin
from server.services.access import Caller, Scope
from server.services.readers import Readers
from server.store import feed
from server.store.database import Database
from server.store.feed import FeedEvent

HEARTBEAT = 15.0  # seconds of silence after which a comment keeps proxies from closing the line
RETRY_MS = 3000
BATCH = 200
READING = (Scope.JOBS, Scope.READ)
"""Either lets a caller read the feed."""


async def events(
    database: Database, readers: Readers, caller: Caller, cursor: int | None, types: Collection[str], kkm_id: str | None
) -> AsyncIterator[str]:
    """Frames of ``text/event-stream``, for as long as the caller may read them. ``cursor`` is the id of the last event
    that the reader has; ``None`` starts with what comes next, a number of a future that this database does not know (a
    restored backup) with its end."""
    tenant_id = caller.tenant_id
    with readers.reader(tenant_id) as news:
        async with database.read() as work:
            end = await feed.newest(work, tenant_id)
        at = end if cursor is None else min(cursor, end)
        yield f"retry: {RETRY_MS}\n: {at}\n\n"
        while not readers.stopping:
            news.clear()
            async with database.read() as work:
                if not await signin.still(work, caller, *READING):
                    return
                batch = await feed.after(work, tenant_id, at, BATCH)
            for event in batch:
                at = event.id
                if (not types or event.type in types) and kkm_id in (None, event.kkm_id):
                    yield frame(event)
            if len(batch) == BATCH:
                continue
            try:
                async with asyncio.timeout(HEARTBEAT):
                    await news.wait()
            except TimeoutError:
                yield f": {at}\n\n"


def frame(event: FeedEvent) -> str:
    return f"id: {event.id}\nevent: {event.type}\ndata: {json.dumps(body(event), ensure_ascii=False)}\n\n"


def body(event: FeedEvent) -> dict[str, object]:
    """What a webhook's body and a stream's ``data`` say (the payload of Standard Webhooks)."""
    return {"type": event.type, "timestamp": event.at.isoformat(), "event_id": event.event_id, "data": event.data}

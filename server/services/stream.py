"""The feed, and a log that is watched, as server-sent events: everything after a cursor, then what is new, until the
reader or the server goes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Collection

from server.services import signin, support
from server.services.access import Caller, Scope
from server.services.readers import Readers
from server.services.tails import LineView, Tails
from server.store import feed
from server.store.database import Database
from server.store.feed import FeedEvent
from server.store.support import GOING_ON, SupportRequest

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
            if not await _more(news):
                yield f": {at}\n\n"


async def log(
    database: Database, readers: Readers, tails: Tails, caller: Caller, log: SupportRequest, after: int
) -> AsyncIterator[str]:
    """The lines behind the line ``after`` as events ``line``, for as long as the caller may read them, and ``end`` when
    the log is over."""
    with readers.log_reader(caller.tenant_id, log.id) as news:
        at = after
        yield f"retry: {RETRY_MS}\n: {at}\n\n"
        while not readers.stopping:
            news.clear()
            async with database.read() as work:
                row = await work.session.get(SupportRequest, log.id)
                if row is None or not await signin.still(work, caller, Scope.SUPPORT):
                    return
                state, code = support.standing(row, work.now)
            told = tails.read(log.agent_id, log.id, work.now, at, BATCH)
            for line in told.lines:
                at = line.n
                yield line_frame(line)
            if len(told.lines) == BATCH:
                continue
            if state not in GOING_ON:
                end = {"request_id": log.id, "state": state, "code": code, "untold": told.untold}
                yield f"id: {at}\nevent: end\ndata: {json.dumps(end)}\n\n"
                return
            if not await _more(news):
                yield f": {at}\n\n"


async def _more(news: asyncio.Event) -> bool:
    """Whether there is news before the line has been silent for long."""
    try:
        async with asyncio.timeout(HEARTBEAT):
            await news.wait()
    except TimeoutError:
        return False
    return True


def line_frame(line: LineView) -> str:
    return f"id: {line.n}\nevent: line\ndata: {line.model_dump_json(exclude_unset=True)}\n\n"


def frame(event: FeedEvent) -> str:
    return f"id: {event.id}\nevent: {event.type}\ndata: {json.dumps(body(event), ensure_ascii=False)}\n\n"


def body(event: FeedEvent) -> dict[str, object]:
    """What a webhook's body and a stream's ``data`` say (the payload of Standard Webhooks)."""
    return {"type": event.type, "timestamp": event.at.isoformat(), "event_id": event.event_id, "data": event.data}

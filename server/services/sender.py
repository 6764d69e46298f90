"""Sends what webhooks are owed: one try after another until a receiver says 2xx, for three days.

At least once: a marker lost in a crash is a second delivery with the same ``webhook-id``, by which the CRM
deduplicates.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import httpx
import structlog
from sqlalchemy import update

from server.services.readers import Readers
from server.services.ssrf import Forbidden, Resolver, address_of, judge_url
from server.services.stream import body
from server.services.webhooks import signature
from server.store import feed
from server.store.database import Database, Work
from server.store.feed import Delivery, FeedEvent, Webhook
from server.store.happening import Happening

RETRY = (5, 60, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
"""Seconds after each failed try; after the last the delivery is dead."""
SPARE = 5  # seconds in which a receiver that has just failed is left alone
TIMEOUT = 10.0
TURN = 10.0  # seconds after which a receiver that is slow waits for the others
BATCH = 50
AT_ONCE = 8
IDLE = 30.0  # seconds until the table is looked at although nobody has called
GONE = 410  # the receiver wants no more
_log = structlog.get_logger("server.webhooks")


async def resolve(host: str, port: int) -> list[str]:
    """The system's resolver. A name that cannot be one is an ``OSError`` like one that nobody has."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(socket.EAI_NONAME, str(error)) from error
    return [str(entry[4][0]) for entry in found]


@dataclass(frozen=True, slots=True)
class Answer:
    """How one try went: a status, or why there is none."""

    status: int | None = None
    error: str | None = None
    retry_after: int | None = None

    @property
    def good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Sender:
    def __init__(
        self,
        database: Database,
        readers: Readers,
        *,
        private_too: bool,
        resolver: Resolver = resolve,
        client: Callable[[], httpx.AsyncClient] | None = None,
    ) -> None:
        self._database = database
        self._readers = readers
        self._private_too = private_too
        self._resolver = resolver
        self._client = client or (lambda: httpx.AsyncClient(timeout=TIMEOUT, trust_env=False, follow_redirects=False))

    async def forever(self) -> None:
        async with self._client() as client:
            with self._readers.reader(None) as news:
                while True:
                    news.clear()
                    try:
                        if await self.once(client):
                            continue
                        pause = await self._pause()
                    except Exception:  # whatever it was: the next webhook may be another one's
                        _log.exception("webhooks failed")
                        pause = IDLE
                    with suppress(TimeoutError):
                        async with asyncio.timeout(pause):
                            await news.wait()

    async def _pause(self) -> float:
        async with self._database.read() as work:
            at = await feed.next_due(work)
            left = (at - work.now).total_seconds() if at is not None else IDLE
        return min(IDLE, max(0.05, left))

    async def once(self, client: httpx.AsyncClient) -> int:
        """Try everything that is due, each webhook's in order; how many were tried."""
        async with self._database.read() as work:
            due = await feed.due(work, BATCH)
        by_hook: dict[str, list[tuple[Delivery, FeedEvent, Webhook]]] = {}
        for entry in due:
            by_hook.setdefault(entry[2].id, []).append(entry)
        gate = asyncio.Semaphore(AT_ONCE)

        async def row(entries: list[tuple[Delivery, FeedEvent, Webhook]]) -> None:
            async with gate:
                until = asyncio.get_running_loop().time() + TURN
                for delivery, event, hook in entries:
                    answer = await self._safely(client, event, hook)
                    async with self._database.write() as work:
                        await self._note(work, delivery.id, event, hook.id, answer)
                    if not answer.good or asyncio.get_running_loop().time() >= until:
                        break

        await asyncio.gather(*(row(entries) for entries in by_hook.values()))
        return len(due)

    async def _safely(self, client: httpx.AsyncClient, event: FeedEvent, hook: Webhook) -> Answer:
        """One try. Whatever it fails with counts as this webhook's failure, or it would come first for ever."""
        try:
            return await self._try(client, event, hook)
        except Exception as error:
            _log.exception("webhook failed", webhook_id=hook.id)
            return Answer(error=type(error).__name__)

    async def _try(self, client: httpx.AsyncClient, event: FeedEvent, hook: Webhook) -> Answer:
        payload = json.dumps(body(event), ensure_ascii=False).encode()
        async with self._database.read() as work:
            timestamp = int(work.now.timestamp())
        try:
            scheme, host, port = judge_url(hook.url, private_too=self._private_too)
            address = await address_of(host, port, self._resolver, private_too=self._private_too)
            url = httpx.URL(hook.url).copy_with(host=address, port=port)
            request = client.build_request(
                "POST",
                url,
                content=payload,
                headers={
                    "Host": _authority(host, port, scheme),
                    "Content-Type": "application/json",
                    "User-Agent": "KassaBridge-Webhooks",
                    "webhook-id": event.event_id,
                    "webhook-timestamp": str(timestamp),
                    "webhook-signature": signature(hook.secret, event.event_id, timestamp, payload),
                },
                extensions={"sni_hostname": host},
            )
            async with asyncio.timeout(TIMEOUT):
                answer = await client.send(request, stream=True)
                await answer.aclose()  # what the receiver says beside its status does not matter
        except Forbidden as no:
            return Answer(error=str(no)[:200])
        except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError) as error:
            return Answer(error=f"{type(error).__name__}: {error}"[:200])
        wait = answer.headers.get("retry-after", "")
        return Answer(answer.status_code, retry_after=min(int(wait), 86400) if wait.isdecimal() else None)

    async def _note(self, work: Work, delivery_id: int, event: FeedEvent, hook_id: str, answer: Answer) -> None:
        row = await work.session.get(Delivery, delivery_id)
        hook = await work.session.get(Webhook, hook_id)
        if row is None or hook is None or row.state != "waiting":
            return  # removed meanwhile
        row.attempts += 1
        row.last_status, row.last_error = answer.status, answer.error
        if answer.good:
            row.state, row.next_at, row.ended_at = "delivered", None, work.now
        elif answer.status == GONE:
            row.state, row.next_at, row.ended_at = "dead", None, work.now
            hook.disabled_at, hook.disabled_why = work.now, "gone"
        elif row.attempts > len(RETRY):
            row.state, row.next_at, row.ended_at = "dead", None, work.now
        else:
            wait = max(RETRY[row.attempts - 1], answer.retry_after or 0)
            row.next_at = work.now + timedelta(seconds=wait)
        told = {"webhook_id": hook_id, "event_id": event.event_id, "job_id": event.job_id, "status": answer.status}
        work.happened.append(Happening("webhook", {**told, "outcome": "delivered" if answer.good else "failed"}))
        if not answer.good:
            await self._spare(work, hook_id)

    async def _spare(self, work: Work, hook_id: str) -> None:
        """A receiver that fails is not asked the same moment about everything else that waits for it."""
        later = work.now + timedelta(seconds=SPARE)
        await work.session.flush()
        await work.session.execute(
            update(Delivery)
            .where(Delivery.webhook_id == hook_id, Delivery.state == "waiting", Delivery.next_at < later)
            .values(next_at=later)
        )


def _authority(host: str, port: int, scheme: str) -> str:
    shown = f"[{host}]" if ":" in host else host
    return shown if port == {"https": 443, "http": 80}[scheme] else f"{shown}:{port}"

"""Webhooks as the CRM manages them, and the signature of what they are sent (Standard Webhooks)."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from sqlalchemy import Select, delete, select, update

from protocol.crm.jobs import JobState
from protocol.crm.messages import EventKind
from server.problems import FieldError, Problem
from server.services.ssrf import Forbidden, judge_url
from server.store import feed
from server.store.audit import Note
from server.store.database import Work
from server.store.feed import Delivery, Webhook
from server.world import World

SECRET_BYTES = 24
PREFIX = "whsec_"
MOST = 20  # webhooks of one tenant
MOST_REPLAYED = 10_000  # events at once; asked again, what follows comes
TYPES = (
    *(f"job.{state}" for state in JobState),
    "job.owed",
    *(f"device.{kind}" for kind in EventKind),
    "device.moved",
    "device.released",
    "support.running",
    "support.done",
    "support.refused",
    "webhook.test",
)
"""Every type of event in the feed."""

Url = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Type = Annotated[str, StringConstraints(max_length=64)]
Words = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class WebhookPost(BaseModel):
    """``types``: which events; left out, all of them."""

    model_config = ConfigDict(extra="forbid", strict=True)
    url: Url
    types: Annotated[list[Type], Field(min_length=1, max_length=len(TYPES))] | None = None
    description: Words | None = None


class Replay(BaseModel):
    """Which events to deliver again: the named ones, or all since a moment; left out, those that were given up."""

    model_config = ConfigDict(extra="forbid", strict=True)
    event_ids: (
        Annotated[list[Annotated[str, StringConstraints(max_length=64)]], Field(min_length=1, max_length=200)] | None
    ) = None
    since: Annotated[AwareDatetime, Field(strict=False)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Replay:
        if self.event_ids is not None and self.since is not None:
            raise ValueError("event_ids or since, not both")
        return self


class WebhookPatch(BaseModel):
    """Fields that are left out stay as they are. ``enabled`` true gives what was waiting meanwhile a new try."""

    model_config = ConfigDict(extra="forbid", strict=True)
    types: Annotated[list[Type], Field(min_length=1, max_length=len(TYPES))] | None = None
    description: Words | None = None
    enabled: bool | None = None


def _field(field: str, code: str, expected: str, ru: str, en: str) -> Problem:
    return Problem(422, "bad_request", errors=[FieldError(field, code, expected, code, ru, en)])


def _types(types: Sequence[str] | None) -> list[str] | None:
    for at, one in enumerate(types or ()):
        if one not in TYPES:
            expected = ", ".join(TYPES)
            raise _field(
                f"types[{at}]", "E_VALUE", expected, f"Такого события нет: {one!r}.", f"There is no event {one!r}."
            )
    return sorted(set(types)) if types is not None else None


async def post(
    work: Work, world: World, tenant_id: str, asked: WebhookPost, *, private_too: bool
) -> tuple[Webhook, bool]:
    """The webhook and whether it is new: the same URL again is the same webhook, with what is said of it now."""
    try:
        judge_url(asked.url, private_too=private_too)
    except Forbidden as no:
        raise _field("url", "E_URL", no.detail, "Адрес не годится для вебхука.", "No address for a webhook.") from None
    types = _types(asked.types)
    known = await work.session.scalar(
        select(Webhook).where(Webhook.tenant_id == tenant_id, Webhook.url == asked.url).with_for_update()
    )
    if known is not None:
        known.types, known.description = types, asked.description
        return known, False
    if len(await page(work, tenant_id)) >= MOST:
        raise Problem(409, "too_many_webhooks", limit=MOST)
    row = Webhook(
        id=world.new_id("wh"),
        tenant_id=tenant_id,
        url=asked.url,
        description=asked.description,
        types=types,
        secret=b64encode(world.random_bytes(SECRET_BYTES)).decode("ascii"),
        created_at=work.now,
    )
    work.session.add(row)
    await work.session.flush()
    return row, True


async def page(work: Work, tenant_id: str) -> Sequence[Webhook]:
    query = select(Webhook).where(Webhook.tenant_id == tenant_id)
    return await work.session.scalars(query.order_by(Webhook.created_at, Webhook.id))


async def find(work: Work, tenant_id: str, webhook_id: str) -> Webhook:
    row = await work.session.scalar(
        select(Webhook).where(Webhook.tenant_id == tenant_id, Webhook.id == webhook_id).with_for_update()
    )
    if row is None:
        raise Problem(404, "unknown_webhook", webhook_id=webhook_id)
    return row


async def patch(work: Work, tenant_id: str, webhook_id: str, asked: WebhookPatch) -> Webhook:
    row = await find(work, tenant_id, webhook_id)
    given = asked.model_fields_set
    if "types" in given:
        row.types = _types(asked.types)
    if "description" in given:
        row.description = asked.description
    if asked.enabled is True and row.disabled_at is not None:
        row.disabled_at, row.disabled_why = None, None
        waiting = update(Delivery).where(Delivery.webhook_id == row.id, Delivery.state == "waiting")
        await work.session.execute(waiting.values(next_at=work.now))
        work.told.add(tenant_id)
    elif asked.enabled is False and row.disabled_at is None:
        row.disabled_at, row.disabled_why = work.now, "by_owner"
    return row


async def remove(work: Work, tenant_id: str, webhook_id: str) -> None:
    """Gone already is as good."""
    row = await work.session.scalar(select(Webhook).where(Webhook.tenant_id == tenant_id, Webhook.id == webhook_id))
    if row is not None:
        await work.session.execute(delete(Delivery).where(Delivery.webhook_id == row.id))
        work.session.delete(row)


async def test(work: Work, tenant_id: str, webhook_id: str) -> str:
    """An event of type ``webhook.test``, for this webhook alone; its id."""
    row = await find(work, tenant_id, webhook_id)
    event = feed.FeedEvent(
        event_id=work.new_id("ev"),
        tenant_id=tenant_id,
        type="webhook.test",
        at=work.now,
        data={"webhook_id": row.id},
    )
    work.session.add(event)
    await work.session.flush()
    work.session.add(Delivery(webhook_id=row.id, event=event.id, state="waiting", attempts=0, next_at=work.now))
    work.told.add(tenant_id)
    work.note(Note(tenant_id, "webhook.tested", "webhook", row.id))
    return event.event_id


async def replay(work: Work, tenant_id: str, webhook_id: str, asked: Replay) -> int:
    """Delivers again, from the first try on; how many events. Each keeps its ``event_id``: who has it already knows it
    again."""
    hook = await find(work, tenant_id, webhook_id)
    events = await _wanted(work, hook, asked)
    known = {row.event: row for row in await work.session.scalars(_of(hook, [event.id for event in events]))}
    for event in events:
        row = known.get(event.id)
        if row is None:
            work.session.add(
                Delivery(webhook_id=hook.id, event=event.id, state="waiting", attempts=0, next_at=work.now)
            )
        else:
            row.state, row.attempts, row.next_at, row.ended_at = "waiting", 0, work.now, None
    if events:
        work.told.add(tenant_id)
        work.note(Note(tenant_id, "webhook.replayed", "webhook", hook.id, after={"events": len(events)}))
    return len(events)


def _of(hook: Webhook, events: Sequence[int]) -> Select[Delivery]:
    return select(Delivery).where(Delivery.webhook_id == hook.id, Delivery.event.in_(events))


async def _wanted(work: Work, hook: Webhook, asked: Replay) -> Sequence[feed.FeedEvent]:
    query = select(feed.FeedEvent).where(feed.FeedEvent.tenant_id == hook.tenant_id).order_by(feed.FeedEvent.id)
    if asked.event_ids is not None:
        found = await work.session.scalars(query.where(feed.FeedEvent.event_id.in_(asked.event_ids)))
        if missing := set(asked.event_ids) - {event.event_id for event in found}:
            raise Problem(404, "unknown_event", event_id=sorted(missing)[0])
        return found
    if asked.since is not None:
        query = query.where(feed.FeedEvent.at >= asked.since)
        if hook.types is not None:
            query = query.where(feed.FeedEvent.type.in_(hook.types))
    else:
        dead = select(Delivery.event).where(Delivery.webhook_id == hook.id, Delivery.state == "dead")
        query = query.where(feed.FeedEvent.id.in_(dead))
    return await work.session.scalars(query.limit(MOST_REPLAYED))


async def deliveries(
    work: Work, webhook_id: str, before: int | None, limit: int
) -> Sequence[tuple[Delivery, feed.FeedEvent]]:
    """Newest event first, below the cursor, which is an event's number."""
    query = select(Delivery, feed.FeedEvent).join(feed.FeedEvent, feed.FeedEvent.id == Delivery.event)
    query = query.where(Delivery.webhook_id == webhook_id)
    if before is not None:
        query = query.where(Delivery.event < before)
    rows = await work.session.rows(query.order_by(Delivery.event.desc()).limit(limit))
    return [(delivery, event) for delivery, event in rows]


def secret_text(row: Webhook) -> str:
    return PREFIX + row.secret


def signature(secret: str, event_id: str, timestamp: int, payload: bytes) -> str:
    """``webhook-signature``: HMAC-SHA256 over id, time and body. ``secret`` is base64 without its prefix."""
    signed = f"{event_id}.{timestamp}.".encode() + payload
    return "v1," + b64encode(hmac.new(b64decode(secret), signed, hashlib.sha256).digest()).decode("ascii")

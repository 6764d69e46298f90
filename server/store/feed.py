"""The feed: what happened, in order, for the CRM; and the webhooks that are told of it.

An event is written in the transaction that makes it true. Webhook deliveries are rows too, so that a restart forgets
none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    bindparam,
    delete,
    insert,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from server.store.audited import Audited, host_only
from server.store.database import Work
from server.store.models import Base, Serial, table_of


class FeedEvent(Base):
    """One thing that happened. ``id`` orders them; ``event_id`` is what a webhook's receiver deduplicates by."""

    __tablename__ = "feed"
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    event_id: Mapped[str] = mapped_column(String(64), unique=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    type: Mapped[str] = mapped_column(String(64))
    kkm_id: Mapped[str | None] = mapped_column(String(64))
    job_id: Mapped[str | None] = mapped_column(String(64))
    at: Mapped[datetime]
    data: Mapped[dict[str, Any]]
    __table_args__ = (Index(None, "tenant_id", "id"), Index(None, "at"))


class Webhook(Base):
    __tablename__ = "webhooks"
    __audited__ = Audited(
        "webhook",
        "id",
        fields=("url", "description", "types", "disabled_at", "disabled_why"),
        quiet=("secret", "created_at"),
        actions={"disabled_at": "switched"},
        shown={"url": host_only},
    )
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    url: Mapped[str] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(String(200))
    types: Mapped[list[Any] | None]  # null: every type
    secret: Mapped[str] = mapped_column(String(128))  # base64 of the random bytes
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    disabled_why: Mapped[str | None] = mapped_column(String(64))
    __table_args__ = (UniqueConstraint("tenant_id", "url"),)


class Delivery(Base):
    """One event for one webhook. ``next_at`` is null when nothing more will be tried."""

    __tablename__ = "deliveries"
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    webhook_id: Mapped[str] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    event: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), ForeignKey("feed.id", ondelete="CASCADE")
    )
    state: Mapped[str] = mapped_column(String(16))  # waiting, delivered, dead
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    last_status: Mapped[int | None]
    last_error: Mapped[str | None] = mapped_column(String(200))
    __table_args__ = (
        UniqueConstraint("webhook_id", "event"),
        Index(None, "state", "next_at"),
        Index(None, "event"),
    )


_AFTER = (
    select(FeedEvent)
    .where(FeedEvent.tenant_id == bindparam("tenant"), FeedEvent.id > bindparam("cursor"))
    .order_by(FeedEvent.id)
    .limit(bindparam("limit"))
)
_EVENT = insert(table_of(FeedEvent))
_HOOKS = table_of(Webhook).c
_LISTENING = select(_HOOKS.id, _HOOKS.types).where(
    _HOOKS.tenant_id == bindparam("tenant"), _HOOKS.disabled_at.is_(None)
)


def put(
    work: Work,
    *,
    tenant_id: str,
    type_: str,
    data: Callable[[], dict[str, Any]],
    kkm_id: str | None = None,
    job_id: str | None = None,
) -> None:
    """Add an event to this transaction. What it says (``data``) is asked for when everything else in the transaction
    has been done; then the webhooks are given it."""
    event = {
        "event_id": work.new_id("ev"),
        "tenant_id": tenant_id,
        "type": type_,
        "kkm_id": kkm_id,
        "job_id": job_id,
        "at": work.now,
    }
    work.told.add(tenant_id)
    work.at_end(lambda: _complete(work, event, data))


async def _complete(work: Work, event: dict[str, Any], data: Callable[[], dict[str, Any]]) -> None:
    told = event | {"data": data()}
    hooks = await work.session.apart(_LISTENING, {"tenant": event["tenant_id"]})
    listening = [hook.id for hook in hooks if hook.types is None or event["type"] in hook.types]
    if not listening:
        work.insert(_EVENT, told)
        return
    await work.flush()  # events in their order
    row = FeedEvent(**told)
    work.session.add(row)
    await work.session.flush()  # deliveries name the event by its number
    for hook_id in listening:
        work.session.add(Delivery(webhook_id=hook_id, event=row.id, state="waiting", attempts=0, next_at=work.now))


async def after(work: Work, tenant_id: str, cursor: int, limit: int) -> Sequence[FeedEvent]:
    return await work.session.scalars(_AFTER, {"tenant": tenant_id, "cursor": cursor, "limit": limit})


async def newest(work: Work, tenant_id: str) -> int:
    query = select(FeedEvent.id).where(FeedEvent.tenant_id == tenant_id).order_by(FeedEvent.id.desc()).limit(1)
    return await work.session.scalar(query) or 0


async def due(work: Work, limit: int) -> Sequence[tuple[Delivery, FeedEvent, Webhook]]:
    """Deliveries whose time has come, oldest event first."""
    return await work.session.rows(
        select(Delivery, FeedEvent, Webhook)
        .join(FeedEvent, FeedEvent.id == Delivery.event)
        .join(Webhook, Webhook.id == Delivery.webhook_id)
        .where(Delivery.state == "waiting", Delivery.next_at <= work.now, Webhook.disabled_at.is_(None))
        .order_by(Delivery.event)
        .limit(limit)
    )


async def next_due(work: Work) -> datetime | None:
    query = (
        select(Delivery.next_at)
        .join(Webhook, Webhook.id == Delivery.webhook_id)
        .where(Delivery.state == "waiting", Webhook.disabled_at.is_(None))
        .order_by(Delivery.next_at)
        .limit(1)
    )
    return await work.session.scalar(query)


async def prune(work: Work, before: datetime) -> None:
    """Events older than that, with what is left of their deliveries."""
    old = select(FeedEvent.id).where(FeedEvent.at < before)
    await work.session.execute(delete(Delivery).where(Delivery.event.in_(old)))
    await work.session.execute(delete(FeedEvent).where(FeedEvent.at < before))

"""/webhooks: where events are sent."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel
from sqlalchemy.exc import IntegrityError

from server.pages import DEFAULT_LIMIT, CursorQuery, Limit, cursor_of, cut, key_of
from server.routers.common import PROBLEMS, Here, WebhooksCaller
from server.services import webhooks as service
from server.store.feed import Delivery, FeedEvent, Webhook

router = APIRouter(prefix="/webhooks", tags=["webhooks"], responses=PROBLEMS)
WebhookId = Annotated[str, Path(max_length=64)]


class WebhookView(BaseModel):
    webhook_id: str
    url: str
    types: list[str] | None
    description: str | None
    enabled: bool
    disabled_at: datetime | None
    disabled_why: str | None
    created_at: datetime


class WebhookMade(WebhookView):
    """``secret`` is shown when the webhook is made, and never again."""

    secret: str | None


class WebhookList(BaseModel):
    webhooks: list[WebhookView]


class DeliveryView(BaseModel):
    event_id: str
    type: str
    at: datetime
    state: str
    attempts: int
    next_at: datetime | None
    ended_at: datetime | None
    last_status: int | None
    last_error: str | None


class DeliveryPage(BaseModel):
    deliveries: list[DeliveryView]
    cursor: str | None


class Replayed(BaseModel):
    """``events``: how many are on their way again."""

    events: int


class Tested(BaseModel):
    event_id: str


def _fields(row: Webhook) -> dict[str, Any]:
    return {
        "webhook_id": row.id,
        "url": row.url,
        "types": row.types,
        "description": row.description,
        "enabled": row.disabled_at is None,
        "disabled_at": row.disabled_at,
        "disabled_why": row.disabled_why,
        "created_at": row.created_at,
    }


def _delivery(row: Delivery, event: FeedEvent) -> DeliveryView:
    return DeliveryView(
        event_id=event.event_id,
        type=event.type,
        at=event.at,
        state=row.state,
        attempts=row.attempts,
        next_at=row.next_at,
        ended_at=row.ended_at,
        last_status=row.last_status,
        last_error=row.last_error,
    )


@router.post("", status_code=201)
async def post_webhook(asked: service.WebhookPost, here: Here, caller: WebhooksCaller) -> WebhookMade:
    """Has events sent to a URL, signed by Standard Webhooks. The same URL again changes what it is sent; the secret
    is shown once."""
    for last_try in (False, True):
        try:
            async with here.database.write(by=caller.actor) as work:
                row, fresh = await service.post(
                    work, here.world, caller.tenant_id, asked, private_too=here.settings.private_webhooks
                )
                return WebhookMade(**_fields(row), secret=service.secret_text(row) if fresh else None)
        except IntegrityError:  # a rival made it at the same moment: now it can be found
            if last_try:
                raise
    raise AssertionError


@router.get("")
async def list_webhooks(here: Here, caller: WebhooksCaller) -> WebhookList:
    async with here.database.read() as work:
        rows = await service.page(work, caller.tenant_id)
        return WebhookList(webhooks=[WebhookView(**_fields(row)) for row in rows])


@router.get("/{webhook_id}")
async def get_webhook(webhook_id: WebhookId, here: Here, caller: WebhooksCaller) -> WebhookView:
    async with here.database.read() as work:
        return WebhookView(**_fields(await service.find(work, caller.tenant_id, webhook_id)))


@router.patch("/{webhook_id}")
async def patch_webhook(
    webhook_id: WebhookId, asked: service.WebhookPatch, here: Here, caller: WebhooksCaller
) -> WebhookView:
    async with here.database.write(by=caller.actor) as work:
        return WebhookView(**_fields(await service.patch(work, caller.tenant_id, webhook_id, asked)))


@router.delete("/{webhook_id}", status_code=204, response_class=Response)
async def delete_webhook(webhook_id: WebhookId, here: Here, caller: WebhooksCaller) -> Response:
    async with here.database.write(by=caller.actor) as work:
        await service.remove(work, caller.tenant_id, webhook_id)
    return Response(status_code=204)


@router.post("/{webhook_id}/test", status_code=202)
async def test_webhook(webhook_id: WebhookId, here: Here, caller: WebhooksCaller) -> Tested:
    """Sends an event of type ``webhook.test`` there."""
    async with here.database.write(by=caller.actor) as work:
        return Tested(event_id=await service.test(work, caller.tenant_id, webhook_id))


@router.post("/{webhook_id}/replay", status_code=202)
async def replay_webhook(
    webhook_id: WebhookId, here: Here, caller: WebhooksCaller, asked: service.Replay | None = None
) -> Replayed:
    """Delivers events again: the named ones, all since a moment, or those that were given up. Each keeps its
    ``event_id``."""
    async with here.database.write(by=caller.actor) as work:
        return Replayed(events=await service.replay(work, caller.tenant_id, webhook_id, asked or service.Replay()))


@router.get("/{webhook_id}/deliveries")
async def list_deliveries(
    webhook_id: WebhookId,
    here: Here,
    caller: WebhooksCaller,
    cursor: CursorQuery = None,
    limit: Limit = DEFAULT_LIMIT,
) -> DeliveryPage:
    """Newest first; ``cursor`` of one page fetches the next."""
    before = key_of(cursor, int)[0] if cursor is not None else None
    async with here.database.read() as work:
        row = await service.find(work, caller.tenant_id, webhook_id)
        found = await service.deliveries(work, row.id, int(before) if before is not None else None, limit + 1)
        shown, more = cut(found, limit)
        return DeliveryPage(
            deliveries=[_delivery(*entry) for entry in shown],
            cursor=cursor_of((shown[-1][0].event,)) if more else None,
        )

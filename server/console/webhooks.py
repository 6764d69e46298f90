"""Webhooks of the account, what was delivered to each, and what was not."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from server.console.menu import HOME
from server.console.visit import REFUSALS, PageRoute, Visit, WebhookKeeper, as_problem, back, text_of, typed_in
from server.pages import CursorQuery
from server.routers import webhooks as rest
from server.services import webhooks as service

router = APIRouter(route_class=PageRoute)
SHOWN = 50


@router.get(f"{HOME}/webhooks")
async def webhooks(visit: WebhookKeeper) -> Response:
    return await _show(visit)


async def _show(visit: Visit, **more: Any) -> Response:
    told = await rest.list_webhooks(visit.here, visit.caller)
    return visit.page(
        "webhooks.html", **{"here": f"{HOME}/webhooks", "webhooks": told.webhooks, "secret": None, **more}
    )


@router.post(f"{HOME}/webhooks")
async def add(visit: WebhookKeeper) -> Response:
    """The secret is on this answer and on no other."""
    given = await visit.form()
    typed = typed_in(given, "url", "description", "types")
    try:
        asked = service.WebhookPost.model_validate(
            {
                "url": typed["url"],
                "types": typed["types"].split() or None,
                "description": typed["description"] or None,
            }
        )
        made = await rest.post_webhook(asked, visit.here, visit.caller)
    except REFUSALS as error:
        problem = as_problem(error)
        return await _show(visit, trouble=visit.refused(problem), typed=typed, status=problem.status)
    return await _show(visit, secret=made.secret, status=201)


@router.get(f"{HOME}/webhooks/{{webhook_id}}")
async def webhook(visit: WebhookKeeper, webhook_id: str, cursor: CursorQuery = None) -> Response:
    told = await rest.get_webhook(webhook_id, visit.here, visit.caller)
    page = await rest.list_deliveries(webhook_id, visit.here, visit.caller, cursor, SHOWN)
    return visit.page(
        "webhook.html",
        here=f"{HOME}/webhooks",
        webhook=told,
        deliveries=page.deliveries,
        following=f"{HOME}/webhooks/{webhook_id}?cursor={page.cursor}" if page.cursor else None,
    )


@router.post(f"{HOME}/webhooks/{{webhook_id}}/test")
async def test(visit: WebhookKeeper, webhook_id: str) -> Response:
    await visit.form()
    await rest.test_webhook(webhook_id, visit.here, visit.caller)
    return back(f"{HOME}/webhooks/{webhook_id}")


@router.post(f"{HOME}/webhooks/{{webhook_id}}/enabled")
async def enable(visit: WebhookKeeper, webhook_id: str) -> Response:
    given = await visit.form()
    asked = service.WebhookPatch(enabled=text_of(given, "enabled") == "yes")
    await rest.patch_webhook(webhook_id, asked, visit.here, visit.caller)
    return back(f"{HOME}/webhooks/{webhook_id}")


@router.post(f"{HOME}/webhooks/{{webhook_id}}/delete")
async def delete(visit: WebhookKeeper, webhook_id: str) -> Response:
    await visit.form()
    await rest.delete_webhook(webhook_id, visit.here, visit.caller)
    return back(f"{HOME}/webhooks")

"""The audit: who changed what, from where, how it was before; and whether the chain is whole."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.responses import Response

from server.console.menu import HOME
from server.console.visit import PageRoute, PeopleKeeper
from server.routers import audit as rest

router = APIRouter(route_class=PageRoute)
SHOWN = 60
FILTERS = ("subject_kind", "subject_id", "actor_kind", "actor_id")


@router.get(f"{HOME}/audit")
async def audit(visit: PeopleKeeper) -> Response:
    given = visit.request.query_params
    wanted = {name: given.get(name, "").strip()[:64] for name in FILTERS}
    page = await rest.list_entries(
        visit.here,
        visit.caller,
        subject_kind=wanted["subject_kind"] or None,
        subject_id=wanted["subject_id"] or None,
        actor_kind=wanted["actor_kind"] or None,
        actor_id=wanted["actor_id"] or None,
        cursor=given.get("cursor") or None,
        limit=SHOWN,
    )
    checked = await rest.verify(visit.here, visit.caller) if given.get("check") else None
    asked = {name: value for name, value in wanted.items() if value}
    return visit.page(
        "audit.html",
        here=f"{HOME}/audit",
        entries=page.entries,
        wanted=wanted,
        checked=checked,
        following=f"{HOME}/audit?{urlencode(asked | {'cursor': page.cursor})}" if page.cursor else None,
    )

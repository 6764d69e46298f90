"""The console as a part of the server: its pages and its files. The server can do without."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles

from server.console import (
    account,
    audit,
    decisions,
    directory,
    entrance,
    exchange,
    jobs,
    overview,
    pairing,
    pcs,
    people,
    till,
    webhooks,
)
from server.console.menu import HOME
from server.console.visit import FOLDER, Anybody, PageRoute, refusal, templates
from server.problems import Problem

PAGES = (
    entrance, overview, decisions, jobs, exchange, pcs, pairing, directory, till, people, webhooks, audit, account,
)  # fmt: skip


def mount(app: FastAPI) -> None:
    app.state.console = templates()
    for pages in PAGES:
        app.include_router(pages.router, include_in_schema=False)
    app.mount(f"{HOME}/static", _Files(directory=FOLDER / "static"), name="console-static")
    app.include_router(_nowhere(), include_in_schema=False)


class _Files(StaticFiles):
    """Asked for anew by every page, and answered by 304: after an upgrade nobody has yesterday's script."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers.update({"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"})
        return response


def _nowhere() -> APIRouter:
    """Addresses of the console that are no page."""
    router = APIRouter(route_class=PageRoute)

    @router.get(f"{HOME}/{{rest:path}}")
    async def nowhere(request: Request, visit: Anybody) -> Response:  # noqa: ARG001
        return await refusal(request, Problem(404, "not_found"))

    return router

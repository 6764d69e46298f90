"""/metrics for Prometheus."""

from __future__ import annotations

from hmac import compare_digest
from ipaddress import ip_address
from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from server.problems import Problem
from server.routers.common import PROBLEMS, Here, Services
from server.settings import VERSION
from server.upkeep import standing

router = APIRouter(tags=["health"], responses={401: PROBLEMS[401]})
_TEXT: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}


@router.get("/metrics", response_class=Response, responses=_TEXT)
async def metrics(request: Request, here: Here) -> Response:
    """Figures of this server, with the operator's token (`--metrics-token`). Without one, only for this machine."""
    if not _may(request, here.settings.metrics_token):
        raise Problem(401, "unauthorized", headers={"WWW-Authenticate": 'Bearer realm="kassabridge metrics"'})
    return Response(await _figures(here), media_type=CONTENT_TYPE_LATEST)


def _may(request: Request, token: str | None) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if token is not None:
        return scheme.lower() == "bearer" and compare_digest(given.strip().encode(), token.encode())
    if request.client is None or any(name in request.headers for name in ("x-forwarded-for", "forwarded")):
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False


async def _figures(here: Services) -> bytes:
    async with here.database.read() as work:
        now = await standing.look(work)
    gauges = CollectorRegistry()
    gauges.register(standing.Gauges(now, here.hub.connections, VERSION, here.settings.database_folder))
    return generate_latest(here.watch.registry) + generate_latest(gauges)

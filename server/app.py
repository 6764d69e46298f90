"""Builds the server. Importing this starts nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from server import problems
from server.console.mount import mount
from server.limits import BodyLimit
from server.opening import ignored, open_database
from server.routers import (
    agents,
    audit,
    codes,
    directory,
    events,
    exchange,
    jobs,
    link,
    logs,
    metrics,
    pairing,
    people,
    pictures,
    places,
    proposals,
    session,
    support,
    webhooks,
)
from server.routers.common import RateLimits, Services
from server.schema import Api
from server.services import agents as agent_service
from server.services import duties
from server.services import logs as log_service
from server.services.passwords import Passwords
from server.services.rates import Rates
from server.services.sender import Sender
from server.services.tails import Tails
from server.settings import VERSION, Settings
from server.upkeep.watch import Watch, Watched
from server.world import World

API = "/api/v1"


async def open_services(settings: Settings, world: World, watch: Watch | None = None) -> Services:
    """The database at its newest schema and the job key. Without ``watch`` nobody watches."""
    here = await open_database(settings, world, watch.happened if watch is not None else ignored)
    rates = RateLimits(
        calls=Rates(world.monotonic, settings.limits.calls_per_second, settings.limits.call_burst),
        strangers=Rates(
            world.monotonic, settings.limits.wrong_keys_per_minute / 60, settings.limits.wrong_keys_per_minute
        ),
        bundles=Rates(world.monotonic, settings.limits.bundles_per_day / 86_400, settings.limits.bundles_per_day // 2),
    )
    passwords, tails = Passwords(settings.hashing), Tails(here.readers.wake_log)
    return Services(
        settings, world, here.database, here.hub, here.readers, rates, here.key, passwords, tails, watch or Watch()
    )


def build_app(settings: Settings, world: World | None = None) -> FastAPI:
    watch = Watch()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        services = await open_services(settings, world or World(), watch)
        async with services.database.write() as work:
            await agent_service.all_lost(work)
            await log_service.all_lost(work)
        app.state.services = services
        sender = Sender(services.database, services.readers, private_too=settings.private_webhooks)
        going_on = [
            asyncio.create_task(
                duties.forever(services.database, services.world, settings, services.tails, services.exchanges)
            ),
            asyncio.create_task(sender.forever()),
        ]
        try:
            yield
        finally:
            services.readers.stop()
            for task in going_on:
                task.cancel()
            await asyncio.gather(*going_on, return_exceptions=True)
            await services.hub.stop(5.0)
            services.passwords.close()
            await services.database.close()

    app = Api(
        title="KassaBridge",
        version=VERSION,
        description="Receipt jobs for the fiscal registers of cashiers' PCs.",
        lifespan=lifespan,
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    problems.install(app)
    streamed = frozenset({API + support.UPLOAD})
    app.add_middleware(BodyLimit, max_bytes=settings.limits.body_bytes, streamed=streamed)
    app.add_middleware(Watched, watch=watch, prefix=API)
    for router in (
        jobs.router,
        pictures.router,
        exchange.router,
        directory.router,
        agents.router,
        pairing.router,
        places.router,
        codes.router,
        events.router,
        webhooks.router,
        support.router,
        logs.router,
        session.router,
        people.router,
        proposals.router,
        audit.router,
        link.router,
    ):
        app.include_router(router, prefix=API)
    app.include_router(metrics.router)
    app.include_router(pairing.page)
    if settings.console:
        mount(app)

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi() -> dict[str, Any]:
        return app.openapi()

    @app.get("/healthz", tags=["health"])
    async def healthz() -> dict[str, str]:
        """The process is alive."""
        return {"status": "ok"}

    @app.get("/readyz", tags=["health"])
    async def readyz() -> JSONResponse:
        """Requests are taken and the database answers."""
        services: Services = app.state.services
        if services.hub.stopping:
            return problems.answer(problems.Problem(503, "going_down"), "ru")
        try:
            async with services.database.read() as work:
                await work.session.execute(text("SELECT 1"))
        except SQLAlchemyError:
            return problems.answer(problems.Problem(503, "internal"), "ru")
        return JSONResponse({"status": "ready"})

    return app

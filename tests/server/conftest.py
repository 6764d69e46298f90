"""A real server on a free port, with a clock that tests can move."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
import uvicorn
from argon2.profiles import CHEAPEST
from fastapi import FastAPI
from sqlalchemy import event
from sqlalchemy.pool import Pool
from starlette.routing import BaseRoute

from server.app import build_app, open_services
from server.routers.common import Services
from server.services import duties, people
from server.services.access import Scope, add_key, add_tenant, caller_of
from server.services.people import UserPost
from server.services.roles import Role
from server.serving import uvicorn_options
from server.settings import Limits, Settings
from server.store.models import Tenant
from server.world import World
from tests.server.player import Line, Player, greet, pair, register
from tests.support.patience import BUSY

PASSWORD = "верный конь 42"


class Clock:
    """Real time, and as much more as a test wants; or a moment that lasts."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        self._at: datetime | None = None

    def now(self) -> datetime:
        return (self._at or datetime.now(UTC)) + self.ahead

    def stand_still(self) -> None:
        self._at = datetime.now(UTC)


class _Quiet(uvicorn.Server):
    """Leaves signals alone, and stops at once instead of at its next tick."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.stopped = asyncio.Event()

    async def main_loop(self) -> None:
        await self.stopped.wait()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def receipt(total: str = "10.00", **more: Any) -> dict[str, Any]:
    return {
        "type": "sell",
        "taxation": "osn",
        "cashier": {"name": "Иванова М."},
        "items": [{"name": "Замена дисплея", "price": total, "quantity": "1", "vat": "vat22"}],
        "payments": [{"type": "cash", "amount": total}],
    } | more


def job(job_id: str = "j1", kkm_id: str = "17", **more: Any) -> dict[str, Any]:
    return {"job_id": job_id, "kkm_id": kkm_id, "kind": "receipt", "payload": receipt()} | more


@cache
def prepared_routes(console: bool) -> list[BaseRoute]:
    """FastAPI works out what each route needs when it is first asked for, in every application anew, half a second in
    all; what it has found out belongs to the route and to no application."""
    return build_app(Settings(console=console)).router.routes


def take_routes(app: FastAPI, prepared: list[BaseRoute]) -> None:
    for place, route in enumerate(app.router.routes):
        if hasattr(route, "effective_candidates"):  # a router that was included
            app.router.routes[place] = prepared[place]


class Bench:
    def __init__(self, database: Path, limits: Limits) -> None:
        self.database = database
        self.limits = limits
        self.clock = Clock()
        self.world = World(now=self.clock.now)
        self.url = ""
        self.private_webhooks = True  # receivers of these tests are on this machine
        self.metrics_token: str | None = None
        self._clients: list[httpx.AsyncClient] = []
        self.api: httpx.AsyncClient

    async def start(self) -> None:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.bind(("127.0.0.1", int(self.url.rpartition(":")[2] or 0) if self.url else 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        settings = Settings(
            database=str(self.database),
            limits=self.limits,
            private_webhooks=self.private_webhooks,
            metrics_token=self.metrics_token,
            hashing=CHEAPEST,  # what it costs is asked in ``test_passwords``
        )
        app = build_app(settings, self.world)
        take_routes(app, prepared_routes(settings.console))
        self._app = app
        self._server = _Quiet(uvicorn.Config(app, **uvicorn_options()))
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))
        while not self._server.started:
            assert not self._serving.done(), "the server did not start"
            await asyncio.sleep(0.005)

    @property
    def app(self) -> FastAPI:
        return self._app

    @property
    def services(self) -> Services:
        services: Services = self._app.state.services
        return services

    def routes(self) -> list[tuple[str, str, str]]:
        """Method, path and module of every route; of a websocket the path without its prefix."""
        inside = [getattr(route, "effective_route_contexts", None) for route in self._app.routes]
        nested = [route for contexts in inside if contexts is not None for route in contexts()]
        found = []
        for route in [*(route for route in self._app.routes if hasattr(route, "endpoint")), *nested]:
            own = route if getattr(route, "endpoint", None) is not None else route.original_route
            for method in (getattr(own, "methods", None) or {"WEBSOCKET"}) - {"HEAD"}:
                found.append((method, str(own.path), str(own.endpoint.__module__)))
        return found

    async def stop(self) -> None:
        self.services.readers.stop()
        await self.services.hub.stop(5)
        self._server.stopped.set()
        await self._serving

    async def restart(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        """``meanwhile`` happens while nobody serves."""
        await self.stop()
        meanwhile()
        self.url = ""
        await self.start()
        old, self._clients = self._clients, []
        for client in old:
            fresh = self.client(client.headers.get("authorization", ""))
            fresh.cookies, fresh.headers = client.cookies, client.headers
            if client is self.api:
                self.api = fresh
            await client.aclose()

    def client(self, authorization: str) -> httpx.AsyncClient:
        client = httpx.AsyncClient(
            base_url=self.url + "/api/v1",
            headers={"Authorization": authorization},
            timeout=BUSY,
            trust_env=False,
            verify=False,
        )
        self._clients.append(client)
        return client

    async def tenant(self, name: str) -> httpx.AsyncClient:
        """A client with every scope of a new tenant."""
        async with self.services.database.write() as work:
            made = await add_tenant(work, self.world, name)
        return self.client(f"Bearer {made.api_key}")

    async def key(self, api: httpx.AsyncClient, *scopes: Scope) -> httpx.AsyncClient:
        """A client of the same tenant with these scopes only."""
        async with self.services.database.write() as work:
            caller = await caller_of(work, api.headers["authorization"])
            tenant = await work.session.get_one(Tenant, caller.tenant_id)
            return self.client(f"Bearer {add_key(work, self.world, tenant, scopes)}")

    @property
    def clients(self) -> tuple[httpx.AsyncClient, ...]:
        return tuple(self._clients)

    def browser(self, **headers: str) -> httpx.AsyncClient:
        """Keeps cookies as a browser does."""
        client = httpx.AsyncClient(
            base_url=self.url + "/api/v1", headers=headers, timeout=BUSY, trust_env=False, verify=False
        )
        self._clients.append(client)
        return client

    async def invite(self, api: httpx.AsyncClient, role: Role = Role.OWNER, login: str | None = None) -> str:
        """The code of a new person's invitation."""
        async with self.services.database.write() as work:
            caller = await caller_of(work, api.headers["authorization"])
            asked = UserPost(name=f"{role} Иванова", login=login or f"{role}{len(self._clients)}", role=role)
            return (await people.invite(work, self.world, caller.tenant_id, asked)).code

    async def person(
        self, api: httpx.AsyncClient, role: Role = Role.OWNER, login: str | None = None
    ) -> httpx.AsyncClient:
        """The browser of a new person of the same tenant, who has signed in."""
        code = await self.invite(api, role, login)
        browser = self.browser()
        answer = await browser.post(f"/invitations/{code}", json={"password": PASSWORD})
        assert answer.status_code == 200, answer.text
        browser.headers["X-CSRF-Token"] = answer.json()["csrf"]
        return browser

    async def later(self, seconds: float) -> None:
        """Time passes, and what it causes happens."""
        self.clock.ahead += timedelta(seconds=seconds)
        await duties.end_logs(self.services.database, self.world, self.services.tails)
        await duties.once(self.services.database, self.world)

    async def bound(self, kkm_id: str = "17", serial: str = "0001") -> tuple[Player, Line]:
        """A paired agent, connected, whose register is bound under epoch 1."""
        player = await pair(self.api)
        await self.api.put("/devices", json={"kkm_id": kkm_id})
        line = await greet(player, register(kkm_id, serial))
        await line.bind()
        await line.nothing_more()
        return player, line

    async def state(self, job_id: str = "j1") -> dict[str, Any]:
        answer = await self.api.get(f"/jobs/{job_id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def device(self, kkm_id: str = "17") -> dict[str, Any]:
        found: dict[str, Any] = (await self.api.get(f"/devices/{kkm_id}")).json()
        return found

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()
        await self.stop()


@pytest.fixture(scope="session", autouse=True)
def fast_disk() -> Iterator[None]:
    """No test here cuts the power, so none waits for the disk; that the server does is asked in ``test_database``."""

    def relax(connection: Any, *_: Any) -> None:
        connection.execute("PRAGMA synchronous=OFF").close()

    event.listen(Pool, "checkout", relax)
    yield
    event.remove(Pool, "checkout", relax)


@pytest.fixture(autouse=True)
def own_logs() -> Iterator[None]:
    """A command line that ran inside a test has set the logs up for a stream that ends with the test."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database at the newest schema, to be copied: migrating once is enough."""
    path = tmp_path_factory.mktemp("server") / "empty.sqlite3"

    async def make() -> None:
        services = await open_services(Settings(database=str(path)), World())
        await services.database.close()

    asyncio.run(make())
    return path


@pytest.fixture
def limits() -> Limits:
    return Limits(connections_per_minute=1000, wrong_keys_per_minute=10_000, call_burst=10_000)


@pytest.fixture
async def bench(tmp_path: Path, empty_database: Path, limits: Limits) -> AsyncIterator[Bench]:
    database = tmp_path / "server.sqlite3"
    shutil.copy(empty_database, database)
    bench = Bench(database, limits)
    await bench.start()
    bench.api = await bench.tenant("Мастерская")
    try:
        yield bench
    finally:
        await bench.close()

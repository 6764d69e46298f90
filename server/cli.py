"""``kassabridge-server``: ``init`` makes a tenant, ``run`` serves.

Exit codes: 0 good, 1 the thing itself is not good, 2 wrong use or bad input. Results go to stdout, logs to stderr.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

import structlog
import uvicorn
from sqlalchemy.exc import SQLAlchemyError

from server import tenants
from server.app import build_app, open_services
from server.problems import Problem
from server.routers.common import Services
from server.services.access import TenantExists, add_tenant
from server.settings import DEFAULT_DATABASE, Limits, Settings
from server.store.actor import CONSOLE
from server.upkeep import cli as upkeep
from server.world import World

STOP_PATIENCE = 5  # seconds for agents and requests to end
KEEP_ALIVE = 75  # seconds


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    _configure_logs()
    return int(arguments.command(arguments))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kassabridge-server", description="The server beside the CRM.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    init = commands.add_parser("init", help="make a tenant and its API key, shown once")
    init.add_argument("--tenant", required=True, metavar="NAME")
    init.add_argument("--owner", metavar="LOGIN", help="how the first owner signs in (default: owner, or owner2 …)")
    init.add_argument("--json", action="store_true", help="one JSON document on stdout")
    init.set_defaults(command=_init)
    run = commands.add_parser("run", help="serve the REST API and the agents")
    run.add_argument("--host", default="127.0.0.1")
    run.add_argument("--port", type=int, default=8080, help="0 takes a free one")
    run.add_argument("--public-url", metavar="URL", help="how agents reach this server, for pairing lines")
    run.add_argument("--bundles", metavar="FOLDER", help="where PCs' bundles are kept (default: beside the database)")
    run.add_argument("--bundle-days", type=int, default=Limits().bundle_days, help="how long they are kept")
    run.add_argument("--connections-per-minute", type=int, default=Limits().connections_per_minute, help="of one agent")
    run.add_argument("--no-console", action="store_true", help="the REST API alone, without pages for people")
    run.add_argument(
        "--metrics-token",
        metavar="TOKEN",
        default=os.environ.get("KASSABRIDGE_METRICS_TOKEN"),
        help="who may read /metrics from another machine (or KASSABRIDGE_METRICS_TOKEN)",
    )
    run.set_defaults(command=_run)
    run.add_argument(
        "--allow-private-webhooks",
        action="store_true",
        help="webhooks may also go to private and loopback addresses, and by plain http",
    )
    inside = tenants.add_to(commands.add_parser)
    for command in inside:
        command.add_argument("--json", action="store_true", help="one JSON document on stdout")
        command.set_defaults(command=_inside)
    for command in (init, run, *inside):
        command.add_argument(
            "--database", default=DEFAULT_DATABASE, metavar="URL", help="database URL or path of an SQLite file"
        )
    upkeep.add_to(commands.add_parser)
    return parser


def _configure_logs() -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format='{"event": "%(name)s: %(message)s"}')
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


class BadDatabase(Exception):
    """The database cannot be opened; the text is a sentence."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(
            f"база данных {url} не открывается: {why}. Проверьте --database (файл SQLite или URL). / "
            f"the database {url} cannot be opened: {why}. Check --database (an SQLite file or a URL)."
        )


def _wrong(text: str, code: int = 2) -> int:
    print(f"kassabridge-server: {text}", file=sys.stderr)
    return code


def _init(arguments: argparse.Namespace) -> int:
    name = arguments.tenant.strip()
    if not 1 <= len(name) <= 200:
        return _wrong("--tenant: 1..200 знаков / characters")
    try:
        made = asyncio.run(_make_tenant(arguments.database, name, arguments.owner))
    except TenantExists:
        return _wrong(f"учётная запись «{name}» уже есть / the tenant exists already", 1)
    except Problem as problem:
        return _wrong(tenants.sentence(problem))
    except BadDatabase as error:
        return _wrong(str(error), 1)
    if arguments.json:
        print(json.dumps(made, ensure_ascii=False))
    else:
        print(f"tenant   {made['tenant']} ({made['tenant_id']})\nAPI key  {made['api_key']}\n")
        print("Ключ показан один раз: сохраните его. / The key is shown once: keep it.\n")
        owner = made["owner_invitation"]
        print(f"owner    {owner['login']}, {owner['path']}")
        print("Откройте этот адрес на сервере и задайте пароль (3 дня, один раз). /")
        print("Open this address at the server and set the password (3 days, once).")
    return 0


def _inside(arguments: argparse.Namespace) -> int:
    """What is done inside a database, as somebody at its machine: what was done, or a sentence about what is wrong."""
    try:
        done = asyncio.run(_done(arguments))
    except BadDatabase as error:
        return _wrong(str(error), 1)
    except Problem as problem:
        return _wrong(tenants.sentence(problem))
    if isinstance(done, str):
        return _wrong(done)
    if arguments.json:
        print(json.dumps(done.answer, ensure_ascii=False))
    else:
        for line in done.lines:
            print("  ".join(f"{name} {value}" for name, value in line.items() if value is not None))
    return 0 if done.good else 1


async def _done(arguments: argparse.Namespace) -> tenants.Done | str:
    world = World()
    settings, action = Settings(database=arguments.database), arguments.action
    async with _opened(settings, world) as services, services.database.write(by=CONSOLE) as work:
        done: tenants.Done | str = await action(work, world, arguments)
        return done


async def _make_tenant(database: str, name: str, owner: str | None) -> dict[str, Any]:
    world = World()
    async with _opened(Settings(database=database), world) as services, services.database.write(by=CONSOLE) as work:
        made = await add_tenant(work, world, name)
        return {**asdict(made), "owner_invitation": await tenants.first_owner(work, world, made.tenant_id, owner)}


@asynccontextmanager
async def _opened(settings: Settings, world: World) -> AsyncIterator[Services]:
    """The services over an open, migrated database. Raises ``BadDatabase``."""
    try:
        services = await open_services(settings, world)
    except ImportError as error:
        raise BadDatabase(settings.database, f"нет пакета / package missing: {error.name}") from None
    except (SQLAlchemyError, OSError) as error:
        raise BadDatabase(settings.database, str(error).splitlines()[0]) from None
    try:
        yield services
    finally:
        await services.database.close()


async def _check(settings: Settings) -> None:
    async with _opened(settings, World()):
        pass


class _Server(uvicorn.Server):
    """Says where it listens, and says goodbye to agents before it goes."""

    def __init__(self, config: uvicorn.Config, url: str) -> None:
        super().__init__(config)
        self._url = url

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(json.dumps({"listening": self._url}), flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()  # no new connections; those that are open go on
        app: Any = self.config.app
        services: Services | None = getattr(app.state, "services", None)
        if services is not None:
            await services.hub.stop(STOP_PATIENCE)
        await super().shutdown(sockets)


def _run(arguments: argparse.Namespace) -> int:
    public = arguments.public_url
    if public is not None and (urlsplit(public).scheme not in ("http", "https") or not urlsplit(public).hostname):
        return _wrong(f"--public-url: http(s)://…, а не / not {public}")
    family = socket.AF_INET6 if ":" in arguments.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio sets TCP_NODELAY by this
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((arguments.host, arguments.port))
    except (OSError, OverflowError) as error:
        listener.close()
        return _wrong(f"{arguments.host}:{arguments.port}: {error}", 1)
    host = f"[{arguments.host}]" if family == socket.AF_INET6 else arguments.host
    url = f"http://{host}:{listener.getsockname()[1]}"
    settings = Settings(
        database=arguments.database,
        public_url=public,
        private_webhooks=arguments.allow_private_webhooks,
        bundles=arguments.bundles,
        console=not arguments.no_console,
        metrics_token=arguments.metrics_token or None,
        limits=Limits(
            connections_per_minute=arguments.connections_per_minute, bundle_days=max(1, arguments.bundle_days)
        ),
    )
    try:
        asyncio.run(_check(settings))
    except BadDatabase as error:
        listener.close()
        return _wrong(str(error), 1)
    # uvicorn raises a stopping signal once more after it has shut down: by then there is nothing left to do
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server = _Server(uvicorn.Config(build_app(settings), **uvicorn_options(behind_proxy=public is not None)), url)
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        return 0
    finally:
        listener.close()
    return 0 if server.started else 1


def uvicorn_options(*, behind_proxy: bool = False) -> dict[str, Any]:
    return {
        "proxy_headers": behind_proxy,  # otherwise anybody on this machine could name any address as its own
        "loop": "auto",  # uvloop where it is installed
        "http": "httptools",
        "ws": "websockets-sansio",
        "ws_per_message_deflate": False,
        "ws_max_size": Limits().body_bytes,
        "ws_ping_interval": None,  # the agents' own pings carry their journal's head
        "lifespan": "on",
        # Longer than a proxy keeps an idle line to us (nginx: 60 s): a request that meets the end of its line is lost,
        # and a proxy does not repeat a POST.
        "timeout_keep_alive": KEEP_ALIVE,
        "access_log": False,
        "log_config": None,
        "server_header": False,
        "timeout_graceful_shutdown": STOP_PATIENCE,
    }


if __name__ == "__main__":
    sys.exit(main())

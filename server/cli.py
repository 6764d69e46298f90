"""``kassabridge-server``: ``init`` makes a tenant, ``run`` serves.

Exit codes: 0 good, 1 the thing itself is not good, 2 wrong use or bad input. Results go to stdout, logs to stderr.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import structlog

from server import tenants
from server.opening import BadDatabase, opened
from server.problems import Problem
from server.services.access import TenantExists, add_tenant
from server.settings import DEFAULT_DATABASE, Limits, Settings
from server.store.actor import CONSOLE
from server.upkeep import cli as upkeep
from server.world import World


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
    async with opened(settings, world) as here, here.database.write(by=CONSOLE) as work:
        done: tenants.Done | str = await action(work, world, arguments)
        return done


async def _make_tenant(database: str, name: str, owner: str | None) -> dict[str, Any]:
    world = World()
    async with opened(Settings(database=database), world) as here, here.database.write(by=CONSOLE) as work:
        made = await add_tenant(work, world, name)
        return {**asdict(made), "owner_invitation": await tenants.first_owner(work, world, made.tenant_id, owner)}


def _run(arguments: argparse.Namespace) -> int:
    from server import serving  # whoever only makes a tenant or an invitation waits for no web server

    return serving.run(arguments, _wrong, lambda text: print(text, flush=True))


if __name__ == "__main__":
    sys.exit(main())

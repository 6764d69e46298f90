"""``kassabridge-server run``: the REST API, the pages and the agents, by uvicorn."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import uvicorn

from server.app import build_app
from server.opening import BadDatabase, opened
from server.routers.common import Services
from server.settings import Limits, Settings
from server.world import World

STOP_PATIENCE = 5  # seconds for agents and requests to end
KEEP_ALIVE = 75  # seconds


async def _check(settings: Settings) -> None:
    async with opened(settings, World()):
        pass


class _Server(uvicorn.Server):
    """Says where it listens, and says goodbye to agents before it goes."""

    def __init__(self, config: uvicorn.Config, url: str, say: Callable[[str], None]) -> None:
        super().__init__(config)
        self._url = url
        self._say = say

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._say(json.dumps({"listening": self._url}))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()  # no new connections; those that are open go on
        app: Any = self.config.app
        services: Services | None = getattr(app.state, "services", None)
        if services is not None:
            await services.hub.stop(STOP_PATIENCE)
        await super().shutdown(sockets)


def run(arguments: argparse.Namespace, wrong: Callable[..., int], say: Callable[[str], None]) -> int:
    """``kassabridge-server run``, until it is stopped; its exit code. ``wrong`` says a sentence and gives the code,
    ``say`` tells on stdout where it listens."""
    public = arguments.public_url
    if public is not None and (urlsplit(public).scheme not in ("http", "https") or not urlsplit(public).hostname):
        return wrong(f"--public-url: http(s)://…, а не / not {public}")
    family = socket.AF_INET6 if ":" in arguments.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio sets TCP_NODELAY by this
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((arguments.host, arguments.port))
    except (OSError, OverflowError) as error:
        listener.close()
        return wrong(f"{arguments.host}:{arguments.port}: {error}", 1)
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
        return wrong(str(error), 1)
    # uvicorn raises a stopping signal once more after it has shut down: by then there is nothing left to do
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server = _Server(uvicorn.Config(build_app(settings), **uvicorn_options(behind_proxy=public is not None)), url, say)
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

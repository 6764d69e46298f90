"""A client's calls handed to the application itself, without a socket: for tests that make many thousands. Routing,
who calls, services, database and answers are those of every other call; what is saved is mostly the client's work."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from starlette.types import ASGIApp, Message


async def ask(
    app: ASGIApp,
    client: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    json_body: Any = None,
    form: Mapping[str, str] | None = None,
) -> httpx.Response:
    """What ``client`` would be answered: its headers and cookies, its address below ``base_url``. Cookies that the
    answer sets are not kept."""
    split = urlsplit(url if url.startswith("http") else f"{client.base_url}{url.removeprefix('/')}")
    headers = dict(client.headers)
    headers["host"] = split.netloc
    if client.cookies:
        headers["cookie"] = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    body = b""
    if json_body is not None:
        body, headers["content-type"] = json.dumps(json_body).encode(), "application/json"
    elif form is not None:
        body, headers["content-type"] = urlencode(form).encode(), "application/x-www-form-urlencoded"
    if body:
        headers["content-length"] = str(len(body))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": split.scheme,
        "path": split.path,
        "raw_path": split.path.encode(),
        "query_string": split.query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": (split.hostname, split.port),
        "state": {},
    }
    asked: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
    told: list[Message] = []

    async def receive() -> Message:
        if not asked:
            await asyncio.Event().wait()  # the client stays
        return asked.pop()

    async def send(message: Message) -> None:
        told.append(message)

    await app(scope, receive, send)
    content = b"".join(message.get("body", b"") for message in told if message["type"] == "http.response.body")
    return httpx.Response(told[0]["status"], headers=told[0]["headers"], content=content)

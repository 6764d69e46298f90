"""Dialling the server: one websocket, and a named trouble for everything that can go wrong on the way."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from typing import Protocol
from urllib.parse import urlsplit

from websockets.asyncio.client import connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidMessage,
    InvalidProxy,
    InvalidStatus,
    InvalidURI,
    NegotiationError,
    ProxyError,
)
from websockets.typing import Subprotocol

from agent.config import is_loopback
from agent.link.status import Trouble
from agent.problems import UserError
from protocol.crm.envelope import MAX_BYTES
from protocol.crm.messages import SUBPROTOCOL

OPEN_TIMEOUT = 20.0  # seconds for name, TCP, TLS and upgrade together
CLOSE_TIMEOUT = 2.0


class Connection(Protocol):
    """What the link uses of a websocket."""

    async def send(self, message: str) -> None: ...

    async def recv(self) -> str | bytes: ...

    async def close(self, code: int = 1000, reason: str = "") -> None: ...


Dial = Callable[[str], Awaitable[Connection]]
"""Address to an open connection. May raise what ``trouble_of`` knows."""


def check_link_url(url: str) -> None:
    """``wss`` to anywhere, ``ws`` to this PC only. Raises ``UserError`` with ``bad_link_url``."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    if host and (parts.scheme == "wss" or (parts.scheme == "ws" and is_loopback(host))):
        return
    raise UserError(
        "bad_link_url",
        f"Адрес связи «{url}» не годится: нужен wss://… (ws:// — только к этому же ПК). Выполните сопряжение заново.",
        f"The link address “{url}” will not do: wss://… is needed (ws:// only to this very PC). Pair again.",
    )


async def dial(url: str) -> Connection:
    check_link_url(url)
    loopback = is_loopback(urlsplit(url).hostname)
    connection = await connect(
        url,
        subprotocols=[Subprotocol(SUBPROTOCOL)],
        compression=None,
        ping_interval=None,  # the link has a ping of its own, which carries the journal's head
        max_size=MAX_BYTES,
        open_timeout=OPEN_TIMEOUT,
        close_timeout=CLOSE_TIMEOUT,
        proxy=None if loopback else True,
    )
    if connection.subprotocol != SUBPROTOCOL:
        await connection.close(1002, "subprotocol")
        raise NegotiationError(f"subprotocol {connection.subprotocol!r}, expected {SUBPROTOCOL!r}")
    return connection


def trouble_of(error: BaseException) -> Trouble:
    """The trouble behind an exception of ``dial``, ``send`` or ``recv``; by its type, never by its words."""
    detail = f"{type(error).__name__}: {error}"[:300]
    if isinstance(error, UserError):
        return Trouble(error.code, error.en)
    if isinstance(error, ConnectionClosed):
        close = error.rcvd or error.sent
        return Trouble("closed", f"{close.code} {close.reason}".strip() if close else "cut without a close")
    if isinstance(error, InvalidStatus):
        status = error.response.status_code
        return Trouble(f"http_{status}", detail, _seconds(error.response.headers.get("Retry-After")))
    if isinstance(error, (InvalidProxy, ProxyError)):
        return Trouble("proxy", detail)
    if isinstance(error, NegotiationError):
        return Trouble("wrong_subprotocol", detail)
    if isinstance(error, InvalidURI):
        return Trouble("bad_link_url", detail)
    if isinstance(error, InvalidMessage) and isinstance(error.__cause__, EOFError):
        return Trouble("closed", detail)  # cut before an answer: that says nothing about who is there
    if isinstance(error, InvalidHandshake):
        return Trouble("no_websocket", detail)
    if isinstance(error, ssl.SSLCertVerificationError):
        return Trouble("tls_certificate", detail)
    if isinstance(error, ssl.SSLError):
        return Trouble("tls", detail)
    if isinstance(error, TimeoutError):
        return Trouble("timeout", detail)
    if isinstance(error, OSError):
        return Trouble("unreachable", detail)
    return Trouble("failed", detail)


def _seconds(text: str | None) -> float | None:
    if text is None or not text.isascii() or not text.isdigit():
        return None
    return float(min(int(text), 3600))

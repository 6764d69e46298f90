"""HTTP/1.1 as a server hears and says it: bytes in, requests out; responses in, bytes out. No sockets.

One request at a time is read from a connection; its body is as long as ``Content-Length`` says. Chunked bodies are
refused with 501, so is anything that is too long (431, 413): what a client of the simulated server never needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote, urlsplit

LONGEST_HEAD = 16_384
LONGEST_BODY = 1 << 20
"""Bytes."""
END = b"\r\n\r\n"


class HttpError(Exception):
    """A request that cannot be read; the connection ends after the answer."""

    def __init__(self, status: int, problem: str) -> None:
        super().__init__(problem)
        self.status = status


@dataclass(frozen=True, slots=True)
class HttpRequest:
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    body: bytes = b""
    keeps: bool = True  # the connection stays open afterwards


@dataclass(frozen=True, slots=True)
class HttpResponse:
    status: int
    body: bytes = b""
    type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)

    def to_bytes(self, *, keeps: bool) -> bytes:
        try:
            phrase = HTTPStatus(self.status).phrase
        except ValueError:
            phrase = "Status"
        lines = [
            f"HTTP/1.1 {self.status} {phrase}",
            f"Content-Type: {self.type}",
            f"Content-Length: {len(self.body)}",
            "Access-Control-Allow-Origin: *",
            f"Connection: {'keep-alive' if keeps else 'close'}",
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]
        return "\r\n".join(lines).encode("latin-1") + END + self.body


class Reader:
    """Bytes of one connection. Raises ``HttpError`` once and is of no use then."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._body = bytearray()
        self._begun: HttpRequest | None = None
        self._missing = 0

    @property
    def empty(self) -> bool:
        """Nothing of a next request has come."""
        return not self._head and self._begun is None

    def take(self, data: bytes) -> tuple[int, HttpRequest | None]:
        """Up to a line's end, or the body's: how many bytes (one or more, of ``data``'s one or more), and the request
        that they complete."""
        if self._begun is not None:
            taken = min(self._missing, len(data))
            self._body += data[:taken]
            self._missing -= taken
            return taken, self._whole()
        if not self._head and data[0] in b"\r\n":
            return 1, None  # an empty line before a request is nothing
        taken = data.find(b"\n") + 1 or len(data)
        self._head += data[:taken]
        if len(self._head) > LONGEST_HEAD:
            raise HttpError(431, "the head is too long")
        if not self._head.endswith(END):
            return taken, None
        self._begun, self._missing = _head(bytes(self._head[: -len(END)]))
        return taken, self._whole()

    def _whole(self) -> HttpRequest | None:
        if self._begun is None or self._missing:
            return None
        begun, body = self._begun, bytes(self._body)
        self._head.clear()
        self._body.clear()
        self._begun = None
        return HttpRequest(begun.method, begun.path, begun.query, begun.headers, body, begun.keeps)


def _head(data: bytes) -> tuple[HttpRequest, int]:
    """The request without its body, and the body's length."""
    first, *others = data.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[0].isalpha() or not words[1].startswith(("/", "*")):
        raise HttpError(400, "the first line is no request")
    method, target, version = words
    if version not in ("HTTP/1.1", "HTTP/1.0"):
        raise HttpError(505, "HTTP/1.1 is spoken here")
    headers: dict[str, str] = {}
    for line in others:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise HttpError(400, "a line of the head is no header")
        if name.lower() == "content-length" and headers.get("content-length", value.strip()) != value.strip():
            raise HttpError(400, "two lengths of one body")
        headers[name.lower()] = value.strip()
    if "transfer-encoding" in headers:
        raise HttpError(501, "a body comes with its length here")
    length = headers.get("content-length", "0")
    if not length.isascii() or not length.isdecimal():
        raise HttpError(400, "the length of the body is no number")
    if len(length) > 9 or int(length) > LONGEST_BODY:
        raise HttpError(413, "the body is too long")
    try:
        parts = urlsplit(target)
    except ValueError as error:
        raise HttpError(400, "the address cannot be read") from error
    wish = headers.get("connection", "").lower()
    keeps = "close" not in wish and (version == "HTTP/1.1" or "keep-alive" in wish)
    query = dict(parse_qsl(parts.query, keep_blank_values=True, max_num_fields=None))
    return HttpRequest(method, unquote(parts.path), query, headers, keeps=keeps), int(length)

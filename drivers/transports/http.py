"""One HTTP request and its answer over a transport. A connection serves one request: what was sent over it is over when
it is, and "nothing left" is told from "the answer was lost" by whether it could be opened.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field

import h11

from drivers.transports.base import Clock, LinkError, Transport
from drivers.transports.tap import Direction, Trace

CHUNK = 16 * 1024
MOST_HEAD = 64 * 1024  # bytes of an answer's head
MOST_BODY = 16 * 1024 * 1024  # bytes; a document with its TLV has some 100,000
HIDDEN = b"***"
JSON = "application/json; charset=utf-8"


class HttpError(Exception):
    """No answer, or none that was asked for. ``code``: ``device_offline``, ``link_lost``, ``no_reply``, ``bad_reply``.
    ``sent``: something of the request has left. ``status``: of an answer that says something else."""

    def __init__(self, code: str, detail: str, *, sent: bool, status: int | None = None) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.sent = sent
        self.status = status

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Credentials:
    """For Basic authorisation; no user, no header."""

    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def header(self) -> bytes | None:
        if not self.user:
            return None
        return b"Basic " + b64encode(f"{self.user}:{self.password}".encode())


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes

    @property
    def text(self) -> str:
        """JSON is UTF-8; a body that is not is none of ours, and fails where it is read."""
        return self.body.decode("utf-8", "replace")

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


class HttpClient:
    """``authority``: HOST:PORT of the server. ``trace`` hears what is said, without the credentials."""

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        authority: str,
        credentials: Credentials | None = None,
        trace: Trace | None = None,
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._authority = authority
        self._authorization = (credentials or Credentials()).header
        self._trace = trace

    def reach(self) -> None:
        """Connect, and say nothing. Raises ``HttpError``."""
        try:
            self._transport.open()
        except LinkError as error:
            raise HttpError(error.code, error.detail, sent=False) from error
        finally:
            self._transport.close()

    def ask(
        self, method: str, target: str, body: str | bytes | None = None, *, seconds: float, media: str = JSON
    ) -> Reply:
        """Raises ``HttpError``; ``seconds`` is how long the answer may take. Text is sent as UTF-8; ``media`` is what a
        body is said to be, and what is asked for."""
        connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_HEAD)
        message = self._message(connection, method, target, body, media)
        self._hear("open", b"")
        try:
            try:
                self._transport.open()
            except LinkError as error:
                raise HttpError(error.code, error.detail, sent=False) from error
            self._hear("tx", message.replace(self._authorization, HIDDEN) if self._authorization else message)
            try:
                self._transport.write(message)
                return self._answer(connection, self._clock.now() + seconds)
            except LinkError as error:
                raise HttpError("link_lost", error.detail, sent=True) from error
            except h11.RemoteProtocolError as error:
                _, ended = connection.trailing_data
                raise HttpError(
                    "link_lost" if ended else "bad_reply", f"{method} {target}: {error}", sent=True
                ) from error
        finally:
            self._transport.close()
            self._hear("close", b"")

    def _message(
        self, connection: h11.Connection, method: str, target: str, body: str | bytes | None, media: str
    ) -> bytes:
        content = body if isinstance(body, bytes) else (body or "").encode("utf-8")
        headers: list[tuple[bytes, bytes]] = [
            (b"Host", self._authority.encode("ascii")),
            (b"Accept", media.partition(";")[0].encode("ascii")),
            (b"Connection", b"close"),
        ]
        if self._authorization is not None:
            headers.append((b"Authorization", self._authorization))
        if body is not None:
            headers.append((b"Content-Type", media.encode("ascii")))
            headers.append((b"Content-Length", str(len(content)).encode("ascii")))
        head = h11.Request(method=method.encode("ascii"), target=target.encode("ascii"), headers=headers)
        events: Sequence[h11.Event] = (head, *((h11.Data(content),) if content else ()), h11.EndOfMessage())
        return b"".join(connection.send(event) or b"" for event in events)

    def _answer(self, connection: h11.Connection, deadline: float) -> Reply:
        status = 0
        body = bytearray()
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(self._more(deadline))
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > MOST_BODY:
                    raise HttpError("bad_reply", f"an answer of more than {MOST_BODY} bytes", sent=True)
            elif isinstance(event, h11.EndOfMessage):
                return Reply(status, bytes(body))
            elif not isinstance(event, h11.InformationalResponse):
                raise HttpError("link_lost", "the server closed the connection", sent=True)

    def _more(self, deadline: float) -> bytes:
        """Bytes, or none when the server has ended the connection: whether the answer is whole, its head tells."""
        try:
            chunk = self._transport.read(CHUNK, deadline)
        except LinkError:
            return b""
        if not chunk:
            raise HttpError("no_reply", "no answer within its time", sent=True)
        self._hear("rx", chunk)
        return chunk

    def _hear(self, direction: Direction, data: bytes) -> None:
        if self._trace is not None:
            self._trace(self._clock.now(), direction, data)

    def __repr__(self) -> str:
        return f"<HttpClient {self._authority}>"

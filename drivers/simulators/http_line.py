"""One client's connection to a simulated HTTP server: its bytes as requests, each answered before the next one.

What becomes of an exchange, and what the faults make of it, is the server's own.

A client that says nothing for ``IDLE`` seconds is hung up, as servers do: it may notice only when it speaks again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from drivers.simulators.http import HttpError, HttpRequest, HttpResponse, Reader

if TYPE_CHECKING:
    from drivers.simulators.faults import Fault
    from drivers.simulators.line import Connection

IDLE = 30.0
GARBLED = 0x80
"""Added to each byte of a body that comes damaged."""


class Struck(Protocol):
    """A device whose answers faults may strike."""

    def strikes(self, kind: str, word: str) -> Fault | None: ...


class HttpLine(ABC):
    def __init__(self, line: Connection, device: Struck) -> None:
        self._line = line
        self._struck = device
        self._reader = Reader()
        self._waiting: deque[HttpRequest] = deque()
        self._busy = False

    @property
    def closed(self) -> bool:
        return self._line.closed

    def take(self, data: bytes) -> int:
        try:
            taken, request = self._reader.take(data)
        except HttpError as error:
            self._say(self._problem(error), keeps=False)
            return len(data)
        self._line.wait(IDLE)
        if request is not None:
            self._waiting.append(request)
            self._next()
        return taken

    def timed_out(self) -> None:
        if self._busy:
            self._line.wait(IDLE)
        else:
            self._line.close()

    def answer_ready(self) -> None:  # noqa: B027 - of a device with one host
        """Every client waits for its own answer."""

    def answer_lost(self) -> None:  # noqa: B027
        """The same."""

    @abstractmethod
    def _come(self, request: HttpRequest) -> None:
        """A whole request has come: ``_leave`` or ``_leave_struck`` answers it, or nothing does."""

    @abstractmethod
    def _problem(self, error: HttpError) -> HttpResponse:
        """What cannot be read."""

    def _next(self) -> None:
        if self._waiting and not (self._busy or self._line.closed):
            self._busy = True
            self._come(self._waiting.popleft())

    def _leave_struck(self, request: HttpRequest, word: str, response: HttpResponse) -> None:
        """The answer as the faults of this ``word`` let it through."""
        lost = self._struck.strikes("answer-lost", word)
        if lost is not None:
            if lost.text("drop") != "no":
                self._line.close()
            return
        if self._struck.strikes("checksum out", word) is not None:
            response = replace(response, body=bytes(byte ^ GARBLED for byte in response.body))
        self._leave(request, response)

    def _leave(self, request: HttpRequest, response: HttpResponse) -> None:
        self._busy = False
        self._say(response, keeps=request.keeps)
        self._next()

    def _say(self, response: HttpResponse, *, keeps: bool) -> None:
        if self._line.closed:
            return
        self._line.emit(response.to_bytes(keeps=keeps))
        self._line.wait(IDLE)
        if not keeps:
            self._line.close()

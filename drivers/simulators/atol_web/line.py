"""One client's connection: its bytes as HTTP requests, one after another, and what the faults make of each exchange.

A client that says nothing for ``IDLE`` seconds is hung up, as servers do: it may notice only when it speaks again.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from drivers.simulators.atol_web.api import Answer, word_of
from drivers.simulators.atol_web.http import HttpError, HttpRequest, HttpResponse, Reader

if TYPE_CHECKING:
    from drivers.simulators.atol_web.device import WebDevice
    from drivers.simulators.line import Connection

IDLE = 30.0
GARBLED = 0x80
"""Added to each byte of a body that comes damaged."""


class WebLine:
    def __init__(self, line: Connection, device: WebDevice) -> None:
        self._line = line
        self._device = device
        self._reader = Reader()
        self._waiting: deque[HttpRequest] = deque()
        self._busy = False
        self._ended = False

    def take(self, data: bytes) -> int:
        if self._ended:
            return len(data)
        try:
            taken, request = self._reader.take(data)
        except HttpError as error:
            self._ended = True
            self._line.emit(self._device.api.problem(error.status, str(error)).to_bytes(keeps=False))
            self._line.close()
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

    def answer_ready(self) -> None:
        """Of a task: its client asks for it."""

    def answer_lost(self) -> None:
        """The same."""

    # --- one exchange ---

    def _next(self) -> None:
        if self._waiting and not self._busy:
            self._busy = True
            self._come(self._waiting.popleft())

    def _come(self, request: HttpRequest) -> None:
        """A whole request has come."""
        device, word = self._device, word_of(request)
        if device.deafened_by(word):
            return
        if device.strikes("drop", word) is not None:
            self._line.close()
            return
        late = device.strikes("late", word)
        if late is not None:
            self._line.close()
            device.serve_later(late.seconds("seconds"), lambda: device.api.answer(request, _nobody))
            return
        restart = device.strikes("restart", word)
        if restart is not None and restart.text("when") == "before":
            device.stop(restart)
            return
        slow = device.strikes("slow", word)
        before = slow.seconds("seconds") if slow is not None and slow.text("when") != "after" else 0.0
        after = slow.seconds("seconds") if slow is not None and slow.text("when") == "after" else 0.0

        def leave(response: HttpResponse) -> None:
            if restart is not None:
                device.stop(restart)
            elif after:
                device.serve_later(after, lambda: self._leave(request, word, response))
            else:
                self._leave(request, word, response)

        if before:
            device.serve_later(before, lambda: self._answer(request, word, leave))
        else:
            self._answer(request, word, leave)

    def _answer(self, request: HttpRequest, word: str, leave: Answer) -> None:
        device = self._device
        if device.strikes("busy", word) is not None:
            leave(device.api.problem(503, "busy"))
            return
        if device.strikes("checksum in", word) is not None:
            leave(device.api.problem(400, "the body is damaged"))
            return
        fail = device.strikes("fail", word)
        if fail is None:
            device.api.answer(request, leave)
        elif fail.text("when") == "after":
            device.api.answer(request, lambda _: leave(device.api.problem(fail.integer("code"), "failed")))
        else:
            leave(device.api.problem(fail.integer("code"), "failed"))

    def _leave(self, request: HttpRequest, word: str, response: HttpResponse) -> None:
        if self._line.closed:
            return
        lost = self._device.strikes("answer-lost", word)
        if lost is not None:
            if lost.text("drop") != "no":
                self._line.close()
            return
        if self._device.strikes("checksum out", word) is not None:
            response = HttpResponse(response.status, bytes(byte ^ GARBLED for byte in response.body))
        self._line.emit(response.to_bytes(keeps=request.keeps))
        self._busy = False
        self._line.wait(IDLE)
        if request.keeps:
            self._next()
        else:
            self._ended = True
            self._line.close()


def _nobody(_response: HttpResponse) -> None:
    """Whoever asked has gone."""

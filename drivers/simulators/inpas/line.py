"""One client's connection: its bytes as HTTP requests, one after another, and what the faults make of each exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drivers.simulators.atol_web.http import HttpError, HttpRequest, HttpResponse, Reader
from drivers.simulators.inpas import messages
from drivers.simulators.inpas.messages import BadRequest
from drivers.simulators.inpas.operations import word_of

if TYPE_CHECKING:
    from drivers.simulators.inpas.device import InpasTerminal
    from drivers.simulators.line import Connection

IDLE = 30.0
"""Seconds of silence after which a server hangs up."""
XML = "text/xml; charset=windows-1251"
GARBLED = 0x80


class InpasLine:
    def __init__(self, line: Connection, device: InpasTerminal) -> None:
        self._line = line
        self._device = device
        self._reader = Reader()
        self._busy = False
        self._waiting: list[HttpRequest] = []

    @property
    def closed(self) -> bool:
        return self._line.closed

    def take(self, data: bytes) -> int:
        try:
            taken, request = self._reader.take(data)
        except HttpError as error:
            self._say(HttpResponse(error.status, str(error).encode(), "text/plain"), keeps=False)
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
        """Every client waits for its own answer."""

    def answer_lost(self) -> None:
        """The same."""

    # --- one exchange ---

    def _next(self) -> None:
        if self._waiting and not self._busy and not self._line.closed:
            self._busy = True
            self._come(self._waiting.pop(0))

    def _come(self, request: HttpRequest) -> None:
        if request.method != "POST":
            self._leave(request, HttpResponse(405, b"POST", "text/plain"))
            return
        try:
            question = messages.question(request.body)
        except BadRequest:
            question = None
        word = "other" if question is None else word_of(question)
        device = self._device
        if device.mutes(word):
            return
        if device.strikes("drop", word) is not None:
            self._line.close()
            return
        restart = device.strikes("restart", word)
        if restart is not None and restart.text("when") == "before":
            device.stop(restart)
            return
        late = device.strikes("late", word)
        if late is not None:
            self._line.close()
            device.serve_later(late.seconds("seconds"), lambda: device.ask(question, word, None, _nobody))
            return

        def answered(body: bytes | None) -> None:
            if restart is not None:
                device.stop(restart)
            elif body is None:
                self._line.close()
            else:
                self._answer(request, word, body)

        device.ask(question, word, self, answered)

    def _answer(self, request: HttpRequest, word: str, body: bytes) -> None:
        device = self._device
        lost = device.strikes("answer-lost", word)
        if lost is not None:
            if lost.text("drop") != "no":
                self._line.close()
            return
        if device.strikes("checksum out", word) is not None:
            body = bytes(byte ^ GARBLED for byte in body)
        self._leave(request, HttpResponse(200, body, XML))

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


def _nobody(_body: bytes | None) -> None:
    """Whoever asked has gone."""

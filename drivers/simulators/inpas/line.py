"""One client's connection: what becomes of each exchange, and what the faults make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drivers.simulators.http import HttpError, HttpRequest, HttpResponse
from drivers.simulators.http_line import HttpLine
from drivers.simulators.inpas import messages
from drivers.simulators.inpas.messages import BadRequest
from drivers.simulators.inpas.operations import word_of

if TYPE_CHECKING:
    from drivers.simulators.inpas.device import InpasTerminal
    from drivers.simulators.line import Connection

XML = "text/xml; charset=windows-1251"


class InpasLine(HttpLine):
    def __init__(self, line: Connection, device: InpasTerminal) -> None:
        super().__init__(line, device)
        self._device = device

    def _problem(self, error: HttpError) -> HttpResponse:
        return HttpResponse(error.status, str(error).encode(), "text/plain")

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
                self._leave_struck(request, word, HttpResponse(200, body, XML))

        device.ask(question, word, self, answered)


def _nobody(_body: bytes | None) -> None:
    """Whoever asked has gone."""

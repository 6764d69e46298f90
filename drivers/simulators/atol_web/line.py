"""One client's connection: what becomes of each exchange, and what the faults make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drivers.simulators.atol_web.api import Answer, word_of
from drivers.simulators.http import HttpError, HttpRequest, HttpResponse
from drivers.simulators.http_line import HttpLine

if TYPE_CHECKING:
    from drivers.simulators.atol_web.device import WebDevice
    from drivers.simulators.line import Connection


class WebLine(HttpLine):
    def __init__(self, line: Connection, device: WebDevice) -> None:
        super().__init__(line, device)
        self._device = device

    def _problem(self, error: HttpError) -> HttpResponse:
        return self._device.api.problem(error.status, str(error))

    def _come(self, request: HttpRequest) -> None:
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
                device.serve_later(after, lambda: self._finish(request, word, response))
            else:
                self._finish(request, word, response)

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

    def _finish(self, request: HttpRequest, word: str, response: HttpResponse) -> None:
        if not self._line.closed:
            self._leave_struck(request, word, response)


def _nobody(_response: HttpResponse) -> None:
    """Whoever asked has gone."""

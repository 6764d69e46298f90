"""One request to the service that drives the terminal, and its answer. A request is delivered once, or not at all."""

from __future__ import annotations

import re
from dataclasses import dataclass

from drivers.errors import InDoubt, NotSent
from drivers.terminals import masking
from drivers.terminals.link_codes import LINK_CODES
from drivers.transports.base import Clock
from drivers.transports.http import HttpClient, HttpError
from drivers.transports.tap import Direction, Trace
from protocol.wire.inpas.fields import CARD, HOST_TIME, OPERATION, REFERENCE, TIME, Answer, Request
from protocol.wire.inpas.xml import MEDIA, AnswerError, read_answer, write_request

OK = 200
MOMENTS = (TIME, HOST_TIME)
MOMENT = re.compile(r"20[0-9]{2}[01][0-9][0-3][0-9][0-2][0-9][0-5][0-9][0-5][0-9]")


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds. ``told``: how long the terminal may take; ``margin``: how much longer the answer is waited for."""

    told: float
    margin: float

    @property
    def whole(self) -> float:
        return self.told + self.margin


class Service:
    """``trace`` hears requests and answers by their fields, without card data; ``http`` must not be overheard."""

    def __init__(self, http: HttpClient, clock: Clock, trace: Trace | None) -> None:
        self._http = http
        self._clock = clock
        self._trace = trace

    def reach(self) -> None:
        """Whether anybody takes requests there; nothing is asked. Raises ``NotSent``."""
        try:
            self._http.reach()
        except HttpError as error:
            raise NotSent(LINK_CODES[error.code], error.detail) from error

    def ask(self, request: Request, patience: Patience) -> Answer:
        """The answer to this very request. Raises ``NotSent`` (``terminal_offline``) when nothing left, else
        ``InDoubt``: an error of the service is one, too, nobody knows how far it came."""
        started = self._clock.now()

        def doubt(code: str, detail: str, vendor: str | None = None) -> InDoubt:
            left = max(0.0, started + patience.whole - self._clock.now())
            return InDoubt(code, detail, vendor=vendor, remaining=left)

        self._hear("tx", _shown(request))
        try:
            reply = self._http.ask(
                "POST", "/", write_request(request, patience.told), seconds=patience.whole, media=MEDIA
            )
            answer = read_answer(reply.body) if reply.status == OK else None
        except HttpError as error:
            if not error.sent:
                raise NotSent(LINK_CODES[error.code], error.detail) from error
            raise doubt(LINK_CODES[error.code], masking.mask(error.detail)) from error
        except AnswerError as error:
            raise doubt("terminal_bad_reply", str(error)) from error
        if answer is None:
            self._hear("rx", f"HTTP {reply.status}")
            raise doubt("terminal_bad_reply", f"HTTP {reply.status}", str(reply.status))
        self._hear("rx", _shown({**answer.values, CARD: answer.card}))
        if answer.error is not None:
            raise doubt("terminal_program_failed", masking.mask(answer.error_text), masking.mask(answer.error))
        for number in (OPERATION, REFERENCE):
            if (told := answer.text(number)) and told.lstrip("0") != request.get(number, told).lstrip("0"):
                raise doubt("terminal_bad_reply", f"an answer to something else: field {number}")
        return answer

    def _hear(self, direction: Direction, text: str) -> None:
        if self._trace is not None:
            self._trace(self._clock.now(), direction, text.encode())


def _shown(values: Request) -> str:
    """``NN=value`` by line; nowhere a card's number, line ends of the slip as ``|``."""
    return "\n".join(f"{number:02d}={_masked(number, value)}" for number, value in sorted(values.items()) if value)


def _masked(number: int, value: str) -> str:
    if number in MOMENTS and MOMENT.fullmatch(value):
        return value
    return masking.identifier(value.replace("\r", "").replace("\n", "|"))

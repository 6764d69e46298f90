"""The web server's endpoints: one method, one HTTP request. The status and the form of a body decide, never its words.

Both generations of the server have the requests' queue; only the second tells how the queue stands and answers queries
outside of it (``/api/v2``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from drivers.errors import DeviceError, NotSent, Refused
from drivers.fiscal.atol_json.runner import verdict
from drivers.transports.http import HttpClient, HttpError, Reply
from protocol.wire.atol import web
from protocol.wire.atol.codes import describe
from protocol.wire.atol.json_reading import AnswerError
from protocol.wire.atol.json_text import Json, loads

CLOSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
LOST = (HttpError, AnswerError)
"""No answer, or none that can be read: the question may be put again."""


@dataclass(frozen=True, slots=True)
class Outside:
    """A query that the server answers outside the queue, and what its answer is known by."""

    operation: str
    field: str


OUTSIDE: Mapping[str, Outside] = MappingProxyType(
    {
        "getDeviceStatus": Outside("queryDeviceStatus", "deviceStatus"),
        "getDeviceInfo": Outside("queryDeviceInfo", "deviceInfo"),
        "getShiftStatus": Outside("queryShiftStatus", "shiftStatus"),
        "getShiftTotals": Outside("queryShiftTotals", "shiftTotals"),
        "getFnInfo": Outside("queryFnInfo", "fnInfo"),
        "getFnStatus": Outside("queryFnStatus", "fnStatus"),
        "ofdExchangeStatus": Outside("queryOfdExchangeStatus", "status"),
    }
)
"""By type of task. The server keeps every request for weeks: what is asked every few seconds stays out of its queue."""


class WebServer:
    """Raises ``HttpError`` when there is no answer, or another than was asked for; ``AnswerError`` when it cannot be
    read. ``answer``: seconds for an answer that no device has to be asked for."""

    def __init__(self, http: HttpClient, generation: int, device: str | None, answer: float) -> None:
        self.generation = generation
        self._http = http
        self._device = device
        self._answer = answer
        self._inside: set[str] = set()  # queries that this server knows in its queue only

    @property
    def tells_of_its_queue(self) -> bool:
        return self.generation >= 2

    def queue_up(self, uuid: str, tasks: Sequence[Mapping[str, Json]]) -> Reply:
        """Any status; 409 for a uuid that is known already, and for a device that is not active."""
        return self._http.ask("POST", self._requests(""), web.request(uuid, tasks), seconds=self._answer)

    def results(self, uuid: str) -> tuple[web.Subtask, ...] | None:
        """``None``: the server does not know the uuid."""
        reply = self._http.ask("GET", self._requests(uuid), seconds=self._answer)
        if reply.status == HTTPStatus.NOT_FOUND:
            return None
        return web.subtasks(_successful(reply).text)

    def take_out(self, uuid: str) -> bool:
        """Out of the queue, if nothing of the request has begun; whether it is."""
        return self._http.ask("DELETE", self._requests(uuid), seconds=self._answer).is_success

    def queue(self) -> web.Queue | None:
        """``None``: this server does not tell."""
        if not self.tells_of_its_queue:
            return None
        reply = self._http.ask("GET", self._v2("getRequestsQueueStatus"), seconds=self._answer)
        if reply.status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
            return None
        return web.queue(_successful(reply).text)

    def ask_outside(self, task: str, *, seconds: float) -> Any | None:
        """A query's answer; ``None`` where it has to be put into the queue. Raises also a verdict."""
        outside = OUTSIDE.get(task) if self.generation >= 2 else None
        if outside is None or task in self._inside:
            return None
        reply = self._http.ask("POST", self._v2(f"operations/{outside.operation}"), "{}", seconds=seconds)
        if reply.is_success:
            answer = loads(reply.text)
            if isinstance(answer, dict) and outside.field in answer:
                return answer
        elif reply.status in (*CLOSED, HTTPStatus.CONFLICT):
            raise rejection(reply)
        elif (told := web.error(reply.text))[0] and reply.status != HTTPStatus.NOT_FOUND:
            raise verdict(*told, changing=False)
        self._inside.add(task)
        return None

    def _requests(self, uuid: str) -> str:
        place = f"requests/{quote(uuid, safe='')}" if uuid else "requests"
        return self._v2(place) if self.generation >= 2 else f"/{place}"

    def _v2(self, place: str) -> str:
        device = f"?deviceID={quote(self._device, safe='')}" if self._device else ""
        return f"/api/v2/{place}{device}"


def _successful(reply: Reply) -> Reply:
    if not reply.is_success:
        code = "wrong_password" if reply.status in CLOSED else "bad_reply"
        raise HttpError(code, f"HTTP {reply.status}", sent=True, status=reply.status)
    return reply


def find_server(http: HttpClient, wanted: int | None, device: str | None, answer: float) -> tuple[WebServer, str]:
    """The server behind the address and its library's version ("" when it does not tell). ``wanted``: the generation,
    when it need not be found out. What the server says of itself decides what can be sold, and nothing protects it: it
    is asked twice. Raises ``HttpError``, ``AnswerError``, ``NotSent``."""
    if wanted != 1:
        info = _info(http, answer)
        if _info(http, answer) != info:
            raise AnswerError("serverInfo was answered in two ways")
        if info is not None:
            return WebServer(http, 2, device, answer), info.library
        if wanted == 2:
            raise NotSent("wrong_device", "no web server of the second generation (/api/v2/serverInfo)")
    if device is not None:
        raise NotSent("bad_address", "a server of the first generation takes no device=; leave it out")
    return WebServer(http, 1, None, answer), ""


def _info(http: HttpClient, answer: float) -> web.ServerInfo | None:
    """``None`` where there is no such page."""
    reply = http.ask("GET", "/api/v2/serverInfo", seconds=answer)
    if reply.is_success:
        return web.server_info(reply.text)
    if reply.status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.BAD_REQUEST):
        return None
    raise _not_ours(reply)


def rejection(reply: Reply) -> DeviceError:
    """What an answer is that has not queued the request, when the server does not know its uuid either."""
    number, words = web.error(reply.text)
    status = f"HTTP {reply.status}"
    if reply.status == HTTPStatus.CONFLICT:
        return NotSent("device_offline", f"{status}: the device is not active in the web server; activate it there")
    if reply.status == HTTPStatus.BAD_REQUEST:
        code = describe(number).code if number and describe(number).certainly_not_run else "bad_parameter"
        return Refused(code, f"{status} {words}".strip(), vendor=str(number) if number else None)
    return _not_ours(reply)


def _not_ours(reply: Reply) -> NotSent:
    status = f"HTTP {reply.status}"
    if reply.status in CLOSED:
        return NotSent("wrong_password", f"{status}: the web server wants a user and a password (driver's profile)")
    if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return NotSent("driver_failed", f"{status}: the web server has failed")
    return NotSent("wrong_device", f"{status}: no web server of ATOL, or no such device in it")

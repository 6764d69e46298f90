"""A web server in memory: HTTP by ``h11``, a queue by the reference, and behind it the library that the tests of
``atol_json`` use. It knows no driver.

A connection serves any number of requests; ``broken`` says which exchanges lose what.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import h11

from drivers.transports.base import Clock, LinkError, Transport
from protocol.wire.atol.json_text import loads
from tests.drivers.fiscal.atol_json.library import Failed, Library

BLOCKING = {2, 3, 4, 15, *range(115, 123), 124, *range(133, 139), 141, 142, 159}
FISCAL = {"openShift", "closeShift", "sell", "sellReturn", "buy", "buyReturn"}
OPERATIONS = {
    "queryDeviceStatus": "getDeviceStatus",
    "queryDeviceInfo": "getDeviceInfo",
    "queryShiftStatus": "getShiftStatus",
    "queryShiftTotals": "getShiftTotals",
    "queryFnInfo": "getFnInfo",
    "queryFnStatus": "getFnStatus",
    "queryOfdExchangeStatus": "ofdExchangeStatus",
}


OUTAGE = 150.0  # seconds; a server that dies leaves a request of its last moment done ("dies") or not heard ("died")


@dataclass
class Request:
    uuid: str
    tasks: list[Any]
    due: float  # moment at which it has run, if nothing is before it
    results: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_final(self) -> bool:
        return all(each["status"] in ("ready", "error", "canceled", "interrupted") for each in self.results)


class Server:
    """``takes``: seconds from the moment at which a request comes to its turn until it has run."""

    def __init__(self, library: Library, clock: Clock, *, generation: int = 2, takes: float = 0.02) -> None:
        self.library, self.clock, self.generation, self.takes = library, clock, generation, takes
        self.version = "10.10.8.0"
        self.is_up = True
        self.down_until = 0.0
        self.is_active = True
        self.authorization: str | None = None
        self.device: str | None = None
        self.outside = set(OPERATIONS)
        self.flat = False  # errorCode beside status, as old builds
        self.requests: dict[str, Request] = {}
        self.queue: list[str] = []
        self.blocked: str | None = None
        self.reason = "connectionError"
        self.heard: list[tuple[str, str]] = []  # method and path
        self.posted: list[str] = []  # uuids, in order, also those refused
        self.broken: list[tuple[str, str]] = []  # (method, what is lost: "request", "answer", "late"; "died", "dies")
        self.late: list[tuple[str, str, bytes]] = []
        self.answers: dict[str, tuple[int, bytes]] = {}  # for a path, instead of what it would say

    # --- HTTP

    def connect(self) -> Connection:
        if not self.is_up or self.clock.now() < self.down_until:
            raise LinkError("device_offline", "in a test")
        return Connection(self)

    def answer(self, method: str, target: str, body: bytes, authorization: str | None) -> tuple[int, bytes]:
        self.turn()
        url = urlsplit(target)
        self.heard.append((method, url.path))
        if url.path in self.answers:
            return self.answers[url.path]
        if url.path == "/api/v2/serverInfo" and self.generation == 2:
            return 200, _json({"serverVersion": "1.0.4.0", "driverVersion": self.version, "os": "x"})
        if self.authorization is not None and authorization != self.authorization:
            return 401, b"<html>no</html>"
        prefix = "/api/v2" if self.generation == 2 else ""
        if not url.path.startswith(prefix + "/"):
            return 404, b"<html>not here</html>"
        if self.device is not None and parse_qs(url.query).get("deviceID") != [self.device]:
            return 404, _json({"error": {"code": 505, "description": "no such device"}})
        match method, url.path.removeprefix(prefix).strip("/").split("/"):
            case "POST", ["requests"]:
                return self._post(body)
            case "GET", ["requests", uuid]:
                request = self.requests.get(uuid)
                return (404, b"") if request is None else (200, self._results(request))
            case "DELETE", ["requests", uuid]:
                return self._delete(uuid)
            case "GET", ["getRequestsQueueStatus"] if self.generation == 2:
                why = self.reason if self.blocked else ""
                counts = {"number": len(self.queue), "canceled": 0, "ready": 0}
                return 200, _json({**counts, "isBlocked": bool(why), "blockReason": why, "blockedUUID": self.blocked})
            case "POST", ["operations", name] if self.generation == 2 and name in self.outside:
                return self._query(OPERATIONS[name])
        return 404, b"<html>not here</html>"

    def _post(self, body: bytes) -> tuple[int, bytes]:
        try:
            told = loads(body.decode())
            uuid, tasks = told["uuid"], told["request"]
        except (ValueError, KeyError, TypeError):
            return 400, _json({"error": {"code": 505, "description": "bad JSON"}})
        self.posted.append(uuid)
        if not self.is_active or uuid in self.requests:
            return 409, b""
        tasks = tasks if isinstance(tasks, list) else [tasks]
        if sum(task["type"] in FISCAL for task in tasks) > 1:
            return 400, b""
        request = Request(uuid, tasks, 0.0, [{"status": "wait"} for _ in tasks])
        self.requests[uuid] = request
        self.queue.append(uuid)
        if len(self.queue) == 1:
            request.due = self.clock.now() + self.takes
        return 201, _json(
            {"number": len(self.queue), "uuid": uuid, "isBlocked": False}
        ) if self.generation == 2 else b""

    def _delete(self, uuid: str) -> tuple[int, bytes]:
        request = self.requests.get(uuid)
        if request is None:
            return 404, b""
        if any(each["status"] != "wait" for each in request.results):
            return 409 if self.generation == 2 else 405, b""
        request.results = [{"status": "canceled"} for _ in request.tasks]
        self.queue.remove(uuid)
        return 200, b"{}"

    def _query(self, kind: str) -> tuple[int, bytes]:
        if not self.is_active:
            return 409, b""
        try:
            return 200, self.library._carried_out(kind, {"type": kind}).encode() or b"{}"
        except Failed as failed:
            return 500, _json({"error": {"code": failed.code, "description": failed.description}})

    def _results(self, request: Request) -> bytes:
        if not self.flat:
            return _json({"results": request.results})
        flat = []
        for each in request.results:
            error = each.get("error", {"code": 0, "description": ""})
            rest = {key: value for key, value in each.items() if key != "error"}
            flat.append({**rest, "errorCode": error["code"], "errorDescription": error["description"]})
        return _json({"results": flat})

    # --- the queue

    def turn(self) -> None:
        """What is due has happened."""
        while self.queue and self.blocked is None:
            request = self.requests[self.queue[0]]
            if self.clock.now() < request.due:
                request.results[0] = {"status": "inProgress"}
                return
            self._carry_out(request)
            if self.blocked is not None:
                return
            self.queue.pop(0)
            if self.queue:
                self.requests[self.queue[0]].due = max(request.due, self.clock.now()) + self.takes

    def _carry_out(self, request: Request) -> None:
        for at, task in enumerate(request.tasks):
            kind = task["type"]
            request.results[at] = self._end_of(kind, task)
            if request.results[at]["status"] == "blocked":
                self.blocked = request.uuid
                return

    def _end_of(self, kind: str, task: Any) -> dict[str, Any]:
        self.library.tasks.append(json.dumps(task, default=float))
        try:
            self._fails(self.library.before, kind)
            text = self.library._carried_out(kind, task)
            self._fails(self.library.after, kind)
        except Failed as failed:
            error = {"code": failed.code, "description": failed.description}
            blocks = kind in FISCAL and failed.code in BLOCKING
            return {"status": "blocked" if blocks else "error", "error": error}
        result = json.loads(self.library.answers.get(kind, text) or "null")
        return {"status": "ready", "error": {"code": 0, "description": "Ошибок нет"}, "result": result}

    @staticmethod
    def _fails(outcomes: dict[str, list[Any]], kind: str) -> None:
        if outcomes.get(kind):
            raise Failed(outcomes[kind].pop(0), "in a test")

    def unblock(self, *, made: bool) -> None:
        """The register answers again: the last document's number decides, as the server's own loop does it."""
        assert self.blocked is not None
        request = self.requests[self.blocked]
        end = request.results[0]
        if made:
            last = self.library._params(len(self.library.documents))
            end = {"status": "ready", "error": {"code": 0, "description": ""}, "result": {"fiscalParams": last}}
        request.results[0] = {**end, "status": "ready" if made else "error"}
        self.queue.remove(request.uuid)
        self.blocked = None
        if self.queue:
            self.requests[self.queue[0]].due = self.clock.now() + self.takes


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, default=float).encode()


class Connection:
    """One TCP connection: bytes in, bytes out."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._http = h11.Connection(h11.SERVER)
        self._out = bytearray()
        self._head: h11.Request | None = None
        self._body = bytearray()
        self.closed = False

    def feed(self, data: bytes) -> None:
        try:
            self._http.receive_data(data)
            while (event := self._http.next_event()) is not h11.NEED_DATA and event is not h11.PAUSED:
                if isinstance(event, h11.Request):
                    self._head, self._body = event, bytearray()
                elif isinstance(event, h11.Data):
                    self._body += event.data
                elif isinstance(event, h11.EndOfMessage):
                    self._serve()
                else:
                    return
        except h11.RemoteProtocolError:
            self._reply(400, b"")

    def _serve(self) -> None:
        assert self._head is not None
        head = {name.decode(): value.decode() for name, value in self._head.headers}
        method, target = self._head.method.decode(), self._head.target.decode()
        broken = self._server.broken
        lost = broken.pop(0)[1] if broken and broken[0][0] == method else None
        if lost in ("dies", "died"):
            self._server.down_until = self._server.clock.now() + OUTAGE
        if lost in ("request", "died"):
            self.closed = True
            return
        if lost == "late":
            self._server.late.append((method, target, bytes(self._body)))
            self.closed = True
            return
        status, body = self._server.answer(method, target, bytes(self._body), head.get("authorization"))
        if lost in ("answer", "dies"):
            self.closed = True
            return
        self._reply(status, body)

    def _reply(self, status: int, body: bytes) -> None:
        headers = [("Content-Length", str(len(body))), ("Connection", "close")]
        for event in (h11.Response(status_code=status, headers=headers), h11.Data(body), h11.EndOfMessage()):
            self._out += self._http.send(event) or b""
        self.closed = True

    def poll(self) -> bytes:
        out = bytes(self._out)
        self._out.clear()
        return out


class ServerTransport(Transport):
    """To a ``Server``, in the time of its clock."""

    def __init__(self, server: Server, clock: Clock) -> None:
        self._server, self._clock = server, clock
        self._connection: Connection | None = None
        self.opened = 0
        self.before_open: Callable[[], None] | None = None

    def open(self) -> None:
        if self.before_open is not None:
            self.before_open()
        self._connection = self._server.connect()
        self.opened += 1

    def close(self) -> None:
        self._connection = None

    def write(self, data: bytes) -> None:
        assert self._connection is not None
        self._connection.feed(data)

    def read(self, most: int, deadline: float) -> bytes:
        assert self._connection is not None
        piece = self._connection.poll()
        if piece:
            return piece
        if self._connection.closed:
            raise LinkError("link_lost", "closed")
        self._clock.sleep(deadline - self._clock.now())
        return b""

"""A client of the web server for tests: HTTP by hand, nothing of the project's driver."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from drivers.simulators.atol_web import Options, WebDevice, WebState, new_device, new_state
from drivers.simulators.clock import ManualClock
from drivers.simulators.dump import dump
from drivers.simulators.line import Connection
from drivers.simulators.paper import MemoryPaper
from drivers.simulators.store import Store

START = datetime.fromisoformat("2026-11-22T10:00:00")
OPERATOR = {"name": "Иванов И.И.", "vatin": "500100732259"}


class Silent(Exception):
    """No answer came. ``closed``: and none will."""

    def __init__(self, closed: bool) -> None:
        super().__init__("closed" if closed else "open")
        self.closed = closed


@dataclass(frozen=True)
class Response:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def request_bytes(method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> bytes:
    data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(data)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


def responses(stream: bytes) -> list[Response]:
    found = []
    while stream:
        head, _, rest = stream.partition(b"\r\n\r\n")
        first, *others = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in others)}
        size = int(headers.get("content-length", -1))
        if size < 0 or len(rest) < size:
            raise Silent(closed=True)  # a piece of a response
        found.append(Response(int(first.split()[1]), headers, rest[:size]))
        stream = rest[size:]
    return found


def item(amount: Any = 100, **changed: Any) -> dict[str, Any]:
    usual = {"type": "position", "name": "Молоко", "price": amount, "quantity": 1, "amount": amount}
    return {**usual, "tax": {"type": "vat20"}, **changed}


def sell(amount: Any = 100, kind: str = "sell", **changed: Any) -> dict[str, Any]:
    """A receipt of one position, paid in cash. ``items=…`` and the like replace what is usual."""
    payments = [{"type": "cash", "sum": amount}]
    return {"type": kind, "operator": OPERATOR, "items": [item(amount)], "payments": payments, **changed}


class Host:
    """A PC with the server, a register beside it and one client. Time stands still but for ``pass_time``."""

    def __init__(
        self,
        *faults: str,
        state: WebState | None = None,
        ffd: str = "1.2",
        start: datetime = START,
        store: Store[WebState] | None = None,
        generation: int | None = None,
        auth: str = "",
        print_time: float = 0.0,
        seed: int = 1,
        ofd: float | None = 30.0,
    ) -> None:
        self.clock = ManualClock(start)
        self.paper = MemoryPaper()
        options = Options(print_time=print_time, task_time=0.1, generation=generation, auth=auth)
        random = Random(seed)
        state = new_state(random, self.clock, ffd=ffd, ofd=ofd) if state is None else state
        self.device: WebDevice = new_device(
            *(self.clock, random),
            state=state, faults=faults, paper=self.paper, store=store, options=options,
        )  # fmt: skip
        self.line: Connection = self.device.connection()
        self.v1 = generation == 1
        self.number = 0

    # --- exchanges ---

    def http(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Response:
        """One exchange whose answer comes at once."""
        before = self.line.poll()  # it may have been hung up meanwhile
        assert not before
        if self.line.closed:
            self.redial()
        heard = responses(self.line.receive(request_bytes(method, path, body, headers)))
        if not heard:
            raise Silent(self.line.closed)
        assert len(heard) == 1
        return heard[0]

    def redial(self) -> None:
        self.line = self.device.connection()

    def pass_time(self, seconds: float, step: float = 0.05) -> bytes:
        """What came meanwhile."""
        heard = b""
        for _ in range(round(seconds / step)):
            self.clock.advance(step)
            heard += self.line.poll()
        return heard

    # --- requests ---

    def post(self, *tasks: dict[str, Any], uuid: str | None = None, **more: Any) -> Response:
        self.number += 1
        uuid = f"u{self.number}" if uuid is None else uuid
        path = "/requests" if self.v1 else "/api/v2/requests"
        return self.http("POST", path, {"uuid": uuid, "request": list(tasks), **more})

    def results(self, uuid: str | None = None) -> list[dict[str, Any]]:
        path = "/requests/" if self.v1 else "/api/v2/requests/"
        told = self.http("GET", path + (uuid or f"u{self.number}"))
        assert told.status == 200, told.body
        results: list[dict[str, Any]] = told.json()["results"]
        return results

    def standing(self) -> dict[str, Any]:
        told: dict[str, Any] = self.http("GET", "/api/v2/getRequestsQueueStatus").json()
        return told

    def ask(self, kind: str | dict[str, Any], **fields: Any) -> dict[str, Any]:
        """A task alone in its request, and what became of it a second later."""
        task = kind if isinstance(kind, dict) else {"type": kind, **fields}
        assert self.post(task).status == 201
        self.pass_time(1)
        return self.results()[0]

    def done(self, kind: str | dict[str, Any], **fields: Any) -> Any:
        """``ask`` that must end well; its result."""
        told = self.ask(kind, **fields)
        assert (told["status"], told["error"]["code"]) == ("ready", 0), told
        return told["result"]

    def error(self, kind: str | dict[str, Any], **fields: Any) -> int:
        """``ask`` that must be refused; nothing was made by it."""
        before = self.fd
        told = self.ask(kind, **fields)
        assert told["status"] == "error", told
        assert told["result"] is None
        assert self.fd == before
        code: int = told["error"]["code"]
        return code

    # --- what became of it ---

    @property
    def fd(self) -> int:
        return self.device.register.drive.last_fd

    def dumped(self) -> list[dict[str, Any]]:
        documents: list[dict[str, Any]] = dump(self.device.state.drive)["documents"]
        return documents

    def tags(self) -> dict[str, Any]:
        """Of the last document."""
        tags: dict[str, Any] = self.dumped()[-1]["tags"]
        return tags

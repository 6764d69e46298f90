"""A service that answers from a list, one connection for each request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from drivers.terminal_api import Progress, Transaction, Verdict
from drivers.terminals.inpas import InpasTerminal, load_profile
from drivers.transports.base import LinkError, Transport
from drivers.transports.http import HttpClient
from drivers.transports.memory import VirtualClock

TERMINAL = "00311159"


def answer(fields: Mapping[int, str], encoding: str = "windows-1251", declared: str | None = None) -> bytes:
    """As the service writes it."""
    lines = [f'<?xml version="1.0" encoding="{encoding if declared is None else declared}"?>', "<response>"]
    lines += [f'<field id="{number:02d}">{value}</field>' for number, value in fields.items()]
    return "\n".join([*lines, "</response>"]).encode(encoding)


def http(body: bytes, status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


APPROVED: Mapping[int, str] = {
    0: "15000", 4: "643", 10: "************1234", 13: "123456", 14: "606012345678", 15: "00", 19: "ОДОБРЕНО",
    21: "20260301121530", 23: "42", 27: TERMINAL, 28: "790000000001", 39: "1",
    90: "Я^^ОДОБРЕНО\r\n  150,00 РУБ\r\n~Ъ^^ПОДПИСЬ ______\r\n",
}  # fmt: skip

CLOSE = b""  # the service closes the connection without an answer


@dataclass
class ScriptedService(Transport):
    """``replies``: for each request what comes back, or the error of opening; at the end of the list it is silent."""

    clock: VirtualClock
    replies: list[bytes | LinkError]
    requests: list[dict[int, str]] = field(default_factory=list)
    raw: bytearray = field(default_factory=bytearray)
    takes: float = 0.0  # seconds until it answers
    times: list[float] = field(default_factory=list)
    _reply: bytes | None = None
    _is_open: bool = False

    def open(self) -> None:
        assert not self._is_open
        if self.replies and isinstance(self.replies[0], LinkError):
            self.replies.pop(0)
            raise LinkError("device_offline", "refused")
        self._is_open = True

    def close(self) -> None:
        self._is_open = False

    def write(self, data: bytes) -> None:
        assert self._is_open
        self.raw += data
        self.times.append(self.clock.now())
        text = data.decode("cp1251")
        self.requests.append({int(number): value for number, value in re.findall(r'id="(\d+)">([^<]*)<', text)})
        reply = self.replies.pop(0) if self.replies else None
        assert not isinstance(reply, LinkError)
        self._reply = reply

    def read(self, most: int, deadline: float) -> bytes:
        if self._reply is None:
            self.clock.sleep(deadline - self.clock.now())
            return b""
        self.clock.sleep(self.takes)
        piece, self._reply = self._reply[:most], self._reply[most:]
        if not piece:
            raise LinkError("link_lost", "closed")
        return piece


@dataclass
class Attendant:
    verdict: Verdict = Verdict.KEEP
    told: list[Progress] = field(default_factory=list)
    approvals: list[Transaction] = field(default_factory=list)

    def progress(self, progress: Progress) -> None:
        self.told.append(progress)

    def approved(self, transaction: Transaction) -> Verdict:
        self.approvals.append(transaction)
        return self.verdict

    def abort_wanted(self) -> bool:
        return False


def terminal(
    *replies: bytes | LinkError | Mapping[int, str],
    trace: list[tuple[str, bytes]] | None = None,
    terminal_id: str = TERMINAL,
) -> tuple[InpasTerminal, ScriptedService]:
    clock = VirtualClock()
    service = ScriptedService(
        clock, [reply if isinstance(reply, bytes | LinkError) else http(answer(reply)) for reply in replies]
    )

    def hear(_: float, direction: str, data: bytes) -> None:
        assert trace is not None
        trace.append((direction, data))

    profile = replace(load_profile(), terminal_id=terminal_id)
    client = HttpClient(service, clock, "127.0.0.1:9015")
    return InpasTerminal(client, profile, clock, hear if trace is not None else None), service

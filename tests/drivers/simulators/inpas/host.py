"""A cash register's program that posts XML, written out by hand; it shares nothing with the simulator."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random

from drivers.simulators.bank import Entry
from drivers.simulators.clock import ManualClock
from drivers.simulators.inpas import InpasState, InpasTerminal, Options, new_device
from drivers.simulators.line import Connection

START = datetime(2026, 11, 22, 10, 0)  # noqa: DTZ001


@dataclass(frozen=True, slots=True)
class Answer:
    status: int  # HTTP
    fields: Mapping[int, str]
    error: int | None  # of the service itself
    raw: bytes

    @property
    def said(self) -> tuple[str | None, str | None]:
        """Fields 39 and 15."""
        return self.fields.get(39), self.fields.get(15)


def read(data: bytes) -> Answer:
    head, _, body = data.partition(b"\r\n\r\n")
    status = int(head.split()[1])
    length = int(re.search(rb"Content-Length: (\d+)", head)[1])  # type: ignore[index]
    assert len(body) == length
    try:
        text = body.decode("cp1251")
    except UnicodeDecodeError:
        text = ""
    fields = {int(n): _plain(v) for n, v in re.findall(r'<field id="(\d\d)">(.*?)</field>', text, re.DOTALL)}
    error = re.search(r"<errorcode>(\d+)</errorcode>", text)
    return Answer(status, fields, int(error[1]) if error else None, body)


def _plain(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def post(body: bytes) -> bytes:
    head = f"POST / HTTP/1.1\r\nHost: 127.0.0.1:9015\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Host:
    def __init__(
        self, *faults: str, state: InpasState | None = None, options: Options | None = None, seed: int = 1
    ) -> None:
        self.clock = ManualClock(START)
        self.device: InpasTerminal = new_device(self.clock, Random(seed), state=state, faults=faults, options=options)
        self.line: Connection = self.device.connection()
        self.ern = 100

    def request(self, timeout: int | None = 180_000, **fields: str | int) -> bytes:
        """``f0=15000`` is field 00. Number, terminal and currency are there unless they are given."""
        self.ern += 1
        values: dict[str, str | int] = {"f4": "643", "f26": self.ern, "f27": self.device.state.bank.terminal_id}
        values |= fields
        lines = "".join(f'<field id="{int(n[1:]):02d}">{v}</field>' for n, v in values.items() if v != "")
        wait = f"<timeout>{timeout}</timeout>" if timeout is not None else ""
        return f'<?xml version="1.0" encoding="windows-1251"?><request>{lines}{wait}</request>'.encode("cp1251")

    def begin(self, timeout: int | None = 180_000, **fields: str | int) -> bytes:
        """Over a new connection where the service has hung up the one before, as it does when nothing is said."""
        if self.line.closed:
            self.dial()
        return self.line.receive(post(self.request(timeout, **fields)))

    def ask(self, timeout: int | None = 180_000, *, seconds: float = 1000.0, **fields: str | int) -> Answer:
        data = self.begin(timeout, **fields) or self.wait(seconds)
        assert data, "no answer"
        return read(data)

    def wait(self, seconds: float = 1000.0) -> bytes:
        """Until something comes, the line drops or so much time has passed."""
        end = self.clock.monotonic() + seconds
        while not self.line.closed:
            due = self.line.deadline
            if due is None or due > end:
                break
            self.clock.advance(max(0.0, due - self.clock.monotonic()))
            data = self.line.poll()
            if data:
                return data
        return b""

    def dial(self) -> None:
        self.line.close()
        self.line = self.device.connection()

    def pass_time(self, seconds: float) -> bytes:
        self.clock.advance(seconds)
        return self.line.poll()

    def pay(self, kopecks: int, **fields: str | int) -> Answer:
        return self.ask(f0=kopecks, f25=1, **fields)

    @property
    def entries(self) -> list[Entry]:
        return self.device.state.bank.entries

    @property
    def standings(self) -> list[str]:
        bank = self.device.bank
        return [f"{entry.kind.value} {entry.amount} {bank.standing(entry).value}" for entry in self.entries]

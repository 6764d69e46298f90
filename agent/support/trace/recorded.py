"""A transport that answers from a trace: the device's side of a recorded exchange, played to a real driver.

What the driver writes is compared, masked as the trace is, with what was written then; at the first difference the line
breaks, and ``difference`` tells it. Silence lasts until the deadline, on whatever clock the driver reads.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from agent.support.trace.readers import Reader
from agent.support.trace.record import Record, Trace
from drivers.transports.base import Clock, LinkError, Transport


@dataclass(frozen=True, slots=True)
class Difference:
    """``number`` counts the trace's records from 1; ``expected`` is what the trace has there."""

    number: int
    expected: str
    got: str


def named(record: Record | None) -> str:
    """A record in words, for a difference."""
    if record is None:
        return "the end of the trace"
    if record.way in ("open", "close"):
        return record.way
    said = " ".join(word for word in (record.command, record.result) if word)
    return f"{record.way} {said}: {record.data.hex(' ')}"


class RecordedTransport(Transport):
    def __init__(self, trace: Trace, reader: Reader, clock: Clock) -> None:
        self.difference: Difference | None = None
        self._records = trace.records
        self._at = 0
        self._reader = reader
        self._clock = clock
        self._waiting: deque[bytes] = deque()
        self._is_open = False

    @property
    def played(self) -> int:
        """How many records have been gone through."""
        return self._at

    def open(self) -> None:
        self._waiting.clear()
        while (record := self._next()) is not None and record.way in ("close", "rx"):
            self._at += 1
        if record is None or record.way != "open":
            raise self._differs("open")
        self._at += 1
        self._is_open = True

    def close(self) -> None:
        record = self._next()
        if self._is_open and record is not None and record.way == "close":
            self._at += 1
        self._is_open = False
        self._waiting.clear()
        for side in ("tx", "rx"):
            self._reader.rest(side)

    def write(self, data: bytes) -> None:
        self._check()
        for piece in self._reader.feed("tx", data):
            record = self._next()
            while record is not None and record.way == "rx":  # what the driver did not wait for
                self._hear(record)
                record = self._next()
            if record is None or record.way != "tx" or record.data != piece.data:
                raise self._differs(f"tx {piece.command or ''}: {piece.data.hex(' ')}")
            self._at += 1

    def read(self, most: int, deadline: float) -> bytes:
        self._check()
        record = self._next()
        while record is not None and record.way == "rx":
            self._hear(record)
            record = self._next()
        if not self._waiting:
            self._clock.sleep(max(0.0, deadline - self._clock.now()))
            return b""
        data = self._waiting.popleft()
        if len(data) > most:
            self._waiting.appendleft(data[most:])
        return data[:most]

    def _hear(self, record: Record) -> None:
        self._at += 1
        self._reader.feed("rx", record.data)
        self._waiting.append(record.data)

    def _next(self) -> Record | None:
        return self._records[self._at] if self._at < len(self._records) else None

    def _differs(self, got: str) -> LinkError:
        if self.difference is None:
            self.difference = Difference(self._at + 1, named(self._next()), got)
        self._is_open = False
        return LinkError("link_lost", f"the trace goes on differently at record {self.difference.number}")

    def _check(self) -> None:
        if not self._is_open:
            raise LinkError("device_offline", "not open")

    def __repr__(self) -> str:
        return "recorded"

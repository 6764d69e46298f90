"""The channel below the faults: a simulated register in this process, its time leaping to the next thing to happen.

``drivers.transports.simulated`` looks every five milliseconds, because its clock is the system's; a driver that waits
half a minute for an answer would cost six thousand looks, and here there are ten thousands of such waits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from drivers.transports.base import Clock, LinkError, Transport


class Line(Protocol):
    """One connection to a simulated register."""

    @property
    def closed(self) -> bool: ...

    @property
    def deadline(self) -> float | None:
        """The clock's seconds of the next thing that happens by itself."""

    def feed(self, data: bytes) -> None: ...

    def poll(self) -> bytes: ...

    def close(self) -> None: ...


class LeapingTransport(Transport):
    def __init__(self, connect: Callable[[], Line], clock: Clock) -> None:
        self._connect = connect
        self._clock = clock
        self._line: Line | None = None
        self._waiting = bytearray()

    def open(self) -> None:
        self.close()
        self._waiting.clear()
        try:
            self._line = self._connect()
        except ConnectionRefusedError as error:
            raise LinkError("device_offline", str(error)) from error

    def close(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def write(self, data: bytes) -> None:
        line = self._opened()
        if line.closed:
            raise LinkError("link_lost", "the device closed the connection")
        line.feed(data)

    def read(self, most: int, deadline: float) -> bytes:
        line = self._opened()
        while True:
            self._waiting += line.poll()
            if self._waiting:
                piece = bytes(self._waiting[:most])
                del self._waiting[:most]
                return piece
            if line.closed:
                raise LinkError("link_lost", "the device closed the connection")
            now = self._clock.now()
            if now >= deadline:
                return b""
            next_at = deadline if line.deadline is None else min(deadline, line.deadline)
            self._clock.sleep(next_at - now)

    def _opened(self) -> Line:
        if self._line is None:
            raise LinkError("device_offline", "not open")
        return self._line

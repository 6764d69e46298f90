"""A simulated device in this very process, without a socket: ``sim:shtrih?state=FILE``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from drivers.transports.base import Clock, LinkError, Transport

TICK = 0.005  # seconds between two looks at the device


class SimulatedLine(Protocol):
    """One connection to a simulated device, as its server uses it too."""

    @property
    def closed(self) -> bool: ...

    def feed(self, data: bytes) -> None: ...

    def poll(self) -> bytes: ...

    def close(self) -> None: ...


class SimulatedTransport(Transport):
    def __init__(self, connect: Callable[[], SimulatedLine], clock: Clock, name: str) -> None:
        self._connect = connect
        self._clock = clock
        self._name = name
        self._line: SimulatedLine | None = None
        self._waiting = bytearray()

    def open(self) -> None:
        self.close()
        self._waiting.clear()
        self._line = self._connect()

    def close(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def write(self, data: bytes) -> None:
        line = self._opened()
        if line.closed:
            raise LinkError("link_lost", f"{self}: the device closed the connection")
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
                raise LinkError("link_lost", f"{self}: the device closed the connection")
            left = deadline - self._clock.now()
            if left <= 0:
                return b""
            self._clock.sleep(min(TICK, left))

    def _opened(self) -> SimulatedLine:
        if self._line is None:
            raise LinkError("device_offline", f"{self}: not open")
        return self._line

    def __repr__(self) -> str:
        return self._name

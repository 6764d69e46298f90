"""A device inside this process, on a clock that jumps instead of waiting.

For tests, deterministic simulation and demonstrations: the peer is any object with ``feed`` and ``poll`` that reads
the same clock.
"""

from __future__ import annotations

from typing import Protocol

from drivers.transports.base import Clock, LinkError, Transport

TICK = 0.01  # seconds of the clock between two looks at the peer


class Peer(Protocol):
    """The other end of the wire. Either method may raise ``LinkError`` for a line that breaks."""

    def feed(self, data: bytes) -> None:
        """Bytes arrive at the peer."""

    def poll(self) -> bytes:
        """What the peer has sent since the last look, by the clock's present moment."""


class VirtualClock:
    """Time passes only by ``sleep``."""

    def __init__(self, start: float = 1000.0) -> None:
        self._now = start

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += max(0.0, seconds)


class MemoryTransport(Transport):
    def __init__(self, peer: Peer, clock: Clock, tick: float = TICK) -> None:
        self._peer = peer
        self._clock = clock
        self._tick = tick
        self._waiting = bytearray()
        self._is_open = False

    def open(self) -> None:
        self._waiting.clear()
        self._is_open = True

    def close(self) -> None:
        self._is_open = False

    def write(self, data: bytes) -> None:
        self._check()
        self._peer.feed(data)

    def read(self, most: int, deadline: float) -> bytes:
        self._check()
        while True:
            self._waiting += self._peer.poll()
            if self._waiting:
                piece = bytes(self._waiting[:most])
                del self._waiting[:most]
                return piece
            left = deadline - self._clock.now()
            if left <= 0:
                return b""
            self._clock.sleep(min(self._tick, left))

    def _check(self) -> None:
        if not self._is_open:
            raise LinkError("device_offline", "not open")

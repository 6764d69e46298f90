"""A plugged-in line of a simulated device: bytes through the faults, time-outs, and the lower level that they speak.

``feed`` takes bytes of the host, ``poll`` returns bytes for it. After the device has cut the line ``closed`` is true;
``poll`` may still return what had left before. The device picks the lower level by the first byte that belongs to one;
it stays until the line is plugged in again or the level itself asks to ``choose_again``.
"""

from __future__ import annotations

from typing import Protocol

from drivers.simulators.clock import Clock
from drivers.simulators.faults import LineFaults


class Level(Protocol):
    """A lower level, as a connection drives it."""

    def take(self, data: bytes) -> int:
        """Some of these bytes, in order, at least one: no more than up to the first of which anything may come. How
        many. One at a time is always right."""

    def timed_out(self) -> None: ...

    def answer_ready(self) -> None:
        """A command has been carried out and its reply is to be sent."""

    def answer_lost(self) -> None:
        """A command has been carried out and its reply does not leave by itself."""


class Behind(Protocol):
    """The device behind a line."""

    @property
    def clock(self) -> Clock: ...

    @property
    def line(self) -> LineFaults: ...

    @property
    def deaf(self) -> bool: ...

    @property
    def deadline(self) -> float | None: ...

    def tick(self) -> None: ...

    def level_for(self, line: Connection, byte: int, /) -> Level | None:
        """The level that this first byte belongs to; ``None``: to none, it is dropped."""


class Connection:
    def __init__(self, device: Behind) -> None:
        self._device = device
        self._level: Level | None = None
        self._out = bytearray()
        self._timer: float | None = None
        self._cutting = False
        self.closed = False

    def receive(self, data: bytes) -> bytes:
        """``feed`` and ``poll`` in one."""
        self.feed(data)
        return self.poll()

    def feed(self, data: bytes) -> None:
        """Bytes after a cut go nowhere."""
        self._device.tick()
        self._watch_timer()
        line = self._device.line
        at = 0
        while at < len(data) and not self.closed:
            if line.calm:
                taken = self._take(data[at:])
                line.passed("in", taken)
                at += taken
                continue
            left, self._cutting = line.passing("in", data[at])
            at += 1
            while left:
                left = left[self._take(left) :]
            if self._cutting:
                self.close()

    def poll(self) -> bytes:
        """Let time pass and collect what is to be sent."""
        self._device.tick()
        self._watch_timer()
        data, self._out = bytes(self._out), bytearray()
        return data

    def close(self) -> None:
        self.closed = True
        self._timer = None

    @property
    def deadline(self) -> float | None:
        """``clock.monotonic()`` of the next thing that happens by itself."""
        waits = [when for when in (self._timer, self._device.deadline) if when is not None]
        return min(waits) if waits else None

    # --- for the device ---

    def answer_ready(self) -> None:
        """The device has finished a command; whoever waits for it gets the reply without asking."""
        if self._level is not None and not self.closed:
            self._level.answer_ready()

    def answer_lost(self) -> None:
        if self._level is not None and not self.closed:
            self._level.answer_lost()

    # --- for the lower level ---

    def emit(self, data: bytes) -> None:
        line = self._device.line
        if line.calm and not (self.closed or self._cutting or self._device.deaf):
            line.passed("out", len(data))
            self._out += data
            return
        for byte in data:
            if self.closed or self._cutting or self._device.deaf:
                return
            left, cut = line.passing("out", byte)
            self._out += left
            if cut:
                self.close()

    def wait(self, seconds: float | None) -> None:
        """``timed_out`` of the lower level after so long; ``None`` waits for nothing."""
        self._timer = None if seconds is None else self._device.clock.monotonic() + seconds

    def choose_again(self) -> None:
        """The next byte picks the lower level anew."""
        self._level = None
        self._timer = None

    # --- inside ---

    def _take(self, data: bytes) -> int:
        """Have the lower level take some of these bytes; how many of them are over and done with."""
        if self._device.deaf:
            return len(data)
        if self._level is None:
            self._level = self._device.level_for(self, data[0])
        return 1 if self._level is None else self._level.take(data)

    def _watch_timer(self) -> None:
        if self._timer is not None and self._device.clock.monotonic() >= self._timer:
            self._timer = None
            if self._level is not None:
                self._level.timed_out()

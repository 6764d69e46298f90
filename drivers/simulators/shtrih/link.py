"""A plugged-in line of the register: bytes through the faults, time-outs, and the choice of the lower level.

``feed`` takes bytes of the host, ``poll`` returns bytes for it. After the device has cut the line ``closed`` is true;
``poll`` may still return what had left before. The lower level is chosen by the first byte of a connection that belongs
to one: 05h or 02h the standard one (module ``standard``), 8Fh the alternative one (module ``alternative``); it stays
until the line is plugged in again or command 14h has been carried out (protocol 2.0, «Нижний уровень»).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from drivers.simulators.shtrih.alternative import START, Alternative
from drivers.simulators.shtrih.standard import Standard
from drivers.simulators.shtrih.wire import ENQ, STX

if TYPE_CHECKING:
    from drivers.simulators.shtrih.device import ShtrihDevice


class Level(Protocol):
    """One of the two lower levels, as a connection drives it."""

    def take(self, byte: int) -> None: ...

    def timed_out(self) -> None: ...

    def answer_ready(self) -> None:
        """A command has been carried out and its reply is to be sent."""

    def answer_lost(self) -> None:
        """A command has been carried out and its reply does not leave by itself."""


class Connection:
    def __init__(self, device: ShtrihDevice) -> None:
        self.device = device
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
        self.device.tick()
        self._watch_timer()
        line = self.device.line
        for byte in data:
            if self.closed:
                return
            if line.calm:
                line.passed("in", 1)
                if not self.device.deaf:
                    self._take(byte)
                continue
            left, self._cutting = line.passing("in", byte)
            if not self.device.deaf:
                for each in left:
                    self._take(each)
            if self._cutting:
                self.close()

    def poll(self) -> bytes:
        """Let time pass and collect what is to be sent."""
        self.device.tick()
        self._watch_timer()
        data, self._out = bytes(self._out), bytearray()
        return data

    def close(self) -> None:
        self.closed = True
        self._timer = None

    @property
    def deadline(self) -> float | None:
        """``clock.monotonic()`` of the next thing that happens by itself."""
        waits = [when for when in (self._timer, self.device.deadline) if when is not None]
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
        line = self.device.line
        if line.calm and not (self.closed or self._cutting or self.device.deaf):
            line.passed("out", len(data))
            self._out += data
            return
        for byte in data:
            if self.closed or self._cutting or self.device.deaf:
                return
            left, cut = line.passing("out", byte)
            self._out += left
            if cut:
                self.close()

    def wait(self, seconds: float | None) -> None:
        """``timed_out`` of the lower level after so long; ``None`` waits for nothing."""
        self._timer = None if seconds is None else self.device.clock.monotonic() + seconds

    def choose_again(self) -> None:
        """Command 14h has been carried out: the next byte picks the lower level."""
        self._level = None
        self._timer = None

    # --- inside ---

    def _take(self, byte: int) -> None:
        if self._level is None:
            only = self.device.options.protocol
            if byte in (ENQ, STX) and only != 2:
                self._level = Standard(self)
            elif byte == START and only != 1:
                self._level = Alternative(self)
            else:
                return
        self._level.take(byte)

    def _watch_timer(self) -> None:
        if self._timer is not None and self.device.clock.monotonic() >= self._timer:
            self._timer = None
            if self._level is not None:
                self._level.timed_out()

"""A channel on which one byte meets with a fault; whatever the driver, whatever the channel below.

Positions count the bytes of one direction from the first opening on, over all later openings. The fault strikes once.
Up to its byte everything is as without it, so a fault-free run tells which positions there are.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from drivers.transports.base import Clock, LinkError, Transport

CALLS = 100_000  # reads and writes after which a driver is taken to go round in circles, whatever its clock says


class Direction(StrEnum):
    OUT = "out"  # to the device
    IN = "in"  # from it


class Fault(StrEnum):
    CUT = "cut"  # the channel dies before this byte; opened anew it is well
    DELAY = "delay"  # this byte and all after it in this direction wait until the reader has waited in vain
    LATE = "late"  # the same, but until the channel is closed: what was going out is still heard then
    FLIP = "flip"  # one of its bits, the next one at the next position
    INVERT = "invert"  # all its bits
    DOUBLE = "double"  # it arrives twice
    INSERT = "insert"  # noise arrives before it, another byte at the next position
    LOSE = "lose"  # it does not arrive


@dataclass(frozen=True, slots=True)
class Strike:
    direction: Direction
    position: int
    fault: Fault

    def __str__(self) -> str:
        return f"{self.direction}:{self.position}:{self.fault}"

    def damaged(self, byte: bytes) -> bytes:
        """What arrives instead of this one byte, for the faults that change what arrives and not when."""
        match self.fault:
            case Fault.FLIP:
                return bytes((byte[0] ^ 1 << self.position % 8,))
            case Fault.INVERT:
                return bytes((byte[0] ^ 0xFF,))
            case Fault.DOUBLE:
                return byte + byte
            case Fault.INSERT:
                return bytes(((self.position * 167 + 13) & 0xFF,)) + byte
            case Fault.LOSE:
                return b""
        raise AssertionError(self)


class FaultyTransport(Transport):
    def __init__(self, inner: Transport, clock: Clock, strike: Strike | None = None) -> None:
        """Without a ``strike`` it only counts."""
        self._inner = inner
        self._clock = clock
        self._strike = strike
        self.streams: Mapping[Direction, bytearray] = {each: bytearray() for each in Direction}
        """What each side has said, whatever of it arrived."""
        self._waiting = bytearray()  # from the device, not read yet
        self._held: dict[Direction, bytearray] = {}  # a direction that holds its bytes back
        self._dead = False
        self._calls = 0

    # --- the channel

    @property
    def sent(self) -> int:
        return len(self.streams[Direction.OUT])

    @property
    def received(self) -> int:
        return len(self.streams[Direction.IN])

    @property
    def variants(self) -> int:
        return self._inner.variants

    def next_variant(self) -> None:
        self._waiting.clear()
        self._inner.next_variant()

    @property
    def found(self) -> Mapping[str, str]:
        return self._inner.found

    def open(self) -> None:
        self.close()
        self._inner.open()
        self._dead = False

    def close(self) -> None:
        """What was held on its way to the device arrives now, as the last that it hears of this channel."""
        late = self._held.pop(Direction.OUT, b"")
        self._held.clear()
        self._waiting.clear()
        if late:
            with contextlib.suppress(LinkError):
                self._inner.write(bytes(late))
        self._inner.close()

    def __repr__(self) -> str:
        return repr(self._inner)

    # --- to the device

    def write(self, data: bytes) -> None:
        self._check()
        first = self._said(Direction.OUT, data)
        if (held := self._held.get(Direction.OUT)) is not None:
            held += data
            return
        at = self._struck(Direction.OUT, first, data)
        arrives = data if at is None else self._meet(data, at)
        if arrives:
            self._inner.write(arrives)
        self._die_if_cut()

    # --- from the device

    def read(self, most: int, deadline: float) -> bytes:
        patient = self._clock.now() < deadline  # a look at what is there is no waiting
        while not self._waiting:
            self._check()
            data = self._inner.read(most, deadline)
            if not data:
                if patient:
                    self._waited_in_vain()
                return b""
            first = self._said(Direction.IN, data)
            if (held := self._held.get(Direction.IN)) is not None:
                held += data
                continue
            at = self._struck(Direction.IN, first, data)
            self._waiting += data if at is None else self._meet(data, at)
            if not self._waiting:
                self._die_if_cut()
        piece = bytes(self._waiting[:most])
        del self._waiting[:most]
        return piece

    # --- the fault

    def _said(self, direction: Direction, data: bytes) -> int:
        """The position of its first byte."""
        stream = self.streams[direction]
        stream += data
        return len(stream) - len(data)

    def _struck(self, direction: Direction, first: int, data: bytes) -> int | None:
        """The place in ``data`` that the fault strikes."""
        strike = self._strike
        if strike is None or strike.direction is not direction or not 0 <= strike.position - first < len(data):
            return None
        return strike.position - first

    def _meet(self, data: bytes, at: int) -> bytes:
        """What of ``data`` arrives now, its byte ``at`` being struck."""
        assert self._strike is not None
        before, byte, after = data[:at], data[at : at + 1], data[at + 1 :]
        if self._strike.fault is Fault.CUT:
            self._dead = True
            return before
        if self._strike.fault in (Fault.DELAY, Fault.LATE):
            self._held[self._strike.direction] = bytearray(byte + after)
            return before
        return before + self._strike.damaged(byte) + after

    def _die_if_cut(self) -> None:
        if self._dead:
            self._inner.close()
            self._check()

    def _check(self) -> None:
        self._calls += 1
        if self._calls > CALLS:
            raise RecursionError(f"{self._calls} reads and writes: it goes round in circles")
        if self._dead:
            raise LinkError("link_lost", f"{self}: cut at {self._strike}")

    def _waited_in_vain(self) -> None:
        """The reader's time is over: what was delayed arrives from now on."""
        if self._strike is None or self._strike.fault is not Fault.DELAY:
            return
        late = self._held.pop(self._strike.direction, None)
        if late is None:
            return
        if self._strike.direction is Direction.IN:
            self._waiting += late
        elif late:
            self._inner.write(bytes(late))

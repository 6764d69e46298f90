"""What the benches of terminals at a line or a network share: the wire, which can break at every moment."""

from __future__ import annotations

from enum import Enum, auto
from random import Random

from drivers.conformance.terminals.bench import Fate, Hand, NotOffered, Setting, Step
from drivers.simulators.line import Connection
from drivers.transports.base import Clock, LinkError
from drivers.transports.memory import MemoryTransport
from tests.conformance.banked import BankedDesk

TICK = 0.05
STUMP = 3
"""Bytes of a command that are through when the channel breaks."""


QUESTIONS = (Step.STATUS, Step.LAST, Step.REPORT, Step.REPRINT)


class Trap(Enum):
    """What the wire does when the moment has come."""

    HALF = auto()  # half of what the terminal says once it has booked is through, then the channel breaks
    TOLD = auto()  # what it says then is through; what we send after that is not
    NOISE = auto()  # what the terminal says is noise, until the channel is opened anew
    LATE = auto()  # what we send next is through, then the channel breaks, and the terminal does not hear of it


class Wire:
    """The memory transport's peer."""

    def __init__(self, desk: LineDesk) -> None:
        self.sent = 0
        self.occupied = False
        self.noise = False
        self.trap: Trap | None = None
        self._desk = desk
        self._random = Random(7)
        self._line: Connection | None = None
        self._broken = False
        self._told = False
        self._noisy = False
        self._out = b""
        self._booked = 0

    def set(self, trap: Trap) -> None:
        self.trap, self._told, self._booked = trap, False, len(self._desk.bank.state.entries)

    def open(self) -> None:
        if self.occupied:
            raise LinkError("port_busy", "the bench holds the port")
        try:
            self._line = self._desk.device.connection()
        except ConnectionRefusedError as error:
            raise LinkError("device_offline", str(error)) from error
        self._broken, self._out = False, b""
        if self._noisy:
            self._noisy, self.trap = False, None

    def close(self) -> None:
        """The host hangs up."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def feed(self, data: bytes) -> None:
        self._check()
        if self.trap is Trap.TOLD and self._told:
            self._break()
        assert self._line is not None
        self.sent += len(data)
        self._out += self._line.receive(data)
        if self.trap is Trap.LATE:
            self._line, self.trap, self._broken = None, None, True

    def poll(self) -> bytes:
        out = self._out
        if self._line is not None:
            out += self._line.poll()
        self._out = b""
        if not out:
            self._check()
        if out and self.trap in (Trap.HALF, Trap.TOLD) and len(self._desk.bank.state.entries) > self._booked:
            if self.trap is Trap.HALF:
                out = out[: len(out) // 2]
                self._break(quietly=True)
            self._told = True
        self._noisy = self._noisy or (self.trap is Trap.NOISE and bool(out))
        return self._random.randbytes(len(out)) if self.noise or self._noisy else out

    def _break(self, *, quietly: bool = False) -> None:
        self.trap, self._broken = None, True
        self.close()
        if not quietly:
            self._check()

    def _check(self) -> None:
        if self._broken or self._line is None or self._line.closed:
            raise LinkError("link_lost", "the line is broken")


class WireTransport(MemoryTransport):
    def __init__(self, wire: Wire, clock: Clock) -> None:
        super().__init__(wire, clock, TICK)
        self._wire = wire

    def open(self) -> None:
        self._wire.open()
        super().open()

    def close(self) -> None:
        super().close()
        self._wire.close()


class LineDesk(BankedDesk):
    def __init__(self, settings: frozenset[Setting]) -> None:
        self.wire = Wire(self)
        super().__init__(settings)

    def channel(self) -> WireTransport:
        return WireTransport(self.wire, self)

    @property
    def _questions(self) -> set[str]:
        """Commands that move nothing."""
        return {self.COMMANDS[step] for step in QUESTIONS if step in self.COMMANDS}

    def bytes_sent(self) -> int:
        return self.wire.sent

    def _fate(self, command: str, fate: Fate, seconds: float) -> str | None:
        inject = self.device.inject
        match fate:
            case Fate.CUT:
                inject(f"cut:after={STUMP},direction=in")
            case Fate.BROKEN:
                inject(f"drop:command={command}")
            case Fate.LATE:
                inject(f"slow:command={command},seconds={seconds}")
                self.wire.set(Trap.LATE)
            case Fate.ANSWER_LOST:
                self.twist(command, "lost")
            case Fate.HALF:
                self.wire.set(Trap.HALF)
            case Fate.UNACKNOWLEDGED:
                self.wire.set(Trap.TOLD)
            case Fate.SILENCE if command in self._questions:
                inject(f"mute:command={command},seconds={self.driver.capabilities.max_time['query'] * 2}")
            case Fate.GARBAGE if command in self._questions:
                self.wire.set(Trap.NOISE)
            case Fate.SILENCE:
                self.twist(command, "hang")
            case Fate.GARBAGE:
                self.twist(command, "garbage")
            case Fate.NO_CARD:
                self.twist(command, "no-card")
            case Fate.FOREIGN:
                self.twist(command, "other-answer")
            case _:
                return self._of_this_make(command, fate, seconds)
        return None

    def _of_this_make(self, command: str, fate: Fate, seconds: float) -> str | None:
        raise NotOffered(f"{fate} at {command}")

    def _hand(self, hand: Hand, value: int) -> None:
        match hand:
            case Hand.NOISE:
                self.wire.noise = True
            case Hand.OCCUPY:
                self.wire.occupied = True
            case _:
                super()._hand(hand, value)

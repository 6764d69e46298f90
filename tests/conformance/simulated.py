"""What the benches over simulated registers of ours share: the watched device, its line, and hands of any make."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from random import Random
from typing import Any, ClassVar

from drivers.api import FiscalRegister
from drivers.conformance.bench import Desk, Fate, Hand, Need, Setting, Step, Truth
from drivers.simulators.appliance import Appliance
from drivers.simulators.clock import ManualClock
from drivers.simulators.door import Door, Request
from drivers.simulators.dump import dump
from drivers.simulators.faults import Fault
from drivers.simulators.paper import MemoryPaper
from drivers.transports.base import Clock, LinkError, Transport
from drivers.transports.memory import MemoryTransport

START = datetime(2026, 11, 22, 10, 0)  # noqa: DTZ001  # a register has local time only
TICK = 0.05
SMALL_DRIVE = 12
"""Documents that a small drive holds."""
EVERYTHING: frozenset[Need] = frozenset((*Fate, *Hand, *Setting))


def format_of(settings: frozenset[Setting], usual: str) -> str:
    """The format that a register is registered in."""
    wanted = {Setting.FFD_105: "1.05", Setting.FFD_11: "1.1", Setting.FFD_12: "1.2"}
    return next((version for setting, version in wanted.items() if setting in settings), usual)


class Watched(Appliance[Any, Any]):
    """A simulated register, and what a bench wants to know of it: which commands came. Stands before the make's own
    class among the bases."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.came: list[str] = []
        self.cuts: list[tuple[str, int]] = []  # code, and how many of them may still pass
        self.noisy_at: list[str] = []
        self.noise = False
        self.deaf_after: dict[str, float] = {}
        self.slips = MemoryPaper()
        super().__init__(*args, **kwargs, paper=self.slips)

    def at_the_door(self, request: Request) -> Door:
        code = self.code_of(request.payload)
        self.came.append(code)
        if code in self.noisy_at:
            self.noisy_at.remove(code)
            self.noise = True
        self.cuts = [(each, left - (each == code)) for each, left in self.cuts]
        if (code, 0) in self.cuts:
            self.cuts.remove((code, 0))
            return Door.DROP
        return super().at_the_door(request)

    def _answer(self, request: Request, reply: bytes) -> None:
        super()._answer(request, reply)
        seconds = self.deaf_after.pop(self.code_of(request.payload), None)
        if seconds is not None:
            self.inject(Fault("mute", {"seconds": seconds}))


class Wire:
    """The memory transport's peer, and the clock of both ends."""

    def __init__(self, device: Watched, clock: ManualClock) -> None:
        self.device = device
        self.sent = 0
        self.unplugged = False
        self.occupied = False
        self.noise = False
        self._clock = clock
        self._random = Random(7)
        self._line = device.connection()
        self._out = b""

    def now(self) -> float:
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        self._clock.advance(max(0.0, seconds))
        self.device.tick()

    def connect(self) -> None:
        if self.occupied:
            raise LinkError("port_busy", "the bench holds the port")
        if self.unplugged or not self.device.powered:
            raise LinkError("device_offline", "nobody is there")
        self._out = b""
        self.device.noise = False
        self._line = self.device.connection()

    @property
    def due(self) -> float | None:
        """The moment of the next thing that happens by itself."""
        return self._line.deadline

    def swap(self, device: Watched) -> None:
        """Another register at the same address; what was open goes over to it."""
        self.device = device
        self._line = device.connection()

    def feed(self, data: bytes) -> None:
        self._check()
        self.sent += len(data)
        self._out += self._heard(self._line.receive(data))

    def poll(self) -> bytes:
        out, self._out = self._out + self._heard(self._line.poll()), b""
        if not out:
            self._check()
        return out

    def _heard(self, data: bytes) -> bytes:
        return self._random.randbytes(len(data)) if self.noise or self.device.noise else data

    def _check(self) -> None:
        if self._line.closed or self.unplugged:
            raise LinkError("link_lost", "the line is broken")


class WireTransport(MemoryTransport):
    def __init__(self, wire: Wire) -> None:
        super().__init__(wire, wire, TICK)
        self._wire = wire

    def open(self) -> None:
        self._wire.connect()
        super().open()


class SimulatedDesk(Desk):
    CODES: ClassVar[Mapping[Step, str]]
    """As ``Appliance.code_of`` tells them."""
    REFUSAL: ClassVar[int]
    """An error that promises that nothing was done, as the driver shows it in hexadecimal."""

    def __init__(self, settings: frozenset[Setting]) -> None:
        self._clock = ManualClock(START)
        self._wire = Wire(self._device(settings, seed=1), self._clock)
        self.driver = self._register(WireTransport(self._wire), self._wire)

    # --- what a make is ---

    @abstractmethod
    def _device(self, settings: frozenset[Setting], seed: int) -> Watched:
        """Fresh from its registration; another ``seed`` is another register."""

    @abstractmethod
    def _register(self, transport: Transport, clock: Clock) -> FiscalRegister: ...

    @abstractmethod
    def _open_total(self, device: Watched) -> int | None:
        """See ``Truth.open_total``."""

    @abstractmethod
    def _of_this_make(self, hand: Hand, device: Watched) -> None:
        """What a hand does to this make alone."""

    # --- the desk ---

    def now(self) -> float:
        return self._wire.now()

    def sleep(self, seconds: float) -> None:
        self._wire.sleep(seconds)

    def received(self, step: Step) -> int:
        return self._wire.device.came.count(self.CODES[step])

    def bytes_sent(self) -> int:
        return self._wire.sent

    def truth(self) -> Truth:
        device = self._wire.device
        held = dump(device.state.drive)
        strip = "\n".join(str(row) for row in device.state.printer.strip)
        return Truth(
            identity=held["register"],
            documents=held["documents"],
            shift_open=held["shift"]["open"],
            open_total=self._open_total(device),
            drawer=device.state.counters.drawer,
            printed=[slip.text() for slip in device.slips.slips] + ([strip] if strip else []),
            pulses=device.register.drawer_pulses,
        )

    def fate(self, step: Step, fate: Fate, *, nth: int = 1, seconds: float = 0.0) -> str | None:
        device, code = self._wire.device, self.CODES[step]
        which: dict[str, str | int | float] = {"command": code, "nth": nth}
        match fate:
            case Fate.CUT:
                device.cuts.append((code, nth))
            case Fate.GARBAGE:
                device.noisy_at.append(code)
            case Fate.SILENCE_AFTER:
                device.deaf_after[code] = seconds
            case Fate.SILENCE:
                device.inject(Fault("mute", {**which, "seconds": seconds}))
            case Fate.ANSWER_LOST:
                device.inject(Fault("answer-lost", {**which, "stored": "no"}))
            case Fate.ANSWER_KEPT:
                device.inject(Fault("answer-lost", {**which, "stored": "yes"}))
            case Fate.LATE:
                device.inject(Fault("late", {**which, "seconds": seconds, "stored": "no"}))
            case Fate.REFUSED:
                device.inject(Fault("refuse", {**which, "error": self.REFUSAL}))
                return f"{self.REFUSAL:02X}"
            case Fate.BUSY:
                device.inject(Fault("busy", which))
            case Fate.SLOW:
                device.inject(Fault("slow", {**which, "seconds": seconds}))
            case Fate.POWER_BEFORE | Fate.POWER_AFTER:
                device.inject(Fault("power", {**which, "when": fate.split()[1], "off": 0.5}))
            case Fate.DAMAGED:
                device.inject(Fault("checksum", {**which, "direction": "out"}))
        return None

    def hand(self, hand: Hand, value: float = 0) -> None:
        device = self._wire.device
        match hand:
            case Hand.PAPER_OUT:
                device.take_paper()
            case Hand.PAPER_IN:
                device.load_paper()
            case Hand.COVER_OPEN:
                device.open_cover()
            case Hand.COVER_CLOSED:
                device.close_cover()
            case Hand.SLOW_PRINTER:
                device.print_slowly(value)
            case Hand.POWER_CYCLE | Hand.POWER_ANNULS:
                device.power_off(annulled=hand is Hand.POWER_ANNULS)
                device.power_on()
            case Hand.UNPLUG | Hand.PLUG:
                self._wire.unplugged = hand is Hand.UNPLUG
            case Hand.OCCUPY:
                self._wire.occupied = True
            case Hand.OTHER_REGISTER:
                self._wire.swap(self._device(frozenset(), seed=2))
            case Hand.NEW_DRIVE:
                self._replace_drive(device)
            case Hand.CLOCK:
                device.move_clock(value)
            case Hand.FOREIGN_RECEIPT:
                assert device.register.sell_for_another_program(int(value))
            case Hand.NOISE:
                self._wire.noise = True
            case _:
                self._of_this_make(hand, device)

    def _replace_drive(self, device: Watched) -> None:
        """The register keeps its serial; its drive is a fresh one, registered anew."""
        fresh = self._device(frozenset(), seed=3)
        serial = device.state.drive.registration.register_serial
        fresh.state.drive.registration = replace(fresh.state.drive.registration, register_serial=serial)
        self._wire.swap(fresh)

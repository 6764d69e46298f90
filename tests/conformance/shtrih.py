"""The Shtrih-M family's benches: our driver over the simulated register in memory, one for each lower level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from types import MappingProxyType

from drivers.conformance.bench import Bench, Desk, Fate, Hand, Need, Setting, Step, Truth
from drivers.fiscal.shtrih import ShtrihRegister, load_profile
from drivers.simulators.clock import ManualClock
from drivers.simulators.door import Door, Request
from drivers.simulators.dump import dump
from drivers.simulators.faults import Fault
from drivers.simulators.paper import MemoryPaper
from drivers.simulators.registration import ALL_TAX_SYSTEMS, FN_CAPACITY
from drivers.simulators.shtrih import Options, ShtrihDevice, ShtrihState, new_state
from drivers.simulators.shtrih.models import STANDARD
from drivers.simulators.shtrih.wire import code_of
from drivers.simulators.store import Store
from drivers.transports.base import LinkError
from drivers.transports.memory import MemoryTransport

START = datetime(2026, 11, 22, 10, 0)  # noqa: DTZ001  # a register has local time only
TICK = 0.05
REFUSAL = 0x4F
"""Wrong password: an answer that promises that nothing was done."""

CODES: Mapping[Step, str] = MappingProxyType({
    Step.STATUS: "11",
    Step.DOCUMENT: "FF0A",
    Step.OPEN: "8D",
    Step.LINE: "FF46",
    Step.CLOSE: "FF45",
    Step.CANCEL: "88",
    Step.OPEN_SHIFT: "E0",
    Step.CLOSE_SHIFT: "41",
    Step.X_REPORT: "40",
    Step.CASH_IN: "50",
    Step.CASH_OUT: "51",
    Step.TEXT: "2F",
    Step.COPY: "8C",
    Step.DRAWER: "28",
    Step.CONTINUE: "B0",
})  # fmt: skip


class Watched(ShtrihDevice):
    """The simulated register, and what a bench wants to know of it: which commands came."""

    def __init__(self, state: ShtrihState, clock: ManualClock, random: Random, protocol: int) -> None:
        self.came: list[str] = []
        self.cuts: list[tuple[str, int]] = []  # code, and how many of them may still pass
        self.noisy_at: list[str] = []
        self.noise = False
        self.deaf_after: dict[str, float] = {}
        self.slips = MemoryPaper()
        super().__init__(
            state, clock, faults=(), paper=self.slips, store=Store(None, ShtrihState),
            options=Options(protocol=protocol), random=random,
        )  # fmt: skip

    def at_the_door(self, request: Request) -> Door:
        code = code_of(request.payload)[0]
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
        seconds = self.deaf_after.pop(code_of(request.payload)[0], None)
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


class ShtrihDesk(Desk):
    def __init__(self, settings: frozenset[Setting], protocol: int, model: str) -> None:
        self._model = model
        self._clock = ManualClock(START)
        self._protocol = protocol
        self._wire = Wire(self._device(self._state(settings), seed=1), self._clock)
        self.driver = ShtrihRegister(WireTransport(self._wire), replace(load_profile(), protocol=protocol), self._wire)

    def _state(self, settings: frozenset[Setting], seed: int = 1) -> ShtrihState:
        ffd = {Setting.FFD_105: "1.05", Setting.FFD_11: "1.1"}
        state = new_state(
            Random(seed),
            self._clock,
            model=self._model,
            ffd=next((version for setting, version in ffd.items() if setting in settings), "1.2"),
            tax_systems=1 if Setting.ONE_TAXATION in settings else ALL_TAX_SYSTEMS,
            vat_autoreplace=Setting.VAT20_REPLACED in settings,
            fn_capacity=12 if Setting.SMALL_DRIVE in settings else FN_CAPACITY,
        )
        if Setting.VAT22_MISSING in settings:
            state.tables |= {"6.11.1": 0, "6.11.2": "РЕЗЕРВ", "6.12.1": 0, "6.12.2": "РЕЗЕРВ"}
        if Setting.PRINTING_OFF in settings:
            state.tables["17.1.7"] = 2
        if Setting.TAX_BY_HOST in settings:
            state.tables["1.1.14"] = 1
        return state

    def _device(self, state: ShtrihState, seed: int) -> Watched:
        return Watched(state, self._clock, Random(seed), self._protocol)

    def now(self) -> float:
        return self._wire.now()

    def sleep(self, seconds: float) -> None:
        self._wire.sleep(seconds)

    def received(self, step: Step) -> int:
        return self._wire.device.came.count(CODES[step])

    def bytes_sent(self) -> int:
        return self._wire.sent

    def truth(self) -> Truth:
        device = self._wire.device
        held = dump(device.state.drive)
        strip = "\n".join(str(row) for row in device.state.printer.strip)
        receipt = device.state.receipt
        return Truth(
            identity=held["register"],
            documents=held["documents"],
            shift_open=held["shift"]["open"],
            open_total=receipt.total if receipt else None if device.state.drive.current is None else 0,
            drawer=device.state.counters.drawer,
            printed=[slip.text() for slip in device.slips.slips] + ([strip] if strip else []),
            pulses=device.register.drawer_pulses,
        )

    def fate(self, step: Step, fate: Fate, *, nth: int = 1, seconds: float = 0.0) -> str | None:
        device, code = self._wire.device, CODES[step]
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
                device.inject(Fault("refuse", {**which, "error": REFUSAL}))
                return f"{REFUSAL:02X}"
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
            case Hand.NOT_A_REGISTER:
                device.inject("refuse:command=FF01,error=37,times=always")
            case Hand.OTHER_REGISTER:
                self._wire.swap(self._device(self._state(frozenset(), seed=2), seed=2))
            case Hand.NEW_DRIVE:
                self._replace_drive(device)
            case Hand.CLOCK:
                device.move_clock(value)
            case Hand.CLOCK_LOST:
                device.register.ask_date(device.register.now().date())
            case Hand.FOREIGN_RECEIPT:
                assert device.register.sell_for_another_program(int(value))
            case Hand.FOREIGN_OPEN:
                device.register.open_receipt(0, 1)
            case Hand.NOISE:
                self._wire.noise = True

    def _replace_drive(self, device: Watched) -> None:
        """The register keeps its serial; its drive is a fresh one, registered anew."""
        fresh = self._state(frozenset(), seed=3)
        fresh.drive.registration = replace(
            fresh.drive.registration, register_serial=device.state.drive.registration.register_serial
        )
        self._wire.swap(self._device(fresh, seed=3))


@dataclass(frozen=True)
class ShtrihBench(Bench):
    protocol: int = 1
    model: str = STANDARD

    def make(self, settings: frozenset[Setting]) -> ShtrihDesk:
        return ShtrihDesk(settings, self.protocol, self.model)


OFFERS: frozenset[Need] = frozenset((*Fate, *Hand, *Setting))
LONGEST = MappingProxyType({Step.CLOSE_SHIFT: 65.0})
BENCHES = tuple(
    ShtrihBench("shtrih", f"protocol {protocol}", OFFERS, longest=LONGEST, protocol=protocol) for protocol in (1, 2)
)

"""What a command costs over protocol 1: how long a lost reply lasts, and how many exchanges a receipt takes. With the
simulated register, on a clock that jumps; the profile is the family's own."""

# ruff: noqa: DTZ001  (a register has local time only)

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from random import Random

import pytest

from drivers.api import ShiftState
from drivers.errors import InDoubt, NotSent
from drivers.fiscal.shtrih import ShtrihRegister, load_profile
from drivers.fiscal.shtrih.link import Link
from drivers.simulators.clock import ManualClock
from drivers.simulators.line import Connection
from drivers.simulators.shtrih import new_device
from drivers.simulators.shtrih.device import Options, ShtrihDevice
from drivers.transports.base import LinkError
from drivers.transports.memory import MemoryTransport, VirtualClock
from protocol.ffd.planned import PlannedLine, PlannedPayments, PlannedReceipt
from protocol.ffd.vat import Vat
from protocol.wire.shtrih.commands import CloseReceipt, ShortStatus


class Wire(MemoryTransport):
    """The simulator's line on our clock; every write of ours is noted."""

    def __init__(self, device: ShtrihDevice, clock: VirtualClock, ticking: ManualClock) -> None:
        super().__init__(self, clock)
        self.writes: list[bytes] = []
        self._device, self._here, self._ticking = device, clock, ticking
        self._plugged: Connection | None = None

    def open(self) -> None:
        super().open()
        self._plugged = self._device.connection()

    def feed(self, data: bytes) -> None:
        self.writes.append(data)
        self._line().feed(data)

    def poll(self) -> bytes:
        out = self._line().poll()
        if not out and self._line().closed:
            raise LinkError("link_lost", "dropped")
        return out

    def _line(self) -> Connection:
        assert self._plugged is not None
        self._ticking.advance(self._here.now() - self._ticking.monotonic())
        return self._plugged

    def commands(self) -> Counter[str]:
        """Frames sent, by command code."""
        frames = [data for data in self.writes if data[:1] == b"\x02"]
        return Counter(frame[2:4].hex().upper() if frame[2] == 0xFF else f"{frame[2]:02X}" for frame in frames)


@dataclass
class Desk:
    register: ShtrihRegister
    wire: Wire
    device: ShtrihDevice
    clock: VirtualClock

    def seconds(self, action: Callable[[], object]) -> float:
        began = self.clock.now()
        action()
        return self.clock.now() - began


def desk(**options: float) -> Desk:
    ticking = ManualClock(datetime(2026, 11, 22, 10, 0))
    clock = VirtualClock(ticking.monotonic())
    device = new_device(ticking, Random(1), options=Options(**options))  # type: ignore[arg-type]
    wire = Wire(device, clock, ticking)
    register = ShtrihRegister(wire, load_profile(), clock)
    register.connect()
    return Desk(register, wire, device, clock)


# --- a reply that is lost while the channel stays open ---------------------------------------------------------------


def test_a_shift_whose_reply_is_lost_and_stored_is_open_after_seconds() -> None:
    """Its longest time is two minutes."""
    at = desk()
    at.device.inject("answer-lost:command=E0,drop=no")
    assert at.seconds(lambda: at.register.open_shift(None, None)) == pytest.approx(3.0, abs=0.5)
    assert at.register.status().shift is ShiftState.OPEN


def test_a_shift_whose_reply_is_gone_is_in_doubt_after_seconds_and_keeps_the_rest_of_its_time() -> None:
    """The device says that it is idle; who looks for the document may find it at once, but absence proves nothing
    until the command's time has passed."""
    at = desk()
    at.device.inject("answer-lost:command=E0,drop=no,stored=no")
    with pytest.raises(InDoubt) as caught:
        at.register.open_shift(None, None)
    assert caught.value.code == "no_reply"
    assert caught.value.remaining == pytest.approx(117.0, abs=0.5)
    at.register.connect()
    assert at.register.status().shift is ShiftState.OPEN


@pytest.mark.parametrize("stored", ["yes", "no"])
def test_reading_whose_reply_is_lost(stored: str) -> None:
    at = desk()
    at.device.inject(f"answer-lost:command=FF01,drop=no,stored={stored}")
    assert at.seconds(at.register.status) == pytest.approx(3.0, abs=0.5)


@pytest.mark.parametrize("seconds", [2.0, 10.0, 40.0, 119.0])
def test_a_shift_that_opens_slowly_is_asked_a_few_times_and_waited_for(seconds: float) -> None:
    at = desk()
    at.device.inject(f"slow:command=E0,seconds={seconds}")
    at.wire.writes.clear()
    assert at.seconds(lambda: at.register.open_shift(None, None)) == pytest.approx(seconds, abs=0.5)
    asked = sum(data == b"\x05" for data in at.wire.writes) - at.wire.commands().total()
    assert asked == {2.0: 0, 10.0: 2, 40.0: 3, 119.0: 5}[seconds]  # after 3, 9, 21, 45, 93 seconds
    assert at.register.status().shift is ShiftState.OPEN
    assert at.register.stale_replies == ()


# --- the moment of quiet after a verdict -----------------------------------------------------------------------------


class Crossing:
    """A register whose reply crosses our ENQ, and which answers that ENQ with the reply once more."""

    def __init__(self, clock: VirtualClock, *, hangs_up: bool) -> None:
        self._clock, self._hangs_up = clock, hangs_up
        self._out: list[tuple[float, bytes]] = []
        self._asked = 0

    def feed(self, data: bytes) -> None:
        reply, now = bytes.fromhex("02 03 FF 45 4D F4"), self._clock.now()
        if data == b"\x05":
            self._asked += 1
            late = [(now + 0.1, reply), (now + 0.5, b"\x06" + reply)] if self._asked == 3 else [(now, b"\x15")]
            self._out += late
        elif data[:1] == b"\x02":
            self._out.append((now, b"\x06" if self._asked == 2 else b"\x06\x02\x03\xff\x45\x33\x8a"))

    def poll(self) -> bytes:
        if self._hangs_up and self._asked == 3 and not self._out:
            raise LinkError("link_lost", "dropped")
        due = [data for moment, data in self._out if moment <= self._clock.now()]
        self._out = [each for each in self._out if each[0] > self._clock.now()]
        return b"".join(due)


def closing(link: Link) -> str | None:
    try:
        link.call(CloseReceipt(30, (10000,), 0, (), 1, ""))
    except Exception as error:
        return getattr(error, "vendor", None)
    return None


@pytest.mark.parametrize("hangs_up", [False, True], ids=["stays", "hangs up"])
def test_the_second_copy_of_a_reply_is_not_heard_by_the_next_command(hangs_up: bool) -> None:
    clock = VirtualClock()
    link = Link(MemoryTransport(Crossing(clock, hangs_up=hangs_up), clock), replace(load_profile(), protocol=1), clock)
    link.open()
    assert closing(link) == "4D", "the verdict stands, whatever becomes of the channel afterwards"
    if hangs_up:
        with pytest.raises(NotSent):
            link.call(ShortStatus(30))
    else:
        assert closing(link) == "33"
        assert link.stale == []


# --- how much a receipt takes ----------------------------------------------------------------------------------------


def receipt(lines: int) -> PlannedReceipt:
    line = PlannedLine("Защитное стекло", 15000, Decimal(1), 15000, Vat.VAT22, 2705, 4, 1, 0)
    return PlannedReceipt(
        sign=1,
        taxation=1,
        lines=(line,) * lines,
        payments=PlannedPayments(cash=15000 * lines),
        cash_tendered=15000 * lines,
        total=15000 * lines,
        vat={Vat.VAT22: 2705 * lines},
        cashier_name="Иванова М.",
        cashier_inn="500100732259",
        imprint="ABCDEFGHIJKLM",
    )


def sold(lines: int, **options: float) -> Wire:
    at = desk(**options)
    at.register.open_shift(None, None)
    at.wire.writes.clear()
    at.register.fill_receipt(receipt(lines), lambda *_: None)
    at.register.subtotal()
    at.register.close_receipt(receipt(lines))
    return at.wire


def test_a_line_takes_its_own_commands_and_nothing_else() -> None:
    """The line and its unit (tag 2108); the status is not looked at while nothing refuses."""
    one, forty = sold(1), sold(40)
    assert forty.commands() - one.commands() == Counter({"FF46": 39, "FF4D": 39})
    assert len(forty.writes) - len(one.writes) == 39 * 2 * 3  # ENQ, frame and ACK for each command


def test_the_status_is_looked_at_before_and_after_a_receipt_only() -> None:
    assert sold(40, print_time=0.0).commands()["10"] <= 3

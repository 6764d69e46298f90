"""One suite for every kind of link: in memory, over TCP, over a pseudo-terminal; lower levels 1 and 2."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from drivers.address import parse_address
from drivers.errors import InDoubt, NotSent, Refused
from drivers.fiscal.shtrih.link import Link
from drivers.fiscal.shtrih.profile import Profile, load_profile
from drivers.transports import transport_for
from drivers.transports.base import Clock, LinkError, SystemClock, Transport
from drivers.transports.memory import MemoryTransport, VirtualClock
from drivers.transports.serial import SerialTransport
from protocol.wire.shtrih.commands import CloseReceipt, ShortStatus
from protocol.wire.shtrih.exchange import Limits
from tests.drivers.fiscal.line_peer import (
    DAMAGE,
    DAMAGE_REPLY,
    FOREVER,
    HANG_UP,
    LOSE,
    LOSE_REPLY,
    RESTART,
    LinePeer,
)
from tests.drivers.transports.wires import PtyWire, TcpWire, plugged

CLOSE = CloseReceipt(30, (10000,), 0, (), 1, "")
CLOSE_BYTES = CLOSE.to_bytes()
CLOSED = bytes.fromhex("00 D0 07 00 00 00 D0 00 00 00 E9 3D 00 B5")
STATUS = ShortStatus(30)
REPLIES = {
    b"\xff\x45": CLOSED,
    b"\x10": bytes.fromhex("00 1E 9202 02 00 05 FF D8 00 00 00 000000"),
    b"\xfc": bytes.fromhex("00 00 00 01 0E 98 00 D8"),
}
LIMITS = Limits(control=0.2, frame=0.3, earlier=0.5)


def profile(protocol: int | None = None) -> Profile:
    family = load_profile()
    return replace(family, limits=LIMITS, max_time=dict.fromkeys(family.max_time, 0.7), protocol=protocol)


class MemoryWire(MemoryTransport):
    """A peer whose channel may break."""

    def __init__(self, peer: LinePeer, clock: Clock) -> None:
        super().__init__(peer, clock)
        self._device = peer

    def open(self) -> None:
        super().open()
        self._device.reconnect()

    def read(self, most: int, deadline: float) -> bytes:
        if self._device.broken:
            raise LinkError("link_lost", "broken")
        return super().read(most, deadline)


@dataclass
class Bench:
    link: Link
    peer: LinePeer
    clock: Clock


Open = Callable[[LinePeer, Profile], Bench]


@pytest.fixture(params=["memory", "tcp", "pty"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    with ExitStack() as stack:

        def make(peer: LinePeer, settings: Profile) -> Bench:
            clock: Clock = SystemClock()
            transport: Transport
            if request.param == "memory":
                clock = VirtualClock()
                transport = MemoryWire(peer, clock)
            else:
                wire = TcpWire(peer) if request.param == "tcp" else PtyWire(peer, tmp_path / "port")
                stack.enter_context(plugged(wire))
                transport = transport_for(parse_address(wire.address), clock)
            link = Link(transport, settings, clock)
            stack.callback(link.close)
            return Bench(link, peer, clock)

        yield make


@pytest.fixture(params=[1, 2], ids=["protocol 1", "protocol 2"])
def protocol(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def test_the_lower_level_is_found_and_commands_go_through(bench: Open, protocol: int) -> None:
    desk = bench(LinePeer(protocol, REPLIES), profile())
    desk.link.open()
    for _ in range(3):
        assert desk.link.call(STATUS).mode == 2
        assert desk.link.call(CLOSE).fd == 208
    assert [command for command in desk.peer.executed if command != b"\xfc"] == [STATUS.to_bytes(), CLOSE_BYTES] * 3
    assert desk.link.stale == []


FATES = {
    LOSE: ("no_reply", None),
    LOSE_REPLY: (None, None),
    DAMAGE: (None, None),
    DAMAGE_REPLY: (None, None),
    RESTART: ("no_reply", "no_reply"),
    HANG_UP: ("link_lost", "link_lost"),
    FOREVER: ("no_reply", "no_reply"),
}
"""What becomes of a closing command in protocol 1 and 2: its reply, or doubt with this code."""


@pytest.mark.parametrize("fate", FATES)
def test_a_command_is_never_executed_twice_and_doubt_is_said(bench: Open, protocol: int, fate: str) -> None:
    desk = bench(LinePeer(protocol, REPLIES), profile())
    desk.link.open()
    desk.link.call(STATUS)
    desk.peer.fates.append(fate)
    doubt = FATES[fate][protocol - 1]
    if doubt is None:
        assert desk.link.call(CLOSE).fd == 208
    else:
        with pytest.raises(InDoubt) as caught:
            desk.link.call(CLOSE)
        assert caught.value.code == doubt
        with pytest.raises(NotSent):
            desk.link.call(STATUS)  # the channel is closed
    executed = desk.peer.executed.count(CLOSE_BYTES)
    assert executed == (0 if fate == LOSE and doubt else 1)


def test_the_reply_that_was_lost_with_the_channel_is_there_after_opening_anew(bench: Open, protocol: int) -> None:
    desk = bench(LinePeer(protocol, REPLIES), profile())
    desk.link.open()
    desk.link.call(STATUS)
    desk.peer.fates.append(HANG_UP)
    with pytest.raises(InDoubt):
        desk.link.call(CLOSE)
    desk.link.open()
    assert desk.link.stale == [b"\xff\x45" + CLOSED]
    assert desk.link.call(STATUS).mode == 2
    assert desk.peer.executed.count(CLOSE_BYTES) == 1


@pytest.mark.parametrize("fate", [LOSE, LOSE_REPLY, DAMAGE, DAMAGE_REPLY, RESTART])
def test_reading_gets_its_answer_anyway(bench: Open, protocol: int, fate: str) -> None:
    desk = bench(LinePeer(protocol, REPLIES), profile())
    desk.link.open()
    desk.link.call(STATUS)
    desk.peer.fates.append(fate)
    assert desk.link.call(STATUS).mode == 2


def test_a_register_that_restarts_between_two_commands(bench: Open, protocol: int) -> None:
    """Nothing is in doubt: the one copy of the frame that went out was answered by a device that had begun anew."""
    desk = bench(LinePeer(protocol, REPLIES), profile())
    desk.link.open()
    desk.link.call(STATUS)
    desk.link.call(STATUS)
    desk.peer.restart()
    assert desk.link.call(CLOSE).fd == 208
    assert desk.peer.executed.count(CLOSE_BYTES) == 1


def test_the_first_command_after_power_up_is_as_safe_as_any(bench: Open) -> None:
    """Number 1 would be executed again by a device that restarts; a harmless question takes it."""
    desk = bench(LinePeer(2, REPLIES), profile())
    desk.link.open()
    desk.peer.fates.append(RESTART)
    with pytest.raises(InDoubt):
        desk.link.call(CLOSE)
    assert desk.peer.executed == [b"\xfc", CLOSE_BYTES]


def test_a_refusal_and_an_unknown_command(bench: Open, protocol: int) -> None:
    desk = bench(LinePeer(protocol, {**REPLIES, b"\xff\x45": b"\x4d", b"\x10": b"\x37"}), profile())
    desk.link.open()
    with pytest.raises(Refused) as caught:
        desk.link.call(CLOSE)
    assert caught.value.vendor == "4D"
    with pytest.raises(Refused) as caught:
        desk.link.call(STATUS)
    assert caught.value.code == "unsupported"


# --- which lower level -----------------------------------------------------------------------------------------------


def test_a_register_just_switched_on_is_asked_in_protocol_1_first(bench: Open) -> None:
    desk = bench(LinePeer(0, REPLIES), profile())
    desk.link.open()
    assert desk.peer.protocol == 1
    assert desk.peer.heard == b"\x05"


def test_the_lower_level_of_last_time_is_tried_first_and_is_no_vow(bench: Open) -> None:
    desk = bench(LinePeer(2, REPLIES), profile())
    desk.link.open()
    assert desk.peer.heard.startswith(b"\x05\x8f")
    desk.peer.heard = b""
    desk.link.open()
    assert desk.peer.heard == bytes.fromhex("8F 00 00 0F 1D")
    desk.peer.protocol = 1
    desk.peer.restart()
    desk.link.open()
    assert desk.link.call(STATUS).mode == 2


@pytest.mark.parametrize("wanted", [1, 2])
def test_a_forced_lower_level_is_the_only_one_asked(bench: Open, wanted: int) -> None:
    desk = bench(LinePeer(0, REPLIES), profile(wanted))
    desk.link.open()
    assert desk.peer.protocol == wanted
    assert desk.link.call(CLOSE).fd == 208
    other = bench(LinePeer(3 - wanted, REPLIES), profile(wanted))
    with pytest.raises(NotSent) as caught:
        other.link.open()
    assert caught.value.code == "device_offline"
    assert other.peer.executed == []


def test_nobody_answers(bench: Open) -> None:
    peer = LinePeer(1, REPLIES)
    peer.silent = True
    desk = bench(peer, profile())
    with pytest.raises(NotSent) as caught:
        desk.link.open()
    assert caught.value.code == "device_offline"
    assert desk.peer.heard == (b"\x05" + bytes.fromhex("8F 00 00 0F 1D")) * 3


def test_what_is_left_of_a_commands_time_is_told() -> None:
    clock = VirtualClock()
    peer = LinePeer(2, REPLIES)
    link = Link(MemoryWire(peer, clock), load_profile(), clock)
    link.open()
    link.call(STATUS)
    peer.fates.append(FOREVER)
    began = clock.now()
    with pytest.raises(InDoubt) as caught:
        link.call(CLOSE)
    assert clock.now() - began == pytest.approx(30, abs=0.1)
    assert caught.value.remaining == pytest.approx(15, abs=0.1)  # the last copy left after 1 + 2 + 4 + 8 seconds


# --- the speed of a port ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("speed", [115200, 4800, 921600])
def test_the_speed_is_sought_by_questions_only_and_remembered(tmp_path: Path, protocol: int, speed: int) -> None:
    peer = LinePeer(protocol, REPLIES)
    wire = PtyWire(peer, tmp_path / "port")
    wire.baud = speed
    with plugged(wire):
        clock = SystemClock()
        address = f"serial:{tmp_path / 'port'}"
        transport = transport_for(parse_address(address), clock)
        link = Link(transport, profile(), clock)
        link.open()
        assert repr(transport) == f"{address}?baud={speed}"
        assert dict(transport.found) == {"baud": str(speed)}
        assert link.call(STATUS).mode == 2
        peer.heard = b""
        link.open()
        link.close()
        assert peer.heard.lstrip(b"\x06") in (b"\x05\x05", bytes.fromhex("8F 00 00 0F 1D" * 2))


def test_no_speed_fits(tmp_path: Path) -> None:
    peer = LinePeer(1, REPLIES)
    wire = PtyWire(peer, tmp_path / "port")
    wire.baud = 1200
    with plugged(wire):
        clock = SystemClock()
        transport = SerialTransport(str(tmp_path / "port"), clock, (9600, 4800), lambda _port: True)
        link = Link(transport, profile(), clock)
        with pytest.raises(NotSent) as caught:
            link.open()
        assert caught.value.code == "device_offline"
        assert peer.heard == b""

"""The simulated channel over a line that a test scripts; the simulator itself is tested with its own kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.address import parse_address
from drivers.transports import transport_for
from drivers.transports.base import LinkError, SystemClock
from drivers.transports.memory import VirtualClock
from drivers.transports.simulated import SimulatedTransport


class ScriptedLine:
    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.closed = False
        self.fed = b""
        self.later: list[tuple[float, bytes]] = []

    def feed(self, data: bytes) -> None:
        self.fed += data

    def poll(self) -> bytes:
        ready = [data for at, data in self.later if at <= self.clock.now()]
        self.later = [(at, data) for at, data in self.later if at > self.clock.now()]
        return b"".join(ready)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def lines() -> list[ScriptedLine]:
    return []


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def transport(lines: list[ScriptedLine], clock: VirtualClock) -> SimulatedTransport:
    def connect() -> ScriptedLine:
        lines.append(ScriptedLine(clock))
        return lines[-1]

    return SimulatedTransport(connect, clock, "sim:shtrih")


def test_each_opening_is_a_connection_and_nothing_is_connected_before(
    transport: SimulatedTransport, lines: list[ScriptedLine]
) -> None:
    assert lines == []
    transport.open()
    transport.open()
    assert [line.closed for line in lines] == [True, False]
    transport.close()
    transport.close()
    assert [line.closed for line in lines] == [True, True]


def test_a_read_waits_for_the_device(
    transport: SimulatedTransport, lines: list[ScriptedLine], clock: VirtualClock
) -> None:
    transport.open()
    transport.write(b"\x05")
    began = clock.now()
    lines[0].later = [(began + 3, b"\x15\xff")]
    assert transport.read(1, began + 10) == b"\x15"
    assert clock.now() - began == pytest.approx(3, abs=0.01)
    assert transport.read(10, 0.0) == b"\xff"
    assert transport.read(10, clock.now() + 2) == b""
    assert lines[0].fed == b"\x05"


def test_a_line_that_the_device_cut_is_lost_after_its_last_bytes(
    transport: SimulatedTransport, lines: list[ScriptedLine], clock: VirtualClock
) -> None:
    transport.open()
    lines[0].later = [(0.0, b"\x06")]
    lines[0].closed = True
    assert transport.read(10, clock.now()) == b"\x06"
    for use in (lambda: transport.read(10, clock.now()), lambda: transport.write(b"\x05")):
        with pytest.raises(LinkError) as caught:
            use()
        assert caught.value.code == "link_lost"


def test_not_open(transport: SimulatedTransport) -> None:
    with pytest.raises(LinkError) as caught:
        transport.read(1, 0.0)
    assert caught.value.code == "device_offline"


@pytest.mark.parametrize("address", ["sim:nothing", "sim:shtrih?colour=red"])
def test_a_wrong_family_or_option_is_told_when_opening(address: str) -> None:
    transport = transport_for(parse_address(address), SystemClock())
    with pytest.raises(LinkError) as caught:
        transport.open()
    assert caught.value.code == "device_offline"
    assert address in caught.value.detail


def test_a_simulated_register_answers_an_enquiry(tmp_path: Path) -> None:
    clock = SystemClock()
    transport = transport_for(parse_address(f"sim:shtrih?state={tmp_path / 'register.json'}"), clock)
    transport.open()
    transport.write(b"\x05")
    assert transport.read(1, clock.now() + 10) == b"\x15"
    transport.close()

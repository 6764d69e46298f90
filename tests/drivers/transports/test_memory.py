from __future__ import annotations

import pytest

from drivers.transports.base import LinkError
from drivers.transports.memory import MemoryTransport, VirtualClock


class Echo:
    """Sends back what it was fed, half a second later."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.fed: list[tuple[float, bytes]] = []

    def feed(self, data: bytes) -> None:
        self.fed.append((self.clock.now() + 0.5, data))

    def poll(self) -> bytes:
        ready = b"".join(data for at, data in self.fed if at <= self.clock.now())
        self.fed = [(at, data) for at, data in self.fed if at > self.clock.now()]
        return ready


def test_waiting_moves_the_clock_and_nothing_else() -> None:
    clock = VirtualClock(100.0)
    transport = MemoryTransport(Echo(clock), clock)
    transport.open()
    assert transport.read(10, 160.0) == b""
    assert clock.now() == pytest.approx(160.0)


def test_bytes_come_when_the_peer_sends_them_and_in_pieces() -> None:
    clock = VirtualClock(100.0)
    transport = MemoryTransport(Echo(clock), clock)
    transport.open()
    transport.write(b"hello")
    assert transport.read(2, 101.0) == b"he"
    assert clock.now() == pytest.approx(100.5, abs=0.02)
    assert transport.read(10, 101.0) == b"llo"


def test_opening_again_forgets_what_was_waiting() -> None:
    clock = VirtualClock()
    transport = MemoryTransport(Echo(clock), clock)
    transport.open()
    transport.write(b"old")
    transport.read(1, clock.now() + 1)
    transport.open()
    assert transport.read(10, clock.now() + 1) == b""


def test_a_closed_transport_says_so() -> None:
    clock = VirtualClock()
    transport = MemoryTransport(Echo(clock), clock)
    transport.open()
    transport.close()
    transport.close()
    with pytest.raises(LinkError) as caught:
        transport.write(b"x")
    assert caught.value.code == "device_offline"

"""A real socket on the loopback."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from drivers.transports.base import LinkError, SystemClock
from drivers.transports.tap import Direction, TapTransport
from drivers.transports.tcp import TcpTransport

CLOCK = SystemClock()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture
def pair(listener: socket.socket) -> Iterator[tuple[TcpTransport, socket.socket]]:
    transport = TcpTransport("127.0.0.1", listener.getsockname()[1], CLOCK)
    transport.open()
    device, _ = listener.accept()
    with device:
        yield transport, device
    transport.close()


def test_bytes_go_both_ways(pair: tuple[TcpTransport, socket.socket]) -> None:
    transport, device = pair
    transport.write(b"\x05")
    assert device.recv(10) == b"\x05"
    device.sendall(b"\x15\xff")
    assert transport.read(1, CLOCK.now() + 5) == b"\x15"
    assert transport.read(10, CLOCK.now() + 5) == b"\xff"


def test_a_deadline_in_the_past_only_looks(pair: tuple[TcpTransport, socket.socket]) -> None:
    transport, _ = pair
    assert transport.read(10, CLOCK.now() - 1) == b""
    assert transport.read(10, CLOCK.now() + 0.01) == b""


def test_a_device_is_given_time_to_close_its_side(pair: tuple[TcpTransport, socket.socket]) -> None:
    transport, device = pair

    def part() -> None:
        assert device.recv(10) == b""
        device.sendall(b"late")
        device.close()

    peer = threading.Thread(target=part)
    peer.start()
    transport.finish(CLOCK.now() + 30)  # ends when the device has closed, long before
    peer.join()
    with pytest.raises(LinkError):
        transport.read(10, CLOCK.now() - 1)
    transport.close()
    transport.finish(CLOCK.now() + 30)


def test_a_device_that_keeps_its_side_open_is_left_at_the_deadline(pair: tuple[TcpTransport, socket.socket]) -> None:
    transport, device = pair
    transport.finish(CLOCK.now() + 0.05)
    assert device.recv(10) == b""  # it has been told


def test_a_device_that_hangs_up_is_a_lost_link(pair: tuple[TcpTransport, socket.socket]) -> None:
    transport, device = pair
    device.close()
    with pytest.raises(LinkError) as caught:
        transport.read(10, CLOCK.now() + 5)
    assert caught.value.code == "link_lost"
    assert "tcp:127.0.0.1:" in caught.value.detail


def test_a_reset_is_a_lost_link(pair: tuple[TcpTransport, socket.socket]) -> None:
    transport, device = pair
    device.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    device.close()

    def write_on() -> None:
        for _ in range(100):
            transport.write(b"x" * 1000)

    with pytest.raises(LinkError) as caught:
        write_on()
    assert caught.value.code == "link_lost"


def test_nobody_listens(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    listener.close()
    with pytest.raises(LinkError, match="ECONNREFUSED") as caught:
        TcpTransport("127.0.0.1", port, CLOCK).open()
    assert caught.value.code == "device_offline"


def test_a_closed_transport_says_so_and_closes_twice() -> None:
    transport = TcpTransport("127.0.0.1", 1, CLOCK)
    transport.close()
    transport.close()
    for use in (lambda: transport.write(b"x"), lambda: transport.read(1, 0.0)):
        with pytest.raises(LinkError) as caught:
            use()
        assert caught.value.code == "device_offline"


def test_opening_again_is_a_new_connection(listener: socket.socket) -> None:
    transport = TcpTransport("127.0.0.1", listener.getsockname()[1], CLOCK)
    transport.open()
    first, _ = listener.accept()
    first.sendall(b"old")
    transport.open()
    second, _ = listener.accept()
    second.sendall(b"new")
    assert transport.read(10, CLOCK.now() + 5) == b"new"
    for channel in (first, second, transport):
        channel.close()


def test_a_tap_hears_everything_in_order(listener: socket.socket) -> None:
    heard: list[tuple[Direction, bytes]] = []
    inner = TcpTransport("127.0.0.1", listener.getsockname()[1], CLOCK)
    transport = TapTransport(inner, CLOCK, lambda _at, direction, data: heard.append((direction, data)))
    transport.open()
    device, _ = listener.accept()
    transport.write(b"\x05")
    device.sendall(b"\x15")
    transport.read(10, CLOCK.now() + 5)
    transport.read(10, CLOCK.now())
    device.close()
    transport.close()
    with pytest.raises(LinkError):
        transport.write(b"last")
    assert heard == [("open", b""), ("tx", b"\x05"), ("rx", b"\x15"), ("close", b""), ("tx", b"last")]

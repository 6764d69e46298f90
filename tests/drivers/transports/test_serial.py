"""A real pseudo-terminal stands for the port: the same system calls, without the wire's speed."""

from __future__ import annotations

import os
import select
import termios
import threading
import time
import tty
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import serial

from drivers.address import AddressError, parse_address
from drivers.transports import transport_for
from drivers.transports.base import LinkError, SystemClock
from drivers.transports.serial import BAUDS, SerialTransport
from drivers.transports.tap import TapTransport

CLOCK = SystemClock()


@dataclass
class Port:
    name: str
    device: int  # the other side
    terminal: int

    def says(self, data: bytes) -> None:
        """The bytes have arrived at the terminal when this returns."""
        os.write(self.device, data)
        assert select.select([self.terminal], [], [], 5)[0]

    def unplug(self) -> None:
        if self.device >= 0:
            os.close(self.device)
            self.device = -1


@pytest.fixture
def port() -> Iterator[Port]:
    device, terminal = os.openpty()
    tty.setraw(terminal)
    port = Port(os.ttyname(terminal), device, terminal)
    yield port
    os.close(terminal)
    port.unplug()


@pytest.fixture
def transport(port: Port) -> Iterator[SerialTransport]:
    transport = SerialTransport(port.name, CLOCK, BAUDS, lambda _port: True)
    transport.open()
    yield transport
    transport.close()


def test_bytes_go_both_ways_untouched(port: Port, transport: SerialTransport) -> None:
    everything = bytes(range(256))
    transport.write(everything)
    assert os.read(port.device, 1000) == everything
    os.write(port.device, everything)
    heard = b""
    while len(heard) < 256:
        heard += transport.read(100, CLOCK.now() + 5)
    assert heard == everything


def test_a_read_gives_at_most_what_was_asked_for(port: Port, transport: SerialTransport) -> None:
    port.says(b"\x05\x06\x15")
    assert transport.read(1, CLOCK.now() + 5) == b"\x05"
    assert transport.read(10, CLOCK.now() + 5) == b"\x06\x15"


def test_a_deadline_in_the_past_only_looks(port: Port, transport: SerialTransport) -> None:
    assert transport.read(10, CLOCK.now() - 1) == b""
    port.says(b"\x15")
    assert transport.read(10, CLOCK.now() - 1) == b"\x15"


def test_a_read_ends_near_its_deadline_and_as_soon_as_a_byte_is_there(port: Port, transport: SerialTransport) -> None:
    began = time.monotonic()
    assert transport.read(10, CLOCK.now() + 0.1) == b""
    assert 0.1 <= time.monotonic() - began < 2
    later = threading.Timer(0.05, os.write, (port.device, b"\x15"))
    later.start()
    assert transport.read(10, CLOCK.now() + 30) == b"\x15"
    later.join()


def test_the_port_is_set_to_8n1_without_flow_control(port: Port, transport: SerialTransport) -> None:
    iflag, _, cflag, lflag, ispeed, ospeed, _ = termios.tcgetattr(port.device)
    assert cflag & termios.CSIZE == termios.CS8
    assert not cflag & (termios.PARENB | termios.CSTOPB | termios.CRTSCTS)
    assert not iflag & (termios.IXON | termios.IXOFF | termios.ICRNL)
    assert not lflag & (termios.ICANON | termios.ECHO)
    assert (ispeed, ospeed) == (termios.B115200, termios.B115200)


def test_two_stop_bits_where_the_address_says_so(port: Port) -> None:
    transport = transport_for(parse_address(f"serial:{port.name}?baud=9600&stop=2"), CLOCK)
    transport.open()
    try:
        assert termios.tcgetattr(port.device)[2] & termios.CSTOPB
    finally:
        transport.close()
    with pytest.raises(AddressError, match="expected 1 or 2"):
        transport_for(parse_address("serial:COM3?stop=1.5"), CLOCK)


def test_speeds_are_gone_through_round_and_round(port: Port, transport: SerialTransport) -> None:
    seen = []
    for _ in range(transport.variants):
        seen.append(termios.tcgetattr(port.device)[4])
        port.says(b"old")
        transport.next_variant()
        assert transport.read(10, CLOCK.now()) == b"", "bytes of another speed mean nothing"
    assert seen == [getattr(termios, f"B{baud}") for baud in BAUDS]
    assert transport.found == {"baud": "115200"}


def test_opening_anew_keeps_the_speed_in_use(port: Port, transport: SerialTransport) -> None:
    transport.next_variant()
    transport.open()
    assert transport.found == {"baud": "57600"}
    assert termios.tcgetattr(port.device)[4] == termios.B57600


def test_a_second_program_gets_a_busy_port(port: Port, transport: SerialTransport) -> None:
    second = SerialTransport(port.name, CLOCK, (9600,), lambda _port: True)
    with pytest.raises(LinkError) as caught:
        second.open()
    assert caught.value.code == "port_busy"
    transport.close()
    second.open()
    second.close()


def test_a_port_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(LinkError, match="ENOENT") as caught:
        SerialTransport(str(tmp_path / "ttyACM0"), CLOCK, (9600,), lambda _port: True).open()
    assert caught.value.code == "device_offline"


def test_something_that_is_no_port(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(LinkError) as caught:
        SerialTransport(str(tmp_path / "file"), CLOCK, (9600,), lambda _port: False).open()
    assert caught.value.code == "device_offline"


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser is never denied")
def test_a_port_that_is_denied(tmp_path: Path) -> None:
    (tmp_path / "port").touch(mode=0)
    with pytest.raises(LinkError) as caught:
        SerialTransport(str(tmp_path / "port"), CLOCK, (9600,), lambda _port: True).open()
    assert caught.value.code == "port_busy"


@pytest.mark.parametrize(("listed", "code"), [(True, "port_busy"), (False, "device_offline")])
def test_where_the_system_gives_no_reason_its_list_decides(
    monkeypatch: pytest.MonkeyPatch, listed: bool, code: str
) -> None:
    """As on Windows, where the library keeps the reason to itself."""

    def refuse(*_args: object, **_named: object) -> None:
        raise serial.SerialException("could not open port 'COM3'")

    monkeypatch.setattr(serial, "Serial", refuse)
    with pytest.raises(LinkError) as caught:
        SerialTransport("COM3", CLOCK, (9600,), lambda _port: listed).open()
    assert caught.value.code == code


def test_a_port_that_is_unplugged_while_open(port: Port, transport: SerialTransport) -> None:
    port.unplug()
    with pytest.raises(LinkError) as caught:
        transport.read(10, CLOCK.now() + 5)
    assert caught.value.code == "link_lost"
    with pytest.raises(LinkError) as caught:
        transport.write(b"\x05")
    assert caught.value.code == "link_lost"
    transport.close()


def test_a_closed_transport_says_so_and_closes_twice() -> None:
    transport = SerialTransport("COM3", CLOCK, (9600,), lambda _port: True)
    transport.close()
    transport.close()
    for use in (lambda: transport.write(b"x"), lambda: transport.read(1, 0.0)):
        with pytest.raises(LinkError) as caught:
            use()
        assert caught.value.code == "device_offline"


@pytest.mark.parametrize(
    ("address", "variants"),
    [
        ("serial:COM3", 10),
        ("serial:COM3?baud=auto", 10),
        ("serial:COM3?baud=4800", 1),
        ("pty:/dev/pts/9", 1),
        ("tcp:127.0.0.1:7778", 1),
    ],
)
def test_only_a_port_without_a_speed_is_sought(address: str, variants: int) -> None:
    transport = transport_for(parse_address(address), CLOCK)
    assert TapTransport(transport, CLOCK, lambda _at, _direction, _data: None).variants == variants
    assert repr(transport).startswith(address.partition("?")[0])

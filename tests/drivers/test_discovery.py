from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from drivers.address import Address, parse_address
from drivers.discovery import (
    ATOL_WEB,
    INPAS,
    RNDIS,
    Answer,
    Candidate,
    askable,
    discover,
    every_speed,
    probe,
    suggested,
)
from drivers.registry import DRIVERS
from drivers.transports import ports, transport_for
from drivers.transports.base import Clock, LinkError, SystemClock, Transport
from drivers.transports.memory import MemoryTransport, VirtualClock
from drivers.transports.ports import SerialPort
from drivers.transports.serial import BAUDS, SerialTransport
from protocol.wire.shtrih.commands import Repeat
from tests.drivers.fiscal.line_peer import LinePeer
from tests.drivers.fiscal.scripted import ScriptedRegister
from tests.drivers.transports.wires import PtyWire, plugged

LISTED = SerialPort("COM7", "USB Serial Device", "SHTRIH-M", "1fc9", "0083", "0010690044005314")


# --- silent ----------------------------------------------------------------------------------------------------------


def test_ports_are_listed_and_the_customary_address_is_only_named() -> None:
    found = discover(lambda: [LISTED, SerialPort("COM1")], lambda folder: folder == r"C:\sc552")
    assert found == (
        Candidate(
            "serial:COM7", "listed", "SHTRIH-M USB Serial Device", "1fc9", "0083", "0010690044005314", ("shtrih",)
        ),
        Candidate("serial:COM1", "listed", ""),
        Candidate(r"exe:C:\sc552", "listed", r"Sber: C:\sc552", drivers=("sber",)),
        Candidate(RNDIS, "customary", "Shtrih-M, USB network (RNDIS)", drivers=("shtrih",)),
        Candidate(ATOL_WEB, "customary", "ATOL web server", drivers=("atol-web",)),
        Candidate(INPAS, "customary", "INPAS DualConnector", drivers=("inpas",)),
    )
    assert all(parse_address(candidate.address) for candidate in found)
    assert json.loads(json.dumps(found[0].as_dict()))["vid"] == "1fc9"


@pytest.mark.parametrize(
    ("port", "drivers"),
    [
        (SerialPort("COM7", "USB Serial Device", "", "2912", "0005", ""), ("atol-wire",)),
        (SerialPort("COM7", "АТОЛ USB (COM7)"), ("atol-wire",)),
        (SerialPort("COM7", "", "SHTRIH-M"), ("shtrih",)),
        (SerialPort("COM7", "USB Serial Device", "FTDI", "0403", "2912"), ()),
        (SerialPort("COM1"), ()),
    ],
)
def test_what_the_system_says_of_a_port_suggests_a_driver(port: SerialPort, drivers: tuple[str, ...]) -> None:
    assert suggested(port) == drivers


def test_the_list_is_the_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass(order=True)
    class Listed:
        device: str
        description: str | None
        manufacturer: str | None
        vid: int | None
        pid: int | None
        serial_number: str | None

    listed = [
        Listed("/dev/ttyS0", "n/a", None, None, None, None),
        Listed("/dev/ttyACM0", "Fiscal", "Shtrih", 0x1FC9, 0x83, "53"),
    ]
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: listed)
    assert ports.serial_ports() == (
        SerialPort("/dev/ttyACM0", "Fiscal", "Shtrih", "1fc9", "0083", "53"),
        SerialPort("/dev/ttyS0"),
    )
    assert ports.is_listed("/dev/ttyacm0")
    assert not ports.is_listed("/dev/ttyACM1")


def test_a_system_that_cannot_be_asked_for_its_ports_lists_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under wine the very import of the list ended the command."""
    monkeypatch.setitem(sys.modules, "serial.tools.list_ports", None)
    monkeypatch.delattr("serial.tools.list_ports", raising=False)
    assert ports.serial_ports() == ()


def test_every_speed_is_for_listed_ports() -> None:
    addresses = every_speed(discover(lambda: [LISTED]))
    assert addresses == tuple(f"serial:COM7?baud={baud}" for baud in BAUDS)


# --- asked for -------------------------------------------------------------------------------------------------------


class Held(Transport):
    """A port that another program holds."""

    def open(self) -> None:
        raise LinkError("port_busy", "held")

    def close(self) -> None: ...

    def write(self, data: bytes) -> None:
        raise AssertionError("a held port is written to")

    def read(self, most: int, deadline: float) -> bytes:
        raise AssertionError("a held port is read")


def channels(known: dict[str, Transport]) -> Callable[[Address, Clock], Transport]:
    return lambda address, clock: known.get(str(address)) or transport_for(address, clock)


def test_a_register_answers_with_who_it_is_and_nothing_but_questions_reached_it() -> None:
    clock = VirtualClock()
    device = ScriptedRegister(clock)
    told: list[tuple[int, int, str]] = []
    silent = LinePeer(1)
    silent.silent = True
    found = probe(
        ["tcp:a:1", "tcp:b:1", "tcp:c:1"],
        clock,
        progress=lambda done, of, address: told.append((done, of, address)),
        transports=channels(
            {"tcp:a:1": MemoryTransport(device, clock), "tcp:b:1": MemoryTransport(silent, clock), "tcp:c:1": Held()}
        ),
    )
    register, nobody, held = found
    assert register.driver == "shtrih"
    assert register.identity is not None
    assert register.identity.register_serial == "0010690044005314"
    assert (register.code, register.address) == ("", "tcp:a:1")
    assert (nobody.identity, nobody.code) == (None, "device_offline")
    assert (held.identity, held.code) == (None, "port_busy")
    assert told == [(0, 3, "tcp:a:1"), (1, 3, "tcp:b:1"), (2, 3, "tcp:c:1"), (3, 3, "")]
    assert {command.repeat for command in device.log} == {Repeat.SAFE}, "only commands that read"
    assert json.loads(json.dumps([answer.as_dict() for answer in found]))[0]["identity"]["ffd"] == "1.2"


def test_no_look_lasts_longer_than_its_time() -> None:
    """Bytes without end, and no register behind them."""
    clock = VirtualClock()

    class Babble:
        def feed(self, data: bytes) -> None: ...

        def poll(self) -> bytes:
            clock.sleep(0.05)
            return b"\x06"

    answer = probe(
        ["tcp:a:1"], clock, port_time=4.0, transports=channels({"tcp:a:1": MemoryTransport(Babble(), clock)})
    )[0]
    assert answer.code
    assert answer.seconds <= 4.5


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("COM7", "bad_address"),
        ("serial:СОМ7", "bad_address"),
        ("tcp:127.0.0.1:1?speed=1", "bad_address"),
        ("usb:1fc9:0083", "unsupported_transport"),
        ("lib:auto?usb=auto&speed=1", "bad_address"),
    ],
)
def test_a_wrong_address_is_an_answer_too(address: str, code: str) -> None:
    assert [answer.code for answer in probe([address], VirtualClock())] == [code]


def test_a_driver_to_which_the_address_means_nothing_says_nothing() -> None:
    """The option is one driver's, the library is another's: whoever could ask has the word."""
    nobody = probe(["tcp:127.0.0.1:1?protocol=1&connect_time=1"], VirtualClock())[0]
    assert (nobody.driver, nobody.code) == ("shtrih", "device_offline")
    nothing = probe(["lib:/no/such/library.so?usb=auto"], VirtualClock())[0]
    assert (nothing.driver, nothing.code) == ("atol-lib", "driver_missing")


def test_an_unknown_driver_is_an_answer_too() -> None:
    assert probe(["tcp:127.0.0.1:1"], VirtualClock(), drivers=["strih"])[0].code == "unknown_driver"


def test_the_speed_of_a_real_port_is_told(tmp_path: Path) -> None:
    """The device answers the questions about itself and has no tables; that is as far as this goes."""
    wire = PtyWire(LinePeer(1, {b"\xfc": b"\x00\x09\x00\x01\x0e\x98\x00\xd8"}), tmp_path / "port")
    wire.baud = 4800
    address = f"serial:{tmp_path / 'port'}"
    with plugged(wire):
        answer = probe([address], SystemClock())[0]
        assert answer.code == "wrong_device", "device type 9 is no register"
        held = SerialTransport(str(tmp_path / "port"), SystemClock(), (4800,), lambda _port: True)
        held.open()
        before = wire.peer.heard
        assert probe([address], SystemClock())[0].code == "port_busy"
        assert wire.peer.heard == before
        held.close()


def test_what_was_found_out_stands_in_the_address() -> None:
    clock = VirtualClock()

    class Port(MemoryTransport):
        @property
        def found(self) -> dict[str, str]:
            return {"baud": "4800"}

    transport = Port(ScriptedRegister(clock), clock)
    answer = probe(["serial:COM7?protocol=1"], clock, transports=lambda _address, _clock: transport)[0]
    assert answer.address == "serial:COM7?protocol=1&baud=4800"


def test_the_answer_of_nobody() -> None:
    assert probe([], VirtualClock()) == ()
    assert probe(["tcp:a:1"], VirtualClock(), drivers=[])[0] == Answer(
        "tcp:a:1", "", code="device_offline", detail="no driver to ask with"
    )


# --- card terminals --------------------------------------------------------------------------------------------------

ASKABLE = [
    ("tcp:10.0.0.8:20007", ("zvt",)),
    ("http://127.0.0.1:9015", ("inpas",)),
    ("exe:/opt/sc552", ("sber", "arcus2")),
    ("tcp:10.0.0.8:7778", tuple(DRIVERS)),
    ("serial:COM3", tuple(DRIVERS)),
    ("nonsense", tuple(DRIVERS)),
]


@pytest.mark.parametrize(("address", "drivers"), ASKABLE)
def test_a_register_is_not_asked_for_at_a_terminals_port_nor_a_terminal_at_a_registers(
    address: str, drivers: tuple[str, ...]
) -> None:
    assert askable(address) == drivers


def test_a_terminal_answers_with_who_it_is() -> None:
    clock = SystemClock()
    with simulated("zvt", "--listen", "tcp:127.0.0.1:0", "--terminal", "52500041") as address:
        (found,) = probe([address], clock, drivers=["zvt"])
        assert (found.found, found.serial, found.driver, found.code) == (True, "52500041", "zvt", "")
        assert json.loads(json.dumps(found.as_dict()))["terminal"]["terminal_id"] == "52500041"


def test_a_banks_program_is_found_by_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "sc552"
    with simulated("sber", "--listen", f"exe:{folder}"):
        (found,) = probe([f"exe:{folder}"], SystemClock())
        assert (found.found, found.driver, found.code) == (True, "sber", "")
    (gone,) = probe([f"exe:{tmp_path / 'nothing'}"], SystemClock())
    assert (gone.found, gone.code) == (False, "terminal_program_missing")


@contextmanager
def simulated(*arguments: str) -> Iterator[str]:
    """A simulated terminal as a process; where it listens."""
    child = subprocess.Popen(
        [sys.executable, "-m", "drivers.simulators", *arguments], stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        yield json.loads(child.stdout.readline())["listening"]
    finally:
        child.terminate()
        child.communicate(timeout=20)

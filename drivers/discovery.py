"""Which devices could be here, and which are.

``discover`` is silent: it reads the system's list of serial ports and looks for the usual folders of banks' programs,
opens nothing, sends nothing, remembers nothing. ``probe`` is asked for by a person: it opens the addresses it is given,
one after another, and puts the questions of ``FiscalRegister.connect`` or ``CardTerminal.connect``, which only read (a
bank's program is started for that). A port that another program holds is left alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from drivers.address import Address, AddressError, SetupError, parse_address
from drivers.api import FiscalRegister, Identity
from drivers.errors import DeviceError
from drivers.registry import DRIVERS, TERMINALS, Opening, driver_named, known_terminals, open_with, terminal_named
from drivers.terminal_api import CardTerminal, TerminalIdentity
from drivers.transports import transport_for
from drivers.transports.base import Clock, Transport
from drivers.transports.ports import SerialPort, serial_ports
from drivers.transports.serial import BAUDS

RNDIS = "tcp:192.168.137.111:7778"
"""Where a register of the Shtrih family customarily is when its USB cable makes a network (protocol 1.17)."""
ATOL_WEB = "http://127.0.0.1:16732"
"""Where the web server of ATOL's driver customarily is: on the cashier's PC."""
TERMINAL_PORTS: Mapping[int, str] = MappingProxyType({20007: "zvt", 9015: "inpas"})
"""At which card terminals and their services listen; a register's driver has nothing to ask there."""
INPAS = "http://127.0.0.1:9015"
"""Where INPAS's service customarily is: on the cashier's PC."""
FOLDERS: Mapping[str, tuple[str, ...]] = MappingProxyType({"sber": (r"C:\sc552",), "arcus2": (r"C:\Arcus2",)})
"""Where the banks' programs customarily are, under Windows."""
PORT_TIME = 30.0  # seconds for one address and one driver; a register tells who it is in one or two


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place where a device could be. ``kind`` is ``listed`` for a port that the system has, ``customary`` for an
    address that nobody has looked at. ``drivers``: those whose hints fit; nobody has asked."""

    address: str
    kind: Literal["listed", "customary"]
    description: str
    vid: str = ""
    pid: str = ""
    serial_number: str = ""
    drivers: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found at an address: a register (``identity``) or a card terminal. ``code`` is empty when one answered,
    else the reason of ours why not (``device_offline``, ``port_busy``, ``wrong_device``, ``bad_address``, …). With one,
    ``address`` carries what was found out, the speed of a port for one, so that it can be written into the
    configuration."""

    address: str
    driver: str
    identity: Identity | None = None
    terminal: TerminalIdentity | None = None
    code: str = ""
    detail: str = ""
    seconds: float = 0.0

    @property
    def found(self) -> bool:
        return self.identity is not None or self.terminal is not None

    @property
    def serial(self) -> str:
        """By which the device is bound; "": nobody answered, or a terminal that tells no id."""
        if self.identity is not None:
            return self.identity.register_serial
        return self.terminal.terminal_id if self.terminal is not None else ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


_NOBODY = "device_offline"
_KNOWS = ("unsupported_transport", "bad_address", _NOBODY, "terminal_offline")
_HELD = ("port_busy", "terminal_port_busy")

Progress = Callable[[int, int, str], None]
"""``progress(done, of, address)``: before each look; once more with ``done == of`` and an empty address at the end."""

Transports = Callable[[Address, Clock], Transport]
"""A channel that is not opened yet. Raises ``SetupError``."""


def discover(
    ports: Callable[[], Iterable[SerialPort]] = serial_ports, is_folder: Callable[[str], bool] = os.path.isdir
) -> tuple[Candidate, ...]:
    """Serial ports of this computer, folders of banks' programs that are there, then customary network addresses."""
    listed = tuple(
        Candidate(
            address=f"serial:{port.device}",
            kind="listed",
            description=" ".join(part for part in (port.manufacturer, port.description) if part),
            vid=port.vid,
            pid=port.pid,
            serial_number=port.serial_number,
            drivers=suggested(port),
        )
        for port in ports()
    )
    programs = tuple(
        Candidate(f"exe:{folder}", "listed", f"{_BANKS[driver]}: {folder}", drivers=(driver,))
        for driver, folders in FOLDERS.items()
        for folder in [each for each in folders if is_folder(each)][:1]
    )
    return (
        *listed,
        *programs,
        Candidate(RNDIS, "customary", "Shtrih-M, USB network (RNDIS)", drivers=("shtrih",)),
        Candidate(ATOL_WEB, "customary", "ATOL web server", drivers=("atol-web",)),
        Candidate(INPAS, "customary", "INPAS DualConnector", drivers=("inpas",)),
    )


_BANKS = {"sber": "Sber", "arcus2": "Ingenico Arcus2"}


def askable(address: str) -> tuple[str, ...]:
    """Drivers of ours that have anything to ask at an address: those of terminals in a program's folder and at their
    own ports, else those of registers. An address that cannot be read is for whoever comes first to refuse."""
    try:
        place = parse_address(address)
    except AddressError:
        return tuple(DRIVERS)
    if place.scheme == "exe":
        return tuple(name for name, driver in TERMINALS.items() if "exe" in driver.schemes)
    terminal = TERMINAL_PORTS.get(place.port or 0)
    return (terminal,) if terminal is not None else tuple(DRIVERS)


def suggested(port: SerialPort) -> tuple[str, ...]:
    """Drivers of ours of which the system's words about a port make one think."""
    said = f"{port.vid}:{port.pid} {port.manufacturer} {port.description}".lower()
    return tuple(name for name, driver in DRIVERS.items() if any(hint in said for hint in driver.hints))


def every_speed(candidates: Iterable[Candidate]) -> tuple[str, ...]:
    """The listed ports at every speed, for a device that the search of the speed overlooks."""
    return tuple(
        f"{candidate.address}?baud={baud}" for candidate in candidates if candidate.kind == "listed" for baud in BAUDS
    )


def probe(
    addresses: Sequence[str],
    clock: Clock,
    *,
    drivers: Collection[str] | None = None,
    profile: Path | None = None,
    port_time: float = PORT_TIME,
    progress: Progress | None = None,
    transports: Transports = transport_for,
) -> tuple[Answer, ...]:
    """One answer per address: the driver whose device is there, or why there is none. ``drivers``: to ask with,
    instead of those that are ``askable``. Further drivers are tried only where nobody answered. A port that is held is
    reported ``port_busy`` and not waited for. Each look ends after ``port_time`` seconds, give or take one read of the
    port."""
    answers = []
    for done, address in enumerate(addresses):
        if progress is not None:
            progress(done, len(addresses), address)
        answers.append(
            _ask_all(address, clock, askable(address) if drivers is None else drivers, profile, port_time, transports)
        )
    if progress is not None:
        progress(len(addresses), len(addresses), "")
    return tuple(answers)


def _ask_all(
    address: str,
    clock: Clock,
    drivers: Collection[str],
    profile: Path | None,
    port_time: float,
    transports: Transports,
) -> Answer:
    best = Answer(address, "", code=_NOBODY, detail="no driver to ask with")
    for number, driver in enumerate(drivers):
        answer = _ask(address, driver, clock, profile, port_time, transports)
        if answer.found or answer.code in _HELD:
            return answer
        if number == 0 or _knows(answer) > _knows(best):
            best = answer
    return best


def _knows(answer: Answer) -> int:
    """Who has heard something strange knows more than who has heard nothing, and both more than a driver to which the
    address means nothing."""
    return _KNOWS.index(answer.code) if answer.code in _KNOWS else len(_KNOWS)


def _ask(
    address: str,
    driver: str,
    clock: Clock,
    profile: Path | None,
    port_time: float,
    transports: Transports,
) -> Answer:
    began = clock.now()
    used: list[Transport] = []

    def noted(place: Address, clock: Clock) -> Transport:
        used.append(transports(place, clock))
        return used[-1]

    try:
        place = parse_address(address)
        opening = Opening(place, clock, profile, until=began + port_time, transports=noted)
        device: FiscalRegister | CardTerminal
        if driver in known_terminals():
            device = open_with(terminal_named(driver), opening)
        else:
            device = open_with(driver_named(driver), opening)
    except SetupError as error:
        return Answer(address, driver, code=error.code, detail=error.en)
    try:
        who = device.connect()
    except DeviceError as error:
        return Answer(address, driver, code=error.code, detail=error.detail, seconds=clock.now() - began)
    finally:
        device.disconnect()
    found = {name: value for each in used for name, value in each.found.items()}
    told = str(replace(place, options={**place.options, **found}))
    seconds = clock.now() - began
    if isinstance(who, TerminalIdentity):
        return Answer(told, driver, terminal=who, seconds=seconds)
    return Answer(told, driver, who, seconds=seconds)

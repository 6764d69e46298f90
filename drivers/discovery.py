"""Which devices could be here, and which are.

``discover`` is silent: it reads the system's list of serial ports, opens nothing, sends nothing, remembers nothing.
``probe`` is asked for by a person: it opens the addresses it is given, one after another, and puts the questions of
``FiscalRegister.connect``, which only read. A port that another program holds is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from drivers.address import Address, SetupError, parse_address
from drivers.api import Identity
from drivers.errors import DeviceError
from drivers.registry import DRIVERS, Opening, driver_named, open_with
from drivers.transports import transport_for
from drivers.transports.base import Clock, Transport
from drivers.transports.ports import SerialPort, serial_ports
from drivers.transports.serial import BAUDS

RNDIS = "tcp:192.168.137.111:7778"
"""Where a register of the Shtrih family customarily is when its USB cable makes a network (protocol 1.17)."""
ATOL_WEB = "http://127.0.0.1:16732"
"""Where the web server of ATOL's driver customarily is: on the cashier's PC."""
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
    """What was found at an address. ``code`` is empty when a register answered, else the reason of ours why not
    (``device_offline``, ``port_busy``, ``wrong_device``, ``bad_address``, …). With a register, ``address`` carries what
    was found out, the speed of a port for one, so that it can be written into the configuration."""

    address: str
    driver: str
    identity: Identity | None = None
    code: str = ""
    detail: str = ""
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


_NOBODY = "device_offline"
_KNOWS = ("unsupported_transport", "bad_address", _NOBODY)

Progress = Callable[[int, int, str], None]
"""``progress(done, of, address)``: before each look; once more with ``done == of`` and an empty address at the end."""

Transports = Callable[[Address, Clock], Transport]
"""A channel that is not opened yet. Raises ``SetupError``."""


def discover(ports: Callable[[], Iterable[SerialPort]] = serial_ports) -> tuple[Candidate, ...]:
    """Serial ports of this computer, then customary network addresses."""
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
    return (
        *listed,
        Candidate(RNDIS, "customary", "Shtrih-M, USB network (RNDIS)", drivers=("shtrih",)),
        Candidate(ATOL_WEB, "customary", "ATOL web server", drivers=("atol-web",)),
    )


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
    drivers: Collection[str] = tuple(DRIVERS),
    profile: Path | None = None,
    port_time: float = PORT_TIME,
    progress: Progress | None = None,
    transports: Transports = transport_for,
) -> tuple[Answer, ...]:
    """One answer per address: the driver whose register is there, or why there is none. Further drivers are tried only
    where nobody answered. A port that is held is reported ``port_busy`` and not waited for. Each look ends after
    ``port_time`` seconds, give or take one read of the port."""
    answers = []
    for done, address in enumerate(addresses):
        if progress is not None:
            progress(done, len(addresses), address)
        answers.append(_ask_all(address, clock, drivers, profile, port_time, transports))
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
        if answer.identity is not None or answer.code == "port_busy":
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
        register = open_with(driver_named(driver), opening)
    except SetupError as error:
        return Answer(address, driver, code=error.code, detail=error.en)
    try:
        identity = register.connect()
    except DeviceError as error:
        return Answer(address, driver, code=error.code, detail=error.detail, seconds=clock.now() - began)
    finally:
        register.disconnect()
    found = {name: value for each in used for name, value in each.found.items()}
    told = str(replace(place, options={**place.options, **found}))
    return Answer(told, driver, identity, seconds=clock.now() - began)

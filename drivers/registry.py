"""The drivers there are: a table of ours first, packages installed beside it second.

An outside package offers a ``Driver`` under the entry point group ``kassabridge.drivers``. Drivers come as installed
packages, never as code sent by the server. A driver's modules are imported when it is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType

from drivers.address import Address, SetupError, bad_address, check_address, parse_address
from drivers.api import FiscalRegister
from drivers.transports import TRANSPORTS, transport_for
from drivers.transports.base import Clock, Transport
from drivers.transports.limited import TimeLimitedTransport
from drivers.transports.tap import TapTransport, Trace

GROUP = "kassabridge.drivers"
BYTES = ("tcp", "serial", "pty", "sim")
"""Schemes of channels that carry a register's bytes as they are."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What a driver is made from. It takes what it needs: a driver that sends the bytes itself takes ``channel``, one
    that leaves that to a vendor's library takes the address alone."""

    address: Address
    clock: Clock
    profile: Path | None = None  # a file that replaces parts of the driver's own profile
    trace: Trace | None = None  # hears all that is said to the device and by it
    until: float | None = None  # moment of the clock after which nothing more is asked; ``None``: no such moment
    transports: Callable[[Address, Clock], Transport] = transport_for

    def channel(self) -> Transport:
        """A transport to the address, not opened yet; overheard and ended as this opening says. Raises
        ``AddressError``."""
        transport = self.transports(self.address, self.clock)
        if self.trace is not None:
            transport = TapTransport(transport, self.clock, self.trace)
        return transport if self.until is None else TimeLimitedTransport(transport, self.clock, self.until)


@dataclass(frozen=True, slots=True)
class Driver:
    """``open`` gives a register that is not connected yet, nothing is opened or started before ``connect``; it may
    raise ``SetupError``. ``options``: what an address may tell this driver, each name with the form of its value; the
    options of the channel come on top. ``schemes``: of the addresses that it takes. ``hints``: words in lower case, any
    of which in what the system says of a port (``vid:pid manufacturer description``) suggests this driver."""

    open: Callable[[Opening], FiscalRegister]
    options: Mapping[str, str] = field(default_factory=dict)
    schemes: Sequence[str] = BYTES
    hints: Sequence[str] = ()


def shtrih(opening: Opening) -> FiscalRegister:
    """Shtrih-M, protocols 1 and 2. The option ``protocol`` outranks the profile."""
    from drivers.fiscal.shtrih import ShtrihRegister, load_profile

    settings = load_profile(opening.profile)
    match opening.address.options.get("protocol"):
        case None:
            pass
        case "auto":
            settings = replace(settings, protocol=None)
        case "1" | "2" as number:
            settings = replace(settings, protocol=int(number))
        case other:
            raise bad_address(
                opening.address,
                f"protocol {other!r}; expected 1, 2 or auto",
                f"protocol {other!r}; нужно: 1, 2 или auto",
            )
    return ShtrihRegister(opening.channel(), settings, opening.clock)


def atol_wire(opening: Opening) -> FiscalRegister:
    """ATOL by its own wire protocol."""
    from drivers.fiscal.atol_wire import AtolWireRegister, load_profile

    return AtolWireRegister(opening.channel(), load_profile(opening.profile), opening.clock)


def atol_lib(opening: Opening) -> FiscalRegister:
    """ATOL by its maker's library, in a process of its own."""
    from drivers.fiscal.atol_json import AtolJsonRegister
    from drivers.fiscal.atol_lib import FptrRunner, load_times, place_of

    runner = FptrRunner(place_of(opening.address), opening.clock, trace=opening.trace, until=opening.until)
    return AtolJsonRegister(runner, load_times(opening.profile))


def atol_web(opening: Opening) -> FiscalRegister:
    """ATOL by its maker's web server."""
    from drivers.fiscal.atol_web import AtolWebRegister, HttpClient, WebRunner, load_profile

    place, profile = opening.address, load_profile(opening.profile)
    channel = replace(opening, trace=None).channel()  # bytes hold the credentials: the client tells the trace itself
    authority = place.target.removeprefix("//") if place.host else "localhost"
    http = HttpClient(channel, opening.clock, authority, profile.credentials, opening.trace)
    runner = WebRunner(http, profile, opening.clock, device=place.options.get("device"))
    return AtolWebRegister(runner, profile.times, profile.library)


DRIVERS: Mapping[str, Driver] = MappingProxyType(
    {
        "shtrih": Driver(shtrih, MappingProxyType({"protocol": "1|2|auto"}), hints=("shtrih", "штрих")),
        "atol-wire": Driver(atol_wire, hints=("2912:", "atol", "атол")),
        "atol-lib": Driver(
            atol_lib,
            MappingProxyType(
                {
                    "tcp": "HOST:PORT",
                    "serial": "PORT",
                    "baud": "SPEED",
                    "usb": "auto|PATH",
                    "ofd": "none|usb|pc",
                    "model": "NUMBER",
                    "python": "PATH",
                }
            ),
            ("lib",),
        ),
        "atol-web": Driver(atol_web, MappingProxyType({"device": "ID"}), ("http", "sim")),
    }
)


class UnknownDriver(SetupError):
    """No driver of this name; the text lists those there are."""


def known_drivers() -> tuple[str, ...]:
    """Ours, then installed ones."""
    return (*DRIVERS, *(point.name for point in entry_points(group=GROUP) if point.name not in DRIVERS))


def open_register(
    driver: str, address: str, *, clock: Clock, profile: Path | None = None, trace: Trace | None = None
) -> FiscalRegister:
    """A register's driver, not connected yet. Raises ``SetupError``: ``unknown_driver``, ``bad_address``,
    ``unsupported_transport``, ``bad_profile``."""
    found = driver_named(driver)
    return open_with(found, Opening(parse_address(address), clock, profile, trace))


def open_with(driver: Driver, opening: Opening) -> FiscalRegister:
    """The same, of a driver that has been found. An address with a scheme or an option that means nothing to the driver
    and its channel is refused before the driver sees it."""
    scheme = TRANSPORTS.get(opening.address.scheme)
    own = scheme.options if scheme is not None else {}
    check_address(opening.address, driver.schemes, None if own is None else {**own, **driver.options})
    return driver.open(opening)


def driver_named(driver: str) -> Driver:
    """Raises ``UnknownDriver``."""
    if driver in DRIVERS:
        return DRIVERS[driver]
    for point in entry_points(group=GROUP, name=driver):
        loaded: Driver = point.load()
        return loaded
    known = ", ".join(known_drivers())
    raise UnknownDriver(
        "unknown_driver",
        f"driver {driver!r} is unknown; known: {known}",
        f"Драйвер {driver!r} неизвестен; есть: {known}",
    )

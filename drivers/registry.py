"""The drivers there are, of fiscal registers (``DRIVERS``) and of card terminals (``TERMINALS``): tables of ours first,
those of outside packages (``drivers.plugins``) second.

A driver's modules are imported when it is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Generic, TypeVar

from drivers.address import Address, SetupError, bad_address, check_address, folder_of, parse_address
from drivers.api import FiscalRegister
from drivers.plugins import GROUP, TERMINAL_GROUP, BrokenDriver, Outside, outside_drivers, plugins_folder
from drivers.terminal_api import CardTerminal
from drivers.terminals.program import Programs, Surroundings, SystemPrograms
from drivers.transports import TRANSPORTS, transport_for
from drivers.transports.base import Clock, Transport
from drivers.transports.limited import TimeLimitedTransport
from drivers.transports.tap import TapTransport, Trace

BYTES = ("tcp", "serial", "pty", "sim")
"""Schemes of channels that carry a device's bytes as they are."""
D = TypeVar("D")
K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Opening:
    """What a driver is made from. It takes what it needs: a driver that sends the bytes itself takes ``channel``, one
    that leaves that to a vendor's library takes the address alone, one that runs a vendor's program ``programs``, too.
    """

    address: Address
    clock: Clock
    profile: Path | None = None  # a file that replaces parts of the driver's own profile
    trace: Trace | None = None  # hears all that is said to the device and by it
    until: float | None = None  # moment of the clock after which nothing more is asked; ``None``: no such moment
    transports: Callable[[Address, Clock], Transport] = transport_for
    programs: Programs = field(default_factory=SystemPrograms)
    """One for as long as the agent runs: whoever started a program knows best how it ended."""
    wall: Callable[[], datetime] = datetime.now  # this computer's local time, naive, as terminals write theirs

    def channel(self) -> Transport:
        """A transport to the address, not opened yet; overheard and ended as this opening says. Raises
        ``AddressError``."""
        transport = self.transports(self.address, self.clock)
        if self.trace is not None:
            transport = TapTransport(transport, self.clock, self.trace)
        return transport if self.until is None else TimeLimitedTransport(transport, self.clock, self.until)

    def surroundings(self) -> Surroundings:
        """For a driver that runs a vendor's program."""
        return Surroundings(self.programs, self.clock, self.wall, self.trace, self.until)


@dataclass(frozen=True, slots=True)
class Offer(Generic[D]):
    """``open`` gives a device's driver that is not connected yet, nothing is opened or started before ``connect``; it
    may raise ``SetupError``. ``options``: what an address may tell this driver, each name with the form of its value;
    the options of the channel come on top. ``schemes``: of the addresses that it takes. ``hints``: words in lower case,
    any of which in what the system says of a port (``vid:pid manufacturer description``) suggests this driver."""

    open: Callable[[Opening], D]
    options: Mapping[str, str] = field(default_factory=dict)
    schemes: Sequence[str] = BYTES
    hints: Sequence[str] = ()


class Driver(Offer[FiscalRegister]):
    """Of fiscal registers."""

    __slots__ = ()


class TerminalDriver(Offer[CardTerminal]):
    """Of card terminals."""

    __slots__ = ()


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
    from drivers.fiscal.atol_lib import FptrRunner, load_profile, place_of

    runner = FptrRunner(place_of(opening.address), opening.clock, trace=opening.trace, until=opening.until)
    profile = load_profile(opening.profile)
    return AtolJsonRegister(runner, profile.times, cashless_details=profile.cashless_details)


def atol_web(opening: Opening) -> FiscalRegister:
    """ATOL by its maker's web server."""
    from drivers.fiscal.atol_web import AtolWebRegister, HttpClient, WebRunner, load_profile

    place, profile = opening.address, load_profile(opening.profile)
    channel = replace(opening, trace=None).channel()  # bytes hold the credentials: the client tells the trace itself
    authority = place.target.removeprefix("//") if place.host else "localhost"
    http = HttpClient(channel, opening.clock, authority, profile.credentials, opening.trace)
    runner = WebRunner(http, profile, opening.clock, device=place.options.get("device"))
    return AtolWebRegister(runner, profile.times, profile.library, cashless_details=profile.cashless_details)


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


def sber(opening: Opening) -> CardTerminal:
    """Sber by its program and the files that it leaves."""
    from drivers.terminals.sber import SberTerminal, load_profile

    program = opening.address.options.get("program")
    return SberTerminal(folder_of(opening.address), load_profile(opening.profile), opening.surroundings(), program)


def arcus2(opening: Opening) -> CardTerminal:
    """Ingenico Arcus2 by its console program and the files that it leaves."""
    from drivers.terminals.arcus2 import Arcus2Terminal, load_profile

    folder, options = folder_of(opening.address), opening.address.options
    profile = load_profile(opening.profile)
    return Arcus2Terminal(folder, profile, opening.surroundings(), options.get("program"), options.get("ini"))


def zvt(opening: Opening) -> CardTerminal:
    """Terminals that speak ZVT: bare messages over TCP, frames over a serial line."""
    from drivers.terminals.zvt import ZvtTerminal, load_profile

    channel = replace(opening, trace=None).channel()  # bytes hold card data: the driver tells the trace itself
    framed = opening.address.scheme in ("serial", "pty")
    profile = load_profile(opening.profile)
    return ZvtTerminal(channel, profile, opening.clock, opening.wall, opening.trace, framed=framed)


def inpas(opening: Opening) -> CardTerminal:
    """INPAS's service. The option ``terminal`` outranks the profile."""
    from drivers.terminals.inpas import TERMINAL_ID, InpasTerminal, load_profile
    from drivers.transports.http import HttpClient

    place, profile = opening.address, load_profile(opening.profile)
    terminal_id = place.options.get("terminal", profile.terminal_id)
    if terminal_id and TERMINAL_ID.fullmatch(terminal_id) is None:
        raise bad_address(
            place, f"terminal {terminal_id!r}; expected eight digits", f"terminal {terminal_id!r}; нужно: восемь цифр"
        )
    channel = replace(opening, trace=None).channel()  # as above
    http = HttpClient(channel, opening.clock, place.target.removeprefix("//") if place.host else "localhost")
    return InpasTerminal(http, replace(profile, terminal_id=terminal_id), opening.clock, opening.trace)


TERMINALS: Mapping[str, TerminalDriver] = MappingProxyType(
    {
        "sber": TerminalDriver(sber, MappingProxyType({"program": "FILE"}), ("exe",)),
        "arcus2": TerminalDriver(arcus2, MappingProxyType({"program": "FILE", "ini": "DIR"}), ("exe",)),
        "zvt": TerminalDriver(zvt),
        "inpas": TerminalDriver(inpas, MappingProxyType({"terminal": "ID"}), ("http", "sim")),
    }
)


class UnknownDriver(SetupError):
    """No driver of this name; the text lists those there are."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A driver that there is. ``package``: of an outside one, with its version; ``trouble``: why it cannot be used."""

    name: str
    package: str | None = None
    trouble: SetupError | None = None


@dataclass(frozen=True, slots=True)
class _Shelf(Generic[K]):
    """All drivers of one kind of device. ``group``: of the entry points of outside packages."""

    ours: Mapping[str, K]
    kind: type[K]
    group: str

    def listed(self, plugins: Path | None) -> tuple[tuple[Listed, ...], tuple[SetupError, ...]]:
        found = outside_drivers(plugins or plugins_folder(), self.group)
        listed = [Listed(name) for name in self.ours]
        for outside in found.drivers:
            if outside.name in self.ours:
                continue
            trouble: SetupError | None = None
            try:
                self._loaded(outside)
            except BrokenDriver as error:
                trouble = error
            listed.append(Listed(outside.name, f"{outside.package} {outside.version}", trouble))
        return tuple(listed), found.troubles

    def known(self, plugins: Path | None) -> tuple[str, ...]:
        found = outside_drivers(plugins or plugins_folder(), self.group).drivers
        return (*self.ours, *(outside.name for outside in found if outside.name not in self.ours))

    def named(self, driver: str, plugins: Path | None) -> K:
        if driver in self.ours:
            return self.ours[driver]
        found = outside_drivers(plugins or plugins_folder(), self.group)
        for outside in found.drivers:
            if outside.name == driver:
                return self._loaded(outside)
        if found.troubles:  # it may well be among what was left out
            raise found.troubles[0]
        known = ", ".join(self.known(plugins))
        raise UnknownDriver(
            "unknown_driver",
            f"driver {driver!r} is unknown; known: {known}",
            f"Драйвер {driver!r} неизвестен; есть: {known}",
        )

    def _loaded(self, outside: Outside) -> K:
        loaded = outside.load()
        if not isinstance(loaded, self.kind):
            expected = f"drivers.registry.{self.kind.__name__}"
            raise outside.broken(f"{outside.point.value} is a {type(loaded).__name__}, not a {expected}")
        return loaded


_REGISTERS = _Shelf(DRIVERS, Driver, GROUP)
_TERMINALS = _Shelf(TERMINALS, TerminalDriver, TERMINAL_GROUP)


def list_drivers(plugins: Path | None = None) -> tuple[tuple[Listed, ...], tuple[SetupError, ...]]:
    """Every driver of registers, ours first, outside ones loaded to see whether they do; and what was left out of the
    folder ``plugins`` (the program's own, when it is not given)."""
    return _REGISTERS.listed(plugins)


def list_terminals(plugins: Path | None = None) -> tuple[tuple[Listed, ...], tuple[SetupError, ...]]:
    """The same of card terminals."""
    return _TERMINALS.listed(plugins)


def known_drivers(plugins: Path | None = None) -> tuple[str, ...]:
    """Ours, then outside ones, none of which is imported."""
    return _REGISTERS.known(plugins)


def known_terminals(plugins: Path | None = None) -> tuple[str, ...]:
    """The same of card terminals."""
    return _TERMINALS.known(plugins)


def driver_named(driver: str, plugins: Path | None = None) -> Driver:
    """Raises ``UnknownDriver``; of an outside one ``BrokenDriver``, ``UnsafePlugins``."""
    return _REGISTERS.named(driver, plugins)


def is_terminal(driver: str, plugins: Path | None = None) -> bool:
    """Whether a driver of this name is one of card terminals; one that nobody knows is none."""
    return driver in known_terminals(plugins)


def terminal_named(driver: str, plugins: Path | None = None) -> TerminalDriver:
    """The same of a card terminal."""
    return _TERMINALS.named(driver, plugins)


def open_register(
    driver: str, address: str, *, clock: Clock, profile: Path | None = None, trace: Trace | None = None
) -> FiscalRegister:
    """A register's driver, not connected yet. Raises ``SetupError``: ``unknown_driver``, ``broken_driver``,
    ``unsafe_plugins``, ``bad_address``, ``unsupported_transport``, ``bad_profile``."""
    found = driver_named(driver)
    return open_with(found, Opening(parse_address(address), clock, profile, trace))


def open_terminal(
    driver: str, address: str, *, clock: Clock, profile: Path | None = None, trace: Trace | None = None
) -> CardTerminal:
    """The same of a card terminal."""
    return open_with(terminal_named(driver), Opening(parse_address(address), clock, profile, trace))


def open_with(driver: Offer[D], opening: Opening) -> D:
    """The driver of a register or a terminal, of an offer that has been found. An address with a scheme or an option
    that means nothing to the driver and its channel is refused before the driver sees it."""
    scheme = TRANSPORTS.get(opening.address.scheme)
    own = scheme.options if scheme is not None else {}
    check_address(opening.address, driver.schemes, None if own is None else {**own, **driver.options})
    return driver.open(opening)

"""The drivers there are: a table of ours first, packages installed beside it second.

An outside package offers a ``Driver`` under the entry point group ``kassabridge.drivers``. Drivers come as installed
packages, never as code sent by the server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType

from drivers.address import Address, AddressError, SetupError, parse_address
from drivers.api import FiscalRegister
from drivers.fiscal.atol_wire import AtolWireRegister
from drivers.fiscal.atol_wire import load_profile as load_atol_wire_profile
from drivers.fiscal.shtrih import ShtrihRegister, load_profile
from drivers.transports import transport_for
from drivers.transports.base import Clock, Transport
from drivers.transports.tap import TapTransport, Trace

GROUP = "kassabridge.drivers"


@dataclass(frozen=True, slots=True)
class Driver:
    """``make(transport, profile_path, clock, address)`` gives a register that is not connected yet; it may raise
    ``SetupError``. ``options``: what an address may tell this driver, each name with the form of its value."""

    make: Callable[[Transport, Path | None, Clock, Address], FiscalRegister]
    options: Mapping[str, str] = field(default_factory=dict)


def shtrih(transport: Transport, profile: Path | None, clock: Clock, address: Address) -> FiscalRegister:
    """Shtrih-M, protocols 1 and 2. The option ``protocol`` outranks the profile."""
    settings = load_profile(profile)
    match address.options.get("protocol"):
        case None:
            pass
        case "auto":
            settings = replace(settings, protocol=None)
        case "1" | "2" as number:
            settings = replace(settings, protocol=int(number))
        case other:
            raise AddressError(
                "bad_address",
                f"address {address}: protocol {other!r}; expected 1, 2 or auto",
                f"Адрес {address}: protocol {other!r}; нужно: 1, 2 или auto",
            )
    return ShtrihRegister(transport, settings, clock)


def atol_wire(transport: Transport, profile: Path | None, clock: Clock, _: Address) -> FiscalRegister:
    """ATOL by its own wire protocol."""
    return AtolWireRegister(transport, load_atol_wire_profile(profile), clock)


DRIVERS: Mapping[str, Driver] = MappingProxyType(
    {
        "shtrih": Driver(shtrih, MappingProxyType({"protocol": "1|2|auto"})),
        "atol-wire": Driver(atol_wire),
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
    """A register's driver, not connected yet. ``profile`` is a file that replaces parts of the driver's own one;
    ``trace`` hears every byte. Raises ``SetupError``: ``unknown_driver``, ``bad_address``, ``unsupported_transport``,
    ``bad_profile``."""
    found, place = driver_named(driver), parse_address(address)
    transport = transport_for(place, clock, found.options)
    if trace is not None:
        transport = TapTransport(transport, clock, trace)
    return found.make(transport, profile, clock, place)


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

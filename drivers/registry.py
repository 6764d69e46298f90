"""The drivers there are: a table of ours first, packages installed beside it second.

An outside package offers ``driver(transport, profile_path, clock) -> FiscalRegister`` under the entry point group
``kassabridge.drivers``. Drivers come as installed packages, never as code sent by the server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType

from drivers.address import SetupError, parse_address
from drivers.api import FiscalRegister
from drivers.fiscal.shtrih import ShtrihRegister, load_profile
from drivers.transports import transport_for
from drivers.transports.base import Clock, Transport
from drivers.transports.tap import TapTransport, Trace

Factory = Callable[[Transport, Path | None, Clock], FiscalRegister]

GROUP = "kassabridge.drivers"


def shtrih(transport: Transport, profile: Path | None, clock: Clock) -> FiscalRegister:
    """Shtrih-M, protocol 1."""
    return ShtrihRegister(transport, load_profile(profile), clock)


DRIVERS: Mapping[str, Factory] = MappingProxyType({"shtrih": shtrih})


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
    factory = _factory(driver)
    transport = transport_for(parse_address(address), clock)
    if trace is not None:
        transport = TapTransport(transport, clock, trace)
    return factory(transport, profile, clock)


def _factory(driver: str) -> Factory:
    if driver in DRIVERS:
        return DRIVERS[driver]
    for point in entry_points(group=GROUP, name=driver):
        loaded: Factory = point.load()
        return loaded
    known = ", ".join(known_drivers())
    raise UnknownDriver(
        "unknown_driver",
        f"driver {driver!r} is unknown; known: {known}",
        f"Драйвер {driver!r} неизвестен; есть: {known}",
    )

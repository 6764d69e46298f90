"""Channels to devices, by the scheme of an address. Libraries that a scheme needs are loaded when it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from drivers.address import FORMS, Address, AddressError
from drivers.transports.base import Clock, LinkError, Transport
from drivers.transports.simulated import SimulatedLine, SimulatedTransport
from drivers.transports.tcp import CONNECT_TIME, TcpTransport

NO_OPTIONS: Mapping[str, str] = MappingProxyType({})


def open_tcp(address: Address, clock: Clock) -> Transport:
    try:
        connect_time = float(address.options.get("connect_time", CONNECT_TIME))
    except ValueError:
        connect_time = 0.0
    if not 0 < connect_time <= 60:
        raise _bad(
            address,
            "connect_time is not a number of seconds in 0..60",
            "connect_time не число секунд из 0..60",
        )
    return TcpTransport(address.host, address.port, clock, connect_time)


def open_serial(address: Address, clock: Clock) -> Transport:
    from drivers.transports.ports import is_listed
    from drivers.transports.serial import BAUDS, SerialTransport

    wanted = address.options.get("baud", "auto")
    bauds = BAUDS if wanted == "auto" else tuple(baud for baud in BAUDS if str(baud) == wanted)
    if not bauds:
        known = ", ".join(str(baud) for baud in sorted(BAUDS))
        raise _bad(
            address, f"baud {wanted!r}; expected auto or one of {known}", f"baud {wanted!r}; нужно: auto или {known}"
        )
    return SerialTransport(address.target, clock, bauds, is_listed)


def open_pty(address: Address, clock: Clock) -> Transport:
    from pathlib import Path

    from drivers.transports.serial import SerialTransport

    return SerialTransport(address.target, clock, (9600,), lambda path: Path(path).exists(), name=str(address))


def open_simulated(address: Address, clock: Clock) -> Transport:
    """The simulator names a wrong option when the channel is opened."""

    def connect() -> SimulatedLine:
        from drivers.simulators.inprocess import open_line
        from drivers.simulators.store import StoreError

        try:
            return open_line(address.target, address.options)
        except (ValueError, OSError, StoreError) as error:
            raise LinkError("device_offline", f"{address}: {error}") from error

    return SimulatedTransport(connect, clock, str(address))


@dataclass(frozen=True, slots=True)
class Scheme:
    open: Callable[[Address, Clock], Transport]
    options: Mapping[str, str] | None  # of the channel, with the form of their values; ``None``: it takes any


TRANSPORTS: Mapping[str, Scheme] = MappingProxyType(
    {
        "tcp": Scheme(open_tcp, {"connect_time": "SECONDS"}),
        "serial": Scheme(open_serial, {"baud": "SPEED"}),
        "pty": Scheme(open_pty, {}),
        "sim": Scheme(open_simulated, None),
    }
)
"""Each makes a transport that is not opened yet."""


def transport_for(address: Address, clock: Clock, driver_options: Mapping[str, str] = NO_OPTIONS) -> Transport:
    """``driver_options``: names (with the form of their values) that an address may carry for its driver. Raises
    ``AddressError``: ``bad_address`` for an option that nobody knows, ``unsupported_transport`` for a scheme that is
    known and not served yet."""
    scheme = TRANSPORTS.get(address.scheme)
    if scheme is None:
        served = "; ".join(FORMS[name] for name in TRANSPORTS)
        raise AddressError(
            "unsupported_transport",
            f"address {address}: {address.scheme!r} is not supported by this driver yet; use {served}",
            f"Адрес {address}: способ связи {address.scheme!r} пока не поддерживается; нужно: {served}",
        )
    if scheme.options is not None:
        known = {**scheme.options, **driver_options}
        unknown = ", ".join(sorted(set(address.options) - set(known)))
        if unknown:
            forms = ", ".join(f"{name}={form}" for name, form in known.items()) or "-"
            raise _bad(
                address,
                f"unknown option {unknown}; expected {forms}",
                f"неизвестный параметр {unknown}; нужно: {forms}",
            )
    return scheme.open(address, clock)


def _bad(address: Address, en: str, ru: str) -> AddressError:
    return AddressError("bad_address", f"address {address}: {en}", f"Адрес {address}: {ru}")

"""Channels to devices, by the scheme of an address. Libraries that a scheme needs are loaded when it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from drivers.address import Address, bad_address, check_address
from drivers.transports.base import Clock, LinkError, Transport
from drivers.transports.simulated import SimulatedLine, SimulatedTransport
from drivers.transports.tcp import CONNECT_TIME, TcpTransport

if TYPE_CHECKING:
    from drivers.simulators.inprocess import SimulatedLine as RunningLine


def open_tcp(address: Address, clock: Clock) -> Transport:
    try:
        connect_time = float(address.options.get("connect_time", CONNECT_TIME))
    except ValueError:
        connect_time = 0.0
    if not 0 < connect_time <= 60:
        raise bad_address(
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
        raise bad_address(
            address, f"baud {wanted!r}; expected auto or one of {known}", f"baud {wanted!r}; нужно: auto или {known}"
        )
    stop_bits = address.options.get("stop", "1")
    if stop_bits not in ("1", "2"):
        raise bad_address(address, f"stop {stop_bits!r}; expected 1 or 2", f"stop {stop_bits!r}; нужно: 1 или 2")
    return SerialTransport(address.target, clock, bauds, is_listed, stop_bits=int(stop_bits))


def open_pty(address: Address, clock: Clock) -> Transport:
    from pathlib import Path

    from drivers.transports.serial import SerialTransport

    return SerialTransport(address.target, clock, (9600,), lambda path: Path(path).exists(), name=str(address))


def open_simulated(address: Address, clock: Clock) -> Transport:
    """The simulator names a wrong option when the channel is opened. A device lives as long as its line, a server as
    long as the channel's transport."""
    running: RunningLine | None = None

    def connect() -> SimulatedLine:
        nonlocal running
        from drivers.simulators.inprocess import open_line
        from drivers.simulators.store import StoreError

        try:
            running = (running.again() if running is not None else None) or open_line(address.target, address.options)
            return running
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
        "http": Scheme(open_tcp, {"connect_time": "SECONDS"}),
        "serial": Scheme(open_serial, {"baud": "SPEED", "stop": "1|2"}),
        "pty": Scheme(open_pty, {}),
        "sim": Scheme(open_simulated, None),
    }
)
"""Each makes a transport that is not opened yet."""


def transport_for(address: Address, clock: Clock) -> Transport:
    """Raises ``AddressError``: ``unsupported_transport`` for a scheme that is none of these, ``bad_address`` for an
    option's wrong value. Options that mean nothing to the channel are the driver's."""
    check_address(address, TRANSPORTS, None)
    return TRANSPORTS[address.scheme].open(address, clock)

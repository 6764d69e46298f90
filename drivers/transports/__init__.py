"""Channels to devices, by the scheme of an address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from drivers.address import FORMS, Address, AddressError
from drivers.transports.base import Clock, Transport
from drivers.transports.tcp import CONNECT_TIME, TcpTransport


def open_tcp(address: Address, clock: Clock) -> Transport:
    unknown = set(address.options) - {"connect_time"}
    if unknown:
        names = ", ".join(sorted(unknown))
        raise AddressError(
            "bad_address",
            f"address {address}: unknown option {names}; expected connect_time=SECONDS",
            f"Адрес {address}: неизвестный параметр {names}; нужно: connect_time=СЕКУНДЫ",
        )
    try:
        connect_time = float(address.options.get("connect_time", CONNECT_TIME))
    except ValueError:
        connect_time = 0.0
    if not 0 < connect_time <= 60:
        raise AddressError(
            "bad_address",
            f"address {address}: connect_time is not a number of seconds in 0..60",
            f"Адрес {address}: connect_time не число секунд из 0..60",
        )
    return TcpTransport(address.host, address.port, clock, connect_time)


TRANSPORTS: Mapping[str, Callable[[Address, Clock], Transport]] = MappingProxyType({"tcp": open_tcp})
"""Each makes a transport that is not opened yet."""


def transport_for(address: Address, clock: Clock) -> Transport:
    """Raises ``AddressError``: ``unsupported_transport`` for a scheme that is known and not served yet."""
    factory = TRANSPORTS.get(address.scheme)
    if factory is None:
        served = "; ".join(FORMS[scheme] for scheme in TRANSPORTS)
        raise AddressError(
            "unsupported_transport",
            f"address {address}: {address.scheme!r} is not supported by this driver yet; use {served}",
            f"Адрес {address}: способ связи {address.scheme!r} пока не поддерживается; нужно: {served}",
        )
    return factory(address, clock)

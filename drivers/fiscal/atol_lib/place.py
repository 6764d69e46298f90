"""What an address tells the library.

``lib:PATH?tcp=HOST:PORT``, ``lib:auto?serial=COM7&baud=115200``, ``lib:auto?usb=auto``. ``ofd``: over which channel the
fiscal drive's messages go: the register's own network, USB, or this PC's network. ``python``: a Python built for the
same processor as the library, when it is not the agent's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from drivers.address import Address, bad_address

CHANNELS = ("tcp", "serial", "usb")
AUTODETECT = "500"
ALWAYS: Mapping[str, str] = MappingProxyType({"AutoReconnect": "0"})
"""With it on, the library seeks a lost device without end inside one call, and sends it the command again. Whether a
command may be sent again is not the library's to decide; off, it gives up at once when the connection breaks, and after
15 (a query) to 45 silent seconds (a close). Truth values are written 1 and 0: "true" would be taken for 0."""
BAUDS = ("1200", "2400", "4800", "9600", "14400", "19200", "38400", "57600", "115200", "230400", "460800", "921600")
OFD: Mapping[str, str] = MappingProxyType({"none": "0", "usb": "1", "pc": "2"})
_NUMBER = re.compile(r"[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class Place:
    """``library``: a file, a folder or ``auto``. ``settings``: the library's own names, every value as text."""

    library: str
    settings: Mapping[str, str]
    python: str | None = None


def place_of(address: Address) -> Place:
    """Raises ``AddressError`` (``bad_address``)."""
    options = address.options
    channels = [name for name in CHANNELS if name in options]
    if len(channels) != 1:
        raise bad_address(address, "exactly one of tcp, serial, usb is needed", "нужен ровно один из tcp, serial, usb")
    if "baud" in options and channels != ["serial"]:
        raise bad_address(address, "baud belongs to serial", "baud бывает только с serial")
    settings = {**ALWAYS, "Model": _model(address), **_CHANNEL[channels[0]](address)}
    if "ofd" in options:
        settings["OfdChannel"] = _one_of(address, "ofd", OFD)
    return Place(address.target, MappingProxyType(settings), options.get("python"))


def _tcp(address: Address) -> dict[str, str]:
    host, colon, port = address.options["tcp"].rpartition(":")
    if not colon or not host or not _NUMBER.fullmatch(port) or not 1 <= int(port) <= 65535:
        text = address.options["tcp"]
        raise bad_address(address, f"tcp={text}: expected HOST:PORT", f"tcp={text}: нужно ХОСТ:ПОРТ")
    return {"Port": "2", "IPAddress": host.removeprefix("[").removesuffix("]"), "IPPort": str(int(port))}


def _serial(address: Address) -> dict[str, str]:
    port = address.options["serial"]
    if not port:
        raise bad_address(address, "serial: expected a port, e.g. COM7", "serial: нужен порт, например COM7")
    baud = _one_of(address, "baud", {baud: baud for baud in BAUDS}) if "baud" in address.options else "115200"
    return {"Port": "0", "ComFile": port, "BaudRate": baud}


def _usb(address: Address) -> dict[str, str]:
    return {"Port": "1", "UsbDevicePath": address.options["usb"] or "auto"}


_CHANNEL = MappingProxyType({"tcp": _tcp, "serial": _serial, "usb": _usb})


def _model(address: Address) -> str:
    model = address.options.get("model", AUTODETECT)
    if not _NUMBER.fullmatch(model):
        raise bad_address(address, f"model={model}: expected a number", f"model={model}: нужно число")
    return model


def _one_of(address: Address, name: str, known: Mapping[str, str]) -> str:
    value = address.options[name]
    if value not in known:
        expected = ", ".join(known)
        raise bad_address(address, f"{name}={value}: expected {expected}", f"{name}={value}: нужно {expected}")
    return known[value]

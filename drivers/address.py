"""Where a device is, as text: ``scheme:target?option=value``.

``tcp:10.0.0.7:7778`` · ``serial:COM3?baud=115200`` · ``usb:VID:PID`` · ``sim:shtrih?state=F`` · ``lib:PATH`` ·
``exe:PATH`` · ``http://HOST:PORT``. The same program talks to a port, a network peer or a simulator by another string.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.parse import parse_qsl

from protocol.latin import name_cyrillic


class SetupError(ValueError):
    """The configuration is wrong; nothing was opened. ``str`` is English, ``ru`` the same for a cashier's screen."""

    def __init__(self, code: str, en: str, ru: str) -> None:
        super().__init__(en)
        self.code = code
        self.en = en
        self.ru = ru


class AddressError(SetupError):
    """``bad_address`` or ``unsupported_transport``."""


FORMS: Mapping[str, str] = MappingProxyType(
    {
        "tcp": "tcp:HOST:PORT, e.g. tcp:10.0.0.7:7778",
        "serial": "serial:PORT?baud=SPEED, e.g. serial:COM3?baud=115200 (without baud the speed is sought)",
        "usb": "usb:VID:PID, e.g. usb:1fc9:0083",
        "pty": "pty:PATH",
        "sim": "sim:FAMILY?state=FILE, e.g. sim:shtrih?state=register.json",
        "lib": "lib:PATH, e.g. lib:/opt/fptr10/libfptr10.so",
        "exe": r"exe:DIR, e.g. exe:C:\sc552",
        "http": "http://HOST:PORT",
        "https": "https://HOST:PORT",
    }
)

_PORT = re.compile(r"[0-9]{1,5}")
LATIN = frozenset({"tcp", "serial", "usb", "http", "https"})
"""Schemes whose target is written in Latin letters; a path may well be Russian."""


@dataclass(frozen=True, slots=True)
class Address:
    """``target`` is what stands between scheme and options; ``host`` and ``port`` are set for ``tcp``, ``http`` and
    ``https``."""

    scheme: str
    target: str
    options: Mapping[str, str] = field(default_factory=dict)
    host: str = ""
    port: int = 0

    def __str__(self) -> str:
        options = "&".join(f"{name}={value}" for name, value in self.options.items())
        return f"{self.scheme}:{self.target}" + (f"?{options}" if options else "")


def parse_address(text: str) -> Address:
    """Raises ``AddressError`` (``bad_address``) that names what is wrong and the expected form."""
    text = text.strip()
    scheme, colon, rest = text.partition(":")
    scheme = scheme.lower()
    if not colon:
        raise _bad(text, "has no scheme", "нет схемы", "scheme:target, e.g. tcp:10.0.0.7:7778")
    form = FORMS.get(scheme)
    if form is None:
        known = ", ".join(FORMS)
        if cyrillic := name_cyrillic(scheme):
            raise _bad(text, cyrillic[1], cyrillic[0], f"one of {known}")
        raise _bad(text, f"unknown scheme {scheme!r}", f"неизвестная схема {scheme!r}", f"one of {known}")
    target, _, query = rest.partition("?")
    if not target:
        raise _bad(text, "nothing after the scheme", "после схемы ничего нет", form)
    if scheme in LATIN and (cyrillic := name_cyrillic(f"{scheme}:{target}")):
        raise _bad(text, cyrillic[1], cyrillic[0], form)
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError:
        raise _bad(text, f"options {query!r}", f"параметры {query!r}", "?name=value&name=value") from None
    host, port = _endpoint(text, target, form) if scheme == "tcp" else ("", 0)
    if scheme in ("http", "https"):
        if "@" in target:  # the text itself is not shown: it holds a password
            shown = f"{scheme}://***@{target.rpartition('@')[2]}"
            en, ru = "user and password belong into the driver's profile", "имя и пароль пишутся в профиль драйвера"
            raise _bad(shown, en, ru, form)
        target = f"//{target.strip('/')}"
        host, port = _endpoint(text, target.removeprefix("//"), form)
    return Address(scheme, target, MappingProxyType(dict(pairs)), host, port)


BEHIND = ("tcp", "serial", "usb")
"""Options of ``lib`` that say where the library finds the device, as the scheme of the same name would."""
WHICH: Mapping[str, str] = MappingProxyType({"http": "device", "https": "device", "sim": "state"})
"""Options that tell apart the devices of one target."""


def whereabouts(text: str) -> str:
    """What all addresses of one device have in common, whoever speaks to it and how: the port, or the network peer. A
    text that is no address stands for itself."""
    try:
        address = parse_address(text)
    except AddressError:
        return text
    options = address.options
    if address.scheme == "lib":
        for scheme in BEHIND:
            if scheme in options:
                return f"{scheme}:{options[scheme]}"
    which = WHICH.get(address.scheme, "")
    return f"{address.scheme}:{address.target}" + (f"?{which}={options[which]}" if which in options else "")


def check_address(address: Address, schemes: Collection[str], options: Mapping[str, str] | None) -> None:
    """Raises ``AddressError``: ``unsupported_transport`` for a scheme that is none of ``schemes``, ``bad_address`` for
    an option that is none of ``options`` (name and form of its value; ``None``: any will do)."""
    if address.scheme not in schemes:
        served = "; ".join(FORMS[name] for name in schemes)
        raise AddressError(
            "unsupported_transport",
            f"address {address}: {address.scheme!r} is not supported by this driver yet; use {served}",
            f"Адрес {address}: способ связи {address.scheme!r} пока не поддерживается; нужно: {served}",
        )
    unknown = () if options is None else sorted(set(address.options) - set(options))
    if options is not None and unknown:
        forms = ", ".join(f"{name}={form}" for name, form in options.items()) or "-"
        named = ", ".join(unknown)
        raise bad_address(
            address, f"unknown option {named}; expected {forms}", f"неизвестный параметр {named}; нужно: {forms}"
        )


def folder_of(address: Address) -> Path:
    """The folder of an ``exe`` address. Raises ``AddressError`` (``bad_address``) for one that depends on where the
    agent was started."""
    folder = Path(address.target)
    if not folder.is_absolute():
        raise bad_address(address, "the folder's whole path is expected", "нужен полный путь папки")
    return folder


def bad_address(address: Address, en: str, ru: str) -> AddressError:
    return AddressError("bad_address", f"address {address}: {en}", f"Адрес {address}: {ru}")


def _endpoint(text: str, target: str, form: str) -> tuple[str, int]:
    host, colon, port = target.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not colon or not bare or (":" in bare and bare == host):
        raise _bad(text, "host or port is missing", "не хватает хоста или порта", form)
    if not _PORT.fullmatch(port) or not 1 <= int(port) <= 65535:
        raise _bad(text, f"port {port!r} is not in 1..65535", f"порт {port!r} не из 1..65535", form)
    return bare, int(port)


def _bad(text: str, en: str, ru: str, expected: str) -> AddressError:
    return AddressError(
        "bad_address", f"address {text!r}: {en}; expected {expected}", f"Адрес {text!r}: {ru}; нужно: {expected}"
    )

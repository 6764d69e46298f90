"""The forms of values that may leave the PC. A value of another form is told as withheld, whatever its field."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import Any
from urllib.parse import urlsplit

from agent.support.masking import WITHHELD, mask_text, mask_value
from drivers.address import AddressError, parse_address

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]{5,15}(?:Z|[+-][0-9:]{2,6})?")
_WORD = re.compile(r"[a-z][a-z0-9_]{0,47}")
_CHECK = re.compile(r"[a-z][a-z0-9_]{0,31}(?:[.\-][a-z0-9_]{1,31}){0,3}")
_NUMBER = re.compile(r"[0-9]{1,20}")
_MEASURE = re.compile(rf"{_TIME.pattern}|{_NUMBER.pattern}")
_SUM = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,6})?")
_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}|")
_VENDOR = re.compile(r"-?[0-9A-F]{1,8}")
_VERSION = re.compile(r"[0-9][0-9A-Za-z.+]{0,31}")
_OURS = re.compile(r"[a-z]{1,8}_[a-z2-7]{16}|[0-9a-f]{32}")
_IP = re.compile(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}")
_PORT_NAME = re.compile(r"COM[0-9]{1,3}|/dev/tty[A-Za-z]{1,4}[0-9]{1,3}")
SAFE_OPTIONS: Mapping[str, re.Pattern[str]] = {
    "baud": re.compile(r"auto|[0-9]{1,7}"),
    "protocol": re.compile(r"auto|[12]"),
    "connect_time": re.compile(r"[0-9.]{1,8}"),
    "usb": re.compile(r"auto"),
    "ofd": re.compile(r"none|usb|pc"),
    "model": re.compile(r"[0-9]{1,4}"),
}
"""Options of an address that say nothing of people or places."""


def _of_form(form: re.Pattern[str], value: Any) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    return value if isinstance(value, str) and form.fullmatch(value) else WITHHELD


def moment(value: Any) -> Any:
    return _of_form(_TIME, value)


def word(value: Any) -> Any:
    """A code of ours: small letters, digits, underscores."""
    return _of_form(_WORD, value)


def number(value: Any) -> Any:
    """Whole, also as text with its leading zeros (of a register, of a fiscal drive)."""
    if isinstance(value, str):
        return _of_form(_NUMBER, value.strip())
    return _of_form(_NUMBER, value)


def roubles(value: Any) -> Any:
    return _of_form(_SUM, value)


def digest(value: Any) -> Any:
    return _of_form(_HASH, value)


def vendor_code(value: Any) -> Any:
    return _of_form(_VENDOR, value)


def version(value: Any) -> Any:
    return _of_form(_VERSION, value)


def own_id(value: Any) -> Any:
    """An id that the server or we have made."""
    return _of_form(_OURS, value)


def check_id(value: Any) -> Any:
    """A name of the doctor's: words with dots or dashes between them."""
    return _of_form(_CHECK, value)


def measure(value: Any) -> Any:
    """A number, or a moment."""
    return value if isinstance(value, float) else _of_form(_MEASURE, value)


class Known:
    """Names that may be told because the journal has them from the server: jobs and devices."""

    def __init__(self, names: Container[str]) -> None:
        self._names = names

    def name(self, value: Any) -> Any:
        return mask_text(value) if isinstance(value, str) and value in self._names else self._missing(value)

    @staticmethod
    def _missing(value: Any) -> Any:
        return None if value is None else WITHHELD


def address(text: str) -> str:
    """Scheme, IP address, port and harmless options; names of hosts, folders and files are withheld."""
    try:
        parsed = parse_address(text)
    except AddressError:
        return WITHHELD
    match parsed.scheme:
        case "tcp" | "http" | "https":
            host = parsed.host if _IP.fullmatch(parsed.host) or parsed.host == "localhost" else WITHHELD
            target = f"{host}:{parsed.port}"
        case "serial":
            target = parsed.target if _PORT_NAME.fullmatch(parsed.target) else WITHHELD
        case _:
            target = WITHHELD
    options = [
        f"{name}={value}" if name in SAFE_OPTIONS and SAFE_OPTIONS[name].fullmatch(value) else WITHHELD
        for name, value in parsed.options.items()
    ]
    return f"{parsed.scheme}:{target}" + (f"?{'&'.join(options)}" if options else "")


def url(text: str | None) -> str | None:
    """Scheme and port; whose server it is, the tenant's own bundle need not say."""
    if text is None:
        return None
    try:
        parts = urlsplit(text)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return WITHHELD
    return f"{parts.scheme}://{WITHHELD}{port}" if parts.scheme in ("http", "https") else WITHHELD


def masked(value: Any) -> Any:
    """The second pass over everything that was chosen."""
    return mask_value(value)

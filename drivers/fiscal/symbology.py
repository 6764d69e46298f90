"""What a barcode of each kind can carry, whoever prints it: judged before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from drivers.api import SlipBarcode
from drivers.errors import Refused

_LINEAR: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "ean13": (r"[0-9]{12,13}", "12 digits, or 13 with the check digit"),
        "ean8": (r"[0-9]{7,8}", "7 digits, or 8 with the check digit"),
        "itf": (r"(?:[0-9]{2}){1,24}", "an even number of digits, at most 48"),
        "code39": (r"[0-9A-Z \-.$/+%]{1,48}", "at most 48 of: digits, capital Latin letters, space and - . $ / + %"),
        "code128": (r"[ -~]{1,48}", "at most 48 printable ASCII characters"),
    }
)
_CHECKED = MappingProxyType({"ean13": 12, "ean8": 7})
"""Digits before the check digit."""
_MATRIX = MappingProxyType({"qr": 2953, "pdf417": 1108})
"""Bytes that the largest symbol holds."""

KINDS = (*_LINEAR, *_MATRIX)


def printable(barcode: SlipBarcode) -> SlipBarcode:
    """The barcode as it is printed, with its check digit. Raises ``Refused``: ``bad_barcode``, ``unsupported``."""
    if barcode.kind in _MATRIX:
        try:
            size = len(barcode.value.encode("utf-8"))
        except UnicodeEncodeError:
            raise Refused("bad_barcode", f"{barcode.kind}: half a character (a lone surrogate)") from None
        if not 0 < size <= _MATRIX[barcode.kind]:
            raise Refused("bad_barcode", f"{barcode.kind} takes 1 to {_MATRIX[barcode.kind]} bytes, not {size}")
        return barcode
    if barcode.kind not in _LINEAR:
        raise Refused("unsupported", f"barcode {barcode.kind!r}; known: {', '.join(KINDS)}")
    form, expected = _LINEAR[barcode.kind]
    if re.fullmatch(form, barcode.value, re.ASCII) is None:
        raise Refused("bad_barcode", f"{barcode.kind} takes {expected}, not {barcode.value!r}")
    digits = _CHECKED.get(barcode.kind)
    return barcode if digits is None else _with_check_digit(barcode, digits)


def _with_check_digit(barcode: SlipBarcode, digits: int) -> SlipBarcode:
    value = barcode.value[:digits]
    weighted = sum(int(digit) * (3 if at % 2 == 0 else 1) for at, digit in enumerate(reversed(value)))
    whole = f"{value}{-weighted % 10}"
    if len(barcode.value) > digits and barcode.value != whole:
        raise Refused("bad_barcode", f"{barcode.kind} {barcode.value}: the check digit should be {whole[-1]}")
    return replace(barcode, value=whole)

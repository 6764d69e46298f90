"""Barcodes of a slip as commands. A value that its kind cannot encode is ``Refused`` here, before anything is sent."""

from __future__ import annotations

import re
from typing import Any

from drivers.api import Align, SlipBarcode
from drivers.errors import Refused
from drivers.fiscal.shtrih.profile import Barcodes
from protocol.wire.shtrih.commands import Command
from protocol.wire.shtrih.printer_commands import BLOCK, LoadMatrix, PrintBarcode, PrintEan13, PrintMatrix

_DATA = 0  # kind of data that DDh loads
_ALIGN = {Align.LEFT: 0, Align.CENTRE: 1, Align.RIGHT: 2}
_PRINTER_KINDS = {"ean8": 3, "code39": 4, "itf": 5, "code128": 8}  # of CBh
_MATRIX_KINDS = {"pdf417": 0, "qr": 3}  # of DEh
_MOST = {"qr": 2953, "pdf417": 1108}  # bytes that the largest symbol of the kind holds
_FORMS = {
    "ean13": (r"[0-9]{12,13}", "12 digits, or 13 with the check digit"),
    "ean8": (r"[0-9]{7,8}", "7 digits, or 8 with the check digit"),
    "itf": (r"(?:[0-9]{2}){1,24}", "an even number of digits, at most 48"),
    "code39": (r"[0-9A-Z \-.$/+%]{1,48}", "at most 48 of: digits, capital Latin letters, space and - . $ / + %"),
    "code128": (r"[ -~]{1,48}", "at most 48 printable ASCII characters"),
}


def barcode_commands(barcode: SlipBarcode, profile: Barcodes, password: int) -> tuple[Command[Any], ...]:
    """Raises ``Refused``: ``bad_barcode``, ``unsupported``. The place of a one-dimensional code is the register's."""
    if barcode.kind in _MATRIX_KINDS:
        return _matrix(barcode, profile, password)
    if barcode.kind not in _FORMS:
        raise Refused("unsupported", f"barcode {barcode.kind!r}; known: {', '.join((*_FORMS, *_MATRIX_KINDS))}")
    form, expected = _FORMS[barcode.kind]
    if re.fullmatch(form, barcode.value, re.ASCII) is None:
        raise Refused("bad_barcode", f"{barcode.kind} takes {expected}, not {barcode.value!r}")
    if barcode.kind == "ean13":
        return (PrintEan13(password, int(_with_check_digit(barcode, 12)[:12])),)
    value = _with_check_digit(barcode, 7) if barcode.kind == "ean8" else barcode.value
    kind = _PRINTER_KINDS[barcode.kind]
    data = value.encode("ascii")
    return (PrintBarcode(password, profile.height, profile.bar, profile.text_place, profile.text_font, kind, data),)


def _with_check_digit(barcode: SlipBarcode, digits: int) -> str:
    value = barcode.value[:digits]
    weighted = sum(int(digit) * (3 if at % 2 == 0 else 1) for at, digit in enumerate(reversed(value)))
    whole = f"{value}{-weighted % 10}"
    if len(barcode.value) > digits and barcode.value != whole:
        raise Refused("bad_barcode", f"{barcode.kind} {barcode.value}: the check digit should be {whole[-1]}")
    return whole


def _matrix(barcode: SlipBarcode, profile: Barcodes, password: int) -> tuple[Command[Any], ...]:
    data = barcode.value.encode("utf-8")
    if not 0 < len(data) <= _MOST[barcode.kind]:
        raise Refused("bad_barcode", f"{barcode.kind} takes 1 to {_MOST[barcode.kind]} bytes, not {len(data)}")
    parameters = profile.qr if barcode.kind == "qr" else profile.pdf417
    blocks = [data[at : at + BLOCK] for at in range(0, len(data), BLOCK)]
    loads = (LoadMatrix(password, _DATA, at, block.ljust(BLOCK, b"\0")) for at, block in enumerate(blocks))
    kind, align = _MATRIX_KINDS[barcode.kind], _ALIGN[barcode.align]
    return (*loads, PrintMatrix(password, kind, len(data), 0, parameters, align))

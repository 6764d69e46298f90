"""Barcodes of a slip as commands. A value that its kind cannot encode is ``Refused`` before anything is sent."""

from __future__ import annotations

from typing import Any

from drivers.api import Align, SlipBarcode
from drivers.fiscal.shtrih.profile import Barcodes
from drivers.fiscal.symbology import printable
from protocol.wire.shtrih.commands import Command
from protocol.wire.shtrih.printer_commands import BLOCK, LoadMatrix, PrintBarcode, PrintEan13, PrintMatrix

_DATA = 0  # kind of data that DDh loads
_ALIGN = {Align.LEFT: 0, Align.CENTRE: 1, Align.RIGHT: 2}
_PRINTER_KINDS = {"ean8": 3, "code39": 4, "itf": 5, "code128": 8}  # of CBh
_MATRIX_KINDS = {"pdf417": 0, "qr": 3}  # of DEh


def barcode_commands(barcode: SlipBarcode, profile: Barcodes, password: int) -> tuple[Command[Any], ...]:
    """Raises ``Refused``: ``bad_barcode``, ``unsupported``. The place of a one-dimensional code is the register's."""
    barcode = printable(barcode)
    if barcode.kind in _MATRIX_KINDS:
        return _matrix(barcode, profile, password)
    if barcode.kind == "ean13":
        return (PrintEan13(password, int(barcode.value[:-1])),)
    kind = _PRINTER_KINDS[barcode.kind]
    data = barcode.value.encode("ascii")
    return (PrintBarcode(password, profile.height, profile.bar, profile.text_place, profile.text_font, kind, data),)


def _matrix(barcode: SlipBarcode, profile: Barcodes, password: int) -> tuple[Command[Any], ...]:
    data = barcode.value.encode("utf-8")
    parameters = profile.qr if barcode.kind == "qr" else profile.pdf417
    blocks = [data[at : at + BLOCK] for at in range(0, len(data), BLOCK)]
    loads = (LoadMatrix(password, _DATA, at, block.ljust(BLOCK, b"\0")) for at, block in enumerate(blocks))
    kind, align = _MATRIX_KINDS[barcode.kind], _ALIGN[barcode.align]
    return (*loads, PrintMatrix(password, kind, len(data), 0, parameters, align))

"""A non-fiscal slip as commands: wrapped and aligned text, and the two barcodes whose numbers on the wire are known.

The way to print bold is not published in full, so bold lines come plain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from drivers.api import Align, SlipBarcode, SlipText
from drivers.errors import Refused
from drivers.fiscal.atol_wire.profile import Profile
from drivers.fiscal.paper_text import laid_out
from drivers.fiscal.symbology import printable
from protocol.wire.atol.command import Command
from protocol.wire.atol.operations import BarcodeType, PrintBarcode, PrintLine
from protocol.wire.layout import LayoutError

KINDS: Mapping[str, BarcodeType] = {"qr": BarcodeType.QR, "ean13": BarcodeType.EAN13}
PLACES: Mapping[Align, int] = {Align.LEFT: 0, Align.CENTRE: 1, Align.RIGHT: 2}


def slip_commands(lines: Sequence[SlipText | SlipBarcode], columns: int, profile: Profile) -> tuple[Command[Any], ...]:
    """Raises ``Refused``: ``bad_barcode``, ``unsupported``, ``bad_parameter``."""
    commands: list[Command[Any]] = []
    for line in lines:
        if isinstance(line, SlipBarcode):
            commands.append(_barcode(printable(line), profile))
        else:
            commands += (PrintLine(text or " ") for text in laid_out(line, columns))
    try:
        for command in commands:
            command.to_bytes()
    except LayoutError as error:
        raise Refused("bad_parameter", str(error)) from error
    return tuple(commands)


def _barcode(barcode: SlipBarcode, profile: Profile) -> PrintBarcode:
    kind = KINDS.get(barcode.kind)
    if kind is None:
        known = ", ".join(KINDS)
        raise Refused("unsupported", f"barcode {barcode.kind!r}: over the wire only {known} are known; use atol-lib")
    data = barcode.value.encode("utf-8", "surrogatepass")
    return PrintBarcode(kind, PLACES[barcode.align], profile.barcode_scale, bytes(11), data)

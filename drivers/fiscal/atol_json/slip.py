"""A non-fiscal slip as a task: lines broken at the paper's width, barcodes judged before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from drivers.api import Align, SlipBarcode, SlipText
from drivers.fiscal.paper_text import laid_out
from drivers.fiscal.symbology import printable
from protocol.wire.atol.json_receipt import Task
from protocol.wire.atol.json_tasks import Barcode, Text, non_fiscal


def slip_task(lines: Sequence[SlipText | SlipBarcode], columns: int, *, cut: bool) -> Task:
    """Raises ``Refused``: ``bad_barcode``, ``unsupported``. The language has no cut of its own: the footer that ends a
    slip brings it, and a slip without a cut goes without a footer."""
    return non_fiscal([item for line in lines for item in _items(line, columns)], footer=cut)


def _items(line: SlipText | SlipBarcode, columns: int) -> Iterator[Text | Barcode]:
    if isinstance(line, SlipBarcode):
        barcode = printable(line)
        yield Barcode(barcode.kind, barcode.value, barcode.align.value)
        return
    room = max(1, columns // 2) if line.bold else columns
    for piece in laid_out(replace(line, align=Align.LEFT), room):
        yield Text(piece if line.align is Align.LEFT else piece.strip(), line.align.value, wide=line.bold)

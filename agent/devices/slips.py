"""Non-fiscal slips: the CRM's free text, and a copy of an archived document."""

from __future__ import annotations

from collections.abc import Iterator

from drivers.api import Align, FiscalDocument, SlipBarcode, SlipText
from protocol.crm.payloads import PrintLine, TextPayload
from protocol.ffd.layout import MIN_WIDTH, layout
from protocol.ffd.sheet import PairLine, QrLine, RuleLine, TextLine
from protocol.ffd.text import printable

Slip = list[SlipText | SlipBarcode]

COPY = "КОПИЯ"


def text_slip(payload: TextPayload) -> Slip:
    return [_line(line) for line in payload.lines]


def _line(line: PrintLine) -> SlipText | SlipBarcode:
    align = Align(line.align)
    if line.barcode is not None:
        return SlipBarcode(line.barcode.type, line.barcode.value, align)
    return SlipText(printable(line.text or ""), align, line.bold)


def copy_slip(document: FiscalDocument, columns: int) -> Slip:
    """The document as the archive holds it, under a heading that says what it is. Not a fiscal document: its own form,
    and the check code of the original."""
    return [SlipText(COPY, Align.CENTRE, bold=True), *_laid_out(document, max(columns, MIN_WIDTH))]


def _laid_out(document: FiscalDocument, columns: int) -> Iterator[SlipText | SlipBarcode]:
    for line in layout(document.kind.value, document.tags, width=columns):
        match line:
            case TextLine(text, align, bold, large):
                yield SlipText(text, Align(align.value), bold or large)
            case PairLine(left, right, bold, large):
                yield SlipText(left + right.rjust(columns - len(left)), bold=bold or large)
            case RuleLine():
                yield SlipText("-" * columns)
            case QrLine(text):
                yield SlipBarcode("qr", text)

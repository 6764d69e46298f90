"""The agent's picture of a document: as wide as the paper, with a QR code that a scanner reads."""

from __future__ import annotations

from io import BytesIO

import pytest
import zxingcpp
from PIL import Image

from agent.pictures import COLUMN, MARGIN, draw_png
from protocol.ffd.layout import layout
from protocol.ffd.qr import parse_qr
from tests.protocol.ffd.test_layout import RECEIPT, SHIFT


@pytest.mark.parametrize("width", [24, 32, 48])
def test_a_scanner_reads_the_code(width: int) -> None:
    with Image.open(BytesIO(draw_png(layout("receipt", RECEIPT, width=width), width))) as picture:
        assert picture.width == width * COLUMN + 2 * MARGIN
        (read,) = zxingcpp.read_barcodes(picture)
    assert parse_qr(read.text).total == 472000


def test_every_line_leaves_ink_within_the_margins() -> None:
    with Image.open(BytesIO(draw_png(layout("close_shift", SHIFT), 48))) as picture:
        left, top, right, bottom = picture.convert("L").point(lambda dot: 255 - dot).getbbox() or (0, 0, 0, 0)
        assert MARGIN - 4 <= left < right <= picture.width - MARGIN + 4
        assert MARGIN - 4 <= top < bottom <= picture.height - MARGIN + 4
        assert (bottom - top) > 0.8 * (picture.height - 2 * MARGIN)

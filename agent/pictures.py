"""A fiscal document as a PNG: what ``protocol.ffd.layout`` lays out, black on white, as wide as 80 mm paper."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from io import BytesIO

import segno
from PIL import Image, ImageDraw, ImageFont

from protocol.ffd.sheet import Align, Line, PairLine, QrLine, RuleLine, TextLine

SIZE = 20  # pixels of a character's height
COLUMN = 12  # pixels of a character's width at that size
ROW = 26
MARGIN = 28
QR_MODULE = 6
QUIET = 4


def draw_png(lines: Sequence[Line], width: int) -> bytes:
    """The picture. ``width`` is the paper's in characters, as the lines were laid out for."""
    font = (resources.files("drivers") / "fonts" / "DejaVuSansMono-subset.ttf").read_bytes()
    pen = _Pen(
        {size: ImageFont.truetype(BytesIO(font), SIZE * size) for size in (1, 2)},
        [(line, _qr(line.text) if isinstance(line, QrLine) else None) for line in lines],
        width,
    )
    buffer = BytesIO()
    pen.draw().save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _qr(text: str) -> Image.Image:
    buffer = BytesIO()
    segno.make(text, error="m", micro=False).save(buffer, kind="png", scale=QR_MODULE, border=QUIET)
    with Image.open(buffer) as code:
        return code.convert("L")


class _Pen:
    def __init__(
        self,
        fonts: dict[int, ImageFont.FreeTypeFont],
        lines: Sequence[tuple[Line, Image.Image | None]],
        width: int,
    ) -> None:
        self._fonts = fonts
        self._lines = lines
        self._right = MARGIN + width * COLUMN
        height = 2 * MARGIN + sum(self._height(line, code) for line, code in lines)
        self._sheet = Image.new("L", (self._right + MARGIN, height), 255)
        self._draw = ImageDraw.Draw(self._sheet)

    def draw(self) -> Image.Image:
        top = MARGIN
        for line, code in self._lines:
            match line:
                case RuleLine():
                    for x in range(MARGIN, self._right, 8):
                        self._draw.line((x, top + ROW // 2, min(x + 4, self._right), top + ROW // 2), fill=0)
                case QrLine():
                    assert code is not None
                    self._sheet.paste(code, ((self._sheet.width - code.width) // 2, top))
                case PairLine(left, right):
                    self._text(left, MARGIN, top, line)
                    self._text(right, self._right - self._width(right, line), top, line)
                case TextLine(text, align):
                    room = self._right - MARGIN - self._width(text, line)
                    shift = {Align.LEFT: 0, Align.CENTRE: room // 2, Align.RIGHT: room}[align]
                    self._text(text, MARGIN + shift, top, line)
            top += self._height(line, code)
        return self._sheet

    def _height(self, line: Line, code: Image.Image | None) -> int:
        if code is not None:
            return code.height
        return ROW * (2 if isinstance(line, (TextLine, PairLine)) and line.large else 1)

    def _width(self, text: str, line: TextLine | PairLine) -> int:
        return len(text) * COLUMN * (2 if line.large else 1)

    def _text(self, text: str, x: int, top: int, line: TextLine | PairLine) -> None:
        """Character by character: on paper every one has its column, whatever the font thinks."""
        size = 2 if line.large else 1
        for place, letter in enumerate(text):
            at = (x + place * COLUMN * size, top)
            self._draw.text(at, letter, fill=0, font=self._fonts[size], stroke_width=1 if line.bold else 0)

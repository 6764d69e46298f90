"""Lines of a printed document as SVG: white paper, text that can be selected, a QR code made of one path.

Every character has its column. The width of a text is written beside it (``textLength``), so that whatever monospaced
font the reader has, the columns stand where they stand on paper.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

import segno

from protocol.ffd.sheet import Align, Line, PairLine, QrLine, RuleLine, TextLine

COLUMN = 8.0  # user units of one character
ROW = 18.0
FONT = 13.3
MARGIN = 20.0
QR_SIDE = 200.0  # about 45 % of 80 mm paper: far above the 20 mm that a QR code needs
QUIET = 4  # modules around the code
FAMILY = "'DejaVu Sans Mono','Liberation Mono','Courier New',monospace"


def draw_svg(lines: Sequence[Line], width: int, *, title: str = "") -> str:
    """The whole picture. ``width`` is the paper's in characters, as the lines were laid out for."""
    parts: list[str] = []
    top = MARGIN
    for line in lines:
        parts += _draw(line, top, width)
        top += _height(line)
    across, down = 2 * MARGIN + width * COLUMN, top + MARGIN
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {across:g} {down:g}" width="{across:g}" '
        f'height="{down:g}" role="img" font-family="{FAMILY}" font-size="{FONT:g}" fill="#111">'
    )
    named = f"<title>{escape(title)}</title>" if title else ""
    paper = f'<rect width="{across:g}" height="{down:g}" fill="#fff"/>'
    return "\n".join([head + named + paper, *parts, "</svg>"]) + "\n"


def qr_path(text: str) -> tuple[str, int]:
    """The dark modules of a QR code as one SVG path in module units, quiet zone included, and the side in modules."""
    matrix = segno.make(text, error="m", micro=False).matrix
    path = "".join(
        f"M{x + QUIET} {y + QUIET}h1v1h-1z" for y, row in enumerate(matrix) for x, dark in enumerate(row) if dark
    )
    return path, len(matrix) + 2 * QUIET


def _height(line: Line) -> float:
    if isinstance(line, QrLine):
        return QR_SIDE + ROW
    return ROW * (2 if isinstance(line, (TextLine, PairLine)) and line.large else 1)


def _draw(line: Line, top: float, width: int) -> Iterator[str]:
    right = MARGIN + width * COLUMN
    match line:
        case RuleLine():
            y = top + ROW / 2
            yield f'<path d="M{MARGIN:g} {y:g}H{right:g}" stroke="#111" stroke-dasharray="4 3"/>'
        case QrLine(text):
            path, side = qr_path(text)
            x, scale = (2 * MARGIN + width * COLUMN - QR_SIDE) / 2, QR_SIDE / side
            yield f'<g transform="translate({x:g} {top:g}) scale({scale:.5f})" shape-rendering="crispEdges">'
            yield f'<path d="{path}"/></g>'
        case PairLine(left, value):
            yield from _text(left, MARGIN, top, line)
            yield from _text(value, right - _width(value, line), top, line)
        case TextLine(text, align):
            room = width * COLUMN - _width(text, line)
            shift = {Align.LEFT: 0.0, Align.CENTRE: room / 2, Align.RIGHT: room}[align]
            yield from _text(text, MARGIN + shift, top, line)


def _width(text: str, line: TextLine | PairLine) -> float:
    return len(text) * COLUMN * (2 if line.large else 1)


def _text(text: str, x: float, top: float, line: TextLine | PairLine) -> Iterator[str]:
    """One run of characters; leading blanks are a shift, because SVG folds them."""
    bare = text.lstrip(" ")
    if not bare:
        return
    x += _width(text[: len(text) - len(bare)], line)
    bare = bare.rstrip(" ")
    size = 2 if line.large else 1
    look = f' font-size="{FONT * size:g}"' if line.large else ""
    look += ' font-weight="bold"' if line.bold else ""
    run = quoteattr(f"{_width(bare, line):g}")
    yield (
        f'<text x="{x:g}" y="{top + ROW * size * 0.75:g}"{look} textLength={run} '
        f'lengthAdjust="spacingAndGlyphs" xml:space="preserve">{escape(bare)}</text>'
    )

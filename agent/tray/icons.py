"""The program's icons, drawn: five states for light and dark task bars, and the program's own. No image files.

The picture is a receipt; what is on it tells the state, by shape as much as by colour, since a cashier may not tell red
from green and a task bar shows sixteen pixels: a tick when all is well, a row of dots at work, a triangle with its mark
when somebody is needed, a stroke through an empty receipt without a link, two bars in a pause. Every size is drawn for
itself on a grid of sixteenths, on whose lines most edges lie.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from types import MappingProxyType

from PIL import Image, ImageDraw

from agent.tray.model import IconState

SIZES = (16, 20, 24, 32, 48, 64, 128, 256)
"""Pixels: small icons at 100, 125, 150 and 200 %, and what shortcuts, switchers and installers show."""

_GRID = 16
_OVER = 8  # pixels drawn for each pixel shown

Colour = tuple[int, int, int, int]
_CLEAR: Colour = (0, 0, 0, 0)
_AMBER: Colour = (255, 176, 0, 255)
_BLUE: Colour = (38, 110, 230, 255)
_BLACK: Colour = (20, 20, 20, 255)
_WHITE: Colour = (255, 255, 255, 255)


class Bar(StrEnum):
    """The task bar under the icon."""

    DARK = "dark"
    LIGHT = "light"


@dataclass(frozen=True, slots=True)
class _Inks:
    paper: Colour
    print: Colour
    lost: Colour  # what has no link, and the stroke through it
    busy: Colour


_INKS: Mapping[Bar, _Inks] = MappingProxyType(
    {
        Bar.DARK: _Inks((245, 245, 245, 255), (70, 78, 90, 255), (200, 204, 210, 255), (64, 144, 255, 255)),
        Bar.LIGHT: _Inks((52, 60, 72, 255), _WHITE, (96, 104, 116, 255), (0, 84, 190, 255)),
    }
)


def draw(state: IconState, bar: Bar, size: int) -> Image.Image:
    """One icon, ``size`` × ``size`` pixels, with transparency."""
    pen, inks = _Pen(size), _INKS[bar]
    if state is IconState.OFFLINE:
        pen.receipt(inks.lost, hollow=True)
        pen.stroke(2.2, 13.8, 13.8, 2.2, 3.6, _CLEAR)
        pen.stroke(2.2, 13.8, 13.8, 2.2, 1.8, inks.lost)
        return pen.done()
    pen.receipt(inks.paper)
    match state:
        case IconState.READY:
            pen.stroke(5, 8.2, 7.2, 10.4, 1.9, inks.print)
            pen.stroke(7.2, 10.4, 11.2, 5.4, 1.9, inks.print)
        case IconState.WORKING:
            pen.box(0, 9, 16, 16, _CLEAR)
            for centre in (2, 8, 14):
                pen.dot(centre, 13, 2, inks.busy)
            pen.box(4, 3, 12, 5, inks.print)
        case IconState.PAUSED:
            pen.box(6, 5, 16, 16, _CLEAR)
            pen.box(8, 7, 11, 16, inks.paper)
            pen.box(13, 7, 16, 16, inks.paper)
        case IconState.ATTENTION:
            pen.triangle(_CLEAR, grow=1.0)
            pen.triangle(_BLACK, grow=0.0)
            pen.triangle(_AMBER, grow=-0.6)
            pen.box(9, 8, 11, 12, _BLACK)
            pen.box(9, 13, 11, 15, _BLACK)
            pen.box(4, 2, 8, 4, inks.print)
    return pen.done()


def draw_program(size: int) -> Image.Image:
    """The program's own icon: the receipt on its blue field, for shortcuts, windows and the installer."""
    pen = _Pen(size, shrink=0.75)
    pen.field(_BLUE)
    pen.receipt(_WHITE)
    pen.stroke(5, 8.2, 7.2, 10.4, 1.9, _BLUE)
    pen.stroke(7.2, 10.4, 11.2, 5.4, 1.9, _BLUE)
    return pen.done()


def program_ico(sizes: Sequence[int] = SIZES) -> bytes:
    """The program's icon as a Windows ``.ico`` that holds every size as drawn."""
    return ico([draw_program(size) for size in sizes])


def ico(pictures: Sequence[Image.Image]) -> bytes:
    """Square pictures of at most 256 pixels as one Windows icon: a directory, then each as PNG (Windows Vista and
    later), none of them scaled from another."""
    drawn = [_png(picture) for picture in pictures]
    place = 6 + 16 * len(drawn)
    head, body = struct.pack("<HHH", 0, 1, len(drawn)), b""
    for picture, data in zip(pictures, drawn, strict=True):
        side = picture.width % 256  # 256 is written as 0
        head += struct.pack("<BBBBHHII", side, side, 0, 0, 1, 32, len(data), place + len(body))
        body += data
    return head + body


def _png(picture: Image.Image) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


class _Pen:
    """Draws in units of the grid on a picture that is larger than wanted, and shrinks it at the end."""

    def __init__(self, size: int, *, shrink: float = 1.0) -> None:
        """``shrink``: towards the middle, to leave a rim."""
        self._size = size
        self._unit = size * _OVER / _GRID * shrink
        self._rim = size * _OVER * (1 - shrink) / 2
        self._picture = Image.new("RGBA", (size * _OVER, size * _OVER), _CLEAR)
        self._draw = ImageDraw.Draw(self._picture)

    def receipt(self, colour: Colour, *, hollow: bool = False) -> None:
        """A strip of paper torn off at the bottom."""
        outline = [(2, 0), (14, 0), (14, 16), (12, 14), (10, 16), (8, 14), (6, 16), (4, 14), (2, 16)]
        self._polygon(outline, colour)
        if hollow:
            self.box(4, 2, 12, 12, _CLEAR)

    def field(self, colour: Colour) -> None:
        side = self._size * _OVER - 1
        self._draw.rounded_rectangle((0, 0, side, side), radius=side / 5, fill=colour)

    def triangle(self, colour: Colour, *, grow: float) -> None:
        """A warning sign at the bottom right. ``grow``: how much wider than the sign itself, on every side."""
        top, side = 1.6 * grow, 1.3 * grow
        self._polygon([(10, 3.6 - top), (16 + side, 16 + grow), (4 - side, 16 + grow)], colour)

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        at = self._at
        self._draw.rectangle((at(left), at(top), at(right) - 1, at(bottom) - 1), fill=colour)

    def dot(self, x: float, y: float, radius: float, colour: Colour) -> None:
        at = self._at
        self._draw.ellipse((at(x - radius), at(y - radius), at(x + radius), at(y + radius)), fill=colour)

    def stroke(self, x1: float, y1: float, x2: float, y2: float, width: float, colour: Colour) -> None:
        at = self._at
        self._draw.line((at(x1), at(y1), at(x2), at(y2)), fill=colour, width=round(width * self._unit))
        for x, y in ((x1, y1), (x2, y2)):
            self.dot(x, y, width / 2, colour)

    def done(self) -> Image.Image:
        return self._picture.resize((self._size, self._size), Image.Resampling.BOX)

    def _polygon(self, corners: Sequence[tuple[float, float]], colour: Colour) -> None:
        # Pillow draws the last pixel too; a pixel less to the right and below, and edges on the grid stay sharp.
        at, middle = self._at, _GRID / 2
        self._draw.polygon([(at(x) - (x > middle), at(y) - (y > middle)) for x, y in corners], fill=colour)

    def _at(self, place: float) -> float:
        return self._rim + place * self._unit

"""Paper of a simulated printer: slips of rows, each text, a code or a picture, kept in memory or written as files."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from importlib import resources
from io import BytesIO
from pathlib import Path
from typing import Protocol

import segno
from PIL import Image, ImageDraw, ImageFont

from drivers.simulators.barcodes import LINEAR

WIDTH = 48  # characters in a row of 80 mm paper
CHARACTER = 12  # dots; 8 dots are a millimetre
DOTS = WIDTH * CHARACTER
MARGIN = 28
FONT_SIZE = 20
SMALL_SIZE = 15
STEP = FONT_SIZE + 6
SMALL_STEP = SMALL_SIZE + 4
QUIET = 10  # modules of white at both ends of a linear code
QR_MODULE = 6  # dots; a receipt's code is then about 28 mm wide


@dataclass(frozen=True, slots=True)
class Code:
    """A code drawn by the printer: one of ``LINEAR``, or QR. Any other kind is shown as text."""

    kind: str
    data: str
    height: int = 100  # dots, of a linear one
    module: int = 2  # dots
    align: int = 1  # 0 left, 1 centre, 2 right
    level: str = "m"  # QR: error correction
    label: bool = True  # linear: the data in figures below


@dataclass(frozen=True, slots=True)
class Row:
    text: str = ""
    big: bool = False  # twice as high and wide; half as many characters fit
    small: bool = False
    bold: bool = False
    code: Code | None = None
    dots: tuple[str, ...] = ()  # picture: lines in hex, the lowest bit of each byte on the left

    def __str__(self) -> str:
        if self.code is not None:
            return f"[{self.code.kind}] {self.code.data}"
        return f"[picture of {len(self.dots)} lines]" if self.dots else self.text


@dataclass(frozen=True, slots=True)
class Slip:
    """One piece of paper. ``name`` is the FD number, or ``n1``, ``n2`` … for what is not fiscal."""

    name: str
    rows: list[Row] = field(default_factory=list)
    qr: str | None = None
    columns: int = WIDTH

    def text(self) -> str:
        tail = [f"[QR] {self.qr}"] if self.qr else []
        return "\n".join([str(row) for row in self.rows] + tail) + "\n"


class Paper(Protocol):
    def put(self, slip: Slip) -> None:
        """Take a slip that has been printed to its end, or as far as the paper went."""


class MemoryPaper:
    """Keeps the last ``keep`` slips, or all of them."""

    def __init__(self, keep: int | None = None) -> None:
        self.slips: list[Slip] = []
        self._keep = keep

    def put(self, slip: Slip) -> None:
        self.slips.append(slip)
        if self._keep is not None:
            del self.slips[: -self._keep]


class FolderPaper:
    """Writes ``<name>.txt`` and ``<name>.png``; each appears complete."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, slip: Slip) -> None:
        buffer = BytesIO()
        picture(slip).save(buffer, "PNG", optimize=True)
        self._write(f"{slip.name}.txt", slip.text().encode())
        self._write(f"{slip.name}.png", buffer.getvalue())

    def _write(self, name: str, data: bytes) -> None:
        beside = self._folder / f".{name}.new"
        beside.write_bytes(data)
        os.replace(beside, self._folder / name)


def picture(slip: Slip) -> Image.Image:
    """The slip in black on white, one dot of the print head per pixel."""
    width = slip.columns * CHARACTER
    fonts = _Fonts()
    rows = [*slip.rows, Row(code=Code("QR", slip.qr, module=QR_MODULE))] if slip.qr else slip.rows
    strips = [fonts.strip(row, width) for row in rows]
    sheet = Image.new("L", (width + 2 * MARGIN, 2 * MARGIN + sum(strip.height for strip in strips)), 255)
    top = MARGIN
    for strip in strips:
        sheet.paste(strip, (MARGIN, top))
        top += strip.height
    return sheet


class _Fonts:
    def __init__(self) -> None:
        source = resources.files("drivers") / "fonts" / "DejaVuSansMono-subset.ttf"
        file = source.read_bytes()
        self._normal = ImageFont.truetype(BytesIO(file), FONT_SIZE)
        self._big = ImageFont.truetype(BytesIO(file), FONT_SIZE * 2)
        self._small = ImageFont.truetype(BytesIO(file), SMALL_SIZE)

    def strip(self, row: Row, width: int) -> Image.Image:
        """One row as wide as the paper."""
        if row.code is not None:
            return self._code(row.code, width)
        if row.dots:
            return _raster(row.dots, width)
        return self._text(row, width)

    def _text(self, row: Row, width: int) -> Image.Image:
        font = self._big if row.big else self._small if row.small else self._normal
        strip = Image.new("L", (width, 2 * STEP if row.big else SMALL_STEP if row.small else STEP), 255)
        ImageDraw.Draw(strip).text((0, 0), row.text, fill=0, font=font, stroke_width=1 if row.bold else 0)
        return strip

    def _code(self, code: Code, width: int) -> Image.Image:
        if code.kind == "QR":
            drawn = _qr(code)
        elif code.kind in LINEAR:
            drawn = self._linear(code)
        else:
            return self._text(Row(f"[{code.kind}] {code.data}"), width)
        strip = Image.new("L", (width, drawn.height + STEP), 255)
        strip.paste(drawn, (max(0, (0, (width - drawn.width) // 2, width - drawn.width)[code.align]), STEP // 2))
        return strip

    def _linear(self, code: Code) -> Image.Image:
        modules = "0" * QUIET + LINEAR[code.kind](code.data) + "0" * QUIET
        bars = Image.new("L", (len(modules), 1))
        bars.putdata([0 if module == "1" else 255 for module in modules])
        bars = bars.resize((len(modules) * code.module, code.height), Image.Resampling.NEAREST)
        if not code.label:
            return bars
        drawn = Image.new("L", (bars.width, code.height + STEP), 255)
        drawn.paste(bars, (0, 0))
        centre = (bars.width - round(self._normal.getlength(code.data))) // 2
        ImageDraw.Draw(drawn).text((max(0, centre), code.height), code.data, fill=0, font=self._normal)
        return drawn


def _qr(code: Code) -> Image.Image:
    buffer = BytesIO()
    segno.make(code.data, error=code.level, micro=False, boost_error=False).save(
        buffer, kind="png", scale=code.module, border=4
    )
    with Image.open(buffer) as drawn:
        return drawn.convert("L")


def _raster(lines: tuple[str, ...], width: int) -> Image.Image:
    strip = Image.new("L", (width, len(lines)), 255)
    for top, line in enumerate(lines):
        for place, byte in enumerate(bytes.fromhex(line)):
            for bit in range(8):
                if byte >> bit & 1 and 8 * place + bit < width:
                    strip.putpixel((8 * place + bit, top), 0)
    return strip

"""Paper of a simulated printer: slips of text rows with an optional QR code, kept in memory or written as files."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from importlib import resources
from io import BytesIO
from pathlib import Path
from typing import Protocol

import segno
from PIL import Image, ImageDraw, ImageFont

WIDTH = 48  # characters in a row
DOTS = 576  # printable width of 80 mm paper at 8 dots per millimetre
MARGIN = 28
FONT_SIZE = 20
QR_MODULE = 6  # dots; a receipt's code is then about 28 mm wide


@dataclass(frozen=True, slots=True)
class Row:
    text: str
    big: bool = False  # twice as high and wide; half as many characters fit


@dataclass(frozen=True, slots=True)
class Slip:
    """One piece of paper. ``name`` is the FD number, or ``n1``, ``n2`` … for what is not fiscal."""

    name: str
    rows: list[Row] = field(default_factory=list)
    qr: str | None = None

    def text(self) -> str:
        tail = [f"[QR] {self.qr}"] if self.qr else []
        return "\n".join([row.text for row in self.rows] + tail) + "\n"


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
    source = resources.files("drivers.simulators") / "fonts" / "DejaVuSansMono-subset.ttf"
    font_file = source.read_bytes()
    small = ImageFont.truetype(BytesIO(font_file), FONT_SIZE)
    big = ImageFont.truetype(BytesIO(font_file), FONT_SIZE * 2)
    step = FONT_SIZE + 6
    code = _qr_picture(slip.qr) if slip.qr else None
    height = 2 * MARGIN + sum(step * (2 if row.big else 1) for row in slip.rows)
    if code:
        height += code.height + step
    sheet = Image.new("L", (DOTS + 2 * MARGIN, height), 255)
    draw = ImageDraw.Draw(sheet)
    top = MARGIN
    for row in slip.rows:
        draw.text((MARGIN, top), row.text, fill=0, font=big if row.big else small)
        top += step * (2 if row.big else 1)
    if code:
        sheet.paste(code, ((sheet.width - code.width) // 2, top + step // 2))
    return sheet


def _qr_picture(text: str) -> Image.Image:
    buffer = BytesIO()
    segno.make(text, error="m", micro=False).save(buffer, kind="png", scale=QR_MODULE, border=4)
    with Image.open(buffer) as code:
        return code.convert("L")

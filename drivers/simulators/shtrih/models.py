"""Models of the family, as their answers to FCh, F7h, 10h, 11h and 26h tell them apart (protocol 1.17).

What a real model of that name answers has only been read in texts; the four stand for kinds of hardware.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

OPTICAL, COVER, CUTTER, DRAWER = 3, 4, 13, 15
LAST_PRINT = 34

_EVERY = frozenset(
    {
        *(23, 28, 36, 42),  # long strings, protocol 2, command 6Bh, graphics-512
        *(
            43,
            44,
            45,
            46,
            47,
            48,
            49,
            50,
        ),  # drive, OFD, printed tags, 2-D code, FFD 1.1, correction, 6Bh, dt5
    }
)


@dataclass(frozen=True, slots=True)
class Font:
    width: int  # dots
    height: int
    big: bool = False
    small: bool = False


FONTS: Mapping[int, Font] = {1: Font(12, 24), 2: Font(24, 48, big=True), 3: Font(9, 18, small=True)}
"""Number of commands 26h and 2Fh -> font."""


@dataclass(frozen=True, slots=True)
class Model:
    number: int  # command FCh
    name: str
    columns: int  # characters of font 1 in a row
    hardware: frozenset[int]  # bits of command F7h
    lever: bool  # tells whether the head is down
    long_serial: bool  # 11h ends with the two high bytes of the factory number

    @property
    def flags(self) -> int:
        """Command F7h."""
        return sum(1 << bit for bit in self.hardware | _EVERY)

    @property
    def dots(self) -> int:
        return self.columns * FONTS[1].width

    def has(self, bit: int) -> bool:
        return bit in self.hardware

    def fits(self, font: Font) -> int:
        """Characters of this font in a row."""
        return self.dots // font.width


MODELS: Mapping[str, Model] = {
    "standard": Model(
        250, "ШТРИХ-М-01Ф", 48, frozenset({OPTICAL, COVER, CUTTER, DRAWER, LAST_PRINT}), lever=True, long_serial=True
    ),
    "mobile": Model(19, "ШТРИХ-МОБАЙЛ-Ф", 32, frozenset({OPTICAL}), lever=False, long_serial=True),
    "plain": Model(25, "ШТРИХ-ON-LINE", 48, frozenset({LAST_PRINT}), lever=False, long_serial=False),
    "narrow": Model(
        252, "ШТРИХ-ЛАЙТ-01Ф", 32, frozenset({OPTICAL, COVER, CUTTER, DRAWER}), lever=True, long_serial=False
    ),
}
STANDARD = "standard"

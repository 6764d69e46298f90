"""Models of the family: number, name, paper. Names and numbers are the vendor's list; firmware as a 25Ф reports it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Model:
    number: int
    name: str
    columns: int  # characters of the usual font in a row

    @property
    def dots(self) -> int:
        return self.columns * 12


MODELS: Mapping[str, Model] = {
    "25f": Model(57, "АТОЛ 25Ф", 48),
    "30f": Model(61, "АТОЛ 30Ф", 32),
    "22v2f": Model(95, "АТОЛ 22 v2Ф", 48),
}
USUAL = "25f"
MAJOR, MINOR, LANGUAGE, BUILD = 5, 8, 0, 3000
"""Firmware «5.8.3000»."""

"""Cyrillic letters where only Latin ones belong: the classic of copied and hand-typed addresses and names."""

from __future__ import annotations


def cyrillic_at(text: str) -> tuple[int, str] | None:
    """Position (from 1) and letter of the first Cyrillic letter in ``text``: the classic of copied addresses."""
    for position, letter in enumerate(text, start=1):
        if "\u0400" <= letter <= "\u052f":
            return position, letter
    return None


LOOKALIKES = dict(zip("АВЕКМНОРСТУХЅІЈаеорсухѕіјкм", "ABEKMHOPCTYXSIJaeopcyxsijkm", strict=True))
"""Cyrillic letters that look like Latin ones, and the Latin ones."""


def name_cyrillic(text: str) -> tuple[str, str] | None:
    """The sentence that names a Cyrillic letter in ``text``, in Russian and English; ``None`` without one."""
    found = cyrillic_at(text)
    if found is None:
        return None
    position, letter = found
    latin = LOOKALIKES.get(letter)
    if latin is None:
        return (
            f"{position}-й знак «{letter}» — русская буква, здесь нужны только латинские",
            f"character {position}, “{letter}”, is Cyrillic; only Latin letters are allowed here",
        )
    return (
        f"{position}-й знак «{letter}» — русская буква, похожая на латинскую «{latin}»",
        f"character {position}, “{letter}”, is a Cyrillic letter that looks like the Latin “{latin}”",
    )

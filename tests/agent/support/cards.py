"""Card numbers of many issuers, drawn by a rule of their own, and the search for one that has survived."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

ISSUERS: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("4", (13, 16, 19)), ("51", (16,)), ("55", (16,)), ("2221", (16,)), ("2720", (16,)), ("2200", (16, 19)),
    ("2204", (16, 18)), ("34", (15,)), ("37", (15,)), ("36", (14, 16)), ("300", (14,)), ("3528", (16,)),
    ("3589", (19,)), ("50", (16, 18)), ("5610", (13, 16)), ("62", (16, 19)), ("6011", (16,)), ("67", (16, 19)),
    ("8600", (16,)), ("9860", (16,)), ("9112", (16,)),
)  # fmt: skip


def card_number(random: Random) -> str:
    prefix, sizes = random.choice(ISSUERS)
    size = random.choice(sizes)
    digits = prefix + "".join(random.choice("0123456789") for _ in range(size - len(prefix) - 1))
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 if place % 2 else 2)
        total += doubled // 10 + doubled % 10
    return digits + str(-total % 10)


def split(number: str, random: Random) -> str:
    """With separators where a person, or a slip, puts them."""
    mark = random.choice([" ", "-", ".", "\u00a0", "  ", " - ", "\u2013"])
    cut = random.choice([4, 5, 6, 8])
    return mark.join(number[at : at + cut] for at in range(0, len(number), cut))


FORMS: dict[str, Callable[[str, Random], str]] = {
    "plain": lambda pan, _: pan,
    "in words": lambda pan, _: f"Карта {pan}, спасибо",
    "behind a number": lambda pan, _: f"Чек 12 {pan} 3",
    "split": split,
    "track 1": lambda pan, _: f"%B{pan}^PETROV/PETR^25122010000000000?",
    "track 2": lambda pan, _: f";{pan}=25122011234567890?",
    "hex": lambda pan, _: pan.encode().hex(),
    "HEX": lambda pan, _: pan.encode().hex().upper(),
    "hex in bytes": lambda pan, _: pan.encode().hex(" "),
    "packed, hex": lambda pan, _: "5a08" + packed(pan).hex(),
    "in JSON": lambda pan, _: f'{{"card": "{pan}", "n": 1}}',
}
"""How a card number may stand in a text."""


def packed(pan: str) -> bytes:
    return bytes.fromhex(pan if len(pan) % 2 == 0 else f"0{pan}")


BYTES: dict[str, Callable[[str, Random], bytes]] = {
    "cp866": lambda pan, _: f"Карта {pan} спасибо".encode("cp866"),
    "cp1251": lambda pan, random: f"Карта {split(pan, random)} ".encode("cp1251", "replace"),
    "utf-8": lambda pan, _: f"Карта {pan}".encode(),
    "utf-16": lambda pan, _: f"Карта {pan}".encode("utf-16-le"),
    "packed": lambda pan, _: b"\x5a\xaa" + packed(pan) + b"\xaa",
    "packed track 2": lambda pan, _: b"\xaa" + bytes.fromhex(_even(f"{pan}d25122011234567890f")) + b"\xaa",
}
"""How it may stand in bytes."""


def _even(nibbles: str) -> str:
    return nibbles if len(nibbles) % 2 == 0 else nibbles + "f"


def is_left(pan: str, data: bytes) -> bool:
    """Whether more of ``pan`` than its first six and last four digits can be read in ``data``: as text of any code
    page, split, in hexadecimal digits, packed."""
    core = pan[:-4][6:]
    text = data.decode("latin-1")
    views = [re.sub(r"[^0-9*a-fA-Fx]", "", text), data.hex(), re.sub(r"[^0-9*]", "", text)]
    for found in re.findall(r"(?:[0-9A-Fa-f]{2}[ :]?){10,}", text):
        inner = bytes.fromhex(re.sub(r"[^0-9A-Fa-f]", "", found))
        views += [re.sub(r"[^0-9*]", "", inner.decode("latin-1")), inner.hex()]
    return any(pan[:6] + core in view or core + pan[-4:] in view for view in views)

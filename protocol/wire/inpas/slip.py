"""INPAS's paper, field 90: records divided by ``~``, each ``copy ^ attribute ^ text``; lines end with CR LF."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

FIRST, SECOND = 0xDF, 0xDA
COPIES: Mapping[str, int] = MappingProxyType({"Я": FIRST, "\xdf": FIRST, "Ъ": SECOND, "\xda": SECOND})
"""The code that names a copy, as windows-1251 and as Latin-1 show it."""
ORDER = {SECOND: 0, FIRST: 1}
"""The customer's is the first: the merchant's goes before it."""


def copies(text: str) -> tuple[str, ...]:
    """The text of each copy, the merchant's first where both are there; records of the same copy follow one another. A
    text without records is one copy."""
    found: dict[int, list[str]] = {}
    for record in text.split("~"):
        head, mark, rest = record.partition("^")
        copy = COPIES.get(head.strip())
        if mark and copy is not None:
            _, _, rest = rest.partition("^")
            found.setdefault(copy, []).append(rest)
        elif record.strip():
            found.setdefault(0, []).append(record)
    order = sorted(found, key=lambda copy: ORDER.get(copy, 2))
    return tuple("\n".join(found[copy]) for copy in order)

"""Money and quantities: exact, never a float.

Money is integer kopecks inside and text in roubles outside ("4500.00"); a quantity is a ``Decimal`` with at most six
decimal places. Source: format order ЕД-7-20/662@, tags 1020, 1023, 1043, 1079.
"""

from __future__ import annotations

import re
from decimal import Decimal

MAX_SUM = 0xFF_FFFF_FFFE
"""Largest sum in kopecks that every make of register can take: five bytes in the narrowest of the vendor protocols,
where all ones mean "not given"."""

QUANTITY_PLACES = 6
MAX_QUANTITY = Decimal("99999.999999")

_MONEY = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,2}))?", re.ASCII)
_QUANTITY = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,6}))?", re.ASCII)
_MICRO = 1_000_000


def parse_kopecks(text: str) -> int:
    """``"4500.00"``, ``"4500.5"`` or ``"4500"`` to kopecks.

    Raises ``ValueError`` for anything else: a sign, a comma, spaces, an exponent, a third decimal place.
    """
    match = _MONEY.fullmatch(text)
    if match is None:
        raise ValueError(f"not an amount in roubles: {text!r}")
    return int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))


def format_kopecks(kopecks: int) -> str:
    """Kopecks to roubles with exactly two places: ``450000`` to ``"4500.00"``."""
    sign, kopecks = ("-", -kopecks) if kopecks < 0 else ("", kopecks)
    return f"{sign}{kopecks // 100}.{kopecks % 100:02d}"


def parse_quantity(text: str) -> Decimal:
    """``"1"``, ``"0.345"`` to a ``Decimal`` with at most six places.

    Raises ``ValueError`` for anything else. Zero is read; whether it is allowed is for the caller to say.
    """
    if _QUANTITY.fullmatch(text) is None:
        raise ValueError(f"not a quantity: {text!r}")
    return Decimal(text)


def format_quantity(quantity: Decimal) -> str:
    """The shortest plain notation: ``Decimal("1.500")`` to ``"1.5"``, never an exponent."""
    text = f"{quantity:f}"
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def line_sum(price: int, quantity: Decimal) -> int:
    """Price in kopecks times quantity, rounded half up to a kopeck (tag 1043 from 1079 and 1023).

    ``quantity`` has at most six places; the computation is in integers, so no context precision can touch it.
    """
    micro = int(quantity.scaleb(QUANTITY_PLACES))
    return (2 * price * micro + _MICRO) // (2 * _MICRO)

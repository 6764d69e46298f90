"""JSON whose numbers stay decimal: roubles are never a float on their way in or out."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

LARGEST = 10**12
"""Roubles or units; a number beyond it is refused before anything is computed with it."""
SMALLEST = 30
"""Decimal places."""


_PLAIN: Callable[[Any], str] = json.JSONEncoder(ensure_ascii=False).encode


def read(text: str | bytes) -> Any:
    """Raises ``ValueError`` for what is no JSON, NaN and infinity included, ``RecursionError`` for what is too deep."""
    return json.loads(text, parse_float=Decimal, parse_constant=_no_number)


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON")


def write(value: Any) -> str:
    """Text of whatever ``read`` returns."""
    match value:
        case str():
            return _PLAIN(value)
        case Decimal():
            if abs(value) > LARGEST:
                return _PLAIN(str(value))  # no number for anybody
            return format(value.normalize(), "f") if value.adjusted() >= -SMALLEST else "0"
        case dict():
            return "{" + ",".join(f"{write(str(key))}:{write(each)}" for key, each in value.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(write(each) for each in value) + "]"
        case _:
            return _PLAIN(value)


def is_number(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | Decimal) and -LARGEST <= value <= LARGEST


def scaled(value: int | Decimal, places: int) -> int:
    """A whole number of the ``places``-th decimal, half away from zero: kopecks are 2, thousandths 3."""
    return int((Decimal(value) * 10**places).to_integral_value(ROUND_HALF_UP))


def kopecks(value: int | Decimal) -> int:
    return scaled(value, 2)


def roubles(amount: int) -> Decimal:
    return Decimal(amount).scaleb(-2)

"""Values of terminals' profiles. Each raises ``ValueError`` that names the setting and what was expected."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from typing import Any, TypeVar

C = TypeVar("C", bound=str)
AUTO = "auto"
CHARSETS = ("cp866", "cp1251", "koi8-r", "utf-8")


def text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name}: text in quotes expected, not {value!r}")
    return value


def names(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError(f"{name}: a list of texts expected, not {value!r}")
    return tuple(text(name, each) for each in value)


def flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{name}: true or false expected, not {value!r}")
    return value


def choice(name: str, value: Any, known: Sequence[C]) -> C:
    for each in known:
        if value == each:
            return each
    raise ValueError(f"{name}: one of {', '.join(known)} expected, not {value!r}")


def charset(name: str, value: Any, auto: str) -> str:
    """One of ``CHARSETS``; ``auto`` stands for the one that is given."""
    known = AUTO if value == AUTO else code_page(text(name, value))
    if known is None:
        raise ValueError(f"{name}: auto or one of {', '.join(CHARSETS)} expected, not {value!r}")
    return auto if known == AUTO else known


def code_page(word: str) -> str | None:
    """By any of its names; ``None``: it is none of ``CHARSETS``."""
    digits = re.sub(r"[^0-9]", "", word)
    try:
        found = codecs.lookup(f"cp{digits}" if digits in ("866", "1251") else word).name
    except (LookupError, ValueError):
        return None
    return found if found in CHARSETS else None

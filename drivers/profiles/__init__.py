"""Models' quirks as data: a file of ours for every family, and one of the owner's that may replace parts of it."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from drivers.address import SetupError

P = TypeVar("P")


def load(name: str, over: Path | None, open_parts: Sequence[str], make: Callable[[Mapping[str, Any]], P]) -> P:
    """The profile ``name`` (``shtrih.toml``) with what ``over`` says instead. ``open_parts``: tables (``"models."``)
    that may be added to; elsewhere an unknown name is a mistake. ``make`` raises ``ValueError`` or ``TypeError`` that
    names the setting; this raises ``SetupError`` (``bad_profile``) naming the file."""
    values = tomllib.loads(files("drivers.profiles").joinpath(name).read_text("utf-8"))
    try:
        if over is not None:
            values = _merge(values, tomllib.loads(over.read_text("utf-8")), "", tuple(open_parts))
        return make(values)
    except (OSError, TypeError, ValueError, RecursionError) as error:
        file = over or name
        raise SetupError("bad_profile", f"profile {file}: {error}", f"Профиль {file}: {error}") from error


def number(name: str, value: Any) -> float:
    """A number above zero. Raises ``ValueError``."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise ValueError(f"{name}: a number above zero expected, not {value!r}")
    return float(value)


def whole(name: str, value: Any) -> int:
    """A whole number from zero. Raises ``ValueError``."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{name}: a whole number expected, not {value!r}")
    return value


def switch(name: str, value: Any) -> bool:
    """Raises ``ValueError``."""
    if not isinstance(value, bool):
        raise ValueError(f"{name}: true or false expected, not {value!r}")
    return value


def _merge(base: Mapping[str, Any], over: Mapping[str, Any], where: str, open_parts: tuple[str, ...]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in over.items():
        place = f"{where}{name}"
        known = base.get(name)
        if known is None and where.startswith(open_parts):
            merged[name] = value
            continue
        if known is None:
            raise ValueError(f"{place}: no such setting; known here: {', '.join(base)}")
        if isinstance(known, dict) != isinstance(value, dict):
            raise ValueError(f"{place}: a table where a value belongs, or the other way round")
        merged[name] = _merge(known, value, f"{place}.", open_parts) if isinstance(known, dict) else value
    return merged

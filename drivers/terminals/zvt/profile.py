"""How a terminal is spoken to: ``drivers/profiles/zvt.toml``, and a file that may replace parts of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from drivers.profiles import load, number, whole
from protocol.wire.zvt.commands import Password

PASSWORD = 6  # digits


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds; what each is for stands in the file."""

    t2: float
    t3: float
    query: float
    money: float
    settlement: float
    most: float
    hold: float
    reverses: float


@dataclass(frozen=True, slots=True)
class Profile:
    password: Password
    config: int
    width: int
    prepare: bool
    times: Times


def load_profile(path: Path | None = None) -> Profile:
    """Raises ``SetupError`` (``bad_profile``) naming the file and what is wrong with it."""
    return load("zvt.toml", path, (), _profile)


def _profile(values: Mapping[str, Any]) -> Profile:
    registration, time = values["registration"], values["time"]
    prepare = registration["prepare"]
    if not isinstance(prepare, bool):
        raise ValueError(f"registration.prepare: true or false expected, not {prepare!r}")
    return Profile(
        password=Password(_digits("access.password", values["access"]["password"])),
        config=_byte("registration.config", registration["config"]),
        width=_byte("registration.width", registration["width"]),
        prepare=prepare,
        times=Times(**{each.name: number(f"time.{each.name}", time[each.name]) for each in fields(Times)}),
    )


def _digits(name: str, value: Any) -> str:
    """The value is never shown: it may be a secret."""
    if not isinstance(value, str) or len(value) != PASSWORD or not (value.isascii() and value.isdecimal()):
        raise ValueError(f"{name}: {PASSWORD} digits in quotes expected")
    return value


def _byte(name: str, value: Any) -> int:
    if whole(name, value) > 0xFF:
        raise ValueError(f"{name}: 0 to 255 expected, not {value}")
    return int(value)

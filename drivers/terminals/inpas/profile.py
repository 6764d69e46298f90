"""How the service is spoken to: ``drivers/profiles/inpas.toml``, and a file that may replace parts of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from drivers.profiles import load, number, whole
from protocol.wire.inpas.fields import Operations

TERMINAL_ID = re.compile(r"[0-9]{8}")


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds; what each is for stands in the file."""

    query: float
    money: float
    settlement: float
    margin: float


@dataclass(frozen=True, slots=True)
class Abilities:
    partial_void: bool
    reverse_last: bool
    sbp: bool


@dataclass(frozen=True, slots=True)
class Qr:
    """Seconds."""

    life: float
    pause: float
    request: float


@dataclass(frozen=True, slots=True)
class Profile:
    terminal_id: str  # "": not told
    times: Times
    can: Abilities
    qr: Qr
    operations: Operations


def load_profile(path: Path | None = None) -> Profile:
    """Raises ``SetupError`` (``bad_profile``) naming the file and what is wrong with it."""
    return load("inpas.toml", path, (), _profile)


def _profile(values: Mapping[str, Any]) -> Profile:
    terminal, operations = values["terminal"], values["operations"]
    return Profile(
        terminal_id=_matching("terminal.id", terminal["id"], r"|[0-9]{8}"),
        times=Times(**{each.name: number(f"time.{each.name}", values["time"][each.name]) for each in fields(Times)}),
        can=Abilities(
            **{each.name: _switch(f"can.{each.name}", values["can"][each.name]) for each in fields(Abilities)}
        ),
        qr=Qr(**{each.name: number(f"sbp.{each.name}", values["sbp"][each.name]) for each in fields(Qr)}),
        operations=Operations(
            **{each.name: whole(f"operations.{each.name}", operations[each.name]) for each in fields(Operations)}
        ),
    )


def _matching(name: str, value: Any, pattern: str) -> str:
    if not isinstance(value, str) or re.fullmatch(pattern, value) is None:
        raise ValueError(f"{name}: digits in quotes expected, not {value!r}")
    return value


def _switch(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{name}: true or false expected, not {value!r}")
    return value

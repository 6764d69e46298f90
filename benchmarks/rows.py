"""What a benchmark is given and what it gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any


class Bound(Enum):
    """How a ratio is held against its goal."""

    AT_MOST = "<="
    BELOW = "<"
    AT_LEAST = ">="


@dataclass(frozen=True, slots=True)
class Goal:
    bound: Bound
    value: float

    def met_by(self, ratio: float) -> bool:
        match self.bound:
            case Bound.AT_MOST:
                return ratio <= self.value
            case Bound.BELOW:
                return ratio < self.value
            case Bound.AT_LEAST:
                return ratio >= self.value

    def __str__(self) -> str:
        return f"{self.bound.value} {self.value:g}"


def at_most(value: float) -> Goal:
    return Goal(Bound.AT_MOST, value)


def below(value: float) -> Goal:
    return Goal(Bound.BELOW, value)


def at_least(value: float) -> Goal:
    return Goal(Bound.AT_LEAST, value)


@dataclass(frozen=True, slots=True)
class Row:
    """One measure. ``ours`` and ``theirs`` are of one unit and of one run; only their ratio is to be compared with
    another run's. ``goal`` is ``None`` for a row that only informs."""

    name: str
    ours: float
    theirs: float
    unit: str
    goal: Goal | None
    samples: int
    """Measured pairs that the medians are of."""
    theirs_is: str
    """What ours was measured against, in a few words."""
    note: str = ""

    @property
    def ratio(self) -> float:
        return self.ours / self.theirs

    @property
    def met(self) -> bool | None:
        return None if self.goal is None else self.goal.met_by(self.ratio)

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "ratio": round(self.ratio, 4),
            "goal": None if self.goal is None else self.goal.value,
            "bound": None if self.goal is None else self.goal.bound.value,
            "met": self.met,
            "ours": _short(self.ours),
            "theirs": _short(self.theirs),
            "unit": self.unit,
            "samples": self.samples,
            "theirs_is": self.theirs_is,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Options:
    """``quick`` proves that a benchmark runs; its figures mean nothing. ``scratch`` is an empty folder that goes away
    after the run; ``say`` tells a person how far it is."""

    quick: bool
    scratch: Path
    say: Callable[[str], None]

    def count(self, full: int, quick: int) -> int:
        return quick if self.quick else full


def _short(value: float) -> float:
    """Six significant digits."""
    return float(f"{value:.6g}")

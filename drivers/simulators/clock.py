"""Time as simulators see it: passed in, never taken from the system behind the caller's back."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def offset(text: str) -> float:
    """``+25h``, ``-2d``, ``+30m``, ``+45`` -> seconds."""
    found = re.fullmatch(r"([+-]\d{1,9})([smhd]?)", text)
    if not found:
        raise ValueError("an offset such as +25h, -2d, +30m or +45")
    return float(int(found[1]) * UNITS[found[2]])


class Clock(Protocol):
    """``now`` is the local wall clock (naive); ``monotonic`` counts seconds from any origin and never goes back."""

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...


class SystemClock:
    """The computer's clock, moved by a constant ``offset``."""

    def __init__(self, offset: timedelta = timedelta()) -> None:
        self._offset = offset

    @classmethod
    def starting_at(cls, moment: datetime) -> SystemClock:
        """A clock that shows ``moment`` now and runs on from there."""
        return cls(moment - cls().now())

    def now(self) -> datetime:
        return datetime.now(UTC).astimezone().replace(tzinfo=None) + self._offset

    def monotonic(self) -> float:
        return time.monotonic()


class ManualClock:
    """A clock for tests: stands still until ``advance``."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._seconds = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._seconds

    def advance(self, seconds: float) -> None:
        self._seconds += seconds
        self._now += timedelta(seconds=seconds)

    def jump(self, seconds: float) -> None:
        """Move the wall clock alone, as someone who sets the computer's time does."""
        self._now += timedelta(seconds=seconds)

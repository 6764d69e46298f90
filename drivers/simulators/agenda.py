"""What is to happen later, by a clock that is passed in."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

from drivers.simulators.clock import Clock


class Agenda:
    """Actions at moments of ``clock.monotonic()``; those of one moment in the order in which they were asked for."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._entries, (self._clock.monotonic() + seconds, next(self._order), action))

    @property
    def next(self) -> float | None:
        """The moment of the first entry."""
        return self._entries[0][0] if self._entries else None

    def do(self) -> None:
        """Everything that is due now, also what comes due by doing it."""
        now = self._clock.monotonic()
        while self._entries and self._entries[0][0] <= now:
            heapq.heappop(self._entries)[2]()

    def clear(self) -> None:
        self._entries.clear()

"""The one clock of the soak: register, driver, agent and server read it, and it moves only when somebody waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from drivers.simulators.clock import ManualClock

ZONE = ZoneInfo("Europe/Moscow")


class Hours:
    """``at_register`` is what the simulator is given; ``now`` and ``sleep`` are the driver's clock."""

    def __init__(self, start: datetime) -> None:
        """``start``: the desk's local time, without a zone."""
        self.at_register = ManualClock(start)
        self._start = start.replace(tzinfo=ZONE).astimezone(UTC)

    def now(self) -> float:
        return self.at_register.monotonic()

    def sleep(self, seconds: float) -> None:
        if seconds > 0:  # whole milliseconds: a wait shorter than a float can add would be no wait at all
            self.at_register.advance(max(0.001, round(seconds, 3)))

    def utc(self) -> datetime:
        return self._start + timedelta(seconds=self.now())

    def local(self) -> datetime:
        """At the desk, without a zone."""
        return self.utc().astimezone(ZONE).replace(tzinfo=None)

    def until(self, day: int, hour: int, minute: int = 0) -> float:
        """Seconds to that hour of the ``day``-th day (1: the one on which all began); negative once it has passed."""
        first = self._start.astimezone(ZONE).replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)
        return (first + timedelta(days=day - 1, hours=hour, minutes=minute) - self.local()).total_seconds()

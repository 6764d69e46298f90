"""When may a job still start? The agent judges by an upper bound of the server's time, never by its own wall clock.

The bound: the last pong's server time plus the monotonic time since *its ping was sent*. It is invalid before the
first pong of a boot, after a gap between wall and monotonic clock (the PC slept or its clock was set), and 60 seconds
after the last pong. While it is invalid nothing starts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

MAX_SILENCE = 60.0  # seconds without a pong
MAX_GAP = 5.0  # seconds by which wall and monotonic clock may drift apart between two looks


class Lease(StrEnum):
    GOOD = "good"
    PASSED = "passed"
    UNKNOWN = "unknown"  # no valid bound: wait for a pong


@dataclass(frozen=True, slots=True)
class ServerClock:
    """Upper bound of server time. Monotonic and wall readings are passed in, in seconds."""

    server_time: datetime | None = None
    sent_at: float = 0.0
    gap: float | None = None  # wall minus monotonic at the last look

    def pong(self, server_time: datetime, sent_at: float, monotonic: float, wall: float) -> ServerClock:
        """A pong has been read. One that was on its way while the PC slept may be old: it counts for nothing."""
        gap = wall - monotonic
        if self._jumped(gap):
            return ServerClock(None, 0.0, gap)
        return ServerClock(server_time, sent_at, gap)

    def look(self, monotonic: float, wall: float) -> ServerClock:
        """To be called at every look at the clock, the first time before the first ping; notices sleep and a changed
        clock, from ``MAX_GAP`` on."""
        gap = wall - monotonic
        if self._jumped(gap):
            return ServerClock(None, 0.0, gap)
        return self if self.gap is not None else replace(self, gap=gap)

    def _jumped(self, gap: float) -> bool:
        return self.gap is not None and abs(gap - self.gap) > MAX_GAP

    def now(self, monotonic: float) -> datetime | None:
        """The latest that the server's time can be; ``None`` when nothing is known."""
        if self.server_time is None or monotonic - self.sent_at > MAX_SILENCE:
            return None
        return self.server_time + timedelta(seconds=monotonic - self.sent_at)

    def judge(self, start_by: datetime, monotonic: float) -> Lease:
        now = self.now(monotonic)
        if now is None:
            return Lease.UNKNOWN
        return Lease.PASSED if now > start_by else Lease.GOOD

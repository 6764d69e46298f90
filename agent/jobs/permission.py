"""Whether something new may begin now: the server has let this process act, its time is fresh, nobody has paused it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from protocol.crm.lease import Lease, ServerClock


@dataclass(frozen=True, slots=True)
class Clock:
    """The clocks of this process, passed in."""

    monotonic: Callable[[], float]
    wall: Callable[[], float]  # seconds since the epoch
    now: Callable[[], datetime]  # aware


class Permission:
    """Asked by every lane, changed by the link and by the desk: behind one lock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._guard = threading.Lock()
        self._time = ServerClock().look(clock.monotonic(), clock.wall())
        self._let_act = False
        self._paused = False

    def pong(self, server_time: datetime, sent_at: float) -> None:
        with self._guard:
            self._time = self._time.pong(server_time, sent_at, self._clock.monotonic(), self._clock.wall())

    def allow(self, allowed: bool) -> None:
        with self._guard:
            self._let_act = allowed

    def pause(self, paused: bool) -> None:
        with self._guard:
            self._paused = paused

    @property
    def paused(self) -> bool:
        with self._guard:
            return self._paused

    @property
    def let_act(self) -> bool:
        """The server has let this journal act in this process: it is no copy, and its devices are its own."""
        with self._guard:
            return self._let_act

    @property
    def granted(self) -> bool:
        """The same, and nobody at the desk has paused it."""
        with self._guard:
            return self._let_act and not self._paused

    def judge(self, start_by: datetime) -> Lease:
        with self._guard:
            self._time = self._time.look(self._clock.monotonic(), self._clock.wall())
            if not self._let_act or self._paused:
                return Lease.UNKNOWN
            return self._time.judge(start_by, self._clock.monotonic())

    def server_time(self) -> datetime | None:
        """The latest that the server's time can be; ``None`` without a fresh pong."""
        with self._guard:
            self._time = self._time.look(self._clock.monotonic(), self._clock.wall())
            return self._time.now(self._clock.monotonic())

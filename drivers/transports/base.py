"""The bottom of every driver: bytes to a device and back, with a deadline.

A read returns as soon as some bytes are there, or empty when the deadline passes; both are normal. Deadlines are
moments of the clock that was passed in.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Protocol


class Clock(Protocol):
    """Monotonic seconds, and letting them pass. A test's clock does not really wait."""

    def now(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The computer's own."""

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))


class LinkError(Exception):
    """What every transport makes of its system's errors. ``code`` is a word of ours: ``device_offline`` (nobody there),
    ``port_busy`` (another program holds it), ``link_lost`` (it was there and went away)."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"


class Transport(ABC):
    """One channel to one device, used by one thread."""

    @property
    def variants(self) -> int:
        """In how many ways the device may have to be sought here (the speeds of a port); 1: there is nothing to seek.
        ``open`` begins with the one that was in use last."""
        return 1

    def next_variant(self) -> None:  # noqa: B027  (most channels have but one way)
        """Go on to the next way, round and round; bytes of the one before are gone. Raises ``LinkError``."""

    @property
    def found(self) -> Mapping[str, str]:
        """What has been found out about the channel, as options of its address (the speed of a port)."""
        return {}

    @abstractmethod
    def open(self) -> None:
        """Open the channel anew; bytes of an earlier one are gone. Raises ``LinkError``."""

    def finish(self, deadline: float) -> None:  # noqa: B027  (most channels have no end of their own)
        """Nothing more will be sent: tell the peer, and give it until ``deadline`` to close its side. Before ``close``,
        where a peer that has not done with one connection would turn the next one away. Never raises."""

    @abstractmethod
    def close(self) -> None:
        """Never raises; may be called at any time, also twice."""

    @abstractmethod
    def write(self, data: bytes) -> None:
        """Hand over all of ``data``. Raises ``LinkError``; some of the bytes may have left then."""

    @abstractmethod
    def read(self, most: int, deadline: float) -> bytes:
        """1 to ``most`` bytes, or none when ``deadline`` passed; a deadline in the past only looks at what is there.
        Raises ``LinkError`` when the channel is gone."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

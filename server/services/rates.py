"""How often a caller may call, how fast a peer is read: buckets of tokens that fill with time."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

FORGET_ABOVE = 10_000  # buckets; full ones are forgotten then


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Pace:
    """One peer's own bucket: how long it is not read, so that its socket holds the rest back."""

    def __init__(self, now: float, per_second: float, burst: int) -> None:
        self._per_second = per_second
        self._burst = float(burst)
        self._bucket = _Bucket(self._burst, now)

    def wait(self, now: float) -> float:
        """Takes a token, which may be one of the time to come; the seconds until it is there."""
        bucket = self._bucket
        bucket.tokens = min(self._burst, bucket.tokens + (now - bucket.at) * self._per_second) - 1.0
        bucket.at = now
        return max(0.0, -bucket.tokens / self._per_second)


class Rates:
    """``take`` a token for a caller; ``None``, or the whole seconds after which there will be one again."""

    def __init__(self, monotonic: Callable[[], float], per_second: float, burst: int) -> None:
        self._monotonic = monotonic
        self._per_second = per_second
        self._burst = float(burst)
        self._buckets: dict[str, _Bucket] = {}

    def take(self, caller: str) -> int | None:
        now = self._monotonic()
        bucket = self._buckets.get(caller)
        if bucket is None:
            self._forget(now)
            bucket = self._buckets[caller] = _Bucket(self._burst, now)
        bucket.tokens = self._filled(bucket, now)
        bucket.at = now
        if bucket.tokens < 1.0:
            return max(1, math.ceil((1.0 - bucket.tokens) / self._per_second))
        bucket.tokens -= 1.0
        return None

    def blocked(self, caller: str) -> int | None:
        """As ``take``, without taking."""
        bucket = self._buckets.get(caller)
        if bucket is None:
            return None
        tokens = self._filled(bucket, self._monotonic())
        return None if tokens >= 1.0 else max(1, math.ceil((1.0 - tokens) / self._per_second))

    def _filled(self, bucket: _Bucket, now: float) -> float:
        return min(self._burst, bucket.tokens + (now - bucket.at) * self._per_second)

    def _forget(self, now: float) -> None:
        if len(self._buckets) >= FORGET_ABOVE:
            self._buckets = {
                name: bucket for name, bucket in self._buckets.items() if self._filled(bucket, now) < self._burst
            }

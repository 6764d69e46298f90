"""Delay before the next connection: exponential with full jitter, told by the server when it says so."""

from __future__ import annotations

FIRST = 1.0
LONGEST = 60.0


def delay(failures: int, chance: float, retry_after: float | None = None) -> float:
    """Seconds to wait after ``failures`` failures in a row (1 or more); ``chance`` is uniform in [0, 1)."""
    ceiling = min(LONGEST, FIRST * 2.0 ** min(failures - 1, 10))
    waited = FIRST * 0.1 + chance * (ceiling - FIRST * 0.1)
    return max(waited, retry_after) if retry_after is not None else waited

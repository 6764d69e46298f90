"""What the server takes from outside: time and randomness. Passed in, so that tests own both."""

from __future__ import annotations

import secrets
import time
from base64 import b32encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class World:
    now: Callable[[], datetime] = _utc_now
    monotonic: Callable[[], float] = time.monotonic
    random_bytes: Callable[[int], bytes] = secrets.token_bytes

    def new_id(self, prefix: str) -> str:
        """``prefix_`` and 80 random bits."""
        return f"{prefix}_{b32encode(self.random_bytes(10)).decode('ascii').lower()}"

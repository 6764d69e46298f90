"""Where lines of the log wait for their batch: bounded, and what does not fit is counted."""

from __future__ import annotations

import threading
from collections import deque

LINES = 1_000
BYTES = 1024 * 1024
LONGEST = 16 * 1024  # bytes of one line


class Ring:
    """Any thread may put lines in; none waits for more than another's line. The newest are kept."""

    def __init__(self, lines: int = LINES, size: int = BYTES) -> None:
        self._lines = lines
        self._size = size
        self._guard = threading.Lock()
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._dropped = 0

    def put(self, line: bytes) -> None:
        with self._guard:
            if len(line) > LONGEST:
                self._dropped += 1
                return
            self._waiting.append(line)
            self._bytes += len(line)
            while len(self._waiting) > self._lines or self._bytes > self._size:
                self._bytes -= len(self._waiting.popleft())
                self._dropped += 1

    def take(self, most: int) -> tuple[int, list[bytes]]:
        """How many were dropped since the last time, and the oldest ``most`` of what is here."""
        with self._guard:
            taken = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
            self._bytes -= sum(map(len, taken))
            dropped, self._dropped = self._dropped, 0
        return dropped, taken

    def clear(self) -> None:
        with self._guard:
            self._waiting.clear()
            self._bytes = self._dropped = 0

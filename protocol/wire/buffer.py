"""Bounded, resumable reading: bytes are fed as they come and leave only as whole pieces.

Shared by every wire family. "Not enough yet" is ``None`` and a normal result; asking again after the next chunk
continues where the last attempt stopped, because nothing is taken before all of it is there.
"""

from __future__ import annotations


class BufferFull(ValueError):
    """The peer sent more than any message of this family can be, without forming one."""


class ReceiveBuffer:
    """At most ``limit`` bytes wait here. A limit is the longest message of the family plus what may stand around it."""

    __slots__ = ("_data", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._data = bytearray()

    def __len__(self) -> int:
        return len(self._data)

    @property
    def room(self) -> int:
        """How many bytes ``feed`` takes now."""
        return self.limit - len(self._data)

    def feed(self, chunk: bytes) -> None:
        """Append; raises ``BufferFull`` and keeps what was there when the limit would be passed."""
        if len(chunk) > self.room:
            raise BufferFull(f"{len(self._data)} + {len(chunk)} bytes do not fit into {self.limit}")
        self._data += chunk

    def peek(self, size: int) -> bytes | None:
        """The first ``size`` bytes, left in place; ``None`` while there are fewer."""
        return bytes(self._data[:size]) if len(self._data) >= size else None

    def take(self, size: int) -> bytes | None:
        """The first ``size`` bytes, removed; ``None`` (and nothing removed) while there are fewer."""
        piece = self.peek(size)
        if piece is not None:
            del self._data[:size]
        return piece

    def skip_to(self, mark: int) -> bytes:
        """Drop everything before the first byte ``mark`` (everything when it is absent); answers what was dropped."""
        place = self._data.find(mark)
        noise = bytes(self._data if place < 0 else self._data[:place])
        del self._data[: len(noise)]
        return noise

    def clear(self) -> bytes:
        """Drop everything; answers what was dropped."""
        rest = bytes(self._data)
        self._data.clear()
        return rest

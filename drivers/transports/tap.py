"""A transport that is overheard: every byte in both directions goes to a callback, with its time.

It writes the traces that support reads and that tests play back. The callback must not raise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from drivers.transports.base import Clock, Transport

Direction = Literal["open", "close", "tx", "rx"]
Trace = Callable[[float, Direction, bytes], None]
"""Called with the clock's seconds, the direction (``tx``: to the device) and the bytes (none for open and close)."""


class TapTransport(Transport):
    def __init__(self, inner: Transport, clock: Clock, trace: Trace) -> None:
        self._inner = inner
        self._clock = clock
        self._trace = trace

    @property
    def variants(self) -> int:
        return self._inner.variants

    def next_variant(self) -> None:
        self._inner.next_variant()

    @property
    def found(self) -> Mapping[str, str]:
        return self._inner.found

    def open(self) -> None:
        self._trace(self._clock.now(), "open", b"")
        self._inner.open()

    def finish(self, deadline: float) -> None:
        self._inner.finish(deadline)

    def close(self) -> None:
        self._trace(self._clock.now(), "close", b"")
        self._inner.close()

    def write(self, data: bytes) -> None:
        self._trace(self._clock.now(), "tx", data)  # first: bytes that left before an error belong into the trace
        self._inner.write(data)

    def read(self, most: int, deadline: float) -> bytes:
        data = self._inner.read(most, deadline)
        if data:
            self._trace(self._clock.now(), "rx", data)
        return data

    def __repr__(self) -> str:
        return repr(self._inner)

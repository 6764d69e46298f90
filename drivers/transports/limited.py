"""A transport that ends at a moment: a look at an unknown port must not last."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.transports.base import Clock, LinkError, Transport


class TimeLimitedTransport(Transport):
    """After ``until`` every use is a ``LinkError`` (``device_offline``); a read is cut short there."""

    def __init__(self, inner: Transport, clock: Clock, until: float) -> None:
        self._inner = inner
        self._clock = clock
        self._until = until

    @property
    def variants(self) -> int:
        return self._inner.variants

    def next_variant(self) -> None:
        self._check()
        self._inner.next_variant()

    @property
    def found(self) -> Mapping[str, str]:
        return self._inner.found

    def open(self) -> None:
        self._check()
        self._inner.open()

    def finish(self, deadline: float) -> None:
        self._inner.finish(min(deadline, self._until))

    def close(self) -> None:
        self._inner.close()

    def write(self, data: bytes) -> None:
        self._check()
        self._inner.write(data)

    def read(self, most: int, deadline: float) -> bytes:
        self._check()
        return self._inner.read(most, min(deadline, self._until))

    def _check(self) -> None:
        if self._clock.now() >= self._until:
            raise LinkError("device_offline", f"{self}: no answer within the time for one address")

    def __repr__(self) -> str:
        return repr(self._inner)

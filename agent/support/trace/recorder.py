"""The tap's callback of one device: what is heard becomes lines of its ring, before anybody has interpreted it.

A receipt never fails for its trace: when a line cannot be written (the disk is full, a bug of ours) the trace stops,
says so once, and tries again later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from agent.support.masking import mask_text
from agent.support.trace.readers import Piece, Reader, Side
from agent.support.trace.record import Header, Record, Way
from agent.support.trace.ring import Ring
from drivers.transports.tap import Direction

AGAIN = 600.0
"""Seconds of the device's clock until a trace that has stopped is tried again."""

log = structlog.get_logger("trace")


@dataclass(frozen=True, slots=True)
class Whose:
    """What stands in the header of every segment."""

    kkm_id: str
    driver: str
    address: str
    program: str


Busy = Callable[[], tuple[str | None, int | None]]
"""Job and attempt that the device is busy with now."""


def nothing_in_hand() -> tuple[str | None, int | None]:
    return None, None


class DeviceTrace:
    """A ``drivers.transports.tap.Trace``; called by the thread of one device. ``busy`` may be set once it is known."""

    def __init__(self, whose: Whose, ring: Ring, reader: Reader, now: Callable[[], datetime]) -> None:
        self.busy: Busy = nothing_in_hand
        self._whose = whose
        self._ring = ring
        self._reader = reader
        self._now = now
        self._open = False
        self._silent_until: float | None = None

    def __call__(self, at: float, direction: Direction, data: bytes) -> None:
        if self._silent_until is not None and at < self._silent_until:
            return
        try:
            self._hear(at, direction, data)
        except Exception as error:  # a full disk, and whatever else a receipt must not feel
            self._stop(at, error)
        else:
            if self._silent_until is not None:
                self._silent_until = None
                log.info("trace_goes_on", kkm_id=self._whose.kkm_id)

    def _hear(self, at: float, direction: Direction, data: bytes) -> None:
        lines = bytearray()
        match direction:
            case "tx" | "rx":
                other: Side = "rx" if direction == "tx" else "tx"
                lines += self._lines(at, other, self._reader.rest(other))
                lines += self._lines(at, direction, self._reader.feed(direction, data))
            case _:
                for side in ("tx", "rx"):
                    lines += self._lines(at, side, self._reader.rest(side))
                if direction == "open" or self._open:
                    lines += self._lines(at, direction, [Piece(b"")])
        if lines:
            self._ring.append(bytes(lines), lambda: self._header(at))
        self._open = direction == "open" or (self._open and direction != "close")
        if not self._open:
            self._ring.rest()

    def _lines(self, at: float, way: Way, pieces: list[Piece]) -> bytes:
        if not pieces:
            return b""
        moment = self._now().astimezone(UTC).isoformat(timespec="microseconds")
        job, attempt = self.busy()
        job = mask_text(job) if job is not None else None
        return b"".join(
            Record(
                moment, at, way, one.data, one.command, one.fields, one.result, job, attempt, one.masked
            ).to_line()
            for one in pieces
        )  # fmt: skip

    def _header(self, at: float) -> bytes:
        whose = self._whose
        clock = self._now().astimezone(UTC).isoformat(timespec="microseconds")
        return Header(
            mask_text(whose.kkm_id), whose.driver, mask_text(whose.address), whose.program, clock, at
        ).to_line()

    def _stop(self, at: float, error: Exception) -> None:
        if self._silent_until is None:
            log.warning(
                "trace_stopped", kkm_id=self._whose.kkm_id, kind=type(error).__name__, error=mask_text(str(error))
            )
        self._silent_until = at + AGAIN
        try:
            self._ring.abandon()
        except OSError:
            return

"""The operator (ОФД) at the other end of the queue: confirms documents in order, some time after they were made.

Nothing happens here by itself: ``deliver`` does what is due by the moment it is given. All times are the register's.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from drivers.simulators import tlv

DEFAULT_LAG = 30.0
OVERDUE = timedelta(days=5)
"""From then on the drive warns of an answer that does not come (tag 1053)."""
BLOCKED = timedelta(days=30)
"""From then on the drive signs no receipt (law 54-ФЗ, article 4.1)."""


class Sent(Protocol):
    """What the operator knows of a document."""

    @property
    def fd(self) -> int: ...

    @property
    def made(self) -> datetime: ...


@dataclass(slots=True)
class OfdState:
    lag: float | None = DEFAULT_LAG  # seconds from a document to its confirmation; None: out of reach
    reached: datetime | None = None  # when it came within reach again
    confirmed: list[datetime] = field(default_factory=list)  # moment of documents 1, 2, 3 …


def deliver(ofd: OfdState, documents: Sequence[Sent], now: datetime) -> None:
    if ofd.lag is None:
        return
    lag = timedelta(seconds=ofd.lag)
    while len(ofd.confirmed) < len(documents):
        made = documents[len(ofd.confirmed)].made
        at = (made if ofd.reached is None else max(made, ofd.reached)) + lag
        if at > now:
            return
        ofd.confirmed.append(at)


def switch(ofd: OfdState, lag: float | None, now: datetime) -> None:
    """``lag`` seconds from now on; ``None`` takes the operator out of reach."""
    if ofd.lag is None and lag is not None:
        ofd.reached = now
    ofd.lag = lag


def ticket(fn: str, ofd_inn: str, fd: int, fpd: int, at: datetime) -> bytes:
    """The operator's confirmation, form 7: its sign (1078) is made up."""
    sign = zlib.crc32(f"{fn}{fd}{fpd}".encode("ascii")).to_bytes(4, "big") * 4
    return tlv.encode(
        [(1017, ofd_inn), (1041, fn), (1040, fd), (1012, at.replace(second=0, microsecond=0)), (1078, sign)]
    )

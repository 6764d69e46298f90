"""What an exchange of any wire family tells its caller: the next step, and in the end a verdict.

An exchange is one command until its verdict, without a socket and without a clock: ``start`` once, then ``received`` or
``timed_out`` until a step carries a verdict.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Pace(StrEnum):
    """Classes of longest execution time; the words are those of ``drivers.api.Capabilities.max_time``."""

    QUERY = "query"
    FILL = "fill"
    CLOSE = "close"
    CANCEL = "cancel"
    SHIFT = "shift"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class Replied:
    """The device carried the command out; ``fields`` follow the error byte."""

    fields: bytes


@dataclass(frozen=True, slots=True)
class Denied:
    """The device answered with an error byte."""

    error: int


@dataclass(frozen=True, slots=True)
class NotDelivered:
    """The device has not taken the command: ``why`` is a word of ours."""

    why: str


@dataclass(frozen=True, slots=True)
class Doubtful:
    """The command left and nothing trustworthy came back."""

    why: str


Verdict = Replied | Denied | NotDelivered | Doubtful


@dataclass(frozen=True, slots=True)
class Step:
    """What the caller does next: write ``send``; then, if ``wait`` is given, set the deadline to that many seconds from
    now, else keep the deadline that stands. With a ``verdict`` (after writing ``send``) the exchange is over; for
    ``quiet`` seconds from then on nothing may be sent on this channel, and what comes is dropped."""

    send: bytes = b""
    wait: float | None = None
    verdict: Verdict | None = None
    quiet: float = 0.0

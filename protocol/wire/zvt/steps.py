"""What an exchange with a ZVT terminal tells its caller: the next step, and in the end a verdict."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from protocol.wire.steps import Denied, Doubtful
from protocol.wire.zvt.answers import Status
from protocol.wire.zvt.apdu import Apdu


class End(Enum):
    COMPLETED = auto()  # no money is concerned
    ABORTED = auto()  # the same, with a code
    APPROVED = auto()
    DECLINED = auto()
    REVERSED = auto()  # approved, and brought back by the terminal


@dataclass(frozen=True, slots=True)
class Ended:
    """The terminal's own word. ``code``: of a decline, an abort or a reversal; ``None``: it gave none."""

    how: End
    code: int | None = None


Verdict = Ended | Denied | Doubtful


class Decision(Enum):
    KEEP = auto()
    WAIT = auto()
    UNDO = auto()


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds. ``t3``: from a command to its first answer. ``t4``: between two messages of a terminal at work; it may
    ask for more."""

    t3: float
    t4: float


@dataclass(frozen=True, slots=True)
class Said:
    """A message that went over the line, for whoever writes down what was said."""

    ours: bool
    apdu: Apdu


@dataclass(frozen=True, slots=True)
class Step:
    """What the caller does next: write ``send``; if ``wait`` is given, set the deadline to that many seconds from now,
    else keep the one that stands. ``progress``: codes of intermediate states. ``asks``: an approval, call ``decide``.
    With a ``verdict`` the exchange is over."""

    send: bytes = b""
    wait: float | None = None
    said: tuple[Said, ...] = ()
    progress: tuple[int, ...] = ()
    asks: Status | None = field(default=None, repr=False)
    verdict: Verdict | None = None

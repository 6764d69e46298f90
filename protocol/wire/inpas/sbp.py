"""A payment or refund by QR code, step by step, without a socket and without a clock.

A request starts it; then its state is asked for, with pauses, until the code has expired, and once more after that. The
answer to the first request says whether it has been started; whether it was paid is believed from a question for the
state alone. All of it is known from one public source.

state     heard       done
========  ==========  ============================================================================================
STARTING  refused     declined: nothing was started
STARTING  aborted     cancelled
STARTING  else        its state is asked for after a pause
ASKING    approved    approved
ASKING    declined    declined
ASKING    else        asked again after a pause; after the code's life for the last time
LAST      approved    approved
LAST      declined    declined; also when the bank knows no such operation
LAST      else        doubt
========  ==========  ============================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from protocol.wire.inpas.fields import (
    ABORTED,
    APPROVED,
    HOST_CODE,
    IN_PROGRESS,
    QR_DECLINED,
    QR_UNKNOWN,
    REFUSED,
    Answer,
)


class End(Enum):
    APPROVED = auto()
    DECLINED = auto()
    CANCELLED = auto()
    DOUBT = auto()


@dataclass(frozen=True, slots=True)
class Step:
    """``ask``: send the question for the state now. ``pause``: let so many seconds pass, then call ``rested``. ``end``:
    it is over."""

    ask: bool = False
    pause: float = 0.0
    end: End | None = None


class State(Enum):
    STARTING = auto()
    PAUSING = auto()
    ASKING = auto()
    LAST = auto()
    DONE = auto()


class Heard(Enum):
    APPROVED = auto()
    DECLINED = auto()
    UNKNOWN = auto()  # the bank knows no such operation
    REFUSED = auto()
    ABORTED = auto()
    OPEN = auto()  # undetermined, or nothing at all


class Course:
    """After the answer to the first request: ``answered``; then as the steps say. ``pause``: seconds between
    questions."""

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._state = State.STARTING

    def answered(self, answer: Answer | None) -> Step:
        """To the last request; ``None``: none came, or none that can be read."""
        return _TRANSITIONS[self._state, hear(answer)](self)

    def rested(self, *, expired: bool) -> Step:
        """The pause is over. ``expired``: so is the code's life."""
        self._state = State.LAST if expired else State.ASKING
        return Step(ask=True)

    def _rest(self) -> Step:
        self._state = State.PAUSING
        return Step(pause=self._pause)

    def _approve(self) -> Step:
        return self._finish(End.APPROVED)

    def _decline(self) -> Step:
        return self._finish(End.DECLINED)

    def _cancel(self) -> Step:
        return self._finish(End.CANCELLED)

    def _doubt(self) -> Step:
        return self._finish(End.DOUBT)

    def _finish(self, end: End) -> Step:
        self._state = State.DONE
        return Step(end=end)


_STATUSES: Final[Mapping[int | None, Heard]] = {
    APPROVED: Heard.APPROVED,
    REFUSED: Heard.REFUSED,
    ABORTED: Heard.ABORTED,
}
_HOST_CODES: Final[Mapping[str, Heard]] = {
    IN_PROGRESS: Heard.OPEN,
    QR_DECLINED: Heard.DECLINED,
    QR_UNKNOWN: Heard.UNKNOWN,
}


def hear(answer: Answer | None) -> Heard:
    """The bank's code outranks the status; where it contradicts an approval, nothing has been said."""
    if answer is None:
        return Heard.OPEN
    by_status = _STATUSES.get(answer.status, Heard.OPEN)
    by_host = _HOST_CODES.get(answer.text(HOST_CODE))
    if by_host is None:
        return by_status
    return Heard.OPEN if by_status is Heard.APPROVED else by_host


_TRANSITIONS: Final[Mapping[tuple[State, Heard], Callable[[Course], Step]]] = {
    (State.STARTING, Heard.APPROVED): Course._rest,
    (State.STARTING, Heard.DECLINED): Course._decline,
    (State.STARTING, Heard.UNKNOWN): Course._rest,
    (State.STARTING, Heard.REFUSED): Course._decline,
    (State.STARTING, Heard.ABORTED): Course._cancel,
    (State.STARTING, Heard.OPEN): Course._rest,
    **{(State.ASKING, heard): Course._rest for heard in Heard},
    (State.ASKING, Heard.APPROVED): Course._approve,
    (State.ASKING, Heard.DECLINED): Course._decline,
    **{(State.LAST, heard): Course._doubt for heard in Heard},
    (State.LAST, Heard.APPROVED): Course._approve,
    (State.LAST, Heard.DECLINED): Course._decline,
    (State.LAST, Heard.UNKNOWN): Course._decline,
}
"""Everything that an answer can say to a request."""

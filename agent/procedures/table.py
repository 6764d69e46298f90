"""The rows of a procedure's table: what follows on each kind of answer in one phase."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from agent.procedures.asks import Answer, Answered

P = TypeVar("P", bound=StrEnum)
R = TypeVar("R")
N = TypeVar("N")


def impossible(run: Any, answer: Answered) -> Any:
    """An answer that no ask of the phase is given: the lane stops, the restart resolves."""
    raise AssertionError(f"{run.phase}: no ask of this phase is answered by {answer.kind}")


def row(
    phase: P,
    ok: Callable[[R, Answered], N],
    not_sent: Callable[[R, Answered], N] = impossible,
    refused: Callable[[R, Answered], N] = impossible,
    doubt: Callable[[R, Answered], N] = impossible,
) -> dict[tuple[P, Answer], Callable[[R, Answered], N]]:
    """One row. A wait or a commit has ``ok`` alone: it is answered, or the process ends."""
    answers = (Answer.OK, Answer.NOT_SENT, Answer.REFUSED, Answer.DOUBT)
    return dict(zip(((phase, kind) for kind in answers), (ok, not_sent, refused, doubt), strict=True))

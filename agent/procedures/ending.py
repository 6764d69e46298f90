"""How procedures leave: not ready, to be looked at again later, or ended. The same in all of them but for the phase."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar, Protocol, TypeVar

from agent.procedures.asks import Answered, Ended, NotReady
from protocol.crm.codes import reason
from protocol.crm.outcomes import Reason


class Run(Protocol):
    """The run of a procedure: a dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


R = TypeVar("R", bound=Run)


@dataclass(frozen=True, slots=True)
class Ending:
    """``phase``: the last one of a procedure. ``offline``: the code for a device of which nothing else is known."""

    phase: StrEnum
    offline: str

    def not_ready(self, run: R, why: Reason) -> tuple[R, NotReady]:
        return replace(run, phase=self.phase), NotReady(why)

    def not_ready_because(self, run: R, answer: Answered) -> tuple[R, NotReady]:
        return self.not_ready(run, answer.reason or reason(self.offline))

    def ended(self, run: R, _: Answered) -> tuple[R, Ended]:
        return replace(run, phase=self.phase), Ended()

"""How the terminal is: it is only asked, so there is no INTENT, and it may be asked again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from agent.procedures.asks import Answer, Answered, Commit, Ended, NotReady
from agent.procedures.ending import Ending
from agent.procedures.table import row
from agent.procedures.terminal_check import changed
from protocol.crm.job_machine import JobEvent


class Phase(StrEnum):
    LOOK = "look"
    OUTCOME = "OUTCOME"
    END = "end"


ENDING = Ending(Phase.END, "terminal_offline")


@dataclass(frozen=True, slots=True)
class LookAtTerminal:
    """Answered by its facts for the CRM, ``agent.devices.terminals.facts.terminal_facts``."""


@dataclass(frozen=True, slots=True)
class Run:
    terminal_id: str  # of the binding; "": this terminal has not said yet who it is
    phase: Phase


Ask = LookAtTerminal | Commit | NotReady | Ended
Next = tuple[Run, Ask]


def start(terminal_id: str) -> Next:
    return Run(terminal_id, Phase.LOOK), LookAtTerminal()


def step(run: Run, answer: Answered) -> Next:
    """What to do after ``answer``. Pure."""
    return TABLE[run.phase, answer.kind](run, answer)


def looked(run: Run, answer: Answered) -> Next:
    if (why := changed(run.terminal_id, answer.value["terminal"]["id"])) is not None:
        return ENDING.not_ready(run, why)
    return replace(run, phase=Phase.OUTCOME), Commit(JobEvent.ANSWERED, {"result": answer.value})


Handler = Callable[[Run, Answered], Next]
_P = Phase


TABLE: dict[tuple[Phase, Answer], Handler] = {
    **row(_P.LOOK, looked, ENDING.not_ready_because, ENDING.not_ready_because, ENDING.not_ready_because),
    **row(_P.OUTCOME, ENDING.ended),
    **row(_P.END, ENDING.ended),
}

"""How the terminal is: it is only asked, so there is no INTENT, and it may be asked again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from agent.procedures.asks import Answer, Answered, Commit, Ended, NotReady
from agent.procedures.table import row
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent
from protocol.crm.outcomes import Reason


class Phase(StrEnum):
    LOOK = "look"
    OUTCOME = "OUTCOME"
    END = "end"


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
    said = answer.value["terminal"]["id"]
    if run.terminal_id and said and said != run.terminal_id:
        return _not_ready(run, reason("terminal_changed", detail=f"{said}, bound is {run.terminal_id}"))
    return replace(run, phase=Phase.OUTCOME), Commit(JobEvent.ANSWERED, {"result": answer.value})


def not_ready_because(run: Run, answer: Answered) -> Next:
    return _not_ready(run, answer.reason or reason("terminal_offline"))


def _not_ready(run: Run, why: Reason) -> Next:
    return replace(run, phase=Phase.END), NotReady(why)


def ended(run: Run, _: Answered) -> Next:
    return replace(run, phase=Phase.END), Ended()


Handler = Callable[[Run, Answered], Next]
_P = Phase


TABLE: dict[tuple[Phase, Answer], Handler] = {
    **row(_P.LOOK, looked, not_ready_because, not_ready_because, not_ready_because),
    **row(_P.OUTCOME, ended),
    **row(_P.END, ended),
}

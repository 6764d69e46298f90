"""Status and document: the register is only read, so there is no INTENT, and it may be read again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from agent.procedures.asks import Answer, Answered, Ask, Commit, Query, ReadStatus
from agent.procedures.ending import Ending
from agent.procedures.patience import PASSING
from agent.procedures.table import row
from drivers.api import Status
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent
from protocol.crm.outcomes import Reason


class Phase(StrEnum):
    STATUS = "is it the right register?"
    QUERY = "query"
    OUTCOME = "OUTCOME"
    END = "end"


ENDING = Ending(Phase.END, "device_offline")


@dataclass(frozen=True, slots=True)
class Context:
    register_serial: str


@dataclass(frozen=True, slots=True)
class Run:
    ctx: Context
    phase: Phase


Next = tuple[Run, Ask]


def start(ctx: Context) -> Next:
    return Run(ctx, Phase.STATUS), ReadStatus()


def step(run: Run, answer: Answered) -> Next:
    """What to do after ``answer``. Pure."""
    return TABLE[run.phase, answer.kind](run, answer)


def on_status(run: Run, answer: Answered) -> Next:
    status: Status = answer.value
    if status.register_serial != run.ctx.register_serial:
        detail = f"{status.register_serial}, expected {run.ctx.register_serial}"
        return ENDING.not_ready(run, reason("wrong_device", detail=detail))
    return replace(run, phase=Phase.QUERY), Query()


def on_result(run: Run, answer: Answered) -> Next:
    if answer.value is None:
        return _ended_by(run, reason("no_such_document"))
    return replace(run, phase=Phase.OUTCOME), Commit(JobEvent.ANSWERED, {"result": answer.value})


def refused(run: Run, answer: Answered) -> Next:
    why = answer.reason or reason("register_refused")
    return ENDING.not_ready(run, why) if why.code in PASSING else _ended_by(run, why)


def _ended_by(run: Run, why: Reason) -> Next:
    return replace(run, phase=Phase.OUTCOME), Commit(JobEvent.IMPOSSIBLE, {"reason": why})


Handler = Callable[[Run, Answered], Next]
_P = Phase


TABLE: dict[tuple[Phase, Answer], Handler] = {
    **row(_P.STATUS, on_status, ENDING.not_ready_because, ENDING.not_ready_because, ENDING.not_ready_because),
    **row(_P.QUERY, on_result, ENDING.not_ready_because, refused, ENDING.not_ready_because),
    **row(_P.OUTCOME, ENDING.ended),
    **row(_P.END, ENDING.ended),
}

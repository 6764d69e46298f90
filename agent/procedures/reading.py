"""Status and document: the register is only read, so there is no INTENT, and it may be read again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from agent.procedures.asks import Answer, Answered, Ask, Commit, Ended, NotReady, Query, ReadStatus
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
        return _not_ready(run, reason("wrong_device", detail=detail))
    return replace(run, phase=Phase.QUERY), Query()


def on_result(run: Run, answer: Answered) -> Next:
    if answer.value is None:
        return _ended_by(run, reason("no_such_document"))
    return replace(run, phase=Phase.OUTCOME), Commit(JobEvent.ANSWERED, {"result": answer.value})


def refused(run: Run, answer: Answered) -> Next:
    why = answer.reason or reason("register_refused")
    return _not_ready(run, why) if why.code in PASSING else _ended_by(run, why)


def _ended_by(run: Run, why: Reason) -> Next:
    return replace(run, phase=Phase.OUTCOME), Commit(JobEvent.IMPOSSIBLE, {"reason": why})


def not_ready_because(run: Run, answer: Answered) -> Next:
    return _not_ready(run, answer.reason or reason("device_offline"))


def _not_ready(run: Run, why: Reason) -> Next:
    return replace(run, phase=Phase.END), NotReady(why)


def ended(run: Run, _: Answered) -> Next:
    return replace(run, phase=Phase.END), Ended()


Handler = Callable[[Run, Answered], Next]
_P = Phase


TABLE: dict[tuple[Phase, Answer], Handler] = {
    **row(_P.STATUS, on_status, not_ready_because, not_ready_because, not_ready_because),
    **row(_P.QUERY, on_result, not_ready_because, refused, not_ready_because),
    **row(_P.OUTCOME, ended),
    **row(_P.END, ended),
}

"""X report, slip, copy, drawer: commands without fiscal or money effect.

They are begun under a STARTED record and sent once. A lost answer ends the job ``not_done`` and unproven: nothing is
asked of the device about it, and it is never repeated by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from agent.procedures import precheck
from agent.procedures.asks import Answer, Answered, Ask, Begin, Commit, Do, NotReady
from agent.procedures.ending import Ending
from agent.procedures.precheck import Check, Ready, Wants, snapshot_of
from agent.procedures.table import row
from drivers.api import ShiftState
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent
from protocol.crm.jobs import JobKind

WANTS = MappingProxyType(
    {
        JobKind.X_REPORT: Wants(fiscal=False),
        JobKind.PRINT_TEXT: Wants(fiscal=False),
        JobKind.PRINT_COPY: Wants(fiscal=False),
        JobKind.OPEN_DRAWER: Wants(fiscal=False, closed=False, paper=False),
    }
)


class Phase(StrEnum):
    CHECK = "may it start?"
    BEGIN = "STARTED"
    DO = "do"
    OUTCOME = "OUTCOME"
    END = "end"


ENDING = Ending(Phase.END, "device_offline")


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a run needs to know, fixed at its start."""

    kind: JobKind  # one of ``WANTS``
    register_serial: str
    exclusive: bool


@dataclass(frozen=True, slots=True)
class Run:
    ctx: Context
    phase: Phase
    check: Check | None = None


Next = tuple[Run, Ask]


def start(ctx: Context) -> Next:
    check, ask = precheck.start(ctx.register_serial, exclusive=ctx.exclusive, wants=WANTS[ctx.kind])
    return Run(ctx, Phase.CHECK, check), ask


def resume(ctx: Context) -> Next:
    """A STARTED record without an outcome was found after a restart."""
    return _unproven(Run(ctx, Phase.DO))


def step(run: Run, answer: Answered) -> Next:
    """What to do after ``answer``. Pure."""
    return TABLE[run.phase, answer.kind](run, answer)


def checking(run: Run, answer: Answered) -> Next:
    assert run.check is not None
    check, ask = precheck.step(run.check, answer)
    run = replace(run, check=check)
    if not isinstance(ask, Ready):
        return replace(run, phase=Phase.END if isinstance(ask, NotReady) else Phase.CHECK), ask
    if run.ctx.kind is JobKind.X_REPORT and ask.status.shift is ShiftState.CLOSED:
        return replace(run, phase=Phase.END), Commit(JobEvent.IMPOSSIBLE, {"reason": reason("shift_closed")})
    return replace(run, phase=Phase.BEGIN), Begin(snapshot_of(ask.status))


def do(run: Run, _: Answered) -> Next:
    return replace(run, phase=Phase.DO), Do()


def done(run: Run, _: Answered) -> Next:
    """The register's own answer is all the proof that such a command has."""
    return replace(run, phase=Phase.OUTCOME), Commit(JobEvent.PROVEN, {})


def not_done(run: Run, answer: Answered) -> Next:
    why = answer.reason or reason("register_refused")
    return replace(run, phase=Phase.OUTCOME), Commit(JobEvent.PROVEN_NONE, {"reason": why})


def in_doubt(run: Run, _: Answered) -> Next:
    return _unproven(run)


def _unproven(run: Run) -> Next:
    return replace(run, phase=Phase.OUTCOME), Commit(JobEvent.UNPROVEN, {"reason": reason("answer_lost")})


Handler = Callable[[Run, Answered], Next]
_P = Phase


TABLE: dict[tuple[Phase, Answer], Handler] = {
    **row(_P.CHECK, checking, checking, checking, checking),
    **row(_P.BEGIN, do, refused=ENDING.not_ready_because),
    **row(_P.DO, done, not_done, not_done, in_doubt),
    **row(_P.OUTCOME, ENDING.ended),
    **row(_P.END, ENDING.ended),
}

"""The terminal's day closed with the bank: begun under a STARTED record, sent once.

A lost answer ends the job ``not_done`` and unproven: the terminal is not asked about it, and it is never repeated by
itself. The bank's own records of the day are not touched by that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from agent.procedures.asks import Answer, Answered, Commit, Ended, NotReady
from agent.procedures.ending import Ending
from agent.procedures.payment.asks import ReadTerminal
from agent.procedures.table import row
from agent.procedures.terminal_check import unready
from drivers.terminal_api import Outcome, SettlementResult, TerminalStatus
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent
from protocol.crm.outcomes import Reason

WANTED = frozenset({"terminal_settlement_needed"})
"""What a terminal may ask for and still be ready for this."""


class Phase(StrEnum):
    CHECK = "may it start?"
    BEGIN = "STARTED"
    SETTLE = "the terminal"
    OUTCOME = "OUTCOME"
    END = "end"


ENDING = Ending(Phase.END, "terminal_offline")


@dataclass(frozen=True, slots=True)
class BeginSettle:
    """Check lease, epoch and space once more, and commit INTENT."""


@dataclass(frozen=True, slots=True)
class Settle:
    """Once. Answered by ``SettlementResult``."""


@dataclass(frozen=True, slots=True)
class Context:
    terminal_id: str  # of the binding; "": this terminal has not said yet who it is
    settles: bool  # the interface can do it


@dataclass(frozen=True, slots=True)
class Run:
    ctx: Context
    phase: Phase


Ask = ReadTerminal | BeginSettle | Settle | Commit | NotReady | Ended
Next = tuple[Run, Ask]


def start(ctx: Context) -> Next:
    if not ctx.settles:
        return _not_done(Run(ctx, Phase.CHECK), JobEvent.IMPOSSIBLE, reason("terminal_unsupported", detail="settle"))
    return Run(ctx, Phase.CHECK), ReadTerminal()


def resume(ctx: Context) -> Next:
    """A STARTED record without an outcome was found after a restart."""
    return _unproven(Run(ctx, Phase.SETTLE))


def step(run: Run, answer: Answered) -> Next:
    """What to do after ``answer``. Pure."""
    return TABLE[run.phase, answer.kind](run, answer)


def checked(run: Run, answer: Answered) -> Next:
    status: TerminalStatus = answer.value
    if (why := unready(status, run.ctx.terminal_id, WANTED)) is not None:
        return ENDING.not_ready(run, why)
    return replace(run, phase=Phase.BEGIN), BeginSettle()


def begun(run: Run, _: Answered) -> Next:
    return replace(run, phase=Phase.SETTLE), Settle()


def settled(run: Run, answer: Answered) -> Next:
    result: SettlementResult = answer.value
    if result.outcome is Outcome.APPROVED:
        return replace(run, phase=Phase.OUTCOME), Commit(JobEvent.PROVEN, {"settlement": result})
    why = reason("settlement_declined", vendor=result.code or None, detail=result.text or None)
    return _not_done(run, JobEvent.NOT_TAKEN, why)


def not_begun(run: Run, answer: Answered) -> Next:
    return _not_done(run, JobEvent.NOT_TAKEN, answer.reason or reason("terminal_refused"))


def in_doubt(run: Run, _: Answered) -> Next:
    return _unproven(run)


def _unproven(run: Run) -> Next:
    return _not_done(run, JobEvent.UNPROVEN, reason("settlement_unknown"))


def _not_done(run: Run, event: JobEvent, why: Reason) -> Next:
    return replace(run, phase=Phase.OUTCOME), Commit(event, {"reason": why})


Handler = Callable[[Run, Answered], Next]
_P = Phase


TABLE: dict[tuple[Phase, Answer], Handler] = {
    **row(_P.CHECK, checked, ENDING.not_ready_because, ENDING.not_ready_because, ENDING.not_ready_because),
    **row(_P.BEGIN, begun, refused=ENDING.not_ready_because),
    **row(_P.SETTLE, settled, not_begun, not_begun, in_doubt),
    **row(_P.OUTCOME, ENDING.ended),
    **row(_P.END, ENDING.ended),
}

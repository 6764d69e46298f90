"""What a run of the operation procedure carries from step to step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from agent.journal.rows import Snapshot
from agent.procedures.asks import Answered, Ask, Operation
from agent.procedures.ending import Ending
from agent.procedures.precheck import Check
from drivers.api import CashCounters, DocumentKind, FiscalDocument, ShiftState, ShiftTotals, Status
from protocol.crm.outcomes import Decision, Reason

SHIFTS = (Operation.OPEN_SHIFT, Operation.CLOSE_SHIFT)
CASH = (Operation.CASH_IN, Operation.CASH_OUT)
WANTED = {Operation.OPEN_SHIFT: ShiftState.OPEN, Operation.CLOSE_SHIFT: ShiftState.CLOSED}
PROOF = {Operation.OPEN_SHIFT: DocumentKind.OPEN_SHIFT, Operation.CLOSE_SHIFT: DocumentKind.CLOSE_SHIFT}


class Phase(StrEnum):
    CHECK = "may it start?"
    EARLIER = "has an earlier attempt done it?"
    TOTALS = "totals before"
    COUNTERS = "counters before"
    BEGIN = "INTENT"
    OPERATE = "operate"
    DOUBT = "record the doubt"
    MOMENT = "a moment"
    REOPEN = "reopen"
    RETRY = "ask again later"
    LOOK = "look"
    FENCE = "fence"
    ARCHIVE = "read the archive"
    COUNT = "read the counters back"
    UNDECIDED = "evidence for a person"
    OUTCOME = "OUTCOME"
    END = "end"


ENDING = Ending(Phase.END, "device_offline")


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a run needs to know, fixed at its start."""

    operation: Operation
    register_serial: str
    exclusive: bool
    max_time: Mapping[str, float]
    job: bool = True
    """For a job (``Begin``, ``Commit``), or by the desk's own policy (``BeginOperation``, ``EndOperation``; shifts
    only): then nobody waits for a decision, and a shift that is as wanted already is an end."""
    open_shift: bool = True  # the desk wants shifts to be opened by themselves
    cash_opens_shift: bool = False  # of the register's capabilities
    amount: int = 0  # kopecks, of cash in and cash out
    decision: Decision | None = None  # a person's, on a job that the records have not decided
    decided_fd: int | None = None

    @property
    def cash(self) -> bool:
        return self.operation in CASH

    @property
    def longest(self) -> float:
        """The longest that a command of this operation may be on its way: a cancel of the fence among them."""
        return max(self.max_time["report" if self.cash else "shift"], self.max_time["cancel"])


@dataclass(frozen=True, slots=True)
class Run:
    ctx: Context
    phase: Phase
    check: Check | None = None
    first: Snapshot | None = None  # of the job's first attempt
    snapshot: Snapshot | None = None  # of this attempt
    status: Status | None = None
    totals: ShiftTotals | None = None  # of the shift that is about to be closed
    counters: CashCounters | None = None  # as last read
    seen: tuple[FiscalDocument, ...] = ()
    next_fd: int = 0
    last_fd: int = 0
    replied: bool = False  # the command was answered: done
    doubted: bool = False  # the job is ``resolving`` (or ``human``) on disk
    human: str | None = None  # the code under which a person was told
    own_open: bool = False  # what the fiscal drive has begun is ours for certain
    cause: Reason | None = None  # why it was not done
    done: bool = False  # of a policy's operation: the outcome on disk says that the shift is as wanted
    since: float | None = None  # when deciding began
    remaining: float = 0.0
    quiet_until: float = 0.0  # before this moment a lost command may still strike
    repeated: bool = False  # an opening was sent once more
    polls: int = 0
    unclear: int = 0  # looks that ended in records that decide nothing


Next = tuple[Run, Ask]
Handler = Callable[[Run, Answered], Next]

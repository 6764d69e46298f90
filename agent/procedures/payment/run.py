"""What a run of the payment procedure carries from step to step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from agent.procedures.asks import Answered
from agent.procedures.ending import Ending
from agent.procedures.payment.asks import MoneyAsk
from drivers.terminal_api import Means, Operation, Original, TerminalCapabilities, TerminalStatus, Transaction
from protocol.crm.outcomes import Decision, Reason


class Phase(StrEnum):
    CHECK = "may it start?"
    BEFORE = "what was before"
    BEGIN = "INTENT"
    MOVE = "the terminal"
    DOUBT = "record the doubt"
    MOMENT = "a moment"
    RETRY = "ask again later"
    REOPEN = "reopen"
    FIND = "ask for our reference"
    AFTER = "what it did last"
    UNDECIDED = "evidence for a person"
    OUTCOME = "OUTCOME"
    END = "end"


ENDING = Ending(Phase.END, "terminal_offline")


@dataclass(frozen=True, slots=True)
class Movement:
    """The money that shall be moved: charged, or brought back."""

    operation: Operation
    amount: int  # kopecks
    means: Means = Means.CARD
    original: Original | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a run needs to know, fixed at its start."""

    movement: Movement
    capabilities: TerminalCapabilities
    terminal_id: str  # of the binding; "": this terminal has not said yet who it is
    decision: Decision | None = None  # a person's, on a movement that the records have not decided
    exclusive: bool = True  # no other program charges at this terminal

    @property
    def longest(self) -> float:
        """The longest that what was lost may still take effect, a reversal by the terminal itself among it."""
        return self.capabilities.max_time["money"] + self.capabilities.reverses_unacknowledged


@dataclass(frozen=True, slots=True)
class Run:
    ctx: Context
    phase: Phase
    status: TerminalStatus | None = None
    last: Transaction | None = None  # what the terminal did last before INTENT
    reference: int = 0  # 0: no INTENT yet
    approved: Transaction | None = None  # CLOSING: the terminal has said so, and it is on disk
    after: Transaction | None = None  # what the terminal says now that it did last
    doubted: bool = False  # the doubt is on disk
    human: str | None = None  # the code under which a person was told
    cause: Reason | None = None  # what began the doubt
    since: float | None = None  # when deciding began
    remaining: float = 0.0
    quiet_until: float = 0.0  # before this moment what was lost may still take effect
    polls: int = 0
    unclear: int = 0  # looks, after that moment, at records that decide nothing


Next = tuple[Run, MoneyAsk]
Handler = Callable[[Run, Answered], Next]

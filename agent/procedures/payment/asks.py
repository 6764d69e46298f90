"""What the payment procedure asks of a terminal's lane. ``Wait``, ``NotReady`` and ``Ended`` are every procedure's own.

A commit either happens or the process ends, as everywhere; ``BeginMove`` alone may be refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from agent.procedures.asks import Ended, NotReady, Wait
from drivers.terminal_api import Transaction
from protocol.crm.outcomes import Reason


class MoveEvent(StrEnum):
    """What becomes known of a movement of money, and is committed."""

    DOUBT = "doubt"  # something may have been moved, and nobody has said so
    TAKEN = "taken"  # the terminal says that it was moved (of a refund or a void: brought back)
    NOT_TAKEN = "not_taken"  # the terminal says that nothing was moved
    UNDECIDABLE = "undecidable"  # the terminal's records do not tell: a person is asked
    DECIDED_TAKEN = "decided_taken"  # a person has decided
    DECIDED_NOT_TAKEN = "decided_not_taken"


@dataclass(frozen=True, slots=True)
class ReadTerminal:
    """Answered by ``drivers.terminal_api.TerminalStatus``."""


@dataclass(frozen=True, slots=True)
class ReadLast:
    """Answered by the terminal's last ``Transaction``, anybody's, or ``None``."""


@dataclass(frozen=True, slots=True)
class BeginMove:
    """Check lease, epoch and space once more, take the next reference, and commit INTENT with it and with what the
    terminal did last (``None``: nothing, or it does not tell). Answered by the reference."""

    last: Transaction | None


@dataclass(frozen=True, slots=True)
class Move:
    """Have the terminal do it, once, under this reference. An approval is on disk (CLOSING) before the terminal hears
    that it was heard. Answered by the ``Transaction``; DOUBT has it as its value, too, when it was approved before the
    doubt came."""

    reference: int


@dataclass(frozen=True, slots=True)
class ReopenTerminal:
    """Close the channel and open it again. Answered by ``TerminalIdentity``."""


@dataclass(frozen=True, slots=True)
class FindMove:
    """Answered by the ``Transaction`` of this reference, or by a ``Found``."""

    reference: int


@dataclass(frozen=True, slots=True)
class CommitMove:
    """Commit what became known. ``transaction`` is the proof, or the terminal's no."""

    event: MoveEvent
    transaction: Transaction | None = None
    reason: Reason | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)


MoneyAsk = (
    ReadTerminal
    | ReadLast
    | BeginMove
    | Move
    | ReopenTerminal
    | FindMove
    | CommitMove
    | Wait
    | NotReady
    | Ended
)  # fmt: skip

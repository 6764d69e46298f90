"""What a family provides: a driver over its simulated terminal, and hands that do to it what can happen to one.

Everything is said in words that no make owns. A bench offers what its simulator can do (``Bench.offers``); a behaviour
that needs more is *missing* for it. What a terminal cannot do by nature is *exempt*, with the reason.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from drivers.conformance.place import MARGIN, AnyBench, AnyDesk, NotOffered, SettingWord
from drivers.terminal_api import CardTerminal

if TYPE_CHECKING:
    from drivers.conformance.suite import Suite

__all__ = (
    "MARGIN",
    "Bench",
    "Charge",
    "Desk",
    "Fate",
    "Hand",
    "Kind",
    "Need",
    "NotOffered",
    "Setting",
    "Step",
    "Truth",
)


class Step(StrEnum):
    """A command of the driver, by what it asks of the terminal."""

    STATUS = "status"
    PAYMENT = "payment"
    QR_PAYMENT = "qr payment"
    REFUND = "refund"
    VOID = "void"
    REVERSAL = "reversal"  # of whatever came last
    LAST = "last transaction"
    SETTLEMENT = "settlement"
    REPORT = "report"  # of either kind
    REPRINT = "reprint"


class Fate(StrEnum):
    """What a command meets with, ``Desk.fate``. Once. "Carried out" means that the bank has moved the money."""

    # the terminal answers
    DECLINED = "declined"  # by the bank
    CANCELLED = "cancelled"  # the red key, before the bank is asked
    NO_CARD = "no card"  # nobody presents one; the terminal waits for as long as it does, and gives up
    NO_BANK = "no bank"  # the terminal does not reach the bank
    OTHER_AMOUNT = "other amount"  # carried out, and told, with one rouble more
    TAKEN_BACK = "taken back"  # carried out, and taken back by itself before it is told; both are told
    SLOW = "slow"  # a card comes after half of ``seconds``, the bank answers at their end; carried out
    REFUSED = "refused"  # the terminal says that it does not begin
    BUSY = "busy"  # the same, because it works for somebody else
    NOTHING_LEFT = "nothing left"  # there is nothing that could be brought back, or it has been already
    # the answer does not come
    CUT = "cut"  # the channel breaks before the whole command has left; not carried out
    BROKEN = "broken"  # it breaks as soon as the command has come; not carried out
    LATE = "late"  # the same; carried out ``seconds`` later
    ANSWER_LOST = "answer lost"  # carried out; the channel breaks before a byte of the answer comes
    HALF = "half"  # carried out; the channel breaks in the middle of the answer
    UNACKNOWLEDGED = "unacknowledged"  # carried out and answered; the channel breaks before our acknowledgement comes
    SILENCE = "silence"  # nothing ever comes; not carried out
    HANG = "hang"  # the bank's program lives on for ``seconds``, carries it out then, and answers
    GARBAGE = "garbage"  # carried out; noise comes instead of the answer
    FOREIGN = "foreign"  # carried out; what comes is the approval of another operation, at another terminal
    STALE = "stale"  # what the operation before left behind comes instead of an answer; carried out or not


class Hand(StrEnum):
    """What somebody does to the terminal, ``Desk.hand``, now."""

    UNPLUG = "unplug"  # nobody is at the address; an open channel breaks
    PLUG = "plug"
    OCCUPY = "occupy"  # another program holds the port
    NOISE = "noise"  # from now on all that comes from the terminal is noise
    OTHER_TERMINAL = "other terminal"  # stands at the address
    CARD_INSIDE = "card inside"  # a card is left in the reader
    CARD_OUT = "card out"
    NEEDS_SETTLEMENT = "needs settlement"  # it makes no payment before
    FOREIGN_PAYMENT = "foreign payment"  # another program is paid ``value`` kopecks
    NO_PROGRAM = "no program"  # the bank's program has been removed
    PROGRAM = "program"  # it is there again
    TOTALS_DIFFER = "totals differ"  # at the next settlement


class Setting(SettingWord):
    """How the terminal is set up before the driver meets it, ``Bench.make``. Without any: it does not hold, and
    nothing is traced."""

    TRACED = "traced"  # what is said is written down for support, ``Desk.traced``
    HOLDS = "holds"  # an approved payment is kept open until it is known what becomes of it


Need: TypeAlias = Fate | Hand | Setting


class Kind(StrEnum):
    """Of an entry in the bank's book."""

    PAYMENT = "payment"
    REFUND = "refund"
    VOID = "void"
    REVERSAL = "reversal"


@dataclass(frozen=True, slots=True)
class Charge:
    """One entry in the bank's book; approved ones alone."""

    kind: Kind
    amount: int  # kopecks
    rrn: str
    auth_code: str
    stands: bool  # ``False``: wholly brought back since


@dataclass(frozen=True, slots=True)
class Truth:
    """What terminal and bank know, taken from their memory and never through the driver."""

    terminal_id: str
    merchant_id: str
    charges: Sequence[Charge]  # oldest first
    net: int  # kopecks that the bank holds for the merchant: payments less all that was brought back
    settlements: int
    secrets: Sequence[str]
    """What nobody may see: full numbers of the cards in use, tracks, cryptograms, hashes of numbers."""


class Desk(AnyDesk[CardTerminal, Truth]):
    """One terminal with a driver at it."""

    @abstractmethod
    def restart(self) -> None:
        """The agent has died and been started again: ``driver`` is a fresh one, not connected; whatever the old one
        had open is closed, and nothing else of it is left but what is on disk."""

    def traced(self) -> bytes:
        """What the driver has written down for support so far, one record after another."""
        raise NotOffered("traced")

    def fate(self, step: Step, fate: Fate, *, seconds: float = 0.0) -> str | None:  # noqa: ARG002
        """Arrange what the next command of this step meets with. Returns the terminal's code as the driver must show
        it in ``vendor`` for ``REFUSED`` and ``BUSY``, where there is one."""
        raise NotOffered(f"{fate} at {step}")

    def hand(self, hand: Hand, value: int = 0) -> None:  # noqa: ARG002
        """Do it now; ``value`` as ``Hand`` says."""
        raise NotOffered(str(hand))


@dataclass(frozen=True)
class Bench(AnyBench):
    """One variant of a family of terminals."""

    longest: float | None = None
    """Seconds that the terminal works on an operation by card at most, where less than ``max_time`` of money."""

    @property
    def suite(self) -> Suite:
        from drivers.conformance.terminals.catalogue import SUITE

        return SUITE

    @abstractmethod
    def make(self, settings: frozenset[Setting]) -> Desk:
        """A fresh terminal: ready, its day begun, its book empty."""

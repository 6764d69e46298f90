"""What a family provides: a driver over its simulated register, and hands that do to it what can happen to one.

Everything is said in words that no make owns. A bench offers what its simulator can do (``Bench.offers``); a behaviour
that needs more is *missing* for it. What a device cannot do by nature is *exempt*, with the reason (``Bench.exempt``).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from drivers.api import FiscalRegister
from drivers.conformance.place import MARGIN, AnyBench, AnyDesk, NotOffered, SettingWord

if TYPE_CHECKING:
    from drivers.conformance.suite import Suite

__all__ = ("MARGIN", "Bench", "Desk", "Fate", "Hand", "Need", "NotOffered", "Setting", "Step", "Truth")


class Step(StrEnum):
    """A command of the driver, by what it asks of the register."""

    STATUS = "status"  # the first question of ``status``
    DOCUMENT = "document"  # the first question of ``document``
    OPEN = "open"  # begins a receipt
    LINE = "line"  # one position
    CLOSE = "close"  # makes the receipt fiscal
    CANCEL = "cancel"
    OPEN_SHIFT = "open_shift"
    CLOSE_SHIFT = "close_shift"
    X_REPORT = "x_report"
    CASH_IN = "cash_in"
    CASH_OUT = "cash_out"
    TEXT = "text"  # one line of a slip
    COPY = "copy"
    DRAWER = "drawer"
    CONTINUE = "continue"


class Fate(StrEnum):
    """What a command meets with, ``Desk.fate``. Once, unless it says otherwise."""

    SILENCE = "silence"  # from this very command on the device is deaf and dumb for ``seconds``; not carried out
    SILENCE_AFTER = "silence after"  # carried out and answered; right after that deaf and dumb for ``seconds``
    CUT = "cut"  # the channel breaks as the command arrives; not carried out
    ANSWER_LOST = "answer lost"  # carried out; the channel breaks and the answer is nowhere
    ANSWER_KEPT = "answer kept"  # the same, but the device brings the old answer when the channel is opened anew
    LATE = "late"  # the channel breaks; carried out ``seconds`` later
    REFUSED = "refused"  # the device's own error code, which promises that nothing was done; the code is returned
    BUSY = "busy"  # refused because it is still printing
    SLOW = "slow"  # carried out after ``seconds``, then answered
    POWER_BEFORE = "power before"  # the power fails before it is carried out, and is back after half a second
    POWER_AFTER = "power after"  # the same right after
    GARBAGE = "garbage"  # carried out; from here on the answers are noise, until the channel is opened anew
    DAMAGED = "damaged"  # carried out; the answer comes damaged on the line


class Hand(StrEnum):
    """What somebody does to the register, ``Desk.hand``, now."""

    PAPER_OUT = "paper out"
    PAPER_IN = "paper in"
    COVER_OPEN = "cover open"
    COVER_CLOSED = "cover closed"
    SLOW_PRINTER = "slow printer"  # a slip takes ``value`` seconds from now on
    POWER_CYCLE = "power cycle"  # off and on; an open receipt stays
    POWER_ANNULS = "power annuls"  # off and on; an open receipt is gone
    UNPLUG = "unplug"  # nobody is at the address
    PLUG = "plug"
    OCCUPY = "occupy"  # another program holds the port
    NOT_A_REGISTER = "not a register"  # another kind of device stands at the address
    OTHER_REGISTER = "other register"  # stands at the address; an open channel goes over to it
    NEW_DRIVE = "new drive"  # the fiscal drive has been replaced
    CLOCK = "clock"  # the register's own clock is moved by ``value`` seconds
    CLOCK_LOST = "clock lost"  # the register awaits that somebody confirms its date
    FOREIGN_RECEIPT = "foreign receipt"  # another program makes a receipt of ``value`` kopecks, paid in cash
    FOREIGN_OPEN = "foreign open"  # another program leaves a receipt open
    NOISE = "noise"  # from now on all that comes from the device is noise


class Setting(SettingWord):
    """How the register is set up before the driver meets it, ``Bench.make``. Without any: all in order."""

    FFD_105 = "format 1.05"
    FFD_11 = "format 1.1"
    FFD_12 = "format 1.2"
    ONE_TAXATION = "one taxation"  # registered for the common system (1) alone
    VAT20_REPLACED = "vat20 replaced"  # makes 22 % of 20 % by itself
    VAT22_MISSING = "vat22 missing"  # its tax table has no 22 %
    TAX_BY_HOST = "tax by host"  # expects ready tax sums
    PRINTING_OFF = "printing off"  # prints nothing, whatever is asked of it
    SMALL_DRIVE = "small drive"  # has room for fewer than twenty documents


Need: TypeAlias = Fate | Hand | Setting


@dataclass(frozen=True, slots=True)
class Truth:
    """What the device itself knows and has done, taken from its memory and never through the driver."""

    identity: Mapping[str, str]
    """``serial``, ``fn``, ``rnm``, ``inn``, ``ffd``."""
    documents: Sequence[Mapping[str, Any]]
    """The archive, oldest first, each with ``fd``, ``type``, ``fpd``, ``at`` and ``tags``: the form of
    ``simulate --dump``, in which a tag that may repeat is a list."""
    shift_open: bool
    open_total: int | None  # kopecks of the open document's lines, ``None``: no document is open
    drawer: int
    printed: Sequence[str]  # the text of every piece of paper, the one that is still in the printer last
    pulses: int  # of the drawer

    def of_type(self, *types: str) -> list[Mapping[str, Any]]:
        return [document for document in self.documents if document["type"] in types]

    @property
    def receipts(self) -> list[Mapping[str, Any]]:
        return self.of_type("receipt")


class Desk(AnyDesk[FiscalRegister, Truth]):
    """One register with a driver at it."""

    @abstractmethod
    def received(self, step: Step) -> int:
        """How many commands of this step have reached the device whole since it was made, carried out or not. A
        command that the line repeats under the same number counts once."""

    def fate(self, step: Step, fate: Fate, *, nth: int = 1, seconds: float = 0.0) -> str | None:  # noqa: ARG002
        """Arrange what the ``nth`` command of this step, counted from now, meets with. Returns the vendor's code as
        the driver must show it for ``REFUSED``, otherwise ``None``."""
        raise NotOffered(f"{fate} at {step}")

    def hand(self, hand: Hand, value: float = 0) -> None:  # noqa: ARG002
        """Do it now; ``value`` as ``Hand`` says."""
        raise NotOffered(str(hand))


@dataclass(frozen=True)
class Bench(AnyBench):
    """One variant of a family of registers."""

    longest: Mapping[Step, float] = field(default_factory=lambda: MappingProxyType({}))
    """Seconds that the device works on a command at most, where less than ``Capabilities.max_time`` of its pace."""

    @property
    def suite(self) -> Suite:
        from drivers.conformance.catalogue import SUITE

        return SUITE

    @abstractmethod
    def make(self, settings: frozenset[Setting]) -> Desk:
        """A fresh register: registered, shift closed, paper in, drawer empty."""

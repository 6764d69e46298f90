"""What a card terminal's driver promises. The docstrings are the specification.

A driver is synchronous and is used by one thread at a time (the terminal's lane). It never repeats an operation with
money, never decides what became of one that is in doubt, and keeps nothing of it but what the interface itself keeps:
it asks, tells, and reports what the terminal said or one of the verdicts of ``drivers.errors``. Money is integer
kopecks.

No full card number, track, PIN block or cryptogram leaves a driver: not in a value, a ``detail``, a ``repr`` or a
trace."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias

from drivers.errors import Refused

RUB = "643"
REFERENCES = range(1, 1_000_000)

Slip: TypeAlias = Sequence[str]
"""The lines of one copy of a slip, of printable characters alone, blanks at their left kept; card numbers masked."""


class Operation(StrEnum):
    """What moves money, or brings it back."""

    PAYMENT = "payment"
    REFUND = "refund"
    VOID = "void"


class Means(StrEnum):
    """By what the customer pays."""

    CARD = "card"
    SBP = "sbp"  # a QR code of the Faster Payments System


class Outcome(StrEnum):
    """What the terminal itself said of an operation, in an answer that is provably to that one."""

    APPROVED = "approved"
    DECLINED = "declined"
    CANCELLED = "cancelled"  # by the customer, the cashier, or for lack of a card in time; nothing was charged
    REVERSED = "reversed"  # it had been approved, and the terminal has brought it back by itself since then


class Progress(StrEnum):
    """What the customer or the cashier has to do now; a text for a person, never a verdict."""

    CONNECTING = "connecting"
    PRESENT_CARD = "present_card"
    ENTER_PIN = "enter_pin"
    ONLINE = "online"
    REMOVE_CARD = "remove_card"
    SCAN_QR = "scan_qr"
    REVERSING = "reversing"


class Verdict(StrEnum):
    """What becomes of an approved operation, ``Attendant.approved``."""

    KEEP = "keep"
    WAIT = "wait"  # not known yet; only to a terminal that holds (``TerminalCapabilities.hold``)
    UNDO = "undo"  # bring the money back; only to a terminal that holds


class Totals(StrEnum):
    """Whether terminal and bank agree on the day."""

    MATCHED = "matched"
    DIFFERENT = "different"
    UNKNOWN = "unknown"  # the terminal does not say


class ReportKind(StrEnum):
    SHORT = "short"
    FULL = "full"


class Found(StrEnum):
    """What ``CardTerminal.find`` has found out, where it did not find the operation's own answer."""

    IN_PROGRESS = "in_progress"  # it is still being worked on: ask again later
    NEVER_BEGUN = "never_begun"  # the terminal records an operation before the bank is asked, and has not recorded it
    NOTHING = "nothing"  # nothing is known of it, which proves nothing


@dataclass(frozen=True, slots=True)
class TerminalCapabilities:
    """What the interface (not the code) can do about money and doubt."""

    hold: float = 0.0
    """Seconds for which an approved payment is kept open for ``Verdict.WAIT``; 0: an answer must be ``KEEP``."""
    abort: bool = False  # a payment can be called off from here before the card has been read
    last_transaction: bool = False  # ``last_transaction`` tells
    finds: bool = False  # ``find`` may tell more than ``NOTHING``
    reverses_unacknowledged: float = 0.0
    """Seconds within which the terminal brings a payment back by itself when we have not acknowledged its result; 0: it
    never does."""
    reverses_last: bool = False  # ``reverse_last`` works
    refund_without_card: bool = False
    partial_refund: bool = False
    partial_void: bool = False
    void_needs: frozenset[str] = frozenset()
    """Names of fields of ``Original`` without which no void can be made; likewise:"""
    refund_needs: frozenset[str] = frozenset()
    means: frozenset[Means] = frozenset({Means.CARD})
    progress: bool = False  # ``Attendant.progress`` hears more than ``CONNECTING``
    settles: bool = True
    reports: frozenset[ReportKind] = frozenset(ReportKind)
    reprints: bool = True
    max_time: Mapping[str, float] = field(default_factory=dict)
    """Longest time in seconds that the terminal may work: ``query``, ``money`` (a payment, refund, void or reversal),
    ``settlement``. After it (plus a margin) what was lost can no longer take effect, unless the interface runs a
    program that lives on (``find`` answers ``IN_PROGRESS`` then)."""


@dataclass(frozen=True, slots=True)
class TerminalIdentity:
    """Who answers. ``terminal_id`` is the identity; the address is only where it was last seen."""

    vendor: str
    interface: str  # the driver's name
    terminal_id: str  # as the bank gave it; "" when this interface tells it only with an operation
    merchant_id: str = ""
    model: str = ""
    software: str = ""


@dataclass(frozen=True, slots=True)
class TerminalStatus:
    """One look; it moves no money and needs no card."""

    terminal_id: str  # "" as in ``TerminalIdentity``
    attention: str | None = None
    """A code of ours for what keeps it from paying (``terminal_settlement_needed``, ``terminal_not_ready``, …);
    ``None``: ready."""
    vendor: str | None = None  # the terminal's own code for it
    busy: bool = False  # with an operation, ours or another's


@dataclass(frozen=True, slots=True)
class Order:
    """An operation as it is asked for."""

    amount: int  # kopecks, above zero
    reference: int
    """Of ``REFERENCES``; on disk before the call, one per attempt, never given to this terminal before within any time
    that matters (a refund and a void have their own)."""
    currency: str = RUB  # ISO 4217, digits
    means: Means = Means.CARD


@dataclass(frozen=True, slots=True)
class Original:
    """The earlier payment that is brought back, as its ``Transaction`` told it."""

    amount: int
    rrn: str = ""
    auth_code: str = ""
    number: str = ""
    terminal_id: str = ""
    at: datetime | None = None
    sbp_id: str = ""


@dataclass(frozen=True, slots=True)
class Transaction:
    """What a terminal says of one operation. "" or ``None``: it does not say."""

    outcome: Outcome
    code: str = ""  # the terminal's own
    text: str = ""  # the terminal's own words, for a person; decides nothing
    reason: str | None = None
    """A code of ours for an outcome other than ``APPROVED``: ``payment_declined``, ``payment_cancelled``, …"""
    operation: Operation | None = None
    amount: int | None = None  # kopecks, as the terminal has it: whoever asked compares
    currency: str = ""
    reference: int | None = None  # ``Order.reference``, where the interface gives it back
    rrn: str = ""
    auth_code: str = ""
    number: str = ""  # of the operation at this terminal: receipt number, trace, operation of the day
    terminal_id: str = ""
    merchant_id: str = ""
    card: str = ""  # masked: at most the last four digits
    card_system: str = ""
    at: datetime | None = None  # by the terminal's clock: local, naive
    sbp_id: str = ""
    slips: Sequence[Slip] = ()  # the merchant's copy first, where both are there


@dataclass(frozen=True, slots=True)
class SettlementResult:
    outcome: Outcome
    totals: Totals
    code: str = ""
    text: str = ""
    count: int | None = None  # of operations, as far as the terminal says it apart from its slip
    amount: int | None = None  # payments less what was brought back, kopecks
    slips: Sequence[Slip] = ()


class Attendant(Protocol):
    """The side of whoever asked, while an operation runs; called in the thread of the call."""

    def progress(self, progress: Progress) -> None:
        """Changes alone, no repeats."""

    def approved(self, transaction: Transaction) -> Verdict:
        """The terminal has said that the money is taken (or brought back). Called, for every approved payment, refund,
        void and reversal, before anything is acknowledged that makes it final, and before the call returns; what is to
        survive is on disk when it returns. Whatever it raises goes through the driver to the caller, nothing having
        been acknowledged. A terminal that holds asks again after ``WAIT``."""

    def abort_wanted(self) -> bool:
        """Somebody has asked to call the operation off. Looked at several times a second while the terminal works,
        where ``TerminalCapabilities.abort`` says that it can be done; it is a request: the terminal's answer wins."""


class CardTerminal(ABC):
    """One card terminal behind one address.

    ``code`` of a verdict: ``terminal_…`` of ``protocol.crm.terminal_codes``. Every method may raise ``NotSent``,
    ``Refused`` or ``InDoubt`` and nothing else (but for what ``Attendant.approved`` raises). For an operation with
    money ``NotSent`` says that no byte of it has reached the terminal, ``Refused`` that the terminal said that it never
    began; both only when that is certain. Everything else that is no answer to this very operation is ``InDoubt``, with
    the seconds in ``remaining`` in which it may still take effect. An answer of the terminal is a ``Transaction``,
    declined ones too."""

    capabilities: TerminalCapabilities

    @abstractmethod
    def connect(self) -> TerminalIdentity:
        """Find out who answers, moving no money. Raises ``NotSent`` with ``terminal_offline`` when nobody
        does, ``terminal_port_busy``, ``terminal_program_missing``, and ``terminal_busy`` while an operation of ours
        that was in doubt is still being worked on."""

    @abstractmethod
    def disconnect(self) -> None:
        """Give the channel back; never raises; may be called at any time from the same thread, also when not connected.
        It ends no operation: a vendor's program that is still running is left to itself."""

    @abstractmethod
    def status(self) -> TerminalStatus:
        """Ask whether a payment could begin now."""

    def glance(self) -> TerminalStatus | None:
        """A look for the times when nothing is to be done: it shows nothing on the terminal, runs no vendor's program
        and asks no bank. ``None``: the way to the terminal is there, the terminal itself was not asked. Raises as
        ``connect``, and needs none."""
        self.connect()
        return self.status()

    @abstractmethod
    def pay(self, order: Order, attendant: Attendant) -> Transaction:
        """Charge. The amount in the answer is the terminal's own; it may differ from the order's, and the caller
        looks."""

    @abstractmethod
    def refund(self, order: Order, original: Original | None, attendant: Attendant) -> Transaction:
        """Give back ``order.amount``, all of the original's or, with ``partial_refund``, a part; ``None``: of a payment
        that nobody knows any more, with the card. Before anything is sent ``Refused`` with ``terminal_needs_original``
        names in ``detail`` what this interface needs and the original lacks, with ``terminal_unsupported`` what it
        cannot do."""

    @abstractmethod
    def void(self, order: Order, original: Original, attendant: Attendant) -> Transaction:
        """Take an operation of the same terminal day back. As ``refund``; ``order.amount`` below the original's only
        with ``partial_void``."""

    def reverse_last(self, order: Order, attendant: Attendant) -> Transaction:  # noqa: ARG002
        """Take back whatever the terminal did last; the caller has proven that it is its own. ``order.amount`` is what
        it came to. Nothing to take back is ``DECLINED`` with the reason ``payment_nothing_to_reverse``."""
        raise self._cannot("reverse_last")

    def find(self, order: Order, operation: Operation) -> Transaction | Found:  # noqa: ARG002
        """What the interface kept of an operation with this very reference: its own answer, also a late one. A query;
        an answer that may belong to another operation is ``NOTHING``."""
        return Found.NOTHING

    def last_transaction(self) -> Transaction | None:
        """The last operation with money that the terminal knows, anybody's; ``None``: it knows of none. A query."""
        raise self._cannot("last_transaction")

    @abstractmethod
    def settle(self) -> SettlementResult:
        """Close the terminal's day with the bank. Not repeated inside."""

    @abstractmethod
    def report(self, kind: ReportKind) -> Sequence[Slip]:
        """Have the terminal list its day. ``Refused("terminal_unsupported")`` for a kind that is not in ``reports``."""

    def reprint_last(self) -> Sequence[Slip]:
        """The slip of the last operation again."""
        raise self._cannot("reprint_last")

    def _cannot(self, what: str) -> Refused:
        return Refused("terminal_unsupported", f"{what}: not with this interface")

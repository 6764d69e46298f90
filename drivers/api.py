"""What a fiscal register's driver promises. The docstrings are the specification.

A driver is synchronous and is used by one thread at a time (the device's lane). It never retries a command that
may have been executed, never decides what happened, and keeps no fiscal state of its own: it asks, tells and reports
one of the verdicts of ``drivers.errors``. Money is integer kopecks.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from protocol.ffd.planned import PlannedReceipt
from protocol.ffd.vat import Vat


class ShiftState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    EXPIRED = "expired"  # open for more than 24 hours: only closing it is allowed


class Paper(StrEnum):
    PRESENT = "present"
    ABSENT = "absent"  # no paper, nothing is waiting to be printed
    INTERRUPTED = "interrupted"  # paper ran out while printing; the rest waits for paper
    RESUMABLE = "resumable"  # paper is back; "continue print" is awaited


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What this driver can do about doubt (reliability of the interface, not of the code)."""

    has_imprint: bool  # a short id can be stored in the fiscal document and read back from the archive
    has_task_id: bool  # the interface knows what it is given by the attempt's name (``FiscalRegister.attempt``)
    task_id_durable: bool  # also after its power was cut
    can_cancel_open: bool
    can_read_archive: bool
    one_command: bool = False  # document opened, filled and closed by a single command
    cash_opens_shift: bool = False  # cash put in or taken out while the shift is closed opens one, unasked
    formats: frozenset[str] = frozenset({"1.05", "1.1", "1.2"})
    """Format versions that receipts are made in; on a register of another one ``check_receipt`` refuses them all."""
    rates: frozenset[Vat] = frozenset(Vat)
    """VAT rates that receipts are made with, as far as the interface itself knows them: a line of another one is
    ``not_expressible``. A register may be set up for fewer."""
    cashless_details: bool = False  # receipts may tell of their cashless payments (tag 1234); else ``not_expressible``
    columns: int = 32  # characters in a line of a slip
    max_time: Mapping[str, float] = field(default_factory=dict)
    """Longest time in seconds that the device may work on: ``query``, ``fill``, ``close``, ``cancel``, ``shift``,
    ``report``. After it (plus a margin) a lost command can no longer take effect."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who answers. ``register_serial`` is the identity; the address is only where it was last seen."""

    model: str
    register_serial: str
    fn_serial: str
    registration_number: str
    inn: str
    ffd: str  # "1.05", "1.1", "1.2": the register's format version
    firmware: str = ""
    taxation: int | None = None  # tag 1062: mask of the registered taxation systems; None: the register does not say
    setup_problems: tuple[str, ...] = ()
    """Codes of settings that would make wrong documents (``vat20_autoreplace``, ``tax_by_host``, ``vat_rate_missing``).
    The register can still be used for what they do not touch."""


@dataclass(frozen=True, slots=True)
class Status:
    """One look at the register; reading it changes nothing. What takes several requests is asked in such an order that
    ``last_fd`` comes last: a document that explains what the rest shows is never above it."""

    register_serial: str
    fn_serial: str
    shift: ShiftState
    shift_number: int  # the open shift, or the last closed one
    receipt_in_shift: int  # number of the last receipt of the shift
    document_open: bool  # a receipt or another document is begun and not closed
    fn_document_open: bool  # the fiscal drive itself holds a begun document
    last_fd: int
    busy: bool  # printing, or executing: asking again later is the only right thing
    paper: Paper
    cover_open: bool
    at: datetime  # the register's own clock: local, naive
    drawer: int | None = None  # kopecks
    clock_unset: bool = False  # the register awaits confirmation of date or time
    fn_warnings: tuple[str, ...] = ()  # urgent_replacement, resource, memory, ofd_overdue, critical
    blocked: str | None = None  # a code: the register cannot make fiscal documents at all (fn_absent, fn_expired, …)


@dataclass(frozen=True, slots=True)
class Health:
    """What a status does not tell and changes slowly; ``None``: the register does not say. Times are the register's."""

    shift_opened_at: datetime | None = None
    fn_expires: date | None = None
    fn_documents_left: int | None = None  # receipts that the drive's memory still takes
    registrations_left: int | None = None
    unsent: int | None = None  # documents that the OFD has not confirmed
    unsent_first_fd: int | None = None
    unsent_first_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CashCounters:
    """The register's non-fiscal records of drawer cash, as evidence for cash in and cash out. Sums in kopecks, of the
    present shift; numbers count documents."""

    document_number: int | None  # of the last document of any kind, its own running number; ``None``: it does not tell
    drawer: int
    cash_in: int
    cash_out: int
    cash_in_count: int
    cash_out_count: int


@dataclass(frozen=True, slots=True)
class ShiftTotals:
    """Counters of the present shift by sign of settlement (1 sell, 2 sell_return, 3 buy, 4 buy_return), kopecks."""

    receipts: Mapping[int, int]  # number of receipts
    total: Mapping[int, int]
    cash: Mapping[int, int]
    cashless: Mapping[int, int]
    cash_in: int
    cash_out: int
    drawer: int


class Align(StrEnum):
    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class SlipText:
    """One line of a non-fiscal slip; longer than the paper it is wrapped."""

    text: str
    align: Align = Align.LEFT
    bold: bool = False


@dataclass(frozen=True, slots=True)
class SlipBarcode:
    kind: str  # qr, ean13, ean8, code39, code128, itf, pdf417
    value: str
    align: Align = Align.CENTRE


class DocumentKind(StrEnum):
    REGISTRATION = "registration"
    REREGISTRATION = "reregistration"
    OPEN_SHIFT = "open_shift"
    CLOSE_SHIFT = "close_shift"
    RECEIPT = "receipt"
    STRICT_FORM = "strict_form"
    CORRECTION = "correction"
    CORRECTION_STRICT_FORM = "correction_strict_form"
    STATE_REPORT = "state_report"
    CLOSE_ARCHIVE = "close_archive"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class FiscalDocument:
    """A document read back from the fiscal drive's archive, as far as its kind has the fields."""

    kind: DocumentKind
    fd: int
    fpd: str  # decimal text without leading zeros
    at: datetime  # local, naive
    sign: int | None = None  # tag 1054 (1 sell, 2 sell_return, 3 buy, 4 buy_return)
    total: int | None = None
    shift_number: int | None = None
    receipt_in_shift: int | None = None
    imprint: str | None = None  # from tag 1084, "" when the document has none, None when it could not be read
    tags: Mapping[str, Any] = field(default_factory=dict)
    """Tags keyed by number as text; sums as decimal roubles in text, a nested mapping for a structure, a list where a
    tag repeats (the form of ``simulate --dump``). Empty when the register keeps only the summary."""


@dataclass(frozen=True, slots=True)
class CloseReply:
    """What the register said to the closing command. Not a proof: the archive is."""

    fd: int | None
    fpd: str | None
    change: int | None
    paper: Paper | None = None  # after the document was printed to its end; None: not known yet, ``status`` tells
    drawer: int | None = None  # kopecks, after the document; None: not known


@dataclass(frozen=True, slots=True)
class ArchiveEnd:
    """A part of ``Status``: how far the fiscal drive's archive goes."""

    fn_serial: str
    last_fd: int
    fn_document_open: bool


class FiscalRegister(ABC):
    """One register behind one address.

    Every method may raise ``NotSent``, ``Refused`` or ``InDoubt`` and nothing else. Queries (``status``, ``document``)
    change nothing and may be repeated by the caller; inside the driver they are repeated on a damaged line.
    """

    capabilities: Capabilities

    @abstractmethod
    def connect(self) -> Identity:
        """Open the channel and find out who answers. Raises ``NotSent`` with ``device_offline`` when nobody does,
        ``port_busy``, ``wrong_device``. A reply left over from an earlier command is taken and thrown away."""

    @abstractmethod
    def disconnect(self) -> None:
        """Close the channel; never raises; may be called at any time from the same thread, also when not connected."""

    def attempt(self, name: str | None) -> None:  # noqa: B027  (most devices know no names)
        """The attempt to which what changes something belongs from now on; ``None``: none is open. ``name`` is a uuid,
        on disk with the attempt's INTENT before this is called, the same again after a restart, and never another's.

        A device with ``has_task_id`` is given its task under this name. While an attempt is open, ``connect`` answers
        only when nothing that was sent under its name can take effect any more (else ``NotSent``, for one
        ``device_busy``); what was not sent by then is not sent under this name again. Sends nothing itself."""

    @abstractmethod
    def status(self) -> Status:
        """Read mode, shift, open document, last FD, paper and clock."""

    def archive_end(self) -> ArchiveEnd:
        """Read how far the archive goes. A query; a register that can be asked for less than all of ``status`` is."""
        status = self.status()
        return ArchiveEnd(status.fn_serial, status.last_fd, status.fn_document_open)

    @abstractmethod
    def document(self, fd: int) -> FiscalDocument | None:
        """Read one document of the current fiscal drive with all its tags; ``None`` when the number does not exist."""

    @abstractmethod
    def open_shift(self, cashier_name: str | None, cashier_inn: str | None) -> None:
        """Open a shift. Not repeated inside: the caller resolves doubt by ``status``."""

    @abstractmethod
    def close_shift(self, cashier_name: str | None, cashier_inn: str | None) -> None:
        """Close the shift with a Z report."""

    @abstractmethod
    def x_report(self) -> None:
        """Print an X report; no fiscal effect."""

    @abstractmethod
    def health(self) -> Health:
        """Read what changes slowly; a query like ``status``."""

    @abstractmethod
    def shift_totals(self) -> ShiftTotals:
        """Read the counters of the present shift (after closing: zero, or what the register still keeps)."""

    @abstractmethod
    def cash_counters(self) -> CashCounters:
        """Read the records by which a cash operation is proven. A query."""

    @abstractmethod
    def cash_in(self, amount: int, cashier_name: str | None) -> None:
        """Put ``amount`` kopecks into the drawer. Not repeated inside: doubt is resolved by ``cash_counters``."""

    @abstractmethod
    def cash_out(self, amount: int, cashier_name: str | None) -> None:
        """Take ``amount`` kopecks out of the drawer. ``Refused("cash_short")`` when there is less."""

    @abstractmethod
    def print_slip(self, lines: Sequence[SlipText | SlipBarcode], *, cut: bool) -> None:
        """Print non-fiscal text. What cannot be printed (a barcode's value, a kind this model has not) is ``Refused``
        before anything is sent. Never inside an open document."""

    @abstractmethod
    def print_copy(self) -> None:
        """Print a non-fiscal copy of the register's last document; ``Refused`` when there is none."""

    @abstractmethod
    def open_drawer(self) -> None:
        """Send the drawer's pulse."""

    @abstractmethod
    def check_receipt(self, receipt: PlannedReceipt) -> None:
        """Judge whether this register, as it is set up and registered, can make this receipt; sends nothing that
        changes anything. ``Refused`` names why: ``not_expressible`` with the tag in ``detail`` for what its format
        version has no place for and for what ``capabilities`` do not offer, ``taxation_not_registered``,
        ``vat20_autoreplace``, ``vat_rate_missing``, …"""

    @abstractmethod
    def fill_receipt(self, receipt: PlannedReceipt, on_progress: Callable[[int, int], None]) -> None:
        """Open the document and send everything up to, not including, the closing command: cashier, buyer, imprint,
        every position. ``on_progress(done, of)`` is called after each position. After any error the document may be
        open; the caller fences with ``cancel_document``."""

    @abstractmethod
    def subtotal(self) -> int:
        """What the open document's lines come to in kopecks, as the register has it: before anything is rounded off."""

    @abstractmethod
    def close_receipt(self, receipt: PlannedReceipt) -> CloseReply:
        """Send payments and tax system and close: the document becomes fiscal. Sent at most once. Once it is answered
        nothing is raised: what else the reply may tell is left out when the register does not say it."""

    @abstractmethod
    def cancel_document(self) -> None:
        """Cancel the open document (register's and fiscal drive's). Returns normally when none is open any more;
        repeating it is harmless. This is the fence against a late close."""

    @abstractmethod
    def continue_print(self) -> None:
        """Resume printing after new paper. ``Refused`` when nothing waits."""

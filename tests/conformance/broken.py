"""Drivers with one thing wrong each: a good driver behind a wrapper that spoils what passes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, cast

from drivers.api import (
    Align,
    ArchiveEnd,
    Capabilities,
    CashCounters,
    CloseReply,
    FiscalDocument,
    FiscalRegister,
    Health,
    Identity,
    Paper,
    ShiftState,
    ShiftTotals,
    SlipBarcode,
    SlipText,
    Status,
)
from drivers.conformance.behaviours.paper import BARCODES
from drivers.conformance.bench import Desk, Setting
from drivers.errors import InDoubt, NotSent, Refused
from protocol.ffd.planned import PlannedPayments, PlannedReceipt
from protocol.ffd.vat import Vat
from tests.conformance.shtrih import LONGEST, OFFERS, ShtrihBench, ShtrihDesk

MUTATING = (
    "open_shift", "close_shift", "x_report", "cash_in", "cash_out", "print_slip", "print_copy", "open_drawer",
    "fill_receipt", "close_receipt", "cancel_document", "continue_print",
)  # fmt: skip


class Passing:
    """Everything as the driver behind it."""

    def __init__(self, inner: FiscalRegister, desk: Desk) -> None:
        self.inner = inner
        self.desk = desk

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.inner, name)
        if name not in MUTATING:
            return found
        return lambda *args, **kwargs: self.acts(name, found, *args, **kwargs)

    def acts(self, name: str, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Every command that may have an effect."""
        return call(*args, **kwargs)


class RetriesInDoubt(Passing):
    def acts(self, name: str, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return call(*args, **kwargs)
        except InDoubt:
            self.inner.connect()
            return call(*args, **kwargs)


class DoubtIsRefusal(Passing):
    def acts(self, name: str, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return call(*args, **kwargs)
        except InDoubt as doubt:
            raise Refused(doubt.code, doubt.detail) from doubt


class DoubtIsNotSent(Passing):
    def acts(self, name: str, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return call(*args, **kwargs)
        except InDoubt as doubt:
            raise NotSent(doubt.code, doubt.detail) from doubt


class DoubtIsSuccess(Passing):
    def acts(self, name: str, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return call(*args, **kwargs)
        except InDoubt:
            return None


class RefusalIsDoubt(Passing):
    def acts(self, name: str, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return call(*args, **kwargs)
        except Refused as refused:
            raise InDoubt(refused.code, vendor=refused.vendor) from refused


class NoTimeRemains(Passing):
    def acts(self, name: str, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return call(*args, **kwargs)
        except InDoubt as doubt:
            doubt.remaining = 0.0
            raise


class AllTimeRemains(NoTimeRemains):
    def acts(self, name: str, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return call(*args, **kwargs)
        except InDoubt as doubt:
            doubt.remaining = 1e6
            raise


class VendorForgotten(Passing):
    def acts(self, name: str, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return call(*args, **kwargs)
        except Refused as refused:
            raise Refused(refused.code, refused.detail) from refused


class HangsUpWhenRefused(Passing):
    def acts(self, name: str, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return call(*args, **kwargs)
        except Refused:
            self.inner.disconnect()
            raise


class ActsTwice(Passing):
    def acts(self, name: str, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if name in ("open_drawer", "cash_in", "x_report"):
            call(*args, **kwargs)
        return call(*args, **kwargs)


class AsksAfterwards(Passing):
    """Looks once more at what has been answered, and reports what becomes of the look."""

    def acts(self, name: str, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        answer = call(*args, **kwargs)
        self.inner.status()
        return answer


class EndOfLastConnect(Passing):
    end: ArchiveEnd | None = None

    def connect(self) -> Identity:
        found = self.inner.connect()
        self.end = self.inner.archive_end()
        return found

    def archive_end(self) -> ArchiveEnd | None:
        return self.end


class ForeignException(Passing):
    def status(self) -> Status:
        try:
            return self.inner.status()
        except (InDoubt, NotSent) as error:
            raise ValueError(error.detail) from error


class HangsWhenSilent(Passing):
    def status(self) -> Status:
        try:
            return self.inner.status()
        except (InDoubt, NotSent):
            self.desk.sleep(3600.0)
            raise


class OldStatus(Passing):
    """Asks once and remembers."""

    seen: Status | None = None

    def status(self) -> Status:
        self.seen = self.seen or self.inner.status()
        return self.seen


class PaperAlwaysThere(Passing):
    def status(self) -> Status:
        return replace(self.inner.status(), paper=Paper.PRESENT)


class OldIdentity(Passing):
    seen: Identity | None = None

    def connect(self) -> Identity:
        found = self.inner.connect()
        self.seen = self.seen or found
        return self.seen


class ProblemsHidden(Passing):
    def connect(self) -> Identity:
        return replace(self.inner.connect(), setup_problems=())


class CleansUpWhenConnecting(Passing):
    def connect(self) -> Identity:
        found = self.inner.connect()
        self.inner.cancel_document()
        return found


class DisconnectRaises(Passing):
    connected = False

    def connect(self) -> Identity:
        self.connected = True
        return self.inner.connect()

    def disconnect(self) -> None:
        if not self.connected:
            raise NotSent("device_offline")
        self.connected = False
        self.inner.disconnect()


class SubtotalIsTotal(Passing):
    total = 0

    def fill_receipt(self, receipt: PlannedReceipt, on_progress: Callable[[int, int], None]) -> None:
        self.inner.fill_receipt(receipt, on_progress)
        self.total = receipt.total

    def subtotal(self) -> int:
        return self.total


class LineForgotten(Passing):
    def fill_receipt(self, receipt: PlannedReceipt, on_progress: Callable[[int, int], None]) -> None:
        self.inner.fill_receipt(replace(receipt, lines=receipt.lines[:-1]), on_progress)


class ImprintForgotten(Passing):
    def fill_receipt(self, receipt: PlannedReceipt, on_progress: Callable[[int, int], None]) -> None:
        self.inner.fill_receipt(replace(receipt, imprint=None), on_progress)


class AlwaysPrints(Passing):
    def fill_receipt(self, receipt: PlannedReceipt, on_progress: Callable[[int, int], None]) -> None:
        self.inner.fill_receipt(replace(receipt, print=True), on_progress)


class ClosesWhileFilling(Passing):
    def fill_receipt(self, receipt: PlannedReceipt, on_progress: Callable[[int, int], None]) -> None:
        self.inner.fill_receipt(receipt, on_progress)
        self.inner.close_receipt(receipt)


class PaymentsSwapped(Passing):
    def close_receipt(self, receipt: PlannedReceipt) -> Any:
        paid = receipt.payments
        swapped = PlannedPayments(paid.cash, paid.card, paid.credit, paid.prepaid, paid.other)
        return self.inner.close_receipt(replace(receipt, payments=swapped))


class ReplyInvented(Passing):
    def close_receipt(self, receipt: PlannedReceipt) -> Any:
        return replace(self.inner.close_receipt(receipt), fd=1)


class ChecksNothing(Passing):
    def check_receipt(self, receipt: PlannedReceipt) -> None:
        return


class CancelBelieves(Passing):
    def cancel_document(self) -> None:
        try:
            self.inner.cancel_document()
        except Refused:
            return


class CancelOnlyOnce(Passing):
    def cancel_document(self) -> None:
        if not self.inner.status().document_open:
            raise Refused("document_closed")
        self.inner.cancel_document()


class ContinuesAlways(Passing):
    def continue_print(self) -> None:
        if self.inner.status().paper is Paper.RESUMABLE:
            self.inner.continue_print()


class LastDocumentForAny(Passing):
    def document(self, fd: int) -> FiscalDocument | None:
        return self.inner.document(fd) or self.inner.document(self.inner.status().last_fd)


class TagsForgotten(Passing):
    def document(self, fd: int) -> FiscalDocument | None:
        found = self.inner.document(fd)
        return None if found is None else replace(found, tags={})


class ArchiveRemembered(Passing):
    def __init__(self, inner: FiscalRegister, desk: Desk) -> None:
        super().__init__(inner, desk)
        self.known: dict[int, FiscalDocument] = {}

    def document(self, fd: int) -> FiscalDocument | None:
        if fd not in self.known:
            found = self.inner.document(fd)
            if found is None:
                return None
            self.known[fd] = found
        return self.known[fd]


class SignsSwapped(Passing):
    def shift_totals(self) -> ShiftTotals:
        told = self.inner.shift_totals()
        return replace(told, total={1: told.total[1], 2: told.total[3], 3: told.total[2], 4: told.total[4]})


class CashOutClamped(Passing):
    def cash_out(self, amount: int, cashier_name: str | None) -> None:
        self.inner.cash_out(min(amount, self.inner.cash_counters().drawer), cashier_name)


class SlipUnchecked(Passing):
    def print_slip(self, lines: Sequence[SlipText | SlipBarcode], *, cut: bool) -> None:
        for line in lines:
            self.inner.print_slip([line], cut=False)


class SlipCutOff(Passing):
    def print_slip(self, lines: Sequence[SlipText | SlipBarcode], *, cut: bool) -> None:
        short = [replace(line, text=line.text[:20]) if isinstance(line, SlipText) else line for line in lines]
        self.inner.print_slip(short, cut=cut)


class Forgetful(Passing):
    """Tells of itself what is easily known, and invents the rest."""

    def connect(self) -> Identity:
        found = self.inner.connect()
        return replace(found, registration_number="", ffd="1.2", taxation=63, setup_problems=("printing_off",))


class OldestFormat(Passing):
    def connect(self) -> Identity:
        return replace(self.inner.connect(), ffd="1.05")


class ReportsWhenConnecting(Passing):
    def connect(self) -> Identity:
        found = self.inner.connect()
        self.inner.print_slip([SlipText("касса подключена")], cut=True)
        return found


class OneReason(Passing):
    """Whatever keeps it from connecting, the cable is loose."""

    def connect(self) -> Identity:
        try:
            return self.inner.connect()
        except NotSent as error:
            raise NotSent("link_lost", error.detail) from error


class ConnectsOnce(Passing):
    tried = False

    def connect(self) -> Identity:
        if self.tried:
            raise NotSent("port_busy")
        self.tried = True
        return self.inner.connect()


class ConnectBelieves(Passing):
    def connect(self) -> Identity:
        try:
            return self.inner.connect()
        except NotSent:
            return Identity("ШТРИХ-М", "1", "1", "1", "1", "1.2")


class StatusPrints(Passing):
    def status(self) -> Status:
        found = self.inner.status()
        if found.shift is ShiftState.OPEN and not found.document_open:
            self.inner.x_report()
        return found


class StatusGuesses(Passing):
    def status(self) -> Status:
        return replace(self.inner.status(), shift=ShiftState.OPEN, shift_number=0, document_open=False)


class HealthGuesses(Passing):
    def health(self) -> Health:
        at = self.inner.status().at
        return replace(self.inner.health(), shift_opened_at=at, fn_expires=at.date())


class CashlessForgotten(Passing):
    """As one that was written before there was such a tag."""

    def check_receipt(self, receipt: PlannedReceipt) -> None:
        self.inner.check_receipt(replace(receipt, cashless=()))

    def fill_receipt(self, receipt: PlannedReceipt, on_progress: Callable[[int, int], None]) -> None:
        self.inner.fill_receipt(replace(receipt, cashless=()), on_progress)

    def close_receipt(self, receipt: PlannedReceipt) -> CloseReply:
        return self.inner.close_receipt(replace(receipt, cashless=()))


class ChecksTooMuch(Passing):
    def check_receipt(self, receipt: PlannedReceipt) -> None:
        raise Refused("not_expressible", "1254 1260 1261 1270")


class CashierForgotten(Passing):
    def open_shift(self, cashier_name: str | None, cashier_inn: str | None) -> None:
        self.inner.open_shift(None, None)


class CashierDemanded(Passing):
    def open_shift(self, cashier_name: str | None, cashier_inn: str | None) -> None:
        if cashier_name is None:
            raise Refused("bad_parameter")
        self.inner.open_shift(cashier_name, cashier_inn)


class CashInANewShift(Passing):
    def cash_in(self, amount: int, cashier_name: str | None) -> None:
        self.inner.close_shift(None, None)
        self.inner.open_shift(None, None)
        self.inner.cash_in(amount, cashier_name)


class CountsByReport(Passing):
    def cash_counters(self) -> CashCounters:
        self.inner.x_report()
        return self.inner.cash_counters()


class OwnDocumentsOnly(Passing):
    def document(self, fd: int) -> FiscalDocument | None:
        found = self.inner.document(fd)
        return found if found is None or found.imprint else None


class LostIsNothing(Passing):
    def document(self, fd: int) -> FiscalDocument | None:
        try:
            return self.inner.document(fd)
        except (InDoubt, NotSent):
            return None

    def health(self) -> Health:
        try:
            return self.inner.health()
        except (InDoubt, NotSent):
            return Health()


class NotSentIsSuccess(Passing):
    def acts(self, name: str, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return call(*args, **kwargs)
        except NotSent:
            return None


class SlipBackwards(Passing):
    def print_slip(self, lines: Sequence[SlipText | SlipBarcode], *, cut: bool) -> None:
        self.inner.print_slip(list(reversed(lines)), cut=cut)


class SlipToTheLeft(Passing):
    def print_slip(self, lines: Sequence[SlipText | SlipBarcode], *, cut: bool) -> None:
        self.inner.print_slip([replace(line, align=Align.LEFT) for line in lines], cut=cut)


class SlipWithoutCodes(Passing):
    def print_slip(self, lines: Sequence[SlipText | SlipBarcode], *, cut: bool) -> None:
        self.inner.print_slip([line for line in lines if isinstance(line, SlipText)], cut=cut)


class SlipAsDocument(Passing):
    def print_slip(self, lines: Sequence[SlipText | SlipBarcode], *, cut: bool) -> None:
        if self.inner.status().shift is ShiftState.CLOSED:
            self.inner.open_shift(None, None)
            raise Refused("shift_closed")
        self.inner.print_slip(lines, cut=cut)
        self.inner.cash_in(1, None)


class SwallowsTheCallersError(Passing):
    def fill_receipt(self, receipt: PlannedReceipt, on_progress: Callable[[int, int], None]) -> None:
        def quietly(done: int, of: int) -> None:
            with suppress(Exception):
                on_progress(done, of)

        self.inner.fill_receipt(receipt, quietly)


class TimesForgotten(Passing):
    @property
    def capabilities(self) -> Capabilities:
        return replace(self.inner.capabilities, max_time={"close": 30.0})


class LessThanItMakes(Passing):
    """Says that it cannot what it does all the same: whoever believed it would be surprised."""

    @property
    def capabilities(self) -> Capabilities:
        return replace(self.inner.capabilities, formats=frozenset({"1.05"}), rates=frozenset({Vat.VAT10, Vat.NONE}),
                       cash_opens_shift=True)  # fmt: skip


@dataclass(frozen=True)
class BrokenBench(ShtrihBench):
    breaks: Callable[[FiscalRegister, Desk], object] = Passing

    def make(self, settings: frozenset[Setting]) -> ShtrihDesk:
        desk = super().make(settings)
        desk.driver = cast(FiscalRegister, self.breaks(desk.driver, desk))
        return desk


def broken(breaks: type[Passing]) -> BrokenBench:
    return BrokenBench("shtrih", breaks.__name__, OFFERS, longest=LONGEST, breaks=breaks)


BROKEN: dict[type[Passing], tuple[str, ...]] = {
    RetriesInDoubt: ("close_receipt.answer-lost", "cash_in.cut", "open_drawer.answer-lost", "print_slip.answer-lost"),
    DoubtIsRefusal: ("close_receipt.answer-lost", "open_shift.late", "doubt.garbage-after-close"),
    DoubtIsNotSent: ("close_receipt.answer-lost", "cash_out.request-lost"),
    DoubtIsSuccess: ("close_receipt.request-lost", "open_shift.cut", "doubt.garbage-after-close"),
    RefusalIsDoubt: ("cash_in.refused", "refused.payment-short", "refused.no-paper"),
    NoTimeRemains: ("close_receipt.late", "close_shift.late"),
    AllTimeRemains: ("close_receipt.cut",),
    VendorForgotten: ("cash_out.refused", "close_receipt.refused"),
    HangsUpWhenRefused: ("x_report.refused", "refused.payment-short"),
    ActsTwice: ("drawer.pulse", "cash.in-and-out", "x-report.not-fiscal"),
    AsksAfterwards: ("close_receipt.silence-after", "cash_in.silence-after"),
    EndOfLastConnect: ("archive.end",),
    ForeignException: ("line.noise-status", "line.silent-status"),
    HangsWhenSilent: ("line.silent-status",),
    OldStatus: ("status.foreign-receipt", "status.shift-expired", "doubt.shift-is-told"),
    PaperAlwaysThere: ("status.no-paper", "status.paper-interrupted"),
    OldIdentity: ("identity.other-register", "identity.new-drive"),
    ProblemsHidden: ("identity.problem-vat20_autoreplace", "identity.problem-tax_by_host"),
    CleansUpWhenConnecting: ("line.disconnect-in-document", "doubt.close-is-not-found"),
    DisconnectRaises: ("line.disconnect",),
    SubtotalIsTotal: ("receipt.rounding", "receipt.subtotal"),
    LineForgotten: ("receipt.sell", "receipt.many-lines"),
    ImprintForgotten: ("receipt.imprint", "doubt.close-is-found"),
    AlwaysPrints: ("receipt.electronic",),
    ClosesWhileFilling: ("receipt.fill-does-not-close", "fence.cancels"),
    PaymentsSwapped: ("receipt.every-payment",),
    ReplyInvented: ("receipt.reply",),
    ChecksNothing: ("check.taxation", "check.vat20-replaced", "check.not-expressible-1.05"),
    CancelBelieves: ("fence.returns-only-when-gone", "cancel_document.refused"),
    CancelOnlyOnce: ("fence.repeats", "fence.nothing-open"),
    ContinuesAlways: ("refused.nothing-waits", "paper.continues"),
    LastDocumentForAny: ("archive.no-such-document", "archive.new-drive"),
    TagsForgotten: ("archive.tags",),
    ArchiveRemembered: ("archive.nothing-cached", "archive.new-drive"),
    SignsSwapped: ("totals.by-sign",),
    CashOutClamped: ("refused.cash-short",),
    SlipUnchecked: ("refused.bad-barcode",),
    SlipCutOff: ("slip.wraps",),
    Forgetful: (
        "identity.who-answers",
        "identity.format-1.05",
        "identity.format-1.1",
        "identity.taxation",
        "identity.no-problems",
    ),
    OldestFormat: ("identity.format-1.2",),
    ReportsWhenConnecting: ("identity.changes-nothing",),
    OneReason: ("identity.nobody", "identity.port-busy", "identity.wrong-device"),
    ConnectsOnce: ("identity.comes-back", "identity.same-again", "identity.connect-twice"),
    ConnectBelieves: ("identity.noise", "identity.nobody"),
    StatusPrints: ("status.changes-nothing",),
    StatusGuesses: ("status.fresh", "status.shift-open", "status.foreign-open"),
    HealthGuesses: ("health.shift-opened", "health.drive-expires"),
    ChecksTooMuch: ("check.good",),
    CashlessForgotten: ("check.cashless-details",),
    CashierForgotten: ("shift.opens",),
    CashierDemanded: ("shift.opens-without-cashier",),
    CashInANewShift: ("cash.not-fiscal",),
    CountsByReport: ("cash.counting-is-a-query",),
    OwnDocumentsOnly: ("archive.foreign", "archive.a-whole-day"),
    LostIsNothing: ("line.silent-document", "line.noise-document", "line.noise-health"),
    NotSentIsSuccess: ("line.noise-cash_in", "line.before-connect"),
    SlipBackwards: ("slip.lines",),
    SlipToTheLeft: ("slip.align",),
    SlipWithoutCodes: tuple(f"slip.barcode-{kind}" for kind in BARCODES),
    SlipAsDocument: ("slip.not-fiscal", "slip.in-a-closed-shift"),
    SwallowsTheCallersError: ("line.progress-may-raise",),
    TimesForgotten: ("line.capabilities",),
    LessThanItMakes: ("check.format-not-made", "check.rate-not-made", "cash.closed-shift"),
}
"""What is wrong, and the behaviours that must see it."""

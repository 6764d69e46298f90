"""The register itself: state, clock, mode, counters, paper. No link and no bytes of the protocol; see ``commands``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal

from drivers.simulators import forms, slips, tlv
from drivers.simulators.clock import Clock
from drivers.simulators.documents import Line, Payments, Receipt
from drivers.simulators.dump import roubles
from drivers.simulators.fiscal_drive import Archived, DriveCode, DriveError, FiscalDrive, merged
from drivers.simulators.paper import Row, Slip
from drivers.simulators.shtrih import modes, registers
from drivers.simulators.shtrih.errors import Code, Refusal
from drivers.simulators.shtrih.printer import Printer
from drivers.simulators.shtrih.registers import PAYING_OUT
from drivers.simulators.shtrih.state import OpenReceipt, ShtrihState
from drivers.simulators.shtrih.tables import Tables

SIGN_OF_KIND = {0: 1, 1: 3, 2: 2, 3: 4}
"""Command 8Dh's receipt type -> tag 1054 (and FF46h's operation type)."""
KIND_OF_SIGN = {sign: kind for kind, sign in SIGN_OF_KIND.items()}
ADMINISTRATOR = 30


class Register:
    def __init__(self, state: ShtrihState, clock: Clock, printer: Printer) -> None:
        self.state = state
        self.clock = clock
        self.printer = printer
        self.drive = FiscalDrive(state.drive)
        self.tables = Tables(state, self.drive)
        self.reading = b""  # document asked for by FF3Ah, what FF3Bh has not given out yet

    # --- where it stands ---

    def now(self) -> datetime:
        return self.clock.now() + timedelta(seconds=self.state.clock_offset)

    def expired(self) -> bool:
        early = timedelta(minutes=self.tables.number(17, 1, 8))
        return self.drive.shift_expired(self.now(), early)

    def mode(self) -> int:
        """Low nibble of the mode byte."""
        if self.state.pending_date is not None:
            return modes.AWAITING_DATE
        if self.state.receipt is not None:
            return modes.DOCUMENT
        if not self.drive.state.shift_open:
            return modes.CLOSED
        return modes.EXPIRED if self.expired() else modes.OPEN

    def mode_byte(self) -> int:
        receipt = self.state.receipt
        return self.mode() | (receipt.kind << 4 if receipt and self.mode() == modes.DOCUMENT else 0)

    def flags(self) -> int:
        """Status flags of 10h and 11h: bits 1 and 7 paper, 4 decimal point, 9 lever down, 10 cover open."""
        paper = (1 << 1 | 1 << 7) if self.printer.has_paper else 0
        return paper | 1 << 4 | 1 << 9 | (1 << 10 if self.printer.cover_open else 0)

    def operator_of(self, password: int) -> int:
        for row in range(1, 31):
            if self.tables.number(2, row, 1) == password:
                return row
        raise Refusal(Code.WRONG_PASSWORD)

    def cashier(self, operator: int) -> str:
        return self.tables.text(2, operator, 2)

    # --- documents ---

    def begin(self, form: int) -> None:
        self.drive.begin(form)
        inn = self.tables.text(18, 1, 23)
        if inn:
            self.drive.add(tlv.encode([(1203, inn)]))

    @contextmanager
    def _begun(self, form: int) -> Iterator[None]:
        """Begin a document unless the host has; what was begun here does not outlive a refusal."""
        ours = self.drive.state.current is None
        if ours:
            self.begin(form)
        try:
            yield
        except Exception:
            if ours and self.drive.state.current is not None:
                self.drive.cancel()
            raise

    def open_shift(self, operator: int) -> Archived:
        with self._begun(forms.OPEN_SHIFT):
            document = self.drive.open_shift(self.now(), self.cashier(operator))
        self.count_document()
        self.print_document(document)
        return document

    def close_shift(self, operator: int) -> Archived:
        with self._begun(forms.CLOSE_SHIFT):
            document = self.drive.close_shift(self.now(), self.cashier(operator))
        counters = self.state.counters
        counters.start_shift()
        if self.tables.number(1, 1, 2):
            counters.drawer = 0
        self.count_document()
        self.print_document(document)
        return document

    def open_receipt(self, kind: int, operator: int, *, correction: bool = False) -> None:
        """A closed shift is opened first, as the register does by itself."""
        if not self.drive.state.shift_open:
            self.open_shift(operator)
        self.begin(forms.CORRECTION if correction else forms.RECEIPT)
        self.state.receipt = OpenReceipt(kind, correction, operator)

    def cancel_receipt(self) -> None:
        receipt = self.receipt()
        registers.count_void(self.state.counters, receipt)
        self.state.receipt = None
        if self.drive.state.current is not None:
            self.drive.cancel()
        self.count_document()
        if self.tables.number(17, 1, 15):
            self.print_rows([*slips.centred("ЧЕК АННУЛИРОВАН"), Row(f"{self.now():%d.%m.%y %H:%M}")])

    def receipt(self) -> OpenReceipt:
        if self.state.receipt is None:
            raise Refusal(Code.RECEIPT_CLOSED)
        return self.state.receipt

    def close_receipt(self, payments: list[int], rounding: int, taxation: int) -> tuple[Archived, int]:
        """``payments`` are the sixteen sums of FF45h. Returns the document and the change in kopecks."""
        receipt = self.receipt()
        due = receipt.total - rounding
        if not receipt.lines or (due == 0 and self.tables.number(1, 1, 23)):
            raise Refusal(Code.ZERO_TOTAL)
        if rounding > receipt.total % 100:
            raise Refusal(Code.BAD_ROUNDING)
        taxation = self._taxation(taxation)
        cashless = sum(payments[1:])
        if cashless > due:
            raise Refusal(Code.CASHLESS_ABOVE_TOTAL)
        change = payments[0] + cashless - due
        if change < 0:
            raise Refusal(Code.UNDERPAID)
        net = [payments[0] - change, *payments[1:]]
        overdrawn = receipt.kind in PAYING_OUT and net[0] > self.state.counters.drawer
        if overdrawn and self.state.refuses_overdrawn:
            raise Refusal(Code.NOT_ENOUGH_CASH)
        made = Receipt(
            form=forms.CORRECTION if receipt.correction else forms.RECEIPT,
            sign=SIGN_OF_KIND[receipt.kind],
            taxation=taxation,
            lines=tuple(
                Line(
                    line.name,
                    line.price,
                    Decimal(line.quantity).scaleb(-6),
                    line.total,
                    line.vat,
                    line.method,
                    line.subject,
                    merged(tlv.decode(bytes.fromhex(line.extra))),
                    line.given_vat,
                )
                for line in receipt.lines
            ),
            payments=Payments(net[0], sum(net[1:13]), net[13], net[14], net[15]),
            total=due,
        )
        document = self.drive.receipt(self.now(), made, self.cashier(receipt.operator))
        self._count_receipt(receipt, net, document)
        self.state.receipt = None
        hidden = frozenset(number for number, line in enumerate(receipt.lines, 1) if line.hidden)
        tendered = payments[0] if change else None
        self.print_document(document, slips.Extra(tendered, hidden, tuple(receipt.rows), tuple(receipt.above)))
        return document, change

    def _taxation(self, asked: int) -> int:
        """Zero means «the only one registered»."""
        registered = self.drive.state.registration.tax_systems
        if asked == 0 and registered.bit_count() == 1:
            return registered
        if asked.bit_count() != 1 or not asked & registered:
            raise Refusal(Code.DEPARTMENT_RANGE)
        return asked

    def sell_for_another_program(self, total: int) -> bool:
        """A receipt that the host at this line knows nothing about; ``False`` while the register cannot make one."""
        if self.mode() != modes.OPEN or self.drive.state.current is not None:
            return False
        self.begin(forms.RECEIPT)
        line = Line("Товар другой программы", total, Decimal(1), total, 6, 4, 1)
        taxation = self.drive.state.registration.tax_systems
        made = Receipt(forms.RECEIPT, 1, taxation & -taxation, (line,), Payments(cash=total), total)
        document = self.drive.receipt(self.now(), made, self.cashier(1))
        self._count_receipt(OpenReceipt(0, False, 1), [total, *[0] * 15], document)
        self.print_document(document)
        return True

    def _count_receipt(self, receipt: OpenReceipt, net: list[int], document: Archived) -> None:
        registers.count_receipt(self.state.counters, receipt, net)
        self.state.last_receipt_fd = document.fd
        self.count_document()

    def count_document(self) -> None:
        self.state.document_number += 1

    @property
    def document_number(self) -> int:
        """As commands show it: four digits."""
        return self.state.document_number % 10_000

    def move_cash(self, amount: int) -> int:
        """Positive: cash in, negative: cash out. Returns the running document number."""
        registers.count_cash(self.state.counters, amount)
        self.count_document()
        rows = slips.centred("ВНЕСЕНИЕ" if amount >= 0 else "ВЫПЛАТА")
        self.print_rows([*rows, *slips.pair("СУММА", "=" + roubles(abs(amount)))])
        return self.document_number

    # --- registers (commands 1Ah, 1Bh) ---

    def money_register(self, number: int) -> int:
        return registers.money(self.state.counters, self.state.receipt, number)

    def operation_register(self, number: int) -> int:
        return registers.operation(self.state.counters, self.state.document_number, number)

    # --- clock ---

    def set_time(self, hour: int, minute: int, second: int) -> None:
        try:
            wanted = self.now().replace(hour=hour, minute=minute, second=second, microsecond=0)
        except ValueError as error:
            raise Refusal(Code.BAD_PARAMETERS) from error
        self._set_clock(wanted)

    def ask_date(self, wanted: date) -> None:
        self.state.pending_date = wanted.isoformat()

    def confirm_date(self, wanted: date) -> None:
        if self.state.pending_date != wanted.isoformat():
            raise Refusal(Code.DATE_MISMATCH)
        self._set_clock(datetime.combine(wanted, self.now().time()))
        self.state.pending_date = None

    def _set_clock(self, wanted: datetime) -> None:
        last = self.drive.last
        if last is not None and wanted < last.at:
            raise DriveError(DriveCode.BAD_TIME, "earlier than the last document")
        self.state.clock_offset = (wanted - self.clock.now()).total_seconds()

    # --- paper ---

    def print_document(self, document: Archived, extra: slips.Extra = slips.NOTHING) -> None:
        skip = self.tables.number(17, 1, 7)
        if skip == 1:
            self.tables.set(17, 1, 7, 0)
        if not skip:
            self.printer.print(slips.of_document(document, extra), self.clock.monotonic())

    def print_rows(self, rows: list[Row]) -> None:
        self.printer.print(Slip(self.printer.free_name(), rows), self.clock.monotonic())

    def repeat_document(self) -> None:
        if not self.state.last_receipt_fd:
            raise Refusal(Code.NOTHING_TO_REPEAT)
        copy = slips.of_document(self.drive.find(self.state.last_receipt_fd))
        self.print_rows([*slips.centred("КОПИЯ. НЕФИСКАЛЬНЫЙ ДОКУМЕНТ"), *copy.rows])

    def x_report(self) -> None:
        counters = self.state.counters
        counters.x_reports += 1
        rows = [*slips.centred(f"СУТОЧНЫЙ ОТЧЕТ БЕЗ ГАШЕНИЯ N{counters.x_reports}")]
        rows += slips.pair("СМЕНА", str(self.drive.state.shift_number))
        for kind, sign in SIGN_OF_KIND.items():
            paid = sum(amount for place, amount in counters.payments.items() if place % 4 == kind)
            rows += slips.pair(f"{slips.SIGNS[sign]} ({counters.receipts.get(kind, 0)})", "=" + roubles(paid))
        rows += slips.pair("ВНЕСЕНИЯ", "=" + roubles(counters.cash_in))
        rows += slips.pair("ВЫПЛАТЫ", "=" + roubles(counters.cash_out))
        rows += slips.pair("НАЛИЧНЫХ В КАССЕ", "=" + roubles(counters.drawer))
        self.count_document()
        self.print_rows(rows)

"""The register itself: state, clock, mode, counters, paper. No link and no bytes of the protocol; see ``commands``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal

from drivers.simulators import forms, ofd, slips, tlv
from drivers.simulators.clock import Clock
from drivers.simulators.documents import Line, Payments, Receipt
from drivers.simulators.fiscal_drive import Archived, DriveCode, DriveError, FiscalDrive, merged
from drivers.simulators.paper import Row, Slip
from drivers.simulators.printer import Printer
from drivers.simulators.shtrih import modes, registers, reports
from drivers.simulators.shtrih.errors import Code, Refusal
from drivers.simulators.shtrih.models import COVER, DRAWER, MODELS, OPTICAL, Model
from drivers.simulators.shtrih.registers import PAYING_OUT
from drivers.simulators.shtrih.reports import SIGN_OF_KIND
from drivers.simulators.shtrih.state import OpenLine, OpenReceipt, ShtrihState
from drivers.simulators.shtrih.tables import ADVERT_ROWS, CLICHE_ROWS, Tables
from drivers.simulators.slips import Tape

KIND_OF_SIGN = {sign: kind for kind, sign in SIGN_OF_KIND.items()}
ADMINISTRATOR = 30
DRAWER_STAYS_OPEN = 3.0
"""Seconds after which someone has pushed the drawer back."""
PRINT_ALL, SKIP_NEXT, SKIP_ALL, BUFFER_REPORTS = range(4)
"""Table 17 field 7."""


class Register:
    def __init__(self, state: ShtrihState, clock: Clock, printer: Printer) -> None:
        self.state = state
        self.clock = clock
        self.printer = printer
        self.drive = FiscalDrive(state.drive)
        self.tables = Tables(state, self.drive)
        self.model: Model = MODELS[state.model]
        printer.columns = self.model.columns
        self.reading = b""  # document asked for by FF3Ah, what FF3Bh has not given out yet
        self.buffer = b""  # what FF33h has written for FF64h
        self.last_error = 0
        self.protocol_2 = True
        """Whether the line speaks it: bit 28 of command F7h."""
        self.port = 128
        """Of command 11h: 128 TCP, 0 a serial line."""
        self._drawer_until: float | None = None
        self.drawer_pulses = 0  # since it was switched on

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

    def submode(self) -> int:
        return self.printer.submode()

    def mode_byte(self) -> int:
        receipt = self.state.receipt
        return self.mode() | (receipt.kind << 4 if receipt and self.mode() == modes.DOCUMENT else 0)

    def flags(self) -> int:
        """Status flags of 10h and 11h: roll 1, decimal point 4, sensor of paper 7, lever 9, cover 10, drawer 11.

        What the model has no sensor for stays 0."""
        model, printer = self.model, self.printer
        paper = (1 << 7 | (1 << 1 if model.lever else 0)) if model.has(OPTICAL) and printer.has_paper else 0
        lever = 1 << 9 if model.lever else 0
        cover = 1 << 10 if model.has(COVER) and printer.cover_open else 0
        return paper | 1 << 4 | lever | cover | (1 << 11 if self._drawer_open() else 0)

    def _drawer_open(self) -> bool:
        return self._drawer_until is not None and self.clock.monotonic() < self._drawer_until

    def open_drawer(self) -> None:
        if self.model.has(DRAWER):
            self._drawer_until = self.clock.monotonic() + DRAWER_STAYS_OPEN
            self.drawer_pulses += 1

    def operator_of(self, password: int) -> int:
        if 1 <= password <= ADMINISTRATOR and self.tables.number(2, password, 1) == password:
            return password  # the factory's passwords are the rows' numbers
        for row in range(1, ADMINISTRATOR + 1):
            if self.tables.number(2, row, 1) == password:
                return row
        raise Refusal(Code.WRONG_PASSWORD)

    def cashier(self, operator: int) -> str:
        return self.tables.text(2, operator, 2)

    def switch_ofd(self, lag: float | None) -> None:
        """The operator confirms ``lag`` seconds after a document; ``None`` takes it out of reach."""
        self.drive.unsent(self.now())  # what was due before this moment has been done
        ofd.switch(self.state.drive.ofd, lag, self.now())

    # --- documents ---

    def begin(self, form: int) -> None:
        self.drive.begin(form)
        inn = self.tables.text(18, 1, 23)
        if inn and form != forms.STATE_REPORT:
            self.drive.add(tlv.encode([(1203, inn)]))

    @contextmanager
    def begun(self, form: int) -> Iterator[None]:
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
        with self.begun(forms.OPEN_SHIFT):
            document = self.drive.open_shift(self.now(), self.cashier(operator))
        self.count_document()
        self.print_document(document)
        return document

    def close_shift(self, operator: int, *, buffered: bool = False) -> Archived:
        with self.begun(forms.CLOSE_SHIFT):
            document = self.drive.close_shift(self.now(), self.cashier(operator))
        counters = self.state.counters
        left = counters.drawer
        counters.start_shift()
        if self.tables.number(1, 1, 2):
            counters.drawer = 0
        self.count_document()
        self.print_document(document, slips.Extra(drawer=left), buffered=buffered)
        return document

    def state_report(self) -> Archived:
        with self.begun(forms.STATE_REPORT):
            document = self.drive.state_report(self.now())
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
        registers.count_void(self.state.counters, self.receipt())
        self.state.receipt = None
        if self.drive.state.current is not None:
            self.drive.cancel()
        self.count_document()
        if self.tables.number(17, 1, 15):
            self.print_rows(self.headed("ЧЕК АННУЛИРОВАН").rows)

    def annul(self) -> None:
        """Forget the open receipt, if there is one, as if it had never been begun."""
        if self.state.receipt is not None:
            self.state.receipt = None
            self.drive.cancel()

    def receipt(self) -> OpenReceipt:
        if self.state.receipt is None:
            raise Refusal(Code.RECEIPT_CLOSED)
        return self.state.receipt

    def close_receipt(
        self, payments: list[int], rounding: int, taxation: int, given_vat: tuple[tuple[int, int], ...] | None = None
    ) -> tuple[Archived, int]:
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
            lines=tuple(document_line(line) for line in receipt.lines),
            payments=Payments(net[0], sum(net[1:13]), net[13], net[14], net[15]),
            total=due,
            given_vat=given_vat,
        )
        document = self.drive.receipt(self.now(), made, self.cashier(receipt.operator))
        self._count_receipt(receipt, net, document)
        self.state.receipt = None
        hidden = frozenset(number for number, line in enumerate(receipt.lines, 1) if line.hidden)
        tendered = payments[0] if change else None
        self.print_document(document, slips.Extra(tendered, hidden, tuple(receipt.rows), tuple(receipt.above)))
        if net[0] and self.tables.number(1, 1, 6):
            self.open_drawer()
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

    def move_cash(self, amount: int, operator: int) -> int:
        """Positive: cash in, negative: cash out. Returns the running document number."""
        registers.count_cash(self.state.counters, amount)
        self.count_document()
        tape = self.headed("ВНЕСЕНИЕ" if amount > 0 else "ВЫПЛАТА")
        self.print_rows(reports.cash(tape, amount, self.state.counters.drawer, self.cashier(operator)))
        if self.tables.number(1, 1, 6):
            self.open_drawer()
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

    def headed(self, title: str) -> Tape:
        """Rows of a slip that is not fiscal, so far its title and number."""
        return reports.headed(self.model.columns, title, self.now(), self.document_number)

    def print_document(self, document: Archived, extra: slips.Extra = slips.NOTHING, *, buffered: bool = False) -> None:
        cliche = tuple(line for row in CLICHE_ROWS if (line := self.tables.text(4, row, 1)))
        whole = slips.Extra(extra.tendered, extra.hidden, extra.rows, extra.above, cliche, extra.drawer)
        slip = slips.of_document(document, whole, self.model.columns)
        skip = self.tables.number(17, 1, 7)
        if skip == SKIP_NEXT:
            self.tables.set(17, 1, 7, PRINT_ALL)
        report = document.form in (forms.OPEN_SHIFT, forms.CLOSE_SHIFT)
        if buffered or (skip == BUFFER_REPORTS and report):
            self.state.buffered.append(slip)
        elif skip not in (SKIP_NEXT, SKIP_ALL):
            self.printer.print(slip, self.clock.monotonic())

    def print_buffered(self) -> None:
        if not self.state.buffered:
            raise Refusal(Code.BUFFER_EMPTY)
        for slip in self.state.buffered:
            self.printer.print(slip, self.clock.monotonic())
        self.state.buffered.clear()

    def print_rows(self, rows: list[Row]) -> None:
        slip = Slip(self.printer.free_name(), rows, columns=self.model.columns)
        self.printer.print(slip, self.clock.monotonic())

    def print_cliche(self) -> None:
        self._put_table_rows(CLICHE_ROWS)

    def print_advert(self) -> None:
        self._put_table_rows(ADVERT_ROWS)

    def _put_table_rows(self, rows: range) -> None:
        tape = Tape(self.model.columns)
        for row in rows:
            line = self.tables.text(4, row, 1)
            if line:
                tape.centred(line)
        self.printer.add(tape.rows)

    def repeat_document(self) -> None:
        if not self.state.last_receipt_fd:
            raise Refusal(Code.NOTHING_TO_REPEAT)
        columns = self.model.columns
        tape = Tape(columns)
        tape.centred("КОПИЯ. НЕФИСКАЛЬНЫЙ ДОКУМЕНТ")
        tape.add(slips.of_document(self.drive.find(self.state.last_receipt_fd), columns=columns).rows)
        self.print_rows(tape.rows)

    def x_report(self) -> None:
        counters = self.state.counters
        counters.x_reports += 1
        self.count_document()
        tape = self.headed(f"СУТОЧНЫЙ ОТЧЕТ БЕЗ ГАШЕНИЯ N{counters.x_reports}")
        names = [self.tables.text(5, row, 1) for row in range(1, 17)]
        self.print_rows(reports.x_report(tape, counters, self.drive.state.shift_number, names))

    def departments_report(self) -> None:
        self.count_document()
        names = [self.tables.text(7, row, 1) for row in range(1, 17)]
        self.print_rows(reports.departments(self.headed("ОТЧЕТ ПО ОТДЕЛАМ"), self.state.counters, names))

    def taxes_report(self) -> None:
        self.count_document()
        self.print_rows(reports.taxes(self.headed("ОТЧЕТ ПО НАЛОГАМ"), self.state.counters))

    def cashiers_report(self) -> None:
        self.count_document()
        names = {row: self.cashier(row) for row in sorted(self.state.counters.by_operator)}
        self.print_rows(reports.cashiers(self.headed("ОТЧЕТ ПО КАССИРАМ"), self.state.counters, names))

    def operation_registers_report(self) -> None:
        self.count_document()
        tape = self.headed("ОПЕРАЦИОННЫЕ РЕГИСТРЫ")
        self.print_rows(reports.operation_registers(tape, self.state.counters, self.state.document_number))


def document_line(line: OpenLine) -> Line:
    """As the document gets it."""
    return Line(
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

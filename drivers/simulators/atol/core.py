"""The register itself: shift, cash, counters, paper, clock. No link and no bytes of any protocol.

Faces (the wire's commands, a web server's tasks) call this and ``receipts``; both raise ``Refusal`` or ``DriveError``
before anything has changed. What prints is queued here, and ``unfinished`` tells what has become of it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal

from drivers.simulators import forms, requisites, slips, tlv
from drivers.simulators.atol import reports
from drivers.simulators.atol.models import MODELS, Model
from drivers.simulators.atol.reasons import Reason, Refusal
from drivers.simulators.atol.state import SIGNS, AtolState, OpenReceipt
from drivers.simulators.clock import Clock
from drivers.simulators.documents import Line, Payments, Receipt
from drivers.simulators.fiscal_drive import Archived, FiscalDrive
from drivers.simulators.paper import MemoryPaper, Row, Slip
from drivers.simulators.printer import PAPER_BACK, PAPER_OUT, PRINTING, Printer
from drivers.simulators.slips import Tape

CHOICE, REGISTRATION, X_REPORTS, Z_REPORTS, PROGRAMMING, FISCAL_MEMORY, ARCHIVE = range(7)
"""Modes."""
CLOSED, OPEN, EXPIRED = range(3)
"""Of a shift."""
DEFAULT_CASHIER = "СИС. АДМИНИСТРАТОР"
BEFORE_DOCUMENT = frozenset({1021, 1203, 1009, 1187, 1036})
"""Tags that may be given while no receipt is open; they go into the next document that has a place for them."""
MOST = 9_999_999_999
"""Kopecks that five bytes of BCD hold."""
DRAWER_STAYS_OPEN = 3.0
"""Seconds after which someone has pushed the drawer back."""


class Core:
    def __init__(self, state: AtolState, clock: Clock, printer: Printer) -> None:
        self.state = state
        self.clock = clock
        self.printer = printer
        self.drive = FiscalDrive(state.drive)
        self.model: Model = MODELS[state.model]
        printer.columns = self.model.columns
        self.current_mode = CHOICE
        self.said: tlv.Fields = []
        """Requisites for the next document."""
        self.reading: list[bytes] = []
        """Records of the archive's document that is being read, those not given out yet."""
        self.prints = False
        """Something has been put on paper since whoever asks has set this to ``False``."""
        self.drawer_pulses = 0
        self.port = 6
        self.started = clock.monotonic()
        self._drawer_until: float | None = None

    def rehearsal(self) -> Core:
        """A copy on which a command can be tried; nothing of it is kept or printed."""
        state = copy.deepcopy(self.state)
        now = self.clock.monotonic()
        paper = Printer(state.printer, MemoryPaper(), 0.0, now)
        if not self.printer.has_paper:
            paper.take_paper(now)
        twin = Core(state, self.clock, paper)
        twin.current_mode, twin.said = self.current_mode, list(self.said)
        return twin

    # --- where it stands ---

    def now(self) -> datetime:
        return self.clock.now() + timedelta(seconds=self.state.clock_offset)

    def mode(self) -> int:
        return self.current_mode

    def submode(self) -> int:
        return self.printer.submode()

    def shift(self) -> int:
        if not self.drive.state.shift_open:
            return CLOSED
        return EXPIRED if self.drive.shift_expired(self.now()) else OPEN

    @property
    def closed_shift(self) -> int:
        """Number of the shift closed last."""
        return self.drive.state.shift_number - (1 if self.drive.state.shift_open else 0)

    @property
    def unfinished(self) -> bool:
        """A slip was interrupted and waits to be printed again."""
        return self.state.printer.stage in (PAPER_OUT, PAPER_BACK)

    @property
    def printing(self) -> bool:
        return self.state.printer.stage == PRINTING

    @property
    def drawer_open(self) -> bool:
        return self._drawer_until is not None and self.clock.monotonic() < self._drawer_until

    def enter(self, mode: int) -> None:
        """Another mode is entered from the choice of modes only."""
        if self.current_mode not in (CHOICE, mode):
            raise Refusal(Reason.INVALID_MODE)
        self.current_mode = mode

    def leave(self) -> None:
        """Where no mode is entered there is none to leave: after a power cut in a receipt the vendor's library begins
        its cancel with this, and would have no other way to it."""
        if self.current_mode != CHOICE and self.state.receipt is not None:
            raise Refusal(Reason.DENIED_IN_OPENED_RECEIPT)
        self.current_mode = CHOICE

    def forget(self) -> None:
        """What does not outlive a power failure."""
        self.current_mode = CHOICE
        self.said, self.reading = [], []
        self.started = self.clock.monotonic()

    def no_receipt(self) -> None:
        if self.state.receipt is not None:
            raise Refusal(Reason.DENIED_IN_OPENED_RECEIPT)

    def can_print(self) -> None:
        if not self.printer.has_paper:
            raise Refusal(Reason.NO_PAPER)
        if self.printer.cover_open:
            raise Refusal(Reason.COVER_OPENED)
        if self.unfinished:
            # Not BLOCKED_BY_REPORT_INTERRUPTION: the vendor's library takes a Z report then, over and over.
            raise Refusal(Reason.MODE_BLOCKED)

    # --- documents ---

    def say(self, data: bytes) -> None:
        """A requisite for the next document."""
        for tag, value in tlv.decode(data):
            if tag not in BEFORE_DOCUMENT:
                raise Refusal(Reason.INVALID_MODE)
            self.said = [each for each in self.said if each[0] != tag] + [(tag, value)]

    def cashier(self) -> str:
        return str(dict(self.said).get(1021, DEFAULT_CASHIER))

    def begin(self, form: int) -> None:
        """The drive's document, with what was said for it."""
        allowed = requisites.of_document(form, self.drive.state.registration.ffd)
        fitting = tlv.encode([field for field in self.said if field[0] in allowed])
        self.drive.begin(form)
        if fitting:
            self.drive.add(fitting)

    @contextmanager
    def begun(self, form: int) -> Iterator[None]:
        """A document made at once; begun in vain it leaves nothing behind."""
        self.begin(form)
        try:
            yield
        except Exception:
            if self.drive.state.current is not None:
                self.drive.cancel()
            raise
        self.said = []

    def open_shift(self) -> Archived:
        self.no_receipt()
        if self.shift() != CLOSED:
            raise Refusal(Reason.DENIED_IN_OPENED_SHIFT)
        self.can_print()
        with self.begun(forms.OPEN_SHIFT):
            document = self.drive.open_shift(self.now(), self.cashier())
        return self.printed(document)

    def close_shift(self) -> Archived:
        self.no_receipt()
        if self.shift() == CLOSED:
            raise Refusal(Reason.DENIED_IN_CLOSED_SHIFT)
        self.can_print()
        with self.begun(forms.CLOSE_SHIFT):
            document = self.drive.close_shift(self.now(), self.cashier())
        left = self.state.counters.drawer
        self.state.counters.start_shift()
        return self.printed(document, slips.Extra(drawer=left))

    def state_report(self) -> Archived:
        self.no_receipt()
        self.can_print()
        with self.begun(forms.STATE_REPORT):
            document = self.drive.state_report(self.now())
        return self.printed(document)

    def move_cash(self, kopecks: int) -> None:
        """Positive: into the drawer, negative: out of it."""
        self.no_receipt()
        counters = self.state.counters
        if kopecks == 0:
            raise Refusal(Reason.INVALID_SUM)
        if self.shift() == EXPIRED:
            raise Refusal(Reason.SHIFT_EXPIRED)
        if counters.drawer + kopecks < 0:
            raise Refusal(Reason.NO_CASH)
        if counters.drawer + kopecks > MOST:
            raise Refusal(Reason.CASH_COUNTER_OVERFLOW)
        self.can_print()
        counters.drawer += kopecks
        if kopecks > 0:
            counters.cash_in, counters.cash_in_count = counters.cash_in + kopecks, counters.cash_in_count + 1
        else:
            counters.cash_out, counters.cash_out_count = counters.cash_out - kopecks, counters.cash_out_count + 1
        title = "ВНЕСЕНИЕ" if kopecks > 0 else "ВЫПЛАТА"
        self.print_rows(reports.cash(self.headed(title), abs(kopecks), counters.drawer, self.cashier()))
        self.said = []
        self.open_drawer()

    def annul(self) -> None:
        """Forget the open receipt, if there is one, as if it had never been begun."""
        if self.state.receipt is not None:
            self.state.receipt = None
            self.drive.cancel()

    def sell_for_another_program(self, total: int) -> bool:
        """A receipt that the host at this line knows nothing about; ``False`` while the register cannot make one."""
        if self.shift() != OPEN or self.drive.state.current is not None:
            return False
        self.drive.begin(forms.RECEIPT)
        line = Line("Товар другой программы", total, Decimal(1), total, 6, 4, 1)
        taxation = self.drive.state.registration.tax_systems
        made = Receipt(forms.RECEIPT, SIGNS[1], taxation & -taxation, (line,), Payments(cash=total), total)
        document = self.drive.receipt(self.now(), made, DEFAULT_CASHIER)
        self.count_receipt(OpenReceipt(1, False, DEFAULT_CASHIER), {1: total}, document)
        self.print_document(document)
        return True

    def count_receipt(self, receipt: OpenReceipt, net: dict[int, int], document: Archived) -> None:
        """``net``: by payment type, cash without the change."""
        counters = self.state.counters
        base = receipt.base
        counted = counters.receipts if receipt.type == base else counters.corrections
        counted[base] = counted.get(base, 0) + 1
        for payment, amount in net.items():
            for sums in (counters.payments, counters.life):
                key = f"{base}.{payment}"
                sums[key] = sums.get(key, 0) + amount
        for position in receipt.positions:
            key = f"{position.department}.{base}"
            counters.departments[key] = counters.departments.get(key, 0) + position.total
        cash = net.get(1, 0)
        counters.drawer = max(0, counters.drawer + (cash if base in (1, 5) else -cash))
        self.state.last_receipt_fd = document.fd

    # --- clock ---

    def set_clock(self, wanted: datetime) -> None:
        if self.shift() != CLOSED:
            raise Refusal(Reason.DENIED_IN_OPENED_SHIFT)
        last = self.drive.last
        if last is not None and wanted < last.at:
            raise Refusal(Reason.DATE_TIME_LESS_THAN_FS)
        self.state.clock_offset = (wanted - self.clock.now()).total_seconds()

    # --- paper ---

    def headed(self, title: str) -> Tape:
        """Rows of a slip that is not fiscal, so far its title and number."""
        self.state.document_number += 1
        return reports.headed(self.model.columns, title, self.now(), self.state.document_number)

    def printed(self, document: Archived, extra: slips.Extra = slips.NOTHING) -> Archived:
        self.print_document(document, extra)
        return document

    def print_document(self, document: Archived, extra: slips.Extra = slips.NOTHING) -> None:
        self.state.document_number += 1
        self._print(slips.of_document(document, extra, self.model.columns))

    def print_rows(self, rows: list[Row]) -> None:
        self._print(Slip(self.printer.free_name(), rows, columns=self.model.columns))

    def _print(self, slip: Slip) -> None:
        self.prints = True
        self.printer.print(slip, self.clock.monotonic())

    def put(self, rows: list[Row]) -> None:
        """The host's own rows: into the open receipt, or onto the tape, which comes out with the next slip or cut."""
        if self.state.receipt is not None:
            self.state.receipt.rows += rows
            return
        self.can_print()
        self.printer.add(rows)

    def cut(self) -> None:
        """What stands on the tape comes out."""
        if self.state.receipt is None:
            self.can_print()
            self.prints = True
            self.printer.cut(self.clock.monotonic())

    def continue_print(self) -> None:
        """Print the interrupted slip again; nothing to do when there is none."""
        if not self.unfinished:
            return
        self.prints = True
        if not self.printer.resume(self.clock.monotonic()):
            raise Refusal(Reason.COVER_OPENED if self.printer.has_paper else Reason.NO_PAPER)

    def copy(self, fd: int | None = None) -> None:
        """The last receipt, or the archive's document of that number, marked as a copy."""
        self.no_receipt()
        if fd is None and not self.state.last_receipt_fd:
            raise Refusal(Reason.NO_MORE_DATA)
        document = self.drive.find(self.state.last_receipt_fd if fd is None else fd)
        self.can_print()
        tape = Tape(self.model.columns)
        tape.centred("КОПИЯ. НЕФИСКАЛЬНЫЙ ДОКУМЕНТ")
        tape.add(slips.of_document(document, columns=self.model.columns).rows)
        self.print_rows(tape.rows)

    def x_report(self) -> None:
        self._report("СУТОЧНЫЙ ОТЧЕТ БЕЗ ГАШЕНИЯ", reports.x_report)

    def departments_report(self) -> None:
        self._report("ОТЧЕТ ПО ОТДЕЛАМ", reports.departments)

    def _report(self, title: str, fill: reports.Fill) -> None:
        self.no_receipt()
        self.can_print()
        self.print_rows(fill(self.headed(title), self.state.counters, self.drive.state.shift_number))

    def open_drawer(self) -> None:
        self._drawer_until = self.clock.monotonic() + DRAWER_STAYS_OPEN
        self.drawer_pulses += 1

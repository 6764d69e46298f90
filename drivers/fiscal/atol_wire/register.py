"""An ATOL register over its own wire protocol: link layer v3, commands and profile put together (``drivers.api`` says
what each method promises). What the published knowledge of the wire leaves open is refused by name, see ``receipt``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from drivers.api import (
    ArchiveEnd,
    Capabilities,
    CashCounters,
    CloseReply,
    FiscalDocument,
    FiscalRegister,
    Health,
    Identity,
    ShiftState,
    ShiftTotals,
    SlipBarcode,
    SlipText,
    Status,
)
from drivers.errors import DeviceError, InDoubt, NotSent, Refused
from drivers.fiscal.atol_wire.archive import read_document
from drivers.fiscal.atol_wire.asking import Asking
from drivers.fiscal.atol_wire.counters import Counters
from drivers.fiscal.atol_wire.known import Known, find_out
from drivers.fiscal.atol_wire.link import Link
from drivers.fiscal.atol_wire.printing import Printer
from drivers.fiscal.atol_wire.profile import Profile
from drivers.fiscal.atol_wire.receipt import SERVED, TAXES, Registered, cashier_requisites, commands_for
from drivers.fiscal.atol_wire.slip import slip_commands
from drivers.transports.base import Clock, Transport
from protocol.ffd.planned import PlannedReceipt
from protocol.wire.atol.command import Command, Done
from protocol.wire.atol.drive_queries import WORKING, DriveState, DriveWarning
from protocol.wire.atol.operations import (
    CancelReceipt,
    CashIn,
    CashOut,
    CloseReceipt,
    CloseShift,
    ContinuePrint,
    Cut,
    FinishSlip,
    KickDrawer,
    Mode,
    OpenShift,
    PrintCopy,
    Report,
    WriteRequisite,
)
from protocol.wire.atol.queries import (
    CurrentReceipt,
    Drawer,
    InShift,
    LastClosedShift,
    LastDocument,
    OpenDocument,
    Shift,
    ShiftReply,
    TaxSum,
)

FENCE_ROUNDS = 3  # cancel, and look again

_WARNINGS = {
    DriveWarning.REPLACE_NOW: "urgent_replacement",
    DriveWarning.RESOURCE: "resource",
    DriveWarning.MEMORY: "memory",
    DriveWarning.OFD_OVERDUE: "ofd_overdue",
    DriveWarning.CRITICAL: "critical",
}
_SHIFTS: Mapping[int, ShiftState] = {
    ShiftReply.CLOSED: ShiftState.CLOSED,
    ShiftReply.OPEN: ShiftState.OPEN,
    ShiftReply.EXPIRED: ShiftState.EXPIRED,
}


class AtolWireRegister(FiscalRegister):
    """See ``drivers.api``. After ``NotSent`` or ``InDoubt`` from the line the channel is closed: ``connect`` again."""

    def __init__(self, transport: Transport, profile: Profile, clock: Clock) -> None:
        self.capabilities = Capabilities(
            has_imprint=profile.imprint,
            has_task_id=False,  # a task's number is forgotten with the device's power
            task_id_durable=False,
            can_cancel_open=True,
            can_read_archive=True,
            formats=frozenset(SERVED),
            rates=frozenset(TAXES),
            columns=profile.columns,
            max_time=profile.max_time,
        )
        self._profile = profile
        self._link = Link(transport, profile, clock)
        self._printer = Printer(self._link, profile, clock)
        self._ask = Asking(self._printer)
        self._counters = Counters(self._ask)
        self._known: Known | None = None
        self._begun = False  # requisites were written that no operation has taken yet: cancelling drops them

    # --- connection --------------------------------------------------------------------------------------------------

    def connect(self) -> Identity:
        self._known = None
        self._link.open()
        try:
            known = find_out(self._ask, self._profile)
        except DeviceError:
            self._link.close()
            raise
        self._known = known
        self.capabilities = replace(self.capabilities, columns=known.columns)
        return known.identity

    def disconnect(self) -> None:
        self._known = None
        self._link.close()

    def _connected(self) -> Known:
        if self._known is None:
            raise NotSent("device_offline", "not connected")
        return self._known

    # --- queries -----------------------------------------------------------------------------------------------------

    def status(self) -> Status:
        known = self._connected()
        look = self._printer.look()
        if look.state.serial != known.short_serial:
            self.disconnect()
            raise NotSent("wrong_device", f"serial {look.state.serial}, it was {known.short_serial} when connecting")
        shift = self._ask.the(Shift())
        if shift.state not in _SHIFTS:
            raise InDoubt("bad_reply", f"register 12h: state of the shift {shift.state}")
        closed = self._ask.the(LastClosedShift()).value
        document = self._ask.the(OpenDocument())
        drawer = self._ask.optional(Drawer())
        receipt = self._ask.the(InShift()).receipt
        drive = self._ask.the(DriveState())
        is_open = shift.state != ShiftReply.CLOSED
        return Status(
            register_serial=known.identity.register_serial,
            fn_serial=drive.serial.strip(),
            shift=_SHIFTS[shift.state],
            shift_number=closed + is_open,
            receipt_in_shift=receipt,
            document_open=document.receipt_type != 0,
            fn_document_open=drive.document != 0,
            last_fd=drive.last_fd,
            busy=False,  # a register that is busy answers nothing else; it is waited for
            paper=look.paper,
            cover_open=look.cover_open,
            at=look.state.at or drive.last_document_at or datetime.min,  # noqa: DTZ901  # the register's local time
            drawer=drawer.value if drawer else None,
            clock_unset=look.state.at is None,
            fn_warnings=tuple(word for flag, word in _WARNINGS.items() if drive.warnings & flag),
            blocked=None if drive.phase == WORKING else "fn_state",
        )

    def archive_end(self) -> ArchiveEnd:
        self._connected()
        drive = self._ask.the(DriveState())
        return ArchiveEnd(drive.serial.strip(), drive.last_fd, drive.document != 0)

    def document(self, fd: int) -> FiscalDocument | None:
        self._connected()
        return read_document(self._ask, fd)

    def health(self) -> Health:
        self._connected()
        return self._counters.health()

    def shift_totals(self) -> ShiftTotals:
        self._connected()
        return self._counters.shift()

    def cash_counters(self) -> CashCounters:
        self._connected()
        return self._counters.cash()

    # --- shift, reports, cash ----------------------------------------------------------------------------------------

    def open_shift(self, cashier_name: str | None, cashier_inn: str | None) -> None:
        self._operate(OpenShift(), Mode.REGISTRATION, cashier_name, cashier_inn)

    def close_shift(self, cashier_name: str | None, cashier_inn: str | None) -> None:
        self._operate(CloseShift(), Mode.Z_REPORTS, cashier_name, cashier_inn)

    def x_report(self) -> None:
        self._operate(Report(Report.X), Mode.X_REPORTS)

    def cash_in(self, amount: int, cashier_name: str | None) -> None:
        self._operate(CashIn(amount), Mode.REGISTRATION, cashier_name)

    def cash_out(self, amount: int, cashier_name: str | None) -> None:
        self._operate(CashOut(amount), Mode.REGISTRATION, cashier_name)

    def _operate(
        self, command: Command[Done], mode: Mode, cashier_name: str | None = None, cashier_inn: str | None = None
    ) -> None:
        """The cashier is written in the mode of registration, whatever mode the command itself belongs to."""
        self._connected()
        people = cashier_requisites(cashier_name, cashier_inn)
        self._printer.ready()
        if people:
            self._printer.enter(Mode.REGISTRATION)
            self._write(people)
        self._printer.enter(mode)
        self._printer.call(command)
        self._begun = False
        self._printer.settled()

    def _write(self, requisites: Sequence[WriteRequisite]) -> None:
        for requisite in requisites:
            self._begun = True
            self._printer.call(requisite)

    # --- without fiscal effect ---------------------------------------------------------------------------------------

    def print_slip(self, lines: Sequence[SlipText | SlipBarcode], *, cut: bool) -> None:
        known = self._connected()
        commands = (*slip_commands(lines, known.columns, self._profile), FinishSlip())
        self._printer.ready()
        if self._ask.the(OpenDocument()).receipt_type:
            raise Refused("document_open", "a document is open: a slip would be printed into it")
        self._printer.enter(Mode.X_REPORTS)
        begun = False
        try:
            for command in commands:
                self._printer.call(command)
                begun = True
            if cut:
                self._cut()
        except (NotSent, Refused) as error:
            if begun:  # a part of the slip is on the paper: neither done nor not done
                raise InDoubt(error.code, error.detail, vendor=error.vendor) from error
            raise
        self._printer.settled()

    def _cut(self) -> None:
        """The slip is on the paper: a cutter that this model turns out not to have does not unmake it."""
        try:
            self._printer.call(Cut(self._profile.cut))
        except Refused as refused:
            if refused.code != "unsupported":
                raise

    def print_copy(self) -> None:
        self._connected()
        self._printer.ready()
        self._printer.call(PrintCopy())
        self._printer.settled()

    def open_drawer(self) -> None:
        self._connected()
        self._printer.call(KickDrawer())

    def continue_print(self) -> None:
        self._connected()
        look = self._printer.look()
        if not look.pending:
            raise Refused("wrong_state", "nothing waits to be printed")
        if (hindrance := look.hindrance()) is not None:
            raise hindrance
        self._printer.call(ContinuePrint())
        self._printer.settled()

    # --- receipt -----------------------------------------------------------------------------------------------------

    def check_receipt(self, receipt: PlannedReceipt) -> None:
        commands_for(receipt, self._profile, self._registered())

    def _registered(self) -> Registered:
        identity = self._connected().identity
        return Registered(identity.ffd, identity.taxation)

    def fill_receipt(self, receipt: PlannedReceipt, on_progress: Callable[[int, int], None]) -> None:
        commands = commands_for(receipt, self._profile, self._registered())
        self._printer.still_ready()
        self._printer.enter(Mode.REGISTRATION)
        self._write(commands.before)
        self._printer.call(commands.open)
        self._write(commands.head)
        for done, position in enumerate(commands.positions, start=1):
            for part in position:
                self._printer.call(part)
            on_progress(done, len(commands.positions))

    def subtotal(self) -> int:
        self._connected()
        return self._ask.the(CurrentReceipt()).total

    def close_receipt(self, receipt: PlannedReceipt) -> CloseReply:
        commands = commands_for(receipt, self._profile, self._registered())
        if receipt.print:
            self._printer.ready()  # later the document would be made, and half of it printed
        if commands.discount is not None:
            self._printer.call(commands.discount)
        for payment in commands.payments:
            self._printer.call(payment)
        self._compare(receipt)
        self._printer.call(CloseReceipt())
        self._begun = False
        return self._after(receipt)

    def _compare(self, receipt: PlannedReceipt) -> None:
        """What the register is about to close with what was planned: the last moment in which nothing has happened."""
        totals = self._ask.the(CurrentReceipt())
        if (totals.total, totals.remainder, totals.change) != (receipt.total, 0, receipt.change):
            raise Refused(
                "payment_short" if totals.remainder else "total_differs",
                f"total {totals.total}, to pay {totals.remainder}, change {totals.change}; "
                f"planned {receipt.total}, 0, {receipt.change}",
            )
        for vat, planned in receipt.vat.items() if self._profile.compare_tax else ():
            if vat.percent is None:
                continue
            tax = self._ask.optional(TaxSum(TAXES[vat]))
            lines = sum(line.vat is vat for line in receipt.lines)
            if tax is not None and abs(tax.kopecks - planned) > lines:  # each line may be rounded the other way
                raise Refused(
                    "total_differs",
                    f"{vat.value}: the register has computed {tax.kopecks} kopecks of tax, planned are {planned}",
                )

    def _after(self, receipt: PlannedReceipt) -> CloseReply:
        """What else is told after the closing command: left out when the register does not say it."""
        look = self._printer.settled()
        paper = None if look is None or look.cover_open else look.paper
        try:
            last = self._ask.optional(LastDocument())
            drawer = self._ask.optional(Drawer())
        except DeviceError:
            return CloseReply(fd=None, fpd=None, change=receipt.change, paper=paper)
        return CloseReply(
            fd=last.fd if last else None,
            fpd=str(last.sign) if last else None,
            change=receipt.change,
            paper=paper,
            drawer=drawer.value if drawer else None,
        )

    def cancel_document(self) -> None:
        self._connected()
        for _ in range(FENCE_ROUNDS):
            if not self._begun and not self._is_document_open():
                return
            try:
                self._printer.call(CancelReceipt())
            except Refused as refused:
                if refused.code == "wrong_state":
                    self._printer.enter(Mode.REGISTRATION)
                elif refused.code != "document_closed":
                    raise
            self._begun = False
        if self._is_document_open():
            raise Refused("document_open", "the document is still open after cancelling it")

    def _is_document_open(self) -> bool:
        return self._ask.the(OpenDocument()).receipt_type != 0 or self._ask.the(DriveState()).document != 0

"""A Shtrih-M register with a fiscal drive: exchange, channel and profile put together (``drivers.api`` says what each
method promises). Source: protocol 1.17; commands by number in ``protocol.wire.shtrih.commands``."""

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
    Paper,
    ShiftState,
    ShiftTotals,
    SlipBarcode,
    SlipText,
    Status,
)
from drivers.errors import DeviceError, InDoubt, NotSent, Refused
from drivers.fiscal import requisites
from drivers.fiscal.questions import TRANSIENT
from drivers.fiscal.shtrih.archive import fiscal_document
from drivers.fiscal.shtrih.asking import Asking
from drivers.fiscal.shtrih.counters import Counters
from drivers.fiscal.shtrih.facts import Facts
from drivers.fiscal.shtrih.known import Known, find_out
from drivers.fiscal.shtrih.link import Link
from drivers.fiscal.shtrih.printing import Printer
from drivers.fiscal.shtrih.profile import Profile
from drivers.fiscal.shtrih.receipt import ReceiptCommands, commands_for
from drivers.fiscal.shtrih.settings import DoNotPrint
from drivers.fiscal.shtrih.slip import cut_commands, slip_commands
from drivers.fiscal.shtrih.tags import cashier_tags, send
from drivers.transports.base import Clock, Transport
from protocol.ffd.planned import PlannedReceipt
from protocol.ffd.tlv import TlvError
from protocol.wire.shtrih.commands import (
    BeginCloseShift,
    BeginOpenShift,
    CancelDriveDocument,
    CancelReceipt,
    CloseShift,
    Command,
    ContinuePrint,
    Done,
    DriveStatus,
    FindDocument,
    FullStatus,
    FullStatusReply,
    MoneyRegister,
    NextBlock,
    OpenDocument,
    OpenShift,
    ShiftParameters,
    ShiftReply,
    Subtotal,
    WriteTable,
    XReport,
)
from protocol.wire.shtrih.errors import NO_DATA, NO_DRIVE_DATA
from protocol.wire.shtrih.modes import DRIVE_WORKING, DriveWarning, Flag, Mode, Submode, is_busy, mode_of
from protocol.wire.shtrih.printer_commands import OpenDrawer, PrintCopy
from protocol.wire.shtrih.record_commands import CashIn, CashOut

FENCE_ROUNDS = 3  # cancel, and look again; a receipt and a drive document may both be open
_TLV_ATTEMPTS = 3  # at reading a document whole

_NO_DATA = {f"{NO_DRIVE_DATA:02X}", f"{NO_DATA:02X}"}
_WARNINGS = {
    DriveWarning.REPLACE_NOW: "urgent_replacement",
    DriveWarning.RESOURCE: "resource",
    DriveWarning.MEMORY: "memory",
    DriveWarning.OFD_OVERDUE: "ofd_overdue",
}
_BLOCKED: Mapping[int, str] = {
    Mode.DUMP: "register_dumping",
    Mode.LOCKED: "register_locked",
    Mode.RESET_ALLOWED: "register_needs_reset",
    Mode.TEST_RUN: "register_testing",
}
"""Modes that only a technician ends."""
_PAPER: Mapping[int, Paper] = {
    Submode.NO_PAPER: Paper.ABSENT,
    Submode.PAPER_RAN_OUT: Paper.INTERRUPTED,
    Submode.AWAITING_CONTINUE: Paper.RESUMABLE,
}


class ShtrihRegister(FiscalRegister):
    """See ``drivers.api``. After ``NotSent`` or ``InDoubt`` from the line the channel is closed: ``connect`` again."""

    def __init__(self, transport: Transport, profile: Profile, clock: Clock) -> None:
        model = profile.any_model
        self.capabilities = Capabilities(
            has_imprint=True,
            has_task_id=False,
            task_id_durable=False,
            can_cancel_open=True,
            can_read_archive=True,
            columns=model.columns,
            cashless_details=profile.cashless_details,
            max_time=profile.max_time,
        )
        self._profile = profile
        self._password = profile.password
        self._link = Link(transport, profile, clock)
        self._ask = Asking(self._link, profile.password)
        self._printer = Printer(self._link, profile, clock)
        self._facts = Facts(self._ask)
        self._counters = Counters(self._ask)
        self._known: Known | None = None

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
        self.capabilities = replace(self.capabilities, columns=known.faces.plain.columns)
        return known.identity

    def disconnect(self) -> None:
        self._known = None
        self._link.close()

    @property
    def stale_replies(self) -> Sequence[bytes]:
        """Payloads of replies to earlier commands that the device still held since ``connect``: for logs and support,
        never for a decision."""
        return tuple(self._link.stale)

    def _connected(self) -> Known:
        if self._known is None:
            raise NotSent("device_offline", "not connected")
        return self._known

    # --- queries -----------------------------------------------------------------------------------------------------

    def status(self) -> Status:
        known = self._connected()
        full = self._link.call(FullStatus(self._password))
        if full.serial != known.short_serial:
            self.disconnect()
            raise NotSent("wrong_device", f"serial {full.serial}, it was {known.short_serial} when connecting")
        self._printer.saw(full)
        shift = self._link.call(ShiftParameters(self._password))
        drawer = self._ask.optional(MoneyRegister(self._password, MoneyRegister.DRAWER))
        drive = self._link.call(DriveStatus(self._password))
        clock = datetime.combine(full.day, full.clock) if full.day and full.clock else None
        return Status(
            register_serial=known.identity.register_serial,
            fn_serial=drive.serial.strip(),
            shift=_shift_state(full, shift),
            shift_number=shift.number,
            receipt_in_shift=shift.receipt,
            document_open=mode_of(full.mode) == Mode.DOCUMENT,
            fn_document_open=drive.document != 0,
            last_fd=drive.last_fd,
            busy=is_busy(full.mode, full.submode),
            paper=_PAPER.get(full.submode, Paper.PRESENT),
            cover_open=bool(full.flags & Flag.COVER_OPEN),
            at=clock or drive.last_document_at or datetime.min,  # noqa: DTZ901  # the register's local time
            drawer=drawer.value if drawer else None,
            clock_unset=clock is None or mode_of(full.mode) == Mode.AWAITING_DATE,
            fn_warnings=tuple(word for flag, word in _WARNINGS.items() if drive.warnings & flag),
            blocked=_BLOCKED.get(mode_of(full.mode), None if drive.phase == DRIVE_WORKING else "fn_state"),
        )

    def archive_end(self) -> ArchiveEnd:
        self._connected()
        drive = self._link.call(DriveStatus(self._password))
        return ArchiveEnd(drive.serial.strip(), drive.last_fd, drive.document != 0)

    def document(self, fd: int) -> FiscalDocument | None:
        self._connected()
        try:
            found = self._link.call(FindDocument(self._password, fd))
        except Refused as refused:
            if refused.vendor in _NO_DATA:
                return None
            raise
        if found.fd != fd:
            raise InDoubt("bad_reply", f"asked for document {fd}, got {found.fd}")
        return fiscal_document(found, self._tlv(fd))

    def health(self) -> Health:
        self._connected()
        return self._facts.health()

    def _tlv(self, fd: int) -> bytes | None:
        """The document's tags, whole or not at all: ``None`` when the drive keeps only the summary any more."""
        for _ in range(_TLV_ATTEMPTS):
            try:
                length = self._link.call(OpenDocument(self._password, fd)).length
                data = self._blocks(length)
            except Refused as refused:
                if refused.code in TRANSIENT:
                    raise
                return None
            if len(data) == length:
                return data
        return None

    def _blocks(self, length: int) -> bytes:
        """What the drive hands out of the document that was opened: not ``length`` bytes when somebody else's request,
        or a late one of our own, took a block in between."""
        data = b""
        try:
            while len(data) < length and (block := self._link.call(NextBlock(self._password)).data):
                data += block
        except Refused as refused:
            if refused.vendor not in _NO_DATA:
                raise
        return data

    # --- shift and reports -------------------------------------------------------------------------------------------

    def open_shift(self, cashier_name: str | None, cashier_inn: str | None) -> None:
        self._operate(BeginOpenShift(self._password), OpenShift(self._password), cashier_name, cashier_inn)

    def close_shift(self, cashier_name: str | None, cashier_inn: str | None) -> None:
        self._operate(BeginCloseShift(self._password), CloseShift(self._password), cashier_name, cashier_inn)

    def _operate(
        self, begin: Command[Done], finish: Command[Done], cashier_name: str | None, cashier_inn: str | None
    ) -> None:
        self._connected()
        try:
            tags = cashier_tags(cashier_name, cashier_inn)
        except TlvError as error:
            raise Refused("bad_parameter", str(error)) from error
        self._printer.ready()
        self._print_next(wanted=True)
        begun = False
        try:
            if tags:
                begun = self._begin(begin)
            if begun:
                for tlv in tags:
                    send(self._printer, self._password, tlv)
            self._printer.call(finish)
        except Refused:
            if begun:
                self._drop_begun()
            raise
        self._printer.settled()

    def _begin(self, command: Command[Done]) -> bool:
        """``False`` when this model cannot attach tags: then the shift goes without them."""
        try:
            self._printer.call(command)
        except Refused as refused:
            if refused.code != "unsupported":
                raise
            return False
        return True

    def _drop_begun(self) -> None:
        """A begun and refused shift document must not stay in the drive; ``status`` shows it when it does."""
        try:
            self._link.call(CancelDriveDocument(self._password))
        except DeviceError:
            return

    def x_report(self) -> None:
        self._connected()
        self._printer.ready()
        self._printer.call(XReport(self._password))
        self._printer.settled()

    def continue_print(self) -> None:
        self._connected()
        submode = self._printer.status().submode
        if submode == Submode.PAPER_RAN_OUT:
            raise Refused("no_paper", "the printer still has no paper")
        if submode != Submode.AWAITING_CONTINUE:
            raise Refused("wrong_state", f"nothing waits to be printed (submode {submode})")
        self._link.call(ContinuePrint(self._password))
        self._printer.settled()

    def shift_totals(self) -> ShiftTotals:
        self._connected()
        return self._counters.shift()

    # --- cash in the drawer ------------------------------------------------------------------------------------------

    def cash_counters(self) -> CashCounters:
        self._connected()
        return self._counters.cash()

    def cash_in(self, amount: int, cashier_name: str | None) -> None:  # noqa: ARG002
        """The command has no place for the cashier, and the register's own table of names is not ours to write."""
        self._cash(CashIn(self._password, amount))

    def cash_out(self, amount: int, cashier_name: str | None) -> None:  # noqa: ARG002
        """As ``cash_in``."""
        self._cash(CashOut(self._password, amount))

    def _cash(self, command: CashIn | CashOut) -> None:
        self._connected()
        self._printer.ready()
        self._print_next(wanted=True)
        self._printer.call(command)
        self._printer.settled()

    # --- without fiscal effect ---------------------------------------------------------------------------------------

    def print_slip(self, lines: Sequence[SlipText | SlipBarcode], *, cut: bool) -> None:
        known = self._connected()
        commands = slip_commands(lines, known.faces, known.model, self._profile.barcodes, self._password)
        if mode_of(self._printer.ready().mode) == Mode.DOCUMENT:
            raise Refused("document_open", "a document is open: a slip would be printed into it")
        self._print_next(wanted=True)
        begun = False
        try:
            for command in commands:
                self._printer.call(command)
                begun = True
            if cut:
                self._finish_slip(known)
        except (NotSent, Refused) as error:
            if begun:  # a part of the slip is on the paper: neither done nor not done
                raise InDoubt(error.code, error.detail, vendor=error.vendor) from error
            raise
        self._printer.settled()

    def _finish_slip(self, known: Known) -> None:
        """The slip is on the paper: a cutter that this model turns out not to have does not unmake it."""
        for command in cut_commands(known.model, self._password, has_cutter=known.has_cutter):
            try:
                self._printer.call(command)
            except Refused as refused:
                if refused.code != "unsupported":
                    raise

    def print_copy(self) -> None:
        self._connected()
        self._printer.ready()
        self._print_next(wanted=True)
        self._printer.call(PrintCopy(self._password))
        self._printer.settled()

    def open_drawer(self) -> None:
        self._connected()
        self._printer.call(OpenDrawer(self._password))

    # --- receipt -----------------------------------------------------------------------------------------------------

    def check_receipt(self, receipt: PlannedReceipt) -> None:
        self._commands(receipt)

    def _commands(self, receipt: PlannedReceipt) -> ReceiptCommands:
        requisites.check(receipt, self.capabilities, f"switched off in the profile ({requisites.CASHLESS_DETAILS})")
        return commands_for(receipt, self._profile, self._connected().settings)

    def fill_receipt(self, receipt: PlannedReceipt, on_progress: Callable[[int, int], None]) -> None:
        commands = self._commands(receipt)
        self._printer.still_ready()
        self._print_next(wanted=receipt.print)
        self._printer.call(commands.open)
        for tlv in commands.head:
            send(self._printer, self._password, tlv)
        for done, position in enumerate(commands.positions, start=1):
            for part in position.commands:
                self._printer.call(part)
            on_progress(done, len(commands.positions))
        for tlv in commands.tail:
            send(self._printer, self._password, tlv)

    def subtotal(self) -> int:
        self._connected()
        return self._printer.call(Subtotal(self._password)).total

    def close_receipt(self, receipt: PlannedReceipt) -> CloseReply:
        commands = self._commands(receipt)
        reply = self._printer.call(commands.close)
        paper, drawer = self._after()
        return CloseReply(fd=reply.fd, fpd=str(reply.sign), change=reply.change, paper=paper, drawer=drawer)

    def _after(self) -> tuple[Paper | None, int | None]:
        """Paper and drawer after a document: told when all went well, otherwise left to the next status."""
        printed = self._printer.settled()
        if printed is None or printed.flags & Flag.COVER_OPEN:
            return None, None
        try:
            drawer = self._ask.optional(MoneyRegister(self._password, MoneyRegister.DRAWER))
        except DeviceError:
            return None, None
        return _PAPER.get(printed.submode, Paper.PRESENT), drawer.value if drawer else None

    def cancel_document(self) -> None:
        self._connected()
        for _ in range(FENCE_ROUNDS):
            mode = mode_of(self._printer.at_rest().mode)
            if mode == Mode.DOCUMENT:
                self._cancel(CancelReceipt(self._password))
            elif self._link.call(DriveStatus(self._password)).document:
                self._cancel(CancelDriveDocument(self._password))
            else:
                self._print_next(wanted=True)
                return
        raise Refused("document_open", "the document is still open after cancelling it")

    def _cancel(self, command: Command[Done]) -> None:
        try:
            self._printer.call(command)
        except Refused as refused:
            if refused.code not in ("document_closed", "wrong_state", "fn_state"):
                raise  # those three: it is gone already, the next look decides

    def _print_next(self, *, wanted: bool) -> None:
        """Set table 17 field 7 for the next document, and take back what a receipt that came to nothing left there.
        The owner's own settings (never print, reports to the buffer) stay."""
        cell = self._profile.do_not_print
        setting = self._ask.cell(cell)
        if setting is None:
            if wanted:
                return
            raise Refused("unsupported", "this model cannot keep a receipt off the paper (table 17 field 7)")
        if wanted and setting.number == DoNotPrint.NEXT_DOCUMENT:
            value = DoNotPrint.PRINT
        elif not wanted and setting.number not in (DoNotPrint.NEXT_DOCUMENT, DoNotPrint.NEVER):
            value = DoNotPrint.NEXT_DOCUMENT
        else:
            return
        data = value.to_bytes(max(1, len(setting.value)), "little")
        self._printer.call(WriteTable(self._password, *cell, data))


def _shift_state(full: FullStatusReply, shift: ShiftReply) -> ShiftState:
    if not shift.open:
        return ShiftState.CLOSED
    return ShiftState.EXPIRED if mode_of(full.mode) == Mode.SHIFT_EXPIRED else ShiftState.OPEN

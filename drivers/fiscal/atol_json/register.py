"""A register of ATOL behind the vendor's library: the task language over a runner (``drivers.api`` says what each
method promises).

A receipt is one task: ``fill_receipt`` only makes it, ``close_receipt`` sends it. Whether a document exists is decided
by the number of the last one and the document itself, never by the library's memory of its last call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

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
from drivers.fiscal.atol_json.archive import fiscal_document
from drivers.fiscal.atol_json.asking import Asking
from drivers.fiscal.atol_json.known import Known, find_out
from drivers.fiscal.atol_json.runner import TaskRunner
from drivers.fiscal.atol_json.slip import slip_task
from protocol.ffd.planned import PlannedReceipt
from protocol.wire.atol import json_answers as answers
from protocol.wire.atol import json_tasks as tasks
from protocol.wire.atol.codes import NO_SUCH_RECORD, NOTHING_OPEN, Handling, describe
from protocol.wire.atol.json_answers import Phase, Shift
from protocol.wire.atol.json_reading import AnswerError
from protocol.wire.atol.json_receipt import Task, formats_known, lines_sum, rates_known
from protocol.wire.atol.json_tasks import Query
from protocol.wire.atol.json_words import knows_new_words

_SHIFT: Mapping[Shift, ShiftState] = {
    Shift.CLOSED: ShiftState.CLOSED,
    Shift.OPENED: ShiftState.OPEN,
    Shift.EXPIRED: ShiftState.EXPIRED,
}
_OF_A_PART = frozenset({Handling.REQUEST, Handling.LIBRARY, Handling.DEVICE})
"""Refusals that may be about any part of a slip; all others come before its first line."""
_WARNINGS: Mapping[str, str] = {
    "needReplacement": "urgent_replacement",
    "resourceExhausted": "resource",
    "memoryOverflow": "memory",
    "ofdTimeout": "ofd_overdue",
    "criticalError": "critical",
}


@dataclass(frozen=True, slots=True)
class Times:
    """Longest times in seconds that a task may take. It is many commands to the device."""

    query: float = 30.0
    fill: float = 90.0  # a slip, the drawer; filling a receipt sends nothing
    close: float = 60.0
    cancel: float = 30.0
    shift: float = 90.0
    report: float = 90.0

    def by_pace(self) -> dict[str, float]:
        return {pace: getattr(self, pace) for pace in ("query", "fill", "close", "cancel", "shift", "report")}


class AtolJsonRegister(FiscalRegister):
    """See ``drivers.api``. After ``NotSent`` or ``InDoubt`` the caller connects anew. ``library``: its version, as far
    as it is known before the first connection; the capabilities of an unknown one are those of the newest.
    ``cashless_details``: the register's firmware takes tag 1234, which nothing tells."""

    def __init__(
        self,
        runner: TaskRunner,
        times: Times | None = None,
        library: str | None = None,
        *,
        cashless_details: bool = False,
    ) -> None:
        self._times = times or Times()
        self._cashless_details = cashless_details
        traits = runner.traits
        self.capabilities = Capabilities(
            has_imprint=True,
            has_task_id=traits.has_task_id,
            task_id_durable=traits.task_id_durable,
            can_cancel_open=traits.can_cancel,
            can_read_archive=True,
            one_command=True,
            cash_opens_shift=True,
            cashless_details=cashless_details,
            max_time=self._times.by_pace(),
        )
        if library is not None:
            self._limit_to(library)
        self._runner = runner
        self._ask = Asking(runner, self._times.query)
        self._known: Known | None = None
        self._planned: Task | None = None
        self._unprinted: bool | None = None  # whether something waits for the printer; None: not known

    # --- connection --------------------------------------------------------------------------------------------------

    def connect(self) -> Identity:
        self.disconnect()
        library = self._runner.open()
        try:
            known = find_out(self._ask, library)
        except DeviceError:
            self._runner.close()
            raise
        self._known = known
        self._limit_to(library.version)
        self._unprinted = self._unprinted or None  # what happened at the printer meanwhile is not known
        if known.columns:
            self.capabilities = replace(self.capabilities, columns=known.columns)
        return known.identity

    def _limit_to(self, library: str) -> None:
        self.capabilities = replace(
            self.capabilities,
            formats=formats_known(library),
            rates=rates_known(library),
            cashless_details=self._cashless_details and knows_new_words(library),
        )

    def disconnect(self) -> None:
        self._known = self._planned = None
        self._runner.close()

    def _connected(self) -> Known:
        if self._known is None:
            raise NotSent("device_offline", "not connected")
        return self._known

    # --- queries -----------------------------------------------------------------------------------------------------

    def status(self) -> Status:
        known = self._connected()
        info = self._ask.the(Query.DEVICE_INFO, answers.device_info)
        if info.serial != known.identity.register_serial:
            self.disconnect()
            raise NotSent("wrong_device", f"serial {info.serial}, it was {known.identity.register_serial}")
        device = self._ask.the(Query.DEVICE_STATUS, answers.device_status)
        drive = self._ask.optional(Query.FN_INFO, answers.fn_info)
        numbers = self._ask.the(Query.FN_STATUS, answers.fn_status)
        shift = self._ask.the(Query.SHIFT_STATUS, answers.shift_status)
        paper, blocked = self._paper(present=device.paper_present), _blocked(device, drive)
        if blocked == "register_fault" and self._unprinted is not False:
            # What anybody has left half printed blocks it, too: printing on is harmless, and tells one from the other.
            paper, blocked = Paper.RESUMABLE if device.paper_present else Paper.INTERRUPTED, None
        return Status(
            register_serial=info.serial,
            fn_serial=drive.serial if drive else "",
            shift=_SHIFT[device.shift],
            shift_number=shift.number,
            receipt_in_shift=numbers.receipt_in_shift,
            document_open=self._ask.receipt_open() or False,
            fn_document_open=False,  # begun and ended by one command inside the task
            last_fd=numbers.fd,
            busy=False,  # the library waits until the device is ready
            paper=paper,
            cover_open=device.cover_opened,
            at=device.at or datetime.min,  # noqa: DTZ901  # the register's local time
            drawer=self._ask.optional(Query.CASH_DRAWER_STATUS, answers.drawer),
            clock_unset=device.at is None,
            fn_warnings=tuple(word for name, word in _WARNINGS.items() if name in numbers.warnings),
            blocked=blocked,
        )

    def _paper(self, *, present: bool) -> Paper:
        """The language tells whether there is paper, and of a document that this driver has made whether it was
        printed; what an earlier connection left in the printer it does not tell."""
        if self._unprinted:
            return Paper.RESUMABLE if present else Paper.INTERRUPTED
        return Paper.PRESENT if present else Paper.ABSENT

    def archive_end(self) -> ArchiveEnd:
        self._connected()
        drive = self._ask.the(Query.FN_INFO, answers.fn_info)
        numbers = self._ask.the(Query.FN_STATUS, answers.fn_status)
        return ArchiveEnd(drive.serial, numbers.fd, fn_document_open=False)

    def document(self, fd: int) -> FiscalDocument | None:
        self._connected()
        try:
            found = self._ask.task(tasks.fn_document(fd), answers.document)
        except Refused as refused:
            if _number(refused) in NO_SUCH_RECORD:
                return None
            raise
        return fiscal_document(fd, found, self._last(fd) if found.fpd is None else None)

    def _last(self, fd: int) -> answers.FiscalParams | None:
        """What the library says of the last document, if this is the one."""
        try:
            last = self._ask.task(tasks.last_fiscal_params(for_receipt=False), answers.fiscal_params)
        except Refused:
            return None
        return last if last.fd == fd else None

    def health(self) -> Health:
        self._connected()
        shift = self._ask.the(Query.SHIFT_STATUS, answers.shift_status)
        drive = self._ask.optional(Query.FN_INFO, answers.fn_info)
        queue = self._ask.optional(Query.OFD_EXCHANGE_STATUS, answers.ofd_exchange)
        return Health(
            shift_opened_at=shift.opened_at,
            fn_expires=drive.validity if drive else None,
            registrations_left=drive.registrations_left if drive else None,
            unsent=queue.unsent if queue else None,
            unsent_first_fd=queue.first_fd if queue else None,
            unsent_first_at=queue.first_at if queue else None,
        )

    def shift_totals(self) -> ShiftTotals:
        self._connected()
        totals = self._ask.the(Query.SHIFT_TOTALS, answers.shift_totals)
        return ShiftTotals(
            receipts={sign: made.count for sign, made in totals.receipts.items()},
            total={sign: made.sum for sign, made in totals.receipts.items()},
            cash={sign: made.cash for sign, made in totals.receipts.items()},
            cashless={sign: made.electronically for sign, made in totals.receipts.items()},
            cash_in=totals.income.sum,
            cash_out=totals.outcome.sum,
            drawer=totals.drawer,
        )

    def cash_counters(self) -> CashCounters:
        self._connected()
        totals = self._ask.the(Query.SHIFT_TOTALS, answers.shift_totals)
        return CashCounters(
            document_number=None,
            drawer=totals.drawer,
            cash_in=totals.income.sum,
            cash_out=totals.outcome.sum,
            cash_in_count=totals.income.count,
            cash_out_count=totals.outcome.count,
        )

    # --- what changes something --------------------------------------------------------------------------------------

    def _change(self, task: Task, max_time: float, *, prints: bool = True) -> Any:
        """Run a task that may print or move something, and note what becomes of its paper: the device begins to print
        nothing before it has finished what was begun."""
        self._connected()
        try:
            answer = self._runner.run(task, max_time=max_time, changing=True)
        except InDoubt as doubt:
            self._unprinted = True if _stopped_printing(doubt) else None
            raise
        if prints:
            self._unprinted = False
        return answer

    def _register(self, task: Task, max_time: float) -> answers.Registered | None:
        """As ``_change``, of a task that makes a fiscal document. ``None`` when its answer cannot be read: the archive
        tells what was made."""
        try:
            answer = self._change(task, max_time)
        except Refused as refused:
            if _number(refused) not in NOTHING_OPEN:
                raise
            # It opens its own document: a command that the library sent twice found it closed already.
            self._unprinted = None
            raise InDoubt(refused.code, refused.detail, vendor=refused.vendor) from refused
        try:
            made = answers.registered(answer)
        except AnswerError:
            self._unprinted = None
            return None
        self._unprinted = made.not_printed
        return made

    def open_shift(self, cashier_name: str | None, cashier_inn: str | None) -> None:
        self._register(tasks.open_shift(cashier_name, cashier_inn), self._times.shift)

    def close_shift(self, cashier_name: str | None, cashier_inn: str | None) -> None:
        self._register(tasks.close_shift(cashier_name, cashier_inn), self._times.shift)

    def x_report(self) -> None:
        self._change(tasks.report_x(), self._times.report)

    def cash_in(self, amount: int, cashier_name: str | None) -> None:
        self._change(tasks.cash_in(amount, cashier_name), self._times.report)

    def cash_out(self, amount: int, cashier_name: str | None) -> None:
        self._change(tasks.cash_out(amount, cashier_name), self._times.report)

    def print_slip(self, lines: Sequence[SlipText | SlipBarcode], *, cut: bool) -> None:
        self._connected()
        task = slip_task(lines, self.capabilities.columns, cut=cut)
        if self._ask.receipt_open():
            raise Refused("document_open", "a receipt is open: a slip would be printed into it")
        try:
            self._change(task, self._times.fill)
        except Refused as refused:
            if len(lines) > 1 and _refused_on_the_way(refused):
                raise InDoubt(refused.code, refused.detail, vendor=refused.vendor) from refused
            raise

    def print_copy(self) -> None:
        self._change(tasks.print_last_receipt_copy(), self._times.report)

    def open_drawer(self) -> None:
        self._change(tasks.open_cash_drawer(), self._times.fill, prints=False)

    def continue_print(self) -> None:
        self._connected()
        if self._unprinted is False:
            raise Refused("wrong_state", "the last document was printed to its end")
        try:
            self._change(tasks.continue_print(), self._times.fill)
        except InDoubt as doubt:
            if not _stopped_printing(doubt):
                raise
            raise Refused(doubt.code, doubt.detail, vendor=doubt.vendor) from doubt

    # --- receipt -----------------------------------------------------------------------------------------------------

    def check_receipt(self, receipt: PlannedReceipt) -> None:
        self._task(receipt)

    def _task(self, receipt: PlannedReceipt) -> Task:
        known = self._connected()
        requisites.check(receipt, self.capabilities, known.cashless_refused)
        return known.task_for(receipt)

    def fill_receipt(self, receipt: PlannedReceipt, on_progress: Callable[[int, int], None]) -> None:
        """Makes the task. Nothing is begun, but the library would cancel what another program has left open."""
        task = self._task(receipt)
        if self._ask.receipt_open():
            raise Refused("document_open", "a receipt is open: making another would cancel it")
        self._planned = task
        for done in range(1, len(receipt.lines) + 1):
            on_progress(done, len(receipt.lines))

    def subtotal(self) -> int:
        """Of the positions as they stand in the task that is ready to be sent."""
        self._connected()
        if self._planned is None:
            raise Refused("document_closed", "no receipt is filled")
        return int(lines_sum(self._planned) * 100)

    def close_receipt(self, receipt: PlannedReceipt) -> CloseReply:
        task = self._task(receipt)
        if self._planned is None:
            raise Refused("document_closed", "no receipt is filled")
        made = self._register(task, self._times.close)
        self._planned = None
        if made is None:
            return CloseReply(None, None, None)
        paper = Paper.INTERRUPTED if made.not_printed else Paper.PRESENT
        return CloseReply(made.params.fd, made.params.fpd, None, paper, self._drawer())

    def _drawer(self) -> int | None:
        """After a document: left out when it is not told at once."""
        try:
            return self._ask.optional(Query.CASH_DRAWER_STATUS, answers.drawer)
        except DeviceError:
            return None

    def cancel_document(self) -> None:
        self._connected()
        self._planned = None
        if not self._runner.traits.can_cancel:
            raise Refused("unsupported", "this way to the library has no call that cancels a receipt")
        if self._ask.receipt_open() is False:
            return
        try:
            self._runner.cancel_receipt(max_time=self._times.cancel)
        except Refused as refused:
            if _number(refused) not in NOTHING_OPEN:
                raise
        if self._ask.receipt_open():
            raise Refused("document_open", "the receipt is still open after cancelling it")


def _blocked(device: answers.DeviceStatus, drive: answers.FnInfo | None) -> str | None:
    if not device.fn_present or drive is None:
        return "fn_absent"
    if not device.fiscal or drive.phase is not Phase.FISCAL:
        return "fn_state"
    return "register_fault" if device.blocked else None


def _stopped_printing(doubt: InDoubt) -> bool:
    """The device has answered that its printer stopped."""
    return describe(_number(doubt)).handling is Handling.PAPER


def _refused_on_the_way(refused: Refused) -> bool:
    """Something of the slip does not suit the device, which may have printed what stands before it."""
    known = describe(_number(refused))
    return known.handling in _OF_A_PART and not known.certainly_not_run


def _number(error: DeviceError) -> int:
    """The library's code behind a verdict; 0 when it had none."""
    return int(error.vendor) if error.vendor is not None and error.vendor.isdigit() else 0

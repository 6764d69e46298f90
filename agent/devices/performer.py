"""Does what a procedure asks, on one device, and says how it went.

The only place where a driver's verdicts become answers; what a procedure commits is the ``Recorder``'s. Blocking; used
by the device's lane thread alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from agent.devices.facts import device_facts, whole_document_json
from agent.devices.lane_thread import Interrupted
from agent.devices.recorder import Recorder
from agent.devices.slips import copy_slip, text_slip
from agent.devices.work import Work
from agent.jobs.book import JobBook
from agent.procedures.asks import (
    Answer,
    Answered,
    Ask,
    Begin,
    BeginOperation,
    CheckReceipt,
    Close,
    Commit,
    ContinuePrint,
    Do,
    EndOperation,
    Fence,
    Fill,
    NoteSeen,
    Operate,
    Operation,
    Query,
    ReadArchiveEnd,
    ReadCounters,
    ReadDocument,
    ReadStatus,
    ReadSubtotal,
    ReadTotals,
    Reopen,
    Seen,
    Wait,
)
from drivers.api import FiscalRegister, Health, Identity, Status
from drivers.errors import DeviceError, InDoubt, NotSent, Refused
from protocol.crm.codes import reason
from protocol.crm.jobs import JobKind
from protocol.crm.outcomes import Reason
from protocol.crm.payloads import CopyPayload, DocumentPayload, TextPayload

T = TypeVar("T")

NO_TOTALS = frozenset({"unsupported", "no_data", "shift_closed"})
"""Refusals of a register that keeps no totals, or none now."""


class Performer:
    def __init__(
        self,
        kkm_id: str,
        register: FiscalRegister,
        book: JobBook,
        *,
        wait: Callable[[float], bool],
        progress: Callable[[str | None, str, int | None, int | None], None],
    ) -> None:
        """``wait(seconds)`` lets time pass and is true when it was cut short; ``progress(job_id, code, done, of)``."""
        self._kkm_id = kkm_id
        self._register = register
        self._book = book
        self._wait = wait
        self._progress = progress
        self._recorder = Recorder(kkm_id, book, self.connect)
        self._identity: Identity | None = None

    # --- what it is busy with

    @property
    def work(self) -> Work:
        return self._recorder.work

    @work.setter
    def work(self, work: Work) -> None:
        self._recorder.work = work

    # --- the channel

    @property
    def identity(self) -> Identity | None:
        """Who answered last; ``None`` while the channel is closed."""
        return self._identity

    def connect(self) -> Identity:
        """Open the channel if it is closed. Raises what the driver raises."""
        if self._identity is None:
            self._register.attempt(self.work.attempt)
            self._identity = self._register.connect()
        return self._identity

    def disconnect(self) -> None:
        self._identity = None
        self._register.disconnect()

    def status(self) -> Status:
        """One look at the register behind the channel, whoever it is now. Raises what the driver raises."""
        identity = self.connect()
        status = self._register.status()
        if (status.register_serial, status.fn_serial) != (identity.register_serial, identity.fn_serial):
            # Replaced behind an open channel: all that was read when it was opened belongs to the one before.
            self.disconnect()
            self.connect()
            status = self._register.status()
        self._recorder.status = status
        return status

    def health(self) -> Health | None:
        """``None`` when this register has no such records. Raises what else the driver raises."""
        try:
            return self._register.health()
        except Refused:
            return None

    # --- asks

    def perform(self, ask: Ask) -> Answered:
        self._register.attempt(self.work.attempt)
        try:
            value = self._do(ask)
        except NotSent as error:
            return self._failed(Answer.NOT_SENT, error)
        except Refused as error:
            return self._failed(Answer.REFUSED, error, keep=True)
        except InDoubt as error:
            return self._failed(Answer.DOUBT, error, remaining=error.remaining)
        if isinstance(value, Reason):
            return Answered(Answer.REFUSED, self._book.clock.monotonic(), reason=value)
        return Answered(Answer.OK, self._book.clock.monotonic(), value)

    def _failed(self, kind: Answer, error: DeviceError, *, remaining: float = 0.0, keep: bool = False) -> Answered:
        if not keep:
            self.disconnect()
        return Answered(kind, self._book.clock.monotonic(), reason=reason_of(error), remaining=remaining)

    def _do(self, ask: Ask) -> Any:
        register, work = self._register, self.work
        match ask:
            case ReadStatus():
                return self.status()
            case ReadArchiveEnd():
                return register.archive_end()
            case ReadDocument(fd):
                self.connect()
                document = register.document(fd)
                return Seen(document, self._book.owner_of(document.imprint)) if document is not None else None
            case ReadCounters():
                self.connect()
                return register.cash_counters()
            case ReadTotals():
                self.connect()
                self._recorder.totals = None
                self._recorder.totals = register.shift_totals()
                return self._recorder.totals
            case CheckReceipt():
                assert work.plan is not None
                self.connect()
                return register.check_receipt(work.plan)
            case Query():
                return self._query()
            case Reopen():
                self.disconnect()
                return self.connect()
            case Wait(seconds, code):
                self._progress(work.job_id, code, None, None)
                if self._wait(seconds):
                    raise Interrupted(code)
                return None
            case Fill():
                assert work.plan is not None
                return register.fill_receipt(work.plan, self._filling)
            case ReadSubtotal():
                return register.subtotal()
            case Close():
                assert work.plan is not None
                return self._recorder.closed(register.close_receipt(work.plan))
            case Fence():
                return register.cancel_document()
            case ContinuePrint():
                return register.continue_print()
            case Operate(operation):
                return self._operate(operation)
            case Do():
                return self._plain()
            case Begin():
                return self._recorder.begin(ask)
            case Commit(event, data):
                return self._recorder.commit(event, data)
            case NoteSeen():
                return self._recorder.note_seen(ask)
            case BeginOperation():
                return self._recorder.begin_operation(ask)
            case EndOperation():
                return self._recorder.end_operation(ask)
        raise AssertionError(ask)

    def _filling(self, done: int, of: int) -> None:
        self._progress(self.work.job_id, "positions", done, of)

    # --- by kind

    def _operate(self, operation: Operation) -> None:
        register, work = self._register, self.work
        match operation:
            case Operation.OPEN_SHIFT:
                register.open_shift(work.cashier_name, work.cashier_inn)
            case Operation.CLOSE_SHIFT:
                register.close_shift(work.cashier_name, work.cashier_inn)
            case Operation.CASH_IN:
                assert work.amount is not None
                register.cash_in(work.amount, work.cashier_name)
            case Operation.CASH_OUT:
                assert work.amount is not None
                register.cash_out(work.amount, work.cashier_name)

    def _plain(self) -> None:
        register, payload = self._register, self.work.payload
        match self.work.kind, payload:
            case JobKind.X_REPORT, _:
                self._recorder.totals = _before(register.shift_totals, NO_TOTALS)
                register.x_report()
            case JobKind.OPEN_DRAWER, _:
                register.open_drawer()
            case JobKind.PRINT_TEXT, TextPayload():
                register.print_slip(text_slip(payload), cut=payload.cut)
            case JobKind.PRINT_COPY, CopyPayload(fd=None):
                register.print_copy()
            case JobKind.PRINT_COPY, CopyPayload(fd=int() as fd):
                document = _before(lambda: register.document(fd))
                if document is None:
                    raise Refused("no_such_document", f"FD {fd}")
                if not document.tags:
                    raise Refused("archive_unreadable", f"FD {fd}: the register keeps only its summary")
                register.print_slip(copy_slip(document, register.capabilities.columns), cut=True)
            case _:
                raise AssertionError(self.work)

    def _query(self) -> dict[str, Any] | None:
        identity, payload = self.connect(), self.work.payload
        if isinstance(payload, DocumentPayload):
            document = self._register.document(payload.fd)
            return whole_document_json(document) if document is not None else None
        status = self.status()
        timezone = self._book.device(self._kkm_id).settings.timezone
        return device_facts(self._identity or identity, status, self.health(), self._book.clock.now(), timezone)


def _before(query: Callable[[], T], without: frozenset[str] = frozenset()) -> T | None:
    """What has to be known before a command is sent. A query that fails leaves no doubt: the command was not sent.
    ``None`` when the register refuses with one of the codes ``without``."""
    try:
        return query()
    except InDoubt as error:
        raise NotSent(error.code, error.detail, vendor=error.vendor) from error
    except Refused as error:
        if error.code not in without:
            raise
        return None


def reason_of(error: DeviceError) -> Reason:
    return reason(error.code, vendor=error.vendor, detail=error.detail or None)

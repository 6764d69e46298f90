"""Does what a procedure asks, on one device, and says how it went.

The only place where a driver's verdicts become answers, and where a procedure's commits become transactions. Blocking;
used by the device's lane thread alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from agent.jobs.book import JobBook
from agent.jobs.proof import device_proof, person_proof, with_offset
from agent.jobs.transitions import because
from agent.journal.records import RecordKind
from agent.journal.rows import DeviceRow, JobRow
from agent.procedures.asks import (
    Answer,
    Answered,
    Ask,
    Begin,
    BeginOperation,
    Close,
    Commit,
    ContinuePrint,
    EndOperation,
    Fence,
    Fill,
    NoteSeen,
    Operate,
    Operation,
    ReadDocument,
    ReadStatus,
    ReadSubtotal,
    Reopen,
    Seen,
    Wait,
)
from agent.procedures.evidence import RECEIPTS
from drivers.api import FiscalDocument, FiscalRegister, Identity, Status
from drivers.errors import DeviceError, InDoubt, NotSent, Refused
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent, Known
from protocol.crm.lease import Lease
from protocol.crm.machine import Refusal
from protocol.crm.outcomes import Decision, Paper, Proof, Reason
from protocol.ffd.money import format_kopecks
from protocol.ffd.planned import PlannedReceipt


class Interrupted(Exception):
    """A wait ended early: the process stops, or a person has decided."""


@dataclass
class Work:
    """What the performer is busy with: a job, or ``None`` during an operation of its own."""

    row: JobRow | None
    plan: PlannedReceipt | None
    start_by: datetime | None = None
    cashier_name: str | None = None
    cashier_inn: str | None = None


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
        self._identity: Identity | None = None
        self._status: Status | None = None
        self.work = Work(None, None)

    # --- the channel

    @property
    def identity(self) -> Identity | None:
        """Who answered last; ``None`` while the channel is closed."""
        return self._identity

    def connect(self) -> Identity:
        """Open the channel if it is closed. Raises what the driver raises."""
        if self._identity is None:
            self._identity = self._register.connect()
        return self._identity

    def disconnect(self) -> None:
        self._identity = None
        self._register.disconnect()

    def last_identity(self) -> Identity:
        assert self._identity is not None
        return self._identity

    # --- asks

    def perform(self, ask: Ask) -> Answered:
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
        why = reason(error.code, vendor=error.vendor, detail=error.detail or None)
        return Answered(kind, self._book.clock.monotonic(), reason=why, remaining=remaining)

    def _do(self, ask: Ask) -> Any:
        register, work = self._register, self.work
        match ask:
            case ReadStatus():
                return self._read_status()
            case ReadDocument(fd):
                self.connect()
                document = register.document(fd)
                return Seen(document, self._book.owner_of(document.imprint)) if document is not None else None
            case Reopen():
                self.disconnect()
                return self.connect()
            case Wait(seconds, code):
                self._progress(work.row.job_id if work.row else None, code, None, None)
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
                return register.close_receipt(work.plan)
            case Fence():
                return register.cancel_document()
            case ContinuePrint():
                return register.continue_print()
            case Operate(operation):
                call = register.open_shift if operation is Operation.OPEN_SHIFT else register.close_shift
                return call(work.cashier_name, work.cashier_inn)
            case Begin():
                return self._begin(ask)
            case Commit(event, data):
                return self._commit(event, dict(data))
            case NoteSeen():
                return self._note_seen(ask)
            case BeginOperation():
                return self._begin_operation(ask)
            case EndOperation():
                return self._end_operation(ask)
        raise AssertionError(ask)

    def _read_status(self) -> Status:
        identity = self.connect()
        status = self._register.status()
        if (status.register_serial, status.fn_serial) != (identity.register_serial, identity.fn_serial):
            # Replaced behind an open channel: all that was read when it was opened belongs to the one before.
            self.disconnect()
            self.connect()
            status = self._register.status()
        self._status = status
        return status

    def _filling(self, done: int, of: int) -> None:
        self._progress(self.work.row.job_id if self.work.row else None, "positions", done, of)

    # --- commits of a job

    def _begin(self, ask: Begin) -> Reason | None:
        """R4: lease, epoch and space once more, then INTENT."""
        row, plan = self.work.row, self.work.plan
        assert row is not None
        assert plan is not None
        assert self.work.start_by is not None
        lease = self._book.judge(self.work.start_by)
        if lease is not Lease.GOOD:
            return reason("lease_passed" if lease is Lease.PASSED else "no_server_time")
        device, chosen = self._book.next_work(self._kkm_id)
        if chosen is None or chosen.row.job_id != row.job_id or chosen.row.lease_no != row.lease_no:
            return reason("stale_rev")
        if device.binding_epoch != row.binding_epoch:
            return reason("wrong_epoch")
        if self._book.journal.space_is_low():
            return reason("disk_low")
        first = (
            row.first_snapshot
            if row.first_snapshot and row.first_snapshot.fn_serial == ask.snapshot.fn_serial
            else None
        )
        moved = self._book.transition(
            row.job_id,
            JobEvent.INTENT,
            outcome={},
            snapshot=ask.snapshot,
            first_snapshot=first or ask.snapshot,
            imprinted=plan.imprint is not None,
        )
        if isinstance(moved, Refusal):
            return reason(moved.code)
        self.work = replace(self.work, row=moved)
        return None

    def _commit(self, event: JobEvent, data: dict[str, Any]) -> None:
        row = self.work.row
        assert row is not None
        moved = self._book.transition(row.job_id, event, outcome=self._outcome(row, event, data))
        assert isinstance(moved, JobRow), f"{event} in {row.state}: {moved}"
        self.work = replace(self.work, row=moved)
        document: FiscalDocument | None = data.get("document")
        if event in (JobEvent.PROVEN, JobEvent.FOUND) and document is not None:
            self._saw(document.fd)

    def _outcome(self, row: JobRow, event: JobEvent, data: dict[str, Any]) -> dict[str, Any] | None:
        why: Reason | None = data.get("reason")
        document: FiscalDocument | None = data.get("document")
        paper: Paper | None = data.get("paper")
        match event:
            case JobEvent.CLOSING:
                return None
            case JobEvent.PROVEN | JobEvent.FOUND:
                assert document is not None
                proof = self._proof(document).model_dump(mode="json")
                return {"proof": proof, "paper": paper.value if paper is not None else None}
            case JobEvent.PAPER:
                return {**row.outcome, "paper": paper.value if paper is not None else None}
            case JobEvent.PROVEN_NONE:
                assert why is not None
                return because(why, certainty="proven")
            case JobEvent.UNDECIDABLE:
                assert why is not None
                return because(why, evidence=data.get("evidence"))
            case JobEvent.DECIDED_DONE | JobEvent.DECIDED_NOT_DONE:
                return self._decided(row, event, document)
        return because(why) if why is not None else {}

    def _decided(self, row: JobRow, event: JobEvent, document: FiscalDocument | None) -> dict[str, Any]:
        asked = row.outcome["asked"]
        read = self._proof(document) if document is not None and self._identity is not None else None
        proof = person_proof(row, document, read, asked["person"], asked["why"])
        told = because(reason("decided_by_person"), evidence=row.outcome.get("evidence"))
        if event is JobEvent.DECIDED_DONE and document is None and asked.get("fd") is not None:
            proof = proof.model_copy(update={"fd": asked["fd"]})
        return {**told, "proof": proof.model_dump(mode="json")}

    def _proof(self, document: FiscalDocument) -> Proof:
        plan = self.work.plan
        assert plan is not None
        identity = self.connect()
        timezone = self._device().settings.timezone
        return device_proof(
            document, fn_serial=identity.fn_serial, identity=identity, status=self._status, timezone=timezone, plan=plan
        )

    # --- what was seen of the device

    def _device(self) -> DeviceRow:
        return self._book.next_work(self._kkm_id)[0]

    def _saw(self, fd: int) -> None:
        identity = self.last_identity()

        def change(device: DeviceRow) -> DeviceRow:
            if device.fn_serial == identity.fn_serial and device.highest_fd is not None:
                return replace(device, highest_fd=_next(device.highest_fd, fd))
            return replace(device, fn_serial=identity.fn_serial, highest_fd=fd)

        self._book.update_device(self._kkm_id, "seen", RecordKind.DEVICE, change)

    def _note_seen(self, ask: NoteSeen) -> None:
        """The archive up to ``highest_fd`` is known now. A foreign receipt on an exclusive desk ends that trust."""
        foreign = [s.document for s in ask.seen if s.owner is None and s.document.kind in RECEIPTS]
        for seen in ask.seen:
            if seen.owner is not None and (self.work.row is None or seen.owner != self.work.row.job_id):
                self._found_elsewhere(seen)
        before = self._device()
        new_fn = before.fn_serial is not None and before.fn_serial != ask.fn_serial

        def change(device: DeviceRow) -> DeviceRow:
            return replace(
                device,
                fn_serial=ask.fn_serial,
                highest_fd=ask.highest_fd,
                exclusive_lost=device.exclusive_lost or bool(foreign),
            )

        def told(_: DeviceRow) -> Any:
            if new_fn:
                return self._book.event("fn_replaced", self._kkm_id, {"was": before.fn_serial, "is": ask.fn_serial})
            if foreign:
                documents = [{"fd": d.fd, "total": d.total, "at": d.at.isoformat()} for d in foreign]
                return self._book.event("foreign_document", self._kkm_id, {"documents": documents})
            return None

        self._book.update_device(self._kkm_id, "seen", RecordKind.DEVICE, change, told)
        self._book.contradictions(self._kkm_id, [s.document for s in ask.seen if s.owner is not None])

    def _found_elsewhere(self, seen: Seen) -> None:
        """A job that this journal takes for waiting already has its document (an older journal, another PC)."""
        row = self._book.journal.read(lambda tx: tx.job(seen.owner or ""))
        if row is None or row.state not in (Known.ACCEPTED, Known.HELD):
            return
        identity = self.connect()
        proof = device_proof(
            seen.document,
            fn_serial=identity.fn_serial,
            identity=identity,
            status=self._status,
            timezone=self._device().settings.timezone,
            plan=None,
        )
        self._book.transition(
            row.job_id, JobEvent.FOUND, outcome={"proof": proof.model_dump(mode="json"), "paper": None}
        )

    # --- operations of its own

    def _begin_operation(self, ask: BeginOperation) -> None:
        intent = {
            "operation": ask.operation.value,
            "for_job": self.work.row.job_id if self.work.row else None,
            "at": self._book.clock.now().isoformat(),
        }
        stored = {**intent, "snapshot": asdict(ask.snapshot)}
        self._book.update_device(
            self._kkm_id,
            "operation_intent",
            RecordKind.OPERATION_INTENT,
            lambda device: replace(device, operation=stored),
        )

    def _end_operation(self, ask: EndOperation) -> None:
        document = ask.document
        timezone = self._device().settings.timezone

        def change(device: DeviceRow) -> DeviceRow:
            if document is None:
                return replace(device, operation=None)
            same = device.fn_serial == self.last_identity().fn_serial
            if not same or device.highest_fd is None:
                return replace(device, operation=None)
            return replace(device, operation=None, highest_fd=_next(device.highest_fd, document.fd))

        def told(_: DeviceRow) -> Any:
            if document is None:
                return None
            body: dict[str, Any] = {
                "fd": document.fd,
                "fpd": document.fpd,
                "shift": document.shift_number,
                "at": with_offset(document.at, timezone).isoformat(),
                "register_serial": self.last_identity().register_serial,
                "fn": self.last_identity().fn_serial,
                "by": "policy",
            }
            if self._status is not None and self._status.drawer is not None:
                body["drawer"] = format_kopecks(self._status.drawer)
            kind = "shift_opened" if ask.operation is Operation.OPEN_SHIFT else "shift_closed"
            return self._book.event(kind, self._kkm_id, body)

        self._book.update_device(self._kkm_id, "operation_outcome", RecordKind.OPERATION_OUTCOME, change, told)


def _next(highest: int, fd: int) -> int:
    """The highest known number after ``fd`` was seen: only the very next one counts. What lies between is read, and
    judged, by the next job's R3."""
    return fd if fd == highest + 1 else highest


def decision_of(row: JobRow) -> tuple[Decision | None, int | None]:
    """A person's decision that waits on a ``human`` job, if it was made on the revision as it stands."""
    asked = row.outcome.get("asked")
    if not asked or asked["rev"] != row.rev:
        return None, None
    return Decision(asked["decision"]), asked.get("fd")

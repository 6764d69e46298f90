"""What a procedure commits, as transactions of the job book: INTENT, outcomes with their proof, what was seen of the
device, and the operations that the desk's policy asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

from agent.devices.facts import counters_json, document_json, totals_json
from agent.devices.work import Work
from agent.jobs.book import JobBook
from agent.jobs.proof import cash_proof, device_proof, person_proof, with_offset
from agent.jobs.transitions import because
from agent.journal.records import RecordKind
from agent.journal.rows import DeviceRow, JobRow
from agent.procedures.asks import Begin, BeginOperation, EndOperation, NoteSeen, Operation, Seen
from agent.procedures.evidence import RECEIPTS, few
from drivers.api import CloseReply, FiscalDocument, Identity, ShiftTotals, Status
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent, Known
from protocol.crm.jobs import JobKind
from protocol.crm.lease import Lease
from protocol.crm.machine import Refusal
from protocol.crm.messages import Event, EventKind
from protocol.crm.outcomes import Decision, Paper, Proof, Reason
from protocol.ffd.money import format_kopecks

Data = Mapping[str, Any]
"""What a procedure gives along with an event: ``reason``, ``document``, ``paper``, ``evidence``, ``totals``,
``counters``, ``result``."""

WITHOUT_INTENT = frozenset({JobEvent.ANSWERED, JobEvent.IMPOSSIBLE, JobEvent.FOUND, JobEvent.PAPER})
"""What is committed of a job that has no open intent."""

_EVENTS = {Operation.OPEN_SHIFT: EventKind.SHIFT_OPENED, Operation.CLOSE_SHIFT: EventKind.SHIFT_CLOSED}


class Recorder:
    def __init__(self, kkm_id: str, book: JobBook, identity: Callable[[], Identity]) -> None:
        """``identity()`` of the register that is being read; it may have to open the channel."""
        self._kkm_id = kkm_id
        self._book = book
        self._identity = identity
        self.work = Work()
        self.status: Status | None = None  # the last one that was read
        self.totals: ShiftTotals | None = None  # of the present shift, as last read

    # --- a job

    def begin(self, ask: Begin) -> Reason | None:
        """R4: lease, epoch and space once more, then INTENT."""
        row = self.work.row
        assert row is not None
        lease = self._book.lease_of(row)
        if lease is not Lease.GOOD:
            return _no_lease(lease)
        device, chosen = self._book.next_work(self._kkm_id)
        if chosen is None or chosen.row.job_id != row.job_id or chosen.row.lease_no != row.lease_no:
            return reason("stale_rev")
        if device.binding_epoch != row.binding_epoch:
            return reason("wrong_epoch")
        if self._book.journal.space_is_low():
            return reason("disk_low")
        first = row.first_snapshot
        if first is None or first.fn_serial != ask.snapshot.fn_serial:
            first = ask.snapshot
        plan = self.work.plan
        moved = self._book.transition(
            row.job_id,
            JobEvent.INTENT,
            outcome={},
            snapshot=ask.snapshot,
            first_snapshot=first,
            imprinted=plan is not None and plan.imprint is not None,
        )
        if isinstance(moved, Refusal):
            return reason(moved.code)
        self.work = replace(self.work, row=moved)
        return None

    def commit(self, event: JobEvent, data: Data) -> None:
        row = self.work.row
        assert row is not None
        outcome, facts = self._outcome(row, event, data), self._facts(event, data)
        moved = self._book.transition(row.job_id, event, outcome=outcome, facts=facts)
        document: FiscalDocument | None = data.get("document")
        if isinstance(moved, Refusal):
            # Without INTENT a job may be cancelled, held or given up while the register is asked: that word stands.
            assert event in WITHOUT_INTENT, f"{event} in {row.state}: {moved}"
            self._book.contradictions(self._kkm_id, [document] if document is not None else [])
            return
        self.work = replace(self.work, row=moved)
        if event in (JobEvent.PROVEN, JobEvent.FOUND) and document is not None:
            self._saw(document.fd)

    def closed(self, reply: CloseReply) -> CloseReply:
        """The drawer of the last status is the one before the receipt: the proof shows the one after it, or none."""
        if self.status is not None:
            self.status = replace(self.status, drawer=reply.drawer)
        return reply

    def _outcome(self, row: JobRow, event: JobEvent, data: Data) -> dict[str, Any] | None:
        why: Reason | None = data.get("reason")
        document: FiscalDocument | None = data.get("document")
        paper: Paper | None = data.get("paper")
        match event:
            case JobEvent.CLOSING:
                return None
            case JobEvent.PROVEN | JobEvent.FOUND:
                proof = self._proof(document, data)
                told = {"proof": proof.model_dump(mode="json") if proof is not None else None}
                return {**told, "paper": paper.value if paper is not None else None}
            case JobEvent.PAPER:
                return {**row.outcome, "paper": paper.value if paper is not None else None}
            case JobEvent.PROVEN_NONE | JobEvent.IMPOSSIBLE:
                assert why is not None
                return because(why, certainty="proven")
            case JobEvent.UNPROVEN:
                assert why is not None
                return because(why, certainty="unproven")
            case JobEvent.UNDECIDABLE:
                assert why is not None
                return because(why, evidence=data.get("evidence"))
            case JobEvent.DECIDED_DONE | JobEvent.DECIDED_NOT_DONE:
                return self._decided(row, event, document, data)
        return because(why) if why is not None else {}

    def _facts(self, event: JobEvent, data: Data) -> dict[str, Any]:
        """What the job has found out, for the one record that keeps it."""
        facts: dict[str, Any] = {}
        totals, result = data.get("totals"), data.get("result")
        if self.work.kind is JobKind.X_REPORT and event is JobEvent.PROVEN:
            totals, self.totals = self.totals, None
        if result is None and totals is not None:
            told = totals_json(totals)
            result = {"totals": told, "drawer": told["drawer"]}
        if result is None and data.get("counters") is not None:
            result = counters_json(data["counters"])
        if result is not None:
            facts["result"] = result
        if data.get("document") is not None:
            facts["document"] = document_json(data["document"])
        return facts

    def _decided(self, row: JobRow, event: JobEvent, document: FiscalDocument | None, data: Data) -> dict[str, Any]:
        asked = row.outcome["asked"]
        read = self._proof(document, data) if document is not None else None
        proof = person_proof(row, document, read, asked["person"], asked["why"])
        told = because(reason("decided_by_person"), evidence=row.outcome.get("evidence"))
        if event is JobEvent.DECIDED_DONE and document is None and asked.get("fd") is not None:
            proof = proof.model_copy(update={"fd": asked["fd"]})
        return {**told, "proof": proof.model_dump(mode="json")}

    def _proof(self, document: FiscalDocument | None, data: Data) -> Proof | None:
        """Of a document in the archive, or of the register's records of cash; ``None`` for what needs no proof."""
        timezone = self._device().settings.timezone
        if document is not None:
            return device_proof(
                document, identity=self._identity(), status=self.status, timezone=timezone, plan=self.work.plan
            )
        counters = data.get("counters")
        if counters is None:
            return None
        assert self.work.amount is not None
        return cash_proof(
            counters, amount=self.work.amount, identity=self._identity(), status=self.status, timezone=timezone
        )

    # --- what was seen of the device

    def _device(self) -> DeviceRow:
        return self._book.device(self._kkm_id)

    def _saw(self, fd: int) -> None:
        identity = self._identity()

        def change(device: DeviceRow) -> DeviceRow:
            if device.fn_serial == identity.fn_serial and device.highest_fd is not None:
                return replace(device, highest_fd=_next(device.highest_fd, fd))
            return replace(device, fn_serial=identity.fn_serial, highest_fd=fd)

        self._book.update_device(self._kkm_id, "seen", RecordKind.DEVICE, change)

    def note_seen(self, ask: NoteSeen) -> None:
        """The archive up to ``highest_fd`` is known now. A foreign receipt on an exclusive desk ends that trust."""
        foreign = [s.document for s in ask.seen if s.owner is None and s.document.kind in RECEIPTS]
        for seen in ask.seen:
            if seen.owner is not None and seen.owner != self.work.job_id:
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

        def told(_: DeviceRow) -> Iterator[Event]:
            if new_fn:
                body: dict[str, Any] = {"was": before.fn_serial, "is": ask.fn_serial}
                yield self._book.event(EventKind.FN_REPLACED, self._kkm_id, body)
            if foreign:
                shown = [{"fd": d.fd, "total": d.total, "at": d.at.isoformat()} for d in few(foreign)]
                body = {"documents": shown, "count": len(foreign)}
                yield self._book.event(EventKind.FOREIGN_DOCUMENT, self._kkm_id, body)

        self._book.update_device(self._kkm_id, "seen", RecordKind.DEVICE, change, told)
        self._book.contradictions(self._kkm_id, [s.document for s in ask.seen if s.owner is not None])

    def _found_elsewhere(self, seen: Seen) -> None:
        """A job that this journal takes for waiting already has its document (an older journal, another PC)."""
        row = self._book.journal.read(lambda tx: tx.job(seen.owner or ""))
        if row is None or row.state not in (Known.ACCEPTED, Known.HELD):
            return
        timezone = self._device().settings.timezone
        proof = device_proof(seen.document, identity=self._identity(), status=self.status, timezone=timezone, plan=None)
        outcome = {"proof": proof.model_dump(mode="json"), "paper": None}
        facts = {"document": document_json(seen.document)}
        self._book.transition(row.job_id, JobEvent.FOUND, outcome=outcome, facts=facts)

    # --- operations that the policy asks for

    def begin_operation(self, ask: BeginOperation) -> Reason | None:
        """R4 of an operation: whose register it is, whether the job that needs it still waits, then INTENT."""
        intent: dict[str, Any] = {
            "operation": ask.operation.value,
            "for_job": self.work.job_id,
            "rule": self.work.rule,
            "at": self._book.clock.now().isoformat(),
            "totals": totals_json(self.totals) if self.totals is not None else None,
        }
        if self.work.row is not None:
            lease = self._book.lease_of(self.work.row)
            if lease is not Lease.GOOD:
                return _no_lease(lease)
        intent["snapshot"] = asdict(ask.snapshot)
        why = self._book.begin_operation(self._kkm_id, intent, for_job=self.work.row)
        if why is None:
            self.totals = None
            self.work = replace(self.work, intent=intent)
        return why

    def end_operation(self, ask: EndOperation) -> None:
        document = ask.document
        before = self._device()
        intent = before.operation or {}

        def change(device: DeviceRow) -> DeviceRow:
            if document is None:
                return replace(device, operation=None)
            if ask.operation is Operation.CLOSE_SHIFT and intent.get("for_job") is None:
                device = replace(device, policy_closed_at=document.at.isoformat())
            same = device.fn_serial == self._identity().fn_serial
            if not same or device.highest_fd is None:
                return replace(device, operation=None)
            return replace(device, operation=None, highest_fd=_next(device.highest_fd, document.fd))

        def told(_: DeviceRow) -> Iterator[Event]:
            if document is None:
                return
            identity = self._identity()
            body: dict[str, Any] = {
                "fd": document.fd,
                "fpd": document.fpd,
                "shift": document.shift_number,
                "at": with_offset(document.at, before.settings.timezone).isoformat(),
                "register_serial": identity.register_serial,
                "fn": identity.fn_serial,
                "by": "policy",
                "rule": intent.get("rule"),
                "for_job": intent.get("for_job"),
                "document": document_json(document),
            }
            if intent.get("totals") is not None and ask.operation is Operation.CLOSE_SHIFT:
                body["totals"] = intent["totals"]
            if self.status is not None and self.status.drawer is not None:
                body["drawer"] = format_kopecks(self.status.drawer)
            yield self._book.event(_EVENTS[ask.operation], self._kkm_id, body)

        self._book.update_device(self._kkm_id, "operation_outcome", RecordKind.OPERATION_OUTCOME, change, told)
        self.work = replace(self.work, intent=None)


def _no_lease(lease: Lease) -> Reason:
    return reason("lease_passed" if lease is Lease.PASSED else "no_server_time")


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

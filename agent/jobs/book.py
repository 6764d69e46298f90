"""The job book: every change of a job or a binding that is made on this agent, each in one transaction.

Thread-safe; shared by the link (what the server says), the lanes (what the devices do) and the clockwork (what time
does). It answers only after the commit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any, TypeVar

from agent.jobs import (
    acceptance,
    cancelling,
    choosing,
    deciding,
    heard,
    ownership,
    sales,
    settling,
    telling,
    terminal_slips,
)
from agent.jobs.acceptance import Addressee
from agent.jobs.permission import Clock, Permission
from agent.jobs.transitions import (
    WAITING,
    apply,
    claim_records,
    is_open,
    note_paper,
    unsearched,
)
from agent.jobs.waiting import time_passed, too_long, waiting
from agent.journal.records import RecordKind
from agent.journal.rows import DeviceRow, JobRow, JobWithOffer
from agent.journal.store import Journal, Transaction
from drivers.api import FiscalDocument
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent, Known
from protocol.crm.jobs import DeviceClass, JobKind
from protocol.crm.lease import Lease
from protocol.crm.machine import Refusal
from protocol.crm.messages import (
    Bind,
    Cancel,
    Desk,
    Ended,
    Event,
    EventKind,
    KnownJob,
    Offer,
    Release,
    Renew,
    Resolve,
)
from protocol.crm.outcomes import Reason, Value
from protocol.crm.payments import MONEY_PAYLOADS

T = TypeVar("T")

_FOLLOWED = frozenset({JobKind.CLOSE_SHIFT, *MONEY_PAYLOADS})
"""Kinds whose end may give another device something to do."""

Verified = Callable[[str, Value], bool]
"""Whether a signed message (type, body) carries a good signature of a pinned key."""


class JobBook:
    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        *,
        tenant_id: str,
        agent_id: str,
        verified: Verified,
        devices: Sequence[str],
        classes: Mapping[str, DeviceClass] = MappingProxyType({}),
        only: str | None = None,
    ) -> None:
        """``classes``: what the devices are; one that is not named is offered any kind of job. ``only``: of the waiting
        jobs none but this one may start (a job of the command line)."""
        self.journal = journal
        self.clock = clock
        self._agent_id = agent_id
        self._verified = verified
        genuine = partial(verified, "offer")
        self._us = Addressee(tenant_id, agent_id, frozenset(devices), genuine, classes)
        self._only = only
        self._permission = Permission(clock)
        self._began = clock.monotonic()
        waiting = journal.read(lambda tx: [row.job_id for row in tx.live_jobs() if row.state in WAITING])
        self._earlier = frozenset(waiting)  # of an earlier process, or of an older copy of the disk
        self._listeners: list[Callable[[str | None], None]] = []
        self._callers_off: list[Callable[[str], object]] = []
        self._outgoing: Callable[[], None] = lambda: None

    # --- wiring

    def on_change(self, listener: Callable[[str | None], None]) -> None:
        """``listener(kkm_id)`` is called after a commit that a lane may have to look at (``None``: all lanes)."""
        self._listeners.append(listener)

    def on_cancel(self, listener: Callable[[str], object]) -> None:
        """``listener(job_id)`` is called after the server's cancel was committed. To a job that has begun it came too
        late, and is a wish to its device at most."""
        self._callers_off.append(listener)

    def on_outgoing(self, wake: Callable[[], None]) -> None:
        self._outgoing = wake

    def _changed(self, kkm_id: str | None) -> None:
        self._outgoing()
        for listener in self._listeners:
            listener(kkm_id)

    # --- time and permission to start

    def pong(self, server_time: datetime, sent_at: float) -> None:
        self._permission.pong(server_time, sent_at)
        self._changed(None)

    def allow_starts(self, allowed: bool) -> None:
        self._permission.allow(allowed)
        self._changed(None)

    def pause(self, paused: bool) -> None:
        """A person at the desk wants nothing new to be begun; what has begun goes on to its outcome."""
        self._permission.pause(paused)
        self._changed(None)

    @property
    def paused(self) -> bool:
        return self._permission.paused

    def judge(self, start_by: datetime) -> Lease:
        return self._permission.judge(start_by)

    def lease_of(self, row: JobRow) -> Lease:
        """Whether the job may begin now. A part of a sale that has begun has no time of its own and needs no server:
        what it may not do is begin in a process that the server has not let act, whose disk may be an older copy. A
        receipt with an imprint may: the archive is read first, and would show it."""
        start_by = datetime.fromisoformat(row.start_by)
        if row.part is None:
            return self.judge(start_by)
        wanted, begun, imprint = self.journal.read(
            lambda tx: (sales.may_begin(tx, row), sales.has_begun(tx, row), tx.device(row.kkm_id).settings.imprint)
        )
        if not begun:
            return self.judge(start_by)
        safe = self._permission.let_act or (imprint and row.kind == JobKind.RECEIPT)
        return Lease.GOOD if wanted and safe else Lease.UNKNOWN

    def server_time(self) -> datetime | None:
        """The latest that the server's time can be; ``None`` without a fresh pong."""
        return self._permission.server_time()

    # --- what the server says

    def receive(self, type_: str, body: Value, *, acting: bool) -> bool:
        """Take a durable message of the server; ``False`` when it was not taken and must not be acknowledged."""
        if not acting:
            return False
        if isinstance(body, Offer):
            self._offer(body)
            return True
        if not self._verified(type_, body) or getattr(body, "agent_id", None) != self._agent_id:
            self._note("bad_signature", {"type": type_, "body": body.model_dump(mode="json")})
            return True
        match body:
            case Cancel():
                self._cancel(body)
            case Renew():
                self._renew(body)
            case Resolve():
                self._resolve(body)
            case Bind():
                self._bind(body)
            case Release():
                self._release(body)
            case _:
                return False
        return True

    def _offer(self, offer: Offer) -> None:
        self.journal.commit(lambda tx: acceptance.take(tx, offer, self._us, space_is_low=self.journal.space_is_low()))
        self._changed(offer.kkm_id)

    def _cancel(self, cancel: Cancel) -> None:
        cautious = cancel.job_id in self._earlier and self._just_begun()
        self._changed(self.journal.commit(lambda tx: cancelling.cancel(tx, cancel, cautious=cautious)))
        for wanted in self._callers_off:
            wanted(cancel.job_id)

    def _renew(self, renew: Renew) -> None:
        self._changed(self.journal.commit(lambda tx: acceptance.renew(tx, renew)))

    def _resolve(self, resolve: Resolve) -> None:
        """A person's decision: kept on disk with the job; the lane asks the device first, and the device wins."""

        self._decided(self.journal.commit(lambda tx: _let_go(tx, deciding.told(tx, resolve))))

    def decide(self, job_id: str, decision: deciding.Word, *, person: str, why: str, fd: int | None) -> JobRow | None:
        """The same, by a person at this PC. ``None``: the job does not wait for a decision."""
        row = self.journal.commit(lambda tx: _let_go(tx, deciding.decide(tx, job_id, decision, person, why, fd)))
        if row is not None:
            self._decided(row)
        return row

    def _decided(self, row: JobRow | None) -> None:
        """What a sale goes on with may be another device's."""
        self._changed(row.kkm_id if row is not None and row.sale is None else None)

    def at_this_pc(self, kkm_id: str, work: Callable[[Transaction], T]) -> T:
        """What somebody at this PC asks of a register, committed; its lane looks."""
        done = self.journal.commit(work)
        self._changed(kkm_id)
        return done

    # --- ownership

    def _bind(self, bind: Bind) -> None:
        self.journal.commit(lambda tx: ownership.bind(tx, bind, lambda offer: self._verified("offer", offer)))
        self._changed(bind.binding.kkm_id)

    def _release(self, release: Release) -> None:
        self.journal.commit(lambda tx: ownership.release(tx, release))
        self._changed(release.kkm_id)

    def learned_epoch(self, kkm_id: str, epoch: int) -> None:
        """``ownership.learned_epoch``, committed."""
        self.journal.commit(lambda tx: ownership.learned_epoch(tx, kkm_id, epoch))
        self._changed(kkm_id)

    def desks(self, settings: dict[str, tuple[int, Desk]]) -> None:
        """The desks as ``welcome`` tells them: only for bindings that this journal has under the same epoch."""

        def work(tx: Transaction) -> None:
            for kkm_id, (epoch, desk) in settings.items():
                device = tx.device(kkm_id)
                told = desk.model_dump(mode="json")
                if device.binding_epoch == epoch and device.desk != told:
                    tx.write_device(replace(device, desk=told), "desk")

        self.journal.commit(work)
        self._changed(None)

    # --- what the lanes ask

    @property
    def may_start(self) -> bool:
        """The server has let this journal act in this process (it is no copy, and its devices are its own), and nobody
        at the desk has paused it."""
        return self._permission.granted

    def device(self, kkm_id: str) -> DeviceRow:
        return self.journal.read(lambda tx: tx.device(kkm_id))

    def next_work(self, kkm_id: str) -> tuple[DeviceRow, JobWithOffer | None]:
        """``choosing.next_work``."""
        return self.journal.read(lambda tx: choosing.next_work(tx, kkm_id, self._only))

    def adopted(self, kkm_id: str) -> list[JobWithOffer]:
        """Waiting jobs whose document may already stand in the archive."""
        return self.journal.read(lambda tx: [tx.with_offer(row) for row in tx.live_jobs(kkm_id) if unsearched(row)])

    def searched(self, job_id: str) -> None:
        """``cancelling.searched``, committed; of a part, what it means to its sale, too."""

        def work(tx: Transaction) -> str | None:
            kkm_id = cancelling.searched(tx, job_id)
            row = tx.job(job_id)
            if kkm_id is None or row is None or row.part is None:
                return kkm_id
            sales.searched(tx, row)
            return None  # money that goes back now is another device's

        self._changed(self.journal.commit(work))

    def transition(
        self,
        job_id: str,
        event: JobEvent,
        *,
        outcome: dict[str, Any] | None = None,
        facts: dict[str, Any] | None = None,
        also: Callable[[Transaction], None] = lambda _: None,
        **changes: Any,
    ) -> JobRow | Refusal:
        """Move a job for a lane. ``also`` writes, in the same transaction, what else has come of it."""
        true = self.server_time()

        def work(tx: Transaction) -> JobRow | Refusal:
            row = tx.job(job_id)
            assert row is not None
            move = apply if row.part is None else sales.transition
            end = heard.taken(row)
            if end is not None and event in (JobEvent.PROVEN_NONE, end[0]):  # there is no further attempt
                moved = move(tx, row, end[0], **end[1])
            else:
                moved = move(tx, row, event, outcome=outcome, facts=facts, **changes)
            if isinstance(moved, JobRow):
                also(tx)
                note_paper(tx, moved)
                if moved.state is Known.DONE:
                    claim_records(tx, moved.kkm_id, moved.kind)
                if moved.state is Known.DONE and moved.kind == JobKind.CLOSE_SHIFT and end is None:
                    settling.after_job(tx, moved, true)
                if not is_open(moved):
                    terminal_slips.after_job(tx, moved, true)
                    _let_go(tx, row)
            return moved

        moved = self.journal.commit(work)
        self._outgoing()
        if isinstance(moved, JobRow) and (moved.part is not None or moved.kind in _FOLLOWED):
            self._changed(None)  # what comes next may be another device's: the next part, the settlement, the slip
        return moved

    def heard(self, ended: Sequence[Ended]) -> None:
        """``heard.hear`` of every end that carries the server's signature, committed."""
        mine = [told for told in ended if told.agent_id == self._agent_id and self._verified("ended", told)]
        if mine:
            self.journal.commit(lambda tx: [_let_go(tx, heard.hear(tx, told)) for told in mine])
            self._changed(None)

    def end_as_heard(self, row: JobRow) -> None:
        """For a lane: the job in hand has heard of its end."""
        end = heard.taken(row)
        assert end is not None
        self.transition(row.job_id, end[0])

    def distrust(self) -> None:
        """``ownership.distrust`` and ``sales.distrust``, committed."""

        def doubt(tx: Transaction) -> None:
            ownership.distrust(tx)
            sales.distrust(tx)

        self.journal.commit(doubt)
        self._changed(None)

    def sale_checked(self, job_id: str) -> Reason | None:
        """``sales.checked``, committed."""
        why = self.journal.commit(lambda tx: sales.checked(tx, job_id, self._us.devices))
        self._changed(None)
        return why

    def update_device(self, kkm_id: str, event: str, kind: RecordKind, change: Callable[[DeviceRow], DeviceRow],
                      told: Callable[[DeviceRow], Iterable[Event]] = lambda _: ()) -> DeviceRow:  # fmt: skip
        """Record what happened to a device, with the events that the server is told."""
        true = self.server_time()

        def work(tx: Transaction) -> DeviceRow:
            device = change(tx.device(kkm_id))
            if kind is RecordKind.OPERATION_OUTCOME and (ended := tx.device(kkm_id).operation) is not None:
                claim_records(tx, kkm_id, ended["operation"])
            tx.write_device(device, event, kind)
            for body in told(device):
                tx.send(body, "event")
                if body.kind == EventKind.SHIFT_CLOSED:
                    settling.after_shift(tx, kkm_id, body.body, true)
            if device.operation is None:
                ownership.finish_release(tx, kkm_id)
            return device

        device = self.journal.commit(work)
        if kind is RecordKind.OPERATION_OUTCOME:
            self._changed(None)  # as above
        self._outgoing()
        return device

    def begin_operation(self, kkm_id: str, intent: dict[str, Any], *, for_job: JobRow | None) -> Reason | None:
        """Record the intent of an operation that the desk's policy asks for, for itself or for a waiting job; the
        reason when either is no longer so."""
        if not self.may_start:
            return reason("rolled_back")
        if self.journal.space_is_low():
            return reason("disk_low")
        return self.journal.commit(lambda tx: ownership.begin_operation(tx, kkm_id, intent, for_job))

    def owner_of(self, imprint: str | None) -> str | None:
        return self.journal.read(lambda tx: tx.owner_of_imprint(imprint)) if imprint else None

    def event(self, kind: str, kkm_id: str | None, body: dict[str, Any]) -> Event:
        return Event(event_id=self.journal.new_id(), kkm_id=kkm_id, kind=kind, at=self.clock.now(), body=body)

    def contradictions(self, kkm_id: str, documents: Sequence[FiscalDocument]) -> None:
        """A document with the imprint of a job that was decided to be not done: owner and support are told."""

        def work(tx: Transaction) -> None:
            for document in documents:
                owner = tx.owner_of_imprint(document.imprint) if document.imprint else None
                row = tx.job(owner) if owner is not None else None
                if row is not None and row.state in (Known.NOT_DONE, Known.CANCELLED):
                    body = {"job_id": row.job_id, "fd": document.fd, "state": row.state.value}
                    tx.append(RecordKind.EVENT, {"event": "decision_contradicted", **body}, job_id=row.job_id)
                    tx.send(self.event("decision_contradicted", kkm_id, body), "event")

        self.journal.commit(work)
        self._outgoing()

    # --- what time does

    def tick(self) -> None:
        """Leases that passed while nothing started, jobs that nobody renewed, cancels that waited for a register."""
        if self._earlier and not self._just_begun():
            self._earlier = frozenset()
            self.journal.commit(cancelling.caution_is_over)
            self._outgoing()

        if self.journal.read(lambda tx: any(row.part is not None for row in tx.live_jobs())):
            self.journal.commit(sales.tidy)
            self._outgoing()

        for row, event, code in too_long(self.journal.read(waiting), self.judge, self.clock.now):
            self._time_passed(row, event, code)

    def _time_passed(self, seen: JobRow, event: JobEvent, code: str) -> None:
        self.journal.commit(lambda tx: time_passed(tx, seen, event, code))
        self._outgoing()

    def _just_begun(self) -> bool:
        return self.clock.monotonic() - self._began < cancelling.CAUTION

    # --- the link's bookkeeping

    def differences(self, known: Sequence[KnownJob], since: int = 0) -> None:
        """``telling.differences``, committed."""
        self.journal.commit(lambda tx: telling.differences(tx, known, since))
        self._outgoing()

    def acknowledged(self, msg_ids: Sequence[str]) -> None:
        """``telling.acknowledged``, committed."""
        self.journal.commit(lambda tx: telling.acknowledged(tx, msg_ids))

    def _note(self, event: str, body: dict[str, Any]) -> None:
        self.journal.commit(lambda tx: tx.append(RecordKind.NOTE, {"event": event, **body}))


def _let_go(tx: Transaction, row: JobRow | None) -> JobRow | None:
    """Devices whose release may have waited for what this job was."""
    for kkm_id in sales.devices_of(tx, row) if row is not None else ():
        ownership.finish_release(tx, kkm_id)
    return row

"""The projections' rows: what the journal's records add up to for one job and for one device."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any

from pydantic import StringConstraints, TypeAdapter

from protocol.crm.job_machine import Job, Known
from protocol.crm.jobs import PART_ID, imprint_of
from protocol.crm.messages import Desk, Offer

LOCAL = "local"
"""The tenant of a job that was given at this PC: no server is told of it."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The register just before an attempt: what doubt is later compared with."""

    register_serial: str
    fn_serial: str
    last_fd: int
    shift_number: int
    receipt_in_shift: int
    at: str
    document_number: int | None = None  # the register's own running number; these six only for cash in and cash out
    drawer: int | None = None
    cash_in: int | None = None
    cash_out: int | None = None
    cash_in_count: int | None = None
    cash_out_count: int | None = None

    @classmethod
    def of(cls, value: dict[str, Any] | None) -> Snapshot | None:
        return cls(**value) if value else None


@dataclass(frozen=True, slots=True)
class JobRow:
    """One job as the agent knows it. ``offer`` is kept beside the row, because it never changes under one lease."""

    job_id: str
    kkm_id: str
    kind: str
    state: Known
    rev: int
    attempt: int
    closing: bool
    seq: int  # order of arrival; jobs of a device run in this order
    lease_no: int
    start_by: str
    binding_epoch: int
    payload_hash: str
    imprint: str
    held_since: str | None = None
    first_snapshot: Snapshot | None = None  # of the first attempt: the range in which a document may stand
    snapshot: Snapshot | None = None  # of the current attempt
    imprinted: bool = True  # the current attempt's document carries the imprint
    movement: dict[str, Any] | None = None  # of money, under INTENT: reference, last (before it), approved (CLOSING)
    outcome: dict[str, Any] = field(default_factory=dict)  # reason, proof, paper, evidence, certainty: short things
    archived: bool = False
    part: dict[str, Any] | None = None  # of a part of a sale: step, n, charge (index of the card payment), at
    sale: dict[str, Any] | None = None  # of a sale that was checked: see ``agent.jobs.sales``
    heard: dict[str, Any] | None = None  # the end that the server knows of, while it is open here: ``agent.jobs.heard``

    @property
    def job(self) -> Job:
        return Job(state=self.state, rev=self.rev, attempt=self.attempt, closing=self.closing)

    @property
    def local(self) -> bool:
        """Given at this PC and not by a server: an imprint is made of the tenant and the job's id."""
        return self.imprint == imprint_of(LOCAL, self.job_id)

    @property
    def unheard(self) -> bool:
        """No server is told of it: given at this PC, or a part of a sale, which is told with the whole."""
        return self.local or self.part is not None

    def moved(self, job: Job, **changes: Any) -> JobRow:
        return replace(self, state=job.state, rev=job.rev, attempt=job.attempt, closing=job.closing, **changes)

    def to_json(self) -> dict[str, Any]:
        """To be written at once: the dictionaries inside are the row's own."""
        row: dict[str, Any] = {name: getattr(self, name) for name in _JOB_FIELDS}
        for name in ("first_snapshot", "snapshot"):
            row[name] = asdict(row[name]) if row[name] is not None else None
        return row

    @classmethod
    def of(cls, value: dict[str, Any]) -> JobRow:
        known = {**value, "state": Known(value["state"])}
        for name in ("first_snapshot", "snapshot"):
            known[name] = Snapshot.of(known[name])
        return cls(**known)


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """One register as the agent knows it."""

    kkm_id: str
    register_serial: str | None = None  # of the binding
    binding_epoch: int = 0  # 0: not bound, nothing runs on it
    released: bool = False
    releasing: bool = False  # a release was asked for; it waits for the open intent
    doubted: bool = False  # this journal may be an older copy: nothing new begins before the next binding
    desk: dict[str, Any] = field(default_factory=dict)
    fn_serial: str | None = None
    highest_fd: int | None = None  # the highest document of this FN that this journal knows of
    exclusive_lost: bool = False  # a document that is not ours was seen between ours
    operation: dict[str, Any] | None = None  # the open intent of a shift operation
    unprinted: str | None = None  # the job whose document waits for paper
    facts: dict[str, Any] = field(default_factory=dict)  # the last look: only what differs from it is an event
    reference: int = 0  # of a terminal: the last one that was given to it
    policy_closed_at: str | None = None  # when the desk's policy last closed a shift; the register's local time

    @property
    def settings(self) -> Desk:
        return Desk.model_validate(self.desk)

    @property
    def closed(self) -> bool:
        """Nothing new may begin on it; what has begun goes on."""
        return self.releasing or self.doubted

    @property
    def exclusive(self) -> bool:
        return self.settings.exclusive and not self.exclusive_lost

    def to_json(self) -> dict[str, Any]:
        """To be written at once: the dictionaries inside are the row's own."""
        return {name: getattr(self, name) for name in _DEVICE_FIELDS}

    @classmethod
    def of(cls, value: dict[str, Any]) -> DeviceRow:
        return cls(**value)


_JOB_FIELDS = tuple(field.name for field in fields(JobRow))
_DEVICE_FIELDS = tuple(field.name for field in fields(DeviceRow))


# Rows are read far more often than they change, and never changed in place: the same text is the same row.


@lru_cache(256)
def job_row(text: str) -> JobRow:
    return JobRow.of(json.loads(text))


@lru_cache(64)
def device_row(text: str) -> DeviceRow:
    return DeviceRow.of(json.loads(text))


class PartOffer(Offer):
    """What a part of a sale is to do. Nobody has offered it: it follows from the sale's own offer."""

    job_id: Annotated[str, StringConstraints(pattern=PART_ID)]


_OFFER: TypeAdapter[Offer] = TypeAdapter(Offer | PartOffer)


@lru_cache(64)
def offer_of(text: str) -> Offer:
    return _OFFER.validate_json(text)


@dataclass(frozen=True, slots=True)
class JobWithOffer:
    row: JobRow
    offer: Offer

    @property
    def start_by(self) -> datetime:
        return datetime.fromisoformat(self.row.start_by)

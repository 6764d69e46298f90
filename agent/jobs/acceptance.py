"""Whether this agent takes an offer, or a new lease: who signed it, whom it is for, what its payload lacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from agent.jobs.transitions import ADOPTED, TOMBSTONE, WAITING, absent, apply, update_of
from agent.journal.records import RecordKind
from agent.journal.store import Transaction
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent, Known
from protocol.crm.jobs import DeviceClass, JobKind, sha256_hex
from protocol.crm.machine import Refusal
from protocol.crm.messages import Offer, Reject, Renew
from protocol.crm.outcomes import Reason
from protocol.crm.payloads import MODELS, SUPPORTED, device_of
from protocol.crm.sales import MONEY_KINDS, SALE_TYPES, CardsDiffer, charges_of, receipt_payload
from protocol.ffd.shape import parse_receipt
from protocol.ffd.violation import ReceiptInvalid

MAX_ACCEPTED = 256  # jobs waiting for one device
_NOT_OURS = frozenset({"bad_signature", "wrong_tenant", "wrong_agent", "bad_hash"})
"""Refusals of what our server has not said to us: they say nothing about the job of that name."""


@dataclass(frozen=True, slots=True)
class Addressee:
    """Who this agent is, as an offer must name it."""

    tenant_id: str
    agent_id: str
    devices: Set[str]
    genuine: Callable[[Offer], bool]  # whether the server signed it
    classes: Mapping[str, DeviceClass] = field(default_factory=dict)  # of the devices, where it is known


def take(tx: Transaction, offer: Offer, us: Addressee, *, space_is_low: bool) -> None:
    """The server offers a job: taken or refused; one that is known is told of as it stands."""
    row = tx.job(offer.job_id)
    if row is not None and row.state is not Known.ABSENT:
        if not us.genuine(offer):
            tx.append(RecordKind.NOTE, {"event": "bad_signature", "type": "offer", "job_id": offer.job_id})
        elif row.payload_hash not in (TOMBSTONE, offer.payload_hash):
            tx.send(Reject(job_id=offer.job_id, reason=reason("id_conflict")), "reject", job_id=offer.job_id)
        else:
            tx.send(update_of(tx, row), "update", job_id=row.job_id, rev=row.rev)
        return
    why = why_not(tx, offer, us, space_is_low=space_is_low)
    fresh = replace(absent(offer, tx.next_seq()), rev=row.rev if row is not None else 0)
    if why is None:
        apply(tx, fresh, JobEvent.OFFER, rev=offer.rev, offer=offer)
    else:
        refuse(tx, offer, why)


def renew(tx: Transaction, told: Renew) -> str | None:
    """The server gives a job a new time to start. The kkm_id whose lane has to look. Money that another journal may
    have moved is not moved for it."""
    row = tx.job(told.job_id)
    if row is None or row.state is Known.ABSENT:
        return None
    twice = row.kind in MONEY_KINDS and ADOPTED in row.outcome
    if twice or told.lease_no <= row.lease_no or told.binding_epoch != row.binding_epoch:
        tx.send(update_of(tx, row), "update", job_id=row.job_id, rev=row.rev)
        return None
    start_by = told.start_by.isoformat()
    moved = apply(tx, row, JobEvent.RENEW, outcome={}, lease_no=told.lease_no, start_by=start_by, held_since=None)
    if isinstance(moved, Refusal):
        tx.send(update_of(tx, row), "update", job_id=row.job_id, rev=row.rev)
    return row.kkm_id


def why_not(tx: Transaction, offer: Offer, us: Addressee, *, space_is_low: bool) -> Reason | None:
    """Why this agent must not take the offer; ``None`` when it may."""
    if not us.genuine(offer):
        return reason("bad_signature")
    if offer.tenant_id != us.tenant_id:
        return reason("wrong_tenant")
    if offer.agent_id != us.agent_id:
        return reason("wrong_agent")
    if sha256_hex(offer.payload) != offer.payload_hash:
        return reason("bad_hash")
    before = _refused_before(tx, offer)
    if before is not None:
        return before
    if offer.kind not in SUPPORTED:
        return reason("kind_not_supported", detail=offer.kind.value)
    if offer.kkm_id not in us.devices:
        return reason("device_not_configured", detail=offer.kkm_id)
    there = us.classes.get(offer.kkm_id, device_of(offer.kind))
    if there is not device_of(offer.kind):
        return reason("wrong_kind_of_device", detail=f"{offer.kkm_id} is a {there}", device=there)
    device = tx.device(offer.kkm_id)
    if device.released or device.binding_epoch != offer.binding_epoch:
        return reason("wrong_epoch", detail=f"{offer.binding_epoch}, bound under {device.binding_epoch}")
    if offer.register_serial is not None and offer.register_serial != device.register_serial:
        return reason("wrong_device", detail=offer.register_serial)
    wrong = broken_field(offer.kind, offer.payload)
    if wrong is not None:
        return reason("bad_payload", detail=wrong)
    waiting = sum(1 for job in tx.live_jobs(offer.kkm_id) if job.state in WAITING)
    if waiting >= MAX_ACCEPTED:
        return reason("busy")
    return reason("disk_low") if space_is_low else None


def refuse(tx: Transaction, offer: Offer, why: Reason) -> None:
    """A refused offer leaves no job behind, but its refusal stands: the server ends the job by it and tells the CRM."""
    note: dict[str, Any] = {"event": "bad_offer", "job_id": offer.job_id, "code": why.code}
    if why.code not in _NOT_OURS:
        note |= {"terms": _terms(offer), "rev": offer.rev}
    tx.append(RecordKind.NOTE, note, job_id=offer.job_id, kkm_id=offer.kkm_id)
    tx.send(Reject(job_id=offer.job_id, reason=why), "reject", job_id=offer.job_id)


def refusal_stands(tx: Transaction, job_id: str, rev: int) -> bool:
    """Whether the offer that a word of the server's revision ``rev`` is about was refused: then the job has ended, and
    the server hears, or has heard, by the refusal."""
    notes = [record.body for record in tx.records(job_id) if record.body is not None and "terms" in record.body]
    return any(rev <= note.get("rev", -1) for note in notes)


def _refused_before(tx: Transaction, offer: Offer) -> Reason | None:
    """The very same offer, heard again because its ack or its refusal was lost, has the same answer, whatever has
    changed meanwhile."""
    for record in tx.records(offer.job_id):
        if record.body is not None and record.body.get("terms") == _terms(offer):
            code = record.body["code"]
            return reason(code)
    return None


def _terms(offer: Offer) -> str:
    """What the server changes when it offers a job anew."""
    return f"{offer.lease_no} {offer.rev} {offer.binding_epoch} {offer.payload_hash}"


def broken_field(kind: JobKind, payload: dict[str, Any]) -> str | None:
    """``field: what is wrong`` of the first field that breaks a rule of its kind; ``None`` when none does."""
    try:
        if kind is JobKind.RECEIPT:
            parse_receipt(payload)
        elif kind in SALE_TYPES:
            receipt = parse_receipt(receipt_payload(payload))
            if receipt.type is not SALE_TYPES[kind]:
                return f"type: {SALE_TYPES[kind].value}"
            charges_of(payload, receipt)
        else:
            MODELS[kind].model_validate(payload)
    except ReceiptInvalid as error:
        first = error.violations[0]
        return f"{first.field}: {first.text_en}"
    except CardsDiffer as error:
        return f"{error.field}: {error}"
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)[0]
        return f"{field_path(found['loc'])}: {found['msg']}"
    return None


def field_path(loc: tuple[int | str, ...]) -> str:
    """``("lines", 0, "text")`` as ``lines[0].text``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".")

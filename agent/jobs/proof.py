"""A document of the archive as the proof that the CRM gets."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from agent.journal.rows import JobRow
from drivers.api import CashCounters, FiscalDocument, Identity, Status
from protocol.crm.outcomes import Differs, Proof, ProofSource
from protocol.ffd.differing import differing
from protocol.ffd.money import format_kopecks
from protocol.ffd.planned import PlannedReceipt
from protocol.ffd.qr import qr_text
from protocol.ffd.totals import vat_totals

DIFFERING = 20  # of them are told: a message of the link has an end


def device_proof(
    document: FiscalDocument,
    *,
    identity: Identity,
    status: Status | None,
    timezone: str,
    plan: PlannedReceipt | None,
) -> Proof:
    """Every field is from the archive or the register, none from the request; ``change`` is what was handed over
    minus the cash that the archive shows."""
    cash = document.tags.get("1031")
    change = format_kopecks(plan.change) if plan is not None and plan.change and cash is not None else None
    return Proof(
        source=ProofSource.DEVICE,
        fn=identity.fn_serial,
        fd=document.fd,
        fpd=document.fpd,
        shift=document.shift_number,
        receipt_in_shift=document.receipt_in_shift,
        printed_at=with_offset(document.at, timezone),
        total=format_kopecks(document.total) if document.total is not None else None,
        drawer=format_kopecks(status.drawer) if status is not None and status.drawer is not None else None,
        qr=qr_of(document, identity.fn_serial),
        register_serial=identity.register_serial,
        registration_number=identity.registration_number,
        vat=vat_of(document),
        change=change,
        differs=differs_in(document, plan),
    )


def cash_proof(
    counters: CashCounters, *, amount: int, identity: Identity, status: Status | None, timezone: str
) -> Proof:
    """Of cash put in or taken out: no fiscal document, but the register's own running number and its drawer, read after
    its counters had moved by just this amount."""
    return Proof(
        source=ProofSource.DEVICE,
        fn=identity.fn_serial,
        shift=status.shift_number if status is not None else None,
        printed_at=with_offset(status.at, timezone) if status is not None and not status.clock_unset else None,
        total=format_kopecks(amount),
        drawer=format_kopecks(counters.drawer),
        register_serial=identity.register_serial,
        registration_number=identity.registration_number,
        document_number=counters.document_number,
    )


def person_proof(row: JobRow, document: FiscalDocument | None, proof: Proof | None, person: str, why: str) -> Proof:
    """What a named person decided, with the device's own data where it could be read."""
    base = proof if proof is not None else Proof(source=ProofSource.PERSON)
    verified = document is not None and (not row.imprinted or document.imprint == row.imprint)
    return person_decided(base, person, why, verified=verified)


def person_decided(read: Proof, person: str, why: str, *, verified: bool) -> Proof:
    """``read``: what the device's records show of it; ``verified``: they agree with the person."""
    return read.model_copy(
        update={"source": ProofSource.PERSON, "person": person, "person_reason": why, "verified": verified}
    )


def with_offset(at: datetime, timezone: str) -> datetime:
    """A register's local time with the offset of the desk's zone."""
    return at.replace(tzinfo=ZoneInfo(timezone))


def qr_of(document: FiscalDocument, fn_serial: str) -> str | None:
    if document.total is None or document.sign is None:
        return None
    return qr_text(
        at=document.at, total=document.total, fn=fn_serial, fd=document.fd, fpd=document.fpd, sign=document.sign
    )


def differs_in(document: FiscalDocument, plan: PlannedReceipt | None) -> tuple[Differs, ...]:
    """What in the document's words is not as it was asked for, as far as the archive keeps them."""
    found = () if plan is None else differing(document.tags, plan)
    return tuple(Differs(tag=d.tag, line=d.line, asked=d.asked, stands=d.stands) for d in found[:DIFFERING])


def vat_of(document: FiscalDocument) -> dict[str, str] | None:
    """VAT by rate as the archive shows it, keyed by the rate's name; ``None`` when only a summary could be read,
    and for a document without a sum."""
    if not document.tags or document.total is None:
        return None
    return {vat.value: format_kopecks(amount) for vat, amount in vat_totals(document.tags).items()}

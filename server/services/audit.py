"""What people read of the audit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import func, literal, null, select, tuple_

from server.store import audit as store
from server.store.audit import AuditEntry
from server.store.database import Work
from server.store.models import Utc


class ActorView(BaseModel):
    """``kind``: user, key, agent (a PC), server (by time), console-cli (at the server's command line)."""

    kind: str
    id: str
    name: str | None
    address: str | None


class SubjectView(BaseModel):
    kind: str
    id: str


class EntryView(BaseModel):
    """One line of the chain: ``before`` and ``after`` hold the fields that have changed."""

    n: int
    at: datetime
    actor: ActorView
    action: str
    subject: SubjectView
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    hash: str


class VerdictView(BaseModel):
    """``good``: every line is as it was written and none is missing, up to ``n``, whose hash is ``hash``. Keep these
    two elsewhere and hand them in next time: only so can it be seen that the last lines were taken away."""

    good: bool
    n: int
    hash: str
    broken_at: int | None
    why: str | None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which lines are shown; what is ``None`` does not matter."""

    subject_kind: str | None = None
    subject_id: str | None = None
    actor_kind: str | None = None
    actor_id: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def page(work: Work, tenant_id: str, wanted: Filter, before: int | None, limit: int) -> Sequence[AuditEntry]:
    """Newest first, below the line ``before``. Within a span of time by its index, so ordered by it, too.
    A column that is joined with nothing has no index to choose."""
    named = [
        (column, value)
        for column, value in (
            (AuditEntry.subject_id, wanted.subject_id),  # the fewest lines first: one of these is looked up
            (AuditEntry.actor_id, wanted.actor_id),
            (AuditEntry.action, wanted.action),
            (AuditEntry.subject_kind, wanted.subject_kind),
            (AuditEntry.actor_kind, wanted.actor_kind),
        )
        if value is not None
    ]
    by_time = (wanted.since is not None or wanted.until is not None) and wanted.subject_id is None
    conditions = [
        (column if place == 0 and not by_time else column + "") == value for place, (column, value) in enumerate(named)
    ]
    at = AuditEntry.at if by_time else func.coalesce(AuditEntry.at, null())
    if wanted.since is not None:
        conditions.append(at >= wanted.since)
    if wanted.until is not None:
        conditions.append(at < wanted.until)
    query = select(AuditEntry).where(AuditEntry.tenant_id == tenant_id, *conditions)
    if not by_time:
        query = query.where(AuditEntry.n < before) if before is not None else query
        return await work.session.scalars(query.order_by(AuditEntry.n.desc()).limit(limit))
    if before is not None:
        last = await work.session.get(AuditEntry, (tenant_id, before))
        if last is None:
            return []
        query = query.where(tuple_(AuditEntry.at, AuditEntry.n) < tuple_(literal(last.at, Utc()), literal(before)))
    return await work.session.scalars(query.order_by(AuditEntry.at.desc(), AuditEntry.n.desc()).limit(limit))


def view(row: AuditEntry) -> EntryView:
    return EntryView(
        n=row.n,
        at=row.at,
        actor=ActorView(kind=row.actor_kind, id=row.actor_id, name=row.actor_name, address=row.address),
        action=row.action,
        subject=SubjectView(kind=row.subject_kind, id=row.subject_id),
        before=row.before,
        after=row.after,
        hash=row.hash,
    )


async def verify(work: Work, tenant_id: str, known: tuple[int, str] | None) -> VerdictView:
    found = await store.verify(work.session, tenant_id, known)
    return VerdictView(good=found.good, n=found.n, hash=found.hash, broken_at=found.broken_at, why=found.why)

"""The audit: a chain of hashes per tenant over every change and decision. Rows are only ever added, in the transaction
that makes the change."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, bindparam, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from protocol.crm.jobs import sha256_hex
from server.store.actor import Actor
from server.store.models import Base, table_of
from server.store.session import Change, Session

GENESIS = "0" * 64
"""What stands before the first line."""
BATCH = 500


class AuditHead(Base):
    """The end of a tenant's chain; locked while a line is added."""

    __tablename__ = "audit_heads"
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    n: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(String(64))


class AuditEntry(Base):
    """Who did what, from where, and how it was before. ``hash`` covers all of it and the line before it."""

    __tablename__ = "audit_entries"
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    n: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    at: Mapped[datetime]
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[str] = mapped_column(String(64))
    actor_name: Mapped[str | None] = mapped_column(String(200))
    address: Mapped[str | None] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(64))
    subject_kind: Mapped[str] = mapped_column(String(32))
    subject_id: Mapped[str] = mapped_column(String(64))
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    hash: Mapped[str] = mapped_column(String(64))
    __table_args__ = (
        Index(None, "tenant_id", "subject_id", "n"),
        Index(None, "tenant_id", "subject_kind", "n"),
        Index(None, "tenant_id", "actor_id", "n"),
        Index(None, "tenant_id", "actor_kind", "n"),
        Index(None, "tenant_id", "action", "n"),
        Index(None, "tenant_id", "at", "n"),
    )


_ENTRY = insert(table_of(AuditEntry))
_BEHIND = (
    select(AuditEntry)
    .where(AuditEntry.tenant_id == bindparam("tenant"), AuditEntry.n > bindparam("n"))
    .order_by(AuditEntry.n)
    .limit(BATCH)
)


@dataclass(frozen=True, slots=True)
class Note:
    """One line to be: what was done to what."""

    tenant_id: str
    action: str
    subject_kind: str
    subject_id: str
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


# --- writing ---------------------------------------------------------------------------------------------------------


def notes(changes: Collection[Change], actor: Actor) -> list[Note]:
    """The lines that a transaction's changes are worth, as the tables declare it."""
    found = [_note(change, actor) for change in changes]
    return [note for note in found if note is not None]


def _note(change: Change, actor: Actor) -> Note | None:
    told = change.audited
    if not told.wants(actor.kind, made=change.before is None):
        return None
    before, after = (
        dict(zip(change.columns, values, strict=True)) if values is not None else None
        for values in (change.before, change.after)
    )
    if before is not None and after is not None:
        changed: Sequence[str] = [name for name in told.fields if before[name] != after[name]]
        if not changed:
            return None  # changed, and changed back
    else:
        known = before if before is not None else after
        assert known is not None
        changed = [name for name in told.fields if known[name] is not None]
    was = told.values(before, changed) if before is not None else None
    is_now = told.values(after, changed) if after is not None else None
    row = after if after is not None else before
    assert row is not None
    tenant_id = row["tenant_id"] if "tenant_id" in row else row["id"]
    return Note(tenant_id, told.action(was, is_now), told.kind, row[told.subject] or "", was, is_now)


async def append(session: Session, actor: Actor, now: datetime, lines: Sequence[Note]) -> None:
    """Adds to the chains. Nobody else adds to them until this transaction has ended."""
    for tenant_id in sorted({line.tenant_id for line in lines}):
        head = await session.get(AuditHead, tenant_id, with_for_update=True)
        if head is None:
            head = AuditHead(tenant_id=tenant_id, n=0, hash=GENESIS)
            session.add(head)
        rows: list[dict[str, Any]] = []
        for line in lines:
            if line.tenant_id == tenant_id:
                row = _row(line, head.n + 1, actor, now)
                row["hash"] = link(head.hash, row)
                head.n, head.hash = row["n"], row["hash"]
                rows.append(row)
        await session.flush()
        await session.apart(_ENTRY, rows)


def _row(line: Note, n: int, actor: Actor, now: datetime) -> dict[str, Any]:
    return {
        "tenant_id": line.tenant_id,
        "n": n,
        "at": now,
        "actor_kind": actor.kind.value,
        "actor_id": actor.id,
        "actor_name": actor.name,
        "address": actor.address,
        "action": line.action,
        "subject_kind": line.subject_kind,
        "subject_id": line.subject_id,
        "before": dict(line.before) if line.before is not None else None,
        "after": dict(line.after) if line.after is not None else None,
    }


def link(before: str, row: Mapping[str, Any]) -> str:
    """The hash of a line behind the line ``before``."""
    said = {name: value for name, value in row.items() if name not in ("at", "hash")}
    return sha256_hex({**said, "at": row["at"].astimezone(UTC).isoformat(), "chain": before})


# --- judging ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verdict:
    """``broken_at``: the first line that is not what it was; ``why``: ``changed`` (its hash is another's), ``missing``
    (a number is left out), ``head`` (the chain does not end where its head says), ``known_head`` (it no longer holds
    the head that somebody has kept elsewhere)."""

    n: int
    hash: str
    broken_at: int | None = None
    why: str | None = None

    @property
    def good(self) -> bool:
        return self.why is None


async def verify(session: Session, tenant_id: str, known: tuple[int, str] | None = None) -> Verdict:
    """Goes through a tenant's whole chain. ``known``: a head that was kept outside this database: without one, nobody
    can tell that the last lines were taken away together with the head."""
    n, last = 0, GENESIS
    holds_known = known is None or known == (0, GENESIS)
    columns = [column.key for column in table_of(AuditEntry).columns]
    while True:
        rows = await session.apart(_BEHIND, {"tenant": tenant_id, "n": n})
        for values in rows:
            row = dict(zip(columns, values, strict=True))
            if row["n"] != n + 1:
                return Verdict(n, last, n + 1, "missing")
            if row["hash"] != link(last, row):
                return Verdict(n, last, n + 1, "changed")
            n, last = row["n"], row["hash"]
            if known is not None and n == known[0]:
                if last != known[1]:
                    return Verdict(n, last, n, "known_head")
                holds_known = True
        if len(rows) < BATCH:
            break
        await asyncio.sleep(0)  # others have their turn
    head = await session.get(AuditHead, tenant_id)
    if (head.n, head.hash) != (n, last) if head is not None else n:
        return Verdict(n, last, n + 1, "head")
    return Verdict(n, last) if holds_known else Verdict(n, last, n + 1, "known_head")

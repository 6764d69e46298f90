"""Bundles that PCs have sent to support: files in one folder, a row for each; the file goes by age, the row stays."""

from __future__ import annotations

import asyncio
import json
import os
from base64 import b64decode
from binascii import Error as Base64Error
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from sqlalchemy import and_, or_, select

from protocol.crm.jobs import Sha256
from protocol.crm.signing import signed_bytes
from protocol.crm.support import RequestId
from server.fields import Words, field_errors
from server.keys import verify
from server.pages import cursor_of, cut, key_of
from server.problems import Problem, unknown
from server.services import support
from server.store.actor import Actor
from server.store.audit import AuditEntry, Note
from server.store.database import Database, Work
from server.store.models import Agent
from server.store.support import SupportBundle

SIGNED_AS = "bundle_upload"
"""The type under which an agent signs what it announces."""
READ = "bundle.read"
ORPHAN_AFTER = 3600.0  # seconds: a file without a row, of an upload that ended in between
_ZIP = b"PK\x03\x04"


class Announced(BaseModel):
    """What an agent signs about a bundle that it uploads: exactly this file, and who agreed to it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    agent_id: Annotated[str, StringConstraints(max_length=64)]
    reference: Annotated[str, StringConstraints(pattern=r"^KB-[2-9A-Z]{4}-[2-9A-Z]{4}$")]
    sha256: Sha256
    bytes: Annotated[int, Field(strict=True, ge=1)]
    person: Words
    at: AwareDatetime
    standing: Annotated[bool, Field(strict=True)] = False
    request_id: RequestId | None = None


class BundleView(BaseModel):
    """``standing``: nobody at the PC was asked this time, its configuration agrees to all. ``jobs``: whose exchange it
    is about. ``kept_until``: when its file goes; ``available``: whether it is still there."""

    bundle_id: str
    agent_id: str
    reference: str
    sha256: str
    bytes: int
    received_at: datetime
    consent_person: str
    consent_at: datetime
    standing: bool
    request_id: str | None
    jobs: list[str]
    kept_until: datetime
    available: bool


def view(row: SupportBundle, days: int) -> BundleView:
    return BundleView(
        bundle_id=row.id,
        agent_id=row.agent_id,
        reference=row.reference,
        sha256=row.sha256,
        bytes=row.bytes,
        received_at=row.received_at,
        consent_person=row.consent_person,
        consent_at=row.consent_at,
        standing=row.standing,
        request_id=row.request_id,
        jobs=row.jobs,
        kept_until=row.received_at + timedelta(days=days),
        available=row.removed_at is None,
    )


def announced(header: str) -> tuple[Announced, dict[str, Any]]:
    """What the header says, and the very values that were signed. Raises ``Problem``."""
    try:
        raw = b64decode(header, validate=True)
        return Announced.model_validate_json(raw), json.loads(raw)
    except ValidationError as error:
        raise Problem(422, "bad_request", errors=field_errors(error.errors())) from None
    except (Base64Error, ValueError):
        raise Problem(422, "bad_request") from None


async def sender(work: Work, told: Announced, signed: dict[str, Any], signature: str) -> Agent:
    """The PC that has signed it. Raises ``Problem`` 401; a quarantined one may send, too."""
    agent = await work.session.get(Agent, told.agent_id)
    if (
        agent is None
        or agent.state == "pending"
        or not verify(agent.public_key, signed_bytes(SIGNED_AS, signed), signature)
    ):
        raise Problem(401, "bad_agent_signature")
    return agent


async def known(work: Work, told: Announced) -> SupportBundle | None:
    """The same file of the same PC is the same bundle: the answer was lost."""
    return await work.session.scalar(
        select(SupportBundle).where(SupportBundle.agent_id == told.agent_id, SupportBundle.sha256 == told.sha256)
    )


def check(told: Announced, content: bytes) -> None:
    """Raises ``Problem`` ``bad_bundle`` unless this is what was signed."""
    if len(content) != told.bytes or sha256(content).hexdigest() != told.sha256 or not content.startswith(_ZIP):
        raise Problem(422, "bad_bundle")


async def record(work: Work, agent_id: str, bundle_id: str, told: Announced, jobs: list[str]) -> SupportBundle:
    """The row of a file that lies in the folder by now. ``jobs``: what it is about. Raises ``Problem`` when its request
    is over."""
    agent = await work.session.get_one(Agent, agent_id, with_for_update=True)
    if (row := await known(work, told)) is not None:
        return row
    row = SupportBundle(
        id=bundle_id,
        tenant_id=agent.tenant_id,
        agent_id=agent.id,
        reference=told.reference,
        sha256=told.sha256,
        bytes=told.bytes,
        received_at=work.now,
        consent_person=told.person,
        consent_at=told.at,
        standing=told.standing,
        request_id=told.request_id,
        jobs=jobs,
    )
    work.session.add(row)
    if told.request_id is not None:
        support.uploaded(work, await support.for_upload(work, agent, told.request_id), bundle_id)
    return row


async def of_tenant(work: Work, tenant_id: str, bundle_id: str) -> SupportBundle:
    row = await work.session.get(SupportBundle, bundle_id)
    if row is None or row.tenant_id != tenant_id:
        raise unknown(404, "unknown_bundle", "bundle_id", bundle_id)
    return row


def handed_out(work: Work, row: SupportBundle) -> None:
    """Somebody reads what a PC has given away."""
    work.note(Note(row.tenant_id, "bundle.downloaded", "bundle", row.id, after={"reference": row.reference}))


async def read_by(work: Work, row: SupportBundle, reader: Actor) -> bool:
    """Whether it is on record that this reader has seen what is inside."""
    query = select(AuditEntry.n).where(
        AuditEntry.tenant_id == row.tenant_id,
        AuditEntry.subject_kind == "bundle",
        AuditEntry.subject_id == row.id,
        AuditEntry.action == READ,
        AuditEntry.actor_kind == reader.kind.value,
        AuditEntry.actor_id == reader.id,
    )
    return await work.session.scalar(query.limit(1)) is not None


def now_read(work: Work, row: SupportBundle, job_id: str) -> None:
    """Noted once of each reader: a page is looked at again and again."""
    work.note(Note(row.tenant_id, READ, "bundle", row.id, after={"reference": row.reference, "job_id": job_id}))


async def page(
    work: Work, tenant_id: str, agent_id: str | None, cursor: str | None, limit: int
) -> tuple[list[SupportBundle], str | None]:
    """Newest first, with the cursor of the next page."""
    query = select(SupportBundle).where(SupportBundle.tenant_id == tenant_id)
    if agent_id is not None:
        query = query.where(SupportBundle.agent_id == agent_id)
    if cursor is not None:
        at, last = key_of(cursor, int, str)
        before = support.EPOCH + timedelta(microseconds=min(int(at), 2**52))
        older = and_(SupportBundle.received_at == before, SupportBundle.id < str(last))
        query = query.where(or_(SupportBundle.received_at < before, older))
    query = query.order_by(SupportBundle.received_at.desc(), SupportBundle.id.desc()).limit(limit + 1)
    rows, more = cut(await work.session.scalars(query), limit)
    last_at = (rows[-1].received_at - support.EPOCH) // timedelta(microseconds=1) if more else 0
    return list(rows), cursor_of((last_at, rows[-1].id)) if more else None


# --- files: all of these may wait for the disk -----------------------------------------------------------------------


def file_of(folder: Path, bundle_id: str) -> Path:
    return folder / f"{bundle_id}.zip"


def keep(folder: Path, bundle_id: str, content: bytes) -> None:
    """Whole or not at all, readable by the server's user only. Raises ``OSError``."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = folder / f"{bundle_id}.new"
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(file_of(folder, bundle_id))
    finally:
        fresh.unlink(missing_ok=True)


async def prune(database: Database, folder: Path, days: int) -> set[str]:
    """Those that are too old go, and what belongs to no row. Returns the ids of those that are kept."""
    async with database.write() as work:
        before = work.now.timestamp() - ORPHAN_AFTER  # not what an upload is just writing
        still, since = SupportBundle.removed_at.is_(None), work.now - timedelta(days=days)
        for row in await work.session.scalars(select(SupportBundle).where(still, SupportBundle.received_at < since)):
            row.removed_at = work.now
        young = select(SupportBundle.id).where(still, SupportBundle.received_at >= since)
        kept = set(await work.session.scalars(young))
    await asyncio.to_thread(_remove, folder, kept, before)
    return kept


def _remove(folder: Path, kept: set[str], before: float) -> None:
    for path in folder.glob("bu_*") if folder.is_dir() else ():
        if path.stem not in kept and path.stat().st_mtime < before:
            path.unlink(missing_ok=True)

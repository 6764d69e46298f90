"""What support has asked of PCs, and the bundles that came of it. The bundles' contents are files, not rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, and_, bindparam, func, or_, select, text
from sqlalchemy.orm import Mapped, mapped_column

from server.store.audited import Audited
from server.store.database import Work
from server.store.models import Base

OPEN = ("waiting", "asked")
GOING_ON = (*OPEN, "running")


class SupportRequest(Base):
    """``state``: waiting (no answer yet), asked (the PC is at it), running (of a log: lines come), done, refused. Kept
    as the record of who asked for what and why, and of a log who agreed."""

    __tablename__ = "support_requests"
    __audited__ = Audited(
        "support_request",
        "id",
        fields=(
            "agent_id",
            "kind",
            "state",
            "person",
            "reason",
            "jobs",
            "code",
            "bundle_id",
            "agreed_by",
            "standing",
        ),
        quiet=("key_id", "asked_at", "expires_at", "ended_at", "report", "ends_at"),
        actions={"state": "{}"},
    )
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    agent_id: Mapped[str] = mapped_column(ForeignKey("agents.id"))
    kind: Mapped[str] = mapped_column(String(16))  # doctor, bundle, log
    state: Mapped[str] = mapped_column(String(16))
    person: Mapped[str | None] = mapped_column(String(200))
    reason: Mapped[str | None] = mapped_column(Text)
    jobs: Mapped[list[Any]]
    key_id: Mapped[str] = mapped_column(String(64))  # of the API key that asked
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    code: Mapped[str | None] = mapped_column(String(64))  # why it was refused; of a log why it ended
    report: Mapped[dict[str, Any] | None]
    bundle_id: Mapped[str | None] = mapped_column(String(64))
    agreed_by: Mapped[str | None] = mapped_column(String(200))  # to a log
    standing: Mapped[bool | None]  # for good, by the PC's configuration
    ends_at: Mapped[datetime | None]  # of a log that has begun
    __table_args__ = (
        Index(None, "tenant_id", "asked_at"),
        Index(None, "agent_id", "kind", "asked_at"),
    )


_KEPT = text("removed_at IS NULL")


class SupportBundle(Base):
    """``removed_at``: its file is gone by age; the row stays as the record of what was given away and by whom."""

    __tablename__ = "support_bundles"
    __audited__ = Audited(
        "bundle",
        "id",
        fields=(
            "agent_id",
            "reference",
            "sha256",
            "bytes",
            "consent_person",
            "standing",
            "request_id",
            "jobs",
            "removed_at",
        ),
        quiet=("received_at", "consent_at"),
    )
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    agent_id: Mapped[str] = mapped_column(ForeignKey("agents.id"))
    reference: Mapped[str] = mapped_column(String(32))
    sha256: Mapped[str] = mapped_column(String(64))
    bytes: Mapped[int]
    received_at: Mapped[datetime]
    consent_person: Mapped[str] = mapped_column(String(200))
    consent_at: Mapped[datetime]  # on the PC's clock
    standing: Mapped[bool]
    request_id: Mapped[str | None] = mapped_column(String(64))
    jobs: Mapped[list[Any]]  # whose exchange it is about, as its manifest says
    removed_at: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint("agent_id", "sha256"),
        Index(None, "tenant_id", "received_at"),
        Index(None, "agent_id", "removed_at", "received_at", "id"),
        Index("ix_support_bundles_kept", "received_at", "id", sqlite_where=_KEPT, postgresql_where=_KEPT),
    )


_OPEN_OF_AGENT = (
    select(SupportRequest)
    .where(
        SupportRequest.agent_id == bindparam("agent"),
        SupportRequest.state.in_(OPEN),
        SupportRequest.expires_at > bindparam("now"),
    )
    .order_by(SupportRequest.asked_at, SupportRequest.id)
)
_NEWEST = (
    select(SupportRequest)
    .where(SupportRequest.agent_id == bindparam("agent"), SupportRequest.kind == bindparam("kind"))
    .order_by(SupportRequest.asked_at.desc(), SupportRequest.id.desc())
    .limit(1)
)
_RUNNING_OF_AGENT = select(SupportRequest).where(
    SupportRequest.agent_id == bindparam("agent"), SupportRequest.kind == "log", SupportRequest.state == "running"
)
_RUNNING = select(SupportRequest).where(SupportRequest.state == "running")
_OPEN_LOGS = select(func.count()).where(
    SupportRequest.tenant_id == bindparam("tenant"),
    SupportRequest.asked_at > bindparam("since"),
    SupportRequest.kind == "log",
    or_(
        and_(SupportRequest.state.in_(OPEN), SupportRequest.expires_at > bindparam("now")),
        and_(SupportRequest.state == "running", SupportRequest.ends_at > bindparam("now")),
    ),
)

_KEPT_OF_AGENT = (
    select(SupportBundle)
    .where(SupportBundle.agent_id == bindparam("agent"), SupportBundle.removed_at.is_(None))
    .order_by(SupportBundle.received_at.desc(), SupportBundle.id.desc())
)
"""A PC sends a dozen a day, and they are kept for two weeks."""


async def newest_about(work: Work, agent_id: str, job_id: str) -> SupportBundle | None:
    """The newest bundle of this PC whose file is kept and that is about this job."""
    rows = await work.session.scalars(_KEPT_OF_AGENT, {"agent": agent_id})
    return next((row for row in rows if job_id in row.jobs), None)


async def open_requests(work: Work, agent_id: str) -> Sequence[SupportRequest]:
    """What this PC has still to hear of or to answer, oldest first."""
    return await work.session.scalars(_OPEN_OF_AGENT, {"agent": agent_id, "now": work.now})


async def newest(work: Work, agent_id: str, kind: str) -> SupportRequest | None:
    return await work.session.scalar(_NEWEST, {"agent": agent_id, "kind": kind})


async def running(work: Work, agent_id: str | None = None) -> Sequence[SupportRequest]:
    """Logs that are written down as open, of this PC or of all."""
    if agent_id is None:
        return await work.session.scalars(_RUNNING)
    return await work.session.scalars(_RUNNING_OF_AGENT, {"agent": agent_id})


async def open_logs(work: Work, tenant_id: str, since: datetime) -> int:
    """How many logs of this account are open: asked for after ``since``, before which none can be, and not over."""
    values = {"tenant": tenant_id, "now": work.now, "since": since}
    return await work.session.scalar(_OPEN_LOGS, values) or 0

"""Decisions that one person proposes and another one takes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from server.store.audited import Audited
from server.store.models import Base


class Proposal(Base):
    """``state``: open, confirmed, refused. ``body``: the resolution as it will be asked for."""

    __tablename__ = "proposals"
    __audited__ = Audited(
        "proposal",
        "id",
        fields=("job_id", "state", "body", "proposed_by", "decided_by"),
        quiet=("proposed_name", "proposed_at", "decided_name", "decided_at"),
        actions={"state": "{}"},
    )
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    job_id: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    body: Mapped[dict[str, Any]]
    proposed_by: Mapped[str] = mapped_column(String(80))
    proposed_name: Mapped[str] = mapped_column(String(200))
    proposed_at: Mapped[datetime]
    decided_by: Mapped[str | None] = mapped_column(String(80))
    decided_name: Mapped[str | None] = mapped_column(String(200))
    decided_at: Mapped[datetime | None]
    __table_args__ = (
        Index(None, "tenant_id", "proposed_at", "id"),
        Index(None, "tenant_id", "state", "proposed_at"),
        Index(None, "tenant_id", "job_id"),
    )

"""Where a device stands."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import bindparam, or_, select

from server.store.database import Work
from server.store.models import Desk

_AT_DEVICE = select(Desk).where(
    Desk.tenant_id == bindparam("tenant"),
    or_(Desk.kkm_id == bindparam("kkm"), Desk.terminal_kkm_id == bindparam("kkm")),
)


async def at_device(work: Work, tenant_id: str, kkm_id: str) -> Desk | None:
    """The desk at which this register or terminal stands."""
    return await work.session.scalar(_AT_DEVICE, {"tenant": tenant_id, "kkm": kkm_id})


async def at_devices(work: Work, tenant_id: str, kkm_ids: Collection[str]) -> dict[str, Desk]:
    """The same of many, by ``kkm_id``."""
    rows = await work.session.scalars(
        select(Desk).where(
            Desk.tenant_id == tenant_id, or_(Desk.kkm_id.in_(kkm_ids), Desk.terminal_kkm_id.in_(kkm_ids))
        )
    )
    return {kkm_id: desk for desk in rows for kkm_id in (desk.kkm_id, desk.terminal_kkm_id) if kkm_id is not None}

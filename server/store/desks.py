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
    """The same of many, by ``kkm_id``. Asked column by column: each has an index, both together have none."""
    found: dict[str, Desk] = {}
    for column in (Desk.kkm_id, Desk.terminal_kkm_id):
        query = select(Desk).where(Desk.tenant_id == tenant_id, column.in_(kkm_ids))
        for desk in await work.session.scalars(query):
            kkm_id = getattr(desk, column.key)
            found[kkm_id] = desk
    return found

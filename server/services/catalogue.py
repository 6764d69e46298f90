"""What the directory shows: registers with their health, desks, and what registers did outside jobs, page by page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import select

from protocol.crm.codes import Language
from server.pages import cursor_of, cut, key_of
from server.services import directory, views
from server.store.database import Work
from server.store.desks import at_devices
from server.store.models import Agent, Desk, Device, DeviceEvent, RefusedClaim


class DevicePage(BaseModel):
    devices: list[views.DeviceView]
    cursor: str | None = None


class DeskPage(BaseModel):
    desks: list[views.DeskView]
    cursor: str | None = None


class DeviceEventView(BaseModel):
    event_id: str
    kind: str
    at: datetime
    agent_id: str
    body: dict[str, Any]


class DeviceEventPage(BaseModel):
    """``cursor`` is always there: what comes after the last event that is known now."""

    events: list[DeviceEventView]
    cursor: str


async def devices(work: Work, tenant_id: str, language: Language, cursor: str | None, limit: int) -> DevicePage:
    query = select(Device).where(Device.tenant_id == tenant_id).order_by(Device.kkm_id).limit(limit + 1)
    if cursor is not None:
        query = query.where(Device.kkm_id > key_of(cursor, str)[0])
    rows, more = cut(await work.session.scalars(query), limit)
    return DevicePage(
        devices=await _shown(work, tenant_id, language, rows),
        cursor=cursor_of((rows[-1].kkm_id,)) if more else None,
    )


async def some(work: Work, tenant_id: str, language: Language, kkm_ids: Collection[str]) -> list[views.DeviceView]:
    await work.session.flush()
    rows = await work.session.scalars(
        select(Device).where(Device.tenant_id == tenant_id, Device.kkm_id.in_(kkm_ids)).order_by(Device.kkm_id)
    )
    return await _shown(work, tenant_id, language, rows)


async def device(work: Work, tenant_id: str, kkm_id: str, language: Language) -> views.DeviceView:
    await directory.known_device(work, tenant_id, kkm_id)
    return (await some(work, tenant_id, language, [kkm_id]))[0]


async def _shown(work: Work, tenant_id: str, language: Language, rows: Sequence[Device]) -> list[views.DeviceView]:
    kkm_ids = [row.kkm_id for row in rows]
    agents = await work.session.scalars(select(Agent).where(Agent.id.in_({row.agent_id for row in rows})))
    by_kkm = await at_devices(work, tenant_id, kkm_ids)
    refused = await work.session.scalars(
        select(RefusedClaim)
        .where(RefusedClaim.tenant_id == tenant_id, RefusedClaim.kkm_id.in_(kkm_ids))
        .order_by(RefusedClaim.at)
    )
    by_agent = {agent.id: agent for agent in agents}
    claims: dict[str, list[RefusedClaim]] = defaultdict(list)
    for claim in refused:
        claims[claim.kkm_id].append(claim)
    return [
        views.device(
            row, by_agent.get(row.agent_id or ""), by_kkm.get(row.kkm_id), claims[row.kkm_id], language, work.now
        )
        for row in rows
    ]


async def desks(work: Work, tenant_id: str, cursor: str | None, limit: int) -> DeskPage:
    query = select(Desk).where(Desk.tenant_id == tenant_id).order_by(Desk.desk_id).limit(limit + 1)
    if cursor is not None:
        query = query.where(Desk.desk_id > key_of(cursor, str)[0])
    rows, more = cut(await work.session.scalars(query), limit)
    return DeskPage(desks=[views.desk(row) for row in rows], cursor=cursor_of((rows[-1].desk_id,)) if more else None)


async def events(work: Work, tenant_id: str, kkm_id: str, after: str | None, limit: int) -> DeviceEventPage:
    """Oldest first, in the order in which they were heard."""
    await directory.known_device(work, tenant_id, kkm_id)
    last = key_of(after, int, field="after")[0] if after is not None else 0
    rows = await work.session.scalars(
        select(DeviceEvent)
        .where(DeviceEvent.tenant_id == tenant_id, DeviceEvent.kkm_id == kkm_id, DeviceEvent.id > last)
        .order_by(DeviceEvent.id)
        .limit(limit)
    )
    return DeviceEventPage(
        events=[
            DeviceEventView(event_id=row.event_id, kind=row.kind, at=row.at, agent_id=row.agent_id, body=row.body)
            for row in rows
        ],
        cursor=cursor_of((rows[-1].id if rows else last,)),
    )

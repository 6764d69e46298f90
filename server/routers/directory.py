"""/devices and /desks"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import select

from protocol.crm.codes import Language
from server.problems import Problem, field_error
from server.routers.common import PROBLEMS, DirectoryCaller, Here, Speaks
from server.services import directory, views
from server.store.database import Work
from server.store.models import Agent, Desk, Device, RefusedClaim

router = APIRouter(tags=["directory"], responses=PROBLEMS)


class DeviceList(BaseModel):
    devices: list[views.DeviceView]


class DeskList(BaseModel):
    desks: list[views.DeskView]


class DeviceFields(BaseModel):
    """A device without its id, which the address names."""

    model_config = ConfigDict(extra="allow")


async def _views(
    work: Work, tenant_id: str, language: Language, only: Sequence[str] | None = None
) -> list[views.DeviceView]:
    query = select(Device).where(Device.tenant_id == tenant_id).order_by(Device.kkm_id)
    if only is not None:
        query = query.where(Device.kkm_id.in_(only))
    devices = (await work.session.scalars(query)).all()
    agents = {a.id: a for a in await work.session.scalars(select(Agent).where(Agent.tenant_id == tenant_id))}
    desks = {d.kkm_id: d for d in await work.session.scalars(select(Desk).where(Desk.tenant_id == tenant_id))}
    claims: dict[str, list[RefusedClaim]] = defaultdict(list)
    for claim in await work.session.scalars(select(RefusedClaim).where(RefusedClaim.tenant_id == tenant_id)):
        claims[claim.kkm_id].append(claim)
    return [
        views.device(d, agents.get(d.agent_id or ""), desks.get(d.kkm_id), claims[d.kkm_id], language) for d in devices
    ]


async def _one(work: Work, tenant_id: str, kkm_id: str, language: Language) -> views.DeviceView:
    await work.session.flush()
    found = await _views(work, tenant_id, language, [kkm_id])
    if not found:
        raise Problem(404, "unknown_kkm_id", kkm_id=kkm_id)
    return found[0]


@router.get("/devices")
async def list_devices(here: Here, caller: DirectoryCaller, language: Speaks) -> DeviceList:
    async with here.database.read() as work:
        return DeviceList(devices=await _views(work, caller.tenant_id, language))


@router.get("/devices/{kkm_id}")
async def get_device(kkm_id: str, here: Here, caller: DirectoryCaller, language: Speaks) -> views.DeviceView:
    async with here.database.read() as work:
        return await _one(work, caller.tenant_id, kkm_id, language)


@router.put("/devices")
async def put_devices(
    asked: directory.DevicePut | list[directory.DevicePut], here: Here, caller: DirectoryCaller, language: Speaks
) -> DeviceList:
    """Adds or changes registers, one or many, all or none. Fields that are left out stay as they are."""
    wanted = asked if isinstance(asked, list) else [asked]
    async with here.database.write() as work:
        for one in wanted:
            await directory.put_device(work, caller.tenant_id, one)
        await work.session.flush()
        return DeviceList(devices=await _views(work, caller.tenant_id, language, [one.kkm_id for one in wanted]))


@router.put("/devices/{kkm_id}")
async def put_device(
    kkm_id: str, asked: DeviceFields, here: Here, caller: DirectoryCaller, language: Speaks
) -> views.DeviceView:
    try:
        device = directory.DevicePut.model_validate({**asked.model_dump(), "kkm_id": kkm_id})
    except ValidationError as error:
        raise Problem(422, "bad_request", errors=[field_error(dict(e)) for e in error.errors()]) from None
    async with here.database.write() as work:
        await directory.put_device(work, caller.tenant_id, device)
        return await _one(work, caller.tenant_id, kkm_id, language)


@router.post("/devices/{kkm_id}/release")
async def release_device(kkm_id: str, here: Here, caller: DirectoryCaller, language: Speaks) -> views.DeviceView:
    """Asks the owning PC to give the register up; it does so when nothing is begun there."""
    async with here.database.write() as work:
        await directory.release(work, here.world, caller.tenant_id, kkm_id)
        return await _one(work, caller.tenant_id, kkm_id, language)


@router.post("/devices/{kkm_id}/move")
async def move_device(
    kkm_id: str, asked: directory.Move, here: Here, caller: DirectoryCaller, language: Speaks
) -> views.DeviceView:
    """Moves a register to another PC: by the old one's release, or at once when a person says that it is off."""
    async with here.database.write() as work:
        await directory.move(work, here.world, caller.tenant_id, kkm_id, asked)
        return await _one(work, caller.tenant_id, kkm_id, language)


@router.get("/desks")
async def list_desks(here: Here, caller: DirectoryCaller) -> DeskList:
    async with here.database.read() as work:
        rows = await work.session.scalars(select(Desk).where(Desk.tenant_id == caller.tenant_id).order_by(Desk.desk_id))
        return DeskList(desks=[views.desk(row) for row in rows])


@router.put("/desks")
async def put_desks(
    asked: Annotated[directory.DeskPut | list[directory.DeskPut], Body()], here: Here, caller: DirectoryCaller
) -> DeskList:
    """Adds or replaces desks, one or many, all or none."""
    async with here.database.write() as work:
        rows = [
            await directory.put_desk(work, here.world, caller.tenant_id, one)
            for one in (asked if isinstance(asked, list) else [asked])
        ]
        return DeskList(desks=[views.desk(row) for row in rows])

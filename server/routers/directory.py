"""/devices and /desks"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Discriminator, Tag, ValidationError

from server.fields import field_errors
from server.pages import DEFAULT_LIMIT, CursorQuery, Limit
from server.problems import Problem
from server.routers.common import PROBLEMS, DirectoryCaller, DirectoryReader, Here, Speaks
from server.services import catalogue, desks, directory, views

router = APIRouter(tags=["directory"], responses=PROBLEMS)


def _one_or_many(body: Any) -> str:
    return "<many>" if isinstance(body, list) else "<one>"


Devices = Annotated[
    Annotated[directory.DevicePut, Tag("<one>")] | Annotated[list[directory.DevicePut], Tag("<many>")],
    Discriminator(_one_or_many),
    Body(),
]
Desks = Annotated[
    Annotated[desks.DeskPut, Tag("<one>")] | Annotated[list[desks.DeskPut], Tag("<many>")],
    Discriminator(_one_or_many),
    Body(),
]


class DeviceFields(BaseModel):
    """A device without its id, which the address names."""

    model_config = ConfigDict(extra="allow")


@router.get("/devices")
async def list_devices(
    here: Here,
    caller: DirectoryReader,
    language: Speaks,
    cursor: CursorQuery = None,
    limit: Limit = DEFAULT_LIMIT,
) -> catalogue.DevicePage:
    """By ``kkm_id``, with the latest look at each register."""
    async with here.database.read() as work:
        return await catalogue.devices(work, caller.tenant_id, language, cursor, limit)


@router.get("/devices/{kkm_id}")
async def get_device(kkm_id: str, here: Here, caller: DirectoryReader, language: Speaks) -> views.DeviceView:
    async with here.database.read() as work:
        return await catalogue.device(work, caller.tenant_id, kkm_id, language)


@router.get("/devices/{kkm_id}/events")
async def device_events(
    kkm_id: str,
    here: Here,
    caller: DirectoryReader,
    after: Annotated[str | None, Query(max_length=300, description="`cursor` of the page before")] = None,
    limit: Limit = DEFAULT_LIMIT,
) -> catalogue.DeviceEventPage:
    """What the register did outside jobs, oldest first. Asking again with ``cursor`` brings what came since."""
    async with here.database.read() as work:
        return await catalogue.events(work, caller.tenant_id, kkm_id, after, limit)


@router.put("/devices")
async def put_devices(asked: Devices, here: Here, caller: DirectoryCaller, language: Speaks) -> catalogue.DevicePage:
    """Adds or changes registers, one or many, all or none. Fields that are left out stay as they are."""
    wanted = asked if isinstance(asked, list) else [asked]
    async with here.database.write(by=caller.actor) as work:
        for one in wanted:
            await directory.put_device(work, here.world, caller.tenant_id, one)
        changed = [one.kkm_id for one in wanted]
        return catalogue.DevicePage(devices=await catalogue.some(work, caller.tenant_id, language, changed))


@router.put("/devices/{kkm_id}")
async def put_device(
    kkm_id: str, asked: DeviceFields, here: Here, caller: DirectoryCaller, language: Speaks
) -> views.DeviceView:
    try:
        device = directory.DevicePut.model_validate({**asked.model_dump(), "kkm_id": kkm_id})
    except ValidationError as error:
        raise Problem(422, "bad_request", errors=field_errors(error.errors())) from None
    async with here.database.write(by=caller.actor) as work:
        await directory.put_device(work, here.world, caller.tenant_id, device)
        return await catalogue.device(work, caller.tenant_id, kkm_id, language)


@router.post("/devices/{kkm_id}/release")
async def release_device(kkm_id: str, here: Here, caller: DirectoryCaller, language: Speaks) -> views.DeviceView:
    """Asks the owning PC to give the register up; it does so when nothing is begun there."""
    async with here.database.write(by=caller.actor) as work:
        await directory.release(work, here.world, caller.tenant_id, kkm_id)
        return await catalogue.device(work, caller.tenant_id, kkm_id, language)


@router.post("/devices/{kkm_id}/move")
async def move_device(
    kkm_id: str, asked: directory.Move, here: Here, caller: DirectoryCaller, language: Speaks
) -> views.DeviceView:
    """Moves a register to another PC: by the old one's release, or at once when a person says that it is off."""
    async with here.database.write(by=caller.actor) as work:
        await directory.move(work, here.world, caller.tenant_id, kkm_id, asked)
        return await catalogue.device(work, caller.tenant_id, kkm_id, language)


@router.get("/desks")
async def list_desks(
    here: Here,
    caller: DirectoryReader,
    cursor: CursorQuery = None,
    limit: Limit = DEFAULT_LIMIT,
) -> catalogue.DeskPage:
    """By ``desk_id``."""
    async with here.database.read() as work:
        return await catalogue.desks(work, caller.tenant_id, cursor, limit)


@router.put("/desks")
async def put_desks(asked: Desks, here: Here, caller: DirectoryCaller) -> catalogue.DeskPage:
    """Adds or replaces desks, one or many, all or none."""
    async with here.database.write(by=caller.actor) as work:
        rows = [
            await desks.put(work, here.world, caller.tenant_id, one)
            for one in (asked if isinstance(asked, list) else [asked])
        ]
        return catalogue.DeskPage(desks=[views.desk(row) for row in rows])

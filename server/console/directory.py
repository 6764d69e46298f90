"""The directory: registers and terminals, the desks where they stand, what no PC has bound yet, who was refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.responses import Response

from server.console import reading, standing
from server.console.menu import HOME
from server.console.visit import (
    REFUSALS,
    DirectoryKeeper,
    DirectoryReader,
    PageRoute,
    Visit,
    as_problem,
    back,
    text_of,
    typed_in,
)
from server.pages import CursorQuery
from server.routers import directory as rest
from server.services import catalogue, desks, directory, views
from server.settings import DEFAULT_ZONE
from server.store.desks import at_device

router = APIRouter(route_class=PageRoute)
SHOWN = 100
EVENTS = 100
DESK_FIELDS = ("desk_id", "name", "kkm_id", "terminal_kkm_id", "timezone", "close_at", "held_hours")
DESK_FLAGS = ("exclusive", "imprint")
POLICIES = ("open", "close_expired", "before_24h")


@router.get(f"{HOME}/directory")
async def index(visit: DirectoryReader, cursor: CursorQuery = None, desks: CursorQuery = None) -> Response:
    return await _index(visit, cursor, desks)


async def _index(visit: Visit, cursor: str | None = None, of_desks: str | None = None, **more: Any) -> Response:
    """Two lists, each with a cursor of its own."""
    async with visit.here.database.read() as work:
        devices = await catalogue.devices(work, visit.tenant_id, visit.language, cursor, SHOWN)
        stand = await catalogue.desks(work, visit.tenant_id, of_desks, SHOWN)
        agents = await reading.agents(work, [device.agent_id for device in devices.devices])

    def page(cursor: str | None, of_desks: str | None) -> str:
        told = {"cursor": cursor, "desks": of_desks}
        return f"{HOME}/directory?{urlencode({name: value for name, value in told.items() if value})}"

    return visit.page(
        "directory.html",
        here=f"{HOME}/directory",
        devices=devices.devices,
        desks=stand.desks,
        agents=agents,
        more_devices=page(devices.cursor, of_desks) if devices.cursor else None,
        more_desks=page(cursor, stand.cursor) if stand.cursor else None,
        **more,
    )


@router.post(f"{HOME}/directory/devices")
async def add_device(visit: DirectoryKeeper) -> Response:
    given = await visit.form()
    told = {name: text_of(given, name) for name in ("kkm_id", "name", "register_serial")}
    try:
        asked = directory.DevicePut.model_validate({name: value for name, value in told.items() if value})
        await rest.put_devices(asked, visit.here, visit.caller, visit.language)
    except REFUSALS as error:
        problem = as_problem(error)
        return await _index(visit, trouble=visit.refused(problem), typed=told, status=problem.status)
    return back(f"{HOME}/devices/{asked.kkm_id}")


# --- one device -------------------------------------------------------------------------------------------------------


@router.get(f"{HOME}/devices/{{kkm_id}}")
async def device(visit: DirectoryReader, kkm_id: str) -> Response:
    return await _device(visit, kkm_id)


async def _device(visit: Visit, kkm_id: str, typed: Mapping[str, str] | None = None, **more: Any) -> Response:
    typed = typed or {}
    sought = visit.request.query_params.get("find", "").strip()[:64]
    async with visit.here.database.read() as work:
        told = await catalogue.device(work, visit.tenant_id, kkm_id, visit.language)
        named = {told.agent_id or "", typed.get("agent_id", ""), typed.get("to", "")} - {""}
        agents, more_agents = await reading.owners(work, visit.tenant_id, sought, named)
        owner = await reading.agents(work, [told.agent_id])
        events = await reading.events(work, visit.tenant_id, kkm_id, EVENTS)
        visit = visit.there(await at_device(work, visit.tenant_id, kkm_id))
    return visit.page(
        "device.html",
        here=f"{HOME}/directory",
        device=told,
        notes=standing.of_device(told, visit.language),
        agents=agents,
        more_agents=more_agents,
        sought=sought,
        owner=owner.get(told.agent_id or ""),
        events=events,
        typed=typed,
        **more,
    )


@router.post(f"{HOME}/devices/{{kkm_id}}")
async def change_device(visit: DirectoryKeeper, kkm_id: str) -> Response:
    """``agent_id``: of a device that nobody has bound yet."""
    given = await visit.form()
    told: dict[str, str | None] = {"kkm_id": kkm_id, "name": text_of(given, "name") or None}
    for field in ("agent_id", "register_serial"):
        if field in given:
            told[field] = text_of(given, field) or None
    try:
        asked = directory.DevicePut.model_validate(told)
        await rest.put_devices(asked, visit.here, visit.caller, visit.language)
    except REFUSALS as error:
        problem = as_problem(error)
        typed = typed_in(given, "name", "agent_id", "register_serial")
        return await _device(visit, kkm_id, trouble=visit.refused(problem), typed=typed, status=problem.status)
    return back(f"{HOME}/devices/{kkm_id}")


@router.post(f"{HOME}/devices/{{kkm_id}}/release")
async def release(visit: DirectoryKeeper, kkm_id: str) -> Response:
    await visit.form()
    try:
        await rest.release_device(kkm_id, visit.here, visit.caller, visit.language)
    except REFUSALS as error:
        return await _device(visit, kkm_id, trouble=visit.refused(error), status=as_problem(error).status)
    return back(f"{HOME}/devices/{kkm_id}")


@router.post(f"{HOME}/devices/{{kkm_id}}/move")
async def move(visit: DirectoryKeeper, kkm_id: str) -> Response:
    given = await visit.form()
    assert visit.person is not None
    off = text_of(given, "old_pc_off") == "yes"
    try:
        asked = directory.Move(agent_id=text_of(given, "to"), old_pc_off=off, person=visit.person.name if off else None)
        await rest.move_device(kkm_id, asked, visit.here, visit.caller, visit.language)
    except REFUSALS as error:
        problem = as_problem(error)
        return await _device(
            visit, kkm_id, trouble=visit.refused(problem), typed=typed_in(given, "to"), status=problem.status
        )
    return back(f"{HOME}/devices/{kkm_id}")


# --- one desk ---------------------------------------------------------------------------------------------------------


@router.get(f"{HOME}/desks/{{desk_id}}")
async def desk(visit: DirectoryReader, desk_id: str) -> Response:
    return await _desk(visit, desk_id)


@router.get(f"{HOME}/desks")
async def new_desk(visit: DirectoryKeeper) -> Response:
    return await _desk(visit, None)


async def _desk(visit: Visit, desk_id: str | None, **more: Any) -> Response:
    async with visit.here.database.read() as work:
        found = await reading.desk(work, visit.tenant_id, desk_id) if desk_id is not None else None
        devices = await reading.devices(work, visit.tenant_id)
    typed = _as_typed(views.desk(found) if found is not None else None)
    return visit.page(
        "desk.html", here=f"{HOME}/directory", desk_id=desk_id, devices=devices, **{"typed": typed, **more}
    )


def _as_typed(desk: views.DeskView | None) -> dict[str, str]:
    """A desk as the fields of its form."""
    if desk is None:
        usual = {"timezone": DEFAULT_ZONE, "held_hours": "24", "settle": "manual"}
        return usual | dict.fromkeys(DESK_FLAGS, "yes") | dict.fromkeys(POLICIES, "auto")
    flags = {flag: "yes" if getattr(desk, flag) else "no" for flag in DESK_FLAGS}
    policies = {policy: getattr(desk.shift_policy, policy) for policy in POLICIES}
    told = {name: str(getattr(desk, name, None) or "") for name in DESK_FIELDS}
    return told | flags | policies | {"close_at": desk.shift_policy.close_at or "", "settle": desk.settle}


@router.post(f"{HOME}/desks")
async def put_desk(visit: DirectoryKeeper) -> Response:
    given = await visit.form()
    typed = typed_in(given, *DESK_FIELDS, *DESK_FLAGS, *POLICIES, "settle")
    try:
        asked = desks.DeskPut.model_validate(_desk_of(typed))
        await rest.put_desks(asked, visit.here, visit.caller)
    except REFUSALS as error:
        problem = as_problem(error)
        return await _desk(visit, None, trouble=visit.refused(problem), typed=typed, status=problem.status)
    return back(f"{HOME}/directory")


def _desk_of(typed: dict[str, str]) -> dict[str, Any]:
    named = {name: typed[name] for name in ("desk_id", "name", "kkm_id", "terminal_kkm_id", "timezone", "held_hours")}
    return {
        **{name: value for name, value in named.items() if value},
        **{flag: typed[flag] == "yes" for flag in DESK_FLAGS},
        "settle": typed["settle"] or "manual",
        "shift_policy": {policy: typed[policy] or "auto" for policy in POLICIES}
        | {"close_at": typed["close_at"] or None},
    }

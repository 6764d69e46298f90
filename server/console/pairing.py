"""Pairing a PC: the line to copy, the PC that claims it, and the person who says that it is the right one; and the way
of an empty account to its first receipt."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from server.console import reading
from server.console.menu import HOME
from server.console.visit import REFUSALS, DirectoryKeeper, PageRoute, Visit, as_problem, back, text_of, typed_in
from server.routers import agents as rest
from server.services import desks, directory, pairing

router = APIRouter(route_class=PageRoute)


@router.get(f"{HOME}/pairing")
async def begin(visit: DirectoryKeeper) -> Response:
    return visit.page("pairing.html", here=f"{HOME}/pairing")


@router.post(f"{HOME}/pairing")
async def make(visit: DirectoryKeeper) -> Response:
    given = await visit.form()
    try:
        asked = pairing.CodeAsked(name=text_of(given, "name") or None)
        made = await rest.make_code(visit.here, visit.caller, visit.request, asked)
    except REFUSALS as error:
        status, typed = as_problem(error).status, typed_in(given, "name")
        return visit.page(
            "pairing.html", here=f"{HOME}/pairing", trouble=visit.refused(error), typed=typed, status=status
        )
    return back(f"{HOME}/pairing/{made.code}")


@router.get(f"{HOME}/pairing/{{code}}")
async def watch(visit: DirectoryKeeper, code: str) -> Response:
    return await _show(visit, code)


async def _show(visit: Visit, code: str, **more: Any) -> Response:
    told = await rest.get_code(code, visit.here, visit.caller)
    base = rest.public_url(visit.here.settings.public_url, visit.request)
    return visit.page(
        "paired.html", here=f"{HOME}/pairing", told=told, code=code, line=f"{base}/pair/{code}",
        over=told.state in ("free", "claimed") and visit.now > told.expires_at, **more,
    )  # fmt: skip


@router.post(f"{HOME}/pairing/{{code}}/{{answer}}")
async def decide(visit: DirectoryKeeper, code: str, answer: str) -> Response:
    await visit.form()
    try:
        follow = rest.confirm_code if answer == "confirm" else rest.refuse_code
        await follow(code, visit.here, visit.caller)
    except REFUSALS as error:
        return await _show(visit, code, trouble=visit.refused(error), status=as_problem(error).status)
    return back(f"{HOME}/pairing/{code}")


# --- first steps ------------------------------------------------------------------------------------------------------


@router.get(f"{HOME}/first-steps")
async def first_steps(visit: DirectoryKeeper) -> Response:
    return await _first_steps(visit)


async def _first_steps(visit: Visit, **more: Any) -> Response:
    async with visit.here.database.read() as work:
        begun = await reading.begun(work, visit.tenant_id)
    counts = (begun.devices, begun.pcs, begun.bound, begun.desks, begun.keys)
    done = (*(count > 0 for count in counts), begun.receipt is not None)
    return visit.page(
        "first_steps.html",
        here=f"{HOME}/first-steps",
        begun=begun,
        most=reading.MOST,
        done=done,
        current=done.index(False) if False in done else None,
        **more,
    )


@router.post(f"{HOME}/first-steps/register")
async def name_register(visit: DirectoryKeeper) -> Response:
    """The register's id in the directory, and the desk at which it stands."""
    given = await visit.form()
    try:
        device = directory.DevicePut.model_validate({"kkm_id": text_of(given, "kkm_id")})
        desk = desks.DeskPut.model_validate(
            {"desk_id": device.kkm_id, "kkm_id": device.kkm_id, "name": text_of(given, "name") or None}
        )
        async with visit.writing() as work:
            await directory.put_device(work, visit.here.world, visit.tenant_id, device)
            await desks.put(work, visit.here.world, visit.tenant_id, desk)
    except REFUSALS as error:
        typed = typed_in(given, "kkm_id", "name")
        return await _first_steps(visit, trouble=visit.refused(error), typed=typed, status=as_problem(error).status)
    return back(f"{HOME}/first-steps")

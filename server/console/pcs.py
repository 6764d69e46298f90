"""The PCs of an account: how they are, what their doctor says, what they have sent, and the end of a quarantine."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from protocol.crm.jobs import JOB_ID
from server.console import log, reading
from server.console.menu import HOME
from server.console.silence import CAUSES
from server.console.visit import (
    REFUSALS,
    Decider,
    DirectoryReader,
    PageRoute,
    Supporter,
    Visit,
    as_problem,
    back,
    text_of,
    typed_in,
)
from server.pages import CursorQuery
from server.routers import agents as rest
from server.routers import logs as rest_logs
from server.routers import support as rest_support
from server.services import agents, bundles, support, views
from server.services.access import Scope
from server.store import support as store

router = APIRouter(route_class=PageRoute)
SHOWN = 50
FEW = 10


@router.get(f"{HOME}/pcs")
async def pcs(visit: DirectoryReader, cursor: CursorQuery = None) -> Response:
    page = await rest.list_agents(visit.here, visit.caller, visit.language, cursor, SHOWN)
    return visit.page(
        "pcs.html",
        here=f"{HOME}/pcs",
        agents=page.agents,
        following=f"{HOME}/pcs?cursor={page.cursor}" if page.cursor else None,
    )


@router.get(f"{HOME}/pcs/{{agent_id}}")
async def pc(visit: DirectoryReader, agent_id: str) -> Response:
    return await _show(visit, agent_id)


async def _show(visit: Visit, agent_id: str, **more: Any) -> Response:
    days = visit.here.settings.limits.bundle_days
    async with visit.here.database.read() as work:
        row = await agents.of_tenant(work, visit.tenant_id, agent_id)
        told = await agents.view(work, row, visit.language)
        requests: dict[str, support.RequestView | None] = {"doctor": None, "bundle": None}
        refused = await reading.claims_of(work, visit.tenant_id, row.id)
        sent: list[bundles.BundleView] = []
        watched = log.Shown()
        if visit.may(Scope.SUPPORT):
            for kind in requests:
                newest = await store.newest(work, row.id, kind)
                requests[kind] = support.view(newest, work.now, visit.language) if newest is not None else None
            rows, _ = await bundles.page(work, visit.tenant_id, row.id, None, FEW)
            sent = [bundles.view(one, days) for one in rows]
            watched = await log.shown(visit, work, row.id)
    job = visit.request.query_params.get("job", "")
    return visit.page(
        "pc.html",
        here=f"{HOME}/pcs",
        agent=told,
        doctor=requests["doctor"],
        bundle=requests["bundle"],
        bundles=sent,
        log=watched,
        refused=[(one.kkm_id, views.claim(one, visit.language)) for one in refused],
        causes=tuple(CAUSES.values()),
        job=job if JOB_ID.fullmatch(job) else "",
        said=visit.request.query_params.get("said", ""),
        **more,
    )


@router.post(f"{HOME}/pcs/{{agent_id}}/doctor")
async def ask_doctor(visit: Supporter, agent_id: str) -> Response:
    await visit.form()
    asked = support.DoctorAsked(person=_name(visit))
    try:
        await rest_support.ask_doctor(agent_id, visit.here, visit.caller, visit.language, asked)
    except REFUSALS as error:
        return await _show(visit, agent_id, trouble=visit.refused(error), status=as_problem(error).status)
    return back(f"{HOME}/pcs/{agent_id}")


@router.post(f"{HOME}/pcs/{{agent_id}}/bundle")
async def ask_bundle(visit: Supporter, agent_id: str) -> Response:
    given = await visit.form()
    job = text_of(given, "job")
    try:
        asked = support.BundleAsked(person=_name(visit), reason=text_of(given, "reason"), jobs=[job] if job else [])
        await rest_support.ask_bundle(agent_id, visit.here, visit.caller, visit.language, asked)
    except REFUSALS as error:
        typed = typed_in(given, "reason", "job")
        problem = as_problem(error)
        return await _show(visit, agent_id, trouble=visit.refused(problem), typed=typed, status=problem.status)
    return back(f"{HOME}/pcs/{agent_id}")


@router.post(f"{HOME}/pcs/{{agent_id}}/log")
async def ask_log(visit: Supporter, agent_id: str) -> Response:
    given = await visit.form()
    try:
        asked = support.LogAsked(person=_name(visit), reason=text_of(given, "log_reason"))
        await rest_logs.ask_log(agent_id, visit.here, visit.caller, visit.language, asked)
    except REFUSALS as error:
        problem = as_problem(error)
        typed = typed_in(given, "log_reason")
        return await _show(visit, agent_id, trouble=visit.refused(problem), typed=typed, status=problem.status)
    return back(f"{HOME}/pcs/{agent_id}#log")


@router.post(f"{HOME}/pcs/{{agent_id}}/log/stop")
async def stop_log(visit: Supporter, agent_id: str) -> Response:
    await visit.form()
    await rest_logs.stop_log(agent_id, visit.here, visit.caller, visit.language)
    return back(f"{HOME}/pcs/{agent_id}#log")


@router.post(f"{HOME}/pcs/{{agent_id}}/confirm")
async def confirm(visit: Decider, agent_id: str) -> Response:
    given = await visit.form()
    visit.caller.needs(Scope.DECIDE)
    try:
        said = agents.Confirmation(person=_name(visit), reason=text_of(given, "confirmed"))
        await rest.confirm_agent(agent_id, said, visit.here, visit.caller, visit.language)
    except REFUSALS as error:
        problem = as_problem(error)
        typed = typed_in(given, "confirmed")
        return await _show(visit, agent_id, trouble=visit.refused(problem), typed=typed, status=problem.status)
    return back(f"{HOME}/pcs/{agent_id}", said="confirmed")


def _name(visit: Visit) -> str:
    assert visit.person is not None
    return visit.person.name

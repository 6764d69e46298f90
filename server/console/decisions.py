"""Everything that waits for a person, and the page where one of it is decided."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import select

from protocol.crm.jobs import JobState
from server.console import asked, evidence, reading
from server.console.menu import HOME
from server.console.trouble import wrong_field
from server.console.visit import REFUSALS, Decider, PageRoute, Reader, Visit, as_problem, back, text_of, typed_in
from server.routers import jobs as rest
from server.routers import proposals as rest_proposals
from server.services import jobs as service
from server.services import proposals, views
from server.services.access import Scope
from server.store import jobs as store
from server.store import outbox
from server.store.desks import at_device
from server.store.models import Agent

router = APIRouter(route_class=PageRoute)
FEW = 10


@router.get(f"{HOME}/decisions")
async def decisions(visit: Reader) -> Response:
    async with visit.here.database.read() as work:
        rows = await reading.waiting(work, visit.tenant_id)
        silent = await reading.unreachable(work, visit.tenant_id)
        quarantined = await work.session.scalars(
            select(Agent).where(Agent.tenant_id == visit.tenant_id, Agent.state == "quarantined").limit(reading.MOST)
        )
    asking = [row for row in rows if row.state != JobState.HELD]
    return visit.page(
        "decisions.html",
        here=f"{HOME}/decisions",
        asking=[(row, *evidence.case_of(row)) for row in asking],
        held=[row for row in rows if row.state == JobState.HELD],
        silent=silent,
        quarantined=quarantined,
    )


@router.get(f"{HOME}/decisions/{{job_id}}")
async def decision(visit: Reader, job_id: str) -> Response:
    return await _show(visit, job_id)


async def _show(visit: Visit, job_id: str, **more: Any) -> Response:
    async with visit.here.database.read() as work:
        row = await service.find(work, visit.tenant_id, job_id)
        agent = await work.session.get(Agent, row.agent_id) if row.agent_id is not None else None
        told = views.job_detail(row, await store.history(work, row.id), agent, visit.language)
        visit = visit.there(await at_device(work, visit.tenant_id, row.kkm_id))
        pending = await outbox.pending(work, row.id, "resolve")
        found = await proposals.page(work, visit.tenant_id, job_id=job_id, state="open", before=None, limit=FEW)
    asks = row.state == JobState.HUMAN or row.waits is not None
    return visit.page(
        "decision.html",
        here=f"{HOME}/decisions",
        job=told,
        plan=asked.plan_of(row),
        shown=evidence.shown(row),
        agent=agent,
        asks=asks,
        proposals=[proposals.view(one) for one in found],
        pending=pending.body if pending is not None and pending.body.get("rev") == row.rev else None,
        **more,
    )


@router.post(f"{HOME}/decisions/{{job_id}}")
async def decide(visit: Decider, job_id: str) -> Response:
    """At the revision that the person has seen. Support proposes: somebody else confirms."""
    given = await visit.form()
    try:
        said = _resolution(visit, {name: text_of(given, name) for name in ("choice", "reason", "fd", "rev")})
        if visit.may(Scope.DECIDE):
            await rest.resolve_job(job_id, said, visit.here, visit.caller, visit.language)
        else:
            await rest_proposals.propose(job_id, said, visit.here, visit.caller)
    except REFUSALS as error:
        problem = as_problem(error)
        typed = typed_in(given, "choice", "reason", "fd")
        return await _show(visit, job_id, trouble=visit.refused(problem), typed=typed, status=problem.status)
    return back(f"{HOME}/jobs/{job_id}", said="decision" if visit.may(Scope.DECIDE) else "proposal")


@router.post(f"{HOME}/decisions/{{job_id}}/proposals/{{proposal_id}}/{{answer}}")
async def answer_proposal(visit: Decider, job_id: str, proposal_id: str, answer: str) -> Response:
    """Another person than the one who has proposed it confirms or refuses."""
    await visit.form()
    try:
        if answer == "confirm":
            visit.caller.needs(Scope.DECIDE)
            await rest_proposals.confirm(proposal_id, visit.here, visit.caller)
        else:
            await rest_proposals.refuse(proposal_id, visit.here, visit.caller)
    except REFUSALS as error:
        return await _show(visit, job_id, trouble=visit.refused(error), status=as_problem(error).status)
    return back(f"{HOME}/jobs/{job_id}", said="decision") if answer == "confirm" else back(f"{HOME}/decisions/{job_id}")


def _resolution(visit: Visit, given: dict[str, str]) -> service.Resolution:
    decision, _, how = given["choice"].partition(" ")
    if not decision:
        raise wrong_field("choice", "Выберите одно из решений.", "Choose one of the decisions.")
    fd = given["fd"] if how else ""
    if (how == "must" and not fd) or (fd and not (fd.isascii() and fd.isdigit() and len(fd) <= 10)):
        raise wrong_field(
            "fd",
            "Введите номер документа (ФД) с бумажного чека: это число.",
            "Enter the FD number from the paper: digits.",
        )
    rev = given["rev"]
    return service.Resolution.model_validate(
        {
            "decision": decision,
            "person": visit.person.name if visit.person is not None else "",
            "reason": given["reason"],
            "rev": int(rev) if rev.isascii() and rev.isdigit() else -1,
            "fd": int(fd) if fd else None,
        }
    )

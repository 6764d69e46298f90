"""Jobs: the list with its filters, the sales with the progress of their money, and one job from its first moment on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import Response

from protocol.crm.jobs import FINAL, JOB_ID, JobKind, JobState
from protocol.crm.sales import SALE_TYPES
from server.console import asked, exchange, reading
from server.console.menu import HOME
from server.console.visit import (
    REFUSALS,
    Cashier,
    PageRoute,
    Reader,
    Supporter,
    Visit,
    as_problem,
    back,
    text_of,
    typed_in,
)
from server.problems import Problem
from server.routers import jobs as rest
from server.routers import support as rest_support
from server.services import jobs as service
from server.services import support, views
from server.store import jobs as store
from server.store.desks import at_device
from server.store.models import Agent

router = APIRouter(route_class=PageRoute)
OPEN = tuple(state for state in JobState if state not in FINAL)
SHOWN = 40


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the filters say, as they were sent; what makes no sense is nothing."""

    state: str = ""
    kind: str = ""
    kkm_id: str = ""
    order_ref: str = ""
    day: str = ""
    cursor: str = ""

    @property
    def states(self) -> list[JobState]:
        if self.state == "open":
            return list(OPEN)
        return [JobState(self.state)] if self.state in set(JobState) else []

    @property
    def kinds(self) -> list[JobKind]:
        return [JobKind(self.kind)] if self.kind in set(JobKind) else []

    def between(self, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
        """The day by a wall clock."""
        try:
            first = date.fromisoformat(self.day)
        except ValueError:
            return None, None
        begins = datetime(first.year, first.month, first.day, tzinfo=zone)
        return begins, begins + timedelta(days=1)

    def as_query(self, **changed: str) -> str:
        told = {name: getattr(self, name) for name in self.__slots__} | changed
        return urlencode({name: value for name, value in told.items() if value})


def wanted_of(visit: Visit) -> Wanted:
    given = visit.request.query_params
    return Wanted(**{name: given.get(name, "").strip()[:300] for name in Wanted.__slots__})


async def _there(visit: Visit, wanted: Wanted) -> Visit:
    """Of one register's jobs the clock is that of its desk."""
    if not JOB_ID.fullmatch(wanted.kkm_id):
        return visit
    async with visit.here.database.read() as work:
        return visit.there(await at_device(work, visit.tenant_id, wanted.kkm_id))


async def _zones(visit: Visit, page: views.JobPage) -> dict[str, str]:
    async with visit.here.database.read() as work:
        return await reading.zones(work, visit.tenant_id, {job.kkm_id for job in page.jobs})


async def _found(visit: Visit, wanted: Wanted, kinds: Sequence[JobKind]) -> views.JobPage:
    since, until = wanted.between(visit.zone)
    return await rest.list_jobs(
        visit.here,
        visit.caller,
        visit.language,
        state=wanted.states,
        kind=list(kinds),
        kkm_id=wanted.kkm_id if JOB_ID.fullmatch(wanted.kkm_id) else None,
        order_ref=wanted.order_ref or None,
        since=since,
        until=until,
        cursor=wanted.cursor or None,
        limit=SHOWN,
    )


@router.get(f"{HOME}/jobs")
async def jobs(visit: Reader) -> Response:
    wanted = wanted_of(visit)
    sought = visit.request.query_params.get("job_id", "").strip()
    if sought:
        return back(f"{HOME}/jobs/{sought[:64]}" if JOB_ID.fullmatch(sought[:64]) else f"{HOME}/jobs")
    visit = await _there(visit, wanted)
    page = await _found(visit, wanted, wanted.kinds)
    following = f"{HOME}/jobs?{wanted.as_query(cursor=page.cursor)}" if page.cursor else None
    return visit.page(
        "jobs.html", here=f"{HOME}/jobs", jobs=page.jobs, wanted=wanted, following=following,
        states=["open", *JobState], kinds=list(JobKind), zones=await _zones(visit, page),
    )  # fmt: skip


@router.get(f"{HOME}/sales")
async def sales(visit: Reader) -> Response:
    wanted = wanted_of(visit)
    page = await _found(visit, wanted, list(SALE_TYPES))
    following = f"{HOME}/sales?{wanted.as_query(cursor=page.cursor)}" if page.cursor else None
    return visit.page(
        "sales.html", here=f"{HOME}/sales", sales=page.jobs, following=following, zones=await _zones(visit, page)
    )


# --- one job ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Moment:
    """One transition. ``after``: seconds since the one before."""

    state: str
    at: datetime
    attempt: int
    code: str | None
    after: float | None


def timeline(history: Sequence[views.Transition]) -> list[Moment]:
    """Every transition in its order; clocks of two machines may make a step seem to go back, which is no length."""
    moments: list[Moment] = []
    for line in history:
        before = moments[-1].at if moments else None
        after = max(0.0, (line.at - before).total_seconds()) if before is not None else None
        moments.append(Moment(line.state, line.at, line.attempt, line.code, after))
    return moments


COLOURS = {"done": "good", "not_done": "bad", "rejected": "bad", "human": "bad", "held": "wait", "resolving": "wait"}


@router.get(f"{HOME}/jobs/{{job_id}}")
async def job(visit: Reader, job_id: str) -> Response:
    return await show(visit, job_id)


async def show(visit: Visit, job_id: str, **more: Any) -> Response:
    async with visit.here.database.read() as work:
        row = await service.find(work, visit.tenant_id, job_id)
        agent = await work.session.get(Agent, row.agent_id) if row.agent_id is not None else None
        told = views.job_detail(row, await store.history(work, row.id), agent, visit.language)
        visit = visit.there(await at_device(work, visit.tenant_id, row.kkm_id))
    return visit.page(
        "job.html",
        exchange=await exchange.told(visit, row),
        here=f"{HOME}/sales" if row.kind in set(SALE_TYPES) else f"{HOME}/jobs",
        job=told,
        plan=asked.plan_of(row),
        agent=agent,
        moments=timeline(told.history),
        colours=COLOURS,
        open=told.state not in FINAL,
        asks=row.state == JobState.HUMAN or row.waits is not None,
        returnable=asked.returnable(row),
        said=visit.request.query_params.get("said", ""),
        **more,
    )


@router.post(f"{HOME}/jobs/{{job_id}}/cancel")
async def cancel(visit: Cashier, job_id: str) -> Response:
    await visit.form()
    try:
        await rest.cancel_job(job_id, visit.here, visit.caller, visit.language)
    except REFUSALS as error:
        return await show(visit, job_id, trouble=visit.refused(error), status=409)
    return back(f"{HOME}/jobs/{job_id}", said="cancel")


@router.post(f"{HOME}/jobs/{{job_id}}/renew")
async def renew(visit: Cashier, job_id: str) -> Response:
    given = await visit.form()
    lease = text_of(given, "lease_no")
    asked_for = service.Renewal(
        start_within_s=600, lease_no=int(lease) if lease.isascii() and lease.isdigit() else None
    )
    try:
        await rest.renew_job(job_id, asked_for, visit.here, visit.caller, visit.language)
    except REFUSALS as error:
        return await show(visit, job_id, trouble=visit.refused(error), status=409)
    return back(f"{HOME}/jobs/{job_id}", said="renew")


@router.post(f"{HOME}/jobs/{{job_id}}/exchange")
async def ask_exchange(visit: Supporter, job_id: str) -> Response:
    """Ask the job's PC for a bundle about it."""
    given = await visit.form()
    async with visit.here.database.read() as work:
        row = await service.find(work, visit.tenant_id, job_id)
    try:
        if row.agent_id is None:
            raise Problem(409, "device_without_agent", kkm_id=row.kkm_id)
        asked_for = support.BundleAsked(person=_name(visit), reason=text_of(given, "reason"), jobs=[job_id])
        await rest_support.ask_bundle(row.agent_id, visit.here, visit.caller, visit.language, asked_for)
    except REFUSALS as error:
        problem, typed = as_problem(error), typed_in(given, "reason")
        return await show(visit, job_id, trouble=visit.refused(problem), typed=typed, status=problem.status)
    return back(f"{HOME}/jobs/{job_id}", said="exchange")


def _name(visit: Visit) -> str:
    assert visit.person is not None
    return visit.person.name

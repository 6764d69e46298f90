"""/jobs"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from protocol.crm.codes import Language
from protocol.crm.jobs import JobKind, JobState, KkmId
from server.fields import Words
from server.pages import DEFAULT_LIMIT, CursorQuery, Limit, cursor_of, cut, key_of
from server.routers.common import PROBLEMS, DecidingCaller, Here, JobsCaller, JobsReader, Speaks
from server.services import jobs as service
from server.services import views
from server.store import job_lists
from server.store import jobs as store
from server.store.database import Work
from server.store.models import Agent, Job

router = APIRouter(prefix="/jobs", tags=["jobs"], responses=PROBLEMS)
JobIdPath = Annotated[str, Path(max_length=200)]


async def _view(work: Work, row: Job, language: Language) -> views.JobDetail:
    agent = await work.session.get(Agent, row.agent_id) if row.agent_id is not None else None
    return views.job_detail(row, await store.history(work, row.id), agent, language)


@router.post("", status_code=202)
async def post_job(asked: service.JobPost, here: Here, caller: JobsCaller, language: Speaks) -> views.JobDetail:
    """Stores a job. The same ``job_id`` with the same body again returns the stored answer."""
    for last_try in (False, True):
        try:
            async with here.database.write(by=caller.actor) as work:
                row = await service.post(work, here.world, here.settings.limits, caller.tenant_id, asked)
                await work.flush()
                return await _view(work, row, language)
        except IntegrityError:  # a rival posted the same job id at the same moment: now it can be found
            if last_try:
                raise
    raise AssertionError


@router.get("")
async def list_jobs(
    here: Here,
    caller: JobsReader,
    language: Speaks,
    state: Annotated[list[JobState] | None, Query()] = None,
    kind: Annotated[list[JobKind] | None, Query()] = None,
    kkm_id: Annotated[KkmId | None, Query()] = None,
    order_ref: Annotated[Words | None, Query()] = None,
    owed: Annotated[bool | None, Query(description="Sales whose money was moved and whose receipt is not made")] = None,
    since: Annotated[AwareDatetime | None, Query(description="Created at this moment or later")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Created before this moment")] = None,
    cursor: CursorQuery = None,
    limit: Limit = DEFAULT_LIMIT,
) -> views.JobPage:
    """Newest first, without their documents; ``cursor`` of one page fetches the next."""
    before = key_of(cursor, int)[0] if cursor is not None else None
    wanted = job_lists.Filter(
        states=[s.value for s in state or ()],
        kinds=[k.value for k in kind or ()],
        kkm_id=kkm_id,
        order_ref=order_ref,
        owed=owed,
        since=since,
        until=until,
    )
    async with here.database.read() as work:
        rows, more = cut(await job_lists.page(work, caller.tenant_id, wanted, before=before, limit=limit + 1), limit)
        lines = await store.histories(work, [row.id for row in rows])
        agents = {
            agent.id: agent
            for agent in await work.session.scalars(select(Agent).where(Agent.id.in_({row.agent_id for row in rows})))
        }
        return views.JobPage(
            jobs=[views.job(row, lines[row.id], agents.get(row.agent_id or ""), language) for row in rows],
            cursor=cursor_of((rows[-1].id,)) if more else None,
        )


@router.get("/{job_id}")
async def get_job(job_id: JobIdPath, here: Here, caller: JobsReader, language: Speaks) -> views.JobDetail:
    async with here.database.read() as work:
        return await _view(work, await service.find(work, caller.tenant_id, job_id), language)


@router.post("/{job_id}/cancel")
async def cancel_job(job_id: JobIdPath, here: Here, caller: JobsCaller, language: Speaks) -> views.JobDetail:
    """Cancels at once what no PC has seen; otherwise asks the PC (``cancel_pending``) and its answer decides."""
    async with here.database.write(by=caller.actor) as work:
        row = await service.cancel(work, here.world, caller.tenant_id, job_id)
        await work.flush()
        return await _view(work, row, language)


@router.post("/{job_id}/renew")
async def renew_job(
    job_id: JobIdPath, asked: service.Renewal, here: Here, caller: JobsCaller, language: Speaks
) -> views.JobDetail:
    """Gives a job that has not started a new time to start."""
    async with here.database.write(by=caller.actor) as work:
        row = await service.renew(work, here.world, caller.tenant_id, job_id, asked)
        await work.flush()
        return await _view(work, row, language)


@router.post("/{job_id}/resolve")
async def resolve_job(
    job_id: JobIdPath, asked: service.Resolution, here: Here, caller: DecidingCaller, language: Speaks
) -> views.JobDetail:
    """Sends a person's decision on a job in state ``human`` to its PC, which asks the register first."""
    async with here.database.write(by=caller.actor) as work:
        row = await service.resolve(work, here.world, caller.tenant_id, job_id, asked)
        await work.flush()
        return await _view(work, row, language)

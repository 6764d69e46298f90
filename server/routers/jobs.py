"""/jobs"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy.exc import IntegrityError

from protocol.crm.codes import Language
from protocol.crm.jobs import JobState
from server.problems import FieldError, Problem
from server.routers.common import PROBLEMS, DecidingCaller, Here, JobsCaller, Speaks
from server.services import jobs as service
from server.services import views
from server.store import jobs as store
from server.store.database import Work
from server.store.models import Agent, Job

router = APIRouter(prefix="/jobs", tags=["jobs"], responses=PROBLEMS)
JobIdPath = Annotated[str, Path(max_length=200)]


async def _view(work: Work, row: Job, language: Language) -> views.JobView:
    agent = await work.session.get(Agent, row.agent_id) if row.agent_id is not None else None
    return views.job(row, await store.history(work, row.id), agent, language)


@router.post("", status_code=202)
async def post_job(asked: service.JobPost, here: Here, caller: JobsCaller, language: Speaks) -> views.JobView:
    """Stores a job. The same ``job_id`` with the same body again returns the stored answer."""
    for last_try in (False, True):
        try:
            async with here.database.write() as work:
                row = await service.post(work, here.world, here.settings.limits, caller.tenant_id, asked)
                await work.session.flush()
                return await _view(work, row, language)
        except IntegrityError:  # a rival posted the same job id at the same moment: now it can be found
            if last_try:
                raise
    raise AssertionError


@router.get("")
async def list_jobs(
    here: Here,
    caller: JobsCaller,
    language: Speaks,
    state: Annotated[list[JobState] | None, Query()] = None,
    kkm_id: Annotated[str | None, Query(max_length=64)] = None,
    cursor: Annotated[str | None, Query(max_length=20)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> views.JobPage:
    """Newest first; ``cursor`` of one page fetches the next."""
    if cursor is not None and not (cursor.isascii() and cursor.isdigit()):
        words = "cursor: as the previous page gave it"
        raise Problem(422, "bad_request", errors=[FieldError("cursor", "cursor", words, "E_VALUE", words, words)])
    async with here.database.read() as work:
        rows = await store.page(
            work,
            caller.tenant_id,
            states=[s.value for s in state or ()],
            kkm_id=kkm_id,
            before=int(cursor) if cursor is not None else None,
            limit=limit + 1,
        )
        more = len(rows) > limit
        shown = [await _view(work, row, language) for row in rows[:limit]]
        return views.JobPage(jobs=shown, cursor=str(rows[limit - 1].id) if more else None)


@router.get("/{job_id}")
async def get_job(job_id: JobIdPath, here: Here, caller: JobsCaller, language: Speaks) -> views.JobView:
    async with here.database.read() as work:
        return await _view(work, await service.find(work, caller.tenant_id, job_id), language)


@router.post("/{job_id}/cancel")
async def cancel_job(job_id: JobIdPath, here: Here, caller: JobsCaller, language: Speaks) -> views.JobView:
    """Cancels at once what no PC has seen; otherwise asks the PC (``cancel_pending``) and its answer decides."""
    async with here.database.write() as work:
        row = await service.cancel(work, here.world, caller.tenant_id, job_id)
        await work.session.flush()
        return await _view(work, row, language)


@router.post("/{job_id}/renew")
async def renew_job(
    job_id: JobIdPath, asked: service.Renewal, here: Here, caller: JobsCaller, language: Speaks
) -> views.JobView:
    """Gives a job that has not started a new time to start."""
    async with here.database.write() as work:
        row = await service.renew(work, here.world, caller.tenant_id, job_id, asked)
        await work.session.flush()
        return await _view(work, row, language)


@router.post("/{job_id}/resolve")
async def resolve_job(
    job_id: JobIdPath, asked: service.Resolution, here: Here, caller: DecidingCaller, language: Speaks
) -> views.JobView:
    """Sends a person's decision on a job in state ``human`` to its PC, which asks the register first."""
    async with here.database.write() as work:
        row = await service.resolve(work, here.world, caller.tenant_id, job_id, asked)
        await work.session.flush()
        return await _view(work, row, language)

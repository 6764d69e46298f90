"""/jobs/{job_id}/proposals and /proposals: a decision by two people."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from protocol.crm.jobs import JobId
from server.pages import DEFAULT_LIMIT, CursorQuery, Limit, cursor_of, cut, key_of
from server.routers.common import PROBLEMS, DecidingCaller, DecisionsReader, Here, ProposingCaller
from server.services import proposals as service
from server.services.jobs import Resolution
from server.services.proposals import ProposalView, State

router = APIRouter(tags=["decisions"], responses=PROBLEMS)
ProposalId = Annotated[str, Path(max_length=64)]


class ProposalPage(BaseModel):
    proposals: list[ProposalView]
    cursor: str | None


@router.post("/jobs/{job_id}/proposals", status_code=201)
async def propose(
    job_id: Annotated[str, Path(max_length=200)], asked: Resolution, here: Here, caller: ProposingCaller
) -> ProposalView:
    """Proposes a decision, with its reason. The job stays as it is until somebody else confirms."""
    async with here.database.write(by=caller.actor) as work:
        return service.view(await service.propose(work, here.world, caller.tenant_id, job_id, asked))


@router.get("/proposals")
async def list_proposals(
    here: Here,
    caller: DecisionsReader,
    state: Annotated[State | None, Query()] = None,
    job_id: Annotated[JobId | None, Query()] = None,
    cursor: CursorQuery = None,
    limit: Limit = DEFAULT_LIMIT,
) -> ProposalPage:
    """Newest first."""
    before = key_of(cursor, str) if cursor is not None else None
    async with here.database.read() as work:
        found = await service.page(work, caller.tenant_id, job_id=job_id, state=state, before=before, limit=limit + 1)
    rows, more = cut(found, limit)
    return ProposalPage(
        proposals=[service.view(row) for row in rows], cursor=cursor_of((rows[-1].id,)) if more else None
    )


@router.post("/proposals/{proposal_id}/confirm")
async def confirm(proposal_id: ProposalId, here: Here, caller: DecidingCaller) -> ProposalView:
    """Takes the decision, as ``resolve`` does. Nobody confirms a proposal of their own."""
    async with here.database.write(by=caller.actor) as work:
        row, _ = await service.confirm(work, here.world, caller.tenant_id, proposal_id)
        return service.view(row)


@router.post("/proposals/{proposal_id}/refuse")
async def refuse(proposal_id: ProposalId, here: Here, caller: DecisionsReader) -> ProposalView:
    async with here.database.write(by=caller.actor) as work:
        return service.view(await service.refuse(work, caller.tenant_id, proposal_id))

"""Two people for one decision: whoever may only propose needs somebody else, who may decide, to confirm it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel
from sqlalchemy import select

from server.pages import Key
from server.problems import Problem, unknown
from server.services import jobs
from server.services.access import person_named
from server.services.jobs import Resolution
from server.store.database import Work
from server.store.models import Job
from server.store.proposals import Proposal
from server.world import World

State = Literal["open", "confirmed", "refused"]


class ProposalView(BaseModel):
    """``decision``, ``reason``, ``rev`` and ``fd`` as of ``POST /jobs/{job_id}/resolve``."""

    proposal_id: str
    job_id: str
    state: State
    decision: str
    reason: str
    rev: int
    fd: int | None
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None


def view(row: Proposal) -> ProposalView:
    said: dict[str, Any] = row.body
    return ProposalView.model_validate(
        {
            "proposal_id": row.id,
            "job_id": row.job_id,
            "state": row.state,
            **{name: said[name] for name in ("decision", "reason", "rev", "fd")},
            "proposed_by": row.proposed_name,
            "proposed_at": row.proposed_at,
            "decided_by": row.decided_name,
            "decided_at": row.decided_at,
        }
    )


async def propose(work: Work, world: World, tenant_id: str, job_id: str, asked: Resolution) -> Proposal:
    """Nothing happens to the job. The same proposal again is the same; another one takes the place of the person's
    earlier one for this job."""
    job = await jobs.find(work, tenant_id, job_id)
    jobs.may_resolve(job, asked)
    person = person_named(work, asked.person)
    body = asked.model_dump(mode="json") | {"person": person}
    for old in await _open_for(work, tenant_id, job_id):
        if old.proposed_by == work.actor.ref:
            if old.body == body:
                return old
            _decided(work, old, "refused", person)
    row = Proposal(
        id=world.new_id("pr"),
        tenant_id=tenant_id,
        job_id=job_id,
        state="open",
        body=body,
        proposed_by=work.actor.ref,
        proposed_name=person,
        proposed_at=work.now,
    )
    work.session.add(row)
    return row


async def _open_for(work: Work, tenant_id: str, job_id: str) -> Sequence[Proposal]:
    query = select(Proposal).where(Proposal.tenant_id == tenant_id, Proposal.job_id == job_id, Proposal.state == "open")
    return await work.session.scalars(query.with_for_update())


async def page(
    work: Work, tenant_id: str, *, job_id: str | None, state: State | None, before: Key | None, limit: int
) -> Sequence[Proposal]:
    """Newest first, below the cursor (their ids)."""
    query = select(Proposal).where(Proposal.tenant_id == tenant_id)
    if job_id is not None:
        query = query.where(Proposal.job_id == job_id)
    if state is not None:
        query = query.where(Proposal.state == state)
    if before is not None:
        at = await work.session.scalar(
            select(Proposal.proposed_at).where(Proposal.tenant_id == tenant_id, Proposal.id == str(before[0]))
        )
        if at is not None:
            older = (Proposal.proposed_at == at) & (Proposal.id < str(before[0]))
            query = query.where((Proposal.proposed_at < at) | older)
    return await work.session.scalars(query.order_by(Proposal.proposed_at.desc(), Proposal.id.desc()).limit(limit))


async def confirm(work: Work, world: World, tenant_id: str, proposal_id: str) -> tuple[Proposal, Job]:
    """Another person makes it their own: the decision is asked for as theirs. Raises ``Problem``, also when the job has
    moved on since."""
    row = await _open(work, tenant_id, proposal_id)
    if row.proposed_by == work.actor.ref:
        raise Problem(403, "second_person")
    person = person_named(work, work.actor.name)
    asked = Resolution.model_validate({**row.body, "person": person})
    job = await jobs.resolve(work, world, tenant_id, row.job_id, asked)
    _decided(work, row, "confirmed", person)
    return row, job


async def refuse(work: Work, tenant_id: str, proposal_id: str) -> Proposal:
    """Whoever proposed it may take it back, too."""
    row = await _open(work, tenant_id, proposal_id)
    _decided(work, row, "refused", work.actor.name or work.actor.id)
    return row


async def _open(work: Work, tenant_id: str, proposal_id: str) -> Proposal:
    row = await work.session.get(Proposal, proposal_id, with_for_update=True)
    if row is None or row.tenant_id != tenant_id:
        raise unknown(404, "unknown_proposal", "proposal_id", proposal_id)
    if row.state != "open":
        raise Problem(409, "proposal_over", state=row.state)
    return row


def _decided(work: Work, row: Proposal, state: State, person: str) -> None:
    row.state, row.decided_by, row.decided_name, row.decided_at = state, work.actor.ref, person, work.now

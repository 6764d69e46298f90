"""Jobs as they are kept. Every query names its tenant."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, func, insert, or_, select

from protocol.crm.job_machine import Job as Machine
from protocol.crm.job_machine import Known
from protocol.crm.jobs import FINAL, JobState
from server.store import feed
from server.store.database import Work
from server.store.happening import Happening
from server.store.models import Job, JobTransition, table_of

OPEN = tuple(state.value for state in JobState if state not in FINAL)

# Made once: putting a statement together costs more than carrying it out.
_BY_JOB_ID = select(Job).where(Job.tenant_id == bindparam("tenant"), Job.job_id == bindparam("job")).with_for_update()
_LINE = insert(table_of(JobTransition))
_LINES = select(JobTransition).where(JobTransition.job == bindparam("job")).order_by(JobTransition.id)
_OF_AGENT = (
    select(Job)
    .where(Job.tenant_id == bindparam("tenant"), Job.agent_id == bindparam("agent"), Job.state.in_(OPEN))
    .order_by(Job.id)
)
_REVS = select(Job.job_id, Job.rev).where(
    Job.tenant_id == bindparam("tenant"),
    Job.agent_id == bindparam("agent"),
    Job.job_id.in_(bindparam("jobs", expanding=True)),
)
_ENDED = (
    select(Job)
    .where(
        Job.tenant_id == bindparam("tenant"),
        Job.agent_id == bindparam("agent"),
        Job.job_id.in_(bindparam("jobs", expanding=True)),
        or_(Job.state.in_((JobState.DONE, JobState.NOT_DONE)), and_(Job.state == JobState.HUMAN, Job.owed.is_(True))),
    )
    .order_by(Job.id)
)
_COUNT_OPEN = select(func.count()).where(
    Job.tenant_id == bindparam("tenant"), Job.kkm_id == bindparam("kkm"), Job.state.in_(OPEN)
)


def machine_of(row: Job) -> Machine:
    return Machine(Known(row.state), row.rev, row.attempt, row.sent, row.cancel_pending)


def store(
    work: Work,
    row: Job,
    after: Machine,
    *,
    at: datetime | None = None,
    code: str | None = None,
    owed: bool = False,
) -> None:
    """Takes the machine's verdict over; a change of state or rev becomes a line of the history. ``owed``: it is owed
    its receipt from now on, which is told before the state is: whoever goes by the last event has the state."""
    changed = row.state != after.state.value or row.rev != after.rev
    row.state, row.rev, row.attempt = after.state.value, after.rev, after.attempt
    row.sent, row.cancel_pending = after.sent, after.cancel_pending
    if changed:
        final = JobState(row.state) in FINAL
        row.ended_at = (row.ended_at or work.now) if final else None
        row.held_at = (row.held_at or work.now) if row.state == JobState.HELD else None
        if owed:
            told(work, row, "receipt_owed", "owed")
        note(work, row, at=at, code=code)


def note(work: Work, row: Job, *, at: datetime | None = None, code: str | None = None) -> None:
    line = {"job": row.id, "state": row.state, "rev": row.rev, "attempt": row.attempt}
    work.insert(_LINE, line | {"at": at or work.now, "stored_at": work.now, "code": code})
    work.happened.append(_happening(work, row, code))
    told(work, row, code)


def _happening(work: Work, row: Job, code: str | None) -> Happening:
    facts = {
        "job_id": row.job_id, "kkm_id": row.kkm_id, "kind": row.kind, "state": row.state, "rev": row.rev,
        "attempt": row.attempt, "code": code, "tenant_id": row.tenant_id, "agent_id": row.agent_id,
    }  # fmt: skip
    return Happening("job", facts, (work.now - row.created_at).total_seconds() if row.ended_at is not None else None)


def told(work: Work, row: Job, code: str | None, type_: str | None = None) -> None:
    """The feed hears of the state as it is now, with what the transaction will have written beside it. ``type_``: what
    it is called when it is not the state that is news."""
    state, rev = row.state, row.rev

    def data() -> dict[str, Any]:
        return {
            "job_id": row.job_id,
            "kkm_id": row.kkm_id,
            "desk_id": row.desk_id,
            "kind": row.kind,
            "order_ref": row.order_ref,
            "state": state,
            "rev": rev,
            "attempt": row.attempt,
            "code": code,
            "reason": row.reason,
            "proof": row.proof,
            "paper": row.paper,
            "result": row.result,
            "certainty": row.certainty,
            "cancel_pending": row.cancel_pending,
            "too_late": row.too_late,
            "owed": row.owed,
            "waits": row.waits,
            "choices": row.choices or [],
            "steps": row.steps or [],
        }

    feed.put(
        work, tenant_id=row.tenant_id, type_=f"job.{type_ or state}", kkm_id=row.kkm_id, job_id=row.job_id, data=data
    )


async def get(work: Work, tenant_id: str, job_id: str) -> Job | None:
    """The job, locked until the end of a writing transaction."""
    return await work.session.scalar(_BY_JOB_ID, {"tenant": tenant_id, "job": job_id})


async def history(work: Work, job: int) -> Sequence[JobTransition]:
    return await work.session.scalars(_LINES, {"job": job})


async def histories(work: Work, ids: Collection[int]) -> dict[int, list[JobTransition]]:
    found: dict[int, list[JobTransition]] = {job: [] for job in ids}
    if not ids:
        return found
    lines = await work.session.scalars(select(JobTransition).where(JobTransition.job.in_(ids)))
    for line in sorted(lines, key=lambda line: line.id):
        found[line.job].append(line)
    return found


async def count_open(work: Work, tenant_id: str, kkm_id: str) -> int:
    return await work.session.scalar(_COUNT_OPEN, {"tenant": tenant_id, "kkm": kkm_id}) or 0


async def look_alike(
    work: Work, tenant_id: str, *, kinds: Collection[str], subtype: str, order_ref: str, total: int, since: datetime
) -> Job | None:
    """A job for the same thing that is open, or was done since then. Of an order there are few: a kind that is joined
    with nothing does not choose the index."""
    return await work.session.scalar(
        select(Job)
        .where(
            Job.tenant_id == tenant_id,
            Job.order_ref == order_ref,
            (Job.kind + "").in_(kinds),
            Job.subtype == subtype,
            Job.total == total,
            or_(Job.state.in_(OPEN), (Job.state == JobState.DONE) & (Job.ended_at >= since)),
        )
        .order_by(Job.created_at.desc(), Job.id.desc())
        .limit(1)
    )


async def of_agent(work: Work, tenant_id: str, agent_id: str) -> Sequence[Job]:
    """Open jobs that were offered to this agent last."""
    return await work.session.scalars(_OF_AGENT, {"tenant": tenant_id, "agent": agent_id})


async def sent_and_open(work: Work, tenant_id: str, kkm_id: str, agent_id: str) -> Sequence[Job]:
    """What another journal may have begun on this device."""
    rows = await of_agent(work, tenant_id, agent_id)
    return [row for row in rows if row.kkm_id == kkm_id and row.sent]


async def revs(work: Work, tenant_id: str, agent_id: str, job_ids: Collection[str]) -> dict[str, int]:
    """The revs of those jobs that this agent was offered."""
    found: dict[str, int] = {}
    ids = list(job_ids)
    for start in range(0, len(ids), 500):
        some = {"tenant": tenant_id, "agent": agent_id, "jobs": ids[start : start + 500]}
        rows = await work.session.rows(_REVS, some)
        found.update((job_id, rev) for job_id, rev in rows)
    return found


async def ended(work: Work, tenant_id: str, agent_id: str, job_ids: Collection[str]) -> list[Job]:
    """Those of them that this agent has carried out, as far as it can be known, and those that were left owed."""
    found: list[Job] = []
    ids = list(job_ids)
    for start in range(0, len(ids), 500):
        some = {"tenant": tenant_id, "agent": agent_id, "jobs": ids[start : start + 500]}
        found += await work.session.scalars(_ENDED, some)
    return [row for row in found if JobState(row.state) in FINAL or is_left(row)]


def is_left(row: Job) -> bool:
    """A sale that was left owed: it asks for the number of the correction receipt, and for nothing else."""
    return row.state == JobState.HUMAN and row.owed and (row.reason or {}).get("code") == "left_owed"


async def by_imprint(work: Work, tenant_id: str, imprints: Collection[str]) -> dict[str, Job]:
    rows = await work.session.scalars(select(Job).where(Job.tenant_id == tenant_id, Job.imprint.in_(imprints)))
    return {row.imprint: row for row in rows}

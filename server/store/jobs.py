"""Jobs as they are kept. Every query names its tenant."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, insert, literal, or_, select, tuple_

from protocol.crm.job_machine import Job as Machine
from protocol.crm.job_machine import Known
from protocol.crm.jobs import FINAL, JobState
from server.store import feed
from server.store.database import Work
from server.store.happening import Happening
from server.store.models import Job, JobTransition, Utc, table_of

OPEN = tuple(state.value for state in JobState if state not in FINAL)

# Made once: putting a statement together costs more than carrying it out.
_BY_JOB_ID = select(Job).where(Job.tenant_id == bindparam("tenant"), Job.job_id == bindparam("job")).with_for_update()
_LINE = insert(table_of(JobTransition))
_LINES = select(JobTransition).where(JobTransition.job == bindparam("job")).order_by(JobTransition.id)
_SHORT = {column.key: column for column in table_of(Job).columns if column.key not in ("document", "payload")}
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


@dataclass(frozen=True, slots=True)
class Filter:
    """Which jobs a list shows; what is empty or ``None`` does not matter. By the time of creation."""

    states: Collection[str] = ()
    kinds: Collection[str] = ()
    kkm_id: str | None = None
    order_ref: str | None = None
    owed: bool | None = None
    since: datetime | None = None
    until: datetime | None = None


async def page(work: Work, tenant_id: str, wanted: Filter, *, before: str | int | None, limit: int) -> Sequence[Job]:
    """Newest first, below the job with the number ``before``; copies without their documents and payloads."""
    behind = None
    if before is not None:
        behind = await work.session.scalar(select(Job.created_at).where(Job.tenant_id == tenant_id, Job.id == before))
        if behind is None:
            return []
    found: list[Job] = []
    for query in _walks(tenant_id, wanted):
        if behind is not None:
            query = query.where(tuple_(Job.created_at, Job.id) < tuple_(literal(behind, Utc()), literal(before)))
        rows = await work.session.rows(query.order_by(Job.created_at.desc(), Job.id.desc()).limit(limit))
        found += [Job(**dict(zip(_SHORT, row, strict=True))) for row in rows]
    return sorted(found, key=lambda row: (row.created_at, row.id), reverse=True)[:limit]


def _walks(tenant_id: str, wanted: Filter) -> Iterator[Select[*tuple[Any, ...]]]:
    """The filter as walks along one index each, from the newest job on; together they are all of it. Of several values
    at once the newest are not in the order of any index, so each value is a walk of its own.

    Nearly all jobs are done: by any other state they are found by that, otherwise by their kind. A column that is
    joined with nothing has no index to choose."""
    states = OPEN if wanted.owed and not wanted.states else tuple(dict.fromkeys(wanted.states))
    by_state = bool(states) and (JobState.DONE.value not in states or not wanted.kinds)
    others: list[ColumnElement[bool]] = []
    if wanted.owed is not None:
        others.append(Job.owed.is_(wanted.owed))
    if wanted.since is not None:
        others.append(Job.created_at >= wanted.since)
    if wanted.until is not None:
        others.append(Job.created_at < wanted.until)
    if wanted.kkm_id is not None:
        others.append(Job.kkm_id == wanted.kkm_id)
    if wanted.order_ref is not None:
        others.append(Job.order_ref == wanted.order_ref)
    if by_state and wanted.kinds:
        others.append((Job.kind + "").in_(wanted.kinds))
    if not by_state and states:
        others.append((Job.state + "").in_(states))
    apart: Sequence[ColumnElement[bool] | None] = (
        [Job.state == state for state in states]
        if by_state
        else [_kind(wanted) == kind for kind in dict.fromkeys(wanted.kinds)]
    ) or [None]
    for one in apart:
        yield select(*_SHORT.values()).where(Job.tenant_id == tenant_id, *others, *([one] if one is not None else []))


def _kind(wanted: Filter) -> ColumnElement[str]:
    """A register has fewer jobs than a kind."""
    return Job.kind + "" if wanted.kkm_id is not None else Job.kind.expression


async def count_open(work: Work, tenant_id: str, kkm_id: str) -> int:
    return await work.session.scalar(_COUNT_OPEN, {"tenant": tenant_id, "kkm": kkm_id}) or 0


async def look_alike(
    work: Work, tenant_id: str, *, kinds: Collection[str], subtype: str, order_ref: str, total: int, since: datetime
) -> Job | None:
    """A job for the same thing that is open, or was done since then."""
    return await work.session.scalar(
        select(Job)
        .where(
            Job.tenant_id == tenant_id,
            Job.order_ref == order_ref,
            Job.kind.in_(kinds),
            Job.subtype == subtype,
            Job.total == total,
            or_(Job.state.in_(OPEN), (Job.state == JobState.DONE) & (Job.ended_at >= since)),
        )
        .order_by(Job.id.desc())
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

"""The outbox: what an agent must still be told. Rows are written with their cause and deleted by the agent's ack."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import and_, bindparam, delete, insert, or_, select

from server.store.database import Work
from server.store.models import Device, Job, Outgoing, table_of
from server.world import World

# Made once: putting a statement together costs more than carrying it out.
_ROWS = table_of(Outgoing)
_PUT = insert(_ROWS)
_OF_JOB = select(Outgoing).where(Outgoing.job == bindparam("job"), Outgoing.type == bindparam("type"))
_NEWEST_OF_JOB = _OF_JOB.order_by(Outgoing.id.desc()).limit(1)
_DROP_FOR_JOB = delete(_ROWS).where(
    _ROWS.c.job == bindparam("for_job"), _ROWS.c.type.in_(bindparam("types", expanding=True))
)
_MINE = and_(
    Device.tenant_id == Outgoing.tenant_id, Device.kkm_id == Outgoing.kkm_id, Device.agent_id == bindparam("agent_id")
)
_OF_AGENT = (
    select(Outgoing)
    .where(
        Outgoing.tenant_id == bindparam("tenant_id"),
        or_(
            Outgoing.agent_id == bindparam("agent_id"),
            and_(Outgoing.agent_id.is_(None), select(Device.kkm_id).where(_MINE).exists()),
        ),
    )
    .order_by(Outgoing.id)
)
_WAITING = _OF_AGENT.with_only_columns(Outgoing.msg_id).order_by(None)
_OFFERED = select(Job.id).where(Job.id == _ROWS.c.job, Job.agent_id == bindparam("agent"))
_ACKED = delete(_ROWS).where(
    _ROWS.c.msg_id.in_(bindparam("msg_ids", expanding=True)),
    _ROWS.c.tenant_id == bindparam("tenant"),
    or_(_ROWS.c.agent_id == bindparam("agent"), and_(_ROWS.c.agent_id.is_(None), _OFFERED.exists())),
)


async def put(
    work: Work,
    world: World,
    *,
    type_: str,
    tenant_id: str,
    kkm_id: str,
    agent_id: str | None,
    job: int | None = None,
    body: dict[str, Any] | None = None,
) -> None:
    row = {"msg_id": world.new_id("ms"), "tenant_id": tenant_id, "agent_id": agent_id, "kkm_id": kkm_id, "type": type_}
    await work.session.apart(_PUT, row | {"job": job, "body": body or {}, "created_at": work.now})


async def pending(work: Work, job: int, type_: str) -> Outgoing | None:
    return await work.session.scalar(_NEWEST_OF_JOB, {"job": job, "type": type_})


async def pending_for_device(work: Work, tenant_id: str, kkm_id: str, type_: str) -> Sequence[Outgoing]:
    return await work.session.scalars(
        select(Outgoing).where(Outgoing.tenant_id == tenant_id, Outgoing.kkm_id == kkm_id, Outgoing.type == type_)
    )


async def drop_for_job(work: Work, job: int, types: Collection[str]) -> None:
    await work.session.apart(_DROP_FOR_JOB, {"for_job": job, "types": tuple(types)})


async def drop_for_device(work: Work, tenant_id: str, kkm_id: str, types: Collection[str]) -> None:
    await work.session.execute(
        delete(Outgoing).where(Outgoing.tenant_id == tenant_id, Outgoing.kkm_id == kkm_id, Outgoing.type.in_(types))
    )


async def of_agent(work: Work, tenant_id: str, agent_id: str) -> Sequence[Outgoing]:
    """Everything that waits for this agent's ack, oldest first."""
    return await work.session.scalars(_OF_AGENT, {"tenant_id": tenant_id, "agent_id": agent_id})


async def waiting(work: Work, tenant_id: str, agent_id: str) -> Sequence[str]:
    """The same, by their msg_ids only."""
    return await work.session.scalars(_WAITING, {"tenant_id": tenant_id, "agent_id": agent_id})


async def acked(work: Work, tenant_id: str, agent_id: str, msg_ids: Collection[str]) -> None:
    """The agent has committed these; an offer that has left counts as its own."""
    await work.session.apart(_ACKED, {"tenant": tenant_id, "agent": agent_id, "msg_ids": tuple(msg_ids)})

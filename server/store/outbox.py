"""The outbox: what an agent must still be told. Rows are written with their cause and deleted by the agent's ack."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import and_, delete, or_, select

from server.store.database import Work
from server.store.models import Device, Job, Outgoing
from server.world import World


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
    work.session.add(
        Outgoing(
            msg_id=world.new_id("ms"),
            tenant_id=tenant_id,
            agent_id=agent_id,
            kkm_id=kkm_id,
            type=type_,
            job=job,
            body=body or {},
            created_at=work.now,
        )
    )
    await work.session.flush()


async def pending(work: Work, job: int, type_: str) -> Outgoing | None:
    return await work.session.scalar(
        select(Outgoing).where(Outgoing.job == job, Outgoing.type == type_).order_by(Outgoing.id.desc()).limit(1)
    )


async def pending_for_device(work: Work, tenant_id: str, kkm_id: str, type_: str) -> Sequence[Outgoing]:
    return (
        await work.session.scalars(
            select(Outgoing).where(Outgoing.tenant_id == tenant_id, Outgoing.kkm_id == kkm_id, Outgoing.type == type_)
        )
    ).all()


async def drop_for_job(work: Work, job: int, types: Collection[str]) -> None:
    await work.session.execute(delete(Outgoing).where(Outgoing.job == job, Outgoing.type.in_(types)))


async def drop_for_device(work: Work, tenant_id: str, kkm_id: str, types: Collection[str]) -> None:
    await work.session.execute(
        delete(Outgoing).where(Outgoing.tenant_id == tenant_id, Outgoing.kkm_id == kkm_id, Outgoing.type.in_(types))
    )


def _of_agent(tenant_id: str, agent_id: str) -> Any:
    mine = and_(Device.tenant_id == Outgoing.tenant_id, Device.kkm_id == Outgoing.kkm_id, Device.agent_id == agent_id)
    return and_(
        Outgoing.tenant_id == tenant_id,
        or_(
            Outgoing.agent_id == agent_id,
            and_(Outgoing.agent_id.is_(None), select(Device.kkm_id).where(mine).exists()),
        ),
    )


async def of_agent(work: Work, tenant_id: str, agent_id: str) -> Sequence[Outgoing]:
    """Everything that waits for this agent's ack, oldest first."""
    return (
        await work.session.scalars(select(Outgoing).where(_of_agent(tenant_id, agent_id)).order_by(Outgoing.id))
    ).all()


async def acked(work: Work, tenant_id: str, agent_id: str, msg_ids: Collection[str]) -> None:
    """The agent has committed these; an offer that has left counts as its own."""
    rows = await work.session.scalars(
        select(Outgoing.id)
        .outerjoin(Job, Job.id == Outgoing.job)
        .where(
            Outgoing.tenant_id == tenant_id,
            Outgoing.msg_id.in_(msg_ids),
            or_(Outgoing.agent_id == agent_id, and_(Outgoing.agent_id.is_(None), Job.agent_id == agent_id)),
        )
    )
    await work.session.execute(delete(Outgoing).where(Outgoing.id.in_(rows.all())))

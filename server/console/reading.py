"""What the console reads besides what the services show. Every query names its account and has an end."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import ColumnElement, bindparam, exists, func, literal, or_, select

from protocol.crm.jobs import DeviceClass, JobKind, JobState
from server.fields import look_alikes
from server.pages import cut
from server.problems import Problem
from server.store.database import Work
from server.store.desks import at_devices
from server.store.job_lists import first_of, place, walks
from server.store.models import Agent, ApiKey, Base, Desk, Device, DeviceEvent, Job, RefusedClaim
from server.store.people import User

ASKING = (JobState.HUMAN.value, JobState.HELD.value, JobState.STARTED.value, JobState.RESOLVING.value)
OPEN = (*ASKING, JobState.QUEUED.value, JobState.ACCEPTED.value)
RECEIPTS = (JobKind.RECEIPT.value, JobKind.SALE.value, JobKind.SALE_REFUND.value)
MOST = 200


# Made once: putting a statement together costs more than carrying it out.
_OF_TENANT = Job.tenant_id == bindparam("tenant")
_WAITS = or_(Job.state.in_((JobState.HUMAN.value, JobState.HELD.value)), Job.waits.is_not(None))
_WAITING = select(Job).where(Job.id.in_(first_of(walks(Job.state, ASKING, _OF_TENANT, _WAITS), MOST)))
_SILENT = exists().where(Agent.id == Job.agent_id, Agent.unreachable_since.is_not(None))
_UNREACHABLE = (
    select(Job, Agent)
    .join(Agent, Agent.id == Job.agent_id)
    .where(Job.id.in_(first_of(walks(Job.state, OPEN, _OF_TENANT, _SILENT), MOST)))
)
_DONE_THERE = (_OF_TENANT, Job.kkm_id == bindparam("kkm"), Job.state == JobState.DONE)
_LAST_RECEIPT = select(Job).where(Job.id.in_(first_of(walks(Job.kind, RECEIPTS, *_DONE_THERE), 1, newest=True)))


async def count_waiting(work: Work, tenant_id: str) -> int:
    query = select(func.count()).where(Job.tenant_id == tenant_id, Job.state.in_(ASKING), _WAITS)
    return await work.session.scalar(query) or 0


async def waiting(work: Work, tenant_id: str) -> Sequence[Job]:
    """Jobs that wait for a person, the oldest first."""
    return sorted(await work.session.scalars(_WAITING, {"tenant": tenant_id}), key=place)


async def unreachable(work: Work, tenant_id: str) -> Sequence[tuple[Job, Agent]]:
    """Jobs that are not at their end, at PCs that are silent, the oldest first."""
    return sorted(await work.session.rows(_UNREACHABLE, {"tenant": tenant_id}), key=lambda row: place(row[0]))


async def claims_of(work: Work, tenant_id: str, agent_id: str) -> Sequence[RefusedClaim]:
    """Devices that this PC has named in vain."""
    query = select(RefusedClaim).where(RefusedClaim.tenant_id == tenant_id, RefusedClaim.agent_id == agent_id)
    return await work.session.scalars(query.order_by(RefusedClaim.kkm_id).limit(MOST))


async def last_receipts(work: Work, tenant_id: str, kkm_ids: Collection[str]) -> dict[str, Job]:
    """The newest receipt of each register that is done."""
    found: dict[str, Job] = {}
    for kkm_id in kkm_ids:
        row = await work.session.scalar(_LAST_RECEIPT, {"tenant": tenant_id, "kkm": kkm_id})
        if row is not None:
            found[kkm_id] = row
    return found


@dataclass(frozen=True, slots=True)
class Past:
    """One job, as the charts count it. ``took``: seconds from its arrival to its end."""

    at: datetime
    state: str
    took: float | None


LAST = 5_000
"""The charts look at so many of the newest jobs at most."""


async def recent(work: Work, tenant_id: str, since: datetime) -> list[Past]:
    query = select(Job.created_at, Job.state, Job.ended_at).where(Job.tenant_id == tenant_id, Job.created_at >= since)
    rows = await work.session.rows(query.order_by(Job.created_at.desc()).limit(LAST))
    return [Past(at, state, (ended - at).total_seconds() if ended is not None else None) for at, state, ended in rows]


@dataclass(frozen=True, slots=True)
class Begun:
    """How far an account has come. Counted up to ``MOST``."""

    pcs: int
    devices: int
    bound: int
    desks: int
    keys: int
    jobs: bool
    receipt: str | None  # the job of a receipt that is made

    @property
    def empty(self) -> bool:
        return not (self.pcs or self.devices or self.jobs)


async def begun(work: Work, tenant_id: str) -> Begun:
    async def count(*conditions: ColumnElement[bool], of: type[Base]) -> int:
        some = select(literal(1)).select_from(of).where(*conditions).limit(MOST)
        return await work.session.scalar(select(func.count()).select_from(some.subquery())) or 0

    any_job = await work.session.scalar(select(Job.id).where(Job.tenant_id == tenant_id).limit(1))
    receipt = await work.session.scalar(
        select(Job.job_id)
        .where(Job.tenant_id == tenant_id, Job.state == JobState.DONE, Job.kind.in_(RECEIPTS))
        .limit(1)
    )
    return Begun(
        pcs=await count(Agent.tenant_id == tenant_id, Agent.state != "pending", of=Agent),
        devices=await count(Device.tenant_id == tenant_id, of=Device),
        bound=await count(
            Device.tenant_id == tenant_id, Device.bound_serial.is_not(None),
            Device.bound_epoch == Device.binding_epoch, of=Device,
        ),
        desks=await count(Desk.tenant_id == tenant_id, Desk.kkm_id.is_not(None), of=Desk),
        keys=await count(ApiKey.tenant_id == tenant_id, ApiKey.revoked_at.is_(None), of=ApiKey),
        jobs=any_job is not None,
        receipt=receipt,
    )  # fmt: skip


async def anybody(work: Work) -> bool:
    """Whether anybody at all can sign in on this server."""
    return await work.session.scalar(select(User.id).limit(1)) is not None


async def agents(work: Work, ids: Collection[str | None]) -> dict[str, Agent]:
    rows = await work.session.scalars(select(Agent).where(Agent.id.in_({one for one in ids if one is not None})))
    return {row.id: row for row in rows}


PCS = 100


async def owners(
    work: Work, tenant_id: str, sought: str = "", also: Collection[str] = ()
) -> tuple[Sequence[Agent], bool]:
    """PCs that may own a device, and whether there are more of them. ``sought``: a piece of a name or of an id;
    ``also``: those that are among them whatever is sought."""
    able = (Agent.tenant_id == tenant_id, Agent.state == "active")
    query = select(Agent).where(*able)
    if sought:
        names = select(Agent.id, Agent.name, Agent.pc_name).where(*able).order_by(Agent.created_at, Agent.id)
        query = query.where(Agent.id.in_(_with(sought, await work.session.rows(names), PCS + 1)))
    rows, more = cut(await work.session.scalars(query.order_by(Agent.created_at, Agent.id).limit(PCS + 1)), PCS)
    missing = set(also).difference(row.id for row in rows)
    if missing:
        rows = [*await work.session.scalars(select(Agent).where(*able, Agent.id.in_(missing))), *rows]
    return rows, more


async def devices(work: Work, tenant_id: str) -> Sequence[Device]:
    query = select(Device).where(Device.tenant_id == tenant_id).order_by(Device.kkm_id).limit(MOST)
    return await work.session.scalars(query)


async def desk(work: Work, tenant_id: str, desk_id: str) -> Desk:
    """Raises ``Problem``."""
    row = await work.session.get(Desk, (tenant_id, desk_id))
    if row is None:
        raise Problem(404, "not_found", errors=look_alikes("desk_id", desk_id))
    return row


async def events(work: Work, tenant_id: str, kkm_id: str, limit: int) -> Sequence[DeviceEvent]:
    """What the device did outside jobs, the newest first."""
    query = select(DeviceEvent).where(DeviceEvent.tenant_id == tenant_id, DeviceEvent.kkm_id == kkm_id)
    return await work.session.scalars(query.order_by(DeviceEvent.id.desc()).limit(limit))


async def zones(work: Work, tenant_id: str, kkm_ids: Collection[str]) -> dict[str, str]:
    """The time zone of each device's desk."""
    return {kkm_id: desk.timezone for kkm_id, desk in (await at_devices(work, tenant_id, kkm_ids)).items()}


TILLS = 100


async def tills(
    work: Work, tenant_id: str, sought: str = "", also: str = ""
) -> tuple[list[tuple[Device, Desk | None]], bool]:
    """Registers at which somebody can work, each with its desk, and whether there are more of them. ``sought``: a piece
    of a name or an id of one of the two; ``also``: a register that is among them whatever is sought."""
    able = (
        Device.tenant_id == tenant_id,
        Device.agent_id.is_not(None),
        or_(Device.device_class.is_(None), Device.device_class == DeviceClass.REGISTER.value),
    )
    query = select(Device).where(*able)
    if sought:
        query = query.where(Device.kkm_id.in_(await _named(work, tenant_id, sought)))
    rows, more = cut(await work.session.scalars(query.order_by(Device.kkm_id).limit(TILLS + 1)), TILLS)
    if also and all(row.kkm_id != also for row in rows):
        rows = [*await work.session.scalars(select(Device).where(*able, Device.kkm_id == also)), *rows]
    desks = await at_devices(work, tenant_id, [row.kkm_id for row in rows])
    return [(row, desks.get(row.kkm_id)) for row in rows], more


async def _named(work: Work, tenant_id: str, sought: str) -> list[str]:
    query = select(Device.kkm_id, Device.name, Desk.desk_id, Desk.name)
    stands = (Desk.tenant_id == Device.tenant_id) & (Desk.kkm_id == Device.kkm_id)
    rows = await work.session.rows(query.outerjoin(Desk, stands).where(Device.tenant_id == tenant_id))
    return _with(sought, rows, TILLS + 1)


def _with(sought: str, named: Iterable[tuple[str | None, ...]], limit: int) -> list[str]:
    """The ids, which stand first, of rows that have this piece in one of their names. Compared here: of Russian letters
    SQLite does not know which is the capital of which."""
    piece = sought.casefold()
    found = (row[0] or "" for row in named if any(piece in (name or "").casefold() for name in row))
    return list(islice(found, limit))

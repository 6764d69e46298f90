"""Where a device stands."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import IntEnum

from sqlalchemy import ColumnElement, and_, bindparam, case, exists, or_, select
from sqlalchemy.orm import aliased

from server.store.database import Work
from server.store.models import Agent, Desk, Device, RefusedClaim

_AT_DEVICE = select(Desk).where(
    Desk.tenant_id == bindparam("tenant"),
    or_(Desk.kkm_id == bindparam("kkm"), Desk.terminal_kkm_id == bindparam("kkm")),
)


async def at_device(work: Work, tenant_id: str, kkm_id: str) -> Desk | None:
    """The desk at which this register or terminal stands."""
    return await work.session.scalar(_AT_DEVICE, {"tenant": tenant_id, "kkm": kkm_id})


async def at_devices(work: Work, tenant_id: str, kkm_ids: Collection[str]) -> dict[str, Desk]:
    """The same of many, by ``kkm_id``. Asked column by column: each has an index, both together have none."""
    found: dict[str, Desk] = {}
    for column in (Desk.kkm_id, Desk.terminal_kkm_id):
        query = select(Desk).where(Desk.tenant_id == tenant_id, column.in_(kkm_ids))
        for desk in await work.session.scalars(query):
            kkm_id = getattr(desk, column.key)
            found[kkm_id] = desk
    return found


class Level(IntEnum):
    """How bad it stands about a desk or a device; ``attention`` of its row is one of these."""

    GOOD = 0
    WAIT = 1
    """It works; somebody should look."""
    BAD = 2


_Register, _Terminal = aliased(Device, name="register"), aliased(Device, name="terminal")
_AtRegister, _AtTerminal = aliased(Agent, name="at_register"), aliased(Agent, name="at_terminal")


_WORST = {one * len(Level) + other: max(one, other) for one in Level for other in Level}
"""Of a register's trouble and a terminal's, as one number each is asked for once."""


def _trouble(device: type[Device], agent: type[Agent]) -> ColumnElement[int]:
    """How bad it stands about a device: what stands before any fact, then how bad its latest look is."""
    refused = exists().where(RefusedClaim.tenant_id == device.tenant_id, RefusedClaim.kkm_id == device.kkm_id)
    return case(
        (device.releasing, Level.WAIT),
        (device.bound_serial.is_(None), Level.BAD),
        (device.bound_epoch != device.binding_epoch, Level.WAIT),
        (or_(agent.connected_at.is_(None), agent.unreachable_since.is_not(None)), Level.BAD),
        (and_(device.attention == Level.GOOD, or_(device.exclusive_lost_at.is_not(None), refused)), Level.WAIT),
        else_=device.attention,
    )


async def by_trouble(
    work: Work, tenant_id: str, doubted: Collection[str], after: tuple[int, str] | None, limit: int
) -> Sequence[tuple[Desk, int]]:
    """Desks with how bad it stands about them, the worst first, behind ``after``. ``doubted``: devices that do nothing
    before a person has decided. All desks of the account are looked at, and nothing large of them."""
    alone = or_(Desk.kkm_id.is_(None), Desk.kkm_id.in_(doubted), Desk.terminal_kkm_id.in_(doubted))
    terminal = case((Desk.terminal_kkm_id.is_(None), Level.GOOD), else_=_trouble(_Terminal, _AtTerminal))
    both = _trouble(_Register, _AtRegister) * len(Level) + terminal
    level = case((alone, Level.BAD), else_=case(_WORST, value=both))
    ranked = (
        select(Desk.desk_id, level.label("level"))
        .outerjoin(_Register, and_(_Register.tenant_id == Desk.tenant_id, _Register.kkm_id == Desk.kkm_id))
        .outerjoin(_AtRegister, _AtRegister.id == _Register.agent_id)
        .outerjoin(_Terminal, and_(_Terminal.tenant_id == Desk.tenant_id, _Terminal.kkm_id == Desk.terminal_kkm_id))
        .outerjoin(_AtTerminal, _AtTerminal.id == _Terminal.agent_id)
        .where(Desk.tenant_id == tenant_id)
        .subquery("ranked")
    )
    query = select(Desk, ranked.c.level).join(ranked, ranked.c.desk_id == Desk.desk_id)
    query = query.where(Desk.tenant_id == tenant_id)
    if after is not None:
        same = and_(ranked.c.level == after[0], ranked.c.desk_id > after[1])
        query = query.where(or_(ranked.c.level < after[0], same))
    return await work.session.rows(query.order_by(ranked.c.level.desc(), ranked.c.desk_id).limit(limit))


async def loose(work: Work, tenant_id: str, limit: int) -> Sequence[str]:
    """Devices that stand at no desk, by ``kkm_id``."""
    at_desk = exists().where(
        Desk.tenant_id == Device.tenant_id,
        or_(Desk.kkm_id == Device.kkm_id, Desk.terminal_kkm_id == Device.kkm_id),
    )
    query = select(Device.kkm_id).where(Device.tenant_id == tenant_id, ~at_desk)
    return await work.session.scalars(query.order_by(Device.kkm_id).limit(limit))

"""What a PC is told when a person there says which register is which: the registers of the directory that nothing
stands for yet."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import and_, or_, select

from protocol.crm.signing import signed_bytes
from server.keys import verify
from server.problems import Problem
from server.store.database import Work
from server.store.models import Agent, Desk, Device

SIGNED_AS = "places"
CLOCKS_APART = timedelta(days=2)
"""A question is good for so long: a PC whose clock is wrong may ask, too, and an old question tells little."""


class PlacesAsked(BaseModel):
    """``sig``: the PC's signature of the other two."""

    model_config = ConfigDict(extra="forbid")
    agent_id: str = Field(max_length=64)
    at: str = Field(max_length=40, description="The moment, ISO 8601 with its offset")
    sig: str = Field(max_length=200)


class PlaceView(BaseModel):
    """``here``: the CRM expects it at this very PC. ``serial``: the register that it expects, if it does."""

    kkm_id: str
    desk_id: str | None
    name: str | None
    serial: str | None
    here: bool


async def unfilled(work: Work, asked: PlacesAsked) -> list[PlaceView]:
    """Raises ``Problem`` 401."""
    agent = await work.session.get(Agent, asked.agent_id)
    signed = signed_bytes(SIGNED_AS, {"agent_id": asked.agent_id, "at": asked.at})
    if agent is None or agent.state != "active" or not verify(agent.public_key, signed, asked.sig):
        raise Problem(401, "bad_agent_signature")
    if not _is_new(asked.at, work.now):
        raise Problem(401, "bad_agent_signature")
    rows = await work.session.rows(
        select(Device.kkm_id, Device.name, Device.expected_serial, Device.agent_id, Device.moving_to,
               Desk.desk_id, Desk.name)
        .outerjoin(Desk, and_(
            Desk.tenant_id == Device.tenant_id,
            or_(Desk.kkm_id == Device.kkm_id, Desk.terminal_kkm_id == Device.kkm_id),
        ))
        .where(
            Device.tenant_id == agent.tenant_id,
            or_(
                Device.agent_id.is_(None),
                and_(Device.bound_epoch == 0, Device.agent_id == agent.id),
                Device.moving_to == agent.id,
            ),
        )
        .order_by(Device.kkm_id)
    )  # fmt: skip
    return [
        PlaceView(kkm_id=kkm_id, desk_id=desk_id, name=desk_name or name, serial=serial,
                  here=agent.id in (owner, moving_to))
        for kkm_id, name, serial, owner, moving_to, desk_id, desk_name in rows
    ]  # fmt: skip


def _is_new(at: str, now: datetime) -> bool:
    try:
        return abs(now - datetime.fromisoformat(at)) < CLOCKS_APART
    except (ValueError, TypeError, OverflowError):  # TypeError: without an offset
        return False

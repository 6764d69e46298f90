"""The latest look at a device: facts as its agent sent them, sanitised, and what the API makes of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from protocol.crm.messages import Health
from server.services import signs
from server.services.facts import Facts, sane
from server.settings import DEFAULT_ZONE
from server.store.database import Work
from server.store.desks import Level
from server.store.models import Agent, Desk, Device

STALE_AFTER = timedelta(minutes=5)
_log = structlog.get_logger("server.health")


class HealthView(Facts):
    at: datetime
    stale: bool
    """Older than five minutes, or its PC is out of reach: the register may look different by now."""


async def take(work: Work, agent: Agent, said: Health) -> None:
    """Keeps a look of the agent that owns the register; anybody else's is ignored."""
    device = await work.session.get(Device, (agent.tenant_id, said.kkm_id), with_for_update=True)
    if device is None or device.agent_id != agent.id:
        return
    facts, wrong = sane(said.facts)
    if wrong:
        _log.warning("facts dropped", agent_id=agent.id, kkm_id=said.kkm_id, facts=wrong)
    device.health = facts.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    device.health_at, device.health_taken_at = said.at, work.now
    seen = view(device, None, reachable=True, now=work.now)
    device.attention = signs.worst(signs.of_facts(seen)) if seen is not None else Level.GOOD


def view(row: Device, desk: Desk | None, *, reachable: bool, now: datetime) -> HealthView | None:
    """What is known now; ``None`` before the first look."""
    if row.health is None or row.health_at is None or row.health_taken_at is None:
        return None
    facts = sane(row.health)[0]
    zone = ZoneInfo(desk.timezone if desk is not None else DEFAULT_ZONE)
    since = now - row.health_taken_at
    shift, fn, ofd, clock = facts.shift, facts.fn, facts.ofd, facts.clock
    open_ = shift.state in ("open", "expired")
    age = shift.age_s + int(since.total_seconds()) if open_ and shift.age_s is not None else None
    days_left = (fn.expires - now.astimezone(zone).date()).days if fn.expires is not None else None
    known = facts.model_copy(
        update={
            "shift": shift.model_copy(update={"age_s": age, "opened_at": _aware(shift.opened_at, zone)}),
            "fn": fn.model_copy(update={"days_left": days_left}),
            "ofd": ofd.model_copy(update={"first_at": _aware(ofd.first_at, zone)}),
            "clock": clock.model_copy(update={"register_at": _aware(clock.register_at, zone)}),
        }
    )
    return HealthView(**dict(known), at=row.health_at, stale=not reachable or since > STALE_AFTER)


def _aware(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    return moment.replace(tzinfo=zone) if moment is not None and moment.tzinfo is None else moment

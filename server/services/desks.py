"""Desks: where a register and maybe a card terminal stand, and the policy that their agent follows there."""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from protocol.crm.jobs import DeviceClass, KkmId
from protocol.crm.messages import Desk as DeskOfDevice
from server.fields import FieldError, OneLine
from server.problems import Problem
from server.services import directory
from server.settings import DEFAULT_ZONE
from server.store.database import Work
from server.store.desks import at_device
from server.store.models import Desk, Device
from server.world import World

HOUR_OF_DAY = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
Policy = Literal["auto", "manual"]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        raise ValueError("an IANA time zone, for example Europe/Moscow") from None
    return name


class ShiftPolicy(BaseModel):
    """What the agent does about the shift by itself. ``close_at``: the desk's local time, every day."""

    model_config = ConfigDict(extra="forbid")
    open: Policy = "auto"
    close_expired: Policy = "auto"
    close_at: Annotated[str, StringConstraints(pattern=HOUR_OF_DAY)] | None = None
    before_24h: Policy = "auto"


class DeskPut(BaseModel):
    model_config = ConfigDict(extra="forbid")
    desk_id: KkmId
    name: OneLine | None = None
    kkm_id: KkmId | None = None
    terminal_kkm_id: KkmId | None = None
    timezone: Annotated[str, StringConstraints(max_length=64), AfterValidator(_zone)] = DEFAULT_ZONE
    exclusive: bool = True
    imprint: bool = True
    shift_policy: ShiftPolicy = ShiftPolicy()
    held_hours: Annotated[int, Field(ge=1, le=720)] = 24
    settle: Policy = "manual"
    """The terminal, after the register's shift was closed."""


async def put(work: Work, world: World, tenant_id: str, asked: DeskPut) -> Desk:
    """Replaces the desk. The agents of the devices whose policy changes by it are told."""
    await _may_stand(work, tenant_id, asked, "kkm_id", asked.kkm_id, DeviceClass.REGISTER)
    await _may_stand(work, tenant_id, asked, "terminal_kkm_id", asked.terminal_kkm_id, DeviceClass.TERMINAL)
    if asked.kkm_id is not None and asked.kkm_id == asked.terminal_kkm_id:
        raise _wrong("terminal_kkm_id", "another device than kkm_id")
    row = await work.session.get(Desk, (tenant_id, asked.desk_id), with_for_update=True)
    exclusive_before = row.exclusive if row is not None else True
    before = (row.kkm_id, row.terminal_kkm_id) if row is not None else ()
    concerned = {kkm_id for kkm_id in (*before, asked.kkm_id, asked.terminal_kkm_id) if kkm_id is not None}
    devices = [await directory.known_device(work, tenant_id, kkm_id) for kkm_id in sorted(concerned)]
    told = [await policy_of(work, device) for device in devices]
    if row is None:
        row = Desk(tenant_id=tenant_id, desk_id=asked.desk_id)
        work.session.add(row)
    row.name, row.timezone = asked.name, asked.timezone
    row.kkm_id, row.terminal_kkm_id = asked.kkm_id, asked.terminal_kkm_id
    row.exclusive, row.imprint, row.held_hours = asked.exclusive, asked.imprint, asked.held_hours
    policy = asked.shift_policy
    row.open_shift, row.close_expired_shift = policy.open == "auto", policy.close_expired == "auto"
    row.close_at, row.close_before_24h = policy.close_at, policy.before_24h == "auto"
    row.settle = asked.settle == "auto"
    await work.session.flush()
    for device, known in zip(devices, told, strict=True):
        if row.exclusive and not exclusive_before:
            device.exclusive_lost_at = None  # the owner says so anew
        bound = device.bound_serial is not None and not device.releasing
        if bound and await policy_of(work, device) != known:
            await directory.tell_binding(work, world, device)
    return row


async def _may_stand(
    work: Work, tenant_id: str, asked: DeskPut, field: str, kkm_id: str | None, wanted: DeviceClass
) -> None:
    """Raises ``Problem`` unless the device is known, of the wanted kind as far as that is known, and nowhere else."""
    if kkm_id is None:
        return
    device = await directory.known_device(work, tenant_id, kkm_id, status=422, field=field)
    if device.device_class not in (None, wanted):
        raise Problem(422, "wrong_kind_of_device", errors=_wrong(field, wanted).errors, device=device.device_class)
    other = await at_device(work, tenant_id, kkm_id)
    if other is not None and other.desk_id != asked.desk_id:
        raise Problem(409, "device_at_other_desk", desk_id=other.desk_id, kkm_id=kkm_id)


def _wrong(field: str, expected: str) -> Problem:
    ru, en = f"Поле {field}: здесь стоит не то устройство.", f"Field {field}: another device belongs here."
    return Problem(422, "bad_request", errors=[FieldError(field, "E_DEVICE", expected, "E_DEVICE", ru, en)])


async def policy_of(work: Work, device: Device) -> DeskOfDevice:
    """The desk's policy as the agent must know it. Of the terminal beside it a register's binding tells."""
    row = await at_device(work, device.tenant_id, device.kkm_id)
    if row is None:
        return DeskOfDevice(exclusive=device.exclusive_lost_at is None)
    at_register = row.kkm_id == device.kkm_id
    return DeskOfDevice(
        desk_id=row.desk_id,
        timezone=row.timezone,
        exclusive=row.exclusive and device.exclusive_lost_at is None,
        imprint=row.imprint,
        open_shift=row.open_shift,
        close_expired_shift=row.close_expired_shift,
        close_at=row.close_at,
        close_before_24h=row.close_before_24h,
        held_hours=row.held_hours,
        terminal=row.terminal_kkm_id if at_register else None,
        settle=row.settle and at_register,
    )

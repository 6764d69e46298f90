"""The directory: registers and card terminals, and which PC owns which of them.

A binding is sticky: (tenant, kkm_id) belongs to one agent and one serial, under an epoch. What changes the
owner raises the epoch, and the new owner hears by ``bind`` which jobs another journal may have begun there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from sqlalchemy import bindparam, select

from protocol.crm.jobs import DeviceClass, JobState, KkmId
from protocol.crm.messages import PLACE, ClaimedDevice, Released
from server.fields import OneLine, Words, one_line
from server.problems import Problem, unknown
from server.services import jobs as job_service
from server.services.access import person_named
from server.store import feed, jobs, outbox
from server.store.database import Work
from server.store.models import Agent, Device, DeviceEvent, Outgoing, RefusedClaim
from server.world import World

# Made once: putting a statement together costs more than carrying it out.
_HOLDER = select(Device).where(Device.serial_space == bindparam("space"), Device.bound_serial == bindparam("serial"))
_OWNED = (
    select(Device)
    .where(Device.tenant_id == bindparam("tenant"), Device.agent_id == bindparam("agent"))
    .order_by(Device.kkm_id)
)

SerialText = Annotated[
    str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True), AfterValidator(one_line)
]


class DevicePut(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kkm_id: KkmId
    name: OneLine | None = None
    agent_id: OneLine | None = None
    register_serial: SerialText | None = None


class Move(BaseModel):
    """``old_pc_off``: the named person has made sure that the old PC cannot print any more."""

    model_config = ConfigDict(extra="forbid")
    agent_id: OneLine
    old_pc_off: bool = False
    person: Words | None = None


# --- what the owner does --------------------------------------------------------------------------------------------


async def put_device(work: Work, world: World, tenant_id: str, asked: DevicePut) -> Device:
    row = await work.session.get(Device, (tenant_id, asked.kkm_id), with_for_update=True)
    if row is None:
        row = Device(tenant_id=tenant_id, kkm_id=asked.kkm_id, binding_epoch=0, bound_epoch=0, releasing=False)
        work.session.add(row)
    given = asked.model_fields_set
    if "name" in given:
        row.name = asked.name
    if "register_serial" in given and asked.register_serial != (row.bound_serial or row.expected_serial):
        if row.bound_serial is not None:
            raise Problem(409, "register_changed", kkm_id=row.kkm_id, register_serial=row.bound_serial)
        row.expected_serial = asked.register_serial
    if "agent_id" in given and asked.agent_id != row.agent_id:
        if asked.agent_id is not None:
            await active_agent(work, tenant_id, asked.agent_id)
        if row.bound_serial is not None:
            raise Problem(409, "device_already_bound", kkm_id=row.kkm_id, agent_id=row.agent_id)
        await _give(work, world, row, asked.agent_id)
    await work.session.flush()
    work.wake(row.agent_id)
    return row


async def release(work: Work, world: World, tenant_id: str, kkm_id: str) -> Device:
    """Asks the owning agent to give the register up. Nobody owns it once the agent has answered."""
    device = await known_device(work, tenant_id, kkm_id)
    if device.releasing or (device.bound_serial is None and device.released_from is not None):
        return device  # under way, or done: the same request again
    if device.bound_serial is None or device.agent_id is None:
        raise Problem(409, "device_not_bound", kkm_id=kkm_id)
    await _ask_release(work, world, device)
    return device


async def move(work: Work, world: World, tenant_id: str, kkm_id: str, asked: Move) -> Device:
    device = await known_device(work, tenant_id, kkm_id)
    target = await active_agent(work, tenant_id, asked.agent_id)
    person = person_named(work, asked.person) if asked.old_pc_off else None
    if device.agent_id == target.id and device.moving_to is None and not device.releasing:
        return device
    if device.bound_serial is None or device.agent_id is None:
        await _give(work, world, device, target.id)
        work.wake(target.id)
        return device
    if asked.old_pc_off:
        old = await work.session.get(Agent, device.agent_id)
        if old is not None and old.connected_at is not None and old.unreachable_since is None:
            raise Problem(409, "agent_is_online", agent_id=old.id)
        await _log(work, world, device, device.agent_id, "moved", person=person, to=target.id)
        await change_owner(work, world, device, target.id)
        return device
    if device.releasing and device.moving_to not in (None, target.id):
        raise Problem(409, "device_moving", agent_id=device.moving_to)
    device.moving_to = target.id
    if not device.releasing:
        await _ask_release(work, world, device)
    return device


async def _give(work: Work, world: World, device: Device, agent_id: str | None) -> None:
    """A register that is bound to nobody. Its new owner binds it with a claim, which is made once per connection; and
    whoever has given the register up, lately or long ago, makes none at all unless it is asked to."""
    device.agent_id, device.released_from = agent_id, None
    await outbox.drop_for_device(work, device.tenant_id, device.kkm_id, ("introduce",))
    agent = await work.session.get(Agent, agent_id) if agent_id is not None else None
    connected = agent is not None and agent.connected_at is not None and agent.unreachable_since is None
    if connected and device.binding_epoch > 0:
        await _invite(work, world, device)


async def _invite(work: Work, world: World, device: Device) -> None:
    await outbox.put(
        work, world, type_="introduce", tenant_id=device.tenant_id, kkm_id=device.kkm_id, agent_id=device.agent_id
    )
    work.wake(device.agent_id)


async def _ask_release(work: Work, world: World, device: Device) -> None:
    device.releasing = True
    await outbox.drop_for_device(work, device.tenant_id, device.kkm_id, ("bind",))
    await outbox.put(
        work, world, type_="release", tenant_id=device.tenant_id, kkm_id=device.kkm_id, agent_id=device.agent_id
    )
    work.wake(device.agent_id)


async def change_owner(work: Work, world: World, device: Device, agent_id: str) -> None:
    """The next epoch, at once: what was sent under the last one is adopted by ``agent_id``, never offered to it."""
    assert device.agent_id is not None
    begun = await jobs.sent_and_open(work, device.tenant_id, device.kkm_id, device.agent_id)
    for job in begun:
        job.agent_id = agent_id
        await outbox.drop_for_job(work, job.id, ("offer", "cancel"))
        waiting = await work.session.scalars(select(Outgoing).where(Outgoing.job == job.id))
        for message in waiting:  # the new owner has never seen it, so it is a new message
            message.agent_id, message.msg_id = agent_id, world.new_id("ms")
        if job.cancel_pending:  # also when the last owner has heard of it: its journal may be gone
            await job_service.put_cancel(work, world, job)
    device.agent_id = agent_id
    device.binding_epoch += 1
    device.bound_epoch = 0
    device.releasing, device.moving_to, device.released_from = False, None, None
    await outbox.drop_for_device(work, device.tenant_id, device.kkm_id, ("release", "bind"))
    await tell_binding(work, world, device, adopt=[job.job_id for job in begun])


async def tell_binding(work: Work, world: World, device: Device, adopt: Sequence[str] = ()) -> None:
    """A durable ``bind``; it replaces one that still waits and keeps that one's adoptions."""
    adopted = list(adopt)
    for waiting in await outbox.pending_for_device(work, device.tenant_id, device.kkm_id, "bind"):
        adopted += [job_id for job_id in waiting.body.get("adopt", []) if job_id not in adopted]
    await outbox.drop_for_device(work, device.tenant_id, device.kkm_id, ("bind", "introduce"))
    await outbox.put(
        work,
        world,
        type_="bind",
        tenant_id=device.tenant_id,
        kkm_id=device.kkm_id,
        agent_id=device.agent_id,
        body={"adopt": adopted},
    )
    work.wake(device.agent_id)


async def active_agent(work: Work, tenant_id: str, agent_id: str) -> Agent:
    row = await work.session.get(Agent, agent_id)
    if row is None or row.tenant_id != tenant_id:
        raise unknown(422, "unknown_agent", "agent_id", agent_id)
    if row.state == "pending":
        raise Problem(409, "agent_not_active", agent_id=agent_id)
    return row


async def known_device(work: Work, tenant_id: str, kkm_id: str, *, status: int = 404, field: str = "kkm_id") -> Device:
    """``status``: 404 when the address names the device, 422 when the body does, in ``field``."""
    row = await work.session.get(Device, (tenant_id, kkm_id), with_for_update=True)
    if row is None:
        raise unknown(status, "unknown_kkm_id", field, kkm_id)
    return row


# --- what agents say ------------------------------------------------------------------------------------------------


async def claim(work: Work, world: World, agent: Agent, said: ClaimedDevice) -> str | None:
    """The agent's device says who it is: bound, known already, or refused by the returned code."""
    device = await work.session.get(Device, (agent.tenant_id, said.kkm_id), with_for_update=True)
    code = await _refusal(work, agent, device, said)
    old = await work.session.get(RefusedClaim, (agent.tenant_id, said.kkm_id, agent.id))
    if code is not None:
        if old is None:
            old = RefusedClaim(tenant_id=agent.tenant_id, kkm_id=said.kkm_id, agent_id=agent.id)
            work.session.add(old)
        old.code, old.register_serial, old.at = code, said.register_serial, work.now
        return code
    if old is not None:
        work.session.delete(old)
    assert device is not None
    if said.register_serial is None:  # the device has not answered yet: nothing to bind, little to learn
        if device.agent_id == agent.id:
            device.device_class = said.device
        if device.bound_serial is None and device.agent_id == agent.id and device.binding_epoch > 0:
            await outbox.drop_for_device(work, device.tenant_id, device.kkm_id, ("introduce",))
            await _invite(work, world, device)
        return None
    if device.bound_serial is None:
        await _bind(work, world, device, agent, said, said.register_serial)
    elif said.register_serial != device.bound_serial:
        device.bound_serial = said.register_serial
        await change_owner(work, world, device, agent.id)
    elif said.binding_epoch is not None and said.binding_epoch > device.binding_epoch:
        # The database was restored to a moment before the epoch was given: the owner under it is right.
        device.binding_epoch = device.bound_epoch = said.binding_epoch
    await _learn(work, world, agent, device, said)
    return None


async def _bind(work: Work, world: World, device: Device, agent: Agent, said: ClaimedDevice, serial: str) -> None:
    """The device becomes the agent's, under an epoch above every one that either side knows."""
    device.agent_id = agent.id
    device.device_class = said.device
    device.serial_space, device.bound_serial = _space(agent, said), serial
    device.binding_epoch = max(device.binding_epoch, said.binding_epoch or 0) + 1
    device.bound_epoch = 0
    device.released_from = None
    device.model = device.ffd = device.registration_number = device.taxation = device.health = None
    if said.device is DeviceClass.TERMINAL:  # no fiscal drive to look above: one of a register before it is not its
        device.fn_serial = device.last_fd = None
    await tell_binding(work, world, device)


def _space(agent: Agent, said: ClaimedDevice) -> str:
    """Within which a serial names one machine."""
    return agent.tenant_id if said.device is DeviceClass.TERMINAL else ""


async def _refusal(work: Work, agent: Agent, device: Device | None, said: ClaimedDevice) -> str | None:
    if device is None:
        return "unknown_kkm_id"
    if device.agent_id not in (None, agent.id):
        return "device_already_bound"
    if device.bound_serial is None and device.released_from == agent.id:
        return "device_released"
    if device.bound_serial is not None and device.device_class != said.device:
        return "register_changed"
    serial = said.register_serial
    if serial is None:
        return None
    if serial != (device.bound_serial or device.expected_serial or serial) and not _may_be_renamed(device):
        return "register_changed"
    holder = await work.session.scalar(_HOLDER, {"space": _space(agent, said), "serial": serial})
    if holder is not None and holder is not device:
        return "register_already_bound"
    return None


def _may_be_renamed(device: Device) -> bool:
    """A terminal that is known by its place alone is not another one when its place changes, or when it tells its
    id."""
    return device.bound_serial is not None and device.bound_serial.startswith(PLACE) and not device.releasing


async def _learn(work: Work, world: World, agent: Agent, device: Device, said: ClaimedDevice) -> None:
    if said.fn_serial is not None and said.fn_serial != device.fn_serial:
        if device.fn_serial is not None:
            await _log(work, world, device, agent.id, "fn_replaced", before=device.fn_serial, after=said.fn_serial)
            for job in await jobs.sent_and_open(work, device.tenant_id, device.kkm_id, agent.id):
                job.fd_before = 0  # numbers begin anew in a new drive
        device.fn_serial, device.last_fd = said.fn_serial, said.last_fd
    elif said.last_fd is not None:
        device.last_fd = max(device.last_fd or 0, said.last_fd)
    device.driver = said.driver
    device.model = said.model or device.model
    device.ffd = said.ffd or device.ffd
    device.taxation = said.taxation if said.taxation is not None else device.taxation
    device.registration_number = said.registration_number or device.registration_number


async def _log(work: Work, world: World, device: Device, agent_id: str, kind: str, **body: str | None) -> None:
    work.session.add(
        DeviceEvent(
            tenant_id=device.tenant_id,
            agent_id=agent_id,
            event_id=world.new_id("ev"),
            kkm_id=device.kkm_id,
            kind=kind,
            at=work.now,
            body=dict(body),
        )
    )
    told = {"kkm_id": device.kkm_id, "agent_id": agent_id, "kind": kind, "at": work.now.isoformat(), "body": dict(body)}
    feed.put(work, tenant_id=device.tenant_id, type_=f"device.{kind}", kkm_id=device.kkm_id, data=lambda: told)


async def remind(work: Work, world: World, agent: Agent) -> None:
    """A ``bind`` was acknowledged but its ``bound`` was lost with the connection: it is said again."""
    for device in await owned_by(work, agent):
        unconfirmed = device.bound_serial is not None and device.bound_epoch != device.binding_epoch
        if (
            unconfirmed
            and not device.releasing
            and not await outbox.pending_for_device(work, agent.tenant_id, device.kkm_id, "bind")
        ):
            await tell_binding(work, world, device)


async def bound(work: Work, agent: Agent, kkm_id: str, epoch: int) -> None:
    """The agent has the binding on its disk: offers may go out."""
    device = await work.session.get(Device, (agent.tenant_id, kkm_id), with_for_update=True)
    if device is not None and device.agent_id == agent.id and device.binding_epoch == epoch:
        device.bound_epoch = epoch  # the message goes by its own ack: a newer policy may be waiting already
        work.wake(agent.id)


async def released(work: Work, world: World, agent: Agent, said: Released) -> bool:
    """The agent has given the register up. False: it was not the owner under this epoch any more."""
    device = await work.session.get(Device, (agent.tenant_id, said.kkm_id), with_for_update=True)
    if (
        device is None
        or device.agent_id != agent.id
        or device.binding_epoch != said.binding_epoch
        or not device.releasing
    ):
        return False
    not_started = set(said.not_started)
    for job in await jobs.sent_and_open(work, agent.tenant_id, device.kkm_id, agent.id):
        # Still queued: its accept would have come before this message, so the agent never had it.
        if job.job_id in not_started or job.state == JobState.QUEUED:
            await job_service.give_back(work, world, job)
    if said.last_fd is not None:
        device.last_fd = max(device.last_fd or 0, said.last_fd)
    target = device.moving_to
    await outbox.drop_for_device(work, device.tenant_id, device.kkm_id, ("release",))
    if target is not None:
        await change_owner(work, world, device, target)
    else:
        device.agent_id, device.bound_serial, device.expected_serial = None, None, None
        device.releasing, device.released_from = False, agent.id
    return True


async def owned_by(work: Work, agent: Agent) -> Sequence[Device]:
    return await work.session.scalars(_OWNED, {"tenant": agent.tenant_id, "agent": agent.id})

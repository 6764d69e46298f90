"""What the CRM does with jobs. The job machine decides; its refusals become problems by their own code."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import select

from protocol.crm.codes import reason
from protocol.crm.job_machine import Job as Machine
from protocol.crm.job_machine import JobEffect, JobEvent, step
from protocol.crm.jobs import (
    FINAL,
    OPEN_INTENT,
    DeviceClass,
    JobId,
    JobKind,
    JobState,
    KkmId,
    canonical_json,
    imprint_of,
    sha256_hex,
)
from protocol.crm.machine import Refusal
from protocol.crm.outcomes import Decision, SaleChoice
from protocol.crm.payloads import device_of
from protocol.crm.sales import SALE_TYPES
from protocol.ffd.register_facts import RegisterFacts
from server.fields import FieldError, FreeText, Words
from server.problems import Problem, unknown
from server.services import payloads
from server.services.access import person_named
from server.settings import DEFAULT_ZONE, Limits
from server.store import jobs, outbox
from server.store.database import Work
from server.store.desks import at_device
from server.store.models import Desk, Device, Job
from server.world import World

StartWithin = Annotated[int, Field(ge=1, le=86400)]

_ITEM = {"name": "Замена дисплея", "price": "4500.00", "quantity": "1", "vat": "vat22"}
_SALE = {"type": "sell", "taxation": "osn", "cashier": {"name": "Иванова М."}, "items": [_ITEM]}
EXAMPLES: tuple[dict[str, Any], ...] = (
    {"job_id": "order-1042-1", "kkm_id": "17", "kind": "receipt", "order_ref": "1042",
     "payload": {**_SALE, "payments": [{"type": "cash", "amount": "5000.00"}]}},
    {"job_id": "order-1042-2", "desk_id": "front", "kind": "sale", "order_ref": "1042",
     "payload": {**_SALE, "payments": [{"type": "card", "amount": "4500.00"}], "cards": [{"means": "card"}]}},
    {"job_id": "order-1042-3", "desk_id": "front", "kind": "refund", "order_ref": "1042",
     "payload": {"amount": "500.00", "original": {"amount": "4500.00", "rrn": "123456789012"}}},
    {"job_id": "front-day-61", "desk_id": "front", "kind": "settlement", "payload": {}},
)  # fmt: skip


class JobPost(BaseModel):
    """A job for one device. Exactly one of ``kkm_id`` and ``desk_id`` says where."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": list(EXAMPLES)})

    job_id: JobId
    kkm_id: KkmId | None = None
    desk_id: KkmId | None = None
    kind: Annotated[JobKind, Field(strict=False)]
    start_within_s: StartWithin = 120
    order_ref: Words | None = None
    payload: dict[str, Any]
    allow_duplicate: bool = False

    @model_validator(mode="after")
    def _one_place(self) -> JobPost:
        if (self.kkm_id is None) == (self.desk_id is None):
            raise ValueError("exactly one of kkm_id and desk_id")
        return self

    def identity(self) -> str:
        """Hash of what makes two requests the same one. Raises ``Problem`` where JSON cannot spell the payload."""
        try:
            said = self.model_dump(mode="json", exclude={"allow_duplicate", "payload"})
            return sha256_hex({**said, "payload": self.payload})
        except ValueError:
            raise _field("payload", "E_JSON", "numbers and text that JSON can spell") from None


class Renewal(BaseModel):
    """``lease_no``: the lease that the caller has read. With it the request may be repeated, and renews once."""

    model_config = ConfigDict(extra="forbid", strict=True)
    start_within_s: StartWithin = 120
    lease_no: Annotated[int, Field(ge=1)] | None = None


class Resolution(BaseModel):
    """A person's decision, at the ``rev`` that the person has seen: ``done`` or ``not_done`` on a job in state
    ``human``, the others on a sale that ``waits``."""

    model_config = ConfigDict(extra="forbid", strict=True)
    decision: Literal["done", "not_done", "go_on", "give_back", "leave_owed"]
    person: Words | None = None
    """Of somebody who has signed in the name is known; a key must say whose decision it is."""
    reason: FreeText
    rev: Annotated[int, Field(ge=0, le=2**63 - 1)]
    fd: Annotated[int, Field(ge=1, le=2**32 - 1)] | None = None


def _field(field: str, code: str, expected: str) -> Problem:
    words = f"{field}: {expected}"
    return Problem(422, "bad_request", errors=[FieldError(field, code, expected, code, words, words)])


async def post(work: Work, world: World, limits: Limits, tenant_id: str, asked: JobPost) -> Job:
    """Stores a new job with its offer, or finds the one that the same request has made before."""
    identity = asked.identity()
    known = await jobs.get(work, tenant_id, asked.job_id)
    if known is not None:
        return _same(known, asked, identity)
    device, desk = await _place(work, tenant_id, asked)
    judged = payloads.judge(
        asked.kind,
        asked.payload,
        register=RegisterFacts(ffd=device.ffd, taxation=device.taxation),
        on=work.now.astimezone(ZoneInfo(desk.timezone if desk is not None else DEFAULT_ZONE)).date(),
    )
    if device.agent_id is None and device.moving_to is None:
        raise Problem(409, "device_without_agent", kkm_id=device.kkm_id)
    if payloads.charged_by_card(asked.kind, asked.payload):
        await _has_terminal(work, device, desk)
    if len(canonical_json(asked.payload)) > limits.payload_bytes:
        raise Problem(413, "message_too_large", limit=limits.payload_bytes)
    if asked.order_ref is not None and asked.kind in payloads.TWINS and not asked.allow_duplicate:
        twin = await jobs.look_alike(
            work,
            tenant_id,
            kinds=payloads.TWINS[asked.kind],
            subtype=judged.subtype,
            order_ref=asked.order_ref,
            total=judged.total,
            since=work.now - timedelta(seconds=limits.duplicate_window),
        )
        if twin is not None:
            raise Problem(409, "maybe_duplicate", job_id=twin.job_id, state=twin.state)
    if await jobs.count_open(work, tenant_id, device.kkm_id) >= limits.jobs_per_device:
        raise Problem(429, "busy", headers={"Retry-After": "30"}, limit=limits.jobs_per_device)
    moved = _decided(step(Machine(), JobEvent.POST))
    row = Job(
        tenant_id=tenant_id,
        job_id=asked.job_id,
        kind=asked.kind.value,
        kkm_id=device.kkm_id,
        desk_id=asked.desk_id,
        order_ref=asked.order_ref,
        posted_by=work.actor.ref,
        payload=asked.payload,
        payload_hash=sha256_hex(asked.payload),
        body_hash=identity,
        subtype=judged.subtype,
        total=judged.total,
        imprint=imprint_of(tenant_id, asked.job_id),
        warnings=payloads.shown(judged.warnings),
        created_at=work.now,
        start_within_s=asked.start_within_s,
        start_by=work.now + timedelta(seconds=asked.start_within_s),
        lease_no=1,
        state=moved.job.state.value,
        rev=0,
        attempt=0,
        sent=False,
        cancel_pending=False,
        too_late=False,
    )
    work.session.add(row)
    await work.session.flush()  # a rival that was faster is found by the unique job id
    jobs.note(work, row)
    await _effects(work, world, row, moved.effects)
    return row


def _same(known: Job, asked: JobPost, identity: str) -> Job:
    taken_over = known.body_hash is None  # the server once forgot it; what is left to compare is what was signed
    same = (
        (known.kind, known.order_ref, known.payload_hash) == (asked.kind, asked.order_ref, sha256_hex(asked.payload))
        if taken_over
        else known.body_hash == identity
    )
    if not same:
        raise Problem(409, "job_id_known", job_id=known.job_id, state=known.state)
    return known


async def _place(work: Work, tenant_id: str, asked: JobPost) -> tuple[Device, Desk | None]:
    """The device that shall do it (locked, so that look-alikes queue up), and the desk where it stands."""
    kkm_id, desk, wanted = asked.kkm_id, None, device_of(asked.kind)
    if asked.desk_id is not None:
        desk = await work.session.get(Desk, (tenant_id, asked.desk_id))
        if desk is None:
            raise unknown(422, "unknown_desk", "desk_id", asked.desk_id)
        kkm_id = desk.terminal_kkm_id if wanted is DeviceClass.TERMINAL else desk.kkm_id
        if kkm_id is None:
            code = "desk_without_terminal" if wanted is DeviceClass.TERMINAL else "desk_without_device"
            raise Problem(409, code, desk_id=asked.desk_id)
    device = await work.session.get(Device, (tenant_id, kkm_id), with_for_update=True)
    if device is None:
        raise unknown(422, "unknown_kkm_id", "kkm_id", kkm_id or "")
    if device.device_class not in (None, wanted):
        raise Problem(422, "wrong_kind_of_device", kkm_id=device.kkm_id, device=device.device_class, kind=asked.kind)
    if desk is None:
        desk = await at_device(work, tenant_id, device.kkm_id)
    return device, desk


async def _has_terminal(work: Work, register: Device, desk: Desk | None) -> None:
    """Raises ``Problem`` unless a sale at this register can charge cards. What the agent learns later it refuses."""
    if desk is None or desk.terminal_kkm_id is None:
        desk_id = desk.desk_id if desk is not None else None
        raise Problem(409, "desk_without_terminal", kkm_id=register.kkm_id, desk_id=desk_id)
    terminal = await work.session.get_one(Device, (register.tenant_id, desk.terminal_kkm_id))
    if terminal.device_class not in (None, DeviceClass.TERMINAL):
        raise Problem(422, "wrong_kind_of_device", kkm_id=terminal.kkm_id, device=terminal.device_class)
    if terminal.agent_id is None and terminal.moving_to is None:
        raise Problem(409, "device_without_agent", kkm_id=terminal.kkm_id)
    moving = register.moving_to is not None or terminal.moving_to is not None
    if terminal.agent_id != register.agent_id and not moving:
        raise Problem(409, "devices_on_two_pcs", kkm_id=register.kkm_id, terminal_kkm_id=terminal.kkm_id)


def _decided(verdict: object) -> Any:
    """The machine's ``Moved``; a ``Refusal`` becomes a problem with its own code."""
    if isinstance(verdict, Refusal):
        raise Problem(409, verdict.code)
    return verdict


async def _known(work: Work, tenant_id: str, job_id: str) -> Job:
    row = await jobs.get(work, tenant_id, job_id)
    if row is None:
        raise unknown(404, "unknown_job", "job_id", job_id)
    return row


async def find(work: Work, tenant_id: str, job_id: str) -> Job:
    return await _known(work, tenant_id, job_id)


async def cancel(work: Work, world: World, tenant_id: str, job_id: str) -> Job:
    row = await _known(work, tenant_id, job_id)
    if row.state != JobState.CANCELLED:
        await _cancel(work, world, row, "cancelled_by_crm")
    return row


async def _cancel(work: Work, world: World, row: Job, code: str) -> None:
    moved = _decided(step(jobs.machine_of(row), JobEvent.ASK_CANCEL))
    jobs.store(work, row, moved.job, code=code)
    if row.state == JobState.CANCELLED:
        row.reason = reason(code).model_dump(mode="json")
    await _effects(work, world, row, moved.effects)


async def renew(work: Work, world: World, tenant_id: str, job_id: str, asked: Renewal) -> Job:
    row = await _known(work, tenant_id, job_id)
    if asked.lease_no is not None and asked.lease_no != row.lease_no:
        if (asked.lease_no + 1, asked.start_within_s) == (row.lease_no, row.start_within_s):
            return row  # the same request again: its first answer was lost
        raise Problem(409, "stale_lease", lease_no=row.lease_no)
    moved = _decided(step(jobs.machine_of(row), JobEvent.ASK_RENEW))
    row.lease_no += 1
    row.start_within_s = asked.start_within_s
    row.start_by = work.now + timedelta(seconds=asked.start_within_s)
    if not row.sent:
        row.reason = None
    jobs.store(work, row, moved.job)
    await _effects(work, world, row, moved.effects)
    return row


async def resolve(work: Work, world: World, tenant_id: str, job_id: str, asked: Resolution) -> Job:
    """Sends the decision to the agent. The machine says whether it may be taken; the agent's update takes it."""
    row = await _known(work, tenant_id, job_id)
    body = asked.model_dump(mode="json") | {"person": person_named(work, asked.person)}
    taken = JobState(row.state) in FINAL or (asked.decision in _FOR_SALES and row.waits is None)
    if taken and row.resolution == body:
        return row  # the same request again: its first answer was lost
    may_resolve(row, asked)
    waiting = await outbox.pending(work, row.id, "resolve")
    if waiting is not None and waiting.body.get("rev") == asked.rev:
        if waiting.body != body:
            raise Problem(409, "decision_pending")
        return row
    row.resolution = body
    await outbox.drop_for_job(work, row.id, ("resolve",))
    await _put(work, world, row, "resolve", body)
    return row


_FOR_SALES = frozenset(SaleChoice)
_FOR_HUMAN: Mapping[str, JobEvent] = {
    Decision.DONE: JobEvent.DECIDED_DONE,
    Decision.NOT_DONE: JobEvent.DECIDED_NOT_DONE,
}


def may_resolve(row: Job, asked: Resolution) -> None:
    """Raises ``Problem`` unless the job asks for such a decision, at the ``rev`` that the person has seen."""
    _may_decide(row, asked.decision)
    if jobs.is_left(row) and asked.fd is None:
        raise _field("fd", "E_FD", "the number of the correction receipt")
    if row.rev != asked.rev:
        raise Problem(409, "stale_rev", rev=row.rev)


def _may_decide(row: Job, decision: str) -> None:
    """Raises ``Problem`` unless the job asks for a decision like this one. The agent knows more, and judges again."""
    if decision in _FOR_HUMAN:
        _decided(step(jobs.machine_of(row), _FOR_HUMAN[decision]))
        if jobs.is_left(row) and decision != Decision.DONE:
            raise Problem(409, "choice_not_offered", choices=[Decision.DONE])
        return
    if JobState(row.state) in FINAL:
        raise Problem(409, "already_final")
    if row.kind not in SALE_TYPES or row.waits is None:
        raise Problem(409, "not_waiting")
    doubted = any(part["step"] == "receipt" and part["state"] in OPEN_INTENT for part in row.steps or ())
    if doubted:
        raise Problem(409, "receipt_in_doubt")
    if decision not in (row.choices or ()):
        raise Problem(409, "choice_not_offered", choices=row.choices or [])


async def expire(work: Work, world: World) -> int:
    """Jobs that never left the server: held when their time to start has passed, cancelled when nobody renewed."""
    passed = await work.session.scalars(
        select(Job).where(Job.state == JobState.QUEUED, Job.sent.is_(False), Job.start_by < work.now).limit(500)
    )
    count = 0
    for row in passed:
        count += await expire_one(work, row)
    oldest = work.now - timedelta(hours=1)
    held = await work.session.scalars(
        select(Job).where(Job.state == JobState.HELD, Job.sent.is_(False), Job.held_at < oldest).limit(500)
    )
    for row in held:
        desk = await at_device(work, row.tenant_id, row.kkm_id)
        hours = desk.held_hours if desk is not None else 24
        if row.held_at is not None and work.now - row.held_at >= timedelta(hours=hours):
            await _cancel(work, world, row, "held_too_long")
            count += 1
    return count


async def expire_one(work: Work, row: Job) -> bool:
    """Whether the job is held now because its time to start passed before it ever left."""
    if row.start_by >= work.now:
        return False
    moved = step(jobs.machine_of(row), JobEvent.EXPIRE)
    if isinstance(moved, Refusal):
        return False
    row.reason = reason("lease_passed").model_dump(mode="json")
    jobs.store(work, row, moved.job, code="lease_passed")
    await outbox.drop_for_job(work, row.id, ("offer",))
    return True


async def give_back(work: Work, world: World, row: Job) -> bool:
    """The register was given up and the job was not started there: it is queued again. False: the machine refuses."""
    moved = step(jobs.machine_of(row), JobEvent.RETURN)
    if isinstance(moved, Refusal):
        return False
    row.agent_id, row.fd_before, row.reason = None, None, None
    cancel_waits = row.cancel_pending
    jobs.store(work, row, moved.job)
    row.cancel_pending = False
    await outbox.drop_for_job(work, row.id, ("offer", "cancel", "renew", "resolve"))
    await _effects(work, world, row, moved.effects)
    if cancel_waits:  # nobody has it now, so the server can grant it
        await _cancel(work, world, row, "cancelled_by_crm")
    return True


async def _effects(work: Work, world: World, row: Job, effects: tuple[Any, ...]) -> None:
    for effect in effects:
        if effect is JobEffect.OUTBOX_OFFER:
            await put_offer(work, world, row)
            device = await work.session.get(Device, (row.tenant_id, row.kkm_id))
            work.wake(device.agent_id if device is not None else None)
        elif effect is JobEffect.OUTBOX_CANCEL:
            await put_cancel(work, world, row)
            await outbox.drop_for_job(work, row.id, ("offer", "renew"))
        elif effect is JobEffect.OUTBOX_RENEW:
            await outbox.drop_for_job(work, row.id, ("renew",))
            await _put(work, world, row, "renew", {"lease_no": row.lease_no})
    if row.state == JobState.CANCELLED:
        await outbox.drop_for_job(work, row.id, ("offer",))


async def put_offer(work: Work, world: World, row: Job) -> None:
    """The job's offer waits in the outbox, once, for whoever owns the device."""
    if await outbox.pending(work, row.id, "offer") is None:
        await _put(work, world, row, "offer", {}, addressed=False)


async def put_cancel(work: Work, world: World, row: Job) -> None:
    """The cancel waits in the outbox, once, for whoever has the job."""
    if await outbox.pending(work, row.id, "cancel") is None:
        await _put(work, world, row, "cancel", {})


async def _put(work: Work, world: World, row: Job, type_: str, body: dict[str, Any], *, addressed: bool = True) -> None:
    await outbox.put(
        work,
        world,
        type_=type_,
        tenant_id=row.tenant_id,
        kkm_id=row.kkm_id,
        agent_id=row.agent_id if addressed else None,
        job=row.id,
        body=body,
    )
    work.wake(row.agent_id)

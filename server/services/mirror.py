"""What an agent's durable messages change. Everything here is committed before the message is acknowledged."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from typing import Any, Literal

import structlog
from sqlalchemy import bindparam, select

from protocol.crm.codes import reason as words_of
from protocol.crm.envelope import Envelope
from protocol.crm.job_machine import Job as Machine
from protocol.crm.job_machine import JobEvent, Known, step
from protocol.crm.jobs import FINAL, JobState, canonical_json, imprint_of, sha256_hex
from protocol.crm.machine import Refusal
from protocol.crm.messages import (
    Accept,
    Bound,
    Claim,
    ClaimRefused,
    Event,
    Health,
    Offer,
    Progress,
    Reject,
    Released,
    Update,
)
from protocol.crm.signing import signature_is_good
from server.keys import JobKey, verify
from server.services import agents, directory, health, payloads
from server.store import feed, jobs, outbox
from server.store.database import Work
from server.store.models import Agent, Device, DeviceEvent, Evidence, Job
from server.world import World

MAX_KEPT = 224 * 1024
"""Bytes of JSON: a document of a thousand lines fits, a message of the link holds no more."""
MAX_EVENT_ID = 128
_EVENT_KIND = re.compile(r"[a-z][a-z0-9_]{0,49}")
"""Also kinds that only a newer agent knows."""
_AGENTS = frozenset(JobState) - {JobState.QUEUED, JobState.REJECTED}
"""The states that an update may report; the others are the server's own."""
_KNOWN_EVENT = select(DeviceEvent.id).where(
    DeviceEvent.agent_id == bindparam("agent"), DeviceEvent.event_id == bindparam("event")
)
_log = structlog.get_logger("server.mirror")


class Taken(Enum):
    """What became of a message."""

    COMMITTED = "committed"  # to be acknowledged
    UNKNOWN_JOB = "unknown_job"  # the agent must send the job itself along: not acknowledged


async def take(work: Work, world: World, key: JobKey, agent: Agent, envelope: Envelope) -> Taken:
    """One message of an agent that is trusted (not quarantined, newest session)."""
    match envelope.body:
        case Accept() as said:
            return await _accept(work, agent, envelope, said)
        case Reject() as said:
            return await _reject(work, agent, envelope, said)
        case Update() as said:
            return await _update(work, key, agent, envelope, said)
        case Event() as said:
            await _event(work, world, agent, envelope, said)
        case Progress() | Health() as said:
            await pass_by(work, agent, [said])
        case Bound() as said:
            await directory.bound(work, agent, said.kkm_id, said.binding_epoch)
        case Released() as said:
            if not await directory.released(work, world, agent, said):
                await keep(work, agent, envelope, "stale_epoch")
        case _:
            await keep(work, agent, envelope, "unexpected")
    return Taken.COMMITTED


async def pass_by(work: Work, agent: Agent, words: Iterable[Progress | Health]) -> None:
    """What is shown of a job or a register until the next such word."""
    for said in words:
        if isinstance(said, Health):
            await health.take(work, agent, said)
        else:
            await _progress(work, agent, said)


async def keep(work: Work, agent: Agent, envelope: Envelope, why: str) -> None:
    """Evidence only: the mirror stays as it is."""
    known = select(Evidence.id).where(Evidence.agent_id == agent.id, Evidence.msg_id == envelope.msg_id[:64])
    if await work.session.scalar(known) is not None:
        return
    work.session.add(
        Evidence(
            tenant_id=agent.tenant_id,
            agent_id=agent.id,
            msg_id=envelope.msg_id[:64],
            type=envelope.type,
            why=why,
            job_id=getattr(envelope.body, "job_id", None),
            body=envelope.body.model_dump(mode="json"),
            at=work.now,
        )
    )


async def _accept(work: Work, agent: Agent, envelope: Envelope, said: Accept) -> Taken:
    row = await jobs.get(work, agent.tenant_id, said.job_id)
    if row is None:
        return Taken.UNKNOWN_JOB
    if row.agent_id is None and await _owns(work, agent, row):
        row.agent_id = agent.id  # restored to a moment before the offer left
    if row.agent_id != agent.id or row.payload_hash != said.payload_hash:
        await keep(work, agent, envelope, "not_its_job")
        return Taken.COMMITTED
    agents.told_head(agent, said.journal_head)
    moved = step(jobs.machine_of(row), JobEvent.REPORTED, rev=said.rev, reported=JobState.ACCEPTED)
    if not isinstance(moved, Refusal):
        jobs.store(work, row, moved.job, at=envelope.ts)
        row.reason = None
    await outbox.drop_for_job(work, row.id, ("offer",))
    return Taken.COMMITTED


async def _reject(work: Work, agent: Agent, envelope: Envelope, said: Reject) -> Taken:
    row = await jobs.get(work, agent.tenant_id, said.job_id)
    if row is None or row.agent_id != agent.id:
        await keep(work, agent, envelope, "not_its_job")
        return Taken.COMMITTED
    if row.state == JobState.REJECTED:
        return Taken.COMMITTED  # the same word again: its ack was lost
    moved = step(jobs.machine_of(row), JobEvent.REJECT)
    if isinstance(moved, Refusal):
        await keep(work, agent, envelope, moved.code)
        return Taken.COMMITTED
    jobs.store(work, row, moved.job, at=envelope.ts, code=said.reason.code)
    row.reason = said.reason.model_dump(mode="json")
    row.cancel_pending = False
    await outbox.drop_for_job(work, row.id, ("offer", "cancel", "renew", "resolve"))
    return Taken.COMMITTED


async def _update(work: Work, key: JobKey, agent: Agent, envelope: Envelope, said: Update) -> Taken:
    if said.state not in _AGENTS:
        await keep(work, agent, envelope, "not_its_state")
        return Taken.COMMITTED
    row = await jobs.get(work, agent.tenant_id, said.job_id)
    if row is None:
        if said.offer is None:
            return Taken.UNKNOWN_JOB
        if not _ours(key, agent, said, said.offer):
            await keep(work, agent, envelope, "bad_signature")
            return Taken.COMMITTED
        row = await _take_over(work, agent, said.offer)
    elif row.agent_id is None and await _owns(work, agent, row):  # restored to a moment before the offer left
        if said.offer is None:
            return Taken.UNKNOWN_JOB
        if not _ours(key, agent, said, said.offer) or said.offer.payload_hash != row.payload_hash:
            await keep(work, agent, envelope, "not_its_job")
            return Taken.COMMITTED
        row.agent_id = agent.id
    elif row.agent_id != agent.id:
        await keep(work, agent, envelope, "not_its_job")
        return Taken.COMMITTED
    device = await work.session.get(Device, (agent.tenant_id, row.kkm_id))
    if device is not None and said.binding_epoch < device.binding_epoch and not _tombstone(said):
        await keep(work, agent, envelope, "stale_epoch")
        return Taken.COMMITTED
    agents.told_head(agent, said.journal_head)
    await _mirror(work, row, said)
    if (
        device is not None
        and said.proof is not None
        and said.proof.fd is not None
        and said.proof.fn == device.fn_serial
    ):
        device.last_fd = max(device.last_fd or 0, said.proof.fd)
    return Taken.COMMITTED


def _tombstone(said: Update) -> bool:
    """A cancel that came before its offer: the agent never saw under which binding."""
    return said.state is JobState.CANCELLED and said.attempt == 0 and said.binding_epoch == 0


def _ours(key: JobKey, agent: Agent, said: Update, offer: Offer) -> bool:
    """We signed this job for this very agent, and it is the one that the update speaks of."""
    return (
        (offer.job_id, offer.tenant_id, offer.agent_id) == (said.job_id, agent.tenant_id, agent.id)
        and offer.payload_hash == sha256_hex(offer.payload)
        and signature_is_good("offer", offer, {key.kid: key.public}, verify)
    )


async def _owns(work: Work, agent: Agent, row: Job) -> bool:
    device = await work.session.get(Device, (agent.tenant_id, row.kkm_id))
    return device is not None and device.agent_id == agent.id


async def _take_over(work: Work, agent: Agent, offer: Offer) -> Job:
    """A job that this database has never seen or has forgotten; the signature says that we made it."""
    known = payloads.summary(offer.kind, offer.payload)
    row = Job(
        tenant_id=agent.tenant_id,
        job_id=offer.job_id,
        kind=offer.kind.value,
        kkm_id=offer.kkm_id,
        order_ref=offer.order_ref,
        payload=offer.payload,
        payload_hash=offer.payload_hash,
        subtype=known.subtype,
        total=known.total,
        imprint=imprint_of(agent.tenant_id, offer.job_id),
        created_at=offer.issued_at,
        start_within_s=120,
        start_by=offer.start_by,
        lease_no=offer.lease_no,
        state=Known.QUEUED.value,
        rev=0,
        attempt=0,
        sent=True,
        cancel_pending=False,
        too_late=False,
        agent_id=agent.id,
    )
    work.session.add(row)
    await work.session.flush()
    jobs.note(work, row, at=offer.issued_at, code="taken_over")
    return row


async def _mirror(work: Work, row: Job, said: Update) -> None:
    before: Machine = jobs.machine_of(row)
    moved = step(before, JobEvent.REPORTED, rev=said.rev, reported=said.state)
    if isinstance(moved, Refusal):
        return  # an older word, said again
    after, code = moved.job, said.reason.code if said.reason is not None else None
    jobs.store(work, row, _with(after, said), at=said.at, code=code, owed=said.owed and not row.owed)
    row.owed, row.waits = said.owed, said.waits
    row.choices = [choice.value for choice in said.choices] or None
    row.steps = [part.model_dump(mode="json") for part in said.steps] or row.steps
    row.lease_no = max(row.lease_no, said.lease_no)
    row.reason = _dumped(said.reason)
    row.proof = _dumped(said.proof)
    row.evidence = said.evidence
    row.result = _kept(said, "result") or row.result
    row.document = _kept(said, "document") or row.document
    row.paper = said.paper.value if said.paper is not None else row.paper
    row.certainty = said.certainty
    if said.too_late or (before.cancel_pending and said.state is JobState.DONE):
        row.too_late, row.cancel_pending = True, False
    if said.state in FINAL:
        row.progress = None
        await outbox.drop_for_job(work, row.id, ("offer", "cancel", "renew", "resolve"))
    elif before.state in (Known.QUEUED, Known.HELD):  # no offer waits while a job is under way
        await outbox.drop_for_job(work, row.id, ("offer",))


def _kept(said: Update, part: Literal["result", "document"]) -> dict[str, Any] | None:
    """What the update carries beside the proof, unless it is too large to be shown."""
    value = said.result if part == "result" else said.document
    if value is None or len(canonical_json(value)) <= MAX_KEPT:
        return value
    _log.warning("dropped as too large", job_id=said.job_id, part=part)
    return None


def _with(after: Machine, said: Update) -> Machine:
    return Machine(after.state, after.rev, said.attempt, after.sent, after.cancel_pending)


def _dumped(value: Any) -> dict[str, Any] | None:
    return value.model_dump(mode="json") if value is not None else None


async def _progress(work: Work, agent: Agent, said: Progress) -> None:
    row = await jobs.get(work, agent.tenant_id, said.job_id)
    if row is None or row.agent_id != agent.id or JobState(row.state) in FINAL:
        return
    row.progress = {"code": said.code, "text": said.text, "done": said.done, "of": said.of}
    row.progress_at = work.now


async def _event(work: Work, world: World, agent: Agent, envelope: Envelope, said: Event) -> None:
    if not _EVENT_KIND.fullmatch(said.kind) or len(said.event_id) > MAX_EVENT_ID:
        await keep(work, agent, envelope, "bad_event")  # its kind becomes a word of the stream's own lines
        return
    if await work.session.scalar(_KNOWN_EVENT, {"agent": agent.id, "event": said.event_id}) is not None:
        return
    work.session.add(
        DeviceEvent(
            tenant_id=agent.tenant_id,
            agent_id=agent.id,
            event_id=said.event_id,
            kkm_id=said.kkm_id,
            kind=said.kind,
            at=said.at,
            body=said.body,
        )
    )
    told = {
        "kkm_id": said.kkm_id,
        "agent_id": agent.id,
        "kind": said.kind,
        "at": said.at.isoformat(),
        "body": said.body,
    }
    feed.put(work, tenant_id=agent.tenant_id, type_=f"device.{said.kind}", kkm_id=said.kkm_id, data=lambda: told)
    if said.kind != "foreign_document" or said.kkm_id is None:
        return
    device = await work.session.get(Device, (agent.tenant_id, said.kkm_id))
    if device is not None and device.agent_id == agent.id and device.exclusive_lost_at is None:
        device.exclusive_lost_at = said.at
        if device.bound_serial is not None and not device.releasing:
            await directory.tell_binding(work, world, device)


async def claimed(work: Work, world: World, agent: Agent, said: Claim) -> ClaimRefused | None:
    """``None``, or the refusal as the agent is told it."""
    code = await directory.claim(work, world, agent, said.device)
    if code is None:
        return None
    words = words_of(code)
    device = await work.session.get(Device, (agent.tenant_id, said.device.kkm_id))
    epoch = device.binding_epoch if device is not None else 0
    return ClaimRefused(kkm_id=said.device.kkm_id, code=code, text=words.text, advice=words.advice, binding_epoch=epoch)

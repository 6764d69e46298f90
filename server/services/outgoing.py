"""From outbox rows to signed messages. What can make a device act is signed at the moment it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from protocol.crm.envelope import MAX_BYTES, Envelope
from protocol.crm.job_machine import JobEvent, step
from protocol.crm.jobs import FINAL, JobKind, JobState, imprint_of
from protocol.crm.link_machine import PING_EVERY
from protocol.crm.machine import Refusal
from protocol.crm.messages import (
    Bind,
    Binding,
    Cancel,
    Ended,
    Introduce,
    JournalHead,
    KnownJob,
    Offer,
    OpenJob,
    Release,
    Renew,
    Resolve,
    Welcome,
)
from protocol.crm.outcomes import Value
from protocol.crm.signing import sign_body
from server.keys import JobKey
from server.services import agents, desks, directory
from server.services import jobs as job_service
from server.settings import Limits
from server.store import jobs, outbox
from server.store.database import Database, Work
from server.store.models import Agent, Device, Job, Outgoing

T = TypeVar("T", bound=Value)


@dataclass(frozen=True, slots=True)
class Signer:
    key: JobKey

    def __call__(self, type_: str, body: T) -> T:
        return sign_body(type_, body, self.key.sign)


async def welcome(work: Work, key: JobKey, agent: Agent, listed: Sequence[KnownJob], limits: Limits) -> Welcome:
    """``listed``: the jobs that the agent has named in its hello."""
    return Welcome(
        tenant_id=agent.tenant_id,
        session_epoch=agent.session_epoch,
        server_time=work.now,
        heartbeat_s=PING_EVERY,
        acked_head=JournalHead(n=agent.acked_n, hash=agent.acked_hash),
        jobs=await agents.known_jobs(work, agent, listed),
        bindings=[await binding_of(work, device) for device in await agents.bound_devices(work, agent)],
        keys=[key.published()],
        limits={"message_bytes": MAX_BYTES, "jobs_per_device": limits.jobs_per_device},
    )


async def ended(database: Database, key: JobKey, agent_id: str | None, listed: Sequence[KnownJob]) -> list[Ended]:
    """The ends of jobs that the agent has named, and the sales among them that were left owed. It knows them,
    unless its journal is an older copy."""
    if not listed or agent_id is None:
        return []
    sign = Signer(key)
    async with database.read() as work:
        agent = await agents.get(work, agent_id)
        rows = await jobs.ended(work, agent.tenant_id, agent.id, [job.job_id for job in listed])
        known = {job.job_id: job.rev for job in listed}
        news = [row for row in rows if not jobs.is_left(row) or known[row.job_id] < row.rev]
        return [sign("ended", _ended(agent, row, key.kid)) for row in news]


def _ended(agent: Agent, row: Job, kid: str) -> Ended:
    told = {
        "job_id": row.job_id, "agent_id": agent.id, "rev": row.rev, "state": row.state, "reason": row.reason,
        "proof": row.proof, "paper": row.paper, "certainty": row.certainty, "owed": row.owed,
        "steps": row.steps or [], "kid": kid,
    }  # fmt: skip
    return Ended.model_validate(told)


async def due(work: Work, key: JobKey, agent: Agent, already: set[str], listed: set[str]) -> list[Envelope]:
    """What this agent must be told now, ready to leave once the transaction is committed.

    ``already``: msg_ids sent on this connection. ``listed``: jobs the agent has named as its own, never offered again.
    """
    ready: list[Envelope] = []
    for row in await outbox.of_agent(work, agent.tenant_id, agent.id):
        if row.msg_id in already:
            continue
        body = await _body(work, Signer(key), agent, row, listed)
        if body is not None:
            ready.append(Envelope(row.msg_id, work.now, body))
    return ready


async def _body(work: Work, sign: Signer, agent: Agent, row: Outgoing, listed: set[str]) -> Value | None:
    device = await work.session.get(Device, (agent.tenant_id, row.kkm_id))
    if row.type == "bind":
        if device is None or device.agent_id != agent.id or device.bound_serial is None:
            return None
        return await _bind(work, sign, agent, device, row.body.get("adopt", []))
    if row.type == "introduce":
        if device is None or device.agent_id != agent.id or device.bound_serial is not None:
            return None
        return Introduce(agent_id=agent.id, kkm_id=device.kkm_id)
    if row.type == "release":
        if device is None or device.agent_id != agent.id:
            return None
        return sign(
            "release",
            Release(agent_id=agent.id, kkm_id=device.kkm_id, binding_epoch=device.binding_epoch, kid=sign.key.kid),
        )
    job = await work.session.get(Job, row.job, with_for_update=True) if row.job is not None else None
    if job is None:
        return None
    if row.type == "offer":
        return await _offer(work, sign, agent, device, job, listed)
    if job.agent_id != agent.id or JobState(job.state) in FINAL:
        return None
    if device is None or device.bound_epoch != device.binding_epoch:
        return None  # after the bind: until then the agent has not adopted the job
    if row.type == "cancel":
        return sign("cancel", Cancel(job_id=job.job_id, agent_id=agent.id, rev=job.rev, kid=sign.key.kid))
    if row.type == "renew":
        return sign(
            "renew",
            Renew(
                job_id=job.job_id,
                agent_id=agent.id,
                lease_no=job.lease_no,
                binding_epoch=device.binding_epoch,
                start_by=job.start_by,
                kid=sign.key.kid,
            ),
        )
    return sign("resolve", Resolve(job_id=job.job_id, agent_id=agent.id, kid=sign.key.kid, **row.body))


async def _offer(
    work: Work, sign: Signer, agent: Agent, device: Device | None, job: Job, listed: set[str]
) -> Offer | None:
    """The offer, with the job marked as sent in this transaction; ``None`` while it must not leave."""
    if (
        device is None
        or device.agent_id != agent.id
        or device.bound_serial is None
        or device.bound_epoch != device.binding_epoch
        or device.releasing
        or job.job_id in listed
        or (job.sent and job.agent_id != agent.id)
        or await job_service.expire_one(work, job)
    ):
        return None
    moved = step(jobs.machine_of(job), JobEvent.SEND)
    if isinstance(moved, Refusal):
        return None
    job.agent_id = agent.id
    if not job.sent:
        job.fd_before = device.last_fd
    jobs.store(work, job, moved.job)
    return _signed_offer(work, sign, agent, device, job)


def _signed_offer(work: Work, sign: Signer, agent: Agent, device: Device, job: Job) -> Offer:
    return sign(
        "offer",
        Offer(
            tenant_id=job.tenant_id,
            job_id=job.job_id,
            kind=JobKind(job.kind),
            agent_id=agent.id,
            kkm_id=job.kkm_id,
            register_serial=device.bound_serial,
            binding_epoch=device.binding_epoch,
            lease_no=job.lease_no,
            rev=job.rev,
            issued_at=work.now,
            start_by=job.start_by,
            order_ref=job.order_ref,
            payload=job.payload,
            payload_hash=job.payload_hash,
            kid=sign.key.kid,
        ),
    )


async def binding_of(work: Work, device: Device) -> Binding:
    return Binding(
        kkm_id=device.kkm_id,
        register_serial=device.bound_serial,
        binding_epoch=device.binding_epoch,
        desk=await desks.policy_of(work, device),
    )


async def _bind(work: Work, sign: Signer, agent: Agent, device: Device, adopt: list[str]) -> Bind:
    """What the new owner must know: above which document to look for what may have been begun there."""
    open_jobs: list[OpenJob] = []
    last_fd = device.last_fd
    for job_id in adopt:
        job = await jobs.get(work, agent.tenant_id, job_id)
        if job is None or JobState(job.state) in FINAL or job.agent_id != agent.id:
            continue
        offer = _signed_offer(work, sign, agent, device, job)
        if last_fd is not None:  # the device may have gone on since: look from where this job left the server
            last_fd = min(last_fd, job.fd_before or 0)
        open_jobs.append(OpenJob(offer=offer, rev=job.rev, imprint=imprint_of(job.tenant_id, job.job_id)))
    return sign(
        "bind",
        Bind(
            agent_id=agent.id,
            binding=await binding_of(work, device),
            fn_serial=device.fn_serial,
            last_fd=last_fd,
            open_jobs=open_jobs,
            kid=sign.key.kid,
        ),
    )


async def offer_again(work: Work, agent: Agent, listed: set[str]) -> list[Job]:
    """Jobs that were offered to this agent and acknowledged, but that it does not name: they need a new offer.

    Not those of a register whose ``bind`` is still on its way: that message carries them.
    """
    bound = {
        device.kkm_id
        for device in await directory.owned_by(work, agent)
        if device.bound_serial is not None and device.bound_epoch == device.binding_epoch
    }
    return [
        row
        for row in await jobs.of_agent(work, agent.tenant_id, agent.id)
        if row.state == JobState.QUEUED
        and row.kkm_id in bound
        and row.job_id not in listed
        and not row.cancel_pending
        and await outbox.pending(work, row.id, "offer") is None
    ]

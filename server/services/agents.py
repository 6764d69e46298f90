"""Sessions of agents: greeting, journal head, quarantine and its end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import and_, bindparam, or_, select, update

from protocol.crm.codes import Language
from protocol.crm.codes import reason as words_of
from protocol.crm.jobs import JobState
from protocol.crm.messages import Archive, Checkpoint, Hello, JournalHead, KnownJob
from protocol.crm.signing import signed_bytes
from server.fields import FreeText, Words
from server.keys import verify
from server.pages import cursor_of, cut, key_of
from server.problems import Problem, unknown
from server.services import directory, views
from server.services.access import person_named
from server.store import jobs
from server.store.actor import Actor, ActorKind
from server.store.database import Database, Work
from server.store.models import Agent, Device, Evidence, Job, table_of
from server.world import World

_UNLESS_LOCKED = select(Agent).where(Agent.id == bindparam("agent")).with_for_update(skip_locked=True)
_LOST = (
    update(table_of(Agent))
    .where(Agent.id == bindparam("agent"), Agent.session_epoch == bindparam("epoch"), Agent.unreachable_since.is_(None))
    .values(unreachable_since=bindparam("since"))
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = 2**52  # microseconds; some time in 2112


class StaleSession(Exception):
    """A newer connection of this agent exists: nothing that this one says is written."""


class Confirmation(BaseModel):
    """A person has compared the registers' archives with the jobs and answers for this PC."""

    model_config = ConfigDict(extra="forbid", strict=True)
    person: Words | None = None
    reason: FreeText


def actor(agent_id: str, address: str | None = None) -> Actor:
    """A PC, as the audit names it."""
    return Actor(ActorKind.AGENT, agent_id, address=address)


async def authenticate(work: Work, hello: Hello, nonce: str) -> str | None:
    """``None`` when the hello is what it says; otherwise the code of the refusal."""
    row = await work.session.get(Agent, hello.agent_id)
    if row is None:
        return "unknown_agent"
    if hello.nonce != nonce or not verify(
        row.public_key, signed_bytes("hello", hello.model_dump(mode="json")), hello.sig
    ):
        return "bad_signature"
    return "agent_not_active" if row.state == "pending" else None


async def open_session(work: Work, hello: Hello) -> Agent:
    """The next session epoch; every older connection of the agent is superseded from the commit on."""
    row = await work.session.get_one(Agent, hello.agent_id, with_for_update=True)
    row.session_epoch += 1
    row.connected_at, row.unreachable_since = work.now, None
    row.version = hello.version
    row.seen_n, row.seen_hash = hello.journal_head.n, hello.journal_head.hash
    if hello.install_id != row.install_id and row.state == "active":
        _quarantine(work, row, f"install_id {hello.install_id}, paired as {row.install_id}")
    work.wake(row.id)
    return row


@asynccontextmanager
async def in_session(database: Database, agent_id: str, epoch: int) -> AsyncIterator[tuple[Work, Agent]]:
    """A writing transaction of one session, with its agent locked. Raises ``StaleSession`` if there is a newer one."""
    async with database.write(by=actor(agent_id)) as work:
        row = await work.session.get_one(Agent, agent_id, with_for_update=True)
        if row.session_epoch != epoch:
            raise StaleSession(agent_id, epoch)
        yield work, row


async def get(work: Work, agent_id: str) -> Agent:
    return await work.session.get_one(Agent, agent_id)


async def get_unless_locked(work: Work, agent_id: str) -> Agent | None:
    """``None`` while another transaction holds the agent, which may be waiting for what this one holds."""
    return await work.session.scalar(_UNLESS_LOCKED, {"agent": agent_id})


async def bound_devices(work: Work, agent: Agent) -> list[Device]:
    """Registers whose binding the agent has on its disk; the others hear by ``bind``, with what they must adopt."""
    return [
        device
        for device in await directory.owned_by(work, agent)
        if device.bound_serial is not None and device.bound_epoch == device.binding_epoch
    ]


async def known_jobs(work: Work, agent: Agent, listed: Sequence[KnownJob]) -> list[KnownJob]:
    """What the server holds: its open jobs of this agent, and those that the agent has named."""
    found = {row.job_id: row.rev for row in await jobs.of_agent(work, agent.tenant_id, agent.id)}
    found |= await jobs.revs(work, agent.tenant_id, agent.id, [job.job_id for job in listed])
    return [KnownJob(job_id=job_id, rev=rev) for job_id, rev in sorted(found.items())]


async def check(work: Work, agent: Agent, welcomed: JournalHead, said: Checkpoint) -> bool:
    """Whether the agent's journal still holds what the server has acknowledged; otherwise it is quarantined. A person
    who lifts the quarantine between the welcome and this answer has taken the head of this session's own hello: what
    the welcome asked about counts no longer."""
    if lifted_since(agent, welcomed):
        return agent.state == "active"
    good = said.n == welcomed.n and (welcomed.n == 0 or said.hash == welcomed.hash)
    if not good and agent.state == "active":
        _quarantine(work, agent, f"record {welcomed.n}: acknowledged {welcomed.hash}, the agent has {said.hash}")
    return good and agent.state == "active"


def lifted_since(agent: Agent, welcomed: JournalHead) -> bool:
    """Whether a person has lifted the agent's quarantine since it was welcomed: until its checkpoint has been judged,
    nothing else changes the acknowledged head."""
    return (agent.acked_n, agent.acked_hash) != (welcomed.n, welcomed.hash)


def _quarantine(work: Work, agent: Agent, detail: str) -> None:
    agent.state = "quarantined"
    agent.quarantined_at, agent.quarantine_detail = work.now, detail


def take_head(work: Work, agent: Agent, head: JournalHead, floor: int) -> int:
    """Acknowledges the head that a ping names. One below ``floor``, or another at the acknowledged place, quarantines
    the agent. Returns the floor of the next ping: all that is acknowledged now. (A report may overtake a ping that was
    sent before it and raise the acknowledged head above that one's, but not above the next one's.)"""
    agent.unreachable_since = None
    forked = head.n == agent.acked_n and agent.acked_n > 0 and head.hash != agent.acked_hash
    if agent.state != "active":
        agent.seen_n, agent.seen_hash = head.n, head.hash
    elif head.n < floor or forked:
        agent.seen_n, agent.seen_hash = head.n, head.hash
        _quarantine(work, agent, f"head {head.n} {head.hash} is behind {agent.acked_n} {agent.acked_hash}")
        work.wake(agent.id)
    elif head.n >= agent.acked_n:
        agent.seen_n, agent.seen_hash = agent.acked_n, agent.acked_hash = head.n, head.hash
    return agent.acked_n


def told_head(agent: Agent, head: JournalHead | None) -> None:
    """The head under which something was said and is now committed here: acknowledged with it."""
    if head is not None and agent.state == "active" and head.n > agent.acked_n:
        agent.acked_n, agent.acked_hash = head.n, head.hash
        agent.seen_n, agent.seen_hash = head.n, head.hash


async def lost(work: Work, agent_id: str, epoch: int) -> None:
    await work.session.execute(_LOST, {"agent": agent_id, "epoch": epoch, "since": work.now})


async def all_lost(work: Work) -> None:
    """At start: whoever was connected to a process that is gone is not connected."""
    await work.session.execute(
        update(Agent)
        .where(Agent.connected_at.is_not(None), Agent.unreachable_since.is_(None))
        .values(unreachable_since=work.now)
    )


async def confirm(work: Work, world: World, tenant_id: str, agent_id: str, by: Confirmation) -> Agent:
    """Lifts a quarantine: the next epoch for every register, begun jobs adopted, the head taken as it is."""
    row = await of_tenant(work, tenant_id, agent_id)
    person = person_named(work, by.person)
    if row.state == "active" and (row.confirmed_by, row.confirmed_why) == (person, by.reason):
        return row  # the same request again: its first answer was lost
    if row.state != "quarantined":
        raise Problem(409, "not_quarantined", agent_id=agent_id)
    row.state = "active"
    row.acked_n, row.acked_hash = row.seen_n, row.seen_hash
    row.confirmed_at, row.confirmed_by, row.confirmed_why = work.now, person, by.reason
    for device in await directory.owned_by(work, row):
        if device.bound_serial is not None:
            await directory.change_owner(work, world, device, row.id)
    work.wake(row.id)
    return row


async def of_tenant(work: Work, tenant_id: str, agent_id: str) -> Agent:
    row = await work.session.get(Agent, agent_id, with_for_update=True)
    if row is None or row.tenant_id != tenant_id:
        raise unknown(404, "unknown_agent", "agent_id", agent_id)
    return row


async def page(
    work: Work, tenant_id: str, language: Language, cursor: str | None, limit: int
) -> tuple[list[views.AgentView], str | None]:
    """In the order in which they were paired, with the cursor of the next page."""
    query = select(Agent).where(Agent.tenant_id == tenant_id).order_by(Agent.created_at, Agent.id).limit(limit + 1)
    if cursor is not None:
        at, last = key_of(cursor, int, str)
        created = _EPOCH + timedelta(microseconds=min(int(at), _LAST))
        query = query.where(or_(Agent.created_at > created, and_(Agent.created_at == created, Agent.id > str(last))))
    rows, more = cut(await work.session.scalars(query), limit)
    following = cursor_of(((rows[-1].created_at - _EPOCH) // timedelta(microseconds=1), rows[-1].id)) if more else None
    return [await view(work, row, language) for row in rows], following


async def view(work: Work, row: Agent, language: Language) -> views.AgentView:
    if row.state != "quarantined" or row.quarantined_at is None:
        return views.agent(row, None)
    words = words_of("rolled_back", language=language)
    said = await work.session.scalars(
        select(Evidence)
        .where(Evidence.agent_id == row.id, Evidence.at >= row.quarantined_at)
        .order_by(Evidence.id.desc())
        .limit(200)
    )
    return views.agent(
        row,
        views.QuarantineView(
            since=row.quarantined_at,
            text=words.text,
            advice=words.advice,
            detail=row.quarantine_detail,
            documents=await _compared(work, row, said),
            said_meanwhile=[
                {"type": e.type, "job_id": e.job_id, "at": e.at.isoformat(), "body": e.body}
                for e in said
                if e.type != "archive"
            ],
        ),
    )


async def _compared(work: Work, agent: Agent, said: Sequence[Evidence]) -> list[dict[str, Any]]:
    """Each document of the newest archive per register beside the job whose imprint it carries."""
    newest: dict[str, Archive] = {}
    for entry in said:
        if entry.type == "archive":
            archive = Archive.model_validate(entry.body)
            newest.setdefault(archive.kkm_id, archive)
    compared: list[dict[str, Any]] = []
    for archive in newest.values():
        imprints = [document.imprint for document in archive.documents if document.imprint]
        known = await jobs.by_imprint(work, agent.tenant_id, imprints)
        for document in archive.documents:
            job = known.get(document.imprint or "")
            verdict = _verdict(job)
            compared.append(
                {
                    "kkm_id": archive.kkm_id,
                    **document.model_dump(mode="json"),
                    "job_id": job.job_id if job else None,
                    "job_state": job.state if job else None,
                    "verdict": verdict,
                }
            )
    return compared


def _verdict(job: Job | None) -> str:
    """What a document means beside the job whose imprint it carries."""
    if job is None:
        return "foreign"
    return "known" if job.state == JobState.DONE else "server_does_not_know"

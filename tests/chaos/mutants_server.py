"""Mutants of the server: its mirror, its feed, its ownership of registers, what the CRM may ask."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from protocol.crm import job_machine
from protocol.crm.job_machine import JobEffect as X
from protocol.crm.job_machine import JobEvent as V
from protocol.crm.job_machine import Known as K
from protocol.crm.jobs import JobState
from protocol.crm.machine import Rule
from server.services import agents, directory, jobs, mirror
from server.store import jobs as rows
from server.store import outbox
from server.store.database import Database, Work
from server.store.session import Session
from tests.chaos.mutant import DEAD_PC, DOUBTFUL, MANY, THREE, Hint, Mutant, Patch, rules

# --- the mirror


def epoch_not_compared(patch: Patch) -> None:
    """Whatever an agent says of a job counts, under whichever binding it says it, and whoever has the job."""
    update = mirror._update

    async def believed(work: Work, key: Any, agent: Any, envelope: Any, said: Any) -> Any:
        row = await rows.get(work, agent.tenant_id, said.job_id)
        owner = row.agent_id if row is not None else None
        if row is not None and owner is not None:
            row.agent_id = agent.id
        taken = await update(work, key, agent, envelope, said.model_copy(update={"binding_epoch": 2**31}))
        if row is not None and owner is not None:
            row.agent_id = owner
        return taken

    patch.setattr(mirror, "_update", believed)


# --- the feed


def event_outside_the_transaction(patch: Patch) -> None:
    @asynccontextmanager
    async def transaction(self: Database) -> AsyncIterator[Work]:
        session = Session(self.backend, writing=True)
        try:
            work = Work(session, self._world.now(), self._world.new_id)
            yield work
            await session.commit()
            if work._last:
                await work.finish()
                await session.commit()
        finally:
            await session.close()

    patch.setattr(Database, "_transaction", transaction)


def end_not_told(patch: Patch) -> None:
    """The CRM is not told of an end that came while the link was down."""
    told = rows.told

    def sometimes(work: Work, row: Any, code: str | None) -> None:
        if row.state != JobState.DONE or row.attempt < 2:
            told(work, row, code)

    patch.setattr(rows, "told", sometimes)


# --- what the CRM asks


def cancel_granted_at_once(patch: Patch) -> None:
    for state in (K.QUEUED, K.ACCEPTED, K.HELD, K.STARTED, K.RESOLVING):
        patch.setitem(job_machine.TABLE, (state, V.ASK_CANCEL), Rule(K.CANCELLED, (X.STORE, X.NOTIFY)))


def post_twice_is_two(patch: Patch) -> None:
    post = jobs.post

    async def anew(work: Work, world: Any, limits: Any, tenant_id: str, asked: Any) -> Any:
        if await rows.get(work, tenant_id, asked.job_id) is not None:
            more = {"job_id": f"{asked.job_id}.{world.new_id('x')[:8]}", "allow_duplicate": True}
            asked = asked.model_copy(update=more)
        return await post(work, world, limits, tenant_id, asked)

    patch.setattr(jobs, "post", anew)


# --- ownership


def offered_instead_of_adopted(patch: Patch) -> None:
    """What the old PC may have begun is offered to the new one as if nothing had been."""
    change = directory.change_owner

    async def anew(work: Work, world: Any, device: Any, agent_id: str) -> None:
        begun = await rows.sent_and_open(work, device.tenant_id, device.kkm_id, device.agent_id)
        for job in begun:
            job.state, job.sent, job.agent_id, job.cancel_pending = K.QUEUED.value, False, None, False
            await outbox.drop_for_job(work, job.id, ("offer", "cancel", "renew", "resolve"))
        await work.session.flush()
        await change(work, world, device, agent_id)
        for job in begun:
            await jobs.put_offer(work, world, job)

    patch.setattr(directory, "change_owner", anew)


def moved_without_release(patch: Patch) -> None:
    """A register is moved at once, though its PC is there and has not given it up."""
    ask = directory._ask_release

    async def at_once(work: Work, world: Any, device: Any) -> None:
        target = device.moving_to
        if target is None:
            await ask(work, world, device)
        else:
            await directory.change_owner(work, world, device, target)

    patch.setattr(directory, "_ask_release", at_once)


def binding_not_repeated(patch: Patch) -> None:
    async def silent(*_: Any) -> None:
        return None

    patch.setattr(directory, "remind", silent)


def quarantine_without_adoption(patch: Patch) -> None:
    """A confirmed PC goes on under the old epoch."""

    async def lifted(work: Work, world: Any, tenant_id: str, agent_id: str, by: Any) -> Any:
        row = await agents._of_tenant(work, tenant_id, agent_id)
        row.state = "active"
        row.acked_n, row.acked_hash = row.seen_n, row.seen_hash
        row.confirmed_at, row.confirmed_by, row.confirmed_why = work.now, by.person, by.reason
        work.wake(row.id)
        return row

    patch.setattr(agents, "confirm", lifted)


MUTANTS = (
    Mutant(
        "epoch_not_compared",
        "The server believes whoever speaks of a job, under any binding.",
        epoch_not_compared,
        rules("rev_went_back", "final_changed", "states_differ", "false_not_done", "event_contradicts", "not_final"),
        (Hint("rivals", "dead_pc", MANY, target=("message:ack", "hole"), budget=2),),
    ),
    Mutant(
        "event_outside_the_transaction",
        "An event is written after the transaction that makes it true.",
        event_outside_the_transaction,
        rules("event_missing", "event_contradicts"),
        (Hint(target=("server:update", "crash_after"), nth=3), Hint(target=("server:update", "crash_after"), nth=5)),
    ),
    Mutant(
        "end_not_told",
        "The end of a job that needed a second attempt is not told.",
        end_not_told,
        rules("event_missing"),
        (Hint(target=("device:Fill", "power_before")),),
    ),
    Mutant(
        "cancel_granted_at_once",
        "The server grants a cancel that the agent has not confirmed.",
        cancel_granted_at_once,
        rules("final_changed", "false_not_done", "event_contradicts", "states_differ"),
        (Hint(kinds=THREE, cancels=0.5),),
    ),
    Mutant(
        "post_twice_is_two",
        "A request that is repeated makes a second job.",
        post_twice_is_two,
        rules("unasked", "duplicate"),
        (Hint(target=("server:post", "crash_after")),),
    ),
    Mutant(
        "offered_instead_of_adopted",
        "A job that the old PC may have begun is offered to the new one.",
        offered_instead_of_adopted,
        rules("two_agents", *DOUBTFUL, "states_differ", "rev_went_back", "not_final"),
        (DEAD_PC,),
    ),
    Mutant(
        "moved_without_release",
        "A register is moved though its PC has not given it up.",
        moved_without_release,
        rules("two_agents", *DOUBTFUL, "epoch_wrong", "states_differ", "not_final"),
        (Hint("rivals", "move", MANY),),
    ),
    Mutant(
        "binding_not_repeated",
        "A binding whose confirmation was lost is not said again.",
        binding_not_repeated,
        rules("not_final"),
        (Hint("rivals", "dead_pc", MANY, target=("server:bound", "crash_before"), budget=2),),
    ),
    Mutant(
        "quarantine_without_adoption",
        "After a quarantine the old binding stays, and begun jobs are not adopted.",
        quarantine_without_adoption,
        rules("not_final", "states_differ", *DOUBTFUL, "rev_went_back"),
        (Hint(theme="rollback"), Hint("unmarked", "rollback")),
    ),
)

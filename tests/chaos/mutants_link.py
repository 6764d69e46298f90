"""Mutants of the link on both sides: acks, revs, sessions."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

from agent.link.client import Link
from agent.port import AgentPort
from protocol.crm import job_machine
from protocol.crm.messages import DURABLE, Ack
from protocol.crm.outcomes import Value
from server.services import agents, link, mirror
from server.store import jobs, outbox
from tests.chaos.mutant import DOUBTFUL, MANY, THREE, Hint, Mutant, Patch, rules


def _guard(patch: Patch, higher: Any) -> None:
    holds = job_machine._holds
    patch.setattr(
        job_machine,
        "_holds",
        lambda guard, job, rev: higher(rev, job.rev) if guard == "rev is higher" else holds(guard, job, rev),
    )


def equal_rev_accepted(patch: Patch) -> None:
    """Whatever is taken over is told."""
    _guard(patch, lambda rev, known: rev >= known)
    mirror_ = mirror._mirror

    async def told(work: Any, row: Any, said: Any) -> None:
        again = row.rev == said.rev
        await mirror_(work, row, said)
        if again:
            jobs.note(work, row)

    patch.setattr(mirror, "_mirror", told)


def lower_rev_accepted(patch: Patch) -> None:
    _guard(patch, lambda rev, known: rev != known)


def agent_acks_first(patch: Patch) -> None:
    deliver = Link._deliver

    async def acked(self: Link, envelope: Any) -> None:
        if envelope.type in DURABLE and not isinstance(envelope.body, Ack):
            await self._send(Ack(msg_ids=[envelope.msg_id]))
            await asyncio.sleep(0.1)  # it arrives before the process can die of its commit
        await deliver(self, envelope)

    patch.setattr(Link, "_deliver", acked)


def server_acks_first(patch: Patch) -> None:
    deliver = link.Connection._deliver

    async def acked(self: link.Connection) -> None:
        assert self._said is not None
        await self._acknowledge(self._said)
        await deliver(self)

    patch.setattr(link.Connection, "_deliver", acked)


def agent_forgets_when_sent(patch: Patch) -> None:
    outgoing = AgentPort.outbox

    def taken(self: AgentPort, limit: int) -> list[tuple[str, datetime, Value]]:
        found = outgoing(self, limit)
        self.acknowledged([msg_id for msg_id, _, _ in found])
        return found

    patch.setattr(AgentPort, "outbox", taken)


def server_forgets_when_sent(patch: Patch) -> None:
    send = link.Connection._send_text

    async def forgotten(self: link.Connection, envelope: Any) -> None:
        await send(self, envelope)
        if envelope.type in DURABLE and self._agent_id is not None:
            async with self._session() as (work, agent):
                await outbox.acked(work, self._tenant_id, agent.id, [envelope.msg_id])

    patch.setattr(link.Connection, "_send_text", forgotten)


def sent_once_only(patch: Patch) -> None:
    """What was sent on one connection is not sent again on the next one."""
    close = Link._close

    async def remembered(self: Link, data: Any) -> None:
        sent = set(self._sent)
        await close(self, data)
        self._sent |= sent

    patch.setattr(Link, "_close", remembered)


def session_not_checked(patch: Patch) -> None:
    """An older connection of the same agent is heard beside the newer one."""
    session, look = agents.in_session, link.Connection._look

    def any_session(database: Any, agent_id: str, epoch: int) -> Any:
        return _Newest(session, database, agent_id)

    async def unmoved(self: link.Connection) -> None:
        if self._agent_id is not None and not self._s.hub.stopping:
            async with self._s.database.read() as work:
                row = await work.session.get_one(agents.Agent, self._agent_id)
            if row.session_epoch != self._epoch:
                return
        await look(self)

    patch.setattr(agents, "in_session", any_session)
    patch.setattr(link.Connection, "_look", unmoved)


class _Newest:
    """``agents.in_session`` under whatever epoch is the newest."""

    def __init__(self, session: Any, database: Any, agent_id: str) -> None:
        self._session, self._database, self._agent_id = session, database, agent_id

    async def __aenter__(self) -> Any:
        async with self._database.read() as work:
            row = await work.session.get_one(agents.Agent, self._agent_id)
            epoch = row.session_epoch
        self._open = self._session(self._database, self._agent_id, epoch)
        return await self._open.__aenter__()

    async def __aexit__(self, *error: Any) -> Any:
        return await self._open.__aexit__(*error)


def checkpoint_not_compared(patch: Patch) -> None:
    """A journal that is not the one of before is let in, at the greeting and later."""

    async def good(work: Any, agent: Any, welcomed: Any, said: Any) -> bool:
        return bool(agent.state == "active")

    def head(work: Any, agent: Any, told: Any, floor: int) -> int:
        agent.seen_n, agent.seen_hash = told.n, told.hash
        agent.acked_n, agent.acked_hash = told.n, told.hash
        agent.unreachable_since = None
        return 0

    patch.setattr(agents, "check", good)
    patch.setattr(agents, "take_head", head)


MUTANTS = (
    Mutant(
        "equal_rev_accepted",
        "The server takes an update over whose rev it has already.",
        equal_rev_accepted,
        rules("event_twice", "event_contradicts", "rev_went_back", "states_differ", "final_changed"),
        (Hint(kinds=THREE, target=("message:update", "doubled"), nth=2, budget=2),),
    ),
    Mutant(
        "lower_rev_accepted",
        "The server takes an update over that is older than what it knows.",
        lower_rev_accepted,
        rules("rev_went_back", "final_changed", "states_differ", "event_contradicts", "not_final"),
        (Hint(kinds=THREE, target=("message:update", "replayed"), nth=5, budget=2),),
    ),
    Mutant(
        "agent_acks_first",
        "The agent acknowledges before the message is in its journal.",
        agent_acks_first,
        rules("not_final", "states_differ", "lost", "ownership_open"),
        (
            Hint("rivals", "move", MANY, target=("commit:release_asked", "crash_before")),
            Hint("rivals", "move", MANY, target=("commit:released", "crash_before")),
        ),
    ),
    Mutant(
        "server_acks_first",
        "The server acknowledges before its commit.",
        server_acks_first,
        rules("event_missing", "not_final", "states_differ"),
        (Hint(target=("server:event", "crash_before")), Hint(target=("server:event", "refused"))),
    ),
    Mutant(
        "agent_forgets_when_sent",
        "The agent takes a message out of its outbox when it has left.",
        agent_forgets_when_sent,
        rules("event_missing", "not_final", "states_differ", "missing_in_server"),
        (Hint(target=("message:event", "lost")), Hint(target=("message:event", "hole"))),
    ),
    Mutant(
        "server_forgets_when_sent",
        "The server takes a message out of its outbox when it has left.",
        server_forgets_when_sent,
        rules("not_final", "states_differ"),
        (
            Hint("rivals", "move", MANY, target=("message:release", "lost")),
            Hint("rivals", "move", MANY, target=("message:release", "hole")),
        ),
    ),
    Mutant(
        "sent_once_only",
        "What was sent once is not sent again on the next connection.",
        sent_once_only,
        rules("not_final", "outbox_left", "event_missing", "states_differ"),
        (Hint(target=("message:update", "lost")),),
    ),
    Mutant(
        "session_not_checked",
        "An older connection of the same PC is heard beside the newer one.",
        session_not_checked,
        rules("not_final", "states_differ", "outbox_left", "rev_went_back"),
        (Hint(target=("message:ping", "late")), Hint(target=("message:update", "late"))),
    ),
    Mutant(
        "checkpoint_not_compared",
        "A journal that was restored from an older copy is let in.",
        checkpoint_not_compared,
        rules(*DOUBTFUL, "rev_went_back", "final_changed", "states_differ", "unasked", "two_agents", "not_final"),
        (Hint("unmarked", "rollback", ("receipt", "receipt", "cash_in")), Hint(theme="rollback")),
    ),
)

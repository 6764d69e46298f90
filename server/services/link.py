"""One connection of an agent: the shell around ``server_step``. It carries no truth: all of that is in the database.

One task reads, decides and writes. It is woken by a commit that concerns its agent, looks at the database, and acts.
"""

from __future__ import annotations

import asyncio
import math
from base64 import b64encode
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from enum import StrEnum

import structlog

from protocol.crm.codes import reason as words_of
from protocol.crm.envelope import VERSION, BadMessage, Envelope, parse
from protocol.crm.link_machine import HELLO_DEADLINE, ServerLink, ServerLinkEffect, ServerLinkEvent, server_step
from protocol.crm.machine import Refusal
from protocol.crm.messages import (
    DURABLE,
    Ack,
    Archive,
    Bound,
    Challenge,
    Checkpoint,
    Claim,
    ClaimedDevice,
    ClaimRefused,
    Error,
    Goodbye,
    Hello,
    JournalHead,
    Ping,
    Pong,
    Quarantine,
    Ready,
    Released,
    Welcome,
)
from protocol.crm.outcomes import Value
from protocol.crm.signing import signed_bytes
from server.keys import verify
from server.services import agents, directory, jobs, logs, mirror, outgoing
from server.services.asking import Asking
from server.services.passing import PASSING, Passing
from server.services.rates import Pace
from server.services.socket import Gone, LinkServices, Socket
from server.store import outbox
from server.store.database import Work
from server.store.models import Agent

E, X = ServerLinkEvent, ServerLinkEffect
RETRY_AFTER_STOP = 2.0  # seconds; a restart takes about that long
_log = structlog.get_logger("server.link")


class Connection:
    def __init__(self, socket: Socket, services: LinkServices) -> None:
        self._socket = socket
        self._s = services
        self._state = ServerLink.OPEN
        self._wake = asyncio.Event()
        self._nonce = ""
        self._agent_id: str | None = None
        self._tenant_id = ""
        self._epoch = 0
        self._hello: Hello | None = None
        self._welcomed = JournalHead(n=0, hash="")
        self._welcome: Welcome | None = None
        self._resumed = False
        self._listed: set[str] = set()
        self._sent: set[str] = set()
        self._leaving: list[Envelope] = []
        self._look_due = False
        self._head: JournalHead | None = None
        self._floor = 0
        self._pinged = -1
        self._said: Envelope | None = None
        self._passing = Passing()
        self._asking = Asking(services)
        self._goodbye = Goodbye(code="closed")
        self._deadline = self._now() + HELLO_DEADLINE
        self._pace = Pace(self._now(), services.limits.messages_per_second, services.limits.message_burst)
        self._effects: dict[StrEnum, Callable[[], Awaitable[None]]] = {
            X.SEND_CHALLENGE: self._send_challenge,
            X.ARM_GREETING: self._arm_greeting,
            X.OPEN_SESSION: self._open_session,
            X.SEND_WELCOME: self._send_welcome,
            X.SEND_READY: self._send_ready,
            X.SEND_DIFFERENCES: self._send_differences,
            X.SEND_QUARANTINE: self._send_quarantine,
            X.DELIVER: self._deliver,
            X.DELIVER_EVIDENCE: self._deliver_evidence,
            X.SEND_PONG: self._send_pong,
            X.SEND_GOODBYE: self._send_goodbye,
            X.CLOSE: self._close,
            X.MARK_UNREACHABLE: self._mark_unreachable,
        }

    def wake(self) -> None:
        self._look_due = True
        self._wake.set()

    def ask(self) -> None:
        self._asking.wanted = True
        self._wake.set()

    async def load(self, work: Work) -> bool:
        """Makes what waits for this agent part of ``work``: it leaves after that one's commit."""
        if self._state is not ServerLink.READY or self._agent_id is None:
            return False
        agent = await agents.get_unless_locked(work, self._agent_id)
        if agent is None or agent.session_epoch != self._epoch or agent.state != "active":
            return False
        ready = await outgoing.due(work, self._s.key, agent, self._sent, self._listed)
        work.after.append(lambda: self._leave(ready))
        return True

    def _leave(self, ready: list[Envelope]) -> None:
        """They are committed: this connection sends them next."""
        self._sent |= {envelope.msg_id for envelope in ready}
        self._leaving += ready
        if ready:
            self._wake.set()

    async def run(self) -> None:
        """Until the connection is over. Raises nothing of the peer's making."""
        self._s.hub.enter(self)
        receiving: asyncio.Task[str | bytes] | None = None
        waking = asyncio.create_task(self._wake.wait())
        try:
            await self._feed(E.START)
            while self._state is not ServerLink.CLOSED:
                if receiving is None:
                    receiving = asyncio.create_task(self._socket.receive())
                await asyncio.wait(
                    {receiving, waking},
                    timeout=max(0.0, min(self._deadline, self._passing.due) - self._now()),
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if waking.done():
                    self._wake.clear()
                    waking = asyncio.create_task(self._wake.wait())
                    await self._send_leaving()
                    if self._look_due:
                        self._look_due = False
                        await self._look()
                    if self._asking.wanted and self._settled:
                        await self._send_asked()
                elif receiving.done():
                    text, receiving = receiving.result(), None
                    if wait := self._pace.wait(self._now()):
                        await asyncio.sleep(wait)
                    await self._take(text)
                elif self._now() >= self._passing.due:
                    await self._write_passing()
                elif self._now() >= self._deadline:
                    self._goodbye = Goodbye(code="timeout")
                    await self._feed(E.SILENT if self._settled else E.TIMEOUT)
        except (Gone, TimeoutError):
            await self._feed(E.LOST)
        except agents.StaleSession:
            self._goodbye = Goodbye(code="superseded", text=words_of("superseded").text)
            await self._feed(E.SUPERSEDED)
        except Exception:
            _log.exception("connection failed", agent_id=self._agent_id)
            await self._close()
        finally:
            for task in (receiving, waking):
                if task is not None:
                    task.cancel()
            try:
                await asyncio.gather(*(t for t in (receiving, waking) if t is not None), return_exceptions=True)
                await asyncio.shield(self._mark_unreachable())
            finally:
                self._s.hub.leave(self, self._agent_id)  # last: whoever waits for that closes the database next

    # --- events -----------------------------------------------------------------------------------------------------

    @property
    def _settled(self) -> bool:
        return self._state in (ServerLink.READY, ServerLink.QUARANTINED)

    def _now(self) -> float:
        return self._s.world.monotonic()

    async def _feed(self, event: ServerLinkEvent) -> None:
        moved = server_step(self._state, event)
        if isinstance(moved, Refusal):
            if self._said is not None and moved.code != "closed":
                await self._send(Error(code=moved.code, text=moved.code, ref=self._said.msg_id))
            return
        self._state = moved.state
        for effect in moved.effects:
            await self._effects[effect]()

    async def _take(self, text: str | bytes) -> None:
        try:
            self._said = parse(text)
        except BadMessage as bad:
            await self._send(Error(code=bad.code, text=bad.detail[:1000], ref=bad.msg_id))
            return
        match self._said.body:
            case Hello() as hello:
                await self._take_hello(hello)
            case Checkpoint() as said:
                await self._take_checkpoint(said)
            case Ping():
                await self._feed(E.PING)
            case Goodbye():
                raise Gone
            case answer if self._settled and self._asking.concerns(answer):
                assert self._agent_id is not None  # whatever its journal is worth
                if (said_to_it := await self._asking.heard(self._session, self._agent_id, answer)) is not None:
                    await self._send(said_to_it)
            case _:
                await self._feed(E.MESSAGE)
        self._said = None

    async def _take_hello(self, hello: Hello) -> None:
        if self._state is not ServerLink.CHALLENGED:
            await self._feed(E.HELLO)  # refused by the table
            return
        async with self._s.database.read() as work:
            refused = await agents.authenticate(work, hello, self._nonce)
        if refused is not None:
            self._goodbye = Goodbye(code=refused, text=words_of(refused).text)
            await self._feed(E.BAD_HELLO)
            return
        wait = self._s.hub.may_connect(hello.agent_id)
        if wait is not None:
            self._goodbye = Goodbye(
                code="too_many_connections", text=words_of("too_many_connections").text, retry_after=wait
            )
            await self._feed(E.BAD_HELLO)
            return
        self._hello = hello
        self._listed = {job.job_id for job in hello.jobs}
        await self._feed(E.HELLO)

    async def _take_checkpoint(self, said: Checkpoint) -> None:
        if self._state is not ServerLink.WELCOMED:
            await self._feed(E.CHECKPOINT)
            return
        async with self._session() as (work, agent):
            signed = signed_bytes("checkpoint", said.model_dump(mode="json"))
            genuine = said.session_epoch == self._epoch and verify(agent.public_key, signed, said.sig)
            good = genuine and await agents.check(work, agent, self._welcomed, said)
            self._resumed, self._floor = agents.lifted_since(agent, self._welcomed), agent.acked_n
        if not genuine:
            self._goodbye = Goodbye(code="bad_signature", text=words_of("bad_signature").text)
            await self._feed(E.TIMEOUT)
            return
        self._quiet_after()
        await self._feed(E.CHECKPOINT if good else E.ROLLED_BACK)

    async def _look(self) -> None:
        """Something was committed that concerns this agent, or the server is going down."""
        if self._s.hub.stopping:
            self._goodbye = Goodbye(code="going_down", text=words_of("going_down").text, retry_after=RETRY_AFTER_STOP)
            await self._feed(E.STOP)
            return
        if self._agent_id is None:
            return
        async with self._s.database.read() as work:
            agent = await agents.get(work, self._agent_id)
            waiting = await outbox.waiting(work, self._tenant_id, self._agent_id)
        if agent.session_epoch != self._epoch:
            raise agents.StaleSession
        if self._state is ServerLink.READY and agent.state != "active":
            await self._feed(E.ROLLED_BACK)
        elif self._state is ServerLink.QUARANTINED and agent.state == "active":
            self._resumed = True
            self._floor = agent.acked_n
            await self._feed(E.CONFIRMED)
        elif self._state is ServerLink.READY and not self._sent.issuperset(waiting):
            await self._flush()

    # --- effects ----------------------------------------------------------------------------------------------------

    async def _arm_greeting(self) -> None:
        self._deadline = self._now() + HELLO_DEADLINE

    def _quiet_after(self) -> None:
        self._deadline = self._now() + self._s.limits.silence

    async def _send_challenge(self) -> None:
        self._nonce = b64encode(self._s.world.random_bytes(32)).decode("ascii")
        await self._send(
            Challenge(nonce=self._nonce, server_time=self._s.world.now(), versions=[f"kassabridge.v{VERSION}"])
        )

    async def _open_session(self) -> None:
        assert self._hello is not None
        async with self._s.database.write(by=agents.actor(self._hello.agent_id)) as work:
            agent = await agents.open_session(work, self._hello)
            await logs.anew(work, self._s.tails, agent)
            self._tenant_id, self._epoch = agent.tenant_id, agent.session_epoch
            self._welcomed = JournalHead(n=agent.acked_n, hash=agent.acked_hash)
            self._floor = agent.acked_n
            self._welcome = await outgoing.welcome(work, self._s.key, agent, self._hello.jobs, self._s.limits)
        self._agent_id = agent.id
        self._s.hub.name(agent.id, self)
        _log.info("session", agent_id=agent.id, epoch=self._epoch)

    async def _send_welcome(self) -> None:
        welcome, self._welcome = self._welcome, None
        assert welcome is not None
        await self._send(welcome)

    async def _send_ready(self) -> None:
        assert self._hello is not None
        ended = await outgoing.ended(self._s.database, self._s.key, self._agent_id, self._hello.jobs)
        await self._send(Ready(resumed=self._resumed, ended=ended))
        self._resumed = False
        self.ask()

    async def _send_quarantine(self) -> None:
        self._passing.taken()  # what a doubtful journal's agent has said is shown nowhere
        await self._send(Quarantine(code="rolled_back", text=words_of("rolled_back").text))
        self.ask()

    async def _send_differences(self) -> None:
        assert self._hello is not None
        refusals: list[ClaimRefused] = []
        async with self._session() as (work, agent):
            for device in self._hello.devices:
                await self._claim(work, agent, device, refusals)
            await directory.remind(work, self._s.world, agent)
            for job in await outgoing.offer_again(work, agent, self._listed):
                await jobs.put_offer(work, self._s.world, job)
            work.wake(agent.id)  # and what waits leaves with this transaction
        for refusal in refusals:
            await self._send(refusal)

    async def _claim(self, work: Work, agent: Agent, device: ClaimedDevice, refusals: list[ClaimRefused]) -> None:
        if (refused := await mirror.claimed(work, self._s.world, agent, Claim(device=device))) is not None:
            refusals.append(refused)

    async def _deliver(self) -> None:
        assert self._said is not None
        if isinstance(self._said.body, PASSING):
            self._passing.hear(self._said.body, self._now())
            return
        refusals: list[ClaimRefused] = []
        taken = mirror.Taken.COMMITTED
        self._head = None  # what follows may raise the acknowledged one
        async with self._session() as (work, agent):
            await mirror.pass_by(work, agent, self._passing.taken())
            match self._said.body:
                case Ack(msg_ids=acked):
                    await outbox.acked(work, self._tenant_id, agent.id, acked)
                case Claim(device=device):
                    await self._claim(work, agent, device, refusals)
                case body:
                    taken = await mirror.take(work, self._s.world, self._s.key, agent, self._said)
                    if isinstance(body, Released):
                        self._listed -= set(body.not_started)
        for refusal in refusals:
            await self._send(refusal)
        if taken is mirror.Taken.UNKNOWN_JOB:
            await self._send(Error(code="unknown_job", text=words_of("unknown_job").text, ref=self._said.msg_id))
        else:
            await self._acknowledge(self._said)

    async def _write_passing(self) -> None:
        if self._passing.due == math.inf:
            return
        async with self._session() as (work, agent):
            await mirror.pass_by(work, agent, self._passing.taken())

    async def _deliver_evidence(self) -> None:
        assert self._said is not None
        async with self._session() as (work, agent):
            if isinstance(self._said.body, Ack):
                await outbox.acked(work, self._tenant_id, agent.id, self._said.body.msg_ids)
            elif self._said.type in DURABLE or isinstance(self._said.body, (Archive, Bound)):
                await mirror.keep(work, agent, self._said, "quarantine")
        await self._acknowledge(self._said)

    async def _acknowledge(self, said: Envelope) -> None:
        if said.type in DURABLE:
            await self._send(Ack(msg_ids=[said.msg_id]))

    async def _send_pong(self) -> None:
        assert self._said is not None
        assert isinstance(self._said.body, Ping)
        ping = self._said.body
        self._quiet_after()
        news = ping.n > self._pinged and ping.session_epoch in (None, self._epoch)  # not one heard again, or late
        self._pinged = max(ping.n, self._pinged)
        if news and ping.journal_head is not None and ping.journal_head != self._head:
            async with self._session() as (work, agent):
                await mirror.pass_by(work, agent, self._passing.taken())
                self._floor = agents.take_head(work, agent, ping.journal_head, self._floor)
            self._head = ping.journal_head
        await self._write_passing()
        await self._send(Pong(n=ping.n, server_time=self._s.world.now()))

    async def _send_goodbye(self) -> None:
        try:
            await self._send(self._goodbye)
        except (Gone, TimeoutError):
            return

    async def _close(self) -> None:
        try:
            async with asyncio.timeout(self._s.limits.send_timeout):
                await self._socket.close(1000, self._goodbye.code)
        except (Gone, TimeoutError):
            return

    async def _mark_unreachable(self) -> None:
        if self._agent_id is not None:
            async with self._s.database.write() as work:
                await agents.lost(work, self._agent_id, self._epoch)
                await self._asking.hung_up(work)

    # --- means ------------------------------------------------------------------------------------------------------

    def _session(self) -> AbstractAsyncContextManager[tuple[Work, Agent]]:
        assert self._agent_id is not None
        return agents.in_session(self._s.database, self._agent_id, self._epoch)

    async def _flush(self) -> None:
        """Sends what the outbox holds and this connection has not sent yet: first the commit, then the message."""
        async with self._session() as (work, agent):
            if agent.state != "active":
                return
            ready = await outgoing.due(work, self._s.key, agent, self._sent, self._listed)
            work.after.append(lambda: self._leave(ready))
        await self._send_leaving()

    async def _send_asked(self) -> None:
        for envelope in await self._asking.due(self._agent_id or ""):
            await self._send_text(envelope)

    async def _send_leaving(self) -> None:
        while self._leaving:
            await self._send_text(self._leaving.pop(0))

    async def _send(self, body: Value) -> None:
        await self._send_text(Envelope(self._s.world.new_id("ms"), self._s.world.now(), body))

    async def _send_text(self, envelope: Envelope) -> None:
        async with asyncio.timeout(self._s.limits.send_timeout):
            await self._socket.send(envelope.to_text())

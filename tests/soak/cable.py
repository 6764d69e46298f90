"""The link without its socket: what a connection does on either side, called directly and in order.

``Cable`` is what ``server.services.link.Connection`` and ``agent.link.client.Link`` are between them. Every message is
written as an envelope's text and read back, each by the code that reads it in production. To be quicker, the server
takes all that the agent has to say at a time in one transaction; a connection takes each message in its own.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from agent.identity import Keyring
from agent.port import AgentPort
from protocol.crm.envelope import Envelope, parse
from protocol.crm.messages import (
    DURABLE,
    Ack,
    Challenge,
    Checkpoint,
    Claim,
    ClaimRefused,
    Hello,
    JournalHead,
    Ping,
    Pong,
    Welcome,
)
from protocol.crm.outcomes import Value
from protocol.crm.signing import sign_body, signed_bytes
from server.keys import verify
from server.routers.common import Services
from server.services import agents, directory, jobs, mirror, outgoing
from server.store import outbox
from server.store.database import Work
from tests.soak.hours import Hours

IN_FLIGHT = 64
T = TypeVar("T")
V = TypeVar("V", bound=Value)


class Cable:
    """One connection after another between one agent and one server."""

    def __init__(self, runner: asyncio.Runner, hours: Hours, monotonic: Callable[[], float]) -> None:
        """``monotonic``: the agent's."""
        self._runner = runner
        self._hours = hours
        self._monotonic = monotonic
        self._ids = 0
        self.up = False
        self.messages = 0
        self._woken = False

    def wake(self) -> None:
        """The server's hub: something was committed that concerns this agent."""
        self._woken = True

    async def load(self, work: Work) -> bool:
        """Nothing leaves with a commit here: what waits is carried at the next ``flush``."""
        return False

    def plug(self, services: Services, keyring: Keyring, port: AgentPort) -> None:
        """The two ends; ``connect`` follows."""
        self._s, self._keyring, self._port = services, keyring, port

    def ask(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    # --- the connection

    def connect(self) -> None:
        """Challenge, hello, welcome, checkpoint, ready, differences; the first pong allows starts."""
        assert not self.up
        self._sent: set[str] = set()
        nonce = b64encode(self._s.world.random_bytes(32)).decode("ascii")
        challenge = self._over(Challenge(nonce=nonce, server_time=self._hours.utc(), versions=["kassabridge.v1"]))
        identity = self._keyring.identity
        greeting = self._port.greeting()
        hello = Hello(
            agent_id=identity.agent_id, install_id=identity.install_id, boot_id=f"boot{self._hours.now()}",
            version="soak", caps=[], journal_head=greeting.journal_head, jobs=list(greeting.jobs),
            devices=list(greeting.devices), nonce=challenge.nonce,
        )  # fmt: skip
        hello = self._over(sign_body("hello", hello, identity.sign))
        self._listed = {job.job_id for job in hello.jobs}
        welcome = self._over(self.ask(self._welcome(hello, nonce)))
        self._keyring.take_over(welcome.keys)
        self._port.welcomed(welcome)
        n = welcome.acked_head.n
        checkpoint = Checkpoint(n=n, hash=self._port.hash_at(n), session_epoch=welcome.session_epoch)
        refusals = self.ask(self._checked(self._over(sign_body("checkpoint", checkpoint, identity.sign)), hello))
        self.up = self._woken = True
        self._s.hub.enter(self)
        self._s.hub.name(self._agent_id, self)
        self._port.started(welcome.jobs)
        for refusal in refusals:
            self._port.receive(self._over(refusal), quarantined=False)
        self.beat()
        self.flush()

    async def _welcome(self, hello: Hello, nonce: str) -> Welcome:
        async with self._s.database.read() as work:
            assert await agents.authenticate(work, hello, nonce) is None
        async with self._s.database.write() as work:
            agent = await agents.open_session(work, hello)
            self._tenant_id, self._agent_id, self._epoch = agent.tenant_id, agent.id, agent.session_epoch
            self._welcomed = JournalHead(n=agent.acked_n, hash=agent.acked_hash)
        async with agents.in_session(self._s.database, self._agent_id, self._epoch) as (work, agent):
            return Welcome(
                tenant_id=agent.tenant_id, session_epoch=self._epoch, server_time=work.now, heartbeat_s=20.0,
                acked_head=self._welcomed, jobs=await agents.known_jobs(work, agent, hello.jobs),
                bindings=[
                    await outgoing.binding_of(work, device) for device in await agents.bound_devices(work, agent)
                ],
                keys=[self._s.key.published()],
            )  # fmt: skip

    async def _checked(self, said: Checkpoint, hello: Hello) -> list[ClaimRefused]:
        refusals: list[ClaimRefused] = []
        async with agents.in_session(self._s.database, self._agent_id, self._epoch) as (work, agent):
            assert verify(agent.public_key, signed_bytes("checkpoint", said.model_dump(mode="json")), said.sig)
            assert await agents.check(work, agent, self._welcomed, said), agent.quarantine_detail
        async with agents.in_session(self._s.database, self._agent_id, self._epoch) as (work, agent):
            for device in hello.devices:
                refused = await mirror.claimed(work, self._s.world, agent, Claim(device=device))
                refusals += [refused] if refused is not None else []
            await directory.remind(work, self._s.world, agent)
            for job in await outgoing.offer_again(work, agent, self._listed):
                await jobs.put_offer(work, self._s.world, job)
        return refusals

    def cut(self) -> None:
        if not self.up:
            return
        self.up = False
        self._s.hub.leave(self, self._agent_id)
        self._port.disconnected()
        self.ask(self._lost())

    async def _lost(self) -> None:
        async with self._s.database.write() as work:
            await agents.lost(work, self._agent_id, self._epoch)

    # --- what travels

    def beat(self) -> None:
        """A ping with the journal's head, and its pong."""
        if not self.up:
            return
        sent_at = self._monotonic()
        ping = self._over(Ping(n=1, journal_head=self._port.head()))
        assert ping.journal_head is not None
        self.ask(self._take_head(ping.journal_head))
        self._port.pong(self._over(Pong(n=1, server_time=self._hours.utc())).server_time, sent_at)

    async def _take_head(self, head: JournalHead) -> None:
        async with agents.in_session(self._s.database, self._agent_id, self._epoch) as (work, agent):
            agents.take_head(work, agent, head, agent.acked_n)
            assert agent.state == "active", agent.quarantine_detail

    def flush(self) -> None:
        """Both outboxes until neither has anything to say."""
        while self.up and (self._from_agent() | self._to_agent()):
            pass

    def _from_agent(self) -> bool:
        said = [(self._new_id(), self._hours.utc(), body) for body in self._port.passing()]
        said += self._port.outbox(IN_FLIGHT)
        if not said:
            return False
        heard = [self._travel(Envelope(msg_id, made_at, body)) for msg_id, made_at, body in said]
        for refusal in self.ask(self._take(heard)):
            self._port.receive(self._over(refusal), quarantined=False)
        acked = [envelope.msg_id for envelope in heard if envelope.type in DURABLE]
        if acked:
            self._port.acknowledged(self._over(Ack(msg_ids=acked)).msg_ids)
        return True

    async def _take(self, heard: list[Envelope]) -> list[ClaimRefused]:
        refusals: list[ClaimRefused] = []
        async with agents.in_session(self._s.database, self._agent_id, self._epoch) as (work, agent):
            for envelope in heard:
                match envelope.body:
                    case Ack(msg_ids=msg_ids):
                        await outbox.acked(work, self._tenant_id, agent.id, msg_ids)
                    case Claim() as claim:
                        refused = await mirror.claimed(work, self._s.world, agent, claim)
                        refusals += [refused] if refused is not None else []
                    case _:
                        taken = await mirror.take(work, self._s.world, self._s.key, agent, envelope)
                        assert taken is mirror.Taken.COMMITTED, envelope
        return refusals

    def _to_agent(self) -> bool:
        if not self._woken:
            return False
        self._woken = False
        ready = self.ask(self._due())
        said: list[Value] = []
        for envelope in ready:
            self._sent.add(envelope.msg_id)
            read = self._travel(envelope)
            reply = self._port.receive(read.body, quarantined=False)
            said += [Ack(msg_ids=[read.msg_id])] if read.type in DURABLE else []
            said += [reply] if reply is not None else []
        if said:
            self.ask(self._take([self._travel(Envelope(self._new_id(), self._hours.utc(), body)) for body in said]))
        return bool(ready)

    async def _due(self) -> list[Envelope]:
        async with agents.in_session(self._s.database, self._agent_id, self._epoch) as (work, agent):
            return await outgoing.due(work, self._s.key, agent, self._sent, self._listed)

    # --- the wire

    def _over(self, body: V) -> V:
        read = self._travel(Envelope(self._new_id(), self._hours.utc(), body)).body
        assert isinstance(read, type(body))
        return read

    def _travel(self, envelope: Envelope) -> Envelope:
        self.messages += 1
        read = parse(envelope.to_text())
        assert read == envelope
        return read

    def _new_id(self) -> str:
        self._ids += 1
        return f"w{self._ids}"

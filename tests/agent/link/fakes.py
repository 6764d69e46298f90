"""The other two sides of the link: a server that a test scripts frame by frame, and a port that records."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from agent import keys
from agent.identity import SERVER_KEY, Identity, Keyring
from agent.link.client import About, Link, Times, World
from agent.link.ports import Greeting
from protocol.crm.envelope import Envelope, parse
from protocol.crm.messages import (
    SUBPROTOCOL,
    Ack,
    Cancel,
    Challenge,
    Checkpoint,
    Ended,
    Hello,
    JournalHead,
    KnownJob,
    Pong,
    Ready,
    ServerKey,
    Update,
    Welcome,
)
from protocol.crm.outcomes import Value
from protocol.crm.signing import signed_bytes
from tests.support.patience import BUSY

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
JOB_KEY = keys.new_private_key()
AGENT_KEY = keys.new_private_key()
PINNED = ServerKey(kid="k1", key=keys.public_key_of(JOB_KEY))
FAST = Times(dial=5.0, greeting=5.0, ping_every=5.0, send=5.0, close=1.0)
LIMIT = BUSY  # a test that waits longer has failed


def identity(link_url: str = "ws://127.0.0.1:1/") -> Identity:
    return Identity(
        agent_id="ag_1",
        install_id="in_1",
        tenant_id="t_1",
        server_url="http://127.0.0.1:1",
        link_url=link_url,
        private_key=AGENT_KEY,
        server_keys={PINNED.kid: PINNED.key},
    )


def successor(kid: str, by: str, signing_key: str, private: str) -> ServerKey:
    body = {"kid": kid, "key": keys.public_key_of(private), "by": by}
    return ServerKey(**body, sig=keys.sign(signing_key, signed_bytes(SERVER_KEY, body)))


def update(job_id: str, rev: int = 1) -> Update:
    return Update(job_id=job_id, rev=rev, state="accepted", at=NOW)


def cancel(job_id: str) -> Cancel:
    return Cancel(job_id=job_id, agent_id="ag_1", kid="k1", sig="x")


class Port:
    """A ``LinkPort`` that keeps everything it is told, in order, and an outbox that a test fills."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.rows: dict[str, Value] = {}
        self.once: list[Value] = []
        self.threads: set[str] = set()
        self.on_receive: Callable[[Value], None] = lambda _: None
        self.wake: Callable[[], None] = lambda: None

    def put(self, *messages: Value) -> None:
        for message in messages:
            self.rows[f"m{len(self.rows) + 1}"] = message
        self.wake()

    def names(self) -> list[str]:
        return [name for name, _ in self.calls]

    def greeting(self) -> Greeting:
        self._called("greeting")
        return Greeting(JournalHead(n=7, hash="h7"), (KnownJob(job_id="j1", rev=3),), ())

    def head(self) -> JournalHead:
        return JournalHead(n=7, hash="h7")

    def hash_at(self, n: int) -> str | None:
        return {0: "", 5: "h5", 7: "h7"}.get(n)

    def welcomed(self, welcome: Welcome) -> None:
        self._called("welcomed", welcome)

    def started(self, known: Sequence[KnownJob], ended: Sequence[Ended] = (), since: int = 0) -> None:
        self._called("started", (list(known), list(ended), since))

    def quarantined(self) -> None:
        self._called("quarantined")

    def disconnected(self) -> None:
        self._called("disconnected")

    def receive(self, body: Value, *, quarantined: bool) -> Value | None:
        self.on_receive(body)
        self._called("receive", (body, quarantined))
        return None

    def outbox(self, limit: int) -> list[tuple[str, datetime, Value]]:
        return [(msg_id, NOW, body) for msg_id, body in list(self.rows.items())[:limit]]

    def acknowledged(self, msg_ids: Sequence[str]) -> None:
        self._called("acknowledged", list(msg_ids))
        for msg_id in msg_ids:
            self.rows.pop(msg_id, None)

    def pong(self, server_time: datetime, sent_at: float) -> None:
        self._called("pong", (server_time, sent_at))

    def passing(self) -> list[Value]:
        once, self.once = self.once, []
        return once

    def on_outgoing(self, wake: Callable[[], None]) -> None:
        self.wake = wake

    def _called(self, name: str, what: Any = None) -> None:
        self.calls.append((name, what))
        self.threads.add(threading.current_thread().name)


class Peer:
    """The server's end of one connection."""

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket
        self.said: list[Envelope] = []
        self._next = 0

    async def send(self, body: Value, msg_id: str | None = None) -> str:
        self._next += 1
        msg_id = msg_id or f"s{self._next}"
        await self.socket.send(Envelope(msg_id, NOW, body).to_text())
        return msg_id

    async def send_raw(self, type_: str, body: dict[str, Any], msg_id: str) -> None:
        await self.socket.send(
            json.dumps({"v": 1, "type": type_, "msg_id": msg_id, "ts": NOW.isoformat(), "body": body})
        )

    async def hear(self, *kinds: type[Value], answer_pings: bool = True) -> Envelope:
        """The next message of one of these kinds; pings are answered on the way unless they are what is awaited."""
        while True:
            async with asyncio.timeout(LIMIT):
                envelope = parse(await self.socket.recv())
            self.said.append(envelope)
            if isinstance(envelope.body, kinds):
                return envelope
            if envelope.type == "ping" and answer_pings:
                await self.send(Pong(n=envelope.body.n, server_time=NOW))  # type: ignore[attr-defined]

    async def closed(self) -> list[Envelope]:
        """Hear the agent out until it hangs up."""
        rest: list[Envelope] = []
        try:
            while True:
                async with asyncio.timeout(LIMIT):
                    rest.append(parse(await self.socket.recv()))
        except ConnectionClosed:
            return rest

    async def greet(self, **welcome: Any) -> Hello:
        """Challenge, hello, welcome."""
        await self.send(Challenge(nonce="n-1", server_time=NOW, versions=["1"]))
        hello = (await self.hear(Hello)).body
        assert isinstance(hello, Hello)
        signed = signed_bytes("hello", hello.model_dump(mode="json"))
        assert keys.verify(keys.public_key_of(AGENT_KEY), signed, hello.sig)
        await self.send(Welcome(**(_WELCOME | welcome)))
        return hello

    async def to_ready(self, **welcome: Any) -> Hello:
        hello = await self.greet(**welcome)
        await self.hear(Checkpoint)
        await self.send(Ready())
        return hello


_WELCOME: dict[str, Any] = {
    "tenant_id": "t_1",
    "session_epoch": 4,
    "server_time": NOW,
    "heartbeat_s": 20.0,
    "acked_head": JournalHead(n=5, hash="h5"),
    "jobs": [KnownJob(job_id="j1", rev=2)],
    "bindings": [],
    "keys": [PINNED],
}


class Bench:
    """One link against a scripted server. ``naps`` are the back-offs it asked for; each passes at once."""

    def __init__(self) -> None:
        self.port = Port()
        self.naps: list[float] = []
        self.dials = 0
        self.saved: list[Identity] = []
        self.failures: list[BaseException] = []
        self.stop = asyncio.Event()
        self.link: Link
        self.task: asyncio.Task[None]
        self.keyring: Keyring

    async def nap(self, seconds: float) -> None:
        self.naps.append(seconds)
        await asyncio.sleep(0)

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(LIMIT):
            while not true():
                if self.failures:
                    raise self.failures[0]
                await asyncio.sleep(0.001)


Script = Callable[[Peer], Awaitable[None]]


@asynccontextmanager
async def bench(
    *scripts: Script, times: Times = FAST, chance: float = 0.5, monotonic: Callable[[], float] = lambda: 100.0
) -> AsyncIterator[Bench]:
    """A server that plays ``scripts``, one per connection (the last one for all further ones), and a running link.
    A script that fails makes the test fail."""
    made = Bench()

    async def serve_one(socket: ServerConnection) -> None:
        script = scripts[min(made.dials, len(scripts) - 1)]
        made.dials += 1
        try:
            await script(Peer(socket))
        except ConnectionClosed:
            if not made.stop.is_set():
                made.failures.append(AssertionError("the agent hung up in the middle of the script"))
        except BaseException as error:
            made.failures.append(error)
            made.stop.set()

    async with serve(serve_one, "127.0.0.1", 0, subprotocols=[SUBPROTOCOL], compression=None) as server:  # type: ignore[list-item]
        port = next(iter(server.sockets)).getsockname()[1]
        made.keyring = Keyring(identity(f"ws://127.0.0.1:{port}/api/v1/agent"), made.saved.append)
        world = World(now=lambda: NOW, monotonic=monotonic, chance=lambda: chance, sleep=made.nap)
        made.link = Link(made.keyring, made.port, About("0.1.0", "boot-1", ("receipt",)), world, times)
        made.task = asyncio.create_task(made.link.run(made.stop))
        try:
            yield made
        finally:
            made.stop.set()
            async with asyncio.timeout(LIMIT):
                await asyncio.gather(made.task, return_exceptions=True)
    if made.failures:
        raise made.failures[0]


async def ack(peer: Peer, *envelopes: Envelope) -> None:
    await peer.send(Ack(msg_ids=[envelope.msg_id for envelope in envelopes]))

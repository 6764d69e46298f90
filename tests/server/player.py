"""An agent played by hand: real keys, a real websocket, and nothing of ``agent/``."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from itertools import count
from typing import Any, TypeVar

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from websockets.asyncio.client import ClientConnection, connect

from protocol.crm.envelope import Envelope, parse
from protocol.crm.jobs import JobState
from protocol.crm.messages import (
    Accept,
    Ack,
    Bind,
    Bound,
    Challenge,
    Checkpoint,
    ClaimedDevice,
    Hello,
    JournalHead,
    KnownJob,
    Offer,
    Ping,
    Pong,
    Quarantine,
    Ready,
    Update,
    Welcome,
)
from protocol.crm.outcomes import Value
from protocol.crm.signing import sign_body, signature_is_good, signed_bytes
from server.keys import JobKey, verify
from tests.support.patience import BUSY

T = TypeVar("T", bound=Value)
_ids = count(1)


class Player:
    """One paired PC."""

    def __init__(self, paired: dict[str, Any], key: JobKey, install_id: str) -> None:
        self.agent_id: str = paired["agent_id"]
        self.tenant_id: str = paired["tenant_id"]
        self.url: str = paired["link_url"]
        self.keys = {key["kid"]: key["key"] for key in paired["keys"]}
        self.key = key
        self.install_id = install_id
        self.head = JournalHead(n=0, hash="")
        self.journal = {0: ""}

    def write(self, n: int, digest: str) -> None:
        self.head = JournalHead(n=n, hash=digest)
        self.journal[n] = digest


class Line:
    """One connection of a player."""

    def __init__(self, player: Player, socket: ClientConnection) -> None:
        self.player = player
        self.socket = socket
        self.welcome: Welcome
        self.verdict: Ready | Quarantine

    async def send(self, body: Value, msg_id: str | None = None) -> str:
        msg_id = msg_id or f"m{next(_ids)}"
        await self.socket.send(Envelope(msg_id, datetime.now(UTC), body).to_text())
        return msg_id

    async def recv(self) -> Envelope:
        async with asyncio.timeout(BUSY):
            return parse(await self.socket.recv())

    async def expect(self, type_: type[T]) -> T:
        """The next message, which must be of this type; signed ones with a good signature. Not acknowledged."""
        return (await self.expect_envelope(type_))[1]

    async def expect_envelope(self, type_: type[T]) -> tuple[str, T]:
        envelope = await self.recv()
        assert isinstance(envelope.body, type_), envelope
        if hasattr(envelope.body, "kid"):
            assert signature_is_good(envelope.type, envelope.body, self.player.keys, verify), envelope
        return envelope.msg_id, envelope.body

    async def take(self, type_: type[T]) -> T:
        """Like ``expect``, and acknowledged."""
        msg_id, body = await self.expect_envelope(type_)
        await self.send(Ack(msg_ids=[msg_id]))
        return body

    async def say(self, body: Value, msg_id: str | None = None) -> None:
        """A durable message, up to its ack."""
        msg_id = await self.send(body, msg_id)
        assert (await self.expect(Ack)).msg_ids == [msg_id]

    async def nothing_more(self) -> None:
        """Everything that the server had to say has been read: the pong comes next."""
        await self.send(Ping(n=next(_ids)))
        await self.expect(Pong)

    async def beat(self) -> None:
        """A ping that carries the journal's head."""
        await self.send(Ping(n=next(_ids), journal_head=self.player.head))
        await self.expect(Pong)

    async def bind(self) -> Bind:
        """Takes the ``bind`` that waits and confirms it."""
        bind = await self.take(Bind)
        await self.send(Bound(kkm_id=bind.binding.kkm_id, binding_epoch=bind.binding.binding_epoch))
        return bind

    async def accept(self, rev: int = 1) -> Offer:
        offer = await self.take(Offer)
        await self.say(Accept(job_id=offer.job_id, rev=rev, payload_hash=offer.payload_hash))
        return offer

    async def report(self, job_id: str, rev: int, state: str, *, epoch: int = 1, **more: Any) -> None:
        await self.say(update(job_id, rev, state, epoch=epoch, **more))

    async def close(self) -> None:
        await self.socket.close()


def update(job_id: str, rev: int, state: str, *, epoch: int = 1, **more: Any) -> Update:
    return Update(
        job_id=job_id, rev=rev, state=JobState(state), at=datetime.now(UTC), binding_epoch=epoch, lease_no=1, **more
    )


def register(kkm_id: str = "17", serial: str = "0001", **more: Any) -> ClaimedDevice:
    return ClaimedDevice(
        kkm_id=kkm_id, driver="shtrih", register_serial=serial, **({"fn_serial": "9999", "last_fd": 5} | more)
    )


async def greet(
    player: Player,
    *devices: ClaimedDevice,
    jobs: dict[str, int] | None = None,
    install_id: str | None = None,
    checkpoint: bool = True,
) -> Line:
    """A connection up to the server's verdict (or up to ``welcome``)."""
    socket = await connect(
        player.url, subprotocols=["kassabridge.v1"], compression=None, ping_interval=None, open_timeout=BUSY
    )
    line = Line(player, socket)
    challenge = await line.expect(Challenge)
    hello = Hello(
        agent_id=player.agent_id,
        install_id=install_id or player.install_id,
        boot_id="boot",
        version="1.0",
        caps=[],
        journal_head=player.head,
        jobs=[KnownJob(job_id=job_id, rev=rev) for job_id, rev in (jobs or {}).items()],
        devices=list(devices),
        nonce=challenge.nonce,
    )
    await line.send(sign_body("hello", hello, player.key.sign))
    line.welcome = await line.expect(Welcome)
    if checkpoint:
        await prove(line)
    return line


async def prove(line: Line) -> None:
    n = line.welcome.acked_head.n
    said = Checkpoint(n=n, hash=line.player.journal.get(n), session_epoch=line.welcome.session_epoch)
    await line.send(sign_body("checkpoint", said, line.player.key.sign))
    verdict = (await line.recv()).body
    assert isinstance(verdict, (Ready, Quarantine))
    line.verdict = verdict


def new_key() -> JobKey:
    return JobKey(Ed25519PrivateKey.generate())


async def claim_code(api: httpx.AsyncClient, code: str, key: JobKey, install_id: str = "inst") -> httpx.Response:
    body = {"code": code, "public_key": key.public, "install_id": install_id, "pc_name": "КАССА-1", "version": "1.0"}
    return await api.post("/pair", json=body, headers={"Authorization": ""})


async def poll(api: httpx.AsyncClient, claim_id: str, key: JobKey) -> httpx.Response:
    sig = key.sign(signed_bytes("pair", {"claim_id": claim_id}))
    return await api.post(f"/pair/{claim_id}", json={"sig": sig}, headers={"Authorization": ""})


async def pair(api: httpx.AsyncClient, install_id: str = "inst") -> Player:
    made = (await api.post("/pairing-codes", json={"auto_confirm": True})).json()
    key = new_key()
    claim_id = (await claim_code(api, made["code"], key, install_id)).json()["claim_id"]
    return Player((await poll(api, claim_id, key)).json(), key, install_id)

"""Many agents in one process, as far as the server can tell: ``python -m benchmarks.fleet_agents URL FROM TO``.

Each has its own key, is greeted as a real one is, pings, and does every job at once: accepted and done as soon as the
server has heard the one before. A line on stdout says when all have been greeted; the end of stdin ends them. With
``--bare`` there is no greeting: what is counted is the price of a connection.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from protocol.crm.envelope import Envelope, parse
from protocol.crm.jobs import JobState
from protocol.crm.messages import (
    SUBPROTOCOL,
    Accept,
    Ack,
    Challenge,
    Checkpoint,
    ClaimedDevice,
    Hello,
    JournalHead,
    Offer,
    Ping,
    Ready,
    Update,
    Welcome,
)
from protocol.crm.outcomes import Proof, ProofSource, Value
from protocol.crm.signing import sign_body
from server.keys import JobKey

T = TypeVar("T", bound=Value)
PING_EVERY = 20.0
GREETED_AT_ONCE = 64
PATIENCE = 120.0


def key_of(number: int) -> JobKey:
    return JobKey(Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"agent {number}".encode()).digest()))


def agent_id(number: int) -> str:
    return f"ag_{number}"


def register(number: int) -> ClaimedDevice:
    return ClaimedDevice(
        kkm_id=f"k{number}",
        driver="shtrih",
        register_serial=f"s{number}",
        fn_serial=f"fn{number}",
        last_fd=5,
        binding_epoch=1,
    )


class Player:
    """One agent with a journal of which only the length is kept."""

    def __init__(self, url: str, number: int) -> None:
        self._url = url
        self._number = number
        self._socket: ClientConnection
        self._ids: Iterator[int] = count(1)
        self._records = 0
        self._fd = 5
        self._then: dict[str, Update] = {}

    async def greet(self) -> None:
        self._socket = await connect(
            self._url,
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            compression=None,
            ping_interval=None,
            open_timeout=PATIENCE,
        )
        challenge = await self._expect(Challenge)
        key = key_of(self._number)
        hello = Hello(
            agent_id=agent_id(self._number),
            install_id="fleet",
            boot_id="b",
            version="1",
            caps=[],
            journal_head=self._head(),
            jobs=[],
            devices=[register(self._number)],
            nonce=challenge.nonce,
        )
        await self._say(sign_body("hello", hello, key.sign))
        welcome = await self._expect(Welcome)
        head = welcome.acked_head
        said = Checkpoint(n=head.n, hash=head.hash or None, session_epoch=welcome.session_epoch)
        self._records = head.n
        await self._say(sign_body("checkpoint", said, key.sign))
        await self._expect(Ready)
        await self._say(Ping(n=1, journal_head=self._head()))

    def _head(self) -> JournalHead:
        return JournalHead(n=self._records, hash=f"h{self._records}" if self._records else "")

    async def _expect(self, kind: type[T]) -> T:
        body = parse(await asyncio.wait_for(self._socket.recv(), PATIENCE)).body
        if not isinstance(body, kind):
            raise RuntimeError(f"{kind.__name__} was expected: {body}")
        return body

    async def _say(self, body: Value) -> str:
        msg_id = f"m{next(self._ids)}"
        await self._socket.send(Envelope(msg_id, datetime.now(UTC), body).to_text())
        return msg_id

    async def work(self) -> None:
        async for raw in self._socket:
            envelope = parse(raw)
            match envelope.body:
                case Offer() as offer:
                    await self._accept(envelope.msg_id, offer)
                case Ack(msg_ids=heard):
                    for msg_id in heard:
                        if msg_id in self._then:
                            await self._say(self._then.pop(msg_id))
                case _:
                    pass

    async def _accept(self, msg_id: str, offer: Offer) -> None:
        await self._say(Ack(msg_ids=[msg_id]))
        self._records += 1
        self._fd += 1
        accepted = Accept(job_id=offer.job_id, rev=1, payload_hash=offer.payload_hash, journal_head=self._head())
        heard = await self._say(accepted)
        self._records += 3
        proof = Proof(source=ProofSource.DEVICE, fn=f"fn{self._number}", fd=self._fd, fpd="123456789", total="1.00")
        self._then[heard] = Update(
            job_id=offer.job_id,
            rev=2,
            state=JobState.DONE,
            attempt=1,
            at=datetime.now(UTC),
            binding_epoch=1,
            lease_no=1,
            proof=proof,
            journal_head=self._head(),
        )

    async def ping(self) -> None:
        for n in count(2):
            await asyncio.sleep(PING_EVERY)
            await self._say(Ping(n=n, journal_head=self._head()))


class Bare(Player):
    """Only the connection, and as much said as in an idle agent's pings."""

    async def greet(self) -> None:
        self._socket = await connect(self._url, compression=None, ping_interval=None, open_timeout=PATIENCE)
        await self._say(Ping(n=1, journal_head=self._head()))

    async def work(self) -> None:
        async for _ in self._socket:
            continue


async def live(player: Player) -> None:
    with suppress(ConnectionClosed):
        await asyncio.gather(player.work(), player.ping())


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("first", type=int)
    parser.add_argument("last", type=int)
    parser.add_argument("--bare", action="store_true")
    asked = parser.parse_args()
    players = [(Bare if asked.bare else Player)(asked.url, number) for number in range(asked.first, asked.last)]
    gate = asyncio.Semaphore(GREETED_AT_ONCE)
    lives: list[asyncio.Task[None]] = []

    async def begin(player: Player) -> None:
        async with gate:
            await player.greet()
        lives.append(asyncio.create_task(live(player)))

    begun = time.perf_counter()
    await asyncio.gather(*(begin(player) for player in players))
    sys.stdout.write(json.dumps({"greeted": len(players), "seconds": time.perf_counter() - begun}) + "\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    ended = sum(task.done() for task in lives)
    sys.stdout.write(json.dumps({"ended_early": ended}) + "\n")
    for task in lives:
        task.cancel()
    await asyncio.gather(*lives, return_exceptions=True)


if __name__ == "__main__":
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(main())

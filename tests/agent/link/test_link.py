"""The link as a conversation: what the server says, what the agent answers, what its port is told."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from agent import keys
from agent.link.client import IN_FLIGHT
from agent.link.dial import check_link_url
from agent.problems import UserError
from protocol.crm.jobs import JobState
from protocol.crm.link_machine import AgentLink
from protocol.crm.messages import (
    Ack,
    Challenge,
    Checkpoint,
    Ended,
    Error,
    Goodbye,
    Hello,
    JournalHead,
    KnownJob,
    Ping,
    Pong,
    Progress,
    Quarantine,
    Ready,
    Update,
)
from protocol.crm.outcomes import Value
from protocol.crm.signing import signed_bytes
from protocol.crm.support import Bundle, Doctor, Log, LogStop
from tests.agent.link.fakes import (
    AGENT_KEY,
    FAST,
    JOB_KEY,
    LIMIT,
    NOW,
    PINNED,
    Peer,
    ack,
    bench,
    cancel,
    successor,
    update,
)


async def idle(peer: Peer) -> None:
    """Ready, then answer pings until the agent hangs up."""
    await peer.to_ready()
    await peer.hear(Goodbye)


async def test_the_greeting_says_what_the_agent_holds_and_proves_its_journal() -> None:
    heard: dict[str, Any] = {}

    async def server(peer: Peer) -> None:
        heard["hello"] = await peer.greet()
        heard["checkpoint"] = (await peer.hear(Checkpoint)).body
        await peer.send(Ready())
        heard["ping"] = (await peer.hear(Ping)).body
        await peer.send(Pong(n=heard["ping"].n, server_time=NOW))
        await peer.hear(Goodbye)

    async with bench(server, monotonic=lambda: 77.0) as b:
        await b.until(lambda: "pong" in b.port.names())
        assert b.link.status.state is AgentLink.READY

    hello: Hello = heard["hello"]
    assert (hello.agent_id, hello.nonce, hello.jobs) == ("ag_1", "n-1", [KnownJob(job_id="j1", rev=3)])
    checkpoint: Checkpoint = heard["checkpoint"]
    assert (checkpoint.n, checkpoint.hash, checkpoint.session_epoch) == (5, "h5", 4)
    body = checkpoint.model_dump(mode="json")
    assert keys.verify(keys.public_key_of(AGENT_KEY), signed_bytes("checkpoint", body), checkpoint.sig)
    assert heard["ping"].journal_head == JournalHead(n=7, hash="h7")
    assert b.port.names() == ["greeting", "welcomed", "started", "pong", "disconnected"]
    assert b.port.calls[2][1] == ([KnownJob(job_id="j1", rev=2)], [], 5)
    assert b.port.calls[3][1] == (NOW, 77.0)
    assert all(name.startswith("link") for name in b.port.threads)
    assert threading.current_thread().name not in b.port.threads


async def test_ends_that_the_journal_has_lost_are_taken_over_before_anything_may_start() -> None:
    """They come with the word that allows it."""
    ended = Ended(job_id="j1", agent_id="ag_1", rev=9, state=JobState.DONE, kid="k")

    async def server(peer: Peer) -> None:
        await peer.greet()
        await peer.hear(Checkpoint)
        await peer.send(Ready(ended=[ended]))
        await peer.hear(Goodbye)

    async with bench(server) as b:
        await b.until(lambda: "started" in b.port.names())
    assert b.port.calls[2] == ("started", ([KnownJob(job_id="j1", rev=2)], [ended], 5))


async def test_a_position_that_the_journal_does_not_have_is_admitted() -> None:
    async def server(peer: Peer) -> None:
        await peer.greet(acked_head=JournalHead(n=9, hash="h9"))
        checkpoint = (await peer.hear(Checkpoint)).body
        assert checkpoint.hash is None  # type: ignore[attr-defined]
        await peer.send(Ready())
        await peer.hear(Goodbye)

    async with bench(server) as b:
        await b.until(lambda: "started" in b.port.names())


async def test_what_was_not_acknowledged_is_sent_again_after_a_cut_and_what_was_is_not() -> None:
    second: list[str] = []

    async def cut(peer: Peer) -> None:
        await peer.to_ready()
        first = await peer.hear(Update)
        await peer.hear(Update)
        await ack(peer, first)
        await peer.socket.close(1012)

    async def again(peer: Peer) -> None:
        await peer.to_ready()
        envelope = await peer.hear(Update)
        second.append(envelope.msg_id)
        await ack(peer, envelope)
        await peer.hear(Goodbye)

    async with bench(cut, again) as b:
        b.port.put(update("a"), update("b"))
        await b.until(lambda: not b.port.rows)
    assert second == ["m2"]
    assert b.dials == 2


async def test_nothing_of_the_outbox_leaves_before_ready() -> None:
    async def server(peer: Peer) -> None:
        await peer.greet()
        await peer.hear(Checkpoint)
        assert [e.type for e in peer.said] == ["hello", "checkpoint"]
        await peer.send(Ready())
        await ack(peer, await peer.hear(Update))
        await peer.hear(Goodbye)

    async with bench(server) as b:
        b.port.put(update("a"))
        await b.until(lambda: not b.port.rows)


async def test_the_window_is_full_until_acks_come() -> None:
    count = IN_FLIGHT * 2 + 5

    async def server(peer: Peer) -> None:
        await peer.to_ready()
        window = [await peer.hear(Update) for _ in range(IN_FLIGHT)]
        # A further message of the agent, once the window is full, is no update.
        b.port.once.append(Progress(job_id="a", code="waiting"))
        b.port.wake()
        await peer.hear(Progress)
        assert sum(e.type == "update" for e in peer.said) == IN_FLIGHT
        await ack(peer, *window)
        for _ in range(count - IN_FLIGHT):
            await ack(peer, await peer.hear(Update))
        await peer.hear(Goodbye)

    async with bench(server) as b:
        b.port.put(*(update(f"j{n}") for n in range(count)))
        await b.until(lambda: not b.port.rows)


async def test_a_message_that_the_server_refuses_gives_up_its_place_but_stays_in_the_outbox() -> None:
    async def server(peer: Peer) -> None:
        await peer.to_ready()
        for _ in range(IN_FLIGHT):
            bad = await peer.hear(Update)
            await peer.send(Error(code="bad_body", text="no", ref=bad.msg_id))
        await ack(peer, await peer.hear(Update))
        await peer.hear(Goodbye)

    async with bench(server) as b:
        b.port.put(*(update(f"j{n}") for n in range(IN_FLIGHT + 1)))
        await b.until(lambda: len(b.port.rows) == IN_FLIGHT)


async def test_an_ack_leaves_only_after_the_port_has_committed() -> None:
    committed, may_commit = threading.Event(), threading.Event()

    def commit(_: object) -> None:
        assert may_commit.wait(LIMIT)
        committed.set()

    async def server(peer: Peer) -> None:
        await peer.to_ready()
        await peer.hear(Ping)
        sent = await peer.send(cancel("a"))
        hearing = asyncio.create_task(peer.hear(Ack))
        await asyncio.sleep(0.05)
        assert not hearing.done()
        assert not committed.is_set()
        may_commit.set()
        assert (await hearing).body.msg_ids == [sent]  # type: ignore[attr-defined]
        assert committed.is_set()
        await peer.hear(Goodbye)

    async with bench(server) as b:
        b.port.on_receive = commit
        await b.until(lambda: "receive" in b.port.names())


async def test_a_journal_that_fails_ends_the_link_without_an_ack() -> None:
    class JournalFailed(Exception):
        pass

    def fail(_: object) -> None:
        raise JournalFailed("disk full")

    async def server(peer: Peer) -> None:
        await peer.to_ready()
        await peer.send(cancel("a"))
        assert "ack" not in [e.type for e in await peer.closed()]

    async with bench(server) as b:
        b.port.on_receive = fail
        with pytest.raises(JournalFailed):
            await asyncio.wait_for(asyncio.shield(b.task), LIMIT)


async def test_an_offer_with_an_unknown_field_is_answered_by_name_and_not_acknowledged() -> None:
    async def server(peer: Peer) -> None:
        await peer.to_ready()
        await peer.send_raw("offer", {"job_id": "a", "surprise": 1}, "s-77")
        error = (await peer.hear(Error)).body
        assert (error.code, error.ref) == ("bad_body", "s-77")  # type: ignore[attr-defined]
        sent = await peer.send(cancel("a"))  # the connection goes on
        assert (await peer.hear(Ack)).body.msg_ids == [sent]  # type: ignore[attr-defined]
        await peer.hear(Goodbye)

    async with bench(server) as b:
        await b.until(lambda: "receive" in b.port.names())
    assert b.port.names().count("receive") == 1


@pytest.mark.parametrize("early", [Ready(), cancel("a")], ids=["ready", "cancel"])
async def test_what_comes_out_of_turn_is_refused(early: Any) -> None:
    async def server(peer: Peer) -> None:
        sent = await peer.send(early)
        error = (await peer.hear(Error)).body
        assert error.ref == sent  # type: ignore[attr-defined]
        await idle(peer)

    async with bench(server) as b:
        await b.until(lambda: "started" in b.port.names())
    assert "receive" not in b.port.names()


async def test_a_quarantined_agent_sends_archives_only_and_acknowledges_nothing() -> None:
    async def server(peer: Peer) -> None:
        await peer.greet()
        await peer.hear(Checkpoint)
        await peer.send(Quarantine(code="rolled_back", text="старый журнал"))
        await peer.hear(Ping)
        await peer.send(cancel("a"))
        await b.until(lambda: "receive" in b.port.names())
        b.port.once.append(Progress(job_id="a", code="archive"))
        b.port.wake()
        await peer.hear(Progress)
        assert not {"ack", "update"} & {e.type for e in peer.said}
        await peer.send(Ready(resumed=True))
        await ack(peer, await peer.hear(Update))
        await peer.hear(Goodbye)

    async with bench(server) as b:
        b.port.put(update("a"))
        await b.until(lambda: not b.port.rows)
    assert [call for call in b.port.names() if call in ("quarantined", "receive", "started")] == [
        "quarantined", "receive", "started",
    ]  # fmt: skip
    assert next(what for name, what in b.port.calls if name == "receive")[1] is True


@pytest.mark.parametrize("body", [
    Log(request_id="rq_1", agent_id="ag_1", lives_s=900, kid="k1", sig="x"), LogStop(request_id="rq_1"),
    Doctor(request_id="rq_1", agent_id="ag_1", lives_s=900, kid="k1", sig="x"),
    Bundle(request_id="rq_1", agent_id="ag_1", lives_s=900, kid="k1", sig="x"),
], ids=lambda body: type(body).__name__)  # fmt: skip
async def test_what_support_says_reaches_the_port_in_quarantine_too(body: Value) -> None:
    async def server(peer: Peer) -> None:
        await peer.greet()
        await peer.hear(Checkpoint)
        await peer.send(Quarantine(code="rolled_back", text="старый журнал"))
        await peer.send(body)
        await peer.hear(Goodbye)

    async with bench(server) as b:
        await b.until(lambda: "receive" in b.port.names())
    assert next(what for name, what in b.port.calls if name == "receive") == (body, True)


NEXT = keys.new_private_key()
THIRD = keys.new_private_key()
STRANGER = keys.new_private_key()
K2 = successor("k2", "k1", JOB_KEY, NEXT)
K3 = successor("k3", "k2", NEXT, THIRD)


@pytest.mark.parametrize(
    ("shown", "believed"),
    [
        ([PINNED, K2], {"k1", "k2"}),
        ([K3, K2, PINNED], {"k1", "k2", "k3"}),
        ([K2], {"k2"}),
    ],
    ids=["successor", "chain in any order", "the old one retired"],
)
async def test_successors_signed_by_a_pinned_key_are_taken_over(shown: list[Any], believed: set[str]) -> None:
    async def server(peer: Peer) -> None:
        await peer.to_ready(keys=shown)
        await peer.hear(Goodbye)

    async with bench(server) as b:
        await b.until(lambda: "started" in b.port.names())
    assert set(b.keyring.server_keys) == believed
    assert set(b.saved[-1].server_keys) == believed


@pytest.mark.parametrize(
    "welcome",
    [
        {"keys": []},
        {"keys": [PINNED.model_copy(update={"key": keys.public_key_of(STRANGER)})]},
        {"keys": [PINNED, successor("k2", "k1", STRANGER, NEXT)]},
        {"keys": [PINNED, K2.model_copy(update={"key": keys.public_key_of(STRANGER)})]},
        {"keys": [PINNED, K2.model_copy(update={"sig": None})]},
        {"keys": [PINNED, successor("k2", "k9", JOB_KEY, NEXT)]},
        {"keys": [K3]},
        {"keys": [PINNED, PINNED]},
        {"tenant_id": "t_2"},
    ],
    ids=["none", "another key under the pinned kid", "signed by a stranger", "swapped", "unsigned", "unknown signer",
         "chain with a gap", "twice", "another tenant"],
)  # fmt: skip
async def test_a_welcome_of_another_server_is_refused_and_changes_nothing(welcome: dict[str, Any]) -> None:
    async def server(peer: Peer) -> None:
        await peer.greet(**welcome)
        assert [e.type for e in await peer.closed()] == []

    async with bench(server, idle) as b:
        await b.until(lambda: "started" in b.port.names())
        assert b.dials == 2
    assert b.port.names().count("welcomed") == 1
    assert b.saved == []


async def test_accepting_and_closing_does_not_reset_the_back_off() -> None:
    async def accepts_and_closes(peer: Peer) -> None:
        await peer.send(Challenge(nonce="n", server_time=NOW, versions=["1"]))
        await peer.hear(Hello)
        await peer.socket.close(1011)

    async with bench(*[accepts_and_closes] * 8, idle, chance=0.999999) as b:
        await b.until(lambda: "started" in b.port.names())
        assert b.link.status.failures == 0
    assert b.dials == 9
    assert [round(nap) for nap in b.naps] == [1, 2, 4, 8, 16, 32, 60, 60]


async def test_a_valid_welcome_resets_the_back_off_and_goodbye_can_lengthen_it() -> None:
    async def closes(peer: Peer) -> None:
        await peer.socket.close(1011)

    async def full(peer: Peer) -> None:
        await peer.to_ready()
        await peer.send(Goodbye(code="full", text="позже", retry_after=45.0))
        await peer.closed()

    async with bench(closes, closes, full, idle, chance=0.0) as b:
        await b.until(lambda: b.port.names().count("started") == 2)
    assert b.naps == [0.1, 0.1, 45.0]


async def test_two_missed_pongs_end_the_connection() -> None:
    pings: list[int] = []

    async def deaf(peer: Peer) -> None:
        await peer.to_ready()
        pings.extend(e.body.n for e in await peer.closed() if isinstance(e.body, Ping))

    async with bench(deaf, idle, times=replace(FAST, ping_every=0.03)) as b:
        await b.until(lambda: b.port.names().count("started") == 2)
    assert pings == [1, 2]
    assert b.port.names().count("disconnected") >= 1


@pytest.mark.parametrize("stage", ["challenge", "welcome", "ready"])
async def test_a_silent_step_of_the_greeting_is_given_up(stage: str) -> None:
    async def silent(peer: Peer) -> None:
        if stage == "welcome":
            await peer.send(Challenge(nonce="n", server_time=NOW, versions=["1"]))
        elif stage == "ready":
            await peer.greet()
        await peer.closed()

    async with bench(silent, idle, times=replace(FAST, greeting=0.03)) as b:
        await b.until(lambda: "started" in b.port.names())
    assert b.dials == 2


async def test_the_first_failure_is_loud_the_rest_quiet_and_recovery_is_said_once() -> None:
    async def closes(peer: Peer) -> None:
        await peer.socket.close(1011)

    with capture_logs() as logs:
        async with bench(*[closes] * 5, idle) as b:
            await b.until(lambda: "started" in b.port.names())
    down = [entry["log_level"] for entry in logs if entry["event"] == "link_down"]
    assert down == ["warning", "debug", "debug", "debug", "debug"]
    assert [entry["after"] for entry in logs if entry["event"] == "link_recovered"] == ["closed"]


async def test_nobody_at_the_address_is_a_named_trouble_and_stop_ends_the_waiting() -> None:
    async def never(peer: Peer) -> None:
        raise AssertionError("nobody dials here")

    waiting = asyncio.Event()

    async with bench(never) as b:
        b.stop.set()
        await asyncio.wait_for(b.task, LIMIT)

        async def long_nap(seconds: float) -> None:
            waiting.set()
            await asyncio.Event().wait()

        b.keyring._identity = b.keyring.identity.model_copy(update={"link_url": "ws://127.0.0.1:9/"})
        from agent.link.client import About, Link, World

        stop = asyncio.Event()
        link = Link(b.keyring, b.port, About("0", "b"), World(now=lambda: NOW, sleep=long_nap), FAST)
        task = asyncio.create_task(link.run(stop))
        await asyncio.wait_for(waiting.wait(), LIMIT)
        assert link.status.state is AgentLink.WAITING
        assert link.status.trouble is not None
        assert link.status.trouble.code == "unreachable"
        stop.set()
        await asyncio.wait_for(task, LIMIT)
        assert link.status.state is AgentLink.STOPPED


async def test_stop_says_goodbye_and_closes() -> None:
    heard: list[str] = []

    async def server(peer: Peer) -> None:
        await peer.to_ready()
        await peer.hear(Goodbye)
        heard.extend(e.type for e in await peer.closed())
        heard.append("closed")

    async with bench(server) as b:
        await b.until(lambda: "started" in b.port.names())
        b.stop.set()
        await asyncio.wait_for(b.task, LIMIT)
        await b.until(lambda: bool(heard))
    assert heard == ["closed"]
    assert b.port.names()[-1] == "disconnected"


@pytest.mark.parametrize("url", ["wss://kassa.example.ru/api/v1/agent", "ws://127.0.0.1:8000/x", "ws://[::1]:80/"])
def test_link_urls_that_are_dialled(url: str) -> None:
    check_link_url(url)


@pytest.mark.parametrize(
    "url", ["ws://kassa.example.ru/", "http://127.0.0.1/", "wss://", "ws://10.0.0.1/", "", "ws://[/"]
)
def test_link_urls_that_are_not(url: str) -> None:
    with pytest.raises(UserError) as caught:
        check_link_url(url)
    assert caught.value.code == "bad_link_url"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # the loopback never goes through a proxy

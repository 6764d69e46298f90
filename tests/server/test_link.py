"""The agents' websocket: greeting, offers, mirroring by rev, what is never believed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, text
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from protocol.crm.codes import reason
from protocol.crm.jobs import sha256_hex
from protocol.crm.messages import (
    Accept,
    Ack,
    Bind,
    Bound,
    Cancel,
    Challenge,
    Checkpoint,
    Error,
    Event,
    Goodbye,
    Hello,
    Offer,
    Progress,
    Ready,
    Reject,
    Renew,
    Resolve,
)
from protocol.crm.outcomes import Decision, Proof, ProofSource
from protocol.crm.signing import sign_body
from server.services import agents, jobs
from server.services.jobs import JobPost
from server.settings import Limits, Settings
from server.store.models import Evidence, Job, JobTransition, Outgoing
from tests.server.conftest import Bench, job, receipt
from tests.server.player import Line, Player, greet, new_key, pair, prove, register, update
from tests.server.steps import PROOF, post


class TestGreeting:
    async def test_a_new_agent_is_welcomed_and_its_register_bound(self, bench: Bench) -> None:
        player = await pair(bench.api)
        await bench.api.put("/devices", json={"kkm_id": "17"})
        await bench.api.put("/desks", json={"desk_id": "d", "kkm_id": "17", "timezone": "Asia/Omsk", "imprint": False})
        line = await greet(player, register())
        assert (line.welcome.tenant_id, line.welcome.session_epoch) == (player.tenant_id, 1)
        assert line.verdict == Ready(resumed=False)
        bind = await line.bind()
        assert bind.binding.binding_epoch == 1
        assert (bind.binding.desk.timezone, bind.binding.desk.imprint) == ("Asia/Omsk", False)
        await line.nothing_more()
        device = await bench.device()
        assert (device["state"], device["register_serial"], device["online"]) == ("bound", "0001", True)
        await line.close()

    async def test_a_bound_register_is_in_the_next_welcome(self, bench: Bench) -> None:
        player, line = await bench.bound()
        await line.close()
        line = await greet(player, register(binding_epoch=1))
        assert [b.kkm_id for b in line.welcome.bindings] == ["17"]
        await line.nothing_more()
        await line.close()

    async def test_a_bind_whose_confirmation_was_lost_is_said_again(self, bench: Bench) -> None:
        player = await pair(bench.api)
        await bench.api.put("/devices", json={"kkm_id": "17"})
        line = await greet(player, register())
        await line.take(Bind)
        await line.nothing_more()
        await line.close()
        line = await greet(player)
        assert line.welcome.bindings == []
        await line.bind()
        await line.close()

    @pytest.mark.parametrize(
        ("what", "code"),
        [("wrong key", "bad_signature"), ("old nonce", "bad_signature"), ("unknown", "unknown_agent")],
    )
    async def test_a_hello_that_proves_nothing_is_sent_away(self, bench: Bench, what: str, code: str) -> None:
        player = await pair(bench.api)
        async with connect(player.url, subprotocols=["kassabridge.v1"]) as socket:
            line = Line(player, socket)
            nonce = (await line.expect(Challenge)).nonce
            hello = Hello(
                agent_id="ag_nobody" if what == "unknown" else player.agent_id,
                install_id="inst",
                boot_id="b",
                version="1",
                caps=[],
                journal_head=player.head,
                jobs=[],
                devices=[],
                nonce="AAAA" if what == "old nonce" else nonce,
            )
            key = new_key() if what == "wrong key" else player.key
            await line.send(sign_body("hello", hello, key.sign))
            assert (await line.expect(Goodbye)).code == code
            with pytest.raises(ConnectionClosed):
                await line.recv()

    async def test_nothing_is_taken_before_the_greeting_is_over(self, bench: Bench) -> None:
        player, line = await bench.bound()
        await post(bench)
        await line.accept()
        await line.close()
        line = await greet(player, jobs={"j1": 1}, checkpoint=False)
        msg_id = await line.send(update("j1", 2, "started"))
        refused = await line.expect(Error)
        assert (refused.code, refused.ref) == ("before_ready", msg_id)
        assert (await bench.state())["state"] == "accepted"
        await prove(line)
        await line.close()

    async def test_a_forged_checkpoint_ends_the_connection_and_changes_nothing(self, bench: Bench) -> None:
        player = await pair(bench.api)
        line = await greet(player, checkpoint=False)
        said = Checkpoint(n=0, hash="", session_epoch=1)
        await line.send(sign_body("checkpoint", said, new_key().sign))
        assert (await line.expect(Goodbye)).code == "bad_signature"
        assert (await bench.api.get("/agents")).json()["agents"][0]["state"] == "active"
        await line.close()

    async def test_another_subprotocol_is_refused_before_the_handshake(self, bench: Bench) -> None:
        player = await pair(bench.api)
        with pytest.raises(InvalidStatus):
            await connect(player.url, subprotocols=["chat"])

    async def test_a_newer_session_supersedes_the_older(self, bench: Bench) -> None:
        player, old = await bench.bound()
        new = await greet(player, register(binding_epoch=1))
        assert new.welcome.session_epoch == 2
        assert (await old.expect(Goodbye)).code == "superseded"
        await new.nothing_more()
        assert (await bench.device())["online"] is True
        await new.close()

    async def test_writes_of_an_older_session_fail(self, bench: Bench) -> None:
        """Also where nobody wakes the older connection, because it lives in another process."""
        player, line = await bench.bound()
        with pytest.raises(agents.StaleSession):
            async with agents.in_session(bench.services.database, player.agent_id, 0):
                raise AssertionError("an older session was let in")
        async with agents.in_session(bench.services.database, player.agent_id, 1) as (_, agent):
            assert agent.id == player.agent_id
        await line.close()

    async def test_who_is_gone_is_unreachable_since_then(self, bench: Bench) -> None:
        _, line = await bench.bound()
        await post(bench)
        await line.accept()
        assert (await bench.state())["unreachable_since"] is None
        await line.close()
        for _ in range(200):
            if (await bench.state())["unreachable_since"] is not None:
                break
            await asyncio.sleep(0.01)
        state = await bench.state()
        assert state["unreachable_since"] is not None
        assert state["state"] == "accepted"


class TestLimits:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(connections_per_minute=2, silence=0.3)

    async def test_a_flood_of_connections_is_told_to_wait(self, bench: Bench) -> None:
        player = await pair(bench.api)
        for _ in range(2):
            await (await greet(player)).close()
        async with connect(player.url, subprotocols=["kassabridge.v1"]) as socket:
            line = Line(player, socket)
            nonce = (await line.expect(Challenge)).nonce
            hello = Hello(
                agent_id=player.agent_id,
                install_id="inst",
                boot_id="b",
                version="1",
                caps=[],
                journal_head=player.head,
                jobs=[],
                devices=[],
                nonce=nonce,
            )
            await line.send(sign_body("hello", hello, player.key.sign))
            goodbye = await line.expect(Goodbye)
            assert goodbye.code == "too_many_connections"
            assert 0 < (goodbye.retry_after or 0) <= 60

    async def test_silence_closes(self, bench: Bench) -> None:
        line = await greet(await pair(bench.api))
        with pytest.raises(ConnectionClosed):
            await line.recv()

    async def test_a_huge_message_closes_and_a_deep_one_is_refused(self, bench: Bench) -> None:
        line = await greet(await pair(bench.api))
        await line.socket.send("[" * 20)
        assert (await line.expect(Error)).code == "message_too_deep"
        await line.socket.send("x" * (256 * 1024 + 1))
        with pytest.raises(ConnectionClosed):
            await line.recv()


class TestOffers:
    async def test_what_a_job_waits_for_is_said_in_words(self, bench: Bench) -> None:
        _, line = await bench.bound()
        await post(bench)
        await line.accept()
        await line.send(Progress(job_id="j1", code="no_paper"))
        await line.nothing_more()
        words = {"text": "В кассе нет бумаги.", "advice": "Вставьте бумагу."}
        assert (await bench.state())["progress"] == {"code": "no_paper", **words, "done": None, "of": None}
        await line.report("j1", 2, "held")
        assert (await bench.state())["progress"] is None, "it does not start by itself any more"
        await line.close()

    async def test_a_job_goes_all_the_way(self, bench: Bench) -> None:
        player, line = await bench.bound()
        await post(bench, order_ref="7")
        offer = await line.accept()
        assert (offer.tenant_id, offer.agent_id, offer.kkm_id) == (player.tenant_id, player.agent_id, "17")
        assert (offer.register_serial, offer.binding_epoch, offer.lease_no, offer.rev) == ("0001", 1, 1, 0)
        assert (offer.payload, offer.payload_hash) == (receipt(), sha256_hex(receipt()))
        await line.report("j1", 2, "started", attempt=1)
        await line.send(Progress(job_id="j1", code="printing", done=1, of=3))
        await line.nothing_more()
        assert (await bench.state())["progress"] == {"code": "printing", "text": "", "advice": "", "done": 1, "of": 3}
        await line.report("j1", 3, "done", attempt=1, proof=PROOF)
        state = await bench.state()
        assert [entry["state"] for entry in state["history"]] == ["queued", "accepted", "started", "done"]
        assert (state["proof"]["fd"], state["attempt"], state["progress"]) == (6, 1, None)
        await line.close()

    async def test_an_offer_without_ack_comes_again_and_never_twice_on_one_connection(self, bench: Bench) -> None:
        player, line = await bench.bound()
        await post(bench)
        first = await line.expect_envelope(Offer)
        await post(bench, "j2")
        assert (await line.expect(Offer)).job_id == "j2"
        await line.nothing_more()
        await line.close()
        line = await greet(player, register(binding_epoch=1))
        again = await line.expect_envelope(Offer)
        assert (again[0], again[1].job_id) == (first[0], "j1")
        await line.close()

    async def test_an_acked_offer_that_the_agent_does_not_list_comes_again(self, bench: Bench) -> None:
        player, line = await bench.bound()
        await post(bench)
        await line.take(Offer)
        await line.nothing_more()
        await line.close()
        line = await greet(player, register(binding_epoch=1))
        assert (await line.expect(Offer)).job_id == "j1"
        await line.close()

    async def test_a_listed_job_is_not_offered_again(self, bench: Bench) -> None:
        player, line = await bench.bound()
        await post(bench)
        offer = await line.expect(Offer)
        await line.close()
        line = await greet(player, register(binding_epoch=1), jobs={"j1": 1})
        assert [(known.job_id, known.rev) for known in line.welcome.jobs] == [("j1", 0)]
        await line.nothing_more()
        await line.say(Accept(job_id="j1", rev=1, payload_hash=offer.payload_hash))
        assert (await bench.state())["state"] == "accepted"
        await line.close()

    async def test_offers_wait_until_the_binding_is_on_the_agents_disk(self, bench: Bench) -> None:
        player = await pair(bench.api)
        await bench.api.put("/devices", json={"kkm_id": "17", "agent_id": player.agent_id})
        await post(bench)
        line = await greet(player, register())
        bind = await line.take(Bind)
        await line.nothing_more()
        assert (await bench.state())["agent_id"] is None
        await line.send(Bound(kkm_id="17", binding_epoch=bind.binding.binding_epoch))
        assert (await line.expect(Offer)).job_id == "j1"
        await line.close()

    async def test_a_rejected_job_says_why_in_the_readers_language(self, bench: Bench) -> None:
        _, line = await bench.bound()
        await post(bench)
        await line.take(Offer)
        await line.say(Reject(job_id="j1", reason=reason("disk_low")))
        assert (await bench.state())["reason"]["text"] == "На диске мало места."
        english = await bench.api.get("/jobs/j1", headers={"Accept-Language": "en"})
        assert (english.json()["state"], english.json()["reason"]["text"]) == ("rejected", "The disk is nearly full.")
        await line.close()

    async def test_a_reject_that_was_said_again_was_kept_as_evidence_for_a_person(self, bench: Bench) -> None:
        _, line = await bench.bound()
        await post(bench)
        await line.take(Offer)
        for msg_id in ("m1", "m1", "m2"):
            await line.say(Reject(job_id="j1", reason=reason("disk_low")), msg_id)
        async with bench.services.database.read() as work:
            assert await work.session.scalars(select(Evidence)) == []
        await line.close()

    async def test_one_that_expired_unsent_is_not_sent(self, bench: Bench) -> None:
        player, line = await bench.bound()
        await line.close()
        await post(bench)
        bench.clock.ahead += timedelta(minutes=3)
        line = await greet(player, register(binding_epoch=1))
        await line.nothing_more()
        assert (await bench.state())["state"] == "held"
        await bench.api.post("/jobs/j1/renew", json={"start_within_s": 60})
        assert (await line.expect(Offer)).lease_no == 2
        await line.close()

    async def test_a_full_queue_refuses_the_next(self, bench: Bench) -> None:
        bench.services.settings = _with_jobs(bench.services.settings, 2)
        _, line = await bench.bound()
        await post(bench, "a")
        await post(bench, "b")
        answer = await bench.api.post("/jobs", json=job("c"))
        assert (answer.status_code, answer.json()["code"]) == (429, "busy")
        await line.close()


def _with_jobs(settings: Settings, n: int) -> Settings:
    return replace(settings, limits=replace(settings.limits, jobs_per_device=n))


class TestMirror:
    @pytest.fixture
    async def started(self, bench: Bench) -> tuple[Player, Line]:
        player, line = await bench.bound()
        await post(bench)
        await line.accept()
        await line.report("j1", 5, "started", attempt=1)
        return player, line

    @pytest.mark.parametrize("rev", [1, 4, 5])
    async def test_an_older_word_is_acknowledged_and_ignored(
        self, bench: Bench, started: tuple[Player, Line], rev: int
    ) -> None:
        before = await bench.state()
        await started[1].report("j1", rev, "done", proof=PROOF)
        assert await bench.state() == before
        await started[1].close()

    async def test_a_word_under_an_older_binding_is_evidence_only(
        self, bench: Bench, started: tuple[Player, Line]
    ) -> None:
        before = await bench.state()
        await started[1].report("j1", 9, "done", epoch=0, proof=PROOF)
        assert await bench.state() == before
        await started[1].close()

    async def test_doubt_goes_to_a_person_and_the_decision_to_the_agent(
        self, bench: Bench, started: tuple[Player, Line]
    ) -> None:
        line = started[1]
        await line.report("j1", 6, "resolving", attempt=1, reason=reason("resolving"))
        evidence = {"candidates": [{"fd": 6, "total": "10.00"}]}
        await line.report("j1", 7, "human", attempt=1, reason=reason("looks_alike"), evidence=evidence)
        assert (await bench.state())["evidence"] == evidence
        asked = {"decision": "done", "person": "Пётр", "reason": "видел чек", "rev": 6, "fd": 6}
        stale = await bench.api.post("/jobs/j1/resolve", json=asked)
        assert (stale.status_code, stale.json()["code"]) == (409, "stale_rev")
        for _ in range(2):  # the same decision again is the same decision
            assert (await bench.api.post("/jobs/j1/resolve", json=asked | {"rev": 7})).status_code == 200
        other = await bench.api.post("/jobs/j1/resolve", json=asked | {"rev": 7, "decision": "not_done"})
        assert other.json()["code"] == "decision_pending"
        resolve = await line.take(Resolve)
        assert (resolve.decision, resolve.person, resolve.rev, resolve.fd) == (Decision.DONE, "Пётр", 7, 6)
        assert (await bench.state())["state"] == "human"
        await line.nothing_more()
        person = Proof(source=ProofSource.PERSON, fd=6, person="Пётр", person_reason="видел чек", verified=True)
        await line.report("j1", 8, "done", attempt=1, proof=person)
        assert (await bench.state())["proof"]["person"] == "Пётр"
        await line.close()

    async def test_a_cancel_after_the_start_is_too_late(self, bench: Bench, started: tuple[Player, Line]) -> None:
        line = started[1]
        body = (await bench.api.post("/jobs/j1/cancel")).json()
        assert (body["state"], body["cancel_pending"]) == ("started", True)
        await line.take(Cancel)
        await line.report("j1", 6, "started", attempt=1, too_late=True)
        state = await bench.state()
        assert (state["cancel_pending"], state["too_late"]) == (False, True)
        await line.close()

    async def test_an_update_for_a_job_of_another_agent_is_not_believed(
        self, bench: Bench, started: tuple[Player, Line]
    ) -> None:
        other = await greet(await pair(bench.api, "inst-2"))
        before = await bench.state()
        await other.say(update("j1", 99, "done", proof=PROOF))
        await other.say(Accept(job_id="j1", rev=99, payload_hash=sha256_hex(receipt())))
        await other.say(Reject(job_id="j1", reason=reason("busy")))
        assert await bench.state() == before
        await other.close()
        await started[1].close()

    async def test_held_by_the_agent_and_renewed(self, bench: Bench) -> None:
        _, line = await bench.bound()
        await post(bench)
        await line.accept()
        await line.report("j1", 2, "held", reason=reason("lease_passed"))
        body = (await bench.api.post("/jobs/j1/renew", json={"start_within_s": 300})).json()
        assert (body["state"], body["lease_no"]) == ("held", 2)
        renew = await line.take(Renew)
        assert (renew.lease_no, renew.binding_epoch) == (2, 1)
        await line.report("j1", 3, "accepted")
        assert (await bench.state())["state"] == "accepted"
        await line.close()

    async def test_a_cancelled_job_that_the_agent_may_not_have_is_never_offered(self, bench: Bench) -> None:
        player, line = await bench.bound()
        await post(bench)
        await line.expect(Offer)
        await line.close()
        body = (await bench.api.post("/jobs/j1/cancel")).json()
        assert (body["state"], body["cancel_pending"]) == ("queued", True)
        again = await bench.api.post("/jobs/j1/cancel")
        assert again.status_code == 200
        line = await greet(player, register(binding_epoch=1))
        cancel = await line.take(Cancel)
        assert (cancel.job_id, cancel.agent_id) == ("j1", player.agent_id)
        await line.nothing_more()
        await line.say(update("j1", 1, "cancelled", epoch=0, reason=reason("cancelled_by_crm")))
        state = await bench.state()
        assert (state["state"], state["cancel_pending"]) == ("cancelled", False)
        await line.close()

    async def test_events_are_kept_once_and_a_foreign_document_ends_exclusiveness(
        self, bench: Bench, started: tuple[Player, Line]
    ) -> None:
        line = started[1]
        event = Event(event_id="e1", kkm_id="17", kind="foreign_document", at=bench.clock.now())
        msg_id = await line.send(event)
        heard = {(await line.recv()).type for _ in range(2)}
        assert heard == {"ack", "bind"}
        await line.say(event, "other")
        assert msg_id != "other"
        assert (await bench.device())["exclusive"] is False
        await line.close()


class TestTakenOver:
    """The server was restored from a backup: its agents know more than it does."""

    async def test_a_job_that_we_signed_is_taken_over_with_its_proof(self, bench: Bench) -> None:
        player, line = await bench.bound()
        await post(bench, order_ref="7")
        offer = await line.accept()
        await line.close()
        await _forget(bench, "j1")
        line = await greet(player, register(binding_epoch=1), jobs={"j1": 3})
        assert line.welcome.jobs == []
        msg_id = await line.send(update("j1", 3, "done", attempt=1, proof=PROOF))
        unknown = await line.expect(Error)
        assert (unknown.code, unknown.ref) == ("unknown_job", msg_id)
        await line.say(update("j1", 3, "done", attempt=1, proof=PROOF, offer=offer))
        state = await bench.state()
        assert (state["state"], state["proof"]["fd"], state["rev"]) == ("done", 6, 3)
        again = await bench.api.post("/jobs", json=job(order_ref="7"))
        assert (again.status_code, again.json()["state"]) == (202, "done")
        other = await bench.api.post("/jobs", json=job(order_ref="7", payload=receipt("9.00")))
        assert other.json()["code"] == "job_id_known"
        await line.close()

    @pytest.mark.parametrize("flaw", ["signature", "agent", "tenant", "payload", "job_id"])
    async def test_a_job_that_we_did_not_sign_is_not(self, bench: Bench, flaw: str) -> None:
        player, line = await bench.bound()
        await post(bench)
        offer = await line.accept()
        await _forget(bench, "j1")
        key = new_key()
        change: dict[str, Any] = {
            "signature": {},
            "agent": {"agent_id": "ag_other"},
            "tenant": {"tenant_id": "tn_other"},
            "payload": {"payload": receipt("99.00")},
            "job_id": {"job_id": "j9"},
        }[flaw]
        forged = offer.model_copy(update=change)
        if flaw == "signature":
            forged = sign_body("offer", forged, key.sign)
        await line.say(update("j1", 3, "done", proof=PROOF, offer=forged))
        assert (await bench.api.get("/jobs/j1")).status_code == 404
        assert player.tenant_id == offer.tenant_id
        await line.close()

    async def test_restored_to_before_the_offer_left(self, bench: Bench) -> None:
        player, line = await bench.bound()
        await post(bench)
        offer = await line.accept()
        await line.close()
        await _unsend(bench, "j1")
        line = await greet(player, register(binding_epoch=1), jobs={"j1": 3})
        assert line.welcome.jobs == []
        await line.nothing_more()
        await line.say(update("j1", 3, "done", attempt=1, proof=PROOF, offer=offer))
        assert (await bench.state())["state"] == "done"
        await line.close()


async def _forget(bench: Bench, job_id: str) -> None:
    async with bench.services.database.write() as work:
        ids = select(Job.id).where(Job.job_id == job_id).scalar_subquery()
        await work.session.execute(delete(JobTransition).where(JobTransition.job == ids))
        await work.session.execute(delete(Outgoing).where(Outgoing.job == ids))
        await work.session.execute(text("DELETE FROM jobs WHERE job_id = :job"), {"job": job_id})  # as a restore does


async def _unsend(bench: Bench, job_id: str) -> None:
    async with bench.services.database.write() as work:
        forgotten = "UPDATE jobs SET state = 'queued', rev = 0, sent = false, agent_id = NULL WHERE job_id = :job"
        await work.session.execute(text(forgotten), {"job": job_id})


async def test_a_restart_says_goodbye_and_loses_nothing(bench: Bench) -> None:
    player, line = await bench.bound()
    await post(bench)
    await line.accept()
    await post(bench, "j2")
    await line.expect(Offer)
    await bench.restart()
    goodbye = await line.expect(Goodbye)
    assert (goodbye.code, (goodbye.retry_after or 0) > 0) == ("going_down", True)
    player.url = bench.url.replace("http", "ws") + "/api/v1/agent"
    line = await greet(player, register(binding_epoch=1), jobs={"j1": 1})
    assert line.welcome.session_epoch == 2
    assert [(known.job_id, known.rev) for known in line.welcome.jobs] == [("j1", 1), ("j2", 0)]
    assert (await line.expect(Offer)).job_id == "j2"
    await line.close()


async def test_an_ack_of_a_foreign_message_deletes_nothing(bench: Bench) -> None:
    player, line = await bench.bound()
    await post(bench)
    msg_id, _ = await line.expect_envelope(Offer)
    other_api = await bench.tenant("Другая")
    stranger = await greet(await pair(other_api, "inst-2"))
    await stranger.send(Ack(msg_ids=[msg_id]))
    await stranger.nothing_more()
    await stranger.close()
    await line.close()
    line = await greet(player, register(binding_epoch=1))
    assert (await line.expect_envelope(Offer))[0] == msg_id
    await line.close()


class TestHaste:
    """What costs a flush of the disk, and what does not."""

    async def test_an_offer_is_committed_with_its_job(self, bench: Bench) -> None:
        player, line = await bench.bound()
        database, world = bench.services.database, bench.world
        asked = JobPost.model_validate(job("j1"))
        async with database.write() as work:
            await jobs.post(work, world, bench.limits, player.tenant_id, asked)
        async with database.read() as work:
            row = await work.session.get_one(Job, 1)
            assert (row.sent, row.agent_id) == (True, player.agent_id)
        assert (await line.accept()).job_id == "j1"
        await line.close()

    async def test_an_offer_whose_transaction_fails_is_not_made(self, bench: Bench) -> None:
        player, line = await bench.bound()
        database, world = bench.services.database, bench.world

        async def post_and_fail() -> None:
            async with database.write() as work:
                await jobs.post(work, world, bench.limits, player.tenant_id, JobPost.model_validate(job("j1")))
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await post_and_fail()
        await line.nothing_more()
        await post(bench, "j2")
        assert (await line.accept()).job_id == "j2"
        await line.close()

    async def test_a_ping_without_news_waits_for_no_writer(self, bench: Bench) -> None:
        player, line = await bench.bound()
        player.write(1, "one")
        await line.beat()
        async with bench.services.database.write():  # nobody else writes as long as this goes on
            await line.beat()
        player.write(2, "two")
        await line.beat()
        async with bench.services.database.read() as work:
            agent = await agents.get(work, player.agent_id)
            assert (agent.acked_n, agent.acked_hash) == (2, "two")
        await line.close()

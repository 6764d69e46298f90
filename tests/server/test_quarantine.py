"""A journal that went back: it is stopped, and a person lets it go on."""

from __future__ import annotations

import pytest

from protocol.crm.jobs import imprint_of
from protocol.crm.messages import (
    Archive,
    ArchiveEntry,
    JournalHead,
    Ping,
    Quarantine,
    Ready,
)
from protocol.crm.signing import signature_is_good
from server.keys import verify
from tests.server.conftest import Bench
from tests.server.player import Line, Player, greet, prove, register, update
from tests.server.steps import PROOF, post

LATER = 1_000_000
"""Number of a ping after all those that the player has sent by itself."""


class TestQuarantine:
    async def rolled_back(self, bench: Bench) -> tuple[Player, Line]:
        """The agent had told of record 10; the image that runs now ends at 7."""
        player, line = await bench.bound()
        await post(bench)
        await line.accept()
        await line.report("j1", 2, "started", attempt=1)
        player.write(10, "ten")
        await line.beat()
        await line.close()
        player.journal = {0: "", 7: "seven"}
        player.head = JournalHead(n=7, hash="seven")
        line = await greet(player, register(binding_epoch=1), jobs={"j1": 1})
        return player, line

    async def test_an_older_journal_gets_nothing_and_changes_nothing(self, bench: Bench) -> None:
        player, line = await self.rolled_back(bench)
        assert isinstance(line.verdict, Quarantine)
        await post(bench, "j2")
        before = await bench.state()
        await line.say(update("j1", 9, "done", proof=PROOF))
        assert await bench.state() == before
        imprint = imprint_of(player.tenant_id, "j1")
        documents = [
            ArchiveEntry(fd=6, kind="receipt", at="2026-03-01T12:00:00", total="10.00", imprint=imprint),
            ArchiveEntry(fd=7, kind="receipt", at="2026-03-01T12:01:00", total="5.00"),
        ]
        await line.send(Archive(kkm_id="17", register_serial="0001", fn_serial="9999", last_fd=7, documents=documents))
        await line.nothing_more()
        agent = (await bench.api.get("/agents")).json()["agents"][0]
        assert agent["state"] == "quarantined"
        verdicts = [(d["fd"], d["verdict"], d["job_id"]) for d in agent["quarantine"]["documents"]]
        assert verdicts == [(6, "server_does_not_know", "j1"), (7, "foreign", None)]
        assert [said["job_id"] for said in agent["quarantine"]["said_meanwhile"]] == ["j1"]
        await line.close()

    async def test_it_outlives_connections_and_restarts(self, bench: Bench) -> None:
        player, line = await self.rolled_back(bench)
        await line.close()
        await bench.restart()
        player.url = bench.url.replace("http", "ws") + "/api/v1/agent"
        player.journal[10] = "ten"  # even if the right journal comes back
        line = await greet(player)
        assert isinstance(line.verdict, Quarantine)
        await line.close()

    async def test_a_person_lifts_it_and_begun_jobs_are_adopted(self, bench: Bench) -> None:
        player, line = await self.rolled_back(bench)
        agent = f"/agents/{player.agent_id}"
        by = {"person": "Пётр", "reason": "сверил архив"}
        body = (await bench.api.post(f"{agent}/confirm", json=by)).json()
        assert (body["state"], body["confirmed_by"]) == ("active", "Пётр")
        assert await line.expect(Ready) == Ready(resumed=True)
        bind = await line.bind()
        assert bind.binding.binding_epoch == 2
        assert [(j.offer.job_id, j.rev, j.offer.binding_epoch) for j in bind.open_jobs] == [("j1", 2, 2)]
        assert bind.open_jobs[0].imprint == imprint_of(player.tenant_id, "j1")
        await line.nothing_more()
        await line.report("j1", 5, "done", epoch=1, proof=PROOF)
        assert (await bench.state())["state"] == "started"
        await line.report("j1", 3, "done", epoch=2, proof=PROOF)
        assert (await bench.state())["state"] == "done"
        player.write(11, "eleven")
        await line.beat()
        await line.close()
        line = await greet(player)
        assert isinstance(line.verdict, Ready)
        again = await bench.api.post(f"{agent}/confirm", json=by)
        assert (again.status_code, again.json()["state"]) == (200, "active")  # the answer may have been lost
        other = await bench.api.post(f"{agent}/confirm", json=by | {"person": "Анна"})
        assert (other.status_code, other.json()["code"]) == (409, "not_quarantined")
        await line.close()

    async def test_what_has_ended_here_is_told_with_its_proof_to_a_copy_that_has_it_open(self, bench: Bench) -> None:
        """It held the register, or asked a person whom nobody would let answer."""
        player, line = await bench.bound()
        await post(bench)
        await line.accept()
        await line.report("j1", 4, "done", attempt=1, proof=PROOF)
        player.write(10, "ten")
        await line.beat()
        await line.close()
        player.journal, player.head = {0: "", 7: "seven"}, JournalHead(n=7, hash="seven")
        line = await greet(player, register(binding_epoch=1), jobs={"j1": 2, "unknown": 3})
        by = {"person": "Пётр", "reason": "сверил архив"}
        await bench.api.post(f"/agents/{player.agent_id}/confirm", json=by)
        ready = await line.expect(Ready)
        assert isinstance(ready, Ready)
        (told,) = ready.ended
        assert (told.job_id, told.rev, told.state.value) == ("j1", 4, "done")
        assert told.proof is not None
        assert told.proof.fpd == PROOF.fpd
        keys = {key.kid: key.key for key in line.welcome.keys}
        assert signature_is_good("ended", told, keys, verify)
        await line.close()

    async def test_a_checkpoint_that_was_on_its_way_when_a_person_lifted_it_stopped_the_agent_again(
        self, bench: Bench
    ) -> None:
        player, line = await self.rolled_back(bench)
        await line.close()
        line = await greet(player, register(binding_epoch=1), jobs={"j1": 1}, checkpoint=False)
        by = {"person": "Пётр", "reason": "сверил архив"}
        assert (await bench.api.post(f"/agents/{player.agent_id}/confirm", json=by)).status_code == 200
        await prove(line)
        assert line.verdict == Ready(resumed=True)
        assert (await line.bind()).binding.binding_epoch == 2
        player.write(8, "eight")
        await line.beat()
        await line.close()
        line = await greet(player, checkpoint=False)
        player.journal = {0: "", 8: "another"}
        await prove(line)  # a later journal that went back is stopped all the same
        assert isinstance(line.verdict, Quarantine)
        await line.close()

    @pytest.mark.parametrize("head", [JournalHead(n=9, hash="nine"), JournalHead(n=10, hash="another")])
    async def test_a_head_that_goes_back_within_a_session(self, bench: Bench, head: JournalHead) -> None:
        player, line = await bench.bound()
        player.write(10, "ten")
        await line.beat()
        await line.send(Ping(n=LATER, journal_head=head))
        heard = {(await line.recv()).type for _ in range(2)}
        assert heard == {"pong", "quarantine"}
        await line.close()

    @pytest.mark.parametrize(
        "old", [{"n": 1}, {"n": LATER + 1, "session_epoch": 1}], ids=["heard again", "of the session before"]
    )
    async def test_a_ping_that_was_heard_late_put_a_good_agent_into_quarantine(
        self, bench: Bench, old: dict[str, int]
    ) -> None:
        player, line = await bench.bound()
        await line.close()
        line = await greet(player)  # the second session
        before = player.head
        player.write(10, "ten")
        await line.send(Ping(n=LATER, journal_head=player.head, session_epoch=2))
        await line.send(Ping(journal_head=before, **old))
        assert [(await line.recv()).type for _ in range(2)] == ["pong", "pong"]
        await line.send(Ping(n=LATER + 2, journal_head=player.head, session_epoch=2))
        assert (await line.recv()).type == "pong"
        await line.close()

    async def test_a_ping_that_a_report_had_overtaken_put_a_good_agent_into_quarantine(self, bench: Bench) -> None:
        player, line = await bench.bound()
        await post(bench)
        await line.accept()
        player.write(10, "ten")
        late = Ping(n=LATER, journal_head=player.head)
        player.write(12, "twelve")
        await line.say(update("j1", 2, "started", attempt=1, journal_head=player.head))
        await line.send(late)
        assert (await line.recv()).type == "pong"
        await line.send(Ping(n=LATER + 1, journal_head=player.head))
        assert (await line.recv()).type == "pong"
        await line.send(Ping(n=LATER + 2, journal_head=late.journal_head))  # but it does not go on from there
        assert {(await line.recv()).type for _ in range(2)} == {"pong", "quarantine"}
        await line.close()

    async def test_the_same_key_on_another_installation(self, bench: Bench) -> None:
        player, line = await bench.bound()
        await line.close()
        line = await greet(player, install_id="copy")
        assert isinstance(line.verdict, Quarantine)
        await line.close()

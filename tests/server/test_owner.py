"""Which PC owns a register: moves, releases, claims."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from protocol.crm.codes import reason
from protocol.crm.messages import (
    Accept,
    Bind,
    Bound,
    Cancel,
    Claim,
    ClaimRefused,
    Introduce,
    Offer,
    Release,
    Released,
    Renew,
)
from tests.server.conftest import Bench, job
from tests.server.player import Line, Player, greet, pair, register, update
from tests.server.steps import PROOF, post, until_offline


class TestMove:
    @pytest.fixture
    async def pcs(self, bench: Bench) -> tuple[Player, Line, Player, Line]:
        old, line = await bench.bound()
        new = await pair(bench.api, "inst-2")
        return old, line, new, await greet(new)

    async def move(self, bench: Bench, to: Player, **more: Any) -> httpx.Response:
        return await bench.api.post("/devices/17/move", json={"agent_id": to.agent_id} | more)

    async def test_by_release_and_unstarted_jobs_go_along(
        self, bench: Bench, pcs: tuple[Player, Line, Player, Line]
    ) -> None:
        _, old, new_pc, new = pcs
        await post(bench)
        await old.accept()
        assert (await self.move(bench, new_pc)).json()["state"] == "releasing"
        release = await old.take(Release)
        assert release.binding_epoch == 1
        await post(bench, "j2")
        await old.nothing_more()
        await old.say(Released(kkm_id="17", binding_epoch=1, not_started=["j1"], last_fd=8))
        bind = await new.bind()
        assert (bind.binding.binding_epoch, bind.last_fd, bind.open_jobs) == (2, 8, [])
        offers = [await new.take(Offer), await new.take(Offer)]
        assert [(o.job_id, o.rev, o.binding_epoch) for o in offers] == [("j2", 0, 2), ("j1", 1, 2)]
        await old.say(update("j1", 7, "done", epoch=1, proof=PROOF))
        assert (await bench.state())["state"] == "queued"
        await new.say(Accept(job_id="j1", rev=2, payload_hash=offers[1].payload_hash))
        assert (await bench.state())["agent_id"] == new_pc.agent_id
        await old.close()
        await new.close()

    async def test_a_cancel_that_waited_is_granted_when_the_job_comes_back(
        self, bench: Bench, pcs: tuple[Player, Line, Player, Line]
    ) -> None:
        _, old, new_pc, new = pcs
        await post(bench)
        await old.accept()
        await bench.api.post("/jobs/j1/cancel")
        await old.expect(Cancel)
        await self.move(bench, new_pc)
        await old.take(Release)
        await old.say(Released(kkm_id="17", binding_epoch=1, not_started=["j1"]))
        state = await bench.state()
        assert (state["state"], state["cancel_pending"]) == ("cancelled", False)
        await new.bind()
        await new.nothing_more()
        await old.close()
        await new.close()

    async def test_from_a_dead_pc_what_was_sent_is_adopted_and_the_rest_offered(
        self, bench: Bench, pcs: tuple[Player, Line, Player, Line]
    ) -> None:
        old_pc, old, new_pc, new = pcs
        await post(bench, "started")
        await old.accept()
        await old.report("started", 2, "started", attempt=1)
        await old.send(Claim(device=register(last_fd=6, binding_epoch=1)))  # its document, unless it is another's
        await old.nothing_more()
        await post(bench, "offered")
        await old.expect(Offer)
        alive = await self.move(bench, new_pc, old_pc_off=True, person="Пётр")
        assert alive.json()["code"] == "agent_is_online"
        await old.close()
        await until_offline(bench)
        await post(bench, "fresh")
        nobody = await self.move(bench, new_pc, old_pc_off=True)
        assert nobody.json()["code"] == "person_missing"
        moved = (await self.move(bench, new_pc, old_pc_off=True, person="Пётр")).json()
        assert (moved["agent_id"], moved["binding_epoch"]) == (new_pc.agent_id, 2)
        bind = await new.bind()
        assert (bind.fn_serial, bind.last_fd) == ("9999", 5)  # from where the first of them left the server
        adopted = {j.offer.job_id: (j.rev, j.offer.agent_id, j.offer.binding_epoch) for j in bind.open_jobs}
        assert adopted == {"started": (2, new_pc.agent_id, 2), "offered": (0, new_pc.agent_id, 2)}
        assert (await new.take(Offer)).job_id == "fresh"
        await new.nothing_more()
        await new.report("started", 3, "held", epoch=2, reason=reason("moved_unconfirmed"))
        await new.report("offered", 1, "held", epoch=2, reason=reason("moved_unconfirmed"))
        assert (await bench.state("started"))["state"] == "held"
        await bench.api.post("/jobs/started/renew", json={})
        assert (await new.take(Renew)).binding_epoch == 2

        ghost = await greet(old_pc, register(binding_epoch=1), jobs={"started": 9})
        assert ghost.welcome.jobs == []
        assert ghost.welcome.bindings == []
        assert (await ghost.expect(ClaimRefused)).code == "device_already_bound"
        await ghost.say(update("started", 9, "done", epoch=1, proof=PROOF))
        assert (await bench.state("started"))["state"] == "held"
        assert [c["code"] for c in (await bench.device())["refused_claims"]] == ["device_already_bound"]
        await ghost.close()
        await new.close()

    async def test_released_without_a_new_owner(self, bench: Bench, pcs: tuple[Player, Line, Player, Line]) -> None:
        old_pc, old, new_pc, new = pcs
        await bench.api.post("/devices/17/release")
        await old.take(Release)
        await old.say(Released(kkm_id="17", binding_epoch=1, not_started=[]))
        assert (await bench.device())["state"] == "free"
        await old.send(Claim(device=register()))
        assert (await old.expect(ClaimRefused)).code == "device_released"
        await new.send(Claim(device=register(serial="0002")))
        assert (await new.bind()).binding.binding_epoch == 2
        assert (await bench.device())["agent_id"] == new_pc.agent_id
        again = await bench.api.post("/jobs", json=job())
        assert again.status_code == 202
        assert old_pc.agent_id != new_pc.agent_id
        await old.close()
        await new.close()

    async def test_released_and_given_back_to_the_same_pc(
        self, bench: Bench, pcs: tuple[Player, Line, Player, Line]
    ) -> None:
        """It claims a register no more that it gave up itself: jobs stayed queued for ever."""
        old_pc, old, _, new = pcs
        await bench.api.post("/devices/17/release")
        await old.take(Release)
        await old.say(Released(kkm_id="17", binding_epoch=1, not_started=[]))
        assert (await bench.device())["state"] == "free"
        await bench.api.post("/devices/17/move", json={"agent_id": old_pc.agent_id})
        assert (await old.take(Introduce)).kkm_id == "17"
        await old.send(Claim(device=register(serial="0002")))  # another one may stand there by now
        bind = await old.bind()
        assert (bind.binding.binding_epoch, bind.binding.register_serial) == (2, "0002")
        await post(bench)
        assert (await old.take(Offer)).binding_epoch == 2
        await old.close()
        await new.close()

    async def test_given_back_while_the_pc_was_away(self, bench: Bench, pcs: tuple[Player, Line, Player, Line]) -> None:
        old_pc, old, _, new = pcs
        await bench.api.post("/devices/17/release")
        await old.take(Release)
        await old.say(Released(kkm_id="17", binding_epoch=1, not_started=[]))
        await old.close()
        await bench.api.post("/devices/17/move", json={"agent_id": old_pc.agent_id})
        old = await greet(old_pc, register(serial=None))
        await old.expect(Introduce)
        await old.close()  # it was lost on the way
        old = await greet(old_pc, register(serial=None))
        await old.take(Introduce)
        await old.send(Claim(device=register()))
        assert (await old.bind()).binding.binding_epoch == 2
        await old.nothing_more()
        await old.close()
        await new.close()

    async def test_given_back_to_a_pc_that_had_released_it_long_ago(
        self, bench: Bench, pcs: tuple[Player, Line, Player, Line]
    ) -> None:
        """Its journal still says so, whoever has had the register since."""
        old_pc, old, new_pc, new = pcs
        await self.move(bench, new_pc)
        await old.take(Release)
        await old.say(Released(kkm_id="17", binding_epoch=1, not_started=[]))
        await new.bind()
        await new.nothing_more()
        await bench.api.post("/devices/17/release")
        await new.take(Release)
        await new.say(Released(kkm_id="17", binding_epoch=2, not_started=[]))
        await old.close()
        await bench.api.post("/devices/17/move", json={"agent_id": old_pc.agent_id})
        old = await greet(old_pc, register(serial=None))
        await old.take(Introduce)
        await old.send(Claim(device=register()))
        assert (await old.bind()).binding.binding_epoch == 3
        await old.close()
        await new.close()

    async def test_given_to_a_connected_pc_that_was_refused_before(
        self, bench: Bench, pcs: tuple[Player, Line, Player, Line]
    ) -> None:
        """It claims once per connection."""
        _, old, new_pc, new = pcs
        await new.send(Claim(device=register(serial="0002")))
        assert (await new.expect(ClaimRefused)).code == "device_already_bound"
        await bench.api.post("/devices/17/release")
        await old.take(Release)
        await old.say(Released(kkm_id="17", binding_epoch=1, not_started=[]))
        await bench.api.put("/devices", json={"kkm_id": "17", "agent_id": new_pc.agent_id})
        await new.take(Introduce)
        await new.send(Claim(device=register(serial="0002")))
        assert (await new.bind()).binding.register_serial == "0002"
        assert (await bench.device())["refused_claims"] == []
        await old.close()
        await new.close()

    async def test_a_pending_decision_reaches_the_new_owner_as_a_new_message(
        self, bench: Bench, pcs: tuple[Player, Line, Player, Line]
    ) -> None:
        _, old, new_pc, new = pcs
        await post(bench)
        await old.accept()
        await bench.api.post("/jobs/j1/cancel")
        before, _ = await old.expect_envelope(Cancel)
        await old.close()
        await until_offline(bench)
        await self.move(bench, new_pc, old_pc_off=True, person="Пётр")
        await new.bind()
        after, cancel = await new.expect_envelope(Cancel)
        assert (cancel.agent_id, after != before) == (new_pc.agent_id, True)
        await new.close()

    @pytest.mark.parametrize("acknowledged", [False, True])
    async def test_a_cancel_reached_the_new_owner_before_the_job_that_it_had_to_adopt(
        self, bench: Bench, pcs: tuple[Player, Line, Player, Line], acknowledged: bool
    ) -> None:
        """It was carried out on the spot, and the document in the register's archive was never looked for."""
        _, old, new_pc, new = pcs
        await post(bench)
        await old.accept()
        await bench.api.post("/jobs/j1/cancel")
        await (old.take(Cancel) if acknowledged else old.expect(Cancel))
        await old.close()
        await until_offline(bench)
        await self.move(bench, new_pc, old_pc_off=True, person="Пётр")
        bind = await new.take(Bind)
        assert [job.offer.job_id for job in bind.open_jobs] == ["j1"]
        await new.nothing_more()
        await new.send(Bound(kkm_id="17", binding_epoch=2))
        assert (await new.take(Cancel)).agent_id == new_pc.agent_id
        await new.report("j1", 3, "done", epoch=2, proof=PROOF)  # it was in the archive
        state = await bench.state()
        assert (state["state"], state["cancel_pending"], state["too_late"]) == ("done", False, True)
        await new.close()


CLAIMS = [
    ("unknown kkm_id", register("99", "0009"), "unknown_kkm_id"),
    ("another register under a bound id", register("17", "0002"), "device_already_bound"),
    ("a bound register under another id", register("18", "0001"), "register_already_bound"),
    ("not the register that the owner named", register("19", "0003"), "register_changed"),
]


@pytest.mark.parametrize(("what", "device", "code"), CLAIMS, ids=[row[0] for row in CLAIMS])
async def test_claims_that_are_refused(bench: Bench, what: str, device: Any, code: str) -> None:
    _, first = await bench.bound()
    await bench.api.put("/devices", json=[{"kkm_id": "18"}, {"kkm_id": "19", "register_serial": "1234"}])
    line = await greet(await pair(bench.api, "inst-2"), device)
    refused = await line.expect(ClaimRefused)
    assert (refused.kkm_id, refused.code) == (device.kkm_id, code)
    assert refused.advice
    await line.nothing_more()
    await line.close()
    await first.nothing_more()
    await first.close()


async def test_a_register_of_another_account_is_refused_without_a_word_about_it(bench: Bench) -> None:
    player, first = await bench.bound()
    other = await bench.tenant("Другая")
    await other.put("/devices", json={"kkm_id": "5"})
    line = await greet(await pair(other, "inst-2"), register("5", "0001"))
    assert (await line.expect(ClaimRefused)).code == "register_already_bound"
    shown = (await other.get("/devices/5")).text
    assert "register_already_bound" in shown
    assert player.agent_id not in shown
    await line.close()
    await first.close()


async def test_a_changed_serial_is_refused_and_a_changed_drive_is_news(bench: Bench) -> None:
    _, line = await bench.bound()
    await line.send(Claim(device=register(serial="0002")))
    assert (await line.expect(ClaimRefused)).code == "register_changed"
    await line.send(Claim(device=register(fn_serial="8888", last_fd=1)))
    await line.nothing_more()
    device = await bench.device()
    assert (device["fn_serial"], device["last_fd"], device["register_serial"]) == ("8888", 1, "0001")
    assert device["refused_claims"] == []
    await line.close()

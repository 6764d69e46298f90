"""A request whose answer was lost is sent again: the same answer, and nothing happens twice."""

from __future__ import annotations

from typing import Any

import pytest

from protocol.crm.codes import reason
from protocol.crm.messages import Bind, Cancel, Release, Released, Renew, Resolve
from protocol.crm.outcomes import Proof, ProofSource
from tests.server.conftest import Bench, job
from tests.server.player import Line, claim_code, greet, new_key, pair, register

POLICY = {"open": "manual", "close_expired": "auto", "close_at": "23:30", "before_24h": "manual"}


async def twice(bench: Bench, method: str, path: str, body: Any = None) -> dict[str, Any]:
    first = await bench.api.request(method, path, json=body)
    again = await bench.api.request(method, path, json=body)
    assert first.status_code < 300, first.text
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    found: dict[str, Any] = first.json()
    return found


@pytest.fixture
async def line(bench: Bench) -> Line:
    _, line = await bench.bound()
    return line


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/devices", {"kkm_id": "17", "name": "У входа"}),
        ("/devices", [{"kkm_id": "17"}, {"kkm_id": "18", "register_serial": "77"}]),
        ("/devices/17", {"name": "У окна"}),
        ("/desks", {"desk_id": "d", "kkm_id": "17", "shift_policy": POLICY, "held_hours": 3}),
        ("/desks", [{"desk_id": "d"}, {"desk_id": "e", "timezone": "Asia/Omsk"}]),
    ],
)
async def test_put(bench: Bench, line: Line, path: str, body: Any) -> None:
    await twice(bench, "PUT", path, body)
    await line.close()


async def test_a_desks_policy_is_told_when_it_changes_and_only_then(bench: Bench, line: Line) -> None:
    body = {"desk_id": "d", "kkm_id": "17", "shift_policy": POLICY}
    shown = (await bench.api.put("/desks", json=body)).json()["desks"][0]["shift_policy"]
    assert shown == POLICY
    desk = (await line.bind()).binding.desk
    assert (desk.open_shift, desk.close_expired_shift, desk.close_at, desk.close_before_24h) == (
        False,
        True,
        "23:30",
        False,
    )
    await bench.api.put("/desks", json=body)
    await line.nothing_more()
    await bench.api.put("/desks", json=body | {"name": "Касса у входа"})
    await line.nothing_more()
    await bench.api.put("/desks", json=body | {"shift_policy": POLICY | {"close_at": None}})
    assert (await line.bind()).binding.desk.close_at is None
    await bench.api.put("/desks", json={"desk_id": "d"})  # the register stands at no desk any more
    assert (await line.bind()).binding.desk.desk_id is None
    await line.close()


@pytest.mark.parametrize("hour", ["24:00", "9:00", "23:60", "23:59:59", "", "полночь", 900])
async def test_an_hour_that_is_none_is_refused(bench: Bench, hour: Any) -> None:
    answer = await bench.api.put("/desks", json={"desk_id": "d", "shift_policy": {"close_at": hour}})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "shift_policy.close_at"
    assert (await bench.api.get("/desks")).json()["desks"] == []


class TestCancel:
    async def test_of_a_job_that_nobody_has(self, bench: Bench) -> None:
        player = await pair(bench.api)
        await bench.api.put("/devices", json={"kkm_id": "17", "agent_id": player.agent_id})
        await bench.api.post("/jobs", json=job())
        assert (await twice(bench, "POST", "/jobs/j1/cancel"))["state"] == "cancelled"

    async def test_of_a_job_that_a_pc_has(self, bench: Bench, line: Line) -> None:
        await bench.api.post("/jobs", json=job())
        await line.accept()
        assert (await twice(bench, "POST", "/jobs/j1/cancel"))["cancel_pending"] is True
        await line.take(Cancel)
        await line.nothing_more()  # asked once
        await line.report("j1", 2, "cancelled")
        assert (await twice(bench, "POST", "/jobs/j1/cancel"))["state"] == "cancelled"
        await line.close()

    async def test_what_is_done_cannot_be_cancelled_however_often(self, bench: Bench, line: Line) -> None:
        await bench.api.post("/jobs", json=job())
        await line.accept()
        await line.report("j1", 2, "done", attempt=1, proof=Proof(source=ProofSource.DEVICE, fn="9999", fd=6))
        for _ in range(2):
            answer = await bench.api.post("/jobs/j1/cancel")
            assert (answer.status_code, answer.json()["code"]) == (409, "already_final")
        await line.close()


class TestRenew:
    async def test_with_the_lease_that_was_read_it_renews_once(self, bench: Bench, line: Line) -> None:
        await bench.api.post("/jobs", json=job())
        await line.accept()
        body = {"start_within_s": 300, "lease_no": 1}
        assert (await twice(bench, "POST", "/jobs/j1/renew", body))["lease_no"] == 2
        assert (await line.take(Renew)).lease_no == 2
        await line.nothing_more()
        await line.close()

    async def test_with_an_older_one_it_is_refused(self, bench: Bench, line: Line) -> None:
        await bench.api.post("/jobs", json=job())
        await line.accept()
        await bench.api.post("/jobs/j1/renew", json={"lease_no": 1})
        await bench.api.post("/jobs/j1/renew", json={"lease_no": 2})
        for stale in ({"lease_no": 1}, {"lease_no": 2, "start_within_s": 7}, {"lease_no": 9}):
            answer = await bench.api.post("/jobs/j1/renew", json=stale)
            assert (answer.status_code, answer.json()["code"]) == (409, "stale_lease")
            assert answer.json()["params"] == {"lease_no": 3}
        await line.close()


class TestResolve:
    ASKED = {"decision": "not_done", "person": "Пётр", "reason": "чека нет", "rev": 2}

    @pytest.fixture
    async def human(self, bench: Bench, line: Line) -> Line:
        await bench.api.post("/jobs", json=job())
        await line.accept()
        await line.report("j1", 2, "human", attempt=1, reason=reason("looks_alike"))
        return line

    async def test_while_it_is_on_its_way(self, bench: Bench, human: Line) -> None:
        await twice(bench, "POST", "/jobs/j1/resolve", self.ASKED)
        await human.take(Resolve)
        await human.nothing_more()
        await human.close()

    async def test_when_it_has_been_taken(self, bench: Bench, human: Line) -> None:
        await bench.api.post("/jobs/j1/resolve", json=self.ASKED)
        await human.take(Resolve)
        await human.report("j1", 3, "not_done", attempt=1, reason=reason("decided_by_person"))
        assert (await twice(bench, "POST", "/jobs/j1/resolve", self.ASKED))["state"] == "not_done"
        answer = await bench.api.post("/jobs/j1/resolve", json=self.ASKED | {"decision": "done"})
        assert (answer.status_code, answer.json()["code"]) == (409, "already_final")
        await human.close()

    async def test_when_the_job_has_moved_on_it_was_not_taken(self, bench: Bench, human: Line) -> None:
        await bench.api.post("/jobs/j1/resolve", json=self.ASKED)
        await human.take(Resolve)
        await human.report("j1", 3, "human", attempt=1, reason=reason("device_silent"))
        answer = await bench.api.post("/jobs/j1/resolve", json=self.ASKED)
        assert (answer.status_code, answer.json()["code"]) == (409, "stale_rev")
        await human.close()


class TestOwnership:
    async def test_release(self, bench: Bench, line: Line) -> None:
        assert (await twice(bench, "POST", "/devices/17/release"))["state"] == "releasing"
        release = await line.take(Release)
        await line.nothing_more()
        await line.say(Released(kkm_id="17", binding_epoch=release.binding_epoch, not_started=[]))
        assert (await twice(bench, "POST", "/devices/17/release"))["state"] == "free"
        await line.close()

    async def test_what_never_belonged_to_anybody_is_not_released(self, bench: Bench) -> None:
        await bench.api.put("/devices", json={"kkm_id": "9"})
        for _ in range(2):
            assert (await bench.api.post("/devices/9/release")).json()["code"] == "device_not_bound"

    async def test_move_by_release(self, bench: Bench, line: Line) -> None:
        other = await greet(await pair(bench.api, "inst-2"))
        body = {"agent_id": other.player.agent_id}
        assert (await twice(bench, "POST", "/devices/17/move", body))["moving_to"] == other.player.agent_id
        release = await line.take(Release)
        await line.nothing_more()
        await line.say(Released(kkm_id="17", binding_epoch=release.binding_epoch, not_started=[]))
        moved = await twice(bench, "POST", "/devices/17/move", body)
        assert (moved["agent_id"], moved["binding_epoch"]) == (other.player.agent_id, 2)
        await other.take(Bind)
        await other.nothing_more()
        await other.close()
        await line.close()

    async def test_move_from_a_dead_pc(self, bench: Bench, line: Line) -> None:
        other = await pair(bench.api, "inst-2")
        await line.close()
        while (await bench.device())["online"]:
            pass
        body = {"agent_id": other.agent_id, "old_pc_off": True, "person": "Пётр"}
        moved = await twice(bench, "POST", "/devices/17/move", body)
        assert (moved["agent_id"], moved["binding_epoch"]) == (other.agent_id, 2)

    async def test_end_of_a_quarantine(self, bench: Bench, line: Line) -> None:
        line.player.write(5, "aa")
        await line.beat()
        await line.close()
        line.player.journal.clear()
        line = await greet(line.player, register())
        path, body = f"/agents/{line.player.agent_id}/confirm", {"person": "Пётр", "reason": "сверил"}
        assert (await bench.api.get("/agents")).json()["agents"][0]["state"] == "quarantined"
        assert (await twice(bench, "POST", path, body))["state"] == "active"
        assert (await bench.device())["binding_epoch"] == 2  # raised once
        answer = await bench.api.post(path, json=body | {"person": "Анна"})
        assert (answer.status_code, answer.json()["code"]) == (409, "not_quarantined")
        await line.close()


@pytest.mark.parametrize("verdict", ["confirm", "refuse"])
async def test_a_pairing_is_decided_once(bench: Bench, verdict: str) -> None:
    made = (await bench.api.post("/pairing-codes", json={})).json()
    await claim_code(bench.api, made["code"], new_key())
    await twice(bench, "POST", f"/pairing-codes/{made['code']}/{verdict}")
    other = "refuse" if verdict == "confirm" else "confirm"
    answer = await bench.api.post(f"/pairing-codes/{made['code']}/{other}")
    assert (answer.status_code, answer.json()["code"]) == (409, "pair_code_used")

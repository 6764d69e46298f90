"""Lists: every one in pages, by a cursor; jobs also by what they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from protocol.crm.messages import Event
from tests.server.conftest import Bench, job
from tests.server.player import pair


async def pages(api: httpx.AsyncClient, path: str, name: str, limit: int, **more: Any) -> list[list[dict[str, Any]]]:
    found, cursor = [], None
    while True:
        params = {"limit": limit, **more} | ({"cursor": cursor} if cursor is not None else {})
        answer = await api.get(path, params=params)
        assert answer.status_code == 200, answer.text
        found.append(answer.json()[name])
        cursor = answer.json()["cursor"]
        if cursor is None:
            return found


@pytest.fixture
async def shop(bench: Bench) -> Bench:
    """Five registers, five desks, five PCs, five jobs."""
    for n in range(5):
        player = await pair(bench.api, f"inst-{n}")
        await bench.api.put("/devices", json={"kkm_id": f"k{n}", "agent_id": player.agent_id})
        await bench.api.put("/desks", json={"desk_id": f"d{n}", "kkm_id": f"k{n}"})
        await bench.api.post("/jobs", json=job(f"j{n}", f"k{n}"))
    return bench


LISTS = [("/devices", "devices", "kkm_id"), ("/desks", "desks", "desk_id"), ("/agents", "agents", "agent_id"),
         ("/jobs", "jobs", "job_id")]  # fmt: skip


@pytest.mark.parametrize(("path", "name", "key"), LISTS)
async def test_pages_are_the_whole_list_cut(shop: Bench, path: str, name: str, key: str) -> None:
    ((*whole,),) = await pages(shop.api, path, name, 200)
    for limit in (1, 2, 5):
        cut = await pages(shop.api, path, name, limit)
        assert [len(page) for page in cut] == [limit] * (5 // limit) + [5 % limit] * bool(5 % limit)
        assert [row[key] for page in cut for row in page] == [row[key] for row in whole]


@pytest.mark.parametrize(("path", "name", "key"), LISTS)
@pytest.mark.parametrize(
    "cursor", ["?", "абв", "a", "bnVsbA", "W10", "WzFd" * 50, "WyJcdWQ4MDAiXQ", "x" * 301, "Wy0xXQ"]
)
async def test_what_is_no_cursor_is_refused(bench: Bench, path: str, name: str, key: str, cursor: str) -> None:
    answer = await bench.api.get(path, params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_request"), answer.text
    assert answer.json()["errors"][0]["field"] == "cursor"


async def test_a_cursor_reaches_no_other_account(shop: Bench) -> None:
    other = await shop.tenant("Другая")
    for path, name, _ in LISTS:
        cursor = (await shop.api.get(path, params={"limit": 2})).json()["cursor"]
        assert (await other.get(path, params={"cursor": cursor})).json()[name] == []


class TestJobs:
    @pytest.fixture
    async def jobs(self, bench: Bench) -> Bench:
        player = await pair(bench.api)
        await bench.api.put("/devices", json=[{"kkm_id": k, "agent_id": player.agent_id} for k in ("17", "18")])
        await bench.api.post("/jobs", json=job("a", order_ref="Заказ 1"))
        bench.clock.ahead += timedelta(hours=1)
        await bench.api.post("/jobs", json=job("b", "18") | {"kind": "x_report", "payload": {}})
        bench.clock.ahead += timedelta(hours=1)
        await bench.api.post("/jobs", json=job("c", order_ref="2") | {"kind": "cash_in", "payload": {"amount": "1.00"}})
        await bench.api.post("/jobs/c/cancel")
        return bench

    @pytest.mark.parametrize(
        ("params", "ids"),
        [
            ({}, ["c", "b", "a"]),
            ({"state": "cancelled"}, ["c"]),
            ({"state": ["queued", "cancelled"]}, ["c", "b", "a"]),
            ({"state": "done"}, []),
            ({"kind": "x_report"}, ["b"]),
            ({"kind": ["receipt", "cash_in"]}, ["c", "a"]),
            ({"kkm_id": "18"}, ["b"]),
            ({"kkm_id": "99"}, []),
            ({"order_ref": "Заказ 1"}, ["a"]),
            ({"order_ref": "2", "state": "queued"}, []),
        ],
    )
    async def test_by_what_they_are(self, jobs: Bench, params: dict[str, Any], ids: list[str]) -> None:
        found = (await jobs.api.get("/jobs", params=params)).json()["jobs"]
        assert [entry["job_id"] for entry in found] == ids

    async def test_by_when_they_were_posted(self, jobs: Bench) -> None:
        created = [(await jobs.state(name))["created_at"] for name in "abc"]

        async def ids(**params: str) -> list[str]:
            return [entry["job_id"] for entry in (await jobs.api.get("/jobs", params=params)).json()["jobs"]]

        assert await ids(since=created[1]) == ["c", "b"]
        assert await ids(until=created[1]) == ["a"]
        assert await ids(since=created[1], until=created[2]) == ["b"]
        elsewhere = datetime.fromisoformat(created[1]).astimezone().isoformat()
        assert await ids(since=elsewhere, until=created[2]) == ["b"]

    @pytest.mark.parametrize(
        ("params", "field"),
        [
            ({"since": "2026-03-01T12:00:00"}, "since"),  # whose noon?
            ({"until": "вчера"}, "until"),
            ({"kind": "reciept"}, "kind[0]"),
            ({"state": "lost"}, "state[0]"),
            ({"order_ref": ""}, "order_ref"),
            ({"order_ref": "x" * 201}, "order_ref"),
            ({"limit": "201"}, "limit"),
            ({"limit": "много"}, "limit"),
        ],
    )
    async def test_a_bad_filter_is_named(self, bench: Bench, params: dict[str, str], field: str) -> None:
        answer = await bench.api.get("/jobs", params=params)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_request"), answer.text
        assert answer.json()["errors"][0]["field"] == field


async def test_a_registers_events_are_followed_by_their_cursor(bench: Bench) -> None:
    _, line = await bench.bound()

    async def happen(name: str) -> None:
        await line.say(Event(event_id=name, kkm_id="17", kind="paper_out", at=datetime.now(UTC), body={"n": name}))

    async def after(cursor: str | None, limit: int = 2) -> tuple[list[str], str]:
        params = {"limit": limit} | ({"after": cursor} if cursor is not None else {})
        answer = await bench.api.get("/devices/17/events", params=params)
        assert answer.status_code == 200, answer.text
        return [entry["body"]["n"] for entry in answer.json()["events"]], answer.json()["cursor"]

    assert (await after(None))[0] == []
    for name in ("e1", "e2", "e3"):
        await happen(name)
    first, cursor = await after((await after(None, 1))[1])
    assert first == ["e2", "e3"]
    nothing, same = await after(cursor)
    assert (nothing, same) == ([], cursor)
    await happen("e4")
    await happen("e4")
    assert (await after(cursor))[0] == ["e4"]
    other = await bench.tenant("Другая")
    assert (await other.get("/devices/17/events")).status_code == 404
    assert (await bench.api.get("/devices/17/events", params={"after": "?"})).json()["errors"][0]["field"] == "after"
    await line.close()

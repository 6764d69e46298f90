"""POST /jobs and what follows without any agent saying a word."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.server.conftest import Bench, job, receipt
from tests.server.player import pair


@pytest.fixture
async def desk(bench: Bench) -> Bench:
    """Register 17, assigned to a PC that is off; at desk d1."""
    player = await pair(bench.api)
    await bench.api.put("/devices", json=[{"kkm_id": "17", "agent_id": player.agent_id}, {"kkm_id": "lonely"}])
    await bench.api.put("/desks", json=[{"desk_id": "d1", "kkm_id": "17"}, {"desk_id": "bare"}])
    return bench


async def test_a_job_waits_for_its_pc(desk: Bench) -> None:
    answer = await desk.api.post("/jobs", json=job(order_ref="1042"))
    assert answer.status_code == 202
    body = answer.json()
    assert body["state"] == "queued"
    assert body["rev"] == 0
    assert [line["state"] for line in body["history"]] == ["queued"]
    assert (await desk.state()) == body


async def test_the_same_request_again_gets_the_stored_answer(desk: Bench) -> None:
    first = await desk.api.post("/jobs", json=job())
    again = await desk.api.post("/jobs", json=job(allow_duplicate=True))
    assert (again.status_code, again.json()) == (202, first.json())


async def test_the_same_request_is_answered_even_when_it_would_be_refused_today(desk: Bench) -> None:
    first = await desk.api.post("/jobs", json=job(order_ref="1"))
    await desk.api.put("/devices", json={"kkm_id": "17", "agent_id": None})
    again = await desk.api.post("/jobs", json=job(order_ref="1"))
    assert (again.status_code, again.json()["job_id"]) == (202, first.json()["job_id"])


@pytest.mark.parametrize(
    "other", [{"payload": receipt("11.00")}, {"start_within_s": 60}, {"order_ref": "2"}, {"kkm_id": "lonely"}]
)
async def test_the_same_id_with_another_body_is_refused(desk: Bench, other: dict[str, Any]) -> None:
    await desk.api.post("/jobs", json=job())
    answer = await desk.api.post("/jobs", json=job() | other)
    assert (answer.status_code, answer.json()["code"]) == (409, "job_id_known")


async def test_concurrent_posts_make_one_job(desk: Bench) -> None:
    same = await asyncio.gather(*(desk.api.post("/jobs", json=job()) for _ in range(10)))
    assert {answer.status_code for answer in same} == {202}
    assert len({answer.text for answer in same}) == 1
    rivals = await asyncio.gather(
        *(desk.api.post("/jobs", json=job("j2", payload=receipt(f"{n}.00"))) for n in range(1, 11))
    )
    assert sorted(answer.status_code for answer in rivals) == [202] + [409] * 9
    assert len((await desk.api.get("/jobs")).json()["jobs"]) == 2


REFUSED: list[tuple[str, dict[str, Any], int, str, str | None]] = [
    ("unknown register", {"kkm_id": "99"}, 422, "unknown_kkm_id", None),
    ("unknown desk", {"kkm_id": None, "desk_id": "d9"}, 422, "unknown_desk", None),
    ("desk without a register", {"kkm_id": None, "desk_id": "bare"}, 409, "desk_without_device", None),
    ("register without a PC", {"kkm_id": "lonely"}, 409, "device_without_agent", None),
    ("kind of a later version", {"kind": "correction"}, 422, "kind_not_supported", None),
    ("kind that is none", {"kind": "sail"}, 422, "bad_request", "kind"),
    ("two places", {"desk_id": "d1"}, 422, "bad_request", ""),
    ("no place", {"kkm_id": None}, 422, "bad_request", ""),
    ("unknown field", {"priority": 1}, 422, "bad_request", "priority"),
    ("Cyrillic letter in the id", {"job_id": "оrder-1"}, 422, "bad_request", "job_id"),
    ("no time at all", {"start_within_s": 0}, 422, "bad_request", "start_within_s"),
    ("time as text", {"start_within_s": "120"}, 422, "bad_request", "start_within_s"),
    ("payload that is none", {"payload": []}, 422, "bad_request", "payload"),
    ("price as a number", {"payload": receipt(items=[])}, 422, "bad_payload", "payload.items"),
    (
        "payment below the total",
        {"payload": receipt(payments=[{"type": "card", "amount": "1.00"}])},
        422,
        "bad_payload",
        None,
    ),
    ("unknown fiscal field", {"payload": receipt(discount="1.00")}, 422, "bad_payload", "payload.discount"),
]


@pytest.mark.parametrize(("what", "change", "status", "code", "field"), REFUSED, ids=[row[0] for row in REFUSED])
async def test_a_refused_job_changes_nothing(
    desk: Bench, what: str, change: dict[str, Any], status: int, code: str, field: str | None
) -> None:
    answer = await desk.api.post("/jobs", json={k: v for k, v in (job() | change).items() if v is not None})
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code)
    assert body["detail"]
    assert body["advice"]
    if field is not None:
        assert body["errors"][0]["field"] == field
        assert body["errors"][0]["text"]
    assert (await desk.api.get("/jobs")).json() == {"jobs": [], "cursor": None}


async def test_a_foreign_letter_is_named_with_its_place(desk: Bench) -> None:
    answer = await desk.api.post("/jobs", json=job("order-о1"))
    assert "«о» на месте 7" in answer.json()["errors"][0]["text"]


async def test_warnings_do_not_refuse(desk: Bench) -> None:
    payload = receipt()
    del payload["cashier"]
    answer = await desk.api.post("/jobs", json=job(payload=payload))
    assert answer.status_code == 202
    assert [w["field"] for w in answer.json()["warnings"]] == ["payload.cashier"]


class TestMaybeDuplicate:
    async def test_the_same_thing_for_the_same_order_is_asked_about(self, desk: Bench) -> None:
        await desk.api.post("/jobs", json=job("a", order_ref="1"))
        answer = await desk.api.post("/jobs", json=job("b", order_ref="1"))
        assert (answer.status_code, answer.json()["code"]) == (409, "maybe_duplicate")
        assert answer.json()["params"]["job_id"] == "a"

    @pytest.mark.parametrize(
        "other",
        [
            {"allow_duplicate": True},
            {"order_ref": "2"},
            {"order_ref": None},
            {"payload": receipt("11.00")},
            {"payload": receipt(type="sell_return")},
        ],
    )
    async def test_another_thing_is_not(self, desk: Bench, other: dict[str, Any]) -> None:
        await desk.api.post("/jobs", json=job("a", order_ref="1"))
        body = {k: v for k, v in (job("b", order_ref="1") | other).items() if v is not None}
        assert (await desk.api.post("/jobs", json=body)).status_code == 202

    async def test_an_ended_one_is_no_twin(self, desk: Bench) -> None:
        await desk.api.post("/jobs", json=job("a", order_ref="1"))
        await desk.api.post("/jobs/a/cancel")
        assert (await desk.api.post("/jobs", json=job("b", order_ref="1"))).status_code == 202


async def test_never_sent_and_cancelled_is_cancelled_at_once(desk: Bench) -> None:
    await desk.api.post("/jobs", json=job())
    body = (await desk.api.post("/jobs/j1/cancel")).json()
    assert (body["state"], body["reason"]["code"]) == ("cancelled", "cancelled_by_crm")
    again = await desk.api.post("/jobs/j1/cancel")
    assert (again.status_code, again.json()) == (200, body)


async def test_time_to_start_passes_and_comes_back(desk: Bench) -> None:
    await desk.api.post("/jobs", json=job())
    await desk.later(119)
    assert (await desk.state())["state"] == "queued"
    await desk.later(2)
    held = await desk.state()
    assert (held["state"], held["reason"]["code"]) == ("held", "lease_passed")
    renewed = (await desk.api.post("/jobs/j1/renew", json={"start_within_s": 60})).json()
    assert (renewed["state"], renewed["lease_no"], renewed["reason"]) == ("queued", 2, None)
    await desk.later(61)
    assert (await desk.state())["state"] == "held"


async def test_held_for_a_day_is_cancelled(desk: Bench) -> None:
    await desk.api.post("/jobs", json=job())
    await desk.later(121)
    await desk.later(24 * 3600 - 1)
    assert (await desk.state())["state"] == "held"
    await desk.later(2)
    body = await desk.state()
    assert (body["state"], body["reason"]["code"]) == ("cancelled", "held_too_long")


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("resolve", {"decision": "done", "person": "Пётр", "reason": "видел чек", "rev": 0}, "not_human"),
        ("renew", {"start_within_s": 0}, "bad_request"),
        ("resolve", {"decision": "perhaps", "person": "П", "reason": "?", "rev": 0}, "bad_request"),
    ],
)
async def test_the_machine_refuses_by_name(desk: Bench, path: str, body: dict[str, Any], code: str) -> None:
    await desk.api.post("/jobs", json=job())
    answer = await desk.api.post(f"/jobs/j1/{path}", json=body)
    assert answer.json()["code"] == code
    assert (await desk.state())["state"] == "queued"


async def test_pages_and_filters(desk: Bench) -> None:
    for n in range(5):
        await desk.api.post("/jobs", json=job(f"j{n}"))
    await desk.api.post("/jobs/j3/cancel")
    first = (await desk.api.get("/jobs", params={"limit": 2})).json()
    second = (await desk.api.get("/jobs", params={"limit": 2, "cursor": first["cursor"]})).json()
    third = (await desk.api.get("/jobs", params={"limit": 2, "cursor": second["cursor"]})).json()
    pages = [[entry["job_id"] for entry in page["jobs"]] for page in (first, second, third)]
    assert pages == [["j4", "j3"], ["j2", "j1"], ["j0"]]
    assert third["cursor"] is None
    cancelled = (await desk.api.get("/jobs", params={"state": "cancelled"})).json()["jobs"]
    assert [entry["job_id"] for entry in cancelled] == ["j3"]
    assert (await desk.api.get("/jobs", params={"kkm_id": "lonely"})).json()["jobs"] == []


async def test_a_desk_stands_for_its_register(desk: Bench) -> None:
    body = job()
    del body["kkm_id"]
    answer = (await desk.api.post("/jobs", json=body | {"desk_id": "d1"})).json()
    assert (answer["kkm_id"], answer["desk_id"]) == ("17", "d1")


async def test_everything_outlives_a_restart(desk: Bench) -> None:
    before = (await desk.api.post("/jobs", json=job(order_ref="1"))).json()
    await desk.restart()
    assert await desk.state() == before
    again = await desk.api.post("/jobs", json=job(order_ref="1"))
    assert (again.status_code, again.json()) == (202, before)

"""Who may do what: keys, scopes, tenants; and every refusal in one form."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.server.conftest import Bench, job, receipt
from tests.server.player import greet, pair, update


async def ask(api: httpx.AsyncClient, method: str, path: str, body: Any, **more: Any) -> httpx.Response:
    return await api.request(method, path, json=body, **more)


def is_problem(answer: httpx.Response, status: int, code: str) -> bool:
    body = answer.json()
    return (
        answer.headers["content-type"] == "application/problem+json"
        and (answer.status_code, body["status"], body["code"]) == (status, status, code)
        and body["type"] == f"urn:kassabridge:problem:{code}"
        and bool(body["title"] and body["detail"] and body["advice"])
    )


CROSSINGS: list[tuple[str, str, Any, int]] = [
    ("GET", "/jobs/j1", None, 404),
    ("POST", "/jobs/j1/cancel", None, 404),
    ("POST", "/jobs/j1/renew", {}, 404),
    ("POST", "/jobs/j1/resolve", {"decision": "done", "person": "П", "reason": "видел", "rev": 1}, 404),
    ("POST", "/jobs", job("mine"), 422),
    ("POST", "/jobs", {k: v for k, v in job("mine", desk_id="d1").items() if k != "kkm_id"}, 422),
    ("GET", "/devices/17", None, 404),
    ("POST", "/devices/17/release", None, 404),
    ("POST", "/devices/17/move", {"agent_id": "AGENT"}, 404),
    ("POST", "/devices/own/move", {"agent_id": "AGENT"}, 422),
    ("PUT", "/devices", {"kkm_id": "own", "agent_id": "AGENT"}, 422),
    ("PUT", "/desks", {"desk_id": "own", "kkm_id": "17"}, 422),
    ("POST", "/agents/AGENT/confirm", {"person": "П", "reason": "сверил"}, 404),
]


async def test_a_stranger_reaches_nothing(bench: Bench) -> None:
    player, line = await bench.bound()
    await bench.api.put("/desks", json={"desk_id": "d1", "kkm_id": "17"})
    await bench.api.post("/jobs", json=job())
    other = await bench.tenant("Другая")
    await other.put("/devices", json={"kkm_id": "own"})
    before = (await bench.state(), await bench.device())
    for method, path, body, status in CROSSINGS:
        named = json.loads(json.dumps(body).replace("AGENT", player.agent_id))
        answer = await ask(other, method, path.replace("AGENT", player.agent_id), named)
        assert answer.status_code == status, (method, path, answer.text)
    assert (await bench.state(), await bench.device()) == before
    for listing, name in (("/jobs", "jobs"), ("/desks", "desks"), ("/agents", "agents")):
        assert (await other.get(listing)).json()[name] == []
    assert [d["kkm_id"] for d in (await other.get("/devices")).json()["devices"]] == ["own"]
    await line.close()


async def test_the_same_ids_belong_to_each_tenant_apart(bench: Bench) -> None:
    _, line = await bench.bound()
    other = await bench.tenant("Другая")
    theirs = await pair(other, "inst-2")
    await other.put("/devices", json={"kkm_id": "17", "agent_id": theirs.agent_id})
    await bench.api.post("/jobs", json=job())
    answer = await other.post("/jobs", json=job(payload=receipt("77.00")))
    assert answer.status_code == 202
    stranger = await greet(theirs)
    await stranger.send(update("j1", 9, "done"))
    await stranger.recv()
    assert (await bench.state())["state"] == "queued"
    await stranger.close()
    await line.close()


@pytest.mark.parametrize(
    ("method", "path", "content", "status", "code"),
    [
        ("GET", "/nowhere", None, 404, "not_found"),
        ("DELETE", "/jobs", None, 405, "method_not_allowed"),
        ("POST", "/jobs", b"{", 422, "bad_request"),
        ("POST", "/jobs", b"[]", 422, "bad_request"),
        ("POST", "/jobs", b"", 422, "bad_request"),
        ("POST", "/jobs", '{"job_id":"j"}'.encode("utf-16"), 400, "bad_request"),
        ("POST", "/jobs", '{"job_id":"я"}'.encode("cp1251"), 400, "bad_request"),
        ("POST", "/jobs", b'{"a":' + b"[" * 16 + b"]" * 16 + b"}", 422, "message_too_deep"),
        ("POST", "/jobs", b'"' + b"x" * 256 * 1024 + b'"', 413, "message_too_large"),
        ("POST", "/jobs", '{"job_id":"j","kkm_id":"1","kind":"receipt","payload":{"x":NaN}}', 422, "bad_request"),
        ("POST", "/jobs", '{"job_id":"j","kkm_id":"1","kind":"receipt","payload":{"x":"\\ud800"}}', 422, "bad_request"),
        ("GET", "/jobs?limit=0", None, 422, "bad_request"),
        ("GET", "/jobs?cursor=abc", None, 422, "bad_request"),
        ("GET", "/jobs?state=lost", None, 422, "bad_request"),
        ("PUT", "/desks", '{"desk_id":"d","timezone":"Mars/Base"}', 422, "bad_request"),
        ("PUT", "/desks", '{"desk_id":"d","timezone":"../../etc/passwd"}', 422, "bad_request"),
        ("PUT", "/desks", '{"desk_id":"d","kkm_id":"nope"}', 422, "unknown_kkm_id"),
        ("PUT", "/devices", '{"kkm_id":"к1"}', 422, "bad_request"),
        ("POST", "/jobs/nope/cancel", None, 404, "unknown_job"),
    ],
)
async def test_every_error_is_a_problem(
    bench: Bench, method: str, path: str, content: bytes | str | None, status: int, code: str
) -> None:
    answer = await bench.api.request(method, path, content=content, headers={"Content-Type": "application/json"})
    assert is_problem(answer, status, code), answer.text


async def test_a_body_without_a_length_is_limited_too(bench: Bench) -> None:
    async def endless() -> Any:
        for _ in range(40):
            yield b"x" * 8192

    answer = await bench.api.post("/jobs", content=endless())
    assert is_problem(answer, 413, "message_too_large")


@pytest.mark.parametrize(
    ("header", "title"),
    [
        (None, "Такого задания нет."),
        ("de", "Такого задания нет."),
        ("en-GB,ru;q=0.5", "There is no such job."),
        ("ru, en", "Такого задания нет."),
        ("en;q=0.5, ru;q=0.9", "Такого задания нет."),
        ("de, en; q=0.5", "There is no such job."),
        ("en;q=0", "Такого задания нет."),
        ("en;q=much", "There is no such job."),
    ],
)
async def test_the_readers_language(bench: Bench, header: str | None, title: str) -> None:
    headers = {"Accept-Language": header} if header else {}
    assert (await bench.api.get("/jobs/nope", headers=headers)).json()["title"] == title


async def test_the_documents_about_itself(bench: Bench) -> None:
    async with httpx.AsyncClient(base_url=bench.url, trust_env=False, verify=False) as anyone:
        assert (await anyone.get("/healthz")).json() == {"status": "ok"}
        assert (await anyone.get("/readyz")).json() == {"status": "ready"}
        schema = (await anyone.get("/openapi.json")).json()
    post = schema["paths"]["/api/v1/jobs"]["post"]
    assert "application/problem+json" in post["responses"]["422"]["content"]


class TestDirectory:
    async def test_many_or_none(self, bench: Bench) -> None:
        answer = await bench.api.put("/devices", json=[{"kkm_id": "1"}, {"kkm_id": "2", "agent_id": "ag_nobody"}])
        assert answer.json()["code"] == "unknown_agent"
        assert (await bench.api.get("/devices")).json()["devices"] == []

    async def test_what_is_left_out_stays(self, bench: Bench) -> None:
        await bench.api.put("/devices", json={"kkm_id": "1", "name": "У входа", "register_serial": "77"})
        device = (await bench.api.put("/devices/1", json={"name": "У окна"})).json()
        assert (device["name"], device["register_serial"]) == ("У окна", "77")

    async def test_a_bound_register_is_not_reassigned_by_the_way(self, bench: Bench) -> None:
        _, line = await bench.bound()
        other = await pair(bench.api, "inst-2")
        answer = await bench.api.put("/devices/17", json={"agent_id": other.agent_id})
        assert is_problem(answer, 409, "device_already_bound")
        answer = await bench.api.put("/devices/17", json={"register_serial": "0002"})
        assert is_problem(answer, 409, "register_changed")
        await line.close()

    async def test_one_register_stands_at_one_desk(self, bench: Bench) -> None:
        await bench.api.put("/devices", json={"kkm_id": "1"})
        await bench.api.put("/desks", json={"desk_id": "a", "kkm_id": "1"})
        answer = await bench.api.put("/desks", json={"desk_id": "b", "kkm_id": "1"})
        assert is_problem(answer, 409, "device_at_other_desk")

    async def test_a_desks_new_policy_reaches_its_agent(self, bench: Bench) -> None:
        _, line = await bench.bound()
        policy = {"open": "manual", "close_expired": "auto"}
        await bench.api.put("/desks", json={"desk_id": "a", "kkm_id": "17", "shift_policy": policy, "held_hours": 3})
        desk = (await line.bind()).binding.desk
        assert (desk.open_shift, desk.close_expired_shift, desk.held_hours) == (False, True, 3)
        await line.close()

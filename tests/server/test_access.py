"""Who may do what: keys, scopes, tenants; and every refusal in one form."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest

from server.services.access import FIRST_KEY, Scope
from tests.server.conftest import Bench, job, receipt
from tests.server.player import greet, pair, update

ROUTES: list[tuple[str, str, Any, Scope]] = [
    ("POST", "/jobs", job(), Scope.JOBS),
    ("GET", "/jobs", None, Scope.JOBS),
    ("GET", "/jobs/j1", None, Scope.JOBS),
    ("GET", "/jobs/j1/receipt.svg", None, Scope.JOBS),
    ("GET", "/jobs/j1/receipt.html", None, Scope.JOBS),
    ("POST", "/jobs/j1/cancel", None, Scope.JOBS),
    ("POST", "/jobs/j1/renew", {}, Scope.JOBS),
    (
        "POST",
        "/jobs/j1/resolve",
        {"decision": "done", "person": "П", "reason": "видел", "rev": 1},
        Scope.DECIDE,
    ),
    ("GET", "/devices", None, Scope.DIRECTORY),
    ("PUT", "/devices", {"kkm_id": "1"}, Scope.DIRECTORY),
    ("GET", "/devices/17", None, Scope.DIRECTORY),
    ("GET", "/devices/17/events", None, Scope.DIRECTORY),
    ("PUT", "/devices/17", {}, Scope.DIRECTORY),
    ("POST", "/devices/17/release", None, Scope.DIRECTORY),
    ("POST", "/devices/17/move", {"agent_id": "ag"}, Scope.DIRECTORY),
    ("GET", "/desks", None, Scope.DIRECTORY),
    ("PUT", "/desks", {"desk_id": "1"}, Scope.DIRECTORY),
    ("GET", "/agents", None, Scope.DIRECTORY),
    ("POST", "/agents/ag/confirm", {"person": "П", "reason": "сверил"}, Scope.DECIDE),
    ("POST", "/agents/ag/doctor", {}, Scope.SUPPORT),
    ("GET", "/agents/ag/doctor", None, Scope.SUPPORT),
    ("POST", "/agents/ag/bundle", {"person": "П", "reason": "не печатает"}, Scope.SUPPORT),
    ("GET", "/agents/ag/bundle", None, Scope.SUPPORT),
    ("GET", "/support/requests", None, Scope.SUPPORT),
    ("GET", "/support/bundles", None, Scope.SUPPORT),
    ("GET", "/support/bundles/bu", None, Scope.SUPPORT),
    ("GET", "/support/bundles/bu/content", None, Scope.SUPPORT),
    ("POST", "/pairing-codes", {}, Scope.DIRECTORY),
    ("GET", "/pairing-codes/AAAAAAAAAA", None, Scope.DIRECTORY),
    ("POST", "/pairing-codes/AAAAAAAAAA/confirm", None, Scope.DIRECTORY),
    ("POST", "/pairing-codes/AAAAAAAAAA/refuse", None, Scope.DIRECTORY),
    ("POST", "/webhooks", {"url": "https://crm.example/hook"}, Scope.WEBHOOKS),
    ("GET", "/webhooks", None, Scope.WEBHOOKS),
    ("GET", "/webhooks/wh", None, Scope.WEBHOOKS),
    ("PATCH", "/webhooks/wh", {}, Scope.WEBHOOKS),
    ("DELETE", "/webhooks/wh", None, Scope.WEBHOOKS),
    ("POST", "/webhooks/wh/test", None, Scope.WEBHOOKS),
    ("GET", "/webhooks/wh/deliveries", None, Scope.WEBHOOKS),
    ("GET", "/events?type=nothing", None, Scope.JOBS),  # refused before the stream begins
]
PUBLIC = {
    ("POST", "/pair"),
    ("POST", "/pair/{claim_id}"),
    ("GET", "/pair/{claim_id}"),
    ("POST", "/places"),  # signed by the PC
    ("GET", "/codes"),
    ("POST", "/support/bundles"),  # signed by the PC
    ("POST", "/session"),
    ("GET", "/invitations/{code}"),
    ("POST", "/invitations/{code}"),
}
PERSONS = {
    ("GET", "/session"),
    ("DELETE", "/session"),
    ("POST", "/session/password"),
    ("GET", "/sessions"),
    ("DELETE", "/sessions"),
    ("DELETE", "/sessions/{session_id}"),
}
"""What only somebody who has signed in does."""
READABLE = ("/jobs", "/devices", "/desks", "/agents", "/events")
"""What the scope ``read`` may read."""


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


async def test_every_route_needs_a_key_and_its_scope(bench: Bench) -> None:
    others = {scope: tuple(s for s in Scope if s not in (scope, Scope.READ)) for scope in FIRST_KEY}
    keys = {scope: await bench.key(bench.api, *others[scope]) for scope in FIRST_KEY}
    for method, path, body, scope in ROUTES:
        for header in ("", "Bearer", "Bearer kb_wrong", "Basic a2I6a2I="):
            answer = await ask(bench.api, method, path, body, headers={"Authorization": header})
            assert is_problem(answer, 401, "unauthorized"), (method, path, header, answer.text)
            assert answer.headers["www-authenticate"].startswith("Bearer")
        answer = await ask(keys[scope], method, path, body)
        assert is_problem(answer, 403, "forbidden"), (method, path, answer.text)
        answer = await ask(bench.api, method, path, body)
        assert answer.status_code not in (401, 403, 500), (method, path, answer.text)


async def test_a_reading_key_reads_and_changes_nothing(bench: Bench) -> None:
    reader = await bench.key(bench.api, Scope.READ)
    for method, path, body, scope in ROUTES:
        answer = await ask(reader, method, path, body)
        readable = method == "GET" and path.startswith(READABLE) and scope is not Scope.SUPPORT
        assert (answer.status_code != 403) == readable, (method, path, answer.text)


async def test_the_table_above_is_the_whole_api(bench: Bench) -> None:
    """A route that is forgotten here would be a route without an owner; none signs what a caller hands in."""
    paths = (await bench.api.get("/openapi.json")).json()["paths"]
    real = {
        (method.upper(), path.removeprefix("/api/v1"))
        for path, methods in paths.items()
        for method in methods
        if path.startswith("/api/v1")
    }
    tested = {(method, path) for method, path, _, _ in ROUTES}

    def template(path: str) -> str:
        path = re.sub(r"^/jobs/j1", "/jobs/{job_id}", path)
        path = re.sub(r"^/devices/17", "/devices/{kkm_id}", path)
        path = re.sub(r"^/webhooks/wh", "/webhooks/{webhook_id}", path.partition("?")[0])
        path = re.sub(r"^/agents/ag", "/agents/{agent_id}", path)
        path = re.sub(r"^/support/bundles/bu", "/support/bundles/{bundle_id}", path)
        return re.sub(r"AAAAAAAAAA", "{code}", path)

    assert {(method, template(path)) for method, path in tested} | PUBLIC | PERSONS == real


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

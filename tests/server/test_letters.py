"""A letter that only looks Latin is named with its place, wherever an id stands."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.conftest import Bench, job

OF = "«о» на месте 3"

CASES: list[tuple[str, str, Any, int, str, str]] = [
    # method, path, body, status, code, field
    ("GET", "/jobs/abо", None, 404, "unknown_job", "job_id"),
    ("POST", "/jobs/abо/cancel", None, 404, "unknown_job", "job_id"),
    ("POST", "/jobs/abо/renew", {}, 404, "unknown_job", "job_id"),
    (
        "POST",
        "/jobs/abо/resolve",
        {"decision": "done", "person": "П", "reason": "видел", "rev": 1},
        404,
        "unknown_job",
        "job_id",
    ),
    ("GET", "/devices/abо", None, 404, "unknown_kkm_id", "kkm_id"),
    ("GET", "/devices/abо/events", None, 404, "unknown_kkm_id", "kkm_id"),
    ("PUT", "/devices/abо", {}, 422, "bad_request", "kkm_id"),
    ("POST", "/devices/abо/release", None, 404, "unknown_kkm_id", "kkm_id"),
    ("POST", "/devices/abо/move", {"agent_id": "ag"}, 404, "unknown_kkm_id", "kkm_id"),
    ("POST", "/devices/17/move", {"agent_id": "abо"}, 422, "unknown_agent", "agent_id"),
    ("POST", "/agents/abо/confirm", {"person": "П", "reason": "сверил"}, 404, "unknown_agent", "agent_id"),
    ("GET", "/jobs?kkm_id=abо", None, 422, "bad_request", "kkm_id"),
    ("POST", "/jobs", job("abо"), 422, "bad_request", "job_id"),
    ("POST", "/jobs", job("j1", "abо"), 422, "bad_request", "kkm_id"),
    ("POST", "/jobs", {k: v for k, v in job(desk_id="abо").items() if k != "kkm_id"}, 422, "bad_request", "desk_id"),
    ("PUT", "/devices", {"kkm_id": "abо"}, 422, "bad_request", "kkm_id"),
    ("PUT", "/devices", [{"kkm_id": "1"}, {"kkm_id": "abо"}], 422, "bad_request", "[1].kkm_id"),
    ("PUT", "/devices", {"kkm_id": "1", "agent_id": "abо"}, 422, "unknown_agent", "agent_id"),
    ("PUT", "/desks", {"desk_id": "abо"}, 422, "bad_request", "desk_id"),
    ("PUT", "/desks", {"desk_id": "1", "kkm_id": "abо"}, 422, "bad_request", "kkm_id"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "code", "field"), CASES)
async def test_named_with_its_place_and_its_twin(
    bench: Bench, method: str, path: str, body: Any, status: int, code: str, field: str
) -> None:
    await bench.api.put("/devices", json={"kkm_id": "17"})
    answer = await bench.api.request(method, path, json=body)
    found = answer.json()
    assert (answer.status_code, found["code"]) == (status, code), answer.text
    (error,) = found["errors"]
    assert (error["field"], error["code"]) == (field, "E_LETTER")
    assert OF in error["text"]
    assert "латинскую «o»" in error["text"]
    assert error["text"] in found["detail"]


@pytest.mark.parametrize("path", ["/jоbs", "/devices/17/rеlease"])
async def test_in_the_address_itself(bench: Bench, path: str) -> None:
    found = (await bench.api.post(path)).json()
    assert (found["status"], found["code"]) == (404, "not_found")
    position = 1 + next(n for n, letter in enumerate("/api/v1" + path) if not letter.isascii())
    assert found["errors"][0]["field"] == "url"
    assert f"на месте {position} " in found["errors"][0]["text"]


async def test_in_the_key(bench: Bench) -> None:
    key = bench.api.headers["authorization"].replace("kb_", "кb_")
    answer = await bench.api.get("/jobs", headers=[(b"authorization", key.encode("utf-8"))])
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert "«к» на месте 1" in answer.json()["errors"][0]["text"]
    assert key[10:] not in answer.text


async def test_an_unknown_id_of_plain_letters_is_just_unknown(bench: Bench) -> None:
    found = (await bench.api.get("/jobs/ab0")).json()
    assert (found["code"], found["errors"], found["params"]) == ("unknown_job", [], {"job_id": "ab0"})

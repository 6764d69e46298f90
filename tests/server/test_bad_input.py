"""Bad input of every kind to every route: a named error, and the database is as it was before."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from protocol.crm.codes import CODES
from server.app import build_app
from server.settings import Settings
from server.store.models import Base
from tests.server.conftest import Bench, job
from tests.server.test_matrix import OF_PERSONS

SCHEMA: dict[str, Any] = build_app(Settings()).openapi()
API = "/api/v1"
PERSONS = {(row.method, row.path) for row in OF_PERSONS}
"""Routes that no key opens, a good one neither."""
PUBLIC = ("/healthz", "/readyz", f"{API}/codes")  # nothing of anybody
HERE = {
    "job_id": "j1",
    "kkm_id": "17",
    "agent_id": "ag_x",
    "webhook_id": "wh_x",
    "bundle_id": "bu_x",
    "code": "ABCDEFGH",
    "claim_id": "cl_x",
    "desk_id": "d1",
    "event_id": "ev_x",
    "user_id": "us_x",
    "key_id": "key_x",
    "session_id": "se_x",
    "proposal_id": "pp_x",
}


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in SCHEMA["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def filled(path: str, **more: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda name: (HERE | more)[name[1]], path)


ALL = [(method, path) for method, path, _ in operations()]
BODIES = [(method, path) for method, path, operation in operations() if "requestBody" in operation]
IDS = [(method, path, name) for method, path in ALL for name in re.findall(r"\{(\w+)\}", path)]
QUERIES = [
    (path, parameter["name"])
    for _, path, operation in operations()
    for parameter in operation.get("parameters", ())
    if parameter["in"] == "query"
]

WRONG_BODIES: dict[str, bytes] = {
    "too large": b'{"x": "' + b"a" * (256 * 1024) + b'"}',
    "too deep": b"[" * 2000 + b"]" * 2000,
    "deep objects": b'{"a":' * 40 + b"1" + b"}" * 40,
    "not JSON": b"{'a': 1}",
    "half of it": b'{"job_id": "j9", ',
    "no text": b"\xff\xfe\x00\x01",
    "a number": b"7",
    "a text": b'"x"',
    "true": b"true",
    "NaN": b'{"payload": NaN}',
    "infinity": b'{"start_within_s": 1e999}',
    "an unknown field": b'{"\xd0\xbd\xd0\xb5\xd1\x82 \xd1\x82\xd0\xb0\xd0\xba\xd0\xbe\xd0\xb3\xd0\xbe": 1}',
    "wrong types": json.dumps(
        {
            name: [{"a": None}]
            for name in (
                "job_id", "kkm_id", "desk_id", "kind", "payload", "url", "types", "agent_id", "decision", "person",
                "name", "reason", "rev", "public_key", "code", "install_id", "pc_name", "start_within_s",
                "sig", "enabled",
            )
        }
    ).encode(),
    "control characters": json.dumps(dict.fromkeys(HERE, "a\x00b\x1b[31m\r\n") | {"url": "http://a\r\nb"}).encode(),
    "half a surrogate pair": b'{"job_id": "\\ud800", "kkm_id": "\\udfff", "name": "\\ud800", "url": "\\ud800"}',
    "a huge number": b'{"rev": ' + b"9" * 400 + b', "start_within_s": ' + b"9" * 400 + b"}",
    "an endless number": b'{"rev": ' + b"9" * 20000 + b"}",
}  # fmt: skip
WRONG_IDS = {
    "NUL": "a%00b",
    "line end": "a%0d%0ab",
    "Cyrillic": "%D0%B01",
    "no UTF-8": "%ff%fe",
    "long": "a" * 300,
    "a slash": "..%2f..%2fetc",
    "SQL": "1%27%20OR%20%271%27=%271",
    "blank": "%20",
}


async def dump(bench: Bench) -> str:
    """Everything but how often a stranger has tried."""
    async with bench.services.database.read() as work:
        tables = [t for t in Base.metadata.sorted_tables if t.name not in ("wrong_tries",)]
        return "\n".join([f"{t.name} {await work.session.rows(select(t))}" for t in tables])


async def refused(bench: Bench, answer: httpx.Response, before: str) -> dict[str, Any]:
    assert 400 <= answer.status_code < 500, (answer.status_code, answer.text[:300])
    assert answer.headers["content-type"] == "application/problem+json", answer.text[:300]
    problem: dict[str, Any] = answer.json()
    assert problem["code"] in CODES
    assert problem["title"]
    assert len(answer.content) < 64 * 1024
    assert await dump(bench) == before
    return problem


@pytest.fixture
async def used(bench: Bench) -> Bench:
    """A server in use: a bound register and an open job."""
    _, line = await bench.bound()
    await bench.api.post("/jobs", json=job())
    await line.accept()
    await line.close()
    for _ in range(500):
        if not (await bench.device())["online"]:
            return bench
        await asyncio.sleep(0.01)
    raise AssertionError("the server has not noticed that the agent is gone")


def url(bench: Bench, path: str) -> str:
    return bench.url + path


@pytest.mark.parametrize(("method", "path"), BODIES)
async def test_bodies(used: Bench, method: str, path: str) -> None:
    before = await dump(used)
    for what, body in WRONG_BODIES.items():
        answer = await used.api.request(
            method, url(used, filled(path)), content=body, headers={"content-type": "application/json"}
        )
        try:
            await refused(used, answer, before)
        except AssertionError as error:
            raise AssertionError(f"{what}: {error}") from error


@pytest.mark.parametrize(("method", "path", "name"), IDS)
async def test_ids(used: Bench, method: str, path: str, name: str) -> None:
    before = await dump(used)
    for what, given in WRONG_IDS.items():
        if (method, what) == ("DELETE", what):
            continue  # what is not there is as good as deleted
        answer = await used.api.request(method, url(used, filled(path, **{name: given})), json={})
        if path.startswith("/pair/") and answer.status_code == 200:
            continue  # the page explains by itself what is wrong with a code
        try:
            await refused(used, answer, before)
        except AssertionError as error:
            raise AssertionError(f"{what}: {error}") from error


@pytest.mark.parametrize(("path", "name"), QUERIES)
@pytest.mark.parametrize("value", ["%00", "%D0%B0", "-1", "x" * 500, "%ff", "99999999999999999999999"])
async def test_queries(used: Bench, path: str, name: str, value: str) -> None:
    before = await dump(used)
    async with used.api.stream("GET", url(used, f"{filled(path)}?{name}={value}")) as answer:
        if answer.status_code != 200:  # a stream of events would not end by itself
            await answer.aread()
    if answer.status_code == 200:  # a text to search by may be anything; then nothing is found by it
        assert await dump(used) == before
        return
    await refused(used, answer, before)


@pytest.mark.parametrize(("method", "path"), [one for one in ALL if one[1] not in PUBLIC])
async def test_without_a_key_and_with_anothers(used: Bench, method: str, path: str) -> None:
    """A stranger changes nothing; another account finds nothing of this one's."""
    before = await dump(used)
    nobody = used.client("Bearer kb_nobody")
    answer = await nobody.request(method, url(used, filled(path)), json={})
    if "security" in _operation(method, path):
        refusal = (403, "person_needed") if (method, path.removeprefix(API)) in PERSONS else (401, "unauthorized")
        assert (answer.status_code, answer.json()["code"]) == refusal
    assert answer.status_code >= 400 or not path.startswith(API), answer.text[:200]
    assert await dump(used) == before
    other = await used.tenant("Чужие")
    before = await dump(used)
    if "{" in path and method != "DELETE" and path.startswith(API) and "security" in _operation(method, path):
        body = {"decision": "done", "person": "x", "reason": "x", "rev": 1} if path.endswith("resolve") else {}
        if path.endswith("/devices/{kkm_id}") and method == "PUT":
            return  # makes a device of one's own under that id
        answer = await other.request(method, url(used, filled(path)), json=body)
        await refused(used, answer, before)


def _operation(method: str, path: str) -> dict[str, Any]:
    found: dict[str, Any] = SCHEMA["paths"][path][method.lower()]
    return found


def test_every_id_of_an_address_has_an_example_here() -> None:
    assert {name for _, _, name in IDS} <= set(HERE)
    assert len(BODIES) > 10
    assert len(IDS) > 15


async def test_deep_and_large_are_told_apart(used: Bench) -> None:
    before = await dump(used)
    large = await used.api.post("/jobs", content=WRONG_BODIES["too large"])
    assert (await refused(used, large, before))["code"] == "message_too_large"
    deep = await used.api.post("/jobs", content=WRONG_BODIES["too deep"])
    assert (await refused(used, deep, before))["code"] == "message_too_deep"

"""Schemathesis over every route of the API's own description: whatever it sends, no answer is an error of the server's
own, and every answer is one that the description names, with the content that it promises.

Half of the calls go to what is there (a register, a desk, a job, a PC, …), or they would all end with 404.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from server.settings import Limits
from tests.server.conftest import Bench, job
from tests.server.player import pair

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ENDLESS = {"/api/v1/events", "/api/v1/agents/{agent_id}/log/stream"}
"""A stream has no end to wait for: ``test_feed``, ``test_logs``."""
BYTES = {("POST", "/api/v1/support/bundles")}
"""A signed zip, which no description of JSON can make up: ``test_support``."""
EXAMPLES = 12


@pytest.fixture
def limits() -> Limits:
    """Nothing here is about calling too often."""
    return Limits(
        connections_per_minute=10**6, wrong_keys_per_minute=10**6, call_burst=10**6, calls_per_second=1e6,
        pairing_tries=10**6,
    )  # fmt: skip


@dataclass
class Seen:
    answers: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    wrong: dict[str, str] = field(default_factory=dict)


async def furnished(bench: Bench) -> dict[str, str]:
    """One of everything; the names of path parameters with what is there."""
    player = await pair(bench.api)
    await bench.api.put("/devices", json={"kkm_id": "17", "agent_id": player.agent_id})
    await bench.api.put("/desks", json={"desk_id": "front", "kkm_id": "17"})
    assert (await bench.api.post("/jobs", json=job("order-1"))).status_code == 202
    code = (await bench.api.post("/pairing-codes", json={})).json()["code"]
    hook = (await bench.api.post("/webhooks", json={"url": "http://127.0.0.1:9/"})).json()["webhook_id"]
    return {
        "kkm_id": "17",
        "job_id": "order-1",
        "agent_id": player.agent_id,
        "code": code,
        "webhook_id": hook,
    }


def operations(url: str, mode: GenerationMode) -> Iterator[tuple[str, str, Any]]:
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    for found in schema.get_all_operations():
        operation = found.ok()
        method, path = operation.method.upper(), operation.path
        if path not in ENDLESS and (method, path) not in BYTES:
            yield method, path, operation.as_strategy(generation_mode=mode)


@dataclass
class Caller:
    url: str
    headers: dict[str, str]
    there: dict[str, str]
    seen: Seen = field(default_factory=Seen)

    def everything(self, mode: GenerationMode) -> Seen:
        for method, path, cases in operations(self.url, mode):
            self.operation(method, path, cases)
        return self.seen

    def operation(self, method: str, path: str, cases: st.SearchStrategy[Case]) -> None:
        @seed(1)
        @settings(
            max_examples=EXAMPLES,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(cases, st.booleans())
        def calls(case: Case, at_home: bool) -> None:
            if at_home:
                for name in case.path_parameters:
                    case.path_parameters[name] = self.there.get(name, case.path_parameters[name])
            answer = case.call(base_url=self.url, headers=self.headers, timeout=60)
            self.seen.answers[method, path, answer.status_code] += 1
            try:
                case.validate_response(answer, checks=CHECKS)
            except FailureGroup as error:
                self.seen.wrong.setdefault(f"{method} {path} {answer.status_code}", f"{error}\n{answer.text[:500]}")

        with suppress(Unsatisfiable):  # of a call without parameters and body nothing can be wrong
            calls()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
async def test_every_answer_is_one_that_the_description_names(bench: Bench, mode: GenerationMode) -> None:
    there = await furnished(bench)
    caller = Caller(bench.url, {"Authorization": bench.api.headers["Authorization"]}, there)
    seen = await asyncio.to_thread(caller.everything, mode)
    assert not seen.wrong, "\n\n".join(f"{what}: {why}" for what, why in seen.wrong.items())
    assert len({(method, path) for method, path, _ in seen.answers}) > 50
    if mode is GenerationMode.POSITIVE:
        reached = {(method, path) for method, path, status in seen.answers if status < 400}
        assert len(reached) > 20, sorted(reached)


PUBLIC = {"/healthz", "/readyz", "/metrics", "/api/v1/codes"}


async def test_nobody_without_a_key_is_told_anything(bench: Bench) -> None:
    there = await furnished(bench)
    seen = await asyncio.to_thread(Caller(bench.url, {}, there).everything, GenerationMode.POSITIVE)
    assert not seen.wrong, "\n\n".join(f"{what}: {why}" for what, why in seen.wrong.items())
    assert {path for _, path, status in seen.answers if status < 400} == PUBLIC

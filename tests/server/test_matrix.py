"""Who may do what: every route of the server × nobody, a wrong key, each role, a key of each scope, in one table."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import httpx
import pytest

from server.services.access import FIRST_KEY, Scope
from server.services.roles import Role
from tests.server.conftest import PASSWORD, Bench, job
from tests.server.test_access import ask, is_problem

WHO = {"o": Role.OWNER, "m": Role.MANAGER, "c": Role.CASHIER, "s": Role.SUPPORT}
RESOLUTION = {"decision": "done", "person": "П", "reason": "видел", "rev": 1}


class Row(NamedTuple):
    """``roles``: their first letters; ``scopes``: one of these lets a key in."""

    method: str
    path: str
    roles: str
    scopes: str
    body: Any = None


GUARDED = [
    Row("POST", "/jobs", "omc", "jobs", job()),
    Row("GET", "/jobs", "omcs", "jobs read"),
    Row("GET", "/jobs/{job_id}", "omcs", "jobs read"),
    Row("GET", "/jobs/{job_id}/receipt.svg", "omcs", "jobs read"),
    Row("GET", "/jobs/{job_id}/receipt.html", "omcs", "jobs read"),
    Row("GET", "/jobs/{job_id}/exchange", "oms", "support"),
    Row("POST", "/jobs/{job_id}/cancel", "omc", "jobs"),
    Row("POST", "/jobs/{job_id}/renew", "omc", "jobs", {}),
    Row("POST", "/jobs/{job_id}/resolve", "om", "decide", RESOLUTION),
    Row("POST", "/jobs/{job_id}/proposals", "s", "propose", RESOLUTION),
    Row("GET", "/proposals", "oms", "decide propose"),
    Row("POST", "/proposals/{proposal_id}/confirm", "om", "decide"),
    Row("POST", "/proposals/{proposal_id}/refuse", "oms", "decide propose"),
    Row("GET", "/devices", "omcs", "directory read"),
    Row("PUT", "/devices", "om", "directory", {"kkm_id": "1"}),
    Row("GET", "/devices/{kkm_id}", "omcs", "directory read"),
    Row("GET", "/devices/{kkm_id}/events", "omcs", "directory read"),
    Row("PUT", "/devices/{kkm_id}", "om", "directory", {}),
    Row("POST", "/devices/{kkm_id}/release", "om", "directory"),
    Row("POST", "/devices/{kkm_id}/move", "om", "directory", {"agent_id": "ag"}),
    Row("GET", "/desks", "omcs", "directory read"),
    Row("PUT", "/desks", "om", "directory", {"desk_id": "1"}),
    Row("GET", "/agents", "omcs", "directory read"),
    Row("POST", "/agents/{agent_id}/confirm", "om", "decide", {"person": "П", "reason": "сверил"}),
    Row("POST", "/agents/{agent_id}/doctor", "oms", "support", {}),
    Row("GET", "/agents/{agent_id}/doctor", "oms", "support"),
    Row("POST", "/agents/{agent_id}/bundle", "oms", "support", {"person": "П", "reason": "не печатает"}),
    Row("GET", "/agents/{agent_id}/bundle", "oms", "support"),
    Row("POST", "/agents/{agent_id}/log", "oms", "support", {"person": "П", "reason": "не печатает"}),
    Row("GET", "/agents/{agent_id}/log", "oms", "support"),
    Row("POST", "/agents/{agent_id}/log/stop", "oms", "support"),
    Row("GET", "/agents/{agent_id}/log/lines", "oms", "support"),
    Row("GET", "/agents/{agent_id}/log/stream", "oms", "support"),
    Row("GET", "/support/requests", "oms", "support"),
    Row("GET", "/support/bundles", "oms", "support"),
    Row("GET", "/support/bundles/{bundle_id}", "oms", "support"),
    Row("GET", "/support/bundles/{bundle_id}/content", "oms", "support"),
    Row("POST", "/pairing-codes", "om", "directory", {}),
    Row("GET", "/pairing-codes/{code}", "om", "directory"),
    Row("POST", "/pairing-codes/{code}/confirm", "om", "directory"),
    Row("POST", "/pairing-codes/{code}/refuse", "om", "directory"),
    Row("POST", "/webhooks", "om", "webhooks", {"url": "https://crm.example/hook"}),
    Row("GET", "/webhooks", "om", "webhooks"),
    Row("GET", "/webhooks/{webhook_id}", "om", "webhooks"),
    Row("PATCH", "/webhooks/{webhook_id}", "om", "webhooks", {}),
    Row("DELETE", "/webhooks/{webhook_id}", "om", "webhooks"),
    Row("POST", "/webhooks/{webhook_id}/test", "om", "webhooks"),
    Row("POST", "/webhooks/{webhook_id}/replay", "om", "webhooks", {}),
    Row("GET", "/webhooks/{webhook_id}/deliveries", "om", "webhooks"),
    Row("GET", "/events", "omcs", "jobs read"),
    Row("GET", "/users", "o", "people"),
    Row("POST", "/users", "o", "people", {"name": "И", "login": "x", "role": "boss"}),
    Row("PATCH", "/users/{user_id}", "o", "people", {}),
    Row("POST", "/users/{user_id}/invitation", "o", "people"),
    Row("GET", "/api-keys", "o", "people"),
    Row("POST", "/api-keys", "o", "people", {"name": "И", "scopes": ["all"]}),
    Row("DELETE", "/api-keys/{key_id}", "o", "people"),
    Row("GET", "/audit", "o", "people"),
    Row("GET", "/audit/verify", "o", "people"),
]
OF_PERSONS = [
    Row("GET", "/session", "omcs", ""),
    Row("POST", "/session/password", "omcs", "", {"old": PASSWORD, "new": "short"}),
    Row("GET", "/sessions", "omcs", ""),
    Row("DELETE", "/sessions/{session_id}", "omcs", ""),
    Row("DELETE", "/sessions", "omcs", ""),
    Row("DELETE", "/session", "omcs", ""),  # the last: nobody is signed in behind it
]
FOR_EVERYBODY = {
    ("POST", "/pair"),
    ("POST", "/pair/{claim_id}"),
    ("GET", "/pair/{claim_id}"),
    ("POST", "/places"),  # signed by the PC
    ("POST", "/support/bundles"),  # signed by the PC
    ("WEBSOCKET", "/agent"),  # says who it is by its first message
    ("GET", "/codes"),
    ("POST", "/session"),  # the password is the right
    ("GET", "/invitations/{code}"),  # the code is
    ("POST", "/invitations/{code}"),
}
BESIDE_THE_API = {"/pair/{code}", "/openapi.json", "/api/v1/openapi.json", "/healthz", "/readyz", "/metrics"}
"""Pages of the console are asked the same in ``tests/server/console``."""


def address(row: Row) -> str:
    """With ids that nobody has; a stream is refused before it begins."""
    names = {"code": "AAAAAAAAAA", "kkm_id": "17"}
    path = re.sub(r"\{(\w+)\}", lambda found: names.get(found[1], "nobody"), row.path)
    return f"{path}?type=nothing" if path == "/events" else path


async def test_the_table_is_the_whole_server(bench: Bench) -> None:
    """A route that is forgotten here would be a route without an owner; none signs what a caller hands in."""
    real = {(method, path) for method, path, module in bench.routes() if not module.startswith("server.console")}
    listed = {(row.method, row.path) for row in (*GUARDED, *OF_PERSONS)} | FOR_EVERYBODY
    inside = {(method, path.removeprefix("/api/v1")) for method, path in real if path not in BESIDE_THE_API}
    assert inside == listed
    assert {path for _, path in real} >= BESIDE_THE_API


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer kb_wrong", "Basic a2I6a2I="])
async def test_nobody_and_a_wrong_key_do_nothing(bench: Bench, header: str) -> None:
    for row in GUARDED:
        answer = await ask(bench.api, row.method, address(row), row.body, headers={"Authorization": header})
        assert is_problem(answer, 401, "unauthorized"), (row, answer.text)
        assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_session_that_is_none_does_nothing(bench: Bench) -> None:
    browser = bench.browser(Cookie="kb_session=ks_wrong")
    for row in (*GUARDED, *OF_PERSONS):
        answer = await ask(browser, row.method, address(row), row.body)
        assert is_problem(answer, 401, "session_over"), (row, answer.text)


@pytest.mark.parametrize("letter", WHO)
async def test_each_role(bench: Bench, letter: str) -> None:
    browser = await bench.person(bench.api, WHO[letter])
    for row in (*GUARDED, *OF_PERSONS):
        answer = await ask(browser, row.method, address(row), row.body)
        judged(row, answer, allowed=letter in row.roles)


@pytest.mark.parametrize("scope", list(Scope))
async def test_a_key_of_each_scope(bench: Bench, scope: Scope) -> None:
    key = await bench.key(bench.api, scope)
    for row in GUARDED:
        judged(row, await ask(key, row.method, address(row), row.body), allowed=scope in row.scopes.split())
    for row in OF_PERSONS:
        assert is_problem(await ask(key, row.method, address(row), row.body), 403, "person_needed"), row


async def test_the_crms_own_key_lets_nobody_in(bench: Bench) -> None:
    for row in GUARDED:
        answer = await ask(bench.api, row.method, address(row), row.body)
        judged(row, answer, allowed=not set(FIRST_KEY).isdisjoint(row.scopes.split()))


def judged(row: Row, answer: httpx.Response, *, allowed: bool) -> None:
    if allowed:
        assert answer.status_code not in (401, 403, 405, 429, 500), (row, answer.text)
    else:
        assert is_problem(answer, 403, "forbidden"), (row, answer.status_code, answer.text)


async def test_what_a_browser_changes_needs_its_token(bench: Bench) -> None:
    browser = await bench.person(bench.api, Role.OWNER)
    for wrong in (None, "", "0" * 64):
        browser.headers.pop("X-CSRF-Token", None)
        if wrong is not None:
            browser.headers["X-CSRF-Token"] = wrong
        for row in (*GUARDED, *OF_PERSONS):
            if row.method != "GET":
                answer = await ask(browser, row.method, address(row), row.body)
                assert is_problem(answer, 403, "csrf_missing"), (row, answer.text)


ELSEWHERE = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
]


async def test_another_site_does_nothing_in_a_persons_name(bench: Bench) -> None:
    browser = await bench.person(bench.api, Role.OWNER)
    for row in (*GUARDED, *OF_PERSONS):
        for headers in ELSEWHERE:
            followed = row.method == "GET" and headers.get("Sec-Fetch-Mode") == "navigate"
            answer = await ask(browser, row.method, address(row), row.body, headers=headers)
            if not followed:
                assert is_problem(answer, 403, "foreign_origin"), (row, headers, answer.text)

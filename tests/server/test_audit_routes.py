"""Every route that changes something leaves a line of the audit, under the name of whoever used it."""

from __future__ import annotations

from typing import Any

import httpx

from protocol.crm.messages import JournalHead, Ping, Pong
from server.services.roles import Role
from tests.server.conftest import PASSWORD, Bench, job
from tests.server.player import claim_code, greet, new_key, pair, poll, register
from tests.server.test_audit import lines
from tests.server.test_matrix import FOR_EVERYBODY, GUARDED, OF_PERSONS
from tests.server.test_support import made as zipped
from tests.server.test_support import uploads

WITHOUT = {
    ("POST", "/places"): "a question, which is signed; it changes nothing",
    ("POST", "/pair/{claim_id}"): "a question how a claim stands; what it waits for is a line of its own",
    ("POST", "/webhooks/{webhook_id}/replay"): "told only when there is something to deliver again: test_webhooks",
}


class Watch:
    """Which routes were used, and that each left a line."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.used: set[tuple[str, str]] = set()

    async def __call__(
        self, api: httpx.AsyncClient, method: str, template: str, body: Any = None, by: str = "user", **ids: str
    ) -> Any:
        before = len(await lines(self._bench))
        answer = await api.request(method, template.format(**ids), json=body)
        assert answer.is_success, (method, template, answer.text)
        await self.left(method, template, before, by)
        return answer.json() if answer.content else None

    async def left(self, method: str, template: str, before: int, by: str = "user") -> None:
        added = (await lines(self._bench))[before:]
        assert added, f"{method} {template} left no line"
        assert {entry["actor"]["kind"] for entry in added} == {by}, added
        self.used.add((method, template))


async def test_every_route_that_changes_something(bench: Bench) -> None:
    does = Watch(bench)
    owner = await bench.person(bench.api, Role.OWNER, "boss")
    support = await bench.person(bench.api, Role.SUPPORT, "helper")

    # people and keys
    made = await does(owner, "POST", "/users", {"name": "И", "login": "ivanova", "role": "cashier"})
    user_id = made["user"]["user_id"]
    await does(owner, "PATCH", "/users/{user_id}", {"name": "Иванова"}, user_id=user_id)
    code = (await does(owner, "POST", "/users/{user_id}/invitation", user_id=user_id))["link"].rpartition("/")[2]
    browser, other = bench.browser(), bench.browser()
    token = (await does(browser, "POST", "/invitations/{code}", {"password": PASSWORD}, code=code))["csrf"]
    browser.headers["X-CSRF-Token"] = token
    await does(other, "POST", "/session", {"login": "ivanova", "password": PASSWORD})
    await does(browser, "POST", "/session/password", {"old": PASSWORD, "new": PASSWORD + "!"})
    for route in ("/sessions/{session_id}", "/sessions"):
        await other.post("/session", json={"login": "ivanova", "password": PASSWORD + "!"})
        (session,) = [s for s in (await browser.get("/sessions")).json()["sessions"] if not s["current"]]
        await does(browser, "DELETE", route, session_id=session["session_id"])
    await does(browser, "DELETE", "/session")

    # a PC and what stands at it
    name = {"name": "У входа"}
    code = (await does(owner, "POST", "/pairing-codes", name))["code"]
    key, before = new_key(), len(await lines(bench))
    claimed = (await claim_code(bench.api, code, key)).json()
    await does.left("POST", "/pair", before, "agent")
    await does(owner, "POST", "/pairing-codes/{code}/confirm", code=code)
    await poll(bench.api, claimed["claim_id"], key)
    spare = (await owner.post("/pairing-codes", json=name)).json()["code"]
    await does(owner, "POST", "/pairing-codes/{code}/refuse", code=spare)
    await does(owner, "PUT", "/devices", {"kkm_id": "17"})
    await does(owner, "PUT", "/devices/{kkm_id}", name, kkm_id="17")
    await does(owner, "PUT", "/desks", {"desk_id": "front", "kkm_id": "17"})
    player = await pair(bench.api, "inst-2")
    line = await greet(player, register())
    await line.bind()
    await line.nothing_more()

    # jobs; the first of them for a PC that is off
    off = {"kkm_id": "18", "agent_id": claimed_agent(await owner.get("/agents"))}
    await owner.put("/devices", json=off)
    await does(owner, "POST", "/jobs", job(kkm_id="18"))
    await does(owner, "POST", "/jobs/{job_id}/renew", {"start_within_s": 300}, job_id="j1")
    await does(owner, "POST", "/jobs/{job_id}/cancel", job_id="j1")
    for job_id in ("j2", "j3"):
        await owner.post("/jobs", json=job(job_id))
        await line.accept()
        await line.report(job_id, 2, "human", attempt=1)
    asked = {"decision": "not_done", "reason": "видел", "rev": 2}
    await does(owner, "POST", "/jobs/{job_id}/resolve", asked, job_id="j2")
    for verb in ("refuse", "confirm"):
        proposal = await does(support, "POST", "/jobs/{job_id}/proposals", asked | {"reason": verb}, job_id="j3")
        await does(owner, "POST", f"/proposals/{{proposal_id}}/{verb}", proposal_id=proposal["proposal_id"])

    # support
    agent = {"agent_id": player.agent_id}
    await does(support, "POST", "/agents/{agent_id}/doctor", {}, **agent)
    await does(support, "POST", "/agents/{agent_id}/bundle", {"reason": "не печатает"}, **agent)
    await does(support, "POST", "/agents/{agent_id}/log", {"reason": "не печатает"}, **agent)
    await does(support, "POST", "/agents/{agent_id}/log/stop", **agent)
    before = len(await lines(bench))
    bundle = (await uploads(bench, player, zipped())).json()
    await does.left("POST", "/support/bundles", before, "agent")
    before = len(await lines(bench))
    assert (await support.get(f"/support/bundles/{bundle['bundle_id']}/content")).status_code == 200
    assert (await lines(bench))[before]["action"] == "bundle.downloaded"

    # webhooks
    hook = {"webhook_id": (await does(owner, "POST", "/webhooks", {"url": "http://127.0.0.1:9/x"}))["webhook_id"]}
    await does(owner, "PATCH", "/webhooks/{webhook_id}", {"description": "касса"}, **hook)
    await does(owner, "POST", "/webhooks/{webhook_id}/test", **hook)
    await does(owner, "DELETE", "/webhooks/{webhook_id}", **hook)

    # a PC that went back in time, and a register that moves
    player.write(10, "ten")
    await line.send(Ping(n=1000, journal_head=player.head))
    while not isinstance((await line.recv()).body, Pong):
        pass  # what was decided and asked above
    await line.close()
    player.journal, player.head = {0: "", 7: "seven"}, JournalHead(n=7, hash="seven")
    line = await greet(player, register(binding_epoch=1))
    await does(owner, "POST", "/agents/{agent_id}/confirm", {"reason": "сверил"}, **agent)
    await does(owner, "POST", "/devices/{kkm_id}/release", kkm_id="17")
    await does(owner, "POST", "/devices/{kkm_id}/move", {"agent_id": claimed_agent(await owner.get("/agents"))},
               kkm_id="17")  # fmt: skip
    await line.close()

    unsafe = {(row.method, row.path) for row in (*GUARDED, *OF_PERSONS)} | FOR_EVERYBODY
    unsafe = {route for route in unsafe if route[0] not in ("GET", "WEBSOCKET")}
    assert unsafe - does.used - KEYS == set(WITHOUT)


KEYS = {("POST", "/api-keys"), ("DELETE", "/api-keys/{key_id}")}
"""Asked below: ``lines`` leaves keys out, because it makes one."""


async def test_keys_are_made_and_revoked_by_somebody(bench: Bench) -> None:
    owner = await bench.person(bench.api, Role.OWNER)
    made = (await owner.post("/api-keys", json={"name": "чтение", "scopes": ["read"]})).json()
    await owner.delete(f"/api-keys/{made['key_id']}")
    wanted = {"subject_kind": "key", "subject_id": made["key_id"]}
    found = (await owner.get("/audit", params=wanted)).json()["entries"]
    assert [entry["action"] for entry in found] == ["key.revoked", "key.made"]
    assert {entry["actor"]["kind"] for entry in found} == {"user"}
    assert made["api_key"] not in str(found)


def claimed_agent(answer: httpx.Response) -> str:
    """The PC that was paired first."""
    return str(answer.json()["agents"][0]["agent_id"])

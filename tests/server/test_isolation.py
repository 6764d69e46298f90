"""No account reaches into another: every route with ids that exist elsewhere, each call beside the owner's own.

What a stranger is told about a thing of somebody else's is what it is told about a thing that nobody has: the same
status, the same code, and no word of the thing. What the owner is told stays 200, and nothing of the owner's changes.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from server.services.roles import Role
from server.settings import Limits
from server.store.models import Base
from server.store.people import SignIn
from server.store.proposals import Proposal
from tests.server.conftest import Bench, job
from tests.server.player import pair
from tests.server.test_matrix import GUARDED, OF_PERSONS, Row
from tests.server.test_support import made, uploads

SMALL = (6, 600)
LARGE = (50, 50_000)
"""Accounts, and pairs of calls: the stranger's and the owner's."""
AT_ONCE = 8

OWN_NUMBER = {("PUT", "/devices/{kkm_id}")}
"""Makes a register of one's own, whoever else has that number."""
REACHING = [row for row in (*GUARDED, *OF_PERSONS) if "{" in row.path and (row.method, row.path) not in OWN_NUMBER]
WITHIN = [
    Row("POST", "/jobs", "", "", {**job("new"), "kkm_id": "{kkm_id}"}),
    Row("POST", "/jobs", "", "", {**{k: v for k, v in job("new").items() if k != "kkm_id"}, "desk_id": "{desk_id}"}),
    Row("PUT", "/devices", "", "", {"kkm_id": "17", "agent_id": "{agent_id}"}),
    Row("PUT", "/desks", "", "", {"desk_id": "front", "kkm_id": "{kkm_id}"}),
    Row("PUT", "/desks", "", "", {"desk_id": "front", "terminal_kkm_id": "{kkm_id}"}),
    Row("POST", "/devices/17/move", "", "", {"agent_id": "{agent_id}", "old_pc_off": True, "person": "П"}),
    Row("GET", "/jobs?kkm_id={kkm_id}", "", ""),
    Row("GET", "/jobs?order_ref={order_ref}", "", ""),
    Row("GET", "/support/requests?agent_id={agent_id}", "", ""),
    Row("GET", "/support/bundles?agent_id={agent_id}", "", ""),
    Row("GET", "/proposals?job_id={job_id}", "", ""),
]
"""Ids of others where a body or a query names them."""
SEEN_AT = {
    "kkm_id": "/devices/{kkm_id}", "job_id": "/jobs/{job_id}", "agent_id": "/agents/{agent_id}/doctor",
    "code": "/pairing-codes/{code}", "webhook_id": "/webhooks/{webhook_id}",
    "bundle_id": "/support/bundles/{bundle_id}", "user_id": "/users?limit=200",
    "key_id": "/api-keys", "session_id": "/sessions", "proposal_id": "/proposals",
    "desk_id": "/desks", "order_ref": "/jobs?order_ref={order_ref}",
}  # fmt: skip
"""Where its owner sees a thing."""


@pytest.fixture
def limits() -> Limits:
    return Limits(
        connections_per_minute=10**6, wrong_keys_per_minute=10**6, call_burst=10**7, calls_per_second=1e6,
        pairing_tries=10**6, bundles_per_day=10**6,
    )  # fmt: skip


@dataclass
class Account:
    tenant_id: str
    key: httpx.AsyncClient
    owner: httpx.AsyncClient
    support: httpx.AsyncClient
    ids: dict[str, str]
    words: set[str] = field(default_factory=set)
    """What nobody else may read."""


async def opened(bench: Bench, n: int) -> Account:
    mark = f"mark{n:03}x"
    api = await bench.tenant(f"{mark} ООО")
    owner = await bench.person(api, login=f"{mark}owner")
    player = await pair(api, install_id=f"inst-{n}")
    kkm_id, desk_id = f"{mark}k", f"{mark}d"
    put = [{"kkm_id": kkm_id, "name": mark, "agent_id": player.agent_id}, {"kkm_id": "17"}]
    assert (await api.put("/devices", json=put)).status_code == 200
    desks = [{"desk_id": desk_id, "name": mark, "kkm_id": kkm_id}, {"desk_id": "front"}]
    assert (await api.put("/desks", json=desks)).status_code == 200
    posted = await api.post("/jobs", json={**job(f"{mark}j"), "kkm_id": kkm_id, "order_ref": f"{mark}o"})
    assert posted.status_code == 202, posted.text
    for kind in ("doctor", "bundle"):
        asked = {"person": mark, "reason": mark}
        assert (await api.post(f"/agents/{player.agent_id}/{kind}", json=asked)).status_code == 202
    code = (await api.post("/pairing-codes", json={"name": mark})).json()["code"]
    hook = (await api.post("/webhooks", json={"url": f"http://127.0.0.1:9/{mark}", "description": mark})).json()
    bundle = (await uploads(bench, player, made(mark), person=mark)).json()
    support = await bench.person(api, Role.SUPPORT, login=f"{mark}s")
    support_id = (await support.get("/session")).json()["person"]["user_id"]
    key = (await owner.post("/api-keys", json={"name": mark, "scopes": ["read"]})).json()
    sessions = (await owner.get("/sessions")).json()["sessions"]
    async with bench.services.database.write() as work:
        tenant_id = (await work.session.scalars(select(SignIn.tenant_id).order_by(SignIn.created_at.desc())))[0]
        proposal = Proposal(
            id=bench.world.new_id("pp"), tenant_id=tenant_id, job_id=f"{mark}j", state="open",
            body={"decision": "done", "person": mark, "reason": mark, "rev": 0, "fd": None}, proposed_by=f"user:{mark}",
            proposed_name=mark, proposed_at=work.now,
        )  # fmt: skip
        work.session.add(proposal)
    ids = {
        "kkm_id": kkm_id, "desk_id": desk_id, "job_id": f"{mark}j", "order_ref": f"{mark}o",
        "agent_id": player.agent_id, "code": code, "webhook_id": hook["webhook_id"], "bundle_id": bundle["bundle_id"],
        "user_id": support_id, "key_id": key["key_id"], "session_id": sessions[0]["session_id"],
        "proposal_id": proposal.id,
    }  # fmt: skip
    return Account(tenant_id, api, owner, support, ids, {*ids.values(), mark})


def filled(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda found: ids[found[1]], value)
    if isinstance(value, dict):
        return {name: filled(one, ids) for name, one in value.items()}
    return value


def names_in(row: Row) -> list[str]:
    return re.findall(r"\{(\w+)\}", f"{row.path} {row.body}")


async def call(account: Account, row: Row, ids: dict[str, str], *, as_person: bool) -> httpx.Response:
    client = account.owner if as_person or row in OF_PERSONS else account.key
    if row.roles == "s":  # who else may decide does not propose
        client = account.support
    body = None if row.body is None else {"json": filled(row.body, ids)}
    return await client.request(row.method, filled(row.path, ids), **(body or {}))


NEXT = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHJKMNPQRSTVWXYZ0123456789",
    "bcdefghijklmnopqrstuvwxyzaBCDEFGHJKMNPQRSTVWXYZA1034567892",
)


def nobody(ids: dict[str, str]) -> dict[str, str]:
    """Ids of the same look that nothing has."""
    return {name: value.translate(NEXT) for name, value in ids.items()}


def code_of(answer: httpx.Response) -> tuple[int, str | None]:
    told = answer.headers.get("content-type", "")
    return answer.status_code, answer.json()["code"] if told.endswith("problem+json") else None


async def everything(bench: Bench) -> dict[tuple[str, str], list[Any]]:
    """Every row that has an account, by table and account; not when a session was last seen."""
    found: dict[tuple[str, str], list[Any]] = {}
    async with bench.services.database.read() as work:
        for mapper in Base.registry.mappers:
            table = mapper.local_table
            if "tenant_id" not in table.c or table.name == "sign_ins":
                continue
            for row in await work.session.rows(select(*table.c).order_by(*table.primary_key)):
                found.setdefault((table.name, row[list(table.c.keys()).index("tenant_id")]), []).append(tuple(row))
    return found


async def crossings(bench: Bench, accounts: list[Account], pairs: int) -> list[str]:
    chance = Random(1)
    rows = [*REACHING, *WITHIN]
    plan = [
        (row, *chance.sample(accounts, 2), chance.random() < 0.5) for _ in range(-(-pairs // len(rows))) for row in rows
    ]
    chance.shuffle(plan)
    wrong: list[str] = []

    async def stranger_then_owner(row: Row, stranger: Account, owner: Account, as_person: bool) -> None:
        answer = await call(stranger, row, owner.ids, as_person=as_person)
        like = await call(stranger, row, nobody(owner.ids), as_person=as_person)
        if code_of(answer) != code_of(like):
            wrong.append(f"{row.method} {row.path}: {code_of(answer)}, of what nobody has {code_of(like)}")
        asked = {filled(f"{{{name}}}", owner.ids) for name in names_in(row)}
        told = {word for word in owner.words if word in answer.text and not any(word in one for one in asked)}
        if told or (answer.is_success and any(one in answer.text for one in asked)):
            wrong.append(f"{row.method} {row.path}: told {told or asked}: {answer.text[:300]}")
        for name in names_in(row):
            seen = await owner.owner.get(filled(SEEN_AT[name], owner.ids))
            if seen.status_code != 200 or not any(word in seen.text for word in owner.words):
                wrong.append(f"{row.method} {row.path}: its owner sees {seen.status_code} {seen.text[:300]}")

    async def worker() -> None:
        while plan:
            await stranger_then_owner(*plan.pop())

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return wrong


@pytest.mark.parametrize("size", [SMALL, pytest.param(LARGE, marks=[pytest.mark.long, pytest.mark.timeout(3600)])])
async def test_no_account_reaches_into_another(bench: Bench, size: tuple[int, int]) -> None:
    count, pairs = size
    accounts = [await opened(bench, n) for n in range(count)]
    before = await everything(bench)
    wrong = await crossings(bench, accounts, pairs)
    assert not wrong, "\n".join(sorted(set(wrong))[:20])
    assert await everything(bench) == before, "a stranger's call has changed something"

    for row in sorted(
        REACHING, key=lambda row: row.method == "DELETE"
    ):  # and each of those calls is one that its owner can make
        answer = await call(accounts[0], row, accounts[0].ids, as_person=True)
        assert answer.status_code < 500, (row, answer.text)
        if row.method != "DELETE":  # to delete what nobody has is as good as done
            assert code_of(answer) != code_of(await call(accounts[1], row, nobody(accounts[0].ids), as_person=True)), (
                row
            )

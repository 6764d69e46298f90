"""No account reaches into another: every route with ids that exist elsewhere, each call beside the owner's own 200.

What a stranger is told about a thing of somebody else's is what it is told about a thing that nobody has: the same
status, the same code, and no word of the thing. What the owner is told stays 200, and nothing of the owner's changes.

The short form speaks over the server's socket. The long one hands its calls to the application (``direct``), in a
moment that lasts: what is there at the end is there by calls alone.
"""

from __future__ import annotations

import asyncio
import logging
import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from time import monotonic, process_time
from typing import Any

import httpx
import pytest
import structlog
from sqlalchemy import select

from protocol.crm.support import LogLines
from server.services.roles import Role
from server.settings import Limits
from server.store.models import Base
from server.store.people import SignIn
from server.store.proposals import Proposal
from tests.server.conftest import Bench, job
from tests.server.direct import ask
from tests.server.player import pair
from tests.server.test_matrix import GUARDED, OF_PERSONS, Row
from tests.server.test_support import made, uploads

SMALL = (6, 600)
LARGE = (50, 100_000)
"""Accounts, and calls of strangers that name what another account has."""
AT_ONCE = 8
TOLD_EVERY = 2_500

OWN_NUMBER = {("PUT", "/devices/{kkm_id}"), ("POST", "/console/devices/{kkm_id}")}
"""Makes a register of one's own, whoever else has that number."""
FORM = {"person": "П", "reason": "видел", "confirmed": "сверил", "choice": "done", "rev": "0", "lease_no": "1",
        "enabled": "no", "dismissed": "yes", "old_pc_off": "yes", "to": "ag"}  # fmt: skip
"""What the console's forms ask for, all in one."""
OF_THE_API = [row for row in (*GUARDED, *OF_PERSONS) if "{" in row.path and (row.method, row.path) not in OWN_NUMBER]
NO_THING_OF_AN_ACCOUNT = {"/invite/{code}", "/console/{rest:path}"}
"""Of the pages: the code is the right, whoever brings it; there is nothing."""
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
    Row("GET", "/console/till?return={job_id}", "", ""),
    Row("POST", "/console/desks", "", "", {"desk_id": "front", "kkm_id": "{kkm_id}"}),
    Row("POST", "/console/devices/17/move", "", "", {"to": "{agent_id}", "old_pc_off": "yes"}),
    Row("POST", "/console/pcs/{agent_id}/bundle", "", "", {"reason": "П", "job": "{job_id}"}),
]
"""Ids of others where a body or a query names them."""
OF_BUTTONS = {"answer": ("confirm", "refuse")}
"""What is no thing in a page's address."""
SEEN_AT = {
    "kkm_id": "/devices/{kkm_id}", "job_id": "/jobs/{job_id}", "agent_id": "/agents/{agent_id}/doctor",
    "code": "/pairing-codes/{code}", "webhook_id": "/webhooks/{webhook_id}",
    "bundle_id": "/support/bundles/{bundle_id}", "user_id": "/users?limit=200",
    "key_id": "/api-keys", "session_id": "/sessions", "proposal_id": "/proposals",
    "desk_id": "/desks", "order_ref": "/jobs?order_ref={order_ref}",
}  # fmt: skip
"""Where its owner sees a thing, when the stranger's very call would change it or is answered otherwise."""


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
    for kind in ("doctor", "bundle", "log"):
        asked = {"person": mark, "reason": mark}
        assert (await api.post(f"/agents/{player.agent_id}/{kind}", json=asked)).status_code == 202
    stopped = await api.post(f"/agents/{player.agent_id}/log/stop")  # so that its stream has an end; its line stays
    tails, log_id, now = bench.services.tails, stopped.json()["request_id"], bench.world.now()
    tails.begin(player.agent_id, log_id, now + timedelta(hours=2))
    assert tails.take(player.agent_id, LogLines(request_id=log_id, lines=[{"event": mark}]), now)
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


@dataclass
class Asking:
    """How calls reach the server, and how many have."""

    bench: Bench
    past_the_socket: bool
    strangers: int = 0
    owners: int = 0
    answers: Counter[int] = field(default_factory=Counter)
    """Of strangers, by status."""

    async def call(self, account: Account, row: Row, ids: dict[str, str], *, as_person: bool) -> httpx.Response:
        page = row.path.startswith("/console")
        client = account.owner if as_person or page or row in OF_PERSONS else account.key
        if row.roles == "s":  # who else may decide does not propose
            client = account.support
        url = (self.bench.url if page else "") + filled(row.path, ids)
        body = None if row.body is None else filled(row.body, ids)
        if not page:
            return await self._asked(client, row.method, url, body, None)
        form = None if row.method == "GET" else {"_csrf": client.headers["X-CSRF-Token"], **(body or {})}
        return await self._asked(client, row.method, url, None, form)

    async def _asked(
        self, client: httpx.AsyncClient, method: str, url: str, body: Any, form: dict[str, str] | None
    ) -> httpx.Response:
        if self.past_the_socket:
            return await ask(self.bench.app, client, method, url, json_body=body, form=form)
        return await client.request(method, url, json=body, data=form)

    async def stranger(self, account: Account, row: Row, ids: dict[str, str], *, as_person: bool) -> httpx.Response:
        answer = await self.call(account, row, ids, as_person=as_person)
        self.strangers += 1
        self.answers[answer.status_code] += 1
        return answer

    async def sees(self, owner: Account, row: Row) -> httpx.Response:
        self.owners += 1
        return await self.call(owner, row, owner.ids, as_person=True)


NEXT = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHJKMNPQRSTVWXYZ0123456789",
    "bcdefghijklmnopqrstuvwxyzaBCDEFGHJKMNPQRSTVWXYZA1034567892",
)


def nobody(ids: dict[str, str]) -> dict[str, str]:
    """Ids of the same look that nothing has."""
    return {name: value.translate(NEXT) for name, value in ids.items()}


def code_of(answer: httpx.Response) -> tuple[int, str | None]:
    """Status and code of a refusal, as the API or as a page says it."""
    told = answer.headers.get("content-type", "")
    if told.endswith("problem+json"):
        return answer.status_code, answer.json()["code"]
    said = re.search(r': <code translate="no">(\w+)</code></p>', answer.text) if told.startswith("text/html") else None
    return answer.status_code, said[1] if said is not None else None


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


def reaching(bench: Bench) -> list[Row]:
    """Every route that names a thing: the API's, as the matrix knows them all, and the console's pages and forms, each
    asked by the owner of the stranger's account."""
    rows = list(OF_THE_API)
    for method, path, module in sorted(bench.routes()):
        of_console = module.startswith("server.console") and "{" in path and path not in NO_THING_OF_AN_ACCOUNT
        if of_console and (method, path) not in OWN_NUMBER:
            paths = [path]
            for name, words in OF_BUTTONS.items():
                paths = [one.replace(f"{{{name}}}", word) for one in paths for word in words]
            rows += [Row(method, one, "", "", FORM if method == "POST" else None) for one in dict.fromkeys(paths)]
    return rows


async def the_very_same(asking: Asking, owner: Account, rows: list[Row]) -> set[int]:
    """The places of the rows whose own call is a control: it shows its owner a thing of his and leaves no trace."""
    found = set()
    for place, row in enumerate(rows):
        if row.method == "GET":
            before = await everything(asking.bench)
            answer = await asking.call(owner, row, owner.ids, as_person=True)
            shows = answer.status_code == 200 and any(word in answer.text for word in owner.words)
            if shows and await everything(asking.bench) == before:
                found.add(place)
    return found


async def crossings(asking: Asking, accounts: list[Account], rows: list[Row], same: set[int], calls: int) -> list[str]:
    chance = Random(1)
    turns = [place for place, row in enumerate(rows) for _ in range(1 if row.path.startswith("/console") else 4)]
    plan = [
        (place, *chance.sample(range(len(accounts)), 2), chance.random() < 0.5)
        for _ in range(-(-calls // len(turns)))
        for place in turns
    ][:calls]  # a page takes as long as four calls of the API
    chance.shuffle(plan)
    of_nobody: dict[tuple[int, int, bool], tuple[int, str | None]] = {}
    wrong: list[str] = []
    begun = monotonic()

    async def stranger_then_owner(place: int, who: int, whose: int, as_person: bool) -> None:
        row, stranger, owner = rows[place], accounts[who], accounts[whose]
        answer = await asking.stranger(stranger, row, owner.ids, as_person=as_person)
        if (place, who, as_person) not in of_nobody:
            like = await asking.call(stranger, row, nobody(owner.ids), as_person=as_person)
            of_nobody[place, who, as_person] = code_of(like)
        if code_of(answer) != of_nobody[place, who, as_person]:
            wrong.append(
                f"{row.method} {row.path}: {code_of(answer)}, of what nobody has {of_nobody[place, who, as_person]}"
            )
        asked = {filled(f"{{{name}}}", owner.ids) for name in names_in(row)}
        told = {word for word in owner.words if word in answer.text and not any(word in one for one in asked)}
        if told or (answer.is_success and any(one in answer.text for one in asked)):
            wrong.append(f"{row.method} {row.path}: told {told or asked}: {answer.text[:300]}")
        controls = [row] if place in same else [Row("GET", SEEN_AT[name], "", "") for name in names_in(row)]
        for control in controls:
            seen = await asking.sees(owner, control)
            if seen.status_code != 200 or not any(word in seen.text for word in owner.words):
                wrong.append(f"{row.method} {row.path}: its owner sees {seen.status_code} {seen.text[:300]}")
        if asking.strangers % TOLD_EVERY == 0:
            took = f"{monotonic() - begun:.0f} s, {process_time():.0f} s of the processor"
            say(f"{asking.strangers} calls of strangers in {took}, crossings: {len(wrong)}")

    async def worker() -> None:
        while plan:
            await stranger_then_owner(*plan.pop())

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return wrong


def say(text: str) -> None:
    sys.stderr.write(f"  {text}\n")


async def test_every_name_in_a_route_is_of_a_thing_that_its_owner_sees(bench: Bench) -> None:
    rows = reaching(bench)
    assert len(rows) > 60
    assert {name for row in rows for name in names_in(row)} <= SEEN_AT.keys()


@pytest.mark.parametrize("size", [SMALL, pytest.param(LARGE, marks=[pytest.mark.long, pytest.mark.timeout(3600)])])
async def test_no_account_reaches_into_another(bench: Bench, size: tuple[int, int]) -> None:
    count, calls = size
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))  # not a line per request
    accounts = [await opened(bench, n) for n in range(count)]
    bench.clock.stand_still()
    asking = Asking(bench, past_the_socket=size == LARGE)
    rows = reaching(bench)
    same = await the_very_same(asking, accounts[0], [*rows, *WITHIN])
    before = await everything(bench)
    wrong = await crossings(asking, accounts, [*rows, *WITHIN], same, calls)
    say(f"{asking.strangers} calls of strangers, {asking.owners} of owners beside them; {dict(asking.answers)}")
    assert not wrong, "\n".join(sorted(set(wrong))[:20])
    assert asking.strangers == calls
    assert asking.owners >= calls
    after = await everything(bench)
    changed = {key: [row for row in after.get(key, ()) if row not in rows] for key, rows in before.items()}
    assert after == before, f"a stranger's call has changed something: {[rows for rows in changed.values() if rows]}"

    first, second = accounts[:2]
    for row in sorted(rows, key=takes_away):  # and each of those calls is one that its owner can make
        answer = await asking.call(first, row, first.ids, as_person=True)
        assert answer.status_code < 500, (row, answer.text)
        if not takes_away(row):  # to take away what nobody has is as good as done
            like = await asking.call(second, row, nobody(first.ids), as_person=True)
            assert code_of(answer) != code_of(like), row


def takes_away(row: Row) -> bool:
    return row.method == "DELETE" or row.path.endswith("/delete") or "/account/sessions/" in row.path

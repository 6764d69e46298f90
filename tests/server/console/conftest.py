from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from html import unescape

import httpx
import pytest

from server.services.roles import Role
from tests.server.conftest import Bench, job, receipt
from tests.server.steps import PROOF, post
from tests.server.test_recorded import line as said
from tests.server.test_recorded import lines, zipped
from tests.server.test_support import uploads

HOSTILE = "<img src=x onerror=alert(1)>\"'&"
DOCUMENT = {"type": "receipt", "fd": 6, "tags": {"1020": "10.00", "1059": {"1030": "Замена дисплея"}}}
LOOKS_ALIKE = {
    "case": "looks_alike",
    "snapshot": 40,
    "candidates": [
        {"kind": "receipt", "fd": 41, "fpd": 7, "at": "2026-03-01T12:30:00", "total": 1000, "sign": 1, "imprint": None},
        {"kind": "receipt", "fd": 42, "fpd": 8, "at": "2026-03-01T12:31:00", "total": 900, "sign": 1, "imprint": None},
    ],
    "differences": [],
}


def traced(job_id: str, *more: str) -> bytes:
    """A bundle about jobs, whose PC was told strange things by a register."""
    task = json.dumps({"type": "sell", "items": [{"name": HOSTILE, "price": 10}]}, ensure_ascii=False)
    records = (
        said(1, job_id, fields={"operator": HOSTILE, "amount": 1000}, masked=["password"]),
        said(2, job_id, way="rx", command="CloseReceipt", result="6Bh paper_out"),
        said(3, f"{job_id}/payment1", text=f"POST /requests\r\n\r\n{task}", hex=None, attempt=2),
        said(4, f"{job_id}/{HOSTILE}", command=HOSTILE, result=HOSTILE),
    )
    return zipped(
        {"manifest.json": json.dumps({"jobs": [job_id, *more]}).encode(), "traces/1/a.jsonl": lines(*records)}
    )


@dataclass(frozen=True)
class Console:
    """An account in which every page has something to show."""

    bench: Bench
    people: Mapping[str, httpx.AsyncClient]
    given: Mapping[str, str]

    async def get(self, who: str, path: str, language: str = "ru") -> httpx.Response:
        return await self.people[who].get(self.bench.url + path, headers={"Accept-Language": language})

    async def send(self, who: str, path: str, **fields: str) -> httpx.Response:
        """A form, with its token unless another one is given."""
        browser = self.people[who]
        fields = {"_csrf": browser.headers["X-CSRF-Token"], **fields}
        return await browser.post(self.bench.url + path, data=fields)


def text_of(page: httpx.Response) -> str:
    """What a person reads."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


@pytest.fixture
async def console(bench: Bench) -> AsyncIterator[Console]:
    player, line = await bench.bound()
    await bench.api.put("/devices", json={"kkm_id": "18", "name": HOSTILE})
    await bench.api.put("/desks", json={"desk_id": "front", "name": HOSTILE, "kkm_id": "17"})
    await line.bind()
    for job_id in ("done", "doubt"):
        await post(bench, job_id, payload=receipt() | {"items": [receipt()["items"][0] | {"name": "Товар <b>"}]})
        await line.accept()
    await line.report("done", 2, "done", attempt=1, proof=PROOF, document=DOCUMENT)
    await line.report("doubt", 2, "human", attempt=1, evidence=LOOKS_ALIKE)
    await bench.api.post("/jobs", json=job("waiting"))
    await uploads(bench, player, traced("done", "doubt"), person=HOSTILE)
    webhook = (await bench.api.post("/webhooks", json={"url": "http://127.0.0.1:9/x", "description": HOSTILE})).json()
    code = (await bench.api.post("/pairing-codes", json={})).json()
    people = {role.value: await bench.person(bench.api, role) for role in Role}
    given = {
        "job_id": "doubt",
        "done": "done",
        "kkm_id": "17",
        "desk_id": "front",
        "agent_id": player.agent_id,
        "webhook_id": webhook["webhook_id"],
        "code": code["code"],
        "invitation": await bench.invite(bench.api, Role.MANAGER, "invited"),
    }
    yield Console(bench, people, given)
    await line.close()

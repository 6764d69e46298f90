"""The picture of a job's document: there when the archive has it, and drawn from the archive alone."""

from __future__ import annotations

from typing import Any

import pytest

from server.services.access import Scope
from tests.protocol.ffd.test_layout import RECEIPT
from tests.server.conftest import Bench, job

DOCUMENT = {"type": "receipt", "fd": 112, "tags": RECEIPT}


async def made(bench: Bench, document: dict[str, Any] | None) -> None:
    _, line = await bench.bound()
    await bench.api.post("/jobs", json=job())
    await line.accept()
    await line.report("j1", 2, "started", attempt=1)
    await line.report("j1", 3, "done", attempt=1, document=document)
    await line.close()


@pytest.mark.parametrize(
    ("name", "type_"), [("receipt.svg", "image/svg+xml"), ("receipt.html", "text/html; charset=utf-8")]
)
async def test_the_archives_document_is_drawn(bench: Bench, name: str, type_: str) -> None:
    await made(bench, DOCUMENT)
    reader = await bench.key(bench.api, Scope.READ)
    answer = await reader.get(f"/jobs/j1/{name}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, type_)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    for words in ("КАССОВЫЙ ЧЕК", "4720.00", "3304159072", "Замена дисплея"):
        assert words in answer.text
    narrow = await reader.get(f"/jobs/j1/{name}", params={"width": 32})
    assert narrow.text != answer.text


async def test_no_picture_before_there_is_a_document(bench: Bench) -> None:
    await made(bench, None)
    answer = await bench.api.get("/jobs/j1/receipt.svg")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_document_yet")


@pytest.mark.parametrize(
    "broken",
    [{"fd": 1}, {"type": "receipt", "fd": 1, "tags": {"1059": [7]}}, {"type": "receipt", "fd": 1, "tags": {"x": "y"}}],
)
async def test_a_document_of_another_form_is_no_crash(bench: Bench, broken: dict[str, Any]) -> None:
    await made(bench, broken)
    answer = await bench.api.get("/jobs/j1/receipt.svg")
    assert answer.status_code in (200, 409)


async def test_other_accounts_and_narrow_paper(bench: Bench) -> None:
    await made(bench, DOCUMENT)
    other = await bench.tenant("Чужие")
    assert (await other.get("/jobs/j1/receipt.svg")).json()["code"] == "unknown_job"
    assert (await bench.api.get("/jobs/j1/receipt.svg?width=5")).status_code == 422

"""What an agent sends beside the proof: a result, the fiscal document."""

from __future__ import annotations

from typing import Any

import pytest

from protocol.crm.outcomes import Proof, ProofSource
from server.services.mirror import MAX_KEPT
from tests.server.conftest import Bench, job
from tests.server.player import Line

DOCUMENT: dict[str, Any] = {"type": "receipt", "fd": 6, "tags": {"1020": "10.00", "1059": {"1030": "Замена дисплея"}}}
PROOF = Proof(source=ProofSource.DEVICE, fn="9999", fd=6, fpd="123", total="10.00")


@pytest.fixture
async def line(bench: Bench) -> Line:
    _, line = await bench.bound()
    return line


async def test_a_document_is_shown_with_its_job_and_not_in_lists(bench: Bench, line: Line) -> None:
    await bench.api.post("/jobs", json=job())
    await line.accept()
    await line.report("j1", 2, "done", attempt=1, proof=PROOF, document=DOCUMENT)
    body = await bench.state()
    assert (body["document"], body["result"]) == (DOCUMENT, None)
    (listed,) = (await bench.api.get("/jobs")).json()["jobs"]
    assert "document" not in listed
    assert listed == {name: value for name, value in body.items() if name != "document"}
    await line.close()


async def test_a_result_is_shown_everywhere(bench: Bench, line: Line) -> None:
    await bench.api.post("/jobs", json=job() | {"kind": "x_report", "payload": {}})
    await line.accept()
    totals = {"sell": {"total": "684.69"}}
    await line.report("j1", 2, "done", result=totals)
    assert (await bench.state())["result"] == totals
    assert (await bench.api.get("/jobs")).json()["jobs"][0]["result"] == totals
    await line.close()


async def test_a_later_word_without_them_leaves_them(bench: Bench, line: Line) -> None:
    await bench.api.post("/jobs", json=job())
    await line.accept()
    await line.report("j1", 2, "done", attempt=1, proof=PROOF, document=DOCUMENT, result={"a": 1}, paper="incomplete")
    await line.report("j1", 3, "done", attempt=1, proof=PROOF, paper="complete")
    body = await bench.state()
    assert (body["paper"], body["document"], body["result"]) == ("complete", DOCUMENT, {"a": 1})
    await line.close()


async def test_what_is_too_large_is_dropped_and_the_rest_counts(bench: Bench, line: Line) -> None:
    await bench.api.post("/jobs", json=job())
    await line.accept()
    await line.report("j1", 2, "done", attempt=1, proof=PROOF, document={"tags": "x" * MAX_KEPT})
    body = await bench.state()
    assert (body["state"], body["proof"]["fd"], body["document"]) == ("done", 6, None)
    await line.close()


async def test_they_outlive_a_restart(bench: Bench, line: Line) -> None:
    await bench.api.post("/jobs", json=job())
    await line.accept()
    await line.report("j1", 2, "done", attempt=1, proof=PROOF, document=DOCUMENT)
    before = await bench.state()
    await bench.restart()
    assert await bench.state() == before
    await line.close()

"""Steps that tests of the link share."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from protocol.crm.outcomes import Proof, ProofSource
from tests.server.conftest import Bench, job

PROOF = Proof(source=ProofSource.DEVICE, fn="9999", fd=6, fpd="123", total="10.00")


async def post(bench: Bench, job_id: str = "j1", **more: Any) -> httpx.Response:
    answer = await bench.api.post("/jobs", json=job(job_id, **more))
    assert answer.status_code == 202, answer.text
    return answer


async def until_offline(bench: Bench, kkm_id: str = "17") -> None:
    for _ in range(500):
        if not (await bench.device(kkm_id))["online"]:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("still online")

"""Words that pass by: the newest counts, and is written within a second."""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, datetime

from protocol.crm.messages import Health, Progress
from server.services.passing import WITHIN, Passing
from tests.server.conftest import Bench, job
from tests.support.patience import BUSY

AT = datetime(2026, 3, 1, tzinfo=UTC)


def progress(job_id: str, done: int) -> Progress:
    return Progress(job_id=job_id, code="positions", done=done, of=9)


def test_the_newest_of_each_job_and_register() -> None:
    heard = Passing()
    health = Health(kkm_id="17", at=AT, facts={"paper": "present"})
    for number, said in enumerate((progress("a", 1), health, progress("b", 1), progress("a", 2))):
        heard.hear(said, 10.0 + number / 10)
    assert heard.taken() == [progress("a", 2), health, progress("b", 1)]
    assert heard.taken() == []


def test_the_oldest_word_says_when_it_is_time() -> None:
    heard = Passing()
    assert heard.due == math.inf
    heard.hear(progress("a", 1), 10.0)
    heard.hear(progress("a", 2), 10.9)
    assert heard.due == 10.0 + WITHIN
    heard.taken()
    assert heard.due == math.inf


async def test_it_is_written_though_nothing_else_is_said(bench: Bench) -> None:
    _, line = await bench.bound()
    await bench.api.post("/jobs", json=job())
    await line.accept()
    await line.send(Progress(job_id="j1", code="no_paper"))
    async with asyncio.timeout(BUSY):
        while (await bench.state())["progress"] is None:  # noqa: ASYNC110 - nobody is told of it
            await asyncio.sleep(0.02)
    await line.close()

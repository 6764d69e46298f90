"""The stream of events: from where the reader left, nothing missed, nothing of others, and it ends with the server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest

from protocol.crm.messages import Event
from server.services import duties
from server.services.access import Scope
from tests.server.conftest import Bench, job
from tests.support.patience import BUSY


class Stream:
    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def next(self) -> dict[str, Any]:
        """The next event: its id, type and data."""
        found: dict[str, Any] = {}
        async with asyncio.timeout(BUSY):
            async for line in self._lines:
                name, _, value = line.partition(": ")
                if name in ("id", "event", "data"):
                    found[name] = value
                elif not line and "data" in found:
                    return found | {"data": json.loads(found["data"])}
        raise AssertionError("the stream has ended")

    async def ready(self) -> None:
        async with asyncio.timeout(BUSY):
            async for line in self._lines:
                if not line:
                    return


@asynccontextmanager
async def stream(api: httpx.AsyncClient, query: str = "", **headers: str) -> AsyncIterator[Stream]:
    async with api.stream("GET", f"/events{query}", headers=headers, timeout=BUSY) as response:
        assert response.status_code == 200, await response.aread()
        assert response.headers["content-type"].startswith("text/event-stream")
        reading = Stream(response)
        await reading.ready()
        yield reading


async def test_a_job_is_heard_of_as_it_goes(bench: Bench) -> None:
    _, line = await bench.bound()
    async with stream(bench.api) as events:
        await bench.api.post("/jobs", json=job())
        await line.accept()
        await line.report("j1", 2, "started", attempt=1)
        heard = [await events.next() for _ in range(3)]
        assert [event["event"] for event in heard] == ["job.queued", "job.accepted", "job.started"]
        assert heard[-1]["data"]["data"]["rev"] == 2
        assert [int(event["id"]) for event in heard] == sorted(int(event["id"]) for event in heard)
    await line.close()


async def test_a_reader_that_comes_back_misses_nothing(bench: Bench) -> None:
    await bench.bound()
    async with stream(bench.api) as events:
        await bench.api.post("/jobs", json=job("a"))
        first = await events.next()
    for name in ("b", "c", "d"):
        await bench.api.post("/jobs", json=job(name))
    async with stream(bench.api, **{"Last-Event-ID": first["id"]}) as events:
        assert [(await events.next())["data"]["data"]["job_id"] for _ in range(3)] == ["b", "c", "d"]
    async with stream(bench.api, f"?after={first['id']}&type=job.queued") as events:
        assert (await events.next())["data"]["data"]["job_id"] == "b"


async def test_a_number_from_a_future_that_was_lost_does_not_deafen(bench: Bench) -> None:
    await bench.bound()
    async with stream(bench.api, **{"Last-Event-ID": "999999"}) as events:
        await bench.api.post("/jobs", json=job())
        assert (await events.next())["event"] == "job.queued"


async def test_devices_are_heard_of_too_and_can_be_chosen(bench: Bench) -> None:
    _, line = await bench.bound()
    now = bench.clock.now()
    async with stream(bench.api, "?kkm_id=17&type=device.paper_out") as events:
        await line.say(Event(event_id="e0", kkm_id="17", kind="cover_open", at=now))
        await line.say(Event(event_id="e1", kkm_id="17", kind="paper_out", at=now, body={"left": 0}))
        heard = await events.next()
        assert (heard["event"], heard["data"]["data"]["body"]) == ("device.paper_out", {"left": 0})
    await line.close()


async def test_other_accounts_hear_nothing(bench: Bench) -> None:
    await bench.bound()
    other = await bench.tenant("Чужие")
    async with stream(other, "?after=0") as theirs, stream(bench.api) as ours:
        await bench.api.post("/jobs", json=job())
        await ours.next()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await theirs.next()


@pytest.mark.parametrize("query", ["?after=x", "?after=-1", "?type=job.eaten", "?kkm_id=%D1%81", "?after=²"])
async def test_nonsense_is_refused(bench: Bench, query: str) -> None:
    answer = await bench.api.get(f"/events{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")


async def test_too_many_streams(bench: Bench) -> None:
    object.__setattr__(bench.limits, "streams", 1)
    async with stream(bench.api):
        answer = await bench.api.get("/events")
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many_streams")


async def test_a_key_that_only_reads_may_listen_and_post_nothing(bench: Bench) -> None:
    await bench.bound()
    reader = await bench.key(bench.api, Scope.READ)
    async with stream(reader) as events:
        await bench.api.post("/jobs", json=job())
        assert (await events.next())["event"] == "job.queued"
    assert (await reader.post("/jobs", json=job("j2"))).status_code == 403
    assert (await reader.get("/webhooks")).status_code == 403


async def test_the_stream_ends_when_the_server_stops(bench: Bench) -> None:
    async with stream(bench.api) as events:
        stopping = asyncio.create_task(bench.stop())
        with pytest.raises((AssertionError, httpx.RemoteProtocolError)):
            await events.next()
        await stopping
    bench.url = ""
    await bench.start()


async def test_old_events_are_forgotten(bench: Bench) -> None:
    await bench.bound()
    await bench.api.post("/jobs", json=job())
    bench.clock.ahead += timedelta(days=31)
    await duties.prune(bench.services.database, bench.services.settings, bench.services.exchanges)
    async with stream(bench.api, "?after=0") as events:
        await bench.api.post("/jobs", json=job("j2"))
        heard = []
        while ("job.queued", "j2") not in heard:
            event = await events.next()
            heard.append((event["event"], event["data"]["data"]["job_id"]))
        assert ("job.queued", "j1") not in heard

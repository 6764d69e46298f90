"""What an agent that is broken, or in a stranger's hands, may say without anybody else believing it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from protocol.crm.messages import Event
from server.store.feed import FeedEvent
from server.store.models import Evidence
from tests.server.conftest import Bench, job
from tests.server.test_feed import stream

FORGED = (
    'paper_out\ndata: {"type": "job.done"}\n\nid: 999999\nevent: job.done\ndata: {"job_id": "j1"}\n\nevent: device.x'
)


@pytest.mark.parametrize("kind", [FORGED, "paper_out\r\rid: 999999", "", "a b", "Ж", "x" * 51])
async def test_an_event_of_a_forged_kind_reached_the_crm_as_other_events(bench: Bench, kind: str) -> None:
    _, line = await bench.bound()
    async with stream(bench.api) as events:
        await line.say(Event(event_id="e1", kkm_id="17", kind=kind, at=datetime.now(UTC)))
        await line.say(Event(event_id="e2", kkm_id="17", kind="paper_out", at=datetime.now(UTC)))
        first = await events.next()
        assert (first["event"], first["data"]["type"]) == ("device.paper_out", "device.paper_out")
    async with bench.services.database.read() as work:
        kept = await work.session.scalars(select(Evidence.why).where(Evidence.type == "event"))
        types = await work.session.scalars(select(FeedEvent.type).where(FeedEvent.type.like("device.%")))
    assert (list(kept), list(types)) == (["bad_event"], ["device.paper_out"])
    await line.close()


async def test_an_event_id_that_cannot_be_kept_whole_came_again_and_again(bench: Bench) -> None:
    _, line = await bench.bound()
    for msg_id in ("m-a", "m-b"):
        await line.say(Event(event_id="e" * 300, kkm_id="17", kind="paper_out", at=datetime.now(UTC)), msg_id)
    async with bench.services.database.read() as work:
        types = await work.session.scalars(select(FeedEvent.type).where(FeedEvent.type.like("device.%")))
    assert len(types) <= 1
    await line.close()


@pytest.mark.parametrize("state", ["queued", "rejected"])
async def test_an_agent_put_a_job_into_a_state_that_is_the_servers(bench: Bench, state: str) -> None:
    _, line = await bench.bound()
    await bench.api.post("/jobs", json=job())
    await line.accept()
    await line.report("j1", 5, state)
    told = await bench.state()
    assert (told["state"], told["rev"]) == ("accepted", 1)
    await line.report("j1", 5, "started", attempt=1)
    assert (await bench.state())["state"] == "started"
    await line.close()

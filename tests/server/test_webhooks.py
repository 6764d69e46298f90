"""Webhooks: every state is told, signed so that an independent library agrees, again until somebody has heard it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from server.services import sender
from server.services.sender import RETRY
from server.services.webhooks import MOST
from server.store.feed import Delivery
from tests.server.conftest import Bench, job
from tests.server.receiver import listening


async def hook(bench: Bench, url: str, **more: Any) -> dict[str, Any]:
    answer = await bench.api.post("/webhooks", json={"url": url, **more})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def due_again(bench: Bench, seconds: float) -> None:
    """Let the time pass after which a failed delivery is tried once more."""
    bench.clock.ahead += timedelta(seconds=seconds)
    bench.services.readers.wake({"*"})


async def states(bench: Bench, webhook_id: str) -> list[tuple[str, str, int]]:
    answer = await bench.api.get(f"/webhooks/{webhook_id}/deliveries")
    return [(d["type"], d["state"], d["attempts"]) for d in answer.json()["deliveries"]]


async def settled(bench: Bench, webhook_id: str, want: list[tuple[str, str, int]]) -> None:
    """The sender notes an answer a moment after the receiver has given it."""
    for _ in range(500):
        if await states(bench, webhook_id) == want:
            return
        await asyncio.sleep(0.02)
    assert await states(bench, webhook_id) == want


async def test_every_state_of_a_job_arrives_signed(bench: Bench) -> None:
    async with listening() as crm:
        made = await hook(bench, crm.url)
        _, line = await bench.bound()
        crm.got.clear()
        await bench.api.post("/jobs", json=job(order_ref="1042"))
        await line.accept()
        await line.report("j1", 2, "started", attempt=1)
        await line.report("j1", 3, "done", attempt=1)
        got = await crm.wait(4)
        assert [one.said["type"] for one in got] == ["job.queued", "job.accepted", "job.started", "job.done"]
        last = got[-1]
        assert (last.said["data"]["job_id"], last.said["data"]["order_ref"], last.said["data"]["rev"]) == (
            "j1",
            "1042",
            3,
        )
        assert Verifier(made["secret"]).verify(last.body, last.headers) == last.said
        with pytest.raises(WebhookVerificationError):
            Verifier(made["secret"]).verify(last.body.replace(b"done", b"dome"), last.headers)
        assert len({one.headers["webhook-id"] for one in got}) == 4
        await line.close()


async def test_a_receiver_that_fails_is_asked_again_and_the_rest_waits_in_order(bench: Bench) -> None:
    async with listening() as crm:
        crm.answers = ["500 Oops"]
        made = await hook(bench, crm.url, types=["job.queued"])
        await bench.bound()
        await bench.api.post("/jobs", json=job())
        await crm.wait(1)
        await settled(bench, made["webhook_id"], [("job.queued", "waiting", 1)])
        await due_again(bench, RETRY[0])
        first, second = await crm.wait(2)
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert first.body == second.body
        await settled(bench, made["webhook_id"], [("job.queued", "delivered", 2)])


async def test_after_the_last_try_a_delivery_is_dead_and_stays_to_be_seen(bench: Bench) -> None:
    async with listening() as crm:
        crm.answers = ["503 Later"] * (len(RETRY) + 1)
        made = await hook(bench, crm.url, types=["webhook.test"])
        await bench.api.post(f"/webhooks/{made['webhook_id']}/test")
        for tried, wait in enumerate((*RETRY, 0), 1):
            await crm.wait(tried)
            state = "waiting" if tried <= len(RETRY) else "dead"
            await settled(bench, made["webhook_id"], [("webhook.test", state, tried)])
            await due_again(bench, wait)
        assert sum(RETRY) > timedelta(days=3).total_seconds()


async def test_what_was_given_up_is_delivered_again_when_somebody_asks(bench: Bench) -> None:
    async with listening() as crm:
        crm.answers = ["410 Gone"]
        made = await hook(bench, crm.url)
        where = f"/webhooks/{made['webhook_id']}"
        await bench.api.post(f"{where}/test")
        (first,) = await crm.wait(1)
        await settled(bench, made["webhook_id"], [("webhook.test", "dead", 1)])
        await bench.api.patch(where, json={"enabled": True})
        again = await bench.api.post(f"{where}/replay")
        assert (again.status_code, again.json()) == (202, {"events": 1})
        assert (await crm.wait(2))[1].headers["webhook-id"] == first.headers["webhook-id"]
        await settled(bench, made["webhook_id"], [("webhook.test", "delivered", 1)])
        assert (await bench.api.post(f"{where}/replay")).json() == {"events": 0}, "nothing was given up"


async def test_events_are_delivered_again_by_name_or_since_a_moment(bench: Bench) -> None:
    """Also those that had arrived, and those of a time when there was no webhook; of the types that it wants."""
    before = datetime.now(UTC)
    await bench.bound()
    await bench.api.post("/jobs", json=job("j1"))
    await bench.api.post("/jobs", json=job("j2", allow_duplicate=True))
    async with listening() as crm:
        made = await hook(bench, crm.url, types=["job.queued"])
        where = f"/webhooks/{made['webhook_id']}"
        assert (await bench.api.post(f"{where}/replay", json={"since": before.isoformat()})).json() == {"events": 2}
        got = await crm.wait(2)
        assert [one.said["data"]["job_id"] for one in got] == ["j1", "j2"]
        named = {"event_ids": [got[1].said["event_id"]]}
        assert (await bench.api.post(f"{where}/replay", json=named)).json() == {"events": 1}
        assert (await crm.wait(3))[2].said["data"]["job_id"] == "j2"
        later = {"since": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}
        assert (await bench.api.post(f"{where}/replay", json=later)).json() == {"events": 0}


async def test_nobody_has_events_of_another_account_delivered(bench: Bench) -> None:
    await bench.bound()
    await bench.api.post("/jobs", json=job("j1"))
    other = await bench.tenant("Другая")
    async with listening() as crm, listening() as own:
        mine = await hook(bench, own.url, types=["job.queued"])
        since = {"since": "2020-01-01T00:00:00Z"}
        assert (await bench.api.post(f"/webhooks/{mine['webhook_id']}/replay", json=since)).json() == {"events": 1}
        event_id = (await own.wait(1))[0].said["event_id"]
        made = (await other.post("/webhooks", json={"url": crm.url})).json()
        where = f"/webhooks/{made['webhook_id']}/replay"
        assert (await other.post(where, json=since)).json() == {"events": 0}
        answer = await other.post(where, json={"event_ids": [event_id]})
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_event")
        assert (await other.post(f"/webhooks/{mine['webhook_id']}/replay")).status_code == 404
        assert crm.got == []
    both = await bench.api.post(f"/webhooks/{mine['webhook_id']}/replay", json={**since, "event_ids": [event_id]})
    assert both.status_code == 422


async def test_gone_means_gone(bench: Bench) -> None:
    async with listening() as crm:
        crm.answers = ["410 Gone"]
        made = await hook(bench, crm.url)
        await bench.api.post(f"/webhooks/{made['webhook_id']}/test")
        await crm.wait(1)
        await settled(bench, made["webhook_id"], [("webhook.test", "dead", 1)])
        shown = (await bench.api.get(f"/webhooks/{made['webhook_id']}")).json()
        assert (shown["enabled"], shown["disabled_why"]) == (False, "gone")
        again = await bench.api.patch(f"/webhooks/{made['webhook_id']}", json={"enabled": True})
        assert again.json()["enabled"] is True


async def test_switched_on_again_what_waits_is_not_left_to_its_hour(bench: Bench) -> None:
    async with listening() as crm:
        crm.answers = ["503 Busy", "200 OK"]
        made = await hook(bench, crm.url, types=["webhook.test"])
        here = f"/webhooks/{made['webhook_id']}"
        await bench.api.post(f"{here}/test")
        await crm.wait(1)
        await settled(bench, made["webhook_id"], [("webhook.test", "waiting", 1)])
        await bench.api.patch(here, json={"enabled": False})
        await bench.api.patch(here, json={"enabled": True})
        await crm.wait(2)
        await settled(bench, made["webhook_id"], [("webhook.test", "delivered", 2)])


async def test_retry_after_is_honoured(bench: Bench) -> None:
    async with listening() as crm:
        crm.answers = ["429 Slow\r\nRetry-After: 4000"]
        made = await hook(bench, crm.url, types=["webhook.test"])
        await bench.api.post(f"/webhooks/{made['webhook_id']}/test")
        await crm.wait(1)
        await settled(bench, made["webhook_id"], [("webhook.test", "waiting", 1)])
        async with bench.services.database.read() as work:
            row = await work.session.scalar(select(Delivery))
            assert row is not None
            assert row.next_at is not None
            assert (row.next_at - bench.clock.now()).total_seconds() > 3900


async def test_what_waited_is_sent_after_a_restart(bench: Bench) -> None:
    async with listening() as crm:
        crm.answers = ["500 Oops"]
        made = await hook(bench, crm.url, types=["webhook.test"])
        await bench.api.post(f"/webhooks/{made['webhook_id']}/test")
        await crm.wait(1)
        await settled(bench, made["webhook_id"], [("webhook.test", "waiting", 1)])
        bench.clock.ahead += timedelta(seconds=RETRY[0])
        await bench.restart()
        await crm.wait(2)
        await settled(bench, made["webhook_id"], [("webhook.test", "delivered", 2)])


async def test_the_same_url_again_is_the_same_webhook_and_its_secret_is_shown_once(bench: Bench) -> None:
    first = await hook(bench, "http://127.0.0.1:9/a", types=["job.done"])
    again = await hook(bench, "http://127.0.0.1:9/a")
    assert (again["webhook_id"], again["secret"], again["types"]) == (first["webhook_id"], None, None)
    assert first["secret"].startswith("whsec_")
    listed = (await bench.api.get("/webhooks")).text
    assert first["secret"] not in listed
    for _ in range(2):
        assert (await bench.api.delete(f"/webhooks/{first['webhook_id']}")).status_code == 204
    assert (await bench.api.get("/webhooks")).json() == {"webhooks": []}


async def test_a_stranger_sees_and_changes_nothing(bench: Bench) -> None:
    made = await hook(bench, "http://127.0.0.1:9/a")
    other = await bench.tenant("Чужие")
    here = f"/webhooks/{made['webhook_id']}"
    assert (await other.get("/webhooks")).json() == {"webhooks": []}
    for answer in (
        await other.get(here),
        await other.patch(here, json={"enabled": False}),
        await other.post(f"{here}/test"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_webhook")
    assert (await other.delete(here)).status_code == 204
    assert (await bench.api.get(here)).json()["enabled"] is True


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"url": "ftp://example.ru/"}, "url"),
        ({"url": "https://user:pass@example.ru/"}, "url"),
        ({"url": "https://exаmple.ru/"}, "url"),  # a Cyrillic а
        ({"url": "https://example.ru/", "types": ["job.eaten"]}, "types[0]"),
        ({"url": "https://example.ru/", "types": []}, "types"),
        ({"url": "https://example.ru/", "secret": "x"}, "secret"),
        ({}, "url"),
    ],
)
async def test_bad_webhooks_are_refused_by_field(bench: Bench, body: dict[str, Any], field: str) -> None:
    answer = await bench.api.post("/webhooks", json=body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert (await bench.api.get("/webhooks")).json() == {"webhooks": []}


async def test_no_account_fills_the_table(bench: Bench) -> None:
    for number in range(MOST):
        await hook(bench, f"http://127.0.0.1:9/{number}")
    answer = await bench.api.post("/webhooks", json={"url": "http://127.0.0.1:9/x"})
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_webhooks")


async def test_a_private_address_is_not_called_by_an_ordinary_server(bench: Bench) -> None:
    await bench.stop()
    bench.private_webhooks, bench.url = False, ""
    await bench.start()
    bench.api = await bench.tenant("Другие")
    answer = await bench.api.post("/webhooks", json={"url": "http://127.0.0.1:9/a"})
    assert answer.status_code == 422
    made = await hook(bench, "https://localhost:9/a", types=["webhook.test"])  # a name that resolves to loopback
    await bench.api.post(f"/webhooks/{made['webhook_id']}/test")
    await settled(bench, made["webhook_id"], [("webhook.test", "waiting", 1)])
    (delivery,) = (await bench.api.get(f"/webhooks/{made['webhook_id']}/deliveries")).json()["deliveries"]
    assert delivery["last_error"].startswith("webhook_address")


async def test_redirects_are_not_followed(bench: Bench) -> None:
    async with listening() as inner, listening() as crm:
        crm.answers = [f"307 Elsewhere\r\nLocation: {inner.url}"]
        made = await hook(bench, crm.url, types=["webhook.test"])
        await bench.api.post(f"/webhooks/{made['webhook_id']}/test")
        await crm.wait(1)
        await settled(bench, made["webhook_id"], [("webhook.test", "waiting", 1)])
        assert inner.got == []


async def test_a_host_that_is_no_name_kept_every_webhook_waiting(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver refuses such a name with an error of its own kind, not the network's."""
    judge = sender.judge_url

    def as_if_it_were(url: str, *, private_too: bool) -> tuple[str, str, int]:
        scheme, host, port = judge(url, private_too=private_too)
        return scheme, "a..b" if url.endswith("/bad") else host, port

    monkeypatch.setattr(sender, "judge_url", as_if_it_were)
    async with listening() as crm:
        bad = await hook(bench, crm.url + "/bad")
        good = await hook(bench, crm.url)
        await bench.api.post(f"/webhooks/{bad['webhook_id']}/test")
        await bench.api.post(f"/webhooks/{good['webhook_id']}/test")
        await settled(bench, good["webhook_id"], [("webhook.test", "delivered", 1)])
        await settled(bench, bad["webhook_id"], [("webhook.test", "waiting", 1)])


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".example", ".example.com"])
async def test_a_host_that_is_no_name_is_no_address_for_a_webhook(bench: Bench, host: str) -> None:
    answer = await bench.api.post("/webhooks", json={"url": f"https://{host}/hook"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "url")


async def test_a_slow_receiver_kept_the_others_waiting(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says 204 to everything, each time after a while; others are not behind all that waits for it."""
    monkeypatch.setattr(sender, "TURN", 0.2)
    async with listening() as slow, listening() as quick:
        slow.delay = 0.15
        made = await hook(bench, slow.url)
        await bench.api.patch(f"/webhooks/{made['webhook_id']}", json={"enabled": False})
        for _ in range(12):
            await bench.api.post(f"/webhooks/{made['webhook_id']}/test")
        await bench.api.patch(f"/webhooks/{made['webhook_id']}", json={"enabled": True})
        await slow.wait(1)
        other = await hook(bench, quick.url)
        await bench.api.post(f"/webhooks/{other['webhook_id']}/test")
        await quick.wait(1)
        assert len(slow.got) < 10
        await slow.wait(12)

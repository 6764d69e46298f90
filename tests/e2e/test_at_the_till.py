"""The course of a job at a running shop: one server and one PC, a register for each test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.shop import Shop, Till, open_shop
from tests.support.rig import EXAMPLE, imprint

FOREIGN = ("--fault", "foreign:after=3,total=1640.00", "--fault", "answer-lost:command=FF45,nth=2,stored=no")
TILLS: dict[str, tuple[str, ...]] = {"81": (), "82": (), "83": (), "84": (), "85": (), "86": FOREIGN}
"""Registers, and how each is started."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(tmp_path_factory.mktemp("course")) as shop:
        made = [shop.till(kkm_id, *options) for kkm_id, options in TILLS.items()]
        shop.pc(*made)
        shop.start(*made)
        yield shop


def till(shop: Shop, kkm_id: str) -> Till:
    return next(till for till in shop.tills if till.kkm_id == kkm_id)


def payload() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(EXAMPLE.read_text("utf-8"))["payload"]
    return content


def posts(at: Till, order: str, **more: Any) -> str:
    return at.post("receipt", payload(), job_id=f"{at.kkm_id}-{order}", order_ref=f"{at.kkm_id}-{order}", **more)


def receipts(at: Till) -> list[dict[str, Any]]:
    return [document for document in at.documents() if document["type"] == "receipt"]


def test_the_same_id_with_another_body_is_409(shop: Shop) -> None:
    t = till(shop, "81")
    job_id = posts(t, "order-1")
    body = {"job_id": job_id, "kkm_id": "81", "kind": "receipt", "payload": payload(), "order_ref": "another order"}
    answer = shop.rig.call("POST", "/jobs", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "job_id_known")
    assert answer.headers["content-type"].startswith("application/problem+json")
    shop.ended(job_id)
    assert len(receipts(t)) == 1


def test_a_lease_that_passed_after_the_offer_was_taken_is_held(shop: Shop) -> None:
    """The device is off; the agent has the job; its time passes. Nothing is printed when the device comes back."""
    t = till(shop, "82")
    t.tell("power-off")
    late = posts(t, "order-1", start_within_s=5)
    assert shop.rig.settled(late, 30, {"held"})["reason"]["code"] == "lease_passed"
    t.tell("power-on")
    shop.ended(posts(t, "order-2"))
    assert shop.rig.job(late)["state"] == "held"
    assert len(receipts(t)) == 1
    shop.rig.post(f"/jobs/{late}/cancel", {})
    assert shop.ended(late)["state"] == "cancelled"


def test_a_cancel_before_intent_cancels(shop: Shop) -> None:
    """The register is off, so the job waits at the agent."""
    t = till(shop, "83")
    t.tell("power-off")
    job_id = posts(t, "order-1")
    shop.rig.settled(job_id, 30, {"accepted"})
    shop.rig.post(f"/jobs/{job_id}/cancel", {})
    assert shop.ended(job_id)["state"] == "cancelled"
    t.tell("power-on")
    assert shop.ended(posts(t, "order-2"))["state"] == "done"
    assert len(receipts(t)) == 1


def test_a_cancel_after_intent_is_too_late(shop: Shop) -> None:
    t = till(shop, "84")
    t.tell("fault slow:command=FF45,seconds=3")
    job_id = posts(t, "order-1")
    shop.rig.settled(job_id, 30, {"started"})
    shop.rig.post(f"/jobs/{job_id}/cancel", {})
    job = shop.ended(job_id)
    assert (job["state"], job["too_late"]) == ("done", True)
    assert len(receipts(t)) == 1


def test_refusals_name_their_cause(shop: Shop) -> None:
    t = till(shop, "85")
    shop.rig.put("/devices", {"kkm_id": "88"})  # no agent has claimed it
    shop.rig.put("/desks", {"desk_id": "front", "name": "Приёмка"})
    for where, code in (
        ({"kkm_id": "99"}, "unknown_kkm_id"),
        ({"kkm_id": "88"}, "device_without_agent"),
        ({"desk_id": "front"}, "desk_without_device"),
    ):
        answer = shop.rig.call("POST", "/jobs", {"job_id": code, "kind": "receipt", "payload": payload(), **where})
        problem = answer.json()
        assert (answer.is_client_error, problem["code"]) == (True, code)
        assert problem["advice"]
    broken = payload()
    broken["payments"][0]["amount"] = "1.00"
    answer = shop.rig.call("POST", "/jobs", {"job_id": "d", "kind": "receipt", "payload": broken, "kkm_id": "85"})
    assert answer.status_code == 422
    (error,) = [e for e in answer.json()["errors"] if e["code"] == "E_PAYMENT_SHORT"]
    assert error["field"]
    assert error["rule"]
    assert error["expected"]
    assert receipts(t) == []


def test_another_program_on_an_exclusive_desk_is_noticed_and_nothing_is_doubled(shop: Shop) -> None:
    """Its receipt stands between ours and has the same total; its document is told, ours is proven by the imprint."""
    t = till(shop, "86")
    shop.ended(posts(t, "order-1"))
    job = shop.ended(posts(t, "order-2"))
    assert job["state"] == "done"
    ours = [receipt for receipt in receipts(t) if imprint(receipt)]
    assert len(ours) == 2
    assert job["proof"]["fd"] == ours[-1]["fd"]
    shop.rig.until(lambda: t.view()["exclusive"] is False, 30, "exclusive cleared")

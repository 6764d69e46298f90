"""The course of a job over real processes: once and only once, in time or not at all, and never a traceback."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.support.rig import Rig, imprint


def ready(shop: Rig) -> None:
    shop.start_agent()
    shop.bound()


def test_the_same_post_twice_concurrently_and_after_a_restart_is_one_document(shop: Rig) -> None:
    ready(shop)
    body = shop.job_body("order-1")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: shop.call("POST", "/jobs", body), range(16)))
    assert {answer.status_code for answer in answers} == {202}
    shop.settled("order-1")
    assert shop.server is not None
    shop.server.kill()
    assert shop.agent is not None
    shop.agent.kill()
    shop.start_server()
    shop.start_agent()
    assert shop.call("POST", "/jobs", body).json()["state"] == "done"
    shop.bound()
    assert shop.call("POST", "/jobs", body).status_code == 202
    assert len(shop.receipts()) == 1


def test_the_same_id_with_another_body_is_409(shop: Rig) -> None:
    ready(shop)
    shop.submit("order-1")
    other = shop.job_body("order-1", order_ref="another order")
    answer = shop.call("POST", "/jobs", other)
    assert (answer.status_code, answer.json()["code"]) == (409, "job_id_known")
    assert answer.headers["content-type"].startswith("application/problem+json")
    shop.settled("order-1")
    assert len(shop.receipts()) == 1


def test_a_lease_that_passed_while_the_agent_was_off_is_held_and_printed_only_after_renewal(shop: Rig) -> None:
    ready(shop)
    assert shop.agent is not None
    shop.agent.kill()
    shop.submit("order-1", start_within_s=5)
    shop.settled("order-1", 30, {"held"})
    shop.start_agent()
    shop.bound()
    shop.submit("order-2")
    shop.settled("order-2")
    assert shop.job("order-1")["state"] == "held"
    assert len(shop.receipts()) == 1

    shop.post("/jobs/order-1/renew", {"start_within_s": 60})
    assert shop.settled("order-1")["state"] == "done"
    assert len(shop.receipts()) == 2


def test_a_lease_that_passed_after_the_offer_was_taken_is_held(shop: Rig) -> None:
    """The device is off; the agent has the job; its time passes. Nothing is printed when the device comes back."""
    ready(shop)
    assert shop.register is not None
    shop.register.stop()
    shop.submit("order-1", start_within_s=5)
    job = shop.settled("order-1", 30, {"held"})
    assert job["reason"]["code"] == "lease_passed"
    shop.start_register()
    shop.submit("order-2")
    shop.settled("order-2")
    assert shop.job("order-1")["state"] == "held"
    assert [imprint(r) for r in shop.receipts()] != []
    assert len(shop.receipts()) == 1
    shop.post("/jobs/order-1/cancel", {})
    assert shop.settled("order-1")["state"] == "cancelled"


def test_a_cancel_before_intent_cancels(shop: Rig) -> None:
    """The register is off, so the job waits at the agent."""
    ready(shop)
    assert shop.register is not None
    shop.register.stop()
    shop.submit("order-1")
    shop.settled("order-1", 30, {"accepted"})
    shop.post("/jobs/order-1/cancel", {})
    assert shop.settled("order-1")["state"] == "cancelled"
    shop.start_register()
    shop.submit("order-2")
    assert shop.settled("order-2")["state"] == "done"
    assert len(shop.receipts()) == 1


def test_a_cancel_before_the_offer_left_cancels(shop: Rig) -> None:
    ready(shop)
    assert shop.agent is not None
    shop.agent.stop()
    shop.submit("order-1")
    shop.post("/jobs/order-1/cancel", {})
    assert shop.settled("order-1")["state"] == "cancelled"
    ready(shop)
    shop.submit("order-2")
    shop.settled("order-2")
    assert len(shop.receipts()) == 1


def test_a_cancel_after_intent_is_too_late(rig: Rig) -> None:
    rig.start_server()
    rig.start_register("slow:command=FF45,seconds=3")
    rig.configure()
    rig.put("/devices", {"kkm_id": rig.kkm_id})
    rig.pair()
    ready(rig)
    rig.submit("order-1")
    rig.settled("order-1", 30, {"started"})
    rig.post("/jobs/order-1/cancel", {})
    job = rig.settled("order-1")
    assert (job["state"], job["too_late"]) == ("done", True)
    assert len(rig.receipts()) == 1


def test_an_unplugged_register_is_a_sentence_and_the_job_waits(shop: Rig) -> None:
    ready(shop)
    assert shop.register is not None
    shop.register.stop()
    shop.submit("order-1")

    def told() -> bool:
        progress = shop.job("order-1")["progress"]
        return bool(progress and progress["code"] == "device_offline")

    shop.until(told, 30, "device_offline")
    assert "Traceback" not in (shop.folder / "agent.log").read_text()
    shop.start_register()
    assert shop.settled("order-1")["state"] == "done"


def test_refusals_name_their_cause(shop: Rig) -> None:
    cases = [
        (shop.job_body("a", kkm_id="99"), "unknown_kkm_id"),
        (shop.job_body("b"), "device_without_agent"),  # no agent has claimed it yet
        ({k: v for k, v in shop.job_body("c").items() if k != "kkm_id"} | {"desk_id": "front"}, "desk_without_device"),
    ]
    shop.put("/desks", {"desk_id": "front", "name": "Приёмка"})
    for body, code in cases:
        answer = shop.call("POST", "/jobs", body)
        problem = answer.json()
        assert (answer.is_client_error, problem["code"]) == (True, code)
        assert problem["advice"]
    ready(shop)
    broken = shop.job_body("d")
    broken["payload"]["payments"][0]["amount"] = "1.00"
    answer = shop.call("POST", "/jobs", broken)
    assert answer.status_code == 422
    (error,) = [e for e in answer.json()["errors"] if e["code"] == "E_PAYMENT_SHORT"]
    assert error["field"]
    assert error["rule"]
    assert error["expected"]
    assert shop.receipts() == []


def test_a_graceful_stop_of_both_loses_nothing_in_flight(rig: Rig) -> None:
    rig.start_server()
    rig.start_register("slow:command=FF45,seconds=2")
    rig.configure()
    rig.put("/devices", {"kkm_id": rig.kkm_id})
    rig.pair()
    ready(rig)
    for number in range(4):
        rig.submit(f"order-{number}")
    rig.settled("order-0", 30, {"started", "done"})
    assert rig.agent is not None
    assert rig.server is not None
    assert rig.server.stop() == 0
    assert rig.agent.stop() == 0
    rig.start_server()
    rig.start_agent()
    jobs = [rig.settled(f"order-{number}") for number in range(4)]
    assert {job["state"] for job in jobs} == {"done"}
    assert len(rig.receipts()) == 4


def test_another_program_on_an_exclusive_desk_is_noticed_and_nothing_is_doubled(rig: Rig) -> None:
    """Its receipt stands between ours and has the same total; its document is told, ours is proven by the imprint."""
    rig.start_server()
    rig.start_register("foreign:after=3,total=1640.00", "answer-lost:command=FF45,nth=2,stored=no")
    rig.configure()
    rig.put("/devices", {"kkm_id": rig.kkm_id})
    rig.pair()
    ready(rig)
    rig.submit("order-1")
    rig.settled("order-1")
    rig.submit("order-2")
    job = rig.settled("order-2")
    assert job["state"] == "done"
    ours = [r for r in rig.receipts() if imprint(r)]
    assert len(ours) == 2
    assert job["proof"]["fd"] == ours[-1]["fd"]
    rig.until(lambda: rig.device()["exclusive"] is False, 30, "exclusive cleared")

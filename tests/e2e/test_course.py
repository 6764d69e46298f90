"""The course of a job over real processes: once and only once, in time or not at all, and never a traceback."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

from tests.support.rig import Rig


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


def test_a_lease_that_passed_while_the_agent_was_off_is_held_and_printed_only_after_renewal(shop: Rig) -> None:
    ready(shop)
    assert shop.agent is not None
    shop.agent.kill()
    shop.until(lambda: not shop.device()["online"], what="offline")  # or its offer may still leave
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


def test_a_jobs_way_stands_in_both_logs_under_its_id(shop: Rig) -> None:
    ready(shop)
    shop.submit("order-1")
    shop.settled("order-1")

    def lines(log: str, word: str) -> list[str]:
        """Whole ones: a log is behind what it tells of."""
        return [line for line in (shop.folder / log).read_text("utf-8").split("\n")[:-1] if word in line]

    def states() -> list[str]:
        here = map(json.loads, lines("server.log", "order-1"))
        return [line["state"] for line in here if line["event"] == "job"]

    def steps() -> list[str]:
        words = [word for line in lines("agent.log", "job_id=order-1") for word in line.split()]
        return [word.partition("=")[2] for word in words if word.startswith("step=")]

    shop.until(lambda: "done" in states() and "proven" in steps(), 20, "both logs have the end")
    assert states() == ["queued", "accepted", "started", "done"]
    assert steps()[0] == "offer"
    assert {"intent", "closing", "proven"} <= set(steps()), steps()


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

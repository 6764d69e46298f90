"""A register moves to another PC, a journal is rolled back: nothing is printed twice, nothing is forgotten."""

from __future__ import annotations

import shutil

import pytest

from agent.journal.inspect import list_jobs
from tests.support.rig import Rig, imprint


@pytest.mark.gate
def test_a_register_moves_to_a_new_pc_and_its_open_jobs_are_adopted(rig: Rig) -> None:
    """The old PC dies between the register's answer and its own note of it; another job had only been accepted."""
    rig.start_server()
    rig.start_register()
    rig.configure("old")
    rig.configure("new")
    rig.put("/devices", {"kkm_id": rig.kkm_id})
    rig.pair("old")
    old = rig.start_agent("old", dying=("--at", "close_answered"))
    rig.bound()
    rig.submit("made")
    rig.submit("waiting")
    assert old.wait() == -9
    rig.submit("never-sent")

    agent_id = rig.pair("new")
    rig.post(f"/devices/{rig.kkm_id}/move", {"agent_id": agent_id, "old_pc_off": True, "person": "Петров"})
    rig.start_agent("new")

    made = rig.settled("made")
    assert made["state"] == "done"
    assert rig.settled("never-sent")["state"] == "done"
    waiting = rig.settled("waiting", states={"held", "done"})
    if waiting["state"] == "held":  # it had reached the old PC: a person confirms that it is off
        assert waiting["reason"]["code"] == "moved_unconfirmed"
        rig.post("/jobs/waiting/renew", {"start_within_s": 60})
        assert rig.settled("waiting")["state"] == "done"
    marks = [imprint(r) for r in rig.receipts()]
    assert len(marks) == len(set(marks)) == 3

    # the old PC comes back with its intent still open: it learns that the register is no longer its own, and neither
    # cancels what the new owner has open nor touches the register at all
    rig.start_agent("old")
    rig.until(lambda: rig.device()["refused_claims"], 30, "refused claim")
    rig.until(lambda: "claim_refused" in (rig.folder / "old.log").read_text(), 30, "the old PC was told")
    rig.submit("later")
    assert rig.settled("later")["state"] == "done"
    assert len(rig.receipts()) == 4
    old_jobs = list_jobs(rig.folder / "old" / "journal.sqlite3")
    assert next(job for job in old_jobs if job["job_id"] == "made")["state"] in ("started", "resolving")


@pytest.mark.gate
def test_a_release_by_the_old_pc_offers_again_what_it_had_not_started(rig: Rig) -> None:
    rig.start_server()
    rig.start_register()
    rig.configure("old")
    rig.configure("new")
    rig.put("/devices", {"kkm_id": rig.kkm_id})
    rig.pair("old")
    rig.start_agent("old")
    rig.bound()
    assert rig.register is not None
    rig.register.stop()
    rig.submit("order-1")
    rig.settled("order-1", 30, {"accepted"})
    agent_id = rig.pair("new")
    rig.post(f"/devices/{rig.kkm_id}/move", {"agent_id": agent_id, "old_pc_off": False})
    rig.until(lambda: rig.job("order-1")["state"] == "queued", 30, "returned")
    old = rig.agent
    assert old is not None
    assert old.stop() == 0
    rig.start_register()
    rig.start_agent("new")
    assert rig.settled("order-1")["state"] == "done"
    assert len(rig.receipts()) == 1


@pytest.mark.gate
def test_a_rolled_back_journal_is_quarantined_until_a_person_confirms(shop: Rig) -> None:
    agent = shop.start_agent()
    shop.bound()
    shop.submit("before")
    shop.settled("before")
    assert agent.stop() == 0
    image = shop.folder / "image"
    shutil.copytree(shop.folder / "agent", image)

    agent = shop.start_agent()
    shop.bound()
    shop.submit("after-image")
    shop.settled("after-image")
    acknowledged = shop.until(lambda: shop.get("/agents")["agents"][0], 10)
    assert agent.stop() == 0
    shutil.rmtree(shop.folder / "agent")
    shutil.copytree(image, shop.folder / "agent")

    shop.submit("order-3")
    agent = shop.start_agent()
    shop.until(lambda: shop.get("/agents")["agents"][0]["state"] == "quarantined", 30, "quarantine")
    evidence = shop.until(lambda: shop.get("/agents")["agents"][0].get("quarantine"), 30, "evidence")
    assert evidence
    assert shop.job("order-3")["state"] == "queued"
    assert len(shop.receipts()) == 2

    shop.post(f"/agents/{acknowledged['agent_id']}/confirm", {"person": "Петров", "reason": "диск восстановлен"})
    assert shop.settled("order-3")["state"] == "done"
    assert shop.job("after-image")["state"] == "done"
    marks = [imprint(r) for r in shop.receipts()]
    assert len(marks) == len(set(marks)) == 3


@pytest.mark.gate
def test_a_second_pc_cannot_claim_a_bound_register(shop: Rig) -> None:
    shop.start_agent()
    shop.bound()
    shop.configure("second")
    shop.pair("second")
    assert shop.agent is not None
    shop.agent.stop()  # so that the second one reaches the register at all
    shop.start_agent("second")
    refused = shop.until(lambda: shop.device()["refused_claims"], 30, "refused claim")
    assert refused[0]["code"] == "device_already_bound"
    shop.submit("order-1")
    shop.start_agent()
    assert shop.settled("order-1")["state"] == "done"
    assert len(shop.receipts()) == 1

"""A register at rest: it is looked at, what changes is told once, and the desk's policy closes its shift."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from agent.devices.lane import PAPER_PATIENCE
from agent.devices.watch import LOOK_CLOSER, LOOK_EVERY, OFFLINE_AFTER
from protocol.crm.job_machine import Known
from protocol.crm.jobs import JobKind
from tests.agent.devices.bench import Bench, Death, bench

HOUR = 3600.0


def rest(b: Bench, seconds: float) -> None:
    """Rounds of a lane that nobody asks for anything."""
    end = b.line.now() + seconds
    while b.line.now() < end:
        b.pass_(min(b.round(), end - b.line.now()))


def told(b: Bench) -> list[str]:
    return [event.kind for event in b.events()]


def open_shift(b: Bench) -> None:
    b.offer("open", kind=JobKind.OPEN_SHIFT, payload={})
    b.run("open")


# --- looks ----------------------------------------------------------------------------------------------------------


def test_a_register_at_rest_is_looked_at_every_minute(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        rest(b, 10 * LOOK_EVERY)
        times = [health.at for health in b.healths]
        gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
        assert 9 <= len(times) <= 11
        assert all(LOOK_EVERY <= gap < LOOK_EVERY + 10 for gap in gaps)
        assert b.lane._performer.identity is None  # between looks the channel is free for other programs
        assert told(b) == []


def test_a_look_tells_what_a_shop_wants_to_know(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        open_shift(b)
        rest(b, LOOK_EVERY)
        facts = b.healths[-1].facts
        assert (facts["answers"], facts["reason"], facts["paper"], facts["cover_open"]) == (
            True,
            None,
            "present",
            False,
        )
        assert (facts["shift"]["state"], facts["shift"]["number"]) == ("open", 1)
        assert facts["shift"]["opened_at"] == "2026-07-01T15:00:00+03:00"
        assert 0 <= facts["shift"]["age_s"] <= LOOK_EVERY + 10
        assert (facts["fn"]["warnings"], facts["ofd"]["unsent"], facts["ofd"]["first_fd"]) == ([], 2, 1)
        assert facts["fn"]["days_left"] > 0
        assert abs(facts["clock"]["drift_s"]) <= 1
        assert (facts["ffd"], facts["register_serial"], facts["setup_problems"]) == ("1.2", b.serial, [])


def test_a_job_is_not_kept_waiting_by_a_look(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        b.round()
        looks = len(b.healths)
        b.line.sleep(10 * LOOK_EVERY)
        b.offer()
        b.run()
        assert len(b.healths) == looks


def test_nothing_is_looked_at_on_a_register_that_is_not_ours(tmp_path: Path) -> None:
    with bench(tmp_path, bound=False) as b:
        rest(b, 300)
        assert b.healths == []


# --- changes --------------------------------------------------------------------------------------------------------


def test_paper_and_cover_are_told_when_they_change_and_only_then(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        rest(b, LOOK_EVERY)
        b.device.take_paper()
        rest(b, 5 * LOOK_EVERY)
        assert told(b) == ["paper_out"]
        assert b.healths[-1].facts["paper"] == "absent"
        b.device.load_paper()
        rest(b, 2 * LOOK_CLOSER)  # what is not well is looked at more often
        assert told(b) == ["paper_out", "paper_back"]
        b.device.inject("cover:seconds=100")
        rest(b, 4 * LOOK_EVERY)
        assert told(b) == ["paper_out", "paper_back", "cover_open", "cover_closed"]
        assert all(event.body["register_serial"] == b.serial for event in b.events())


def test_a_new_process_does_not_say_again_what_the_last_one_said(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        b.device.take_paper()
        rest(b, LOOK_EVERY)
        b.register.disconnect()
        b.start(b.journal)
        rest(b, LOOK_EVERY)
        assert told(b) == ["paper_out"]
        b.device.load_paper()
        b.register.disconnect()
        b.start(b.journal)
        rest(b, LOOK_EVERY)
        assert told(b) == ["paper_out", "paper_back"]


def test_paper_that_a_waiting_job_misses_is_told_too(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        open_shift(b)
        b.device.take_paper()
        b.offer()
        rest(b, LOOK_EVERY + 10)
        assert b.job().state is Known.ACCEPTED
        assert told(b) == ["paper_out"]
        b.device.load_paper()
        b.run()
        rest(b, LOOK_EVERY)
        assert told(b) == ["paper_out", "paper_back"]


def test_a_register_that_goes_away_is_told_once_and_its_return_once(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        rest(b, LOOK_EVERY)
        b.device.inject("mute:seconds=600")
        rest(b, 500)
        assert told(b) == ["device_offline"]
        facts = b.healths[-1].facts
        assert (facts["answers"], facts["reason"]) == (False, "device_offline")
        assert facts["fn"]["serial"]  # what was last known stays
        rest(b, 200)
        assert told(b) == ["device_offline", "device_online"]


def test_a_cable_that_is_put_in_again_is_no_event(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        rest(b, LOOK_EVERY)
        b.device.inject(f"mute:seconds={OFFLINE_AFTER / 2}")
        rest(b, 3 * LOOK_EVERY)
        assert told(b) == []


def test_a_clock_that_runs_away_is_told(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        rest(b, LOOK_EVERY)
        b.device.inject("clock:by=+10m")
        rest(b, 3 * LOOK_EVERY)
        (event,) = b.events()
        assert event.kind == "clock_drift"
        assert 595 <= event.body["drift_s"] <= 605


# --- the desk's policy ----------------------------------------------------------------------------------------------


def closings(b: Bench) -> list[dict[str, Any]]:
    return [event.body for event in b.events() if event.kind == "shift_closed"]


def test_at_its_hour_the_shift_is_closed_once_and_told_with_document_and_totals(tmp_path: Path) -> None:
    with bench(tmp_path, close_at="16:00") as b:
        b.offer()
        b.run()
        b.line.sleep(0.95 * HOUR)
        rest(b, 60)
        assert closings(b) == []
        b.line.sleep(0.05 * HOUR)
        rest(b, 120)
        (body,) = closings(b)
        (made,) = [d for d in b.documents() if d["type"] == "close_shift"]
        assert (body["by"], body["rule"], body["for_job"]) == ("policy", "close_at", None)
        assert (body["fd"], body["fpd"], body["document"]["tags"]) == (made["fd"], made["fpd"], made["tags"])
        assert body["totals"]["sell"]["total"] == "100.00"
        assert body["drawer"] == "100.00"
        b.line.sleep(17 * HOUR)
        open_shift(b)
        rest(b, 120)
        assert len(closings(b)) == 1
        b.line.sleep(7 * HOUR)
        rest(b, 120)
        assert [body["rule"] for body in closings(b)] == ["close_at", "close_at"]


def test_who_works_on_after_the_hour_is_not_stopped_by_it_again(tmp_path: Path) -> None:
    with bench(tmp_path, close_at="15:30") as b:
        open_shift(b)
        b.line.sleep(0.6 * HOUR)
        rest(b, 120)
        b.offer("late", kind=JobKind.OPEN_SHIFT, payload={})
        b.run("late")
        b.line.sleep(5 * HOUR)
        rest(b, 120)
        assert [body["rule"] for body in closings(b)] == ["close_at"]


def test_a_shift_is_closed_before_its_24_hours_end(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        open_shift(b)
        b.line.sleep(23.4 * HOUR)
        rest(b, 120)
        assert closings(b) == []
        b.line.sleep(0.1 * HOUR)
        rest(b, 120)
        assert [body["rule"] for body in closings(b)] == ["close_before_24h"]


def test_an_expired_shift_is_healed(tmp_path: Path) -> None:
    with bench(tmp_path, close_before_24h=False) as b:
        open_shift(b)
        b.line.sleep(24.1 * HOUR)
        rest(b, 120)
        assert [body["rule"] for body in closings(b)] == ["close_expired_shift"]


def test_a_desk_without_these_rules_is_left_alone(tmp_path: Path) -> None:
    with bench(tmp_path, close_before_24h=False, close_expired_shift=False) as b:
        open_shift(b)
        b.line.sleep(30 * HOUR)
        rest(b, 120)
        assert closings(b) == []


def test_a_shift_that_a_receipt_needs_names_its_rule_and_its_job(tmp_path: Path) -> None:
    with bench(tmp_path, close_before_24h=False) as b:
        b.offer("j0")
        b.run("j0")
        b.line.sleep(25 * HOUR)
        b.offer()
        b.run()
        rules = [(event.kind, event.body["rule"], event.body["for_job"]) for event in b.events()]
        assert rules == [
            ("shift_opened", "open_shift", "j0"),
            ("shift_closed", "close_expired_shift", "j1"),
            ("shift_opened", "open_shift", "j1"),
        ]


def test_a_journal_that_may_not_act_keeps_no_policy(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        open_shift(b)
        b.line.sleep(25 * HOUR)
        for _ in range(5):
            b.book.allow_starts(False)  # quarantined
            b.pass_(b.lane.round())
        assert closings(b) == []
        assert b.healths  # it is looked at all the same


@pytest.mark.parametrize("fault", ["answer-lost:command=41,stored=no", "power:command=41,when=before"])
def test_a_policys_closing_in_doubt_is_resolved_by_the_next_process(tmp_path: Path, fault: str) -> None:
    def dies() -> None:
        raise Death

    with bench(tmp_path, close_at="16:00") as b:
        b.offer()
        b.run()
        b.line.sleep(1.1 * HOUR)
        b.device.inject(fault)
        b.at(0.0, dies)
        with pytest.raises(Death):
            rest(b, 300)
        assert b.row().operation is not None
        b.line.sleep(1.0)
        b.register.disconnect()
        b.start(b.journal)
        rest(b, 300)
        (body,) = closings(b)
        assert (body["rule"], body["totals"]["sell"]["total"]) == ("close_at", "100.00")
        assert [d["type"] for d in b.documents()].count("close_shift") == 1
        assert b.row().operation is None


# --- paper that is owed ---------------------------------------------------------------------------------------------


def test_paper_that_is_owed_is_remembered_by_the_next_process(tmp_path: Path) -> None:
    with bench(tmp_path, "paper-out:line=30,load=60") as b:
        b.offer()
        assert b.run().outcome["paper"] == "incomplete"
        b.register.disconnect()
        b.start(b.journal)
        assert b.row().unprinted == "j1"
        rest(b, 90)
        assert (b.job().outcome["paper"], b.row().unprinted) == ("complete", None)
        assert not b.lane.state.paper_pending
        assert len(b.receipts()) == 1


def test_nobody_waits_for_paper_for_ever(tmp_path: Path) -> None:
    with bench(tmp_path, "paper-out:line=30,load=100000") as b:
        b.offer()
        b.run()
        rest(b, 2)
        b.line.sleep(PAPER_PATIENCE)
        rest(b, 2)
        assert b.row().unprinted is None
        assert b.job().outcome["paper"] == "incomplete"

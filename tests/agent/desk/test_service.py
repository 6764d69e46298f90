"""The picture of an agent, and a person's word, over a real journal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.desk.decisions import CASES
from agent.desk.overview import RECENT, Overview, Who
from agent.desk.pin import ManagerPin
from agent.desk.requests import SupportRequests
from agent.desk.service import DeskService, status_json, status_of
from agent.devices.device_lane import LaneState
from agent.jobs.transitions import because
from agent.link.status import LinkStatus, Trouble
from agent.problems import UserError
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent, Known
from protocol.crm.jobs import JobKind
from protocol.crm.link_machine import AgentLink
from protocol.crm.outcomes import Reason
from tests.agent.desk.log_desk import Watching
from tests.agent.desk.support_desk import Support
from tests.support.crm import AGENT, KKM, NOW
from tests.support.job_books import Bench, bench

V = JobEvent


class Desk:
    def __init__(self, book: Bench, folder: Path) -> None:
        self.book = book
        self.link = LinkStatus(AgentLink.READY, NOW)
        self.lanes = [LaneState(KKM)]
        self.refusals: dict[str, Reason] = {}
        who = Who("1.0", AGENT, "Тест", "https://kassa.example.ru", ((KKM, "shtrih", "tcp:1.2.3.4:7778"),))
        self.support = Support(book.hands)
        requests = SupportRequests(self.support.means())
        self.log = Watching(book.hands, folder)
        self.overview = Overview(
            who,
            book.book,
            book.hands.now,
            lambda: self.link,
            lambda: self.lanes,
            lambda: self.refusals,
            asks=lambda: requests.asks() + self.log.watch.asks(),
            watched=self.log.watch.watched,
        )
        self.pin = ManagerPin(folder, book.hands.now)
        self.service = DeskService(book.book, self.pin, self.overview, requests, self.log.watch)

    def asks(self, what: str, **params: Any) -> dict[str, Any]:
        return self.service.handlers()[what](params)

    def refused(self, **params: Any) -> str:
        with pytest.raises(UserError) as refused:
            self.asks("decide", **params)
        return refused.value.code


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with bench(tmp_path) as book:
        book.binds()
        yield Desk(book, tmp_path)


def _human(desk: Desk, case: str = "looks_alike", job_id: str = "j1") -> None:
    desk.book.offers(job_id)
    desk.book.lane(V.INTENT, job_id=job_id)
    told = because(reason(case), evidence={"case": case})
    moved = desk.book.book.transition(job_id, V.UNDECIDABLE, outcome=told)
    assert getattr(moved, "state", None) is Known.HUMAN


def test_an_agent_at_rest(desk: Desk) -> None:
    status = desk.overview()
    assert (status.tenant, status.link.state, status.paused, status.quarantined) == (
        "Тест",
        AgentLink.READY,
        False,
        False,
    )
    assert [(d.kkm_id, d.bound, d.trouble, d.job) for d in status.devices] == [(KKM, True, None, None)]
    assert (status.recent, status.decisions, status.in_hand) == ((), (), ())


def test_a_register_that_does_not_answer_and_a_link_that_is_down_are_shown(desk: Desk) -> None:
    desk.lanes = [LaneState(KKM, doing="waiting", reason=reason("device_offline"))]
    desk.link = LinkStatus(AgentLink.WAITING, NOW, Trouble("dns"), failures=3)
    status = desk.overview()
    assert status.devices[0].trouble is not None
    assert status.devices[0].trouble.code == "device_offline"
    assert status.link.trouble == Trouble("dns")


def test_why_the_server_does_not_take_a_register_is_shown_unless_the_register_itself_is_in_trouble(desk: Desk) -> None:
    desk.refusals = {KKM: reason("unknown_kkm_id")}
    assert desk.overview().devices[0].trouble == reason("unknown_kkm_id")
    desk.lanes = [LaneState(KKM, reason=reason("no_paper"))]
    assert desk.overview().devices[0].trouble == reason("no_paper")


def test_a_job_in_hand_says_what_it_is_at(desk: Desk) -> None:
    desk.book.offers()
    desk.lanes = [LaneState(KKM, job_id="j1", step="positions")]
    (device,) = desk.overview().in_hand
    assert (device.job, device.step) == ("j1", "positions")


def test_a_terminals_job_in_hand_is_shown_with_its_sum_and_can_be_called_off(desk: Desk) -> None:
    desk.overview = replace(desk.overview, who=replace(desk.overview.who, terminals=frozenset({KKM})))
    desk.book.offers(kind=JobKind.PAYMENT, payload={"amount": "12.50"})
    desk.lanes = [LaneState(KKM, job_id="j1", step="present_card", abortable=True)]
    status = desk.overview()
    (device,) = status.in_hand
    assert (device.is_terminal, device.step, device.abortable) == (True, "present_card", True)
    assert [(job.kind, job.total) for job in status.recent] == [("payment", 1250)]


def test_a_job_is_called_off_by_whoever_has_it_in_hand_or_not_at_all(desk: Desk) -> None:
    asked: list[str] = []

    def call_off(job_id: str) -> bool:
        asked.append(job_id)
        return job_id == "j1"

    desk.service = replace(desk.service, call_off=call_off)
    assert desk.asks("abort", job_id="j1") == {"job_id": "j1"}
    with pytest.raises(UserError) as refused:
        desk.asks("abort", job_id="j2")
    assert (refused.value.code, asked) == ("abort_unsupported", ["j1", "j2"])


def test_the_last_jobs_come_newest_first_with_what_they_are_about(desk: Desk) -> None:
    for n in range(RECENT + 3):
        desk.book.hands.turn(60)
        desk.book.offers(f"j{n}")
    recent = desk.overview().recent
    assert [job.job_id for job in recent] == [f"j{n}" for n in range(RECENT + 2, 2, -1)]
    assert {(job.kind, job.state, job.total is not None) for job in recent} == {("receipt", "accepted", True)}
    assert recent[0].at - recent[1].at == timedelta(seconds=60)


def test_it_travels_as_json_and_is_the_same_on_the_other_side(desk: Desk) -> None:
    _human(desk)
    desk.link = LinkStatus(AgentLink.WAITING, NOW, Trouble("tls", "expired", 3.5), failures=1, retry_in=2.0)
    status = desk.overview()
    assert status_of(status_json(status)) == status
    assert status_of(desk.asks("status")) == status


def test_what_waits_for_a_person_is_shown_with_its_case(desk: Desk) -> None:
    _human(desk, "device_silent")
    (waiting,) = desk.overview().decisions
    assert (waiting.job_id, waiting.state, waiting.case) == ("j1", "human", "device_silent")
    assert waiting.case in CASES


def test_a_decision_is_kept_with_the_job_and_wakes_its_lane(desk: Desk) -> None:
    _human(desk)
    desk.book.woken.clear()
    desk.asks("decide", job_id="j1", decision="done", fd=12, person="Иванова", why="чек у покупателя")
    row = desk.book.row()
    assert row.state is Known.HUMAN, "the register is asked first"
    assert row.outcome["asked"] == {
        "decision": "done", "person": "Иванова", "why": "чек у покупателя", "fd": 12, "rev": row.rev
    }  # fmt: skip
    assert desk.book.woken == [KKM]


def test_a_decision_that_may_make_a_receipt_again_needs_the_managers_pin(desk: Desk) -> None:
    _human(desk)
    known = {"job_id": "j1", "decision": "not_done", "person": "Иванова", "why": "чека нет"}
    assert desk.refused(**known) == "pin_needed"
    assert desk.refused(**known, pin="4711") == "no_pin"
    desk.pin.set("4711")
    assert desk.refused(**known, pin="0000") == "wrong_pin"
    assert "asked" not in desk.book.row().outcome
    desk.asks("decide", **known, pin="4711")
    assert desk.book.row().outcome["asked"]["decision"] == "not_done"


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"job_id": "nobody"}, "no_such_decision"),
    ({"person": "  "}, "name_and_reason"),
    ({"why": ""}, "name_and_reason"),
    ({"fd": None}, "fd_needed"),
    ({"decision": "perhaps"}, "bad_question"),
    ({"extra": 1}, "bad_question"),
]


@pytest.mark.parametrize(("changes", "code"), REFUSED)
def test_what_is_no_decision_changes_nothing(desk: Desk, changes: dict[str, Any], code: str) -> None:
    _human(desk)
    known = {"job_id": "j1", "decision": "done", "fd": 12, "person": "Иванова", "why": "чек у покупателя"}
    before = desk.book.row()
    assert desk.refused(**known | changes) == code
    assert desk.book.row() == before


def test_a_job_that_is_settled_takes_no_decision(desk: Desk) -> None:
    desk.book.offers()
    desk.book.lane(V.INTENT)
    known = {"job_id": "j1", "decision": "done", "fd": 12, "person": "Иванова", "why": "чек у покупателя"}
    assert desk.refused(**known) == "no_such_decision"


def test_a_pause_lets_nothing_begin_and_is_over_when_somebody_says_so(desk: Desk) -> None:
    desk.book.pongs()
    assert desk.book.book.may_start
    assert desk.asks("pause") == {"paused": True}
    assert (desk.book.book.may_start, desk.overview().paused) == (False, True)
    desk.book.pongs()  # the link does not end it
    assert not desk.book.book.may_start
    assert desk.asks("go_on") == {"paused": False}
    assert desk.book.book.may_start


def test_the_picture_of_a_quarantined_agent(desk: Desk) -> None:
    desk.link = replace(desk.link, state=AgentLink.QUARANTINED)
    assert desk.overview().quarantined


def test_a_register_shows_what_it_last_told_of_itself(desk: Desk) -> None:
    """The facts that the server is told as its health: nobody else has to ask the register."""
    assert desk.overview().devices[0].facts is None
    looked = replace(desk.overview, looks=lambda: {KKM: {"answers": True, "paper": "present"}})
    assert looked().devices[0].facts == {"answers": True, "paper": "present"}

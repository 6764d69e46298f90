"""What pages make of what the services show: sums and times, the standing of a desk, charts, evidence, a return."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from protocol.crm.outcomes import SaleChoice
from server.console import asked, charts, evidence, jobs, menu, standing
from server.console.format import ago, length, moment, money, number, quantity
from server.console.overview import places
from server.console.reading import Past
from server.console.visit import inside
from server.services.health import HealthView
from server.services.roles import SCOPES, Role
from server.services.views import ClaimView, DeskView, DeviceView, Transition
from server.store.models import Job
from tests.server.console.conftest import LOOKS_ALIKE

NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")


# --- sums and times ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "ru", "en"),
    [
        ("1250.00", "1\u00a0250,00\u00a0₽", "1,250.00\u00a0₽"),
        (125000, "1\u00a0250,00\u00a0₽", "1,250.00\u00a0₽"),
        (-1, "-0,01\u00a0₽", "-0.01\u00a0₽"),
        (Decimal("0.5"), "0,50\u00a0₽", "0.50\u00a0₽"),
        (None, "", ""),
        ("что-то", "что-то", "что-то"),
    ],
)
def test_money(given: Any, ru: str, en: str) -> None:
    assert (money(given, "ru"), money(given, "en")) == (ru, en)


@pytest.mark.parametrize(
    ("seconds", "en"),
    [(0, "0\u00a0s"), (0.26, "260\u00a0ms"), (59, "59\u00a0s"), (61, "1\u00a0min 1\u00a0s"), (3600, "1\u00a0h"),
     (90_061, "1\u00a0d 1\u00a0h"), (3_601, "1\u00a0h"), (None, "")],
)  # fmt: skip
def test_lengths_of_time_are_their_two_largest_units(seconds: float | None, en: str) -> None:
    assert length(seconds, "en") == en


def test_moments() -> None:
    assert moment(NOW, MOSCOW) == "23.11.2026 15:30"
    assert moment(datetime.fromisoformat("2026-03-01T12:00:00"), MOSCOW) == "01.03.2026 12:00"  # a register's own time
    assert ago(NOW - timedelta(minutes=5), NOW, "ru") == "5\u00a0мин назад"
    assert ago(NOW + timedelta(minutes=5), NOW, "en") == "in 5\u00a0min"
    assert ago(NOW, NOW, "en") == "just now"


def test_numbers() -> None:
    assert (number(1110, "ru"), number(1110, "en"), quantity("1.500"), quantity("10")) == (
        "1\u00a0110",
        "1,110",
        "1.5",
        "10",
    )


# --- charts -----------------------------------------------------------------------------------------------------------


def past(hours: float, state: str = "done", took: float | None = 2.0) -> Past:
    return Past(NOW - timedelta(hours=hours), state, took)


def test_charts_count_by_the_hour() -> None:
    jobs_ = [
        past(0.1),
        past(0.2),
        past(1.0),
        past(23.4),
        past(30),
        past(0.3, "not_done", 9.0),
        past(0.4, "human", None),
    ]
    chart = charts.jobs_per_hour(jobs_, NOW)
    assert [bar.value for bar in chart.bars if bar.value] == [1, 1, 4]
    assert (chart.whole, chart.most, len(chart.bars)) == (6, 4, 24)
    assert (chart.bars[-1].height, chart.bars[-2].height) == (charts.HEIGHT, charts.HEIGHT / 4)
    assert charts.failures(jobs_, NOW).whole == 1


def test_how_long_a_job_takes_is_the_median_of_those_that_were_done() -> None:
    assert charts.latency([past(0.1, took=1.0), past(0.1, took=3.0), past(0.1, took=100.0)], NOW).whole == 3.0
    assert charts.latency([past(0.1, "not_done", 5.0), past(0.1, "human", None)], NOW).whole == 0.0


def test_an_empty_day_has_bars_without_height() -> None:
    assert {bar.height for bar in charts.jobs_per_hour([], NOW).bars} == {0.0}


# --- the standing of a device -----------------------------------------------------------------------------------------


def device(health: dict[str, Any] | None = None, **more: Any) -> DeviceView:
    told = {
        "kkm_id": "17", "name": None, "device": "register", "state": "bound", "agent_id": "ag", "online": True,
        "unreachable_since": None, "binding_epoch": 1, "releasing": False, "moving_to": None, "register_serial": "1",
        "registration_number": None, "fn_serial": None, "last_fd": None, "driver": None, "model": None, "ffd": None,
        "taxation": None, "exclusive": True, "exclusive_lost_at": None, "desk_id": "front", "refused_claims": [],
        "health": HealthView.model_validate({"at": NOW, "stale": False, **health}) if health is not None else None,
    }  # fmt: skip
    return DeviceView.model_validate(told | more)


def notes(*args: Any, **kwargs: Any) -> list[tuple[str, str]]:
    return [(note.colour, note.text) for note in standing.of_device(device(*args, **kwargs), "ru")]


@pytest.mark.parametrize(
    ("facts", "colour", "part"),
    [
        ({"answers": False, "reason": "device_offline"}, "bad", "Касса не отвечает."),
        ({"paper": "absent"}, "bad", "нет бумаги"),
        ({"cover_open": True}, "bad", "Крышка"),
        ({"blocked": "fn_expired"}, "bad", "Срок фискального накопителя истёк."),
        ({"shift": {"state": "expired"}}, "bad", "больше 24 часов"),
        ({"shift": {"state": "open", "age_s": 84_000}}, "wait", "Смена открыта 23\u00a0ч"),
        ({"fn": {"days_left": 12}}, "wait", "ФН дней: 12"),
        ({"fn": {"days_left": 0}}, "bad", "ФН дней: 0"),
        ({"ofd": {"unsent": 25}}, "wait", "Не передано в ОФД документов: 25"),
        ({"clock": {"drift_s": -400}}, "wait", "расходятся"),
        ({"paper": "interrupted"}, "wait", "ждёт бумаги"),
        ({"terminal": {"attention": "settlement_due"}}, "bad", ""),
        ({"setup_problems": ["tax_by_host"]}, "bad", "суммы налогов"),
    ],
)
def test_every_fact_that_is_wrong_is_a_sentence(facts: dict[str, Any], colour: str, part: str) -> None:
    (found,) = notes(facts)
    assert found[0] == colour
    assert part in found[1]


def test_what_the_device_does_not_tell_is_no_trouble() -> None:
    assert notes({}) == []
    assert notes(None) == []


def test_nobody_answering_for_it_stands_before_its_facts() -> None:
    assert [text for _, text in notes({"paper": "absent"}, online=False)] == ["ПК не на связи: задания ждут."]
    assert [colour for colour, _ in notes(state="free", agent_id=None)] == ["bad"]


def test_a_refused_claim_is_told_and_hides_nothing() -> None:
    claim = ClaimView(agent_id="b", code="register_changed", text="Другой ПК", advice="", register_serial="2", at=NOW)
    assert notes({"cover_open": True}, refused_claims=[claim])[0] == ("wait", "Другой ПК")
    assert len(notes({"cover_open": True}, refused_claims=[claim])) == 2
    assert notes(state="assigned", refused_claims=[claim])[0] == ("bad", "Другой ПК")


DESK = DeskView.model_validate(
    {"desk_id": "d", "name": None, "kkm_id": "17", "terminal_kkm_id": None, "timezone": "Europe/Moscow",
     "exclusive": True, "imprint": True, "held_hours": 24, "settle": "manual",
     "shift_policy": {"open": "auto", "close_expired": "auto", "close_at": None, "before_24h": "auto"}}
)  # fmt: skip


def test_a_desk_without_a_register_is_red() -> None:
    found = standing.of_desk(DESK, None, None, "en")
    assert (standing.worst(found), found[0].text) == ("bad", "No register stands at this desk.")
    assert standing.worst([]) == "good"


def test_a_desk_whose_job_is_in_doubt_says_so() -> None:
    told = places([DESK], {"17": device({})}, {}, frozenset({"17"}), "en")
    assert (told[0].colour, told[0].notes[0].advice) == ("bad", "Open “Decisions”.")
    assert places([DESK], {"17": device({})}, {}, frozenset(), "en")[0].colour == "good"


# --- evidence ---------------------------------------------------------------------------------------------------------


def job(**fields: Any) -> Job:
    usual = {
        "job_id": "j", "kind": "receipt", "state": "human", "waits": None, "choices": None, "evidence": None,
        "reason": None, "proof": None, "steps": None, "total": 1000, "payload": {"type": "sell"}, "order_ref": None,
    }  # fmt: skip
    return Job(**(usual | fields))


def test_candidates_are_compared_with_what_was_asked_for() -> None:
    told = evidence.shown(job(evidence=LOOKS_ALIKE))
    assert (told.case.name, told.snapshot) == ("H1", 40)
    assert [(one.fd, one.total, one.same) for one in told.candidates] == [(41, 1000, True), (42, 900, False)]
    assert [(choice.decision, choice.fd) for choice in told.case.choices] == [("done", "must"), ("not_done", "")]


@pytest.mark.parametrize("code", sorted(evidence.CASES))
def test_every_case_of_doubt_offers_a_decision(code: str) -> None:
    told = evidence.shown(job(evidence={"case": code}))
    assert told.code == code
    assert told.case.choices
    assert told.case.ru != told.case.en


def test_a_doubt_that_nobody_knows_can_still_be_decided() -> None:
    assert {choice.decision for choice in evidence.shown(job(evidence={"case": "new_one"})).case.choices} == {
        "done", "not_done",
    }  # fmt: skip


def test_a_sale_that_waits_offers_what_it_names_and_nothing_else() -> None:
    row = job(kind="sale", state="started", waits="receipt_owed", choices=[SaleChoice.GO_ON, SaleChoice.LEAVE_OWED])
    code, case = evidence.case_of(row)
    assert (code, case.name) == ("receipt_owed", "O")
    assert [(one.decision, one.word) for one in case.choices] == [
        ("go_on", "go_on_receipt_owed"), ("leave_owed", "leave_owed"),
    ]  # fmt: skip


def test_a_sale_that_was_left_owed_asks_for_the_number_of_its_correction_receipt() -> None:
    row = job(kind="sale", state="human", owed=True, evidence={"case": "left_owed", "person": "П", "why": "сломана"})
    code, case = evidence.case_of(row)
    assert (code, case.name) == ("left_owed", "O")
    assert [(one.decision, one.word, one.fd) for one in case.choices] == [("done", "corrected", "must")]


def test_a_terminals_operations_are_shown_with_their_sums() -> None:
    told = evidence.shown(
        job(evidence={"case": "payment_unclear", "amount": 1000, "approved": None,
                      "before": {"outcome": "declined", "amount": 5, "at": "2026-03-01T12:00:00"},
                      "after": {"outcome": "approved", "amount": 1000, "rrn": "123", "card": "****4242"}})
    )  # fmt: skip
    assert [(one.when, one.outcome, one.amount, one.rrn) for one in told.operations] == [
        ("after", "approved", 1000, "123"), ("before", "declined", 5, ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "strange",
    [{"candidates": "x"}, {"candidates": [{"at": "later", "total": "ten", "fd": True}]}, {"before": [1]}, {"after": 5},
     {"snapshot": "x"}, {"differences": None}, {}],
)  # fmt: skip
def test_strange_evidence_is_shown_as_far_as_it_can_be_read(strange: dict[str, Any]) -> None:
    told = evidence.shown(job(evidence={"case": "looks_alike", **strange}))
    assert told.case.name == "H1"
    assert all(one.total is None and one.at is None for one in told.candidates)


# --- a return ---------------------------------------------------------------------------------------------------------

SOLD: dict[str, Any] = {
    "type": "sell", "taxation": "osn", "cashier": {"name": "Иванова"}, "print": False,
    "items": [{"name": "Стекло", "price": "10.00", "quantity": "1", "vat": "vat22"}],
    "payments": [{"type": "card", "amount": "10.00"}],
}  # fmt: skip


def test_a_return_is_the_receipt_turned_round_without_its_cashier() -> None:
    row = job(state="done", proof={"source": "device"}, payload=SOLD)
    assert asked.returnable(row)
    back = asked.return_of(row)
    assert (back["type"], back["items"], "cashier" in back, "cards" in back) == (
        "sell_return",
        SOLD["items"],
        False,
        False,
    )


def test_the_return_of_a_sale_names_the_payments_that_are_brought_back() -> None:
    step = {"step": "payment", "state": "done", "proof": {"total": "10.00", "rrn": "77", "auth_code": None}}
    undone = {"step": "payment", "state": "not_done", "proof": None}
    row = job(kind="sale", state="done", proof={"source": "device"}, payload=SOLD, steps=[undone, step])
    assert asked.return_of(row)["cards"] == [{"original": {"amount": "10.00", "rrn": "77"}}]


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "not_done"},
        {"proof": None},
        {"kind": "x_report"},
        {"payload": {"type": "sell_return"}},
        {"payload": {}},
    ],
)
def test_only_what_was_sold_and_proven_is_returned(fields: dict[str, Any]) -> None:
    assert not asked.returnable(job(**({"state": "done", "proof": {"source": "device"}, "payload": SOLD} | fields)))


def test_a_payload_that_cannot_be_read_shows_nothing() -> None:
    plan = asked.plan_of(job(payload={"items": {"a": 1}, "payments": [5], "cashier": "x", "type": None}))
    assert (plan.lines, plan.payments, plan.cashier) == ((), (), "")


# --- the rest ---------------------------------------------------------------------------------------------------------


def test_a_timeline_never_goes_back() -> None:
    at = [NOW, NOW + timedelta(seconds=2), NOW + timedelta(seconds=1)]
    told = jobs.timeline(
        [Transition(state="queued", rev=n, attempt=0, at=when, code=None) for n, when in enumerate(at)]
    )
    assert [one.after for one in told] == [None, 2.0, 0.0]


@pytest.mark.parametrize(
    ("role", "count"), [(Role.OWNER, 13), (Role.MANAGER, 10), (Role.CASHIER, 7), (Role.SUPPORT, 6)]
)
def test_the_menu_shows_what_a_role_may_see(role: Role, count: int) -> None:
    shown = [entry for group in menu.of(SCOPES[role], 3) for entry in group]
    assert len(shown) == count
    assert next(entry.count for entry in shown if entry.path == menu.DECISIONS) == 3


@pytest.mark.parametrize(
    ("asked_for", "goes"),
    [("/console/jobs", "/console/jobs"), ("https://evil.example", "/console"), ("//evil.example", "/console"),
     ("/console//evil.example", "/console"), ("/console/\\evil", "/console"), ("/elsewhere", "/console"),
     (None, "/console")],
)  # fmt: skip
def test_nobody_is_sent_outside(asked_for: str | None, goes: str) -> None:
    assert inside(asked_for) == goes

"""From the agent's picture to icon, texts and menu."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.status import AgentStatus, AwaitedRegister, DeviceStatus, JobStatus, SupportAsk, Watched
from agent.tray.model import (
    MESSAGE_UNITS,
    TITLE_UNITS,
    TOOLTIP_UNITS,
    Action,
    Asked,
    IconState,
    Item,
    Language,
    TrayView,
    Verb,
    items,
)
from agent.tray.text import units
from agent.tray.view import LINE_UNITS, view
from protocol.crm.link_machine import AgentLink
from protocol.crm.outcomes import Reason
from tests.agent.tray.pictures import GOOD_LINK, NOW, REGISTER, TERMINAL, device, down, job, picture


def menu(shown: TrayView) -> list[str]:
    """The items of the first level as they are read; what cannot be chosen in brackets, the default with a star."""
    told = []
    for entry in shown.menu:
        if isinstance(entry, Item):
            told.append(("*" if entry.default else "") + (entry.text if entry.enabled else f"({entry.text})"))
        else:
            told.append("-")
    return told


def items_for(shown: TrayView, verb: Verb) -> list[Item]:
    return [item for item in items(shown.menu) if item.action is not None and item.action.verb is verb]


def last(status: AgentStatus, language: Language = "ru") -> list[str]:
    """The lines of the last receipts."""
    for entry in view(status, NOW, language).menu:
        if isinstance(entry, Item) and entry.text in ("Последние чеки", "Last receipts"):
            return [line.text.replace("\u00a0", " ") for line in entry.submenu if isinstance(line, Item)]
    raise AssertionError("no such item")


def test_all_is_well() -> None:
    shown = view(picture(), NOW, "ru")
    assert (shown.icon, shown.title, shown.tooltip) == (
        IconState.READY, "Готов к работе", "KassaBridge: Готов к работе",
    )  # fmt: skip
    assert menu(shown) == [
        "*Готов к работе", "-", "Последние чеки", "Открыть окно…", "-", "Пауза", "Пробная печать", "Проверить всё",
        "Отправить сведения в поддержку…", "-", "Язык (Language)", "Выход",
    ]  # fmt: skip
    assert menu(view(picture(), NOW, "en")) == [
        "*Ready", "-", "Last receipts", "Open the window…", "-", "Pause", "Test print", "Check everything",
        "Send details to support…", "-", "Language (Язык)", "Quit",
    ]  # fmt: skip


def test_a_decision_is_the_click_and_stands_above_all_else() -> None:
    doubt = job("human", case="content_differs")
    shown = view(picture(decisions=(doubt,), devices=(device("no_paper"),)), NOW, "ru")
    assert [line.replace("\u00a0", " ") for line in menu(shown)][:5] == [
        "Сумма чека не совпадает с продажей (чек на 1 250,00 ₽)",
        "(Нужен чек коррекции.)",
        "(В кассе нет бумаги. Вставьте бумагу.)",
        "-",
        "*Решить: чек на 1 250,00 ₽, 12:03…",
    ]
    assert [item.action for item in items_for(shown, Verb.DECIDE)] == [Action(Verb.DECIDE, "order-1")]


ASK = SupportAsk("rq_1", NOW + timedelta(minutes=10), "Ольга", "Не печатается чек 1042")


def test_what_support_asks_for_is_shown_with_who_and_why_and_sent_only_after_a_look() -> None:
    shown = view(picture(asks=(ASK,)), NOW, "ru")
    assert shown.icon is IconState.READY
    (item,) = (entry for entry in shown.menu if isinstance(entry, Item) and entry.submenu and "просит" in entry.text)
    assert item.text == "Поддержка просит сведения: Ольга"
    assert [(entry.text, entry.enabled) for entry in item.submenu if isinstance(entry, Item)] == [
        ("Не печатается чек 1042", False), ("Посмотреть, что внутри", True), ("Отправить", False),
        ("Не отправлять", True),
    ]  # fmt: skip
    (note,) = shown.notes
    assert (note.id, note.title) == ("bundle:rq_1", "Поддержка просит сведения: Ольга")
    assert "Не печатается чек 1042" in note.text
    seen = view(picture(asks=(replace(ASK, seen=True),)), NOW, "en")
    (send,) = items_for(seen, Verb.SEND_BUNDLE)
    assert (send.text, send.enabled, send.action) == ("Send", True, Action(Verb.SEND_BUNDLE, "rq_1"))
    sending = view(picture(asks=(replace(ASK, seen=True),)), NOW, "ru", Asked(frozenset({Verb.SEND_BUNDLE})))
    assert not any(item.enabled for verb in (Verb.SEND_BUNDLE, Verb.REFUSE_BUNDLE) for item in items_for(sending, verb))


def test_a_bundle_of_ones_own_is_no_news() -> None:
    shown = view(picture(asks=(replace(ASK, request_id="KB-2222-3333", own=True, person="", reason=""),)), NOW, "en")
    assert shown.notes == ()
    assert "Details are ready: KB-2222-3333" in menu(shown)


LOG = SupportAsk("rq_2", NOW + timedelta(minutes=10), "Ольга", "Касса не отвечает", what="log")


def test_support_wants_to_watch_the_log_and_nobody_agrees_in_a_menu() -> None:
    shown = view(picture(asks=(LOG,)), NOW, "ru")
    assert shown.icon is IconState.READY
    (item,) = (entry for entry in shown.menu if isinstance(entry, Item) and entry.submenu and "журнал" in entry.text)
    assert item.text == "Поддержка хочет видеть журнал: Ольга"
    assert [(entry.text, entry.enabled) for entry in item.submenu if isinstance(entry, Item)] == [
        ("Касса не отвечает", False), ("Посмотреть и решить…", True), ("Не показывать", True),
    ]  # fmt: skip
    (note,) = shown.notes
    assert (note.id, note.title) == ("log:rq_2", "Поддержка хочет видеть журнал: Ольга")
    assert [item.action for item in items_for(shown, Verb.LOOK_LOG)] == [Action(Verb.LOOK_LOG, "rq_2")]


def test_that_support_sees_the_log_is_in_the_menu_with_its_end() -> None:
    shown = view(picture(watched=Watched("rq_2", NOW + timedelta(minutes=15), "Ольга", "Иванова")), NOW, "ru")
    until = f"{(NOW + timedelta(minutes=15)).astimezone(NOW.tzinfo):%H:%M}"
    assert f"(Поддержка видит журнал до {until})" in menu(shown)
    (stop,) = items_for(shown, Verb.STOP_LOG)
    assert (stop.text, stop.enabled, stop.action) == ("Прекратить показ журнала", True, Action(Verb.STOP_LOG))
    assert items_for(view(picture(), NOW, "ru"), Verb.STOP_LOG) == []


def test_of_many_decisions_some_are_shown_and_the_rest_counted() -> None:
    doubts = tuple(job("human", case="looks_alike", job_id=f"order-{n}") for n in range(5))
    shown = view(picture(decisions=doubts), NOW, "en")
    assert [item.action.about for item in items_for(shown, Verb.DECIDE) if item.action] == [
        "order-0", "order-1", "order-2",
    ]  # fmt: skip
    assert "(2 more decisions)" in menu(shown)
    assert [item.default for item in items_for(shown, Verb.DECIDE)] == [True, False, False]


@pytest.mark.parametrize(
    ("state", "changed", "line"),
    [
        ("done", {"fd": 41}, "12:03 Чек на 1 250,00 ₽ — готово, документ № 41"),
        ("done", {"fd": 41, "paper_pending": True},
         "12:03 Чек на 1 250,00 ₽ — готово, документ № 41, бумага не допечатана"),
        ("done", {"kind": "open_shift", "total": None}, "12:03 Открытие смены — готово"),
        ("accepted", {}, "12:03 Чек на 1 250,00 ₽ — в очереди"),
        ("held", {}, "12:03 Чек на 1 250,00 ₽ — не начато вовремя, ждёт ответа из CRM"),
        ("started", {}, "12:03 Чек на 1 250,00 ₽ — выполняется"),
        ("resolving", {}, "12:03 Чек на 1 250,00 ₽ — проверяется"),
        ("human", {}, "12:03 Чек на 1 250,00 ₽ — нужно решение"),
        ("not_done", {"code": "no_paper"}, "12:03 Чек на 1 250,00 ₽ — не выполнено: в кассе нет бумаги"),
        ("not_done", {}, "12:03 Чек на 1 250,00 ₽ — не выполнено"),
        ("rejected", {"code": "device_not_configured"},
         "12:03 Чек на 1 250,00 ₽ — не принято: кассы с таким номером на этом компьютере нет"),
        ("cancelled", {"kind": "cash_out", "total": 5}, "12:03 Выплата на 0,05 ₽ — отменено"),
        ("done", {"kind": "of_tomorrow"}, "12:03 Задание на 1 250,00 ₽ — готово"),
        ("of_tomorrow", {}, "12:03 Чек на 1 250,00 ₽ — состояние: of_tomorrow"),
    ],
)  # fmt: skip
def test_what_became_of_a_job(state: str, changed: dict[str, object], line: str) -> None:
    assert last(picture(recent=(job(state, **changed),))) == [line]


def test_the_last_receipts_are_few_and_what_only_reads_is_not_among_them() -> None:
    assert last(picture(recent=())) == ["Чеков ещё не было"]
    assert last(picture(recent=(job(kind="device_status"), job(kind="document")))) == ["Чеков ещё не было"]
    assert len(last(picture(recent=tuple(job(fd=n) for n in range(20))))) == 6


@pytest.mark.parametrize(
    ("step", "ru", "en"),
    [
        ("printing", "печатается", "printing"),
        ("resolving", "проверяем, напечатан ли", "checking whether it was made"),
        ("present_card", "приложите или вставьте карту", "present or insert the card"),
        ("enter_pin", "покупатель вводит ПИН", "the customer is entering the PIN"),
        ("no_paper", "в кассе нет бумаги", "the register is out of paper"),
        ("step_of_tomorrow", "выполняется", "in progress"),
        (None, "выполняется", "in progress"),
    ],
)
def test_the_job_in_hand(step: str | None, ru: str, en: str) -> None:
    status = picture(devices=(device(job="order-1", step=step),))
    shown = view(status, NOW, "ru")
    assert shown.icon is IconState.WORKING
    assert shown.title.replace("\u00a0", " ") == f"Чек на 1 250,00 ₽: {ru}"
    assert view(status, NOW, "en").title.replace("\u00a0", " ") == f"Receipt for 1,250.00 ₽: {en}"


def test_pause_becomes_continue_and_waits_for_the_document_in_hand() -> None:
    paused = view(picture(paused=True), NOW, "ru")
    assert paused.icon is IconState.PAUSED
    assert [item.text for item in items_for(paused, Verb.RESUME)] == ["Продолжить"]
    assert items_for(paused, Verb.PAUSE) == []
    busy = view(picture(paused=True, devices=(device(job="order-1", step="printing"),)), NOW, "ru")
    assert busy.icon is IconState.WORKING
    assert "(Пауза после начатого документа)" in menu(busy)


def test_test_print_asks_on_which_register_where_there_are_several() -> None:
    one = view(picture(), NOW, "ru")
    assert [item.action for item in items_for(one, Verb.TEST_PRINT)] == [Action(Verb.TEST_PRINT, "17")]
    two = view(picture(devices=(REGISTER, replace(REGISTER, kkm_id="18", desk=None))), NOW, "ru")
    assert [(item.text, item.action) for item in items_for(two, Verb.TEST_PRINT)] == [
        ("Касса 1", Action(Verb.TEST_PRINT, "17")),
        ("Касса 18", Action(Verb.TEST_PRINT, "18")),
    ]
    assert "Пробная печать на" in menu(two)


def test_what_is_under_way_is_not_asked_for_twice() -> None:
    shown = view(picture(), NOW, "ru", Asked(frozenset({Verb.DOCTOR, Verb.TEST_PRINT})))
    assert "(Проверить всё — выполняется…)" in menu(shown)
    assert "(Пробная печать — выполняется…)" in menu(shown)
    assert "Пауза" in menu(shown)


def test_quitting_waits_for_the_document_in_hand_and_says_so() -> None:
    busy = picture(devices=(device(job="order-1", step="printing"),))
    shown = view(busy, NOW, "ru", Asked(frozenset({Verb.QUIT})))
    assert shown.icon is IconState.WORKING
    assert shown.tooltip == (
        "KassaBridge: Выход: заканчиваем начатый документ. Не выключайте компьютер и кассу."
    )  # fmt: skip
    assert "(Выход — выполняется…)" in menu(shown)
    chosen = {item.action.verb for item in items(shown.menu) if item.action is not None and item.enabled}
    assert chosen == {Verb.SHOW, Verb.LANGUAGE}, "nothing new is begun"
    assert view(picture(), NOW, "ru", Asked(frozenset({Verb.QUIT}))).title == "Выход…"


def test_without_an_agent_only_what_helps_can_be_asked() -> None:
    shown = view(None, NOW, "ru")
    assert shown.icon is IconState.OFFLINE
    chosen = {item.action.verb for item in items(shown.menu) if item.action is not None and item.enabled}
    assert chosen == {Verb.SHOW, Verb.DOCTOR, Verb.BUNDLE, Verb.LANGUAGE, Verb.QUIT}


def test_the_language_can_be_found_by_who_cannot_read_the_other() -> None:
    for language in ("ru", "en"):
        shown = view(picture(), NOW, "en" if language == "en" else "ru")
        choices = items_for(shown, Verb.LANGUAGE)
        assert [(item.text, item.action, item.checked, item.radio) for item in choices] == [
            ("Русский", Action(Verb.LANGUAGE, "ru"), language == "ru", True),
            ("English", Action(Verb.LANGUAGE, "en"), language == "en", True),
        ]


# --- whatever the picture -------------------------------------------------------------------------------------------

words = st.sampled_from(["", "no_paper", "device_offline", "wrong_device", "tomorrow", "printing", "looks_alike"])
anything = st.text(max_size=140)
jobs = st.builds(
    JobStatus,
    job_id=st.sampled_from(["a", "b", "c"]),
    kkm_id=anything,
    kind=st.sampled_from(["receipt", "cash_in", "device_status", "tomorrow"]),
    state=st.sampled_from(["accepted", "held", "started", "resolving", "human", "done", "not_done", "rejected", "x"]),
    at=st.just(NOW),
    total=st.none() | st.integers(0, 2**40),
    reason=st.none()
    | st.builds(Reason, code=words | anything, text=anything, advice=anything, safe_to_repeat=st.booleans()),
    case=st.none() | words,
    fd=st.none() | st.integers(1, 10**6),
    paper_pending=st.booleans(),
)
devices = st.builds(
    DeviceStatus,
    kkm_id=anything,
    driver=st.just("shtrih"),
    address=anything,
    desk=st.none() | anything,
    identity=st.none() | st.just(REGISTER.identity),
    bound=st.booleans(),
    trouble=st.none()
    | st.builds(Reason, code=words | anything, text=anything, advice=anything, safe_to_repeat=st.booleans()),
    job=st.none() | st.sampled_from(["a", "d"]),
    step=st.none() | words,
)
links = st.sampled_from([GOOD_LINK, *(down(code) for code in ("unreachable", "bad_welcome", "http_500", "http_404"))])
statuses = st.builds(
    picture,
    link=links | st.builds(replace, st.just(GOOD_LINK), state=st.sampled_from(AgentLink)),
    devices=st.lists(devices, max_size=3).map(tuple),
    recent=st.lists(jobs, max_size=4).map(tuple),
    decisions=st.lists(jobs, max_size=5, unique_by=lambda one: one.job_id).map(tuple),
    server_url=st.just("https://k.example") | anything,
    paused=st.booleans(),
    quarantined=st.booleans(),
    disk_low=st.booleans(),
    awaited=st.lists(st.builds(AwaitedRegister, anything, anything), max_size=2).map(tuple),
)


@settings(max_examples=40, deadline=None)
@given(st.none() | statuses, st.sampled_from(["ru", "en"]), st.frozensets(st.sampled_from(Verb)))
def test_whatever_the_picture_it_fits_and_can_be_left(
    status: AgentStatus | None, language: Language, doing: frozenset[Verb]
) -> None:
    shown = view(status, NOW, language, Asked(doing))
    assert shown == view(status, NOW, language, Asked(doing)), "the same picture, the same view"
    assert 0 < units(shown.tooltip) <= TOOLTIP_UNITS
    assert 0 < units(shown.title) <= TITLE_UNITS
    assert units(shown.text) <= MESSAGE_UNITS
    assert sum(item.default for item in items(shown.menu)) == 1
    for item in items(shown.menu):
        assert item.text
        assert units(item.text) <= LINE_UNITS + 1
        assert not set(item.text) & set("\n\r\t")
        assert not (item.submenu and item.action)
    for note in shown.notes:
        assert note.id
        assert units(note.title) <= TITLE_UNITS
        assert 0 < units(note.text) <= MESSAGE_UNITS
    (leave,) = items_for(shown, Verb.QUIT)
    assert leave.enabled == (Verb.QUIT not in doing)


# --- card terminals -------------------------------------------------------------------------------------------------

PAYING = job("started", kkm_id="t1", kind="payment")


def at_work(**changed: Any) -> AgentStatus:
    return picture(devices=(REGISTER, replace(TERMINAL, job="order-1", **changed)), recent=(PAYING,))


def test_what_the_customer_has_to_do_now_is_said() -> None:
    shown = view(at_work(step="present_card"), NOW, "ru")
    assert shown.icon is IconState.WORKING
    assert shown.title.replace("\u00a0", " ") == "Оплата картой на 1 250,00 ₽: приложите или вставьте карту"


def test_a_payment_can_be_called_off_where_the_terminal_can_be_asked() -> None:
    (item,) = items_for(view(at_work(step="present_card", abortable=True), NOW, "ru"), Verb.ABORT)
    assert item.text.replace("\u00a0", " ") == "Прекратить: оплата картой на 1 250,00 ₽"
    assert item.action == Action(Verb.ABORT, "order-1")
    assert items_for(view(at_work(step="present_card"), NOW, "ru"), Verb.ABORT) == []


def test_nothing_is_printed_on_a_terminal_to_try_it() -> None:
    (item,) = items_for(view(picture(devices=(REGISTER, TERMINAL)), NOW, "ru"), Verb.TEST_PRINT)
    assert item.action == Action(Verb.TEST_PRINT, "17")


def test_a_terminal_at_rest_at_no_desk_is_no_trouble() -> None:
    assert view(picture(devices=(REGISTER, TERMINAL)), NOW, "ru").icon is IconState.READY

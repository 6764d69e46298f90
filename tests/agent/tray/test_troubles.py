"""What stands in the way, which of it comes first, and what of it is worth a notification."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import combinations

import pytest

from agent.link.status import LinkStatus
from agent.status import AgentStatus, AwaitedRegister
from agent.tray.model import IconState
from agent.tray.troubles import ICONS, OUTAGE, PASSING, Kind, concerns
from agent.tray.view import view
from protocol.crm.codes import CODES
from protocol.crm.link_machine import AgentLink
from tests.agent.tray.pictures import GOOD_LINK, NOW, REGISTER, device, down, job, picture

CYRILLIC_URL = "https://kаssa.example.ru"  # its first а is Russian

KNOWN: list[tuple[str, AgentStatus | None, Kind, str, str]] = [
    # the known troubles that the picture can show: what is wrong, first words in Russian and in English
    ("no agent", None, Kind.NOT_RUNNING, "Программа на этом компьютере не работает", "The program is not running"),
    ("stopping", picture(link=LinkStatus(AgentLink.STOPPED, NOW)), Kind.NOT_RUNNING, "Программа остан", "The program"),
    ("rolled back", picture(quarantined=True), Kind.WORKPLACE, "Это рабочее место должна", "This workplace must"),
    ("quarantined link", picture(link=LinkStatus(AgentLink.QUARANTINED, NOW)), Kind.WORKPLACE, "Это рабочее", "This w"),
    ("wrong account", picture(link=down("bad_welcome")), Kind.ACCOUNT, "Сервер ответил не от той", "The server answer"),
    ("unknown PC", picture(link=down("unknown_agent")), Kind.ACCOUNT, "Сервер не знает этот", "The server does not kn"),
    ("not confirmed", picture(link=down("agent_not_active")), Kind.ACCOUNT, "Владелец ещё не", "The owner has not"),
    ("copied PC", picture(link=down("superseded")), Kind.ACCOUNT, "Под именем этого", "Another PC is working under"),
    ("not recognised", picture(link=down("bad_signature")), Kind.ACCOUNT, "Сервер не узнал", "The server did not reco"),
    ("Cyrillic address", picture(link=down("unreachable"), server_url=CYRILLIC_URL), Kind.ADDRESS,
     "В адресе сервера русская буква «а»", "The server's address has the Cyrillic letter “а”"),
    ("bad address", picture(link=down("bad_link_url")), Kind.ADDRESS, "Адрес сервера записан", "The server's address"),
    ("unknown address", picture(link=down("http_404")), Kind.ADDRESS, "По этому адресу нет", "There is no register se"),
    ("not our server", picture(link=down("wrong_subprotocol")), Kind.ADDRESS, "По этому адресу нет", "There is no reg"),
    ("no websocket", picture(link=down("no_websocket")), Kind.ADDRESS, "По этому адресу нет", "There is no register s"),
    ("certificate", picture(link=down("tls_certificate")), Kind.ADDRESS, "Сервер не подтвердил", "The server could no"),
    ("no internet", picture(link=down("unreachable")), Kind.LINK, "Нет связи с сервером", "The server cannot be reach"),
    ("no answer", picture(link=down("timeout")), Kind.LINK, "Сервер не отвечает", "The server does not answer"),
    ("no pong", picture(link=down("server_silent")), Kind.LINK, "Сервер не отвечает", "The server does not answer"),
    ("cut", picture(link=down("closed")), Kind.LINK, "Связь с сервером прервалась", "The connection to the server bro"),
    ("proxy", picture(link=down("proxy")), Kind.LINK, "Интернет закрыт прокси", "A proxy blocks"),
    ("proxy password", picture(link=down("http_407")), Kind.LINK, "Интернет закрыт прокси", "A proxy blocks"),
    ("tls", picture(link=down("tls")), Kind.LINK, "Не удалось установить защищённую", "A secure connection"),
    ("server failing", picture(link=down("http_503")), Kind.LINK, "Сервер временно не", "The server is not working"),
    ("server busy", picture(link=down("http_429")), Kind.LINK, "Сервер временно не", "The server is not working"),
    ("server restart", picture(link=down("going_down")), Kind.LINK, "Сервер временно не", "The server is not working"),
    ("tomorrow's code", picture(link=down("flux")), Kind.LINK, "Связь с сервером прервалась", "The connection to the"),
    ("first connection", picture(link=LinkStatus(AgentLink.CONNECTING, NOW)), Kind.LINK, "Соединение с сервером", "Co"),
    ("register off", picture(devices=(device("device_offline"),)), Kind.DEVICE, "Касса не отвечает", "The register do"),
    ("no paper", picture(devices=(device("no_paper"),)), Kind.DEVICE, "В кассе нет бумаги", "The register is out of p"),
    ("cover", picture(devices=(device("cover_open"),)), Kind.DEVICE, "Крышка кассы открыта", "The register's cover is"),
    ("no drive", picture(devices=(device("fn_failed"),)), Kind.DEVICE, "Отказ фискального", "The fiscal drive failed"),
    ("another register", picture(devices=(device("wrong_device"),)), Kind.DEVICE, "Вместо этой кассы", "Another regis"),
    ("port taken", picture(devices=(device("port_busy"),)), Kind.DEVICE, "Порт кассы занят", "Another program holds"),
    ("register address", picture(devices=(device("bad_address"),)), Kind.DEVICE, "Адрес кассы", "The register's addr"),
    ("Cyrillic register", picture(devices=(device("bad_address", address="tcp:кasse:1"),)), Kind.DEVICE,
     "В адресе кассы русская буква «к»", "The register's address has the Cyrillic letter “к”"),
    ("wrong KKM_ID", picture(devices=(device("unknown_kkm_id"),)), Kind.DEVICE, "В CRM нет кассы с", "The CRM has no"),
    ("desk empty", picture(devices=(device("desk_without_device"),)), Kind.DEVICE, "За рабочим местом не", "No regist"),
    ("another PC's", picture(devices=(device("device_already_bound"),)), Kind.DEVICE, "Эту кассу обслуж", "Another PC"),
    ("cable", picture(devices=(device("link_lost"),)), Kind.DEVICE, "Связь с кассой обрыв", "The connection"),
    ("mute", picture(devices=(device("no_reply"),)), Kind.DEVICE, "Касса не отвечает на", "The register does"),
    ("old shift", picture(devices=(device("shift_expired"),)), Kind.DEVICE, "Смена открыта больше", "The shift has"),
    ("no shift", picture(devices=(device("shift_closed"),)), Kind.DEVICE, "Смена закрыта", "The shift is closed"),
    ("no device", picture(devices=()), Kind.ASSIGNMENT, "За этим компьютером нет ни одной", "No register is assigned"),
    ("desk awaits", picture(awaited=(AwaitedRegister("18", "Касса 2"),)), Kind.ASSIGNMENT,
     "На рабочем месте «Касса 2» нет кассы «18»", "There is no register “18” at the desk “Касса 2”"),
    ("CRM awaits", picture(devices=(), awaited=(AwaitedRegister("18"),)), Kind.ASSIGNMENT,
     "На этом компьютере нет кассы «18», которую ждёт CRM", "This PC has no register “18”, which the CRM expects"),
    ("unbound KKM_ID", picture(devices=(device(bound=False),)), Kind.ASSIGNMENT, "Касса подключена, но", "The registe"),
    ("disk", picture(disk_low=True), Kind.DISK, "На диске почти нет места", "The disk is nearly full"),
    ("at work", picture(devices=(device(job="order-1", step="printing"),)), Kind.WORKING, "Чек на 1", "Receipt for 1"),
    ("paused", picture(paused=True), Kind.PAUSED, "Пауза: новые чеки", "Paused: no new"),
    ("no desk", picture(devices=(device(desk=None),)), Kind.HINT, "Касса «17» не стоит", "Register “17” stands at"),
    ("a receipt failed", picture(recent=(job("not_done", code="no_paper"),)), Kind.FAILED, "Чек на 1", "Receipt for 1"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "kind", "ru", "en"), [row[1:] for row in KNOWN], ids=[row[0] for row in KNOWN])
def test_each_trouble_has_its_own_sentence(status: AgentStatus | None, kind: Kind, ru: str, en: str) -> None:
    russian, english = concerns(status, NOW, "ru"), concerns(status, NOW, "en")
    assert [concern.kind for concern in russian] == [kind] == [concern.kind for concern in english]
    assert russian[0].sentence.startswith(ru)
    assert english[0].sentence.startswith(en)


CASES = [
    ("looks_alike", "возможно, уже напечатан", "Посмотрите на последний бумажный чек."),
    ("H1", "возможно, уже напечатан", "Посмотрите на последний бумажный чек."),
    ("device_silent", "Касса не отвечает", "Не повторяйте продажу на другой кассе."),
    ("archive_unreadable", "Касса не отдаёт свои документы", "Не повторяйте продажу на другой кассе."),
    ("fn_replaced", "другой фискальный накопитель", "Прежнюю продажу должна закрыть поддержка"),
    ("two_documents", "По одной продаже два чека", "Нужен чек возврата."),
    ("content_differs", "Сумма чека не совпадает с продажей", "Нужен чек коррекции."),
    ("journal_lost", "Это рабочее место должна проверить поддержка", "Позвоните в поддержку."),
    ("cash_unclear", "неизвестно, прошло или нет", "Пересчитайте деньги"),
    ("moved_unconfirmed", "Касса перенесена с другого компьютера", "старый компьютер выключен"),
    ("case_of_tomorrow", "нужно решение", "Позвоните в поддержку."),
]


@pytest.mark.parametrize(("case", "sentence", "advice"), CASES)
def test_every_doubt_says_what_is_not_known_and_what_not_to_do(case: str, sentence: str, advice: str) -> None:
    found = concerns(picture(decisions=(job("human", case=case),)), NOW, "ru")
    assert found[0].kind is Kind.DECISION
    assert sentence in found[0].sentence
    assert advice in found[0].advice
    assert found[0].job_id == "order-1"
    assert "1\u00a0250,00\u00a0₽" in f"{found[0].sentence} {found[0].advice}" or case == "journal_lost"


def test_a_held_receipt_asks_whether_to_print_it() -> None:
    for held in (job("held"), job("held", code="lease_passed")):
        first = concerns(picture(decisions=(held,)), NOW, "ru")[0]
        assert first.sentence.endswith("не напечатан вовремя")


def joined(one: AgentStatus, other: AgentStatus) -> AgentStatus:
    """Both troubles at once."""
    good = picture()
    changes = {
        name: getattr(bad, name)
        for bad in (one, other)
        for name in ("link", "decisions", "paused", "quarantined", "disk_low", "server_url")
        if getattr(bad, name) != getattr(good, name)
    }
    devices = tuple(
        replace(device, kkm_id=str(place), bound=device.bound)
        for place, bad in enumerate((one, other))
        for device in bad.devices
        if device != REGISTER
    )
    return picture(**changes, devices=devices or good.devices)


RANKED = [
    picture(quarantined=True),
    picture(decisions=(job("human", case="looks_alike"),)),
    picture(link=down("unknown_agent")),
    picture(link=down("bad_link_url")),
    picture(devices=(device("no_paper"),)),
    picture(devices=(device(bound=False),)),
    picture(disk_low=True),
    picture(devices=(device(job="order-1", step="printing"),)),
    picture(link=down("unreachable")),
    picture(paused=True),
    picture(devices=(device(desk=None),)),
]


def test_the_ranks_are_those_of_the_table() -> None:
    kinds = [concerns(status, NOW, "ru")[0].kind for status in RANKED]
    assert kinds == [kind for kind in Kind if kind not in (Kind.NOT_RUNNING, Kind.FAILED)]
    assert set(ICONS) == set(Kind) - {Kind.HINT, Kind.FAILED}


@pytest.mark.parametrize(("high", "low"), list(combinations(range(len(RANKED)), 2)))
def test_of_two_troubles_the_more_important_rules_and_the_other_is_in_the_menu(high: int, low: int) -> None:
    one, other = concerns(RANKED[high], NOW, "ru")[0], concerns(RANKED[low], NOW, "ru")[0]
    both = joined(RANKED[high], RANKED[low])
    found = concerns(both, NOW, "ru")
    if one.kind in (Kind.ACCOUNT, Kind.ADDRESS) and other.kind in (Kind.ADDRESS, Kind.LINK):
        return  # there is one link, and it has one trouble
    if {one.kind, other.kind} & {Kind.ASSIGNMENT} and both.link.state is not AgentLink.READY:
        return  # who owns a register is not known without a link
    assert [concern.kind for concern in found] == [one.kind, other.kind]
    assert view(both, NOW, "ru").icon is ICONS[one.kind]


def test_a_register_is_named_where_there_are_several() -> None:
    both = picture(devices=(device("no_paper"), device("cover_open", kkm_id="18", desk=None)))
    assert [concern.sentence for concern in concerns(both, NOW, "ru")] == [
        "Касса 1: В кассе нет бумаги",
        "Касса 18: Крышка кассы открыта",
    ]


def test_a_fresh_link_is_given_time_to_tell_whose_register_it_is() -> None:
    status = picture(devices=(device(bound=False),), link=LinkStatus(AgentLink.READY, NOW - timedelta(seconds=5)))
    assert concerns(status, NOW, "ru") == ()
    assert concerns(status, NOW + timedelta(seconds=10), "ru") != ()


@pytest.mark.parametrize("code", sorted(PASSING))
def test_what_passes_by_itself_alarms_nobody(code: str) -> None:
    assert code in CODES
    assert concerns(picture(devices=(device(code),)), NOW, "ru") == ()


@pytest.mark.parametrize("code", ["device_offline", "link_lost", "wrong_device"])
def test_a_register_that_is_gone_while_its_receipt_is_in_doubt_asks_for_its_cable_and_for_no_second_receipt(
    code: str,
) -> None:
    at_it = device(code, job="order-1", step=code)
    found = concerns(picture(recent=(job("resolving"),), devices=(at_it,)), NOW, "ru")
    assert [concern.kind for concern in found] == [Kind.DEVICE, Kind.WORKING]
    assert found[0].sentence == "Касса пропала посреди чека"
    assert found[0].advice.endswith("Чек ещё раз не пробивайте.")
    waiting = concerns(picture(recent=(job("accepted"),), devices=(at_it,)), NOW, "ru")
    assert waiting[0].sentence != found[0].sentence


def test_a_doubt_is_not_told_twice() -> None:
    """The register waits for the decision that is asked for."""
    doubt = job("human", case="looks_alike")
    found = concerns(picture(decisions=(doubt,), devices=(device("looks_alike", job="order-1"),)), NOW, "ru")
    assert [concern.kind for concern in found] == [Kind.DECISION, Kind.WORKING]


# --- notifications --------------------------------------------------------------------------------------------------


def notes(status: AgentStatus | None) -> list[str]:
    return [note.id for note in view(status, NOW, "ru").notes]


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (picture(), []),
        (picture(paused=True), []),
        (picture(devices=(device(job="order-1", step="printing"),)), []),
        (picture(devices=(device(desk=None),)), []),
        (picture(link=down("unreachable", failures=1)), []),
        (picture(link=down("unreachable", failures=OUTAGE)), ["link"]),
        (picture(link=down("timeout", failures=OUTAGE)), ["link"]),  # the same outage
        (picture(link=down("unknown_agent", failures=1)), ["link:unknown_agent"]),
        (picture(devices=(device("no_paper"),)), ["device:17:no_paper"]),
        (picture(decisions=(job("human", case="fn_replaced"),)), ["decision:order-1:H3"]),
        (picture(disk_low=True), ["disk"]),
        (picture(quarantined=True), ["workplace"]),
        (picture(recent=(job("not_done", code="no_paper"),)), ["failed:order-1"]),
        (picture(recent=(job("not_done", code="no_paper", at=NOW - timedelta(hours=1)),)), []),  # an old story
        (picture(recent=(job("cancelled"),)), []),
        (None, ["not_running"]),
    ],
)
def test_only_what_matters_is_told(status: AgentStatus | None, told: list[str]) -> None:
    assert notes(status) == told


def test_a_healthy_agent_has_no_concern() -> None:
    assert concerns(picture(), NOW, "ru") == ()
    assert view(picture(), NOW, "ru").icon is IconState.READY
    assert picture().link is GOOD_LINK

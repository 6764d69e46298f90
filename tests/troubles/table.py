"""The known troubles, each planted in a running workplace: what the tray says then, what the doctor finds, what the
server answers. ``docs/support.ru.md`` is the same table in words; a test compares them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agent.desk.channel import ask
from agent.identity import load_identity
from agent.link.dial import dial
from agent.support.doctor import Scene
from agent.support.doctor.archive import read
from agent.support.doctor.greeting import greet
from agent.tray.model import IconState
from protocol.crm.codes import reason as words_of
from protocol.crm.messages import Desk
from server.console.silence import CAUSES
from tests.e2e.shop import Json
from tests.protocol.ffd.payloads import item, payload
from tests.support.patience import BUSY
from tests.troubles.workplace import DESK, KKM, Workplace

Plant = Callable[[Workplace], object]
Ready, Working, Attention, Offline, Paused = (
    IconState.READY,
    IconState.WORKING,
    IconState.ATTENTION,
    IconState.OFFLINE,
    IconState.PAUSED,
)


SECOND = "18"
"""KKM_ID of a register that nobody has connected."""

LETTER_IN_PATH = "/а"
"""A Russian letter behind the server's address."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server says: ``field`` of the answer to ``request`` is ``value``; ``...`` means that it is there."""

    request: str
    field: str
    value: object

    def __str__(self) -> str:
        return f"{self.field} = {self.value}" if self.value is not ... else self.field


@dataclass(frozen=True, slots=True)
class Trouble:
    """``known``: which of the troubles of the old product. ``sentence``: what the tray says, in Russian. ``doctor``:
    every check that is not good then, ``id:code``; ``later``: what it finds a quarter of an hour later. After ``cure``
    all is well again and the last job is in ``ends``. ``shown``: cause and next step on the page of the console."""

    name: str
    known: str
    plant: Plant
    icon: IconState
    sentence: str
    doctor: tuple[str, ...]
    server: Answer
    cure: Plant
    ends: tuple[str, ...] = ("done",)
    later: str = ""
    shown: tuple[str, ...] | None = None

    @property
    def page(self) -> tuple[str, ...]:
        """Cause and next step, as the console says them; where nothing else stands here, in the words of its code."""
        if self.shown is not None:
            return self.shown
        words = words_of(str(self.server.value))
        return words.text, words.advice


def silent(why: str) -> tuple[str, str]:
    """One of the causes that the page of a silent PC names."""
    return CAUSES[why].ru, CAUSES[why].do_ru


def found(answer: Json, field: str) -> object:
    """A dotted path into an answer."""
    value: object = answer
    for part in field.split("."):
        if isinstance(value, list):
            value = value[int(part)] if int(part) < len(value) else None
        else:
            value = value.get(part) if isinstance(value, dict) else None
    return value


def asked(place: Workplace, answer: Answer) -> object:
    """What the server says of it now."""
    refusal = REFUSED.get(answer.request)
    told = refusal(place) if refusal is not None else place.answer(answer.request.removeprefix("GET "))
    return found(told, answer.field)


def receipt(total: str) -> Json:
    return payload(item(total), cash=total)


def _post(place: Workplace, **more: object) -> Json:
    body = {"job_id": "asked", "kind": "receipt", "payload": receipt("1.00"), **more}
    answer = place.rig.call("POST", "/jobs", body)
    assert answer.is_client_error, answer.text
    told: Json = answer.json()
    return told


REFUSED: dict[str, Callable[[Workplace], Json]] = {
    "POST /jobs desk_id": lambda place: _post(place, desk_id=DESK),
    "POST /jobs kkm_id=71": lambda place: _post(place, kkm_id="71"),
    "POST /jobs order_ref": lambda place: _post(place, kkm_id=KKM, order_ref="order-7", payload=receipt("100.00")),
    "GET url": lambda place: _get_with_a_letter(place),
    "hello": lambda place: _greeted(place),
}
"""Requests that the server refuses by name."""

JOB, AGENT = "GET /jobs/{job}", "GET /agents"


def _get_with_a_letter(place: Workplace) -> Json:
    """Whoever uses the address that stands in the settings."""
    told: Json = place.rig.http.get(f"{place.rig.url}{LETTER_IN_PATH}/healthz").json()
    return told


def _greeted(place: Workplace) -> Json:
    """The server's last word to a PC that greets it under this PC's name."""
    scene = Scene(place.config)
    trouble = greet(load_identity(place.data), read(scene), dial, "0", BUSY).trouble
    return {"code": trouble.code if trouble is not None else None}


# --- the receipt does not print -------------------------------------------------------------------------------------


def _word(*words: str) -> Plant:
    """Told to the register, before somebody sells something."""

    def plant(place: Workplace) -> None:
        for word in words:
            place.till.tell(word)
        place.sell()

    return plant


def _tell(word: str) -> Plant:
    return lambda place: place.till.tell(word)


def switched_off(place: Workplace) -> None:
    place.switch_off()
    place.sell()


def another_register(place: Workplace) -> None:
    place.switch_off()
    place.switch_on("99")
    place.sell()


def own_register(place: Workplace) -> None:
    place.switch_off()
    place.switch_on()


def paused(place: Workplace) -> None:
    ask(place.data, "pause", {})
    place.sell()


def shift_by_hand(place: Workplace) -> None:
    _desk(place, kkm_id=KKM, shift_policy={"open": "manual"})
    place.till.do("close_shift")
    place.sell()


def shift_too_old(place: Workplace) -> None:
    _desk(place, kkm_id=KKM, shift_policy={"close_expired": "manual", "before_24h": "manual"})
    place.till.tell("clock +25h")
    place.sell()


def _desk(place: Workplace, **settings: object) -> None:
    """The desk as the CRM wants it from now on, once the PC has heard of it: what is planted next meets that desk."""
    (desk,) = place.rig.put("/desks", {"desk_id": DESK, **settings})["desks"]
    place.until(lambda: place.desk() == desk_of(desk), "the PC has heard of the desk")


def desk_of(told: Mapping[str, Any]) -> Desk:
    """What the register's PC is told of a desk of the directory; of one without that register: nothing."""
    if told["kkm_id"] != KKM:
        return Desk()
    policy = told["shift_policy"]
    return Desk(
        desk_id=told["desk_id"],
        timezone=told["timezone"],
        exclusive=told["exclusive"],
        imprint=told["imprint"],
        open_shift=policy["open"] == "auto",
        close_expired_shift=policy["close_expired"] == "auto",
        close_before_24h=policy["before_24h"] == "auto",
        close_at=policy["close_at"],
        held_hours=told["held_hours"],
    )


def desk_as_it_was(place: Workplace) -> None:
    _desk(place, kkm_id=KKM)


# --- failures that never reach the CRM, and confirmations that are lost ---------------------------------------------


def no_internet(place: Workplace) -> None:
    place.proxy.down()
    place.sell()


def internet_is_back(place: Workplace) -> None:
    place.proxy.open()


def cut_before_the_result(place: Workplace) -> None:
    """The receipt is made, and the line breaks before the server hears of it."""
    place.till.tell("fault slow:command=FF45,seconds=2")
    place.sell()
    place.becomes("started")
    place.proxy.down()
    place.until(lambda: (status := place.status()) and status.recent[0].state == "done", "made on this PC")


def answer_lost(place: Workplace) -> None:
    """The register makes the receipt, and its answer never comes; nor does any other, for the time being."""
    place.till.tell("fault answer-lost:command=FF45,stored=no")
    place.sell()
    place.becomes("resolving")
    place.till.tell("power-off")


def killed_in_doubt(place: Workplace) -> None:
    """The power of the PC goes while the register closes the receipt."""
    place.till.tell("fault slow:command=FF45,seconds=2")
    place.sell()
    place.becomes("started")
    assert place.agent is not None
    place.agent.kill()


def posted_again(place: Workplace) -> None:
    """The CRM has not understood that the receipt was made, and posts it under another id."""
    place.sell(order_ref="order-7")
    place.becomes("done")


def refused(place: Workplace) -> None:
    place.till.tell("fault refuse:command=FF45,error=46,times=3")
    place.sell()
    place.becomes("not_done")


def two_that_look_alike(place: Workplace) -> None:
    """No imprints, another program on the same register, a lost answer: nobody can tell which receipt is whose."""
    _desk(place, kkm_id=KKM, exclusive=False, imprint=False)
    place.until(lambda: not place.till.view()["exclusive"], "the desk is shared")
    last = place.till.documents()[-1]["fd"]
    place.till.tell(f"fault foreign:after={last + 1},total=100.00")
    place.till.tell("fault answer-lost:command=FF45,stored=no")
    place.sell()
    place.becomes("human")


def a_person_decides(place: Workplace) -> None:
    job = place.rig.job(place.job)
    fd = place.till.documents()[-2]["fd"]
    place.rig.post(
        f"/jobs/{place.job}/resolve",
        {"decision": "done", "person": "Иванова", "reason": "лента", "rev": job["rev"], "fd": fd},
    )
    desk_as_it_was(place)


# --- what is written wrongly ----------------------------------------------------------------------------------------


def no_register_at_the_desk(place: Workplace) -> None:
    _desk(place)


def wrong_account(place: Workplace) -> None:
    place.stop()
    place.kept = place.identity(agent_id="pm_00000")
    place.start()


def letter_in_the_address(place: Workplace) -> None:
    """As if the PC had been paired by such an address: its path is not the server's."""
    place.stop()
    url = f"{place.url}{LETTER_IN_PATH}"
    place.kept = place.identity(server_url=url, link_url=f"{url.replace('http', 'ws')}/api/v1/agent")
    place.start()


def paired_as_it_was(place: Workplace) -> None:
    place.stop()
    place.restore()
    place.start()


def letter_in_the_settings(place: Workplace) -> None:
    """The program is started again, and tells the person at the screen why it does not work."""
    place.stop()
    place.edit(place.url, f"{place.url}{LETTER_IN_PATH}")
    place.start_refused()


def mended_settings(place: Workplace) -> None:
    place.edit(f"{place.url}{LETTER_IN_PATH}", place.url)
    place.start()


def wrong_kkm_id(place: Workplace) -> None:
    place.stop()
    place.edit(f'kkm_id = "{KKM}"', 'kkm_id = "71"')
    place.start()


def right_kkm_id(place: Workplace) -> None:
    place.stop()
    place.edit('kkm_id = "71"', f'kkm_id = "{KKM}"')
    place.start()


def a_second_desk(place: Workplace) -> None:
    """The CRM expects one more register at this PC, and nobody has connected any."""
    place.rig.put("/devices", {"kkm_id": SECOND, "agent_id": place.agent_id})
    place.rig.put("/desks", {"desk_id": "second", "kkm_id": SECOND, "name": "Касса 2"})
    place.again()


def no_second_desk(place: Workplace) -> None:
    place.rig.put("/devices", {"kkm_id": SECOND, "agent_id": None})
    place.again()


def no_register_on_the_pc(place: Workplace) -> None:
    place.stop()
    place.kept_text = place.config.read_text("utf-8")
    place.config.write_text(place.kept_text.partition("[[devices]]")[0], "utf-8")
    place.start()
    place.sell()


def register_on_the_pc_again(place: Workplace) -> None:
    place.stop()
    place.config.write_text(place.kept_text, "utf-8")
    place.start()


def program_moved(place: Workplace) -> None:
    """The program has run in one folder, and somebody has moved the folder: autostart and shortcuts lead nowhere."""
    place.stop()
    place.runs_from("program")
    place.until(place.well, "it runs where it was installed")
    place.stop()
    place.moves("program", "Desktop")
    place.sell()


def started_where_it_is(place: Workplace) -> None:
    """It takes up the same journal, the same pairing and the same register."""
    place.runs_from("Desktop")


# --- the table ------------------------------------------------------------------------------------------------------

NOTHING: tuple[str, ...] = ()
"""The server has refused it: there is nothing to show."""
RESOLVING = ("Ответ устройства потерян, читаются его записи.", "Не повторяйте задание.")
MISSING = (
    "ПК назначен, но устройство ещё не видел.",
    "Проверьте на этом ПК, что устройство включено и выбрано.",
)

PRINTS_NOT = "the receipt does not print"
LETTER, ACCOUNT, WRONG_KKM = "a Cyrillic letter in a URL", "a wrong account name", "a wrong KKM_ID"
NO_DEVICE, MOVED = "a desk without a register", "the program moved out of its folder"
UNTOLD, TWICE = "failures that never reach the CRM", "a receipt that comes again"

AT_WORK: tuple[Trouble, ...] = (
    Trouble("no_paper", PRINTS_NOT, _word("paper-out"), Attention, "В кассе нет бумаги. Вставьте бумагу.",
            ("device.paper:no_paper",), Answer(JOB, "progress.code", "no_paper"), _tell("paper-in")),
    Trouble("cover_open", PRINTS_NOT, _word("cover-open"), Attention, "Крышка кассы открыта. Закройте крышку.",
            ("device.paper:cover_open",), Answer(JOB, "progress.code", "cover_open"), _tell("cover-close")),
    Trouble("register_off", PRINTS_NOT, switched_off, Attention,
            "Касса не отвечает. Проверьте питание и кабель кассы.",
            ("device.answers:device_offline",), Answer(JOB, "progress.code", "device_offline"), Workplace.switch_on),
    Trouble("cable_loose", PRINTS_NOT, _word("power-off"), Attention,
            "Связь с кассой обрывается. Проверьте питание и кабель кассы.",
            ("device.answers:trouble",), Answer(JOB, "progress.code", "link_lost"), _tell("power-on")),
    Trouble("another_register", WRONG_KKM, another_register, Attention,
            "Вместо этой кассы отвечает другая. Верните кассу на место",
            ("device.identity:another_register",), Answer(JOB, "progress.code", "wrong_device"), own_register),
    Trouble("paused", PRINTS_NOT, paused, Paused, "Пауза: новые чеки не печатаются. Нажмите «Продолжить»",
            ("agent.paused:paused",), Answer(JOB, "progress.code", "paused"),
            lambda place: ask(place.data, "go_on", {})),
    Trouble("shift_closed", PRINTS_NOT, shift_by_hand, Attention, "Смена закрыта. Откройте смену.",
            ("device.answers:trouble",), Answer(JOB, "progress.code", "shift_closed"), desk_as_it_was),
    Trouble("no_internet", UNTOLD, no_internet, Offline, "Связь с сервером прервалась",
            ("server.answers:cut",), Answer(AGENT, "agents.0.online", False), internet_is_back,
            shown=silent("internet")),
    Trouble("result_not_delivered", UNTOLD, cut_before_the_result, Offline, "Связь с сервером прервалась",
            ("server.answers:cut",), Answer(JOB, "unreachable_since", ...), internet_is_back,
            later="journal.outbox:undelivered", shown=silent("internet")),
    Trouble("answer_lost", TWICE, answer_lost, Attention,
            "Касса пропала посреди чека. Верните питание и кабель. Чек ещё раз не пробивайте.",
            ("device.answers:trouble", "journal.open:resolving"), Answer(JOB, "state", "resolving"), _tell("power-on"),
            shown=RESOLVING),
    Trouble("posted_again", TWICE, posted_again, Ready, "Готов к работе", (),
            Answer("POST /jobs order_ref", "code", "maybe_duplicate"), lambda _: None, shown=NOTHING),
    Trouble("refused", UNTOLD, refused, Ready, "Чек на 100,00 ₽ — не выполнено: в ящике не хватает наличных",
            (), Answer(JOB, "reason.code", "cash_short"), lambda _: None, ends=("not_done",)),
    Trouble("looks_alike", TWICE, two_that_look_alike, Attention,
            "Чек на 100,00 ₽: возможно, уже напечатан. Посмотрите на последний бумажный чек.",
            ("journal.decisions:human",), Answer(JOB, "reason.code", "looks_alike"), a_person_decides),
    Trouble("desk_without_register", NO_DEVICE, no_register_at_the_desk, Ready,
            "Касса «17» не стоит ни на одном рабочем месте в CRM",
            ("device.desk:no_desk",), Answer("POST /jobs desk_id", "code", "desk_without_device"), desk_as_it_was,
            shown=("За этим рабочим местом нет кассы.", "Назначьте кассу в справочнике.")),
    Trouble("shift_expired", PRINTS_NOT, shift_too_old, Attention, "Смена открыта больше 24 часов. Закройте смену.",
            ("device.clock:clock_wrong", "device.shift:shift_expired"), Answer(JOB, "progress.code", "shift_expired"),
            desk_as_it_was),
)  # fmt: skip
"""The agent runs through all of them. The last one leaves the register's clock wrong."""

STARTED_ANEW: tuple[Trouble, ...] = (
    Trouble("letter_in_settings", LETTER, letter_in_the_settings, Offline,
            "знак «а» — русская буква, похожая на латинскую «a»",
            ("config.file:bad_config",), Answer("GET url", "errors.0.code", "E_LETTER"), mended_settings,
            shown=silent("letter")),
    Trouble("letter_in_address", LETTER, letter_in_the_address, Attention,
            "В адресе сервера русская буква «а». Скопируйте строку подключения из CRM целиком",
            ("pairing.server:letter",), Answer("GET url", "errors.0.code", "E_LETTER"),
            paired_as_it_was, shown=silent("letter")),
    Trouble("wrong_account", ACCOUNT, wrong_account, Attention,
            "Сервер не знает этот компьютер. Подключите этот компьютер заново строкой из CRM.",
            ("server.account:unknown_agent",), Answer("hello", "code", "unknown_agent"), paired_as_it_was,
            shown=silent("account")),
    Trouble("wrong_kkm_id", WRONG_KKM, wrong_kkm_id, Attention,
            "В CRM нет кассы с таким номером. Проверьте в CRM номер кассы: здесь он «71».",
            ("device.bound:refused", "journal.devices:left_out"),
            Answer("POST /jobs kkm_id=71", "code", "unknown_kkm_id"), right_kkm_id),
    Trouble("register_missing", NO_DEVICE, a_second_desk, Attention,
            "На рабочем месте «Касса 2» нет кассы «18». Откройте окно программы и найдите её: «Кассы».",
            ("server.places:missing",), Answer("GET /devices/18", "state", "assigned"), no_second_desk, shown=MISSING),
    Trouble("no_register_here", NO_DEVICE, no_register_on_the_pc, Attention,
            "За этим компьютером нет ни одной кассы.",
            ("config.devices:no_device", "journal.devices:left_out"),
            Answer(JOB, "reason.code", "device_not_configured"), register_on_the_pc_again, ends=("rejected",)),
    Trouble("killed_in_doubt", TWICE, killed_in_doubt, Offline,
            "Программа на этом компьютере не работает. Чеки из CRM не печатаются. Запустите KassaBridge.",
            ("agent.running:not_running", "journal.open:intent_open"), Answer(JOB, "unreachable_since", ...),
            Workplace.start, shown=silent("not_running")),
    Trouble("program_moved", MOVED, program_moved, Offline,
            "Программа на этом компьютере не работает. Чеки из CRM не печатаются. Запустите KassaBridge.",
            ("agent.running:not_running", "program.place:moved"), Answer(AGENT, "agents.0.online", False),
            started_where_it_is, shown=silent("moved")),
)  # fmt: skip
"""The agent is started anew for each."""

UNPLUGGED = Trouble(
    "unplugged", PRINTS_NOT, lambda _: None, Attention, "Касса не отвечает. Проверьте питание и кабель кассы.",
    ("device.port:port_missing",), Answer(JOB, "progress.code", "device_offline"), lambda _: None,
)  # fmt: skip
"""The cable is out, or the port has another name since it was put in again."""

UNPLUGGED_IN_RECEIPT = Trouble(
    "unplugged_in_receipt", TWICE, lambda _: None, Attention,
    "Касса пропала посреди чека. Верните питание и кабель. Чек ещё раз не пробивайте.",
    ("device.port:port_missing", "journal.open:resolving"), Answer(JOB, "state", "resolving"), lambda _: None,
    shown=RESOLVING)  # fmt: skip

DISK_FULL = Trouble(
    "disk_full", TWICE, lambda _: None, Offline,
    "Программа на этом компьютере не работает. Чеки из CRM не печатаются. Запустите KassaBridge.",
    ("agent.running:not_running", "folder.space:disk_low", "journal.open:intent_open"),
    Answer(JOB, "unreachable_since", ...), lambda _: None, shown=silent("not_running"))  # fmt: skip
"""The disk fills up while the register makes a receipt: what became of it cannot be kept, and the program ends."""

DISK_LOW = Trouble(
    "disk_low", PRINTS_NOT, lambda _: None, Attention,
    "На диске почти нет места, новые чеки не принимаются. Удалите лишнее и очистите корзину.",
    ("folder.space:disk_low",), Answer(JOB, "reason.code", "disk_low"), lambda _: None, ends=("rejected",),
)  # fmt: skip

EVERY = (*AT_WORK, *STARTED_ANEW, UNPLUGGED, UNPLUGGED_IN_RECEIPT, DISK_FULL, DISK_LOW)

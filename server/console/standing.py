"""How a register, a terminal and the desk they stand at are doing: the facts as sentences, the worst first.

Pure: from what the services show. A fact that the device does not tell is no trouble.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from protocol.crm.codes import Language
from protocol.crm.jobs import DeviceClass
from server.console.format import length
from server.console.words import of_code
from server.services.views import DeskView, DeviceView

Colour = Literal["bad", "wait", "good", ""]
FN_SOON = 30  # days
SHIFT_LONG = timedelta(hours=23)
DRIFT = 300  # seconds
UNSENT_MANY = 20


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that is wrong, and what to do about it."""

    colour: Colour
    text: str
    advice: str = ""


def worst(notes: Sequence[Note]) -> Colour:
    for colour in ("bad", "wait"):
        if any(note.colour == colour for note in notes):
            return colour
    return "good"


def of_desk(
    desk: DeskView | None, register: DeviceView | None, terminal: DeviceView | None, language: Language
) -> list[Note]:
    """Everything about a workplace."""

    def t(ru: str, en: str) -> str:
        return ru if language == "ru" else en

    notes: list[Note] = []
    if register is None and desk is not None:
        notes.append(
            Note(
                "bad",
                t("За этим рабочим местом нет кассы.", "No register stands at this desk."),
                t("Назначьте кассу в справочнике.", "Name its register in the directory."),
            )
        )
    for device in (register, terminal):
        if device is not None:
            notes += of_device(device, language)
    return sorted(notes, key=lambda note: ("bad", "wait", "", "good").index(note.colour))


def in_doubt(language: Language) -> Note:
    """A job is in doubt there, and the device does nothing else before it is decided."""
    if language == "ru":
        return Note("bad", "По заданию здесь нужно решение человека, остальные ждут.", "Откройте «Решения».")
    return Note("bad", "A job here needs a person's decision, the others wait.", "Open “Decisions”.")


def of_device(device: DeviceView, language: Language) -> list[Note]:
    return [*_claims(device), *(list(_bound(device, language)) or _facts(device, language))]


def _claims(device: DeviceView) -> Iterator[Note]:
    """Another PC wants it. Whoever is bound keeps working."""
    for claim in device.refused_claims:
        yield Note("wait" if device.state == "bound" else "bad", claim.text, claim.advice)


def _bound(device: DeviceView, language: Language) -> Iterator[Note]:
    """What stands before any fact: nobody answers for the device."""

    def t(ru: str, en: str) -> str:
        return ru if language == "ru" else en

    if device.state == "free":
        yield Note(
            "bad",
            t("Ни один ПК не работает с этим устройством.", "No PC works with this device."),
            t(
                "Подключите ПК и выберите на нём это устройство, или назначьте ПК в справочнике.",
                "Pair a PC and choose this device there, or name its PC in the directory.",
            ),
        )
    elif device.state in ("assigned", "binding"):
        yield Note(
            "bad" if device.state == "assigned" else "wait",
            t("ПК назначен, но устройство ещё не видел.", "Its PC has not seen the device yet."),
            t("Проверьте на этом ПК, что устройство включено и выбрано.", "See at that PC that it is on and chosen."),
        )
    elif device.state == "releasing":
        yield Note("wait", t("ПК отдаёт это устройство.", "Its PC is giving the device up."))
    elif not device.online:
        yield Note(
            "bad",
            t("ПК не на связи: задания ждут.", "Its PC is out of reach: jobs wait."),
            t(
                "Проверьте, что компьютер включён, интернет есть и KassaBridge запущен.",
                "See that the PC is on, has internet, and KassaBridge runs.",
            ),
        )


def _facts(device: DeviceView, language: Language) -> Iterator[Note]:
    """What the latest look at it says."""

    def t(ru: str, en: str) -> str:
        return ru if language == "ru" else en

    facts = device.health
    if facts is None:
        return
    if facts.answers is False:
        text, advice = of_code(facts.reason or "device_offline", language)
        yield Note("bad", text, advice)
        return
    codes = {
        "no_paper": facts.paper == "absent",
        "cover_open": facts.cover_open is True,
        "shift_expired": facts.shift.state == "expired",
        facts.blocked or "": bool(facts.blocked),
        facts.terminal.attention or "": bool(facts.terminal.attention),
        "clock_unset": facts.clock.unset is True,
    }
    for code, is_so in codes.items():
        if is_so:
            text, advice = of_code(code, language)
            yield Note("bad", text, advice)
    for code in facts.setup_problems:
        text, advice = of_code(code, language)
        yield Note("bad", text, advice)
    if facts.paper in ("interrupted", "resumable"):
        yield Note("wait", t("Печать прервана и ждёт бумаги.", "Printing was interrupted and waits for paper."))
    age = facts.shift.age_s
    if facts.shift.state == "open" and age is not None and age >= SHIFT_LONG.total_seconds():
        yield Note(
            "wait",
            t(f"Смена открыта {length(age, 'ru')}.", f"The shift has been open for {length(age, 'en')}."),
            t("Закройте её до истечения 24 часов.", "Close it before 24 hours are over."),
        )
    left = facts.fn.days_left
    if left is not None and left <= FN_SOON:
        yield Note(
            "bad" if left <= 0 else "wait",
            t(f"До конца срока ФН дней: {left}.", f"Days until the fiscal drive ends: {left}."),
            t("Закажите новый фискальный накопитель.", "Order a new fiscal drive."),
        )
    unsent = facts.ofd.unsent
    if unsent is not None and unsent >= UNSENT_MANY:
        yield Note(
            "wait",
            t(f"Не передано в ОФД документов: {unsent}.", f"Documents that the OFD has not got: {unsent}."),
            t("Проверьте интернет самой кассы.", "See to the register's own internet."),
        )
    drift = facts.clock.drift_s
    if drift is not None and abs(drift) >= DRIFT:
        yield Note(
            "wait",
            t(
                f"Часы кассы расходятся с ПК на {length(drift, 'ru')}.",
                f"Its clock is {length(drift, 'en')} off the PC's.",
            ),
            t("Установите часы при закрытой смене.", "Set the clock while the shift is closed."),
        )
    if device.device is DeviceClass.REGISTER and device.exclusive_lost_at is not None:
        yield Note(
            "wait",
            t("На этой кассе печатает и другая программа.", "Another program prints on this register, too."),
            t("Сомнение о чеке тогда может решить только человек.", "Doubt about a receipt may then need a person."),
        )

"""How a register, a terminal and the desk they stand at are doing: the facts as sentences, the worst first.

Pure: from what the services show. A fact that the device does not tell is no trouble.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from protocol.crm.codes import Language
from protocol.crm.jobs import DeviceClass
from server.console.format import length
from server.console.words import of_code
from server.services import signs
from server.services.signs import Sign
from server.services.views import DeskView, DeviceView
from server.store.desks import Level

Colour = Literal["bad", "wait", "good", ""]


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
    yield from (_note(sign, language) for sign in signs.of_facts(facts))
    if facts.answers is False:
        return
    if device.device is DeviceClass.REGISTER and device.exclusive_lost_at is not None:
        yield Note(
            "wait",
            t("На этой кассе печатает и другая программа.", "Another program prints on this register, too."),
            t("Сомнение о чеке тогда может решить только человек.", "Doubt about a receipt may then need a person."),
        )


def _note(sign: Sign, language: Language) -> Note:
    """A sign in words."""

    def t(ru: str, en: str) -> str:
        return ru if language == "ru" else en

    value, told = sign.value, length(sign.value, language)
    own = {
        "paper_stopped": (
            t("Печать прервана и ждёт бумаги.", "Printing was interrupted and waits for paper."),
            "",
        ),
        "shift_long": (
            t(f"Смена открыта {told}.", f"The shift has been open for {told}."),
            t("Закройте её до истечения 24 часов.", "Close it before 24 hours are over."),
        ),
        "fn_ends": (
            t(f"До конца срока ФН дней: {value}.", f"Days until the fiscal drive ends: {value}."),
            t("Закажите новый фискальный накопитель.", "Order a new fiscal drive."),
        ),
        "ofd_behind": (
            t(f"Не передано в ОФД документов: {value}.", f"Documents that the OFD has not got: {value}."),
            t("Проверьте интернет самой кассы.", "See to the register's own internet."),
        ),
        "clock_off": (
            t(f"Часы кассы расходятся с ПК на {told}.", f"Its clock is {told} off the PC's."),
            t("Установите часы при закрытой смене.", "Set the clock while the shift is closed."),
        ),
    }
    text, advice = own.get(sign.code) or of_code(sign.code, language)
    return Note("bad" if sign.level is Level.BAD else "wait", text, advice)

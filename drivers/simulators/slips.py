"""What a simulated register prints: rows of characters made from a document's own TLV. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from drivers.simulators import forms, vat
from drivers.simulators.dump import roubles
from drivers.simulators.fiscal_drive import Archived
from drivers.simulators.paper import WIDTH, Row, Slip
from drivers.simulators.tlv import Fields

TITLES = {
    forms.REGISTRATION: "ОТЧЕТ О РЕГИСТРАЦИИ",
    forms.CHANGE: "ОТЧЕТ ОБ ИЗМЕНЕНИИ ПАРАМЕТРОВ РЕГИСТРАЦИИ",
    forms.OPEN_SHIFT: "ОТЧЕТ ОБ ОТКРЫТИИ СМЕНЫ",
    forms.RECEIPT: "КАССОВЫЙ ЧЕК",
    forms.CLOSE_SHIFT: "ОТЧЕТ О ЗАКРЫТИИ СМЕНЫ",
    forms.CLOSE_ARCHIVE: "ОТЧЕТ О ЗАКРЫТИИ ФИСКАЛЬНОГО НАКОПИТЕЛЯ",
    forms.STATE_REPORT: "ОТЧЕТ О ТЕКУЩЕМ СОСТОЯНИИ РАСЧЕТОВ",
    forms.CORRECTION: "КАССОВЫЙ ЧЕК КОРРЕКЦИИ",
}
SIGNS = {1: "ПРИХОД", 2: "ВОЗВРАТ ПРИХОДА", 3: "РАСХОД", 4: "ВОЗВРАТ РАСХОДА"}
TAX_SYSTEMS = {1: "ОСН", 2: "УСН доход", 4: "УСН доход - расход", 8: "ЕНВД", 16: "ЕСХН", 32: "Патент"}
METHODS = {
    1: "ПРЕДОПЛАТА 100%",
    2: "ПРЕДОПЛАТА",
    3: "АВАНС",
    4: "ПОЛНЫЙ РАСЧЕТ",
    5: "ЧАСТИЧНЫЙ РАСЧЕТ И КРЕДИТ",
    6: "ПЕРЕДАЧА В КРЕДИТ",
    7: "ОПЛАТА КРЕДИТА",
}
SUBJECTS = {1: "ТОВАР", 2: "ПОДАКЦИЗНЫЙ ТОВАР", 3: "РАБОТА", 4: "УСЛУГА", 10: "ПЛАТЕЖ", 13: "ИНОЙ ПРЕДМЕТ РАСЧЕТА"}
PAID = {1031: "НАЛИЧНЫМИ", 1081: "БЕЗНАЛИЧНЫМИ", 1215: "ПРЕДОПЛАТА", 1216: "ПОСТОПЛАТА", 1217: "ВСТРЕЧНОЕ ПРЕДОСТ."}
FLAT_VAT = {tag: code for code, tag in vat.FLAT_TOTALS.items()}
UNITS = {
    0: "шт",
    10: "г",
    11: "кг",
    12: "т",
    20: "см",
    21: "дм",
    22: "м",
    30: "см2",
    31: "дм2",
    32: "м2",
    40: "мл",
    41: "л",
    42: "м3",
    50: "кВт ч",
    51: "Гкал",
    70: "сут",
    71: "ч",
    72: "мин",
    73: "с",
    80: "Кбайт",
    81: "Мбайт",
    82: "Гбайт",
    83: "Тбайт",
}


class Tape:
    """Rows laid out for paper of so many columns; every method adds some."""

    def __init__(self, columns: int = WIDTH) -> None:
        self.columns = columns
        self.rows: list[Row] = []

    def add(self, rows: Iterable[Row]) -> None:
        self.rows += rows

    def rule(self) -> None:
        self.rows.append(Row("-" * self.columns))

    def centred(self, text: str) -> None:
        self.rows += [Row(line.center(self.columns).rstrip()) for line in textwrap.wrap(text, self.columns) or [""]]

    def left(self, text: str) -> None:
        self.rows += [Row(line) for line in textwrap.wrap(text, self.columns) or [""]]

    def pair(self, name: str, value: str) -> None:
        """Name on the left, value on the right; the name wraps when they do not fit one row."""
        if len(name) + len(value) + 1 <= self.columns:
            self.rows.append(Row(name + value.rjust(self.columns - len(name))))
            return
        self.left(name)
        self.rows += [Row(part.rjust(self.columns)) for part in textwrap.wrap(value, self.columns) or [""]]

    def money(self, name: str, kopecks: int) -> None:
        self.pair(name, "=" + roubles(kopecks))

    def total(self, name: str, kopecks: int) -> None:
        value = "=" + roubles(kopecks)
        room = self.columns // 2 - len(name)
        if len(value) < room:
            self.rows.append(Row(name + value.rjust(room), big=True))
        else:
            self.money(name, kopecks)


def qr_text(at: datetime, total: int, fn: str, fd: int, fpd: int, sign: int) -> str:
    return f"t={at:%Y%m%dT%H%M}&s={roubles(total)}&fn={fn}&i={fd}&fp={fpd}&n={sign}"


@dataclass(frozen=True, slots=True)
class Extra:
    """What is on a document's paper and not in the document."""

    tendered: int | None = None  # cash handed over, kopecks: adds the rows «получено» and «сдача»
    hidden: frozenset[int] = frozenset()  # numbers of lines (from 1) that are kept off the paper
    rows: tuple[Row, ...] = ()  # the host's own text and pictures
    above: tuple[Row, ...] = ()  # the same, before the document
    cliche: tuple[str, ...] = ()  # lines of the register's own heading
    drawer: int | None = None  # cash in the drawer, on the report that closes a shift


NOTHING = Extra()


def of_document(document: Archived, extra: Extra = NOTHING, columns: int = WIDTH) -> Slip:
    """The slip of a fiscal document."""
    tags = cast("dict[int, Any]", dict(document.fields()))
    tape = Tape(columns)
    tape.add(extra.above)
    for line in (*extra.cliche, tags[1048], tags[1009], tags[1187], f"ИНН {tags[1018]}"):
        tape.centred(line)
    tape.rule()
    tape.centred(TITLES[document.form])
    if document.form in forms.SALES:
        _receipt(tape, document, tags, extra)
    else:
        _report(tape, document, tags)
        if extra.drawer is not None:
            tape.money("НАЛИЧНЫХ В КАССЕ", extra.drawer)
        tape.add(extra.rows)
    tape.rule()
    tape.pair(f"РН ККТ {tags[1037]}", f"ФД {document.fd}")
    tape.pair(f"ФН {tags[1041]}", f"ФП {document.fpd}")
    if 1060 in tags:
        tape.pair("САЙТ ФНС", tags[1060])
    qr = None
    if document.sign is not None and document.total is not None:
        qr = qr_text(document.at, document.total, tags[1041], document.fd, document.fpd, document.sign)
    return Slip(str(document.fd), tape.rows, qr, columns)


def _receipt(tape: Tape, document: Archived, tags: dict[int, Any], extra: Extra) -> None:
    fields = document.fields()
    tape.centred(SIGNS[tags[1054]])
    tape.pair(f"ЧЕК {tags[1042]}  СМЕНА {tags[1038]}", f"{document.at:%d.%m.%y %H:%M}")
    tape.pair("КАССИР", tags[1021])
    if 1203 in tags:
        tape.pair("ИНН КАССИРА", tags[1203])
    if 1008 in tags:
        tape.pair("ЭЛ. АДР. ПОКУПАТЕЛЯ", tags[1008])
    _buyer(tape, tags)
    tape.rule()
    items = [cast(Fields, value) for tag, value in fields if tag == 1059]
    for number, item in enumerate(items, 1):
        if number not in extra.hidden:
            _item(tape, number, cast("dict[int, Any]", dict(item)))
    tape.rule()
    tape.add(extra.rows)
    rounding = sum(dict(item)[1043] for item in items) - tags[1020]  # type: ignore[misc]
    if rounding:
        tape.pair("ОКРУГЛЕНИЕ", "=-" + roubles(rounding))
    tape.total("ИТОГ", tags[1020])
    for tag, name in PAID.items():
        if tags.get(tag):
            tape.money(name, tags[tag])
    if extra.tendered is not None and extra.tendered > tags.get(1031, 0):
        tape.money("ПОЛУЧЕНО НАЛИЧНЫМИ", extra.tendered)
        tape.money("СДАЧА", extra.tendered - tags.get(1031, 0))
    _taxes(tape, tags)
    tape.pair("СНО", TAX_SYSTEMS[tags[1055]])
    if 1084 in tags:
        user = cast("dict[int, Any]", dict(tags[1084]))
        tape.pair(user.get(1085, ""), user.get(1086, ""))
    if 1192 in tags:
        tape.pair("ДОП. РЕКВИЗИТ ЧЕКА", tags[1192])
    if 1117 in tags:
        tape.pair("ЭЛ. АДР. ОТПРАВИТЕЛЯ", tags[1117])


def _buyer(tape: Tape, tags: dict[int, Any]) -> None:
    buyer = {**tags, **cast("dict[int, Any]", dict(tags.get(1256, [])))}
    if 1227 in buyer:
        tape.pair("ПОКУПАТЕЛЬ", buyer[1227])
    if 1228 in buyer:
        tape.pair("ИНН ПОКУПАТЕЛЯ", buyer[1228])


def _taxes(tape: Tape, tags: dict[int, Any]) -> None:
    for tag, code in FLAT_VAT.items():
        if tags.get(tag):
            what = "СУММА" if code in (vat.NO_VAT, vat.ZERO) else "В Т.Ч."
            tape.money(f"{what} {vat.NAMES[code]}", tags[tag])
    for _, block in cast(Fields, tags.get(1115, [])):
        inner = cast("dict[int, Any]", dict(cast(Fields, block)))
        tape.money(f"В Т.Ч. {vat.NAMES[inner[1199]]}", inner[1120])


def _item(tape: Tape, number: int, item: dict[int, Any]) -> None:
    tape.left(f"{number}. {item[1030]}")
    quantity = cast(Decimal, item[1023])
    unit = item.get(1197) or UNITS.get(item.get(2108, 0), "")
    measured = f"{quantity:f} {unit}".rstrip() if unit != "шт" else f"{quantity:f}"
    tape.pair(f"   {measured} x {roubles(item[1079])}", "=" + roubles(item[1043]))
    tax = vat.NAMES[item[1199]]
    if 1200 in item:
        tape.money(f"   {tax}", item[1200])
    else:
        tape.left(f"   {tax}")
    subject = SUBJECTS.get(item[1212], f"ПРЕДМЕТ РАСЧЕТА {item[1212]}")
    tape.left(f"   {subject}, {METHODS[item[1214]]}")
    if 1226 in item:
        tape.pair("   ИНН ПОСТАВЩИКА", item[1226])
    if 1191 in item:
        tape.left(f"   {item[1191]}")


def _report(tape: Tape, document: Archived, tags: dict[int, Any]) -> None:
    tape.add([Row(f"{document.at:%d.%m.%y %H:%M}".rjust(tape.columns))])
    for tag, name in (
        *((1038, "СМЕНА"), (1118, "ЧЕКОВ ЗА СМЕНУ"), (1111, "ФД ЗА СМЕНУ"), (1097, "НЕПЕРЕДАННЫХ ФД")),
        *((1116, "ПЕРВЫЙ НЕПЕРЕДАННЫЙ ФД"), (1213, "РЕСУРС КЛЮЧЕЙ ФП, ДНЕЙ")),
    ):
        if tag in tags:
            tape.pair(name, str(tags[tag]))
    if 1098 in tags:
        tape.pair("ФД НЕ ПЕРЕДАНЫ С", f"{tags[1098]:%d.%m.%y}")
    if 1021 in tags:
        tape.pair("КАССИР", tags[1021])
    for tag, text in (
        *((1050, "РЕСУРС ФН МЕНЕЕ 30 ДНЕЙ"), (1051, "ТРЕБУЕТСЯ СРОЧНАЯ ЗАМЕНА ФН")),
        *((1052, "ПАМЯТЬ ФН ЗАПОЛНЕНА"), (1053, "ПРЕВЫШЕНО ВРЕМЯ ОЖИДАНИЯ ОФД")),
    ):
        if tags.get(tag):
            tape.centred(text)
    if 1194 in tags:
        _totals(tape, "СЧЕТЧИКИ ИТОГОВ СМЕНЫ", cast("dict[int, Any]", dict(tags[1194])))
    elif 1157 in tags:
        _totals(tape, "СЧЕТЧИКИ ИТОГОВ ФН", cast("dict[int, Any]", dict(tags[1157])))
    if document.form in (forms.REGISTRATION, forms.CHANGE):
        tape.pair("ЗАВОДСКОЙ N", tags[1013])
        tape.left("СНО: " + ", ".join(name for bit, name in TAX_SYSTEMS.items() if tags[1062] & bit))


def _totals(tape: Tape, title: str, totals: dict[int, Any]) -> None:
    tape.rule()
    tape.centred(title)
    for tag, sign in ((1129, 1), (1130, 2), (1131, 3), (1132, 4)):
        each = cast("dict[int, Any]", dict(totals[tag]))
        if each[1135]:
            tape.money(f"{SIGNS[sign]} ({each[1135]})", each[1201])
            for inner, name in ((1136, "НАЛИЧНЫМИ"), (1138, "БЕЗНАЛИЧНЫМИ"), (1218, "АВАНС"), (1219, "КРЕДИТ")):
                if each[inner]:
                    tape.money(f"  {name}", each[inner])
            if each[1220]:
                tape.money("  ВСТРЕЧНОЕ ПРЕДОСТ.", each[1220])

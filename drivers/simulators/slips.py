"""What a simulated register prints: rows of 48 characters from a document's own TLV. Pure."""

from __future__ import annotations

import textwrap
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
    forms.CLOSE_ARCHIVE: "ОТЧЕТ О ЗАКРЫТИИ ФИСКАЛЬНОГО НАКОПИТЕЛЯ",
    forms.OPEN_SHIFT: "ОТЧЕТ ОБ ОТКРЫТИИ СМЕНЫ",
    forms.RECEIPT: "КАССОВЫЙ ЧЕК",
    forms.CLOSE_SHIFT: "ОТЧЕТ О ЗАКРЫТИИ СМЕНЫ",
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
RULE = Row("-" * WIDTH)


def centred(text: str) -> list[Row]:
    return [Row(line.center(WIDTH).rstrip()) for line in textwrap.wrap(text, WIDTH) or [""]]


def left(text: str) -> list[Row]:
    return [Row(line) for line in textwrap.wrap(text, WIDTH) or [""]]


def pair(name: str, value: str) -> list[Row]:
    """Name on the left, value on the right; the name wraps when they do not fit one row."""
    if len(name) + len(value) + 1 <= WIDTH:
        return [Row(name + value.rjust(WIDTH - len(name)))]
    return [*left(name), Row(value.rjust(WIDTH))]


def qr_text(at: datetime, total: int, fn: str, fd: int, fpd: int, sign: int) -> str:
    return f"t={at:%Y%m%dT%H%M}&s={roubles(total)}&fn={fn}&i={fd}&fp={fpd}&n={sign}"


@dataclass(frozen=True, slots=True)
class Extra:
    """What is on a receipt's paper and not in the document."""

    tendered: int | None = None  # cash handed over, kopecks: adds the rows «получено» and «сдача»
    hidden: frozenset[int] = frozenset()  # numbers of lines (from 1) that are kept off the paper
    rows: tuple[Row, ...] = ()  # the host's own text and pictures
    above: tuple[Row, ...] = ()  # the same, before the receipt


NOTHING = Extra()


def of_document(document: Archived, extra: Extra = NOTHING) -> Slip:
    """The slip of a fiscal document."""
    tags = cast("dict[int, Any]", dict(document.fields()))
    rows = [
        *extra.above,
        *centred(tags[1048]),
        *centred(tags[1009]),
        *centred(tags[1187]),
        *centred(f"ИНН {tags[1018]}"),
        RULE,
    ]
    rows += centred(TITLES[document.form])
    if document.form in (forms.RECEIPT, forms.CORRECTION):
        rows += _receipt(document, tags, extra)
    else:
        rows += _report(document, tags)
    rows += [RULE, *_footer(document, tags)]
    qr = None
    if document.sign is not None and document.total is not None:
        qr = qr_text(document.at, document.total, tags[1041], document.fd, document.fpd, document.sign)
    return Slip(str(document.fd), rows, qr)


def _receipt(document: Archived, tags: dict[int, Any], extra: Extra) -> list[Row]:
    tendered = extra.tendered
    fields = document.fields()
    rows = centred(SIGNS[tags[1054]])
    rows += pair(f"ЧЕК {tags[1042]}  СМЕНА {tags[1038]}", f"{document.at:%d.%m.%y %H:%M}")
    rows += pair("КАССИР", tags[1021])
    if 1008 in tags:
        rows += pair("ЭЛ. АДР. ПОКУПАТЕЛЯ", tags[1008])
    rows.append(RULE)
    items = [cast(Fields, value) for tag, value in fields if tag == 1059]
    for number, item in enumerate(items, 1):
        if number not in extra.hidden:
            rows += _item(number, cast("dict[int, Any]", dict(item)))
    rows.append(RULE)
    rows += extra.rows
    rounding = sum(dict(item)[1043] for item in items) - tags[1020]  # type: ignore[misc]
    if rounding:
        rows += pair("ОКРУГЛЕНИЕ", "=-" + roubles(rounding))
    total = "=" + roubles(tags[1020])
    rows.append(Row("ИТОГ" + total.rjust(WIDTH // 2 - 4), big=True))
    for tag, name in PAID.items():
        if tags.get(tag):
            rows += pair(name, "=" + roubles(tags[tag]))
    if tendered is not None and tendered > tags.get(1031, 0):
        rows += pair("ПОЛУЧЕНО НАЛИЧНЫМИ", "=" + roubles(tendered))
        rows += pair("СДАЧА", "=" + roubles(tendered - tags.get(1031, 0)))
    for tag, code in FLAT_VAT.items():
        if tags.get(tag):
            what = "СУММА" if code in (vat.NO_VAT, vat.ZERO) else "В Т.Ч."
            rows += pair(f"{what} {vat.NAMES[code]}", "=" + roubles(tags[tag]))
    for _, block in cast(Fields, tags.get(1115, [])):
        inner = cast("dict[int, Any]", dict(cast(Fields, block)))
        rows += pair(f"В Т.Ч. {vat.NAMES[inner[1199]]}", "=" + roubles(inner[1120]))
    rows += pair("СНО", TAX_SYSTEMS[tags[1055]])
    if 1084 in tags:
        user = cast("dict[int, Any]", dict(tags[1084]))
        rows += pair(user.get(1085, ""), user.get(1086, ""))
    if 1117 in tags:
        rows += pair("ЭЛ. АДР. ОТПРАВИТЕЛЯ", tags[1117])
    return rows


def _item(number: int, item: dict[int, Any]) -> list[Row]:
    rows = left(f"{number}. {item[1030]}")
    quantity = cast(Decimal, item[1023])
    rows += pair(f"   {quantity:f} x {roubles(item[1079])}", "=" + roubles(item[1043]))
    tax = vat.NAMES[item[1199]]
    rows += pair(f"   {tax}", "=" + roubles(item[1200])) if 1200 in item else left(f"   {tax}")
    subject = SUBJECTS.get(item[1212], f"ПРЕДМЕТ РАСЧЕТА {item[1212]}")
    return [*rows, *left(f"   {subject}, {METHODS[item[1214]]}")]


def _report(document: Archived, tags: dict[int, Any]) -> list[Row]:
    rows = [Row(f"{document.at:%d.%m.%y %H:%M}".rjust(WIDTH))]
    for tag, name in ((1038, "СМЕНА"), (1118, "ЧЕКОВ ЗА СМЕНУ"), (1111, "ФД ЗА СМЕНУ"), (1097, "НЕПЕРЕДАННЫХ ФД")):
        if tag in tags:
            rows += pair(name, str(tags[tag]))
    if 1021 in tags:
        rows += pair("КАССИР", tags[1021])
    if 1194 in tags:
        rows += _shift_totals(cast("dict[int, Any]", dict(tags[1194])))
    if document.form in (forms.REGISTRATION, forms.CHANGE):
        rows += pair("ЗАВОДСКОЙ N", tags[1013])
        names = [name for bit, name in TAX_SYSTEMS.items() if tags[1062] & bit]
        rows += left("СНО: " + ", ".join(names))
    return rows


def _shift_totals(totals: dict[int, Any]) -> list[Row]:
    rows: list[Row] = [RULE]
    for tag, sign in ((1129, 1), (1130, 2), (1131, 3), (1132, 4)):
        each = cast("dict[int, Any]", dict(totals[tag]))
        if each[1135]:
            rows += pair(f"{SIGNS[sign]} ({each[1135]})", "=" + roubles(each[1201]))
            rows += pair("  НАЛИЧНЫМИ", "=" + roubles(each[1136]))
            rows += pair("  БЕЗНАЛИЧНЫМИ", "=" + roubles(each[1138]))
    return rows


def _footer(document: Archived, tags: dict[int, Any]) -> list[Row]:
    rows = pair(f"РН ККТ {tags[1037]}", f"ФД {document.fd}")
    rows += pair(f"ФН {tags[1041]}", f"ФП {document.fpd}")
    if 1060 in tags:
        rows += pair("САЙТ ФНС", tags[1060])
    return rows

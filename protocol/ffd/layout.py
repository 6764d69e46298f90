"""How a fiscal document looks on paper: lines of text and a QR code, no drawing.

Input are the tags in the dump form (see ``tlv.decode_document``), so what is laid out is what the archive holds.
Everything that law 54-ФЗ, article 4.7 wants on paper is here; a tag that the document does not have has no line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from protocol.ffd import labels
from protocol.ffd.money import format_kopecks, parse_kopecks
from protocol.ffd.qr import qr_text
from protocol.ffd.sheet import Line, Sheet
from protocol.ffd.tags import TAGS
from protocol.ffd.totals import vat_totals

Tags: TypeAlias = Mapping[str, Any]
_Row: TypeAlias = tuple[int, str, Callable[[Any], str]]

DEFAULT_WIDTH = 48
FNS_SITE = "www.nalog.gov.ru"
"""Stands on every receipt (54-ФЗ, article 4.7), whether or not the register put tag 1060 into it."""
MIN_WIDTH = 24

_PAYMENTS = (
    (1031, "НАЛИЧНЫМИ"),
    (1081, "БЕЗНАЛИЧНЫМИ"),
    (1215, "ПРЕДОПЛАТОЙ (АВАНСОМ)"),
    (1216, "ПОСТОПЛАТОЙ (В КРЕДИТ)"),
    (1217, "ВСТРЕЧНЫМ ПРЕДОСТАВЛЕНИЕМ"),
)


def layout(kind: str, tags: Tags, *, width: int = DEFAULT_WIDTH, change: int | None = None) -> list[Line]:
    """The printed form of a document of ``kind`` (``receipt``, ``open_shift``, … as in a dump).

    ``width`` is in characters, 24 or more. ``change`` in kopecks is no part of the document and is printed only when
    the caller knows it. A kind without a form of its own is printed as a list of its tags.
    """
    if width < MIN_WIDTH:
        raise ValueError(f"{width} characters are too few for a fiscal document; {MIN_WIDTH} are needed")
    sheet = Sheet(width)
    _head(sheet, tags)
    sheet.centre(labels.TITLES.get(kind, "ФИСКАЛЬНЫЙ ДОКУМЕНТ"), bold=True, large=True)
    if kind in ("receipt", "strict_form"):
        _receipt(sheet, tags, change)
    elif kind in _REPORTS:
        sheet.rule()
        _rows(sheet, tags, _REPORTS[kind])
        _counters(sheet, tags)
    else:
        sheet.rule()
        _everything(sheet, tags)
    return sheet.lines


# --- parts -----------------------------------------------------------------------------------------------------------


def _head(sheet: Sheet, tags: Tags) -> None:
    """Whose register it is and where it stands."""
    if "1048" in tags:
        sheet.centre(tags["1048"], bold=True)
    if "1018" in tags:
        sheet.centre(f"ИНН {tags['1018']}")
    for place in ("1009", "1187"):
        if tags.get(place):
            sheet.centre(tags[place])


def _receipt(sheet: Sheet, tags: Tags, change: int | None) -> None:
    if "1054" in tags:
        sheet.centre(_word(labels.SIGNS)(tags["1054"]), bold=True)
    sheet.rule()
    _rows(sheet, tags, _RECEIPT_TOP)
    sheet.rule()
    for number, line in enumerate(tags.get("1059", ()), start=1):
        _item(sheet, number, line)
    sheet.rule()
    if "1020" in tags:
        if rounding := sum(_amount(line, 1043) for line in tags.get("1059", ())) - _amount(tags, 1020):
            sheet.pair("ОКРУГЛЕНИЕ", f"={format_kopecks(rounding)}")
        sheet.pair("ИТОГ", f"={tags['1020']}", bold=True, large=True)
    for tag, name in _PAYMENTS:
        if _amount(tags, tag):
            sheet.pair(name, f"={tags[str(tag)]}")
    _cashless(sheet, tags)
    if change is not None:
        if change:
            sheet.pair("ПОЛУЧЕНО НАЛИЧНЫМИ", f"={format_kopecks(_amount(tags, 1031) + change)}")
        sheet.pair("СДАЧА", f"={format_kopecks(change)}")
    for rate, amount in vat_totals(tags).items():
        name = labels.VAT[rate.code]
        sheet.pair(
            f"СУММА {name}" if rate.percent is not None else f"СУММА РАСЧЕТА {name}", f"={format_kopecks(amount)}"
        )
    sheet.rule()
    _rows(sheet, tags, _RECEIPT_BOTTOM)
    if "1060" not in tags:
        sheet.pair("САЙТ ФНС", FNS_SITE)
    _buyer(sheet, tags)
    _rows(sheet, tags, _IDENTITY)
    extra = tags.get("1084", {})
    if extra:
        sheet.pair(extra.get("1085", ""), extra.get("1086", ""))
    _qr(sheet, tags)


def _cashless(sheet: Sheet, tags: Tags) -> None:
    """1234: no form is published for it; each payment with what it is found by."""
    for block in _each(tags.get("1234")):
        for one in _each(block.get("1235")):
            sheet.pair("ОПЛАТА БЕЗНАЛИЧНЫМИ", f"={one.get('1082', '')}", indent=2)
            _rows(sheet, one, _CASHLESS)


def _buyer(sheet: Sheet, tags: Tags) -> None:
    """Who bought: in FFD 1.2 a structure of its own, before it beside the rest."""
    _rows(sheet, {**tags, **tags.get("1256", {})}, _BUYER)


def _item(sheet: Sheet, number: int, line: Tags) -> None:
    sheet.text(f"{number}. {line.get('1030', '')}", bold=True)
    unit = labels.UNITS.get(line["2108"], "") if "2108" in line else str(line.get("1197", ""))
    quantity = f"{line.get('1023', '')} {unit}".strip()
    sheet.pair(f"{quantity} x {line.get('1079', '')}", f"={line.get('1043', '')}", indent=2)
    if "1199" in line:
        amount = line.get("1200", "0.00")
        sheet.pair(_word(labels.VAT)(line["1199"]), amount if parse_kopecks(amount) else "", indent=2)
    signs = [
        _word(words)(line[tag]) for tag, words in (("1212", labels.OBJECTS), ("1214", labels.METHODS)) if tag in line
    ]
    if signs:
        sheet.text(", ".join(signs), indent=2)
    everything = {**line, **line.get("1223", {}), **line.get("1224", {})}
    for tag, name, show in _ITEM:
        for value in _each(everything.get(str(tag))):
            sheet.pair(name, show(value), indent=2)


def _each(value: Any) -> Sequence[Any]:
    """The values of a tag that may repeat."""
    if value in (None, ""):
        return ()
    return value if isinstance(value, Sequence) and not isinstance(value, str) else (value,)


def _qr(sheet: Sheet, tags: Tags) -> None:
    if all(tag in tags for tag in ("1012", "1020", "1041", "1040", "1077", "1054")):
        at, total = datetime.fromisoformat(tags["1012"]), parse_kopecks(tags["1020"])
        sheet.qr(qr_text(at, total, tags["1041"], tags["1040"], tags["1077"], tags["1054"]))


def _counters(sheet: Sheet, tags: Tags) -> None:
    """Totals of the shift and of the drive's life, as far as anything has been counted."""
    for tag, title in ((1194, "СЧЕТЧИКИ ИТОГОВ СМЕНЫ"), (1157, "СЧЕТЧИКИ ИТОГОВ ФН")):
        counters = tags.get(str(tag))
        if counters:
            sheet.rule()
            sheet.centre(title)
            _everything(sheet, counters)


def _everything(sheet: Sheet, tags: Tags, indent: int = 0) -> None:
    """Tag by tag with the names of the format order: for documents without a form of their own."""
    for key, value in tags.items():
        tag = TAGS.get(int(key))
        name = f"Тег {key}" if tag is None else tag.name
        for part in value if isinstance(value, Sequence) and not isinstance(value, str) else [value]:
            if isinstance(part, Mapping):
                sheet.text(name, indent=indent)
                _everything(sheet, part, min(indent + 2, sheet.width // 3))
            else:
                sheet.pair(name, str(part), indent=indent)


def _rows(sheet: Sheet, tags: Tags, rows: Sequence[_Row]) -> None:
    for tag, name, show in rows:
        if (value := tags.get(str(tag))) not in (None, ""):
            sheet.pair(name, show(value))


def _amount(tags: Tags, tag: int) -> int:
    return parse_kopecks(tags.get(str(tag), "0"))


# --- how values look -------------------------------------------------------------------------------------------------


def _time(value: str) -> str:
    return f"{datetime.fromisoformat(value):%d.%m.%Y %H:%M}"


def _day(value: str) -> str:
    return f"{datetime.fromisoformat(value):%d.%m.%Y}"


def _yes(value: int) -> str:
    return "ДА" if value else "НЕТ"


def _bits(words: Mapping[int, str]) -> Callable[[Any], str]:
    return lambda mask: labels.bit_words(mask, words) or str(mask)


def _word(words: Mapping[int, str]) -> Callable[[Any], str]:
    return lambda code: words.get(code, str(code))


def _usage(mask: int) -> str:
    return ", ".join(word for bit, word in labels.USAGE.items() if mask >> bit & 1) or "НЕТ"


# --- forms -----------------------------------------------------------------------------------------------------------

_CASHIER: tuple[_Row, ...] = ((1021, "КАССИР", str), (1203, "ИНН КАССИРА", str))

_IDENTITY: tuple[_Row, ...] = (
    (1037, "РН ККТ", str),
    (1041, "ФН", str),
    (1040, "ФД", str),
    (1077, "ФП", str),
    (1209, "ФФД", _word(labels.FORMATS)),
)

_WARNINGS: tuple[_Row, ...] = (
    (1050, "РЕСУРС ФН ИСЧЕРПАН МЕНЕЕ ЧЕМ ЧЕРЕЗ 30 ДНЕЙ", _yes),
    (1051, "ТРЕБУЕТСЯ СРОЧНАЯ ЗАМЕНА ФН", _yes),
    (1052, "ПАМЯТЬ ФН ПОЧТИ ЗАПОЛНЕНА", _yes),
    (1053, "ПРЕВЫШЕНО ВРЕМЯ ОЖИДАНИЯ ОТВЕТА ОФД", _yes),
)

_RECEIPT_TOP: tuple[_Row, ...] = (
    (1012, "ДАТА, ВРЕМЯ", _time),
    (1038, "СМЕНА", str),
    (1042, "ЧЕК ЗА СМЕНУ", str),
    *_CASHIER,
    (1036, "НОМЕР АВТОМАТА", str),
)

_RECEIPT_BOTTOM: tuple[_Row, ...] = (
    (1055, "СНО", _bits(labels.TAXATION)),
    (1125, "РАСЧЕТ В ИНТЕРНЕТ", _yes),
    (1108, "ККТ ДЛЯ ИНТЕРНЕТ", _yes),
    (1008, "ЭЛ. АДР. ПОКУПАТЕЛЯ", str),
    (1117, "ЭЛ. АДР. ОТПРАВИТЕЛЯ", str),
    (1060, "САЙТ ФНС", str),
    (1192, "ДОП. РЕКВИЗИТ ЧЕКА", str),
)

_BUYER: tuple[_Row, ...] = (
    (1227, "ПОКУПАТЕЛЬ", str),
    (1228, "ИНН ПОКУПАТЕЛЯ", str),
    (1243, "ДАТА РОЖДЕНИЯ", str),
    (1244, "ГРАЖДАНСТВО", str),
    (1245, "ДОКУМЕНТ ПОКУПАТЕЛЯ, ВИД", str),
    (1246, "ДОКУМЕНТ ПОКУПАТЕЛЯ", str),
    (1254, "АДРЕС ПОКУПАТЕЛЯ", str),
)

_CASHLESS: tuple[_Row, ...] = (
    (1236, "СПОСОБ ОПЛАТЫ", str),
    (1237, "ИДЕНТИФИКАТОРЫ", str),
    (1238, "ДОП. СВЕДЕНИЯ", str),
)

_ITEM: tuple[_Row, ...] = (
    (1222, "АГЕНТ", _bits(labels.AGENTS)),
    (1044, "ОПЕРАЦИЯ АГЕНТА", str),
    (1073, "ТЛФ. ПЛАТ. АГЕНТА", str),
    (1074, "ТЛФ. ОП. ПРИЕМА ПЛАТЕЖЕЙ", str),
    (1075, "ТЛФ. ОП. ПЕРЕВОДА", str),
    (1026, "ОПЕРАТОР ПЕРЕВОДА", str),
    (1005, "АДР. ОП. ПЕРЕВОДА", str),
    (1016, "ИНН ОП. ПЕРЕВОДА", str),
    (1225, "ПОСТАВЩИК", str),
    (1226, "ИНН ПОСТАВЩИКА", str),
    (1171, "ТЛФ. ПОСТАВЩИКА", str),
    (1191, "ДОП. РЕКВИЗИТ", str),
    (1229, "АКЦИЗ", str),
    (1230, "СТРАНА ПРОИСХОЖДЕНИЯ", str),
    (1231, "ДЕКЛАРАЦИЯ", str),
)

_REPORTS: Mapping[str, tuple[_Row, ...]] = {
    "registration": (
        (1012, "ДАТА, ВРЕМЯ", _time),
        *_CASHIER,
        (1062, "СНО", _bits(labels.TAXATION)),
        (1013, "ЗАВОДСКОЙ НОМЕР ККТ", str),
        (1188, "ВЕРСИЯ ККТ", str),
        (1189, "ВЕРСИЯ ФФД ККТ", _word(labels.FORMATS)),
        (1190, "ВЕРСИЯ ФФД ФН", _word(labels.FORMATS)),
        (1001, "АВТОМАТИЧЕСКИЙ РЕЖИМ", _yes),
        (1036, "НОМЕР АВТОМАТА", str),
        (1002, "АВТОНОМНЫЙ РЕЖИМ", _yes),
        (1056, "ШИФРОВАНИЕ", _yes),
        (1290, "УСЛОВИЯ ПРИМЕНЕНИЯ", _usage),
        (1108, "ККТ ДЛЯ ИНТЕРНЕТ", _yes),
        (1109, "РАСЧЕТЫ ЗА УСЛУГИ", _yes),
        (1110, "АС БСО", _yes),
        (1207, "ПОДАКЦИЗНЫЕ ТОВАРЫ", _yes),
        (1193, "АЗАРТНЫЕ ИГРЫ", _yes),
        (1126, "ЛОТЕРЕЯ", _yes),
        (1221, "ПРИНТЕР В АВТОМАТЕ", _yes),
        (1046, "ОФД", str),
        (1017, "ИНН ОФД", str),
        (1060, "САЙТ ФНС", str),
        (1117, "ЭЛ. АДР. ОТПРАВИТЕЛЯ", str),
        (1213, "РЕСУРС КЛЮЧЕЙ ФП, ДНЕЙ", str),
        *_IDENTITY,
    ),
    "open_shift": (
        (1012, "ДАТА, ВРЕМЯ", _time),
        (1038, "СМЕНА", str),
        *_CASHIER,
        (1188, "ВЕРСИЯ ККТ", str),
        (1189, "ВЕРСИЯ ФФД ККТ", _word(labels.FORMATS)),
        *_WARNINGS,
        *_IDENTITY,
    ),
    "close_shift": (
        (1012, "ДАТА, ВРЕМЯ", _time),
        (1038, "СМЕНА", str),
        *_CASHIER,
        (1118, "ЧЕКОВ ЗА СМЕНУ", str),
        (1111, "ДОКУМЕНТОВ ЗА СМЕНУ", str),
        (1097, "НЕ ПЕРЕДАНО ДОКУМЕНТОВ", str),
        (1098, "ПЕРВЫЙ НЕ ПЕРЕДАН", _day),
        (1213, "РЕСУРС КЛЮЧЕЙ ФП, ДНЕЙ", str),
        *_WARNINGS,
        *_IDENTITY,
    ),
}

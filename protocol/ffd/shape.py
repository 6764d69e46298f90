"""From any JSON value to a ``Receipt``, or to a list of what is wrong with its shape, in words for people."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from protocol.ffd.money import MAX_QUANTITY, QUANTITY_PLACES
from protocol.ffd.receipt import Receipt
from protocol.ffd.violation import ReceiptInvalid, Violation
from protocol.ffd.vocabulary import DOCUMENT_CODES

_MONEY = 'a string of roubles, e.g. "4500.00"'
_QUANTITY = 'a string, e.g. "1" or "0.345"'

_NAMED_CODES: Mapping[str, str] = MappingProxyType({"vat": "E_VAT_CODE", "taxation": "E_TAX_SYSTEM"})
"""Fields whose wrong word has a code of its own."""

# pydantic's error type: code, rule, expected, Russian, English
_SHAPES: Mapping[str, tuple[str, str, str, str, str]] = MappingProxyType(
    {
        "missing": (
            "E_MISSING",
            "required field",
            "a value",
            "обязательное поле не заполнено",
            "required field is missing",
        ),
        "extra_forbidden": (
            "E_UNKNOWN_FIELD",
            "no fields beyond the known ones",
            "no such field",
            "неизвестное поле; проверьте написание",
            "unknown field; check the spelling",
        ),
        "money_type": (
            "E_MONEY",
            "money is text",
            _MONEY,
            "сумма передаётся строкой, а не числом",
            "an amount is a string, not a number",
        ),
        "money_format": (
            "E_MONEY",
            "roubles, a point, at most two digits; not negative",
            _MONEY,
            "это не сумма в рублях: нужны цифры, точка и не больше двух знаков копеек",
            "not an amount in roubles: digits, a point and at most two digits of kopecks",
        ),
        "quantity_type": (
            "E_QTY",
            "a quantity is text",
            _QUANTITY,
            "количество передаётся строкой, а не числом",
            "a quantity is a string, not a number",
        ),
        "quantity_format": (
            "E_QTY",
            "1023 > 0, a decimal number",
            _QUANTITY,
            "это не количество: нужно положительное число",
            "not a quantity: a positive number is needed",
        ),
        "quantity_precision": (
            "E_QTY_PRECISION",
            f"1023 has at most {QUANTITY_PLACES} decimal places",
            f"at most {QUANTITY_PLACES} decimal places",
            f"в количестве больше {QUANTITY_PLACES} знаков после точки",
            f"the quantity has more than {QUANTITY_PLACES} decimal places",
        ),
        "quantity_range": (
            "E_QTY",
            f"0 < 1023 ≤ {MAX_QUANTITY}",
            f"more than 0, at most {MAX_QUANTITY}",
            f"количество должно быть больше нуля и не больше {MAX_QUANTITY}",
            f"the quantity must be more than zero and at most {MAX_QUANTITY}",
        ),
        "object_marked": (
            "E_MARKING_UNSUPPORTED",
            "1212 = 30…33 need a marking code",
            "an object other than marked goods",
            "маркированные товары пока не поддерживаются",
            "marked goods are not supported yet",
        ),
        "string_type": ("E_TYPE", "text", "a string", "нужна строка", "a string is needed"),
        "string_unicode": (
            "E_TYPE",
            "text is Unicode",
            "a string of valid characters",
            "в тексте есть недопустимые символы (половина суррогатной пары)",
            "the text has invalid characters (half of a surrogate pair)",
        ),
        "day_format": (
            "E_DATE",
            "a day of the calendar, DD.MM.YYYY",
            'e.g. "21.11.2026"',
            "это не дата вида ДД.ММ.ГГГГ",
            "not a day in the form DD.MM.YYYY",
        ),
        "moment_format": (
            "E_DATE",
            "local time to the second, without a time zone",
            'e.g. "2026-11-21T14:05:00" or "21.11.2026 14:05:00"',
            "это не местное время вида 2026-11-21T14:05:00",
            "not a local time like 2026-11-21T14:05:00",
        ),
        "country_format": (
            "E_COUNTRY",
            "1230, 1244: three digits of ОКСМ",
            'e.g. "643"',
            "код страны — это три цифры по ОКСМ",
            "a country code is three digits of ОКСМ",
        ),
        "authority_format": (
            "E_FEDERAL_ID",
            "1262: three digits of the authority",
            'e.g. "030"',
            "идентификатор ФОИВ — это три цифры",
            "the authority's id is three digits",
        ),
        "document_code": (
            "E_DOCUMENT_CODE",
            "1245: a code of the format's list",
            ", ".join(sorted(DOCUMENT_CODES)),
            "такого кода вида документа нет",
            "there is no such kind of document",
        ),
        "byte_range": (
            "E_RANGE",
            "one byte",
            "a whole number from 0 to 255",
            "нужно целое число от 0 до 255",
            "a whole number from 0 to 255 is needed",
        ),
        "int_type": ("E_TYPE", "whole number", "a whole number", "нужно целое число", "a whole number is needed"),
        "bool_type": ("E_TYPE", "true or false", "true or false", "нужно true или false", "true or false is needed"),
        "tuple_type": ("E_TYPE", "list", "a list", "нужен список", "a list is needed"),
        "model_type": ("E_TYPE", "object", "an object", "нужен объект JSON", "a JSON object is needed"),
    }
)


def parse_receipt(data: object) -> Receipt:
    """The payload of a receipt job as a ``Receipt``. Raises ``ReceiptInvalid`` with every violation of the shape.

    ``rules.check`` then judges what the fields mean together.
    """
    try:
        return Receipt.model_validate(data)
    except ValidationError as error:
        raise ReceiptInvalid(_violation(detail) for detail in error.errors(include_url=False)) from None


def _violation(detail: ErrorDetails) -> Violation:
    field = _path(detail["loc"])
    got = _shown(detail)
    if detail["type"] == "enum":
        words = str(detail["ctx"]["expected"]).replace("'", "").replace(" or ", ", ")
        return Violation(
            _NAMED_CODES.get(field.rpartition(".")[2], "E_VALUE"),
            field,
            "one of the known words",
            words,
            f"Поле {field}: неизвестное значение {got}; возможны: {words}.",
            f"Field {field}: unknown value {got}; possible: {words}.",
            got=got,
        )
    code, rule, expected, ru, en = _SHAPES.get(
        detail["type"], ("E_INVALID", detail["type"], detail["msg"], "неверное значение", detail["msg"])
    )
    subject_ru, subject_en = (f"Поле {field}", f"Field {field}") if field else ("Чек", "Receipt")
    found_ru, found_en = ("", "") if got is None else (f" (получено {got})", f" (got {got})")
    return Violation(
        code, field, rule, expected, f"{subject_ru}: {ru}{found_ru}.", f"{subject_en}: {en}{found_en}.", got=got
    )


def _path(loc: tuple[int | str, ...]) -> str:
    path = ""
    for part in loc:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def _shown(detail: ErrorDetails) -> str | None:
    """The offending value, short; nothing for a missing field, an extra one or a whole object."""
    value: Any = detail["input"]
    if detail["type"] in ("missing", "extra_forbidden") or isinstance(value, dict | list):
        return None
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "…"

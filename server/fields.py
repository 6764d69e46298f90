"""A field at fault, in words for the developer of a CRM: pydantic's errors, and letters that only look Latin."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

from protocol.crm.codes import Language
from protocol.latin import LOOKALIKES

MAX_SHOWN = 50
"""Errors named in one answer: a list of ten thousand wrong entries is not worth ten thousand sentences."""


@dataclass(frozen=True, slots=True)
class FieldError:
    field: str
    rule: str
    expected: str
    code: str
    text_ru: str
    text_en: str

    def shown(self, language: Language) -> dict[str, str]:
        return {
            "field": self.field,
            "rule": self.rule,
            "expected": self.expected,
            "code": self.code,
            "text": self.text_ru if language == "ru" else self.text_en,
        }


# --- text that people write -----------------------------------------------------------------------------------------


def one_line(text: str) -> str:
    """Validator: no control characters."""
    return _without_control(text, "")


def _free(text: str) -> str:
    return _without_control(text, "\n\r\t")


def _without_control(text: str, allowed: str) -> str:
    for position, char in enumerate(text, 1):
        if unicodedata.category(char) in ("Cc", "Cs") and char not in allowed:
            raise PydanticCustomError(
                "control_character", "a control character", {"position": position, "char": f"U+{ord(char):04X}"}
            )
    return text


OneLine = Annotated[str, StringConstraints(max_length=200), AfterValidator(one_line)]
"""A name: one line without control characters."""
Words = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True), AfterValidator(one_line)]
"""A name that is there."""
FreeText = Annotated[
    str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=True), AfterValidator(_free)
]
"""A few sentences."""


# --- letters that only look Latin -----------------------------------------------------------------------------------


def foreign_letter(text: str) -> tuple[int, str] | None:
    """Position, counted from 1, and the first character that is not ASCII: a Cyrillic letter looks like a Latin one."""
    for position, letter in enumerate(text, 1):
        if not letter.isascii():
            return position, letter
    return None


def look_alikes(field: str, given: str) -> tuple[FieldError, ...]:
    """What is strange about an id that nobody knows: the letter that no id can contain. Empty when nothing is."""
    stranger = foreign_letter(given)
    if stranger is None:
        return ()
    ru, en = _letter_words(*stranger)
    return (FieldError(field, "letters", "A-Z a-z 0-9", "E_LETTER", f"Поле {field}: {ru}.", f"Field {field}: {en}."),)


def _letter_words(position: int, letter: str) -> tuple[str, str]:
    ru = f"знак «{letter}» на месте {position} не латинский"
    en = f"the character «{letter}» at position {position} is not a Latin one"
    if letter in LOOKALIKES:
        ru += f": это кириллица, а похож он на латинскую «{LOOKALIKES[letter]}»"
        en += f": it is Cyrillic and looks like the Latin «{LOOKALIKES[letter]}»"
    return ru, en


# --- pydantic's errors ----------------------------------------------------------------------------------------------

_MONEY = 'a string of roubles, e.g. "4500.00"'
_TEXT = ("E_TYPE", "a string", "нужна строка", "a string is needed")
_WHOLE = ("E_TYPE", "a whole number", "нужно целое число", "a whole number is needed")
_YES_NO = ("E_TYPE", "true or false", "нужно true или false", "true or false is needed")
_LIST = ("E_TYPE", "a list", "нужен список", "a list is needed")
_OBJECT = ("E_TYPE", "an object", "нужен объект JSON", "a JSON object is needed")
_MOMENT = (
    "E_VALUE",
    "a time with its offset, e.g. 2026-03-01T12:00:00+03:00",
    "нужно время со смещением от UTC",
    "a time with its offset from UTC is needed",
)

_TIME = ("E_VALUE", "a time as ISO 8601 writes it", "нужно время в виде ISO 8601", "a time by ISO 8601 is needed")
_LOCAL = (
    "E_VALUE",
    "a local time without offset, e.g. 2026-03-01T12:00:00",
    "нужно местное время без смещения от UTC",
    "a local time without offset is needed",
)

_RULES: Mapping[str, tuple[str, str, str, str]] = {
    # pydantic's error type: code, expected, Russian, English; braces are filled from the error's context
    "missing": ("E_MISSING", "a value", "обязательное поле не заполнено", "required field is missing"),
    "extra_forbidden": (
        "E_UNKNOWN_FIELD",
        "no such field",
        "неизвестное поле; проверьте написание",
        "unknown field; check the spelling",
    ),
    "json_invalid": ("E_JSON", "a JSON document", "это не JSON", "this is not JSON"),
    "string_type": _TEXT,
    "string_unicode": (
        "E_TYPE",
        "a string of valid characters",
        "в тексте половина суррогатной пары",
        "the text has half of a surrogate pair",
    ),
    "control_character": (
        "E_CHARACTERS",
        "no control characters",
        "управляющий символ {char} на месте {position}",
        "the control character {char} at position {position}",
    ),
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": _WHOLE,
    "bool_type": _YES_NO,
    "bool_parsing": _YES_NO,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "money_type": ("E_MONEY", _MONEY, "сумма передаётся строкой, а не числом", "an amount is a string, not a number"),
    "money_format": (
        "E_MONEY",
        _MONEY,
        "это не сумма в рублях: нужны цифры, точка и не больше двух знаков копеек",
        "not an amount in roubles: digits, a point and at most two digits of kopecks",
    ),
    "string_too_short": (
        "E_LENGTH",
        "at least {min_length} characters",
        "короче {min_length} знаков",
        "shorter than {min_length} characters",
    ),
    "string_too_long": (
        "E_LENGTH",
        "at most {max_length} characters",
        "длиннее {max_length} знаков",
        "longer than {max_length} characters",
    ),
    "too_short": ("E_LENGTH", "at least {min_length}", "меньше {min_length}", "less than {min_length}"),
    "too_long": ("E_LENGTH", "at most {max_length}", "больше {max_length}", "more than {max_length}"),
    "greater_than": ("E_RANGE", "more than {gt}", "должно быть больше {gt}", "must be more than {gt}"),
    "greater_than_equal": ("E_RANGE", "at least {ge}", "должно быть не меньше {ge}", "must be at least {ge}"),
    "less_than": ("E_RANGE", "less than {lt}", "должно быть меньше {lt}", "must be less than {lt}"),
    "less_than_equal": ("E_RANGE", "at most {le}", "должно быть не больше {le}", "must be at most {le}"),
    "enum": ("E_VALUE", "{expected}", "неизвестное значение", "unknown value"),
    "literal_error": ("E_VALUE", "{expected}", "неизвестное значение", "unknown value"),
    "value_error": ("E_VALUE", "{error}", "неверное значение", "wrong value"),
    "string_pattern_mismatch": ("E_VALUE", "{pattern}", "неверное значение", "wrong value"),
    "timezone_aware": _MOMENT,
    "timezone_naive": _LOCAL,
    "datetime_parsing": _TIME,
    "datetime_from_date_parsing": _TIME,
    "datetime_type": _TIME,
}


def field_errors(errors: Iterable[Mapping[str, Any]], under: str = "") -> list[FieldError]:
    """Pydantic's errors in our words, the first of them; ``under`` is the field that was validated."""
    errors = list(errors)
    inside = {tuple(error["loc"])[:depth] for error in errors for depth in range(len(error["loc"]))}
    told = [e for e in errors if not (e["type"] == "too_short" and tuple(e["loc"]) in inside)]  # entries that fell out
    return [field_error(error, under) for error in told[:MAX_SHOWN]]


def field_error(error: Mapping[str, Any], under: str = "") -> FieldError:
    field = under
    if error["type"] != "json_invalid":
        field = _path(error["loc"], under)
    code, expected, ru, en = "E_VALUE", error["msg"][:200], "неверное значение", "wrong value"
    if error["type"] in _RULES:
        code, *words = _RULES[error["type"]]
        context = {key: str(value) for key, value in (error.get("ctx") or {}).items()}
        expected, ru, en = (text.format_map(context) for text in words)
    given = error.get("input")
    if isinstance(given, str) and error["type"] == "string_pattern_mismatch":
        stranger = foreign_letter(given)
        if stranger is not None:
            code, (ru, en) = "E_LETTER", _letter_words(*stranger)
    subject_ru, subject_en = (f"Поле {field}: ", f"Field {field}: ") if field else ("", "")
    return FieldError(field, error["type"], expected, code, f"{subject_ru}{ru}.", f"{subject_en}{en}.")


def _path(location: Iterable[int | str], under: str) -> str:
    """``payload.lines[0].text``. Where the value came from, and which branch of a union it took, is no field."""
    path = under
    for at, part in enumerate(location):
        if isinstance(part, int):
            path += f"[{part}]"
        elif not (part.startswith("<") or (at == 0 and part in ("body", "query", "path"))):
            path += f".{part[:64]}" if path else part[:64]
    return path

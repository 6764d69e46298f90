"""The forms of single values in a receipt's payload: money, quantities, days, moments, codes, plain text.

Each type says what one value can tell alone; its errors get their words in ``protocol.ffd.shape``.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from protocol.ffd.money import (
    MAX_QUANTITY,
    QUANTITY_PLACES,
    format_kopecks,
    format_quantity,
    parse_kopecks,
    parse_quantity,
)
from protocol.ffd.vocabulary import DOCUMENT_CODES

_DAY = re.compile(r"[0-9]{2}\.[0-9]{2}\.[0-9]{4}", re.ASCII)
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?", re.ASCII)
_DOTTED = re.compile(r"[0-9]{2}\.[0-9]{2}\.[0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2}", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1970, 2105  # what fits into 32 bits of seconds


class Part(BaseModel):
    """An object of the payload: nothing beyond its fields, nothing converted, nothing changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def parse_day(text: str) -> datetime:
    """``DD.MM.YYYY``. Raises ``ValueError`` for anything else, days of no calendar included."""
    if _DAY.fullmatch(text) is None:
        raise ValueError(f"not a day: {text!r}")
    return datetime.strptime(text, "%d.%m.%Y")  # noqa: DTZ007 - a day has no zone


def parse_moment(text: str) -> datetime:
    """``2026-11-21T14:05`` with or without seconds, or ``21.11.2026 14:05:00``: the settlement place's local time.

    Raises ``ValueError`` for anything else, a time zone included.
    """
    if _ISO.fullmatch(text):
        moment = datetime.fromisoformat(text)
    elif _DOTTED.fullmatch(text):
        moment = datetime.strptime(text, "%d.%m.%Y %H:%M:%S")  # noqa: DTZ007 - local by definition
    else:
        raise ValueError(f"not a local time: {text!r}")
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError(f"outside {_FIRST_YEAR} to {_LAST_YEAR}: {text!r}")
    return moment


def _text(value: str) -> str:
    """JSON can smuggle in half a surrogate pair, which no answer, file or database could carry on."""
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        raise PydanticCustomError("string_unicode", "half a surrogate pair")
    return value


def _money(value: object) -> int:
    """Text only: a JSON number may already have passed through a binary float."""
    if not isinstance(value, str):
        raise PydanticCustomError("money_type", "money is text")
    try:
        return parse_kopecks(value)
    except ValueError:
        raise PydanticCustomError("money_format", "not an amount of money") from None


def _quantity(value: object) -> Decimal:
    if not isinstance(value, str):
        raise PydanticCustomError("quantity_type", "a quantity is text")
    try:
        quantity = parse_quantity(value)
    except ValueError:
        head, _, places = value.partition(".")
        if (
            head.isascii()
            and head.isdigit()
            and places.isascii()
            and places.isdigit()
            and len(places) > QUANTITY_PLACES
        ):
            raise PydanticCustomError("quantity_precision", "too many decimal places") from None
        raise PydanticCustomError("quantity_format", "not a quantity") from None
    if not 0 < quantity <= MAX_QUANTITY:
        raise PydanticCustomError("quantity_range", "quantity out of range")
    return quantity


def _day(value: str) -> str:
    try:
        parse_day(value)
    except ValueError:
        raise PydanticCustomError("day_format", "not a day") from None
    return value


def _moment(value: object) -> datetime:
    if not isinstance(value, str):
        raise PydanticCustomError("moment_format", "a time is text")
    try:
        return parse_moment(value)
    except ValueError:
        raise PydanticCustomError("moment_format", "not a time") from None


def _is_code(value: str) -> bool:
    return len(value) == 3 and value.isascii() and value.isdigit() and value != "000"


def _country(value: str) -> str:
    if not _is_code(value):
        raise PydanticCustomError("country_format", "not a country's code")
    return value


def _authority(value: str) -> str:
    if not _is_code(value):
        raise PydanticCustomError("authority_format", "not an authority's code")
    return value


def _document_code(value: str) -> str:
    if value not in DOCUMENT_CODES:
        raise PydanticCustomError("document_code", "no such kind of document")
    return value


def _byte(value: int) -> int:
    if not 0 <= value <= 255:
        raise PydanticCustomError("byte_range", "not a byte")
    return value


Text = Annotated[str, AfterValidator(_text)]

Kopecks = Annotated[
    int,
    BeforeValidator(_money),
    PlainSerializer(format_kopecks, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,15}(\.[0-9]{1,2})?$", "examples": ["4500.00"]}),
]
"""Integer kopecks, written in JSON as roubles in text."""

Quantity = Annotated[
    Decimal,
    BeforeValidator(_quantity),
    PlainSerializer(format_quantity, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,5}(\.[0-9]{1,6})?$", "examples": ["1", "0.345"]}),
]

Day = Annotated[
    str,
    AfterValidator(_day),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{2}\.[0-9]{2}\.[0-9]{4}$", "examples": ["21.11.2023"]}),
]
"""A day as fiscal documents write it."""

Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    PlainSerializer(datetime.isoformat, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["2026-11-21T14:05:00", "21.11.2026 14:05:00"]}),
]
"""Local wall clock of the settlement place, to the second."""

Country = Annotated[str, AfterValidator(_country), WithJsonSchema({"type": "string", "pattern": "^[0-9]{3}$"})]
"""Digital code of ОКСМ, e.g. "643"."""

Authority = Annotated[str, AfterValidator(_authority), WithJsonSchema({"type": "string", "pattern": "^[0-9]{3}$"})]
"""Code of a federal authority, e.g. "030"."""

DocumentCode = Annotated[
    str, AfterValidator(_document_code), WithJsonSchema({"type": "string", "enum": sorted(DOCUMENT_CODES)})
]

Byte = Annotated[int, AfterValidator(_byte), WithJsonSchema({"type": "integer", "minimum": 0, "maximum": 255})]

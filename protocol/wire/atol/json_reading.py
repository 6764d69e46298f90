"""Reading an answer's fields: a value of the expected kind, or ``AnswerError`` that names the field. Nothing else is
raised, whatever JSON comes.

A field that is null counts as missing. Unknown fields are ignored.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import datetime
from decimal import Decimal
from typing import Any

from protocol.ffd.money import MAX_SUM
from protocol.wire.atol.json_text import JsonError

AnswerError = JsonError
"""An answer in which a field is missing or is not what it should be."""

_MOMENT = re.compile(r"(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})", re.ASCII)
_DIGITS = re.compile(r"[0-9]{1,20}", re.ASCII)
_MOST_NUMBER = 1 << 63
_SLACK = Decimal("0.0001")
"""The library computes with binary fractions: how far from a whole kopeck (in kopecks) a sum may be written."""


class Fields:
    """An object of an answer and where it stands."""

    def __init__(self, value: Any, at: str = "answer") -> None:
        if not isinstance(value, dict):
            raise AnswerError(f"an object expected, not {_kind(value)}", at)
        self._value = value
        self._at = at

    def has(self, name: str) -> bool:
        return self._value.get(name) is not None

    def inside(self, name: str) -> Fields:
        return Fields(self._get(name), self._place(name))

    def maybe_inside(self, name: str) -> Fields:
        """An object that may be missing: then an empty one."""
        return Fields(self._value.get(name) or {}, self._place(name))

    def items(self, name: str) -> list[Any]:
        """A list that may be missing."""
        value = self._value.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._wrong(name, "a list")
        return value

    def text(self, name: str, default: str | None = None) -> str:
        value = self._value.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str):
            raise self._wrong(name, "text")
        return value

    def flag(self, name: str, default: bool | None = None) -> bool:
        value = self._value.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false")
        return value

    def whole(self, name: str) -> int:
        """A whole number from 0 on; some builds write one as text, or with a point."""
        value = self._value.get(name)
        if isinstance(value, str) and _DIGITS.fullmatch(value):
            value = int(value)
        if isinstance(value, Decimal) and value.is_finite() and value.copy_abs() < _MOST_NUMBER and value == int(value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _MOST_NUMBER:
            raise self._wrong(name, "a whole number")
        return value

    def maybe_whole(self, name: str) -> int | None:
        return self.whole(name) if self.has(name) else None

    def kopecks(self, name: str) -> int:
        """A sum in roubles, as kopecks."""
        value = self._value.get(name)
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise self._wrong(name, "a sum")
        roubles = Decimal(value)
        if not roubles.is_finite() or roubles.copy_abs() > MAX_SUM:
            raise self._wrong(name, "a sum")
        kopecks = roubles * 100
        nearest = int(kopecks.to_integral_value())
        if abs(kopecks - nearest) > _SLACK:
            raise self._wrong(name, "a sum of whole kopecks")
        return nearest

    def maybe_kopecks(self, name: str) -> int | None:
        return self.kopecks(name) if self.has(name) else None

    def moment(self, name: str) -> datetime:
        """The digits are the device's own clock; the offset behind them is the PC's label and says nothing."""
        match = _MOMENT.match(self.text(name))
        if match is None:
            raise self._wrong(name, "a time like 2026-11-21T10:30:00")
        try:
            return datetime(*(int(part) for part in match.groups()))  # type: ignore[arg-type]  # noqa: DTZ001
        except ValueError:
            raise self._wrong(name, "a time that exists") from None

    def maybe_moment(self, name: str) -> datetime | None:
        return self.moment(name) if self.has(name) else None

    def bytes(self, name: str) -> bytes:
        try:
            return base64.b64decode(self.text(name).encode("ascii"), validate=True)
        except (binascii.Error, ValueError):
            raise self._wrong(name, "base64") from None

    def _get(self, name: str) -> Any:
        value = self._value.get(name)
        if value is None:
            raise AnswerError("missing", self._place(name))
        return value

    def _place(self, name: str) -> str:
        return f"{self._at}.{name}"

    def _wrong(self, name: str, expected: str) -> AnswerError:
        value = self._value.get(name)
        found = "nothing" if value is None else f"{_kind(value)} {str(value)[:40]!r}"
        return AnswerError(f"{expected} expected, not {found}", self._place(name))


def _kind(value: Any) -> str:
    return type(value).__name__

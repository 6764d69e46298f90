"""Requests and answers as XML. Bytes in, fields out; fields in, bytes out. Pure.

A request is read in the encoding that it declares. An answer is windows-1251 and says so; its fields are in the order
of their numbers, two digits each. The receipt holds a record for each copy: its letter, an attribute, the text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from drivers.simulators.inpas import fields

ENCODING = "windows-1251"
LONGEST = 64 * 1024
"""Bytes of a request."""
FIRST_COPY, SECOND_COPY = "Я", "Ъ"
"""DF and DA: the customer's, the merchant's."""
DEFAULT_TIMEOUT = 180.0


class BadRequest(Exception):
    """What came is no request."""


@dataclass(frozen=True, slots=True)
class Question:
    values: Mapping[int, str]
    timeout: float = DEFAULT_TIMEOUT  # seconds

    def text(self, number: int) -> str:
        return self.values.get(number, "")

    def number(self, number: int) -> int | None:
        """Raises ``BadRequest`` for what is no whole number."""
        text = self.values.get(number, "")
        if not text:
            return None
        if not (text.isascii() and text.isdecimal() and len(text) <= 12):
            raise BadRequest(f"field {number}: a whole number was expected")
        return int(text)


def question(body: bytes) -> Question:
    """Raises ``BadRequest``."""
    if len(body) > LONGEST or b"<!" in body:
        raise BadRequest("too long, or with declarations")
    try:
        root = ElementTree.fromstring(body)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise BadRequest("not XML") from error
    if root.tag != "request":
        raise BadRequest("a request was expected")
    values: dict[int, str] = {}
    for each in root.iter("field"):
        number = each.get("id", "")
        if not (number.isascii() and number.isdecimal() and len(number) <= 2) or int(number) in values:
            raise BadRequest("a field's number is wrong, or comes twice")
        values[int(number)] = (each.text or "").strip()
    return Question(values, _seconds(root.findtext("timeout")))


def _seconds(text: str | None) -> float:
    """It is written in milliseconds."""
    if text is None:
        return DEFAULT_TIMEOUT
    text = text.strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= 9 and int(text) > 0):
        raise BadRequest("timeout: milliseconds were expected")
    return int(text) / 1000


def told(values: Mapping[int, str]) -> bytes:
    body = "".join(f'  <field id="{number:02d}">{_safe(values[number])}</field>\r\n' for number in sorted(values))
    return _document(body)


def error(code: int) -> bytes:
    return _document(
        f"  <errorcode>{code}</errorcode>\r\n  <errordescription>{_safe(fields.ERRORS[code])}</errordescription>\r\n"
    )


def receipt(copies: Sequence[tuple[str, Sequence[str]]]) -> str:
    """Field 90."""
    return "~".join(f"{letter}^^" + "".join(f"{line}\r\n" for line in lines) for letter, lines in copies)


def _document(body: str) -> bytes:
    text = f'<?xml version="1.0" encoding="{ENCODING}"?>\r\n<response>\r\n{body}</response>\r\n'
    return text.encode("cp1251", "xmlcharrefreplace")


def _safe(text: str) -> str:
    return escape("".join(letter for letter in text if letter >= " " or letter in "\r\n"))

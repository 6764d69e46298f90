"""Fields as XML: a request written, an answer read.

An answer is read without trust: its size is limited, a document type (and so every entity of its own) is an error, and
its encoding is the one it declares, else UTF-8, else windows-1251. Control characters, which slips are full of and XML
forbids, count as blanks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NoReturn
from xml.parsers import expat

from protocol.wire.inpas.fields import CARD, KEPT, Answer, Request

MEDIA = "text/xml"
ENCODING = "windows-1251"
MOST = 1024 * 1024
"""Bytes of an answer; one with two slips has some 5,000."""
DEEPEST = 8

ENCODINGS: Mapping[str, str] = MappingProxyType({
    "windows-1251": "cp1251", "cp1251": "cp1251", "utf-8": "utf-8", "utf8": "utf-8", "koi8-r": "koi8-r",
    "cp866": "cp866", "ibm866": "cp866", "iso-8859-5": "iso8859-5", "us-ascii": "ascii",
})  # fmt: skip
_DECLARATION = re.compile(r"\A\s*<\?xml\b[^>]{0,200}\?>")
_DECLARED = re.compile(rb"""\A\s*<\?xml\b[^>]{0,150}?\bencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_REFERENCE = re.compile(r"&#(?:x([0-9A-Fa-f]{1,6})|([0-9]{1,7}));")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_LAST_DIGITS = 4


class AnswerError(ValueError):
    """What came is no answer; says why, and shows nothing of it."""


def write_request(fields: Request, seconds: float) -> bytes:
    """``seconds``: how long the terminal may take. Raises ``ValueError`` for a character that cannot be written."""
    lines = [f'<?xml version="1.0" encoding="{ENCODING}"?>', "<request>"]
    lines += [f'  <field id="{number:02d}">{_escaped(value)}</field>' for number, value in sorted(fields.items())]
    lines += [f"  <timeout>{round(1000 * seconds)}</timeout>", "</request>", ""]
    return "\n".join(lines).encode(ENCODING)


def _escaped(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def read_answer(body: bytes) -> Answer:
    """Raises ``AnswerError``."""
    if len(body) > MOST:
        raise AnswerError(f"{len(body)} bytes; {MOST} is the limit")
    text = _CONTROL.sub(" ", _DECLARATION.sub("", _decoded(body), count=1))
    reader = _Reader()
    reader.parse(_REFERENCE.sub(_allowed, text))
    return reader.answer()


def _decoded(body: bytes) -> str:
    body = body.removeprefix(b"\xef\xbb\xbf")
    declared = _DECLARED.match(body)
    name = ENCODINGS.get(declared[1].decode("ascii").lower()) if declared else None
    for encoding in (name, "utf-8") if name else ("utf-8",):
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    return body.decode("cp1251", "replace")


def _allowed(reference: re.Match[str]) -> str:
    """A character by its number, or a blank for one that XML does not have."""
    code = int(reference[1], 16) if reference[1] else int(reference[2])
    good = code in (9, 10, 13) or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code < 0x110000
    return reference[0] if good else " "


class _Reader:
    """``<response>`` with ``<field id="NN">`` in it, or with the service's ``<errorcode>``. Other elements are passed
    over."""

    def __init__(self) -> None:
        self._path: list[str] = []
        self._pieces: list[str] = []
        self._number: int | None = None
        self._values: dict[int, str] = {}
        self._card = ""
        self._error: str | None = None
        self._error_text = ""

    def parse(self, text: str) -> None:
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._pieces.append
        try:
            parser.Parse(text.encode("utf-8", "replace"), True)
        except expat.ExpatError as error:
            raise AnswerError(f"no XML: {expat.ErrorString(error.code)}, line {error.lineno}") from None

    def answer(self) -> Answer:
        return Answer(MappingProxyType(self._values), self._card, self._error, self._error_text)

    def _doctype(self, *_: Any) -> NoReturn:
        raise AnswerError("a document type is not accepted")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name.lower())
        if self._path[0] != "response":
            raise AnswerError("no <response>")
        if len(self._path) > DEEPEST:
            raise AnswerError(f"elements deeper than {DEEPEST}")
        self._pieces.clear()
        if len(self._path) == 2:
            text = attributes.get("id", "").strip()
            self._number = int(text) if re.fullmatch("[0-9]{1,3}", text) else None

    def _end(self, _: str) -> None:
        text = "".join(self._pieces)
        self._pieces.clear()
        if len(self._path) == 2:
            self._take(self._path[1], text)
        self._path.pop()

    def _take(self, name: str, text: str) -> None:
        match name:
            case "field" if self._number == CARD:
                self._card = _last_digits(text)
            case "field" if self._number in KEPT:
                if self._values.get(self._number, text) != text:
                    raise AnswerError(f"field {self._number} twice, and not the same")
                self._values[self._number] = text
            case "errorcode":
                self._error = text.strip()[:20]
            case "errordescription":
                self._error_text = text.strip()[:200]


def _last_digits(number: str) -> str:
    """Of a card number as it is told, hidden or not; "" for one that is too short to be one."""
    text = number.strip()
    last = text[-_LAST_DIGITS:]
    shown = last.isascii() and last.isdecimal() and len(text) > 2 * _LAST_DIGITS
    return "*" * (len(text) - _LAST_DIGITS) + last if shown else ""

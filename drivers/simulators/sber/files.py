"""The two files of a run: ``e``, the result, one value to a line; ``p``, the slip with its copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

RESULT, SLIP = "e", "p"
CUT = "~S\x01\r\n"
"""Between the copies of a slip."""
LINES = 20


class Line(IntEnum):
    """Places in ``e``, from zero; line 0 is ``code,message``."""

    CARD = 1
    EXPIRY = 2
    AUTH_CODE = 3
    NUMBER = 4
    CARD_NAME = 5
    OWN_CARD = 6
    TERMINAL_ID = 7
    AT = 8
    RRN = 9
    HASH = 10
    TRACK3 = 11
    BONUS = 12
    MERCHANT_ID = 13
    MONITORING_KIND = 14
    MONITORING_STATE = 15
    MONITORING_TEXT = 16
    LOYALTY = 17
    CUSTOMER = 18
    OPERATION_ID = 19


@dataclass(frozen=True, slots=True)
class Manner:
    """What differs between the program's two systems."""

    name: str
    encoding: str
    newline: str


MANNERS: Mapping[str, Manner] = {
    "windows": Manner("windows", "cp866", "\r\n"),
    "linux": Manner("linux", "koi8-r", "\n"),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a run has come to: the code and its words, the other lines of ``e``, the copies of the slip."""

    code: int
    text: str
    lines: Mapping[Line, str] = field(default_factory=dict)
    slips: Sequence[str] = ()

    def result(self, manner: Manner, count: int = LINES) -> bytes:
        """``e`` with at most so many lines; those behind the last that is known are missing."""
        last = max(self.lines, default=0)
        lines = [f"{self.code},{self.text}", *(self.lines.get(Line(at), "") for at in range(1, last + 1))]
        return encoded("".join(line + manner.newline for line in lines[:count]), manner)

    def slip(self, manner: Manner) -> bytes:
        """``p``; b"" where there is nothing to print."""
        return encoded(CUT.join(copy.replace("\n", "\r\n") for copy in self.slips), manner)


def encoded(text: str, manner: Manner) -> bytes:
    """What the code page lacks becomes a question mark."""
    return text.encode(manner.encoding, "replace")

"""How the program is started: ``<op> [amount [cardType [track2 [rrn]]]]``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

SELECT = "QSELECT"
"""Stands for track 2: a refund by RRN alone, no card presented."""


class Word(StrEnum):
    """An operation as faults and the log name it."""

    PAY = "payment"
    REFUND = "refund"
    VOID = "void"
    SETTLE = "settlement"
    REPORT = "report"
    MENU = "menu"
    REPRINT = "reprint"
    ROLLBACK = "reversal"
    SUSPEND = "suspend"
    COMMIT = "commit"
    TEST = "test"
    HELP = "help"
    MONITORING = "monitoring"
    UNKNOWN = "unknown"


OPERATIONS: Mapping[int, Word] = MappingProxyType({
    1: Word.PAY,
    3: Word.REFUND,
    7: Word.SETTLE,
    8: Word.VOID,
    9: Word.REPORT,
    11: Word.MENU,
    12: Word.REPRINT,
    13: Word.ROLLBACK,
    15: Word.SUSPEND,
    16: Word.COMMIT,
    26: Word.TEST,
    36: Word.HELP,
    47: Word.MONITORING,
})  # fmt: skip
NEED_AMOUNT = frozenset({Word.PAY, Word.REFUND, Word.VOID})
OF_THE_LAST = frozenset({Word.ROLLBACK, Word.SUSPEND, Word.COMMIT})


@dataclass(frozen=True, slots=True)
class Arguments:
    word: Word
    amount: int | None = None  # kopecks
    second: str = ""  # what stands in the place of the amount, where it is no amount: the kind of a report
    rrn: str = ""
    auth_code: str = ""
    without_card: bool = False


def read(argv: Sequence[str]) -> Arguments:
    """``argv`` without the program's name. What cannot be understood is ``Word.UNKNOWN``; nothing is done for it.

    Where the auth code of a rollback, suspension or commit stands is not known for certain: it is looked for in the
    place of the card type and in that of track 2. A zero or nothing in either place says nothing."""
    op, second, kind, track, rrn = [*argv[:5], *[""] * (5 - len(argv))]
    word = OPERATIONS.get(int(op), Word.UNKNOWN) if re.fullmatch(r"\d{1,3}", op) else Word.UNKNOWN
    nothing = Arguments(Word.UNKNOWN)
    if word in NEED_AMOUNT:
        if not _amount(second) or not re.fullmatch(r"\d{0,2}", kind) or not re.fullmatch(r"(\d{12})?", rrn):
            return nothing
        if track not in ("", "0", SELECT) or (track == SELECT and not rrn):
            return nothing
        return Arguments(word, int(second), rrn=rrn, without_card=track == SELECT)
    if word in OF_THE_LAST:
        if second not in ("", "0") and not _amount(second):
            return nothing
        code = next((each for each in (kind, track) if each not in ("", "0")), "")
        return Arguments(word, int(second or 0) or None, auth_code=code)
    return Arguments(word, second=second)


def _amount(text: str) -> bool:
    return re.fullmatch(r"[1-9]\d{0,8}", text) is not None

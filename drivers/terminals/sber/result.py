"""The file ``e`` that Sber's program leaves: one value per line, the code and its text first.

Only what may leave the driver is taken from it: of the card its last four digits, nothing of its hash (line 10) and of
track 3 (line 11). Lines at the end may be missing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from drivers.terminals import masking

_FIRST = re.compile(r"(0|[1-9][0-9]{0,4}),(.*)")
_RETURN = re.compile(rb"return:\s*(0|[1-9][0-9]{0,4})(?![0-9])")
_MOMENT = "%Y%m%d%H%M%S"


@dataclass(frozen=True, slots=True)
class Result:
    code: int
    text: str
    card: str = ""
    auth_code: str = ""
    number: str = ""
    card_system: str = ""
    terminal_id: str = ""
    at: datetime | None = None
    rrn: str = ""
    merchant_id: str = ""


def read_result(data: bytes, charset: str) -> Result | None:
    """``None``: its first line is not a code, a comma and a text; such a file says nothing."""
    rows = [row.strip("\r\t \x00") for row in data.decode(charset, "replace").split("\n")]
    first = _FIRST.fullmatch(rows[0])
    if first is None:
        return None

    def word(row: int, longest: int) -> str:
        """A value of letters and digits; anything else is not what belongs there."""
        value = rows[row] if row < len(rows) else ""
        fits = len(value) <= longest and value.isascii() and value.isalnum()
        return value if fits and masking.mask(value) == value else ""

    return Result(
        code=int(first[1]),
        text=printable(first[2]),
        card=masking.card(rows[1]) if len(rows) > 1 else "",
        auth_code=word(3, 8),
        number=word(4, 8),
        card_system=printable(rows[5])[:32] if len(rows) > 5 else "",
        terminal_id=word(7, 8),
        at=_moment(word(8, 14)) if len(rows) > 8 else None,
        rrn=word(9, 12),
        merchant_id=word(13, 15),
    )


def told_return(output: bytes) -> int | None:
    """The code that the program for Linux writes to its output."""
    found = _RETURN.findall(output)
    return int(found[-1]) if found else None


def printable(text: str) -> str:
    return " ".join(masking.lines(text))


def _moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, _MOMENT)  # noqa: DTZ007  (the terminal's own, without a zone)
    except ValueError:
        return None

"""How the program is started: ``/o<cash code> /a<kopecks> /c643 [/r<rrn>] [/v<auth code>] [/x<id>] [/qx<sbp id>]``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

FORMS = {
    "o": r"\d{1,4}",
    "a": r"[1-9]\d{0,8}",
    "c": r"\d{3}",
    "r": r"\d{12}",
    "v": r"\w{1,6}",
    "x": r".{1,64}",
    "qx": r".{1,64}",
}


@dataclass(frozen=True, slots=True)
class Arguments:
    cash_code: str
    amount: int | None = None  # kopecks
    currency: str = ""
    rrn: str = ""
    auth_code: str = ""


def read(argv: Sequence[str]) -> Arguments | None:
    """``argv`` without the program's name; ``None`` for what it does not understand: it does nothing then."""
    values: dict[str, str] = {}
    for each in argv:
        found = re.fullmatch(r"/(qx|[oacrvx])(.*)", each)
        if found is None or found[1] in values or re.fullmatch(FORMS[found[1]], found[2]) is None:
            return None
        values[found[1]] = found[2]
    if "o" not in values:
        return None
    return Arguments(
        values["o"],
        int(values["a"]) if "a" in values else None,
        values.get("c", ""),
        values.get("r", ""),
        values.get("v", ""),
    )

"""``ops.ini``: which cash code stands for what. Codes differ from bank to bank, so they are found by class and opcode;
where a file leaves a choice, nobody guesses."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

_ROW = re.compile(r"\s*([0-9]{1,4})\s*=\s*([0-9]{1,3})\s*,\s*([0-9]{1,4})\s*(?:,(.*))?")


class Want(StrEnum):
    PAYMENT = "payment"
    REFUND = "refund"
    VOID = "void"
    REVERSAL = "reversal"
    SETTLEMENT = "settlement"
    SHORT = "short"
    FULL = "full"
    SBP_PAYMENT = "sbp_payment"
    SBP_REFUND = "sbp_refund"


PAIRS: Mapping[Want, Sequence[tuple[int, int]]] = MappingProxyType(
    {
        Want.PAYMENT: ((1, 1), (0, 128)),
        Want.REFUND: ((1, 11), (0, 130)),
        Want.VOID: ((1, 5), (0, 225)),
        Want.REVERSAL: ((2, 3), (0, 224)),
        Want.SETTLEMENT: ((2, 1), (2, 22), (0, 161)),
        Want.SHORT: ((2, 10), (0, 180)),
        Want.FULL: ((2, 0), (2, 22), (0, 187)),
        Want.SBP_PAYMENT: ((1, 109),),
        Want.SBP_REFUND: ((1, 110),),
    }
)
"""Class and opcode, of both families."""
BY_NAME, SETTLES = (2, 22), "СВЕРКА ИТОГОВ"
"""This pair is a settlement when its name says so, and the detailed report otherwise."""


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    cash_code: str
    pair: tuple[int, int]
    name: str

    def means(self, want: Want) -> bool:
        if self.pair not in PAIRS[want]:
            return False
        if self.pair != BY_NAME:
            return True
        return (SETTLES in re.sub(r"\s+", " ", self.name.upper())) == (want is Want.SETTLEMENT)


class Absent(ValueError):
    """No row of the file means that."""


class Ambiguous(ValueError):
    """Several rows mean that, with different cash codes."""


@dataclass(frozen=True, slots=True)
class Operations:
    """``strange``: numbers of lines that are neither rows nor comments."""

    rows: tuple[Row, ...]
    strange: tuple[int, ...] = ()

    def cash_code(self, want: Want) -> str:
        """Raises ``Absent``, ``Ambiguous``, naming lines and what was expected."""
        found = [row for row in self.rows if row.means(want)]
        codes = dict.fromkeys(row.cash_code for row in found)
        if len(codes) == 1:
            return next(iter(codes))
        pairs = " or ".join(f"CODE={first},{second},…" for first, second in PAIRS[want])
        if not found:
            strange = f"; not understood: lines {', '.join(map(str, self.strange))}" if self.strange else ""
            raise Absent(f"{want}: a line {pairs} expected, there is none{strange}")
        where = ", ".join(f"line {row.line} ({row.cash_code}={row.pair[0]},{row.pair[1]},{row.name})" for row in found)
        raise Ambiguous(f"{want}: one line {pairs} expected, there are {len(found)}: {where}; choose in the profile")


def read_operations(text: str) -> Operations:
    rows: list[Row] = []
    strange: list[int] = []
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.partition("#")[0].strip()
        if not bare or bare.startswith((";", "[")):
            continue
        row = _ROW.fullmatch(bare)
        if row is None:
            strange.append(number)
        else:
            name = (row[4] or "").partition(",")[0].strip()
            rows.append(Row(number, row[1], (int(row[2]), int(row[3])), name))
    return Operations(tuple(rows), tuple(strange))

"""Slips of banks' programs, as text: copies and sums. For people, and to tell an operation from another's; never a
verdict."""

from __future__ import annotations

import re

from drivers.terminal_api import Totals
from drivers.terminals.masking import lines

_SUM = re.compile(r"(?<![0-9.,:/])([0-9]{1,3}(?:[ \xa0'][0-9]{3})+|[0-9]{1,9})[.,]([0-9]{2})(?![0-9]|[.,:/][0-9])")


def copies(text: str, divider: re.Pattern[str]) -> tuple[tuple[str, ...], ...]:
    """Cut into copies, each masked and printable; empty ones are none."""
    return tuple(copy for part in divider.split(text) if (copy := lines(part)))


def sums(slips: tuple[tuple[str, ...], ...]) -> frozenset[int]:
    """All sums above zero that are written there, in kopecks."""
    found = (
        int(re.sub(r"[^0-9]", "", each[1])) * 100 + int(each[2])
        for slip in slips
        for line in slip
        for each in _SUM.finditer(line)
    )
    return frozenset(one for one in found if one)


def amount_told(slips: tuple[tuple[str, ...], ...], expected: int | None) -> int | None:
    """The operation's sum as the slip has it: the expected one where it is written there, the only other one where
    there is but one; ``None``: it cannot be told."""
    written = sums(slips)
    if expected is not None and expected in written:
        return expected
    return next(iter(written)) if len(written) == 1 else None


_CUSTOMERS = re.compile(r"(?i)(?:копия|экземпляр|чек|слип)\s+(?:для\s+)?(?:клиента|покупателя|держателя)|для\s+клиента")


def merchant_first(slips: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
    """The merchant's copy first where the slips say which is whose; otherwise as the terminal has them."""
    return tuple(sorted(slips, key=lambda slip: any(_CUSTOMERS.search(line) for line in slip)))


def totals(slips: tuple[tuple[str, ...], ...], different: tuple[str, ...], matched: tuple[str, ...]) -> Totals:
    """By the words, in small letters, that stand on a settlement's slip; ``different`` is looked for first."""
    said = " ".join(" ".join(slip) for slip in slips).lower()
    said = re.sub(r"\s+", " ", said)
    if any(word in said for word in different):
        return Totals.DIFFERENT
    return Totals.MATCHED if any(word in said for word in matched) else Totals.UNKNOWN

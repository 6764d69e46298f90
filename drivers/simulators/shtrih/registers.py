"""Money and operation registers: how they are counted, and their numbers in commands 1Ah and 1Bh (protocol 1.17).

``t`` is the receipt kind of command 8Dh: 0 income, 1 expense, 2 income return, 3 expense return. Money is kopecks.
"""

from __future__ import annotations

from collections.abc import Iterable

from drivers.simulators import vat
from drivers.simulators.shtrih.errors import Code, Refusal
from drivers.simulators.shtrih.state import Counters, OpenLine, OpenReceipt

PAYING_OUT = frozenset({1, 2})
"""Receipt types that take cash out of the drawer: expense and income return."""
DRAWER_LIMIT = 9_999_999_999

TAX_GROUPS = {1: 0, 2: 1, 5: 2, 6: 3}
"""Tag 1199 -> group A to D of the registers: 20 %, 10 %, 0 % and without VAT. The other rates have no register."""

DEPARTMENTS, CASH, TURNOVERS, TAXES, DRAWER_AT_CLOSING = 0, 72, 88, 104, 120
"""First numbers of the receipt's own registers."""


def of_lines(kind: int, lines: Iterable[OpenLine]) -> dict[int, int]:
    """Registers 0 to 63 and 88 to 119 of a receipt with these lines."""
    found: dict[int, int] = {}
    for line in lines:
        _add(found, DEPARTMENTS + 4 * (max(1, line.department) - 1) + kind, line.total)
        group = TAX_GROUPS.get(line.vat)
        if group is not None:
            _add(found, TURNOVERS + 4 * group + kind, line.total)
            _add(found, TAXES + 4 * group + kind, vat.vat_of(line.total, line.vat))
    return found


def count_receipt(counters: Counters, receipt: OpenReceipt, net: list[int]) -> None:
    """A receipt is closed; ``net`` are the sixteen payments without the change."""
    kind = receipt.kind
    made = of_lines(kind, receipt.lines)
    for number, amount in made.items():
        if number < CASH:
            _add(counters.departments, number, amount)
        elif number < TAXES:
            _add(counters.turnovers, number - TURNOVERS, amount)
        else:
            _add(counters.taxes, number - TAXES, amount)
    for index, amount in enumerate(net):
        if amount:
            _add(counters.payments, 4 * index + kind, amount)
            if index < 4:
                made[CASH + 4 * index + kind] = amount
    counters.drawer = max(0, counters.drawer + (-net[0] if kind in PAYING_OUT else net[0]))
    made[DRAWER_AT_CLOSING] = counters.drawer
    counters.last_receipt = made
    counts = counters.corrections if receipt.correction else counters.receipts
    _add(counts, kind, 1)
    _add(counters.receipt_numbers, kind, 1)
    _add(counters.by_operator, receipt.operator, 1)


def count_void(counters: Counters, receipt: OpenReceipt) -> None:
    counters.cancelled += 1
    counters.last_receipt = {}
    _add(counters.voids, receipt.kind, 1)
    _add(counters.void_sums, receipt.kind, receipt.total)


def count_cash(counters: Counters, amount: int) -> None:
    """Positive: cash in, negative: cash out."""
    if amount == 0:
        raise Refusal(Code.BAD_PARAMETERS)
    if counters.drawer + amount < 0:
        raise Refusal(Code.NOT_ENOUGH_CASH)
    if counters.drawer + amount > DRAWER_LIMIT:
        raise Refusal(Code.CASH_OVERFLOW)
    counters.drawer += amount
    if amount > 0:
        counters.cash_in += amount
        counters.cash_in_count += 1
        counters.cash_in_number += 1
    else:
        counters.cash_out -= amount
        counters.cash_out_count += 1
        counters.cash_out_number += 1


def _add(counts: dict[int, int], place: int, amount: int) -> None:
    counts[place] = counts.get(place, 0) + amount


def money(counters: Counters, receipt: OpenReceipt | None, number: int) -> int:
    """Register of command 1Ah; one byte of number up to 255, two bytes for the rest."""
    if number <= DRAWER_AT_CLOSING:
        own = counters.last_receipt if receipt is None else of_lines(receipt.kind, receipt.lines)
        return own.get(number, 0)
    for first, last, place, counts in (
        (121, 184, 0, counters.departments),
        (193, 208, 0, counters.payments),
        (209, 224, 0, counters.turnovers),
        (225, 240, 0, counters.taxes),
        (249, 252, 0, counters.void_sums),
        (4144, 4191, 16, counters.payments),  # kinds of payment 5 to 16
    ):
        if first <= number <= last:
            return counts.get(number - first + place, 0)
    if number > 255:
        raise Refusal(Code.BAD_PARAMETERS)
    return {241: counters.drawer, 242: counters.cash_in, 243: counters.cash_out}.get(number, 0)


def operation(counters: Counters, document_number: int, number: int) -> int:
    """Register of command 1Bh; ``document_number`` is the running number since the register was made."""
    for first, counts in (
        (144, counters.receipts),
        (148, counters.receipt_numbers),
        (179, counters.voids),
        (200, counters.corrections),
    ):
        if first <= number < first + 4:
            return counts.get(number - first, 0) & 0xFFFF
    value = {
        152: document_number % 10_000,
        153: counters.cash_in_count,
        154: counters.cash_out_count,
        155: counters.cash_in_number,
        156: counters.cash_out_number,
        157: counters.cancelled,
        158: counters.x_reports,
        185: document_number,
        186: document_number >> 16,
    }.get(number, 0)
    return value & 0xFFFF

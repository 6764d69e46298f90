"""VAT as the simulated register computes it. Written apart from the driver's and the server's arithmetic.

Source: format order ЕД-7-20/662@ (tag 1199), letter АБ-4-20/11248@ (codes 11 and 12). Prices contain the tax.
"""

from __future__ import annotations

from collections.abc import Iterable

NO_VAT = 6
ZERO = 5

PERCENT = {1: 20, 2: 10, 3: 20, 4: 10, 7: 5, 8: 7, 9: 5, 10: 7, 11: 22, 12: 22}
"""Tag 1199 -> whole percent inside the price. Codes 5 (0 %) and 6 (without VAT) carry no tax."""

FLAT_TOTALS = {1: 1102, 2: 1103, 3: 1106, 4: 1107, ZERO: 1104, NO_VAT: 1105}
"""Tag 1199 -> the receipt's own tag of the total. All other codes are collected in 1115."""

NAMES = {
    1: "НДС 20%",
    2: "НДС 10%",
    3: "НДС 20/120",
    4: "НДС 10/110",
    5: "НДС 0%",
    6: "БЕЗ НДС",
    7: "НДС 5%",
    8: "НДС 7%",
    9: "НДС 5/105",
    10: "НДС 7/107",
    11: "НДС 22%",
    12: "НДС 22/122",
}


def vat_of(total: int, code: int) -> int:
    """Tax contained in ``total`` kopecks, half a kopeck rounds up; 0 for the codes without a tax."""
    percent = PERCENT.get(code)
    if percent is None:
        return 0
    whole, rest = divmod(total * percent, 100 + percent)
    return whole + (1 if 2 * rest >= 100 + percent else 0)


def totals_by_code(lines: Iterable[tuple[int, int]]) -> dict[int, int]:
    """``(code, total)`` of every line -> code -> sum of the lines' taxes; the turnover for codes 5 and 6."""
    sums: dict[int, int] = {}
    for code, total in lines:
        sums[code] = sums.get(code, 0) + (vat_of(total, code) if code in PERCENT else total)
    return sums

"""The twelve VAT codes of FFD and their arithmetic.

Translate by name, never by number: other lists number the same rates differently.
Source: format order ЕД-7-20/662@ (tag 1199), letter АБ-4-20/11248@ for codes 11 and 12.
"""

from __future__ import annotations

from enum import Enum


class Vat(Enum):
    """``value`` is the name used in job payloads; ``code`` is tag 1199."""

    VAT20 = "vat20"
    VAT10 = "vat10"
    VAT120 = "vat120"
    VAT110 = "vat110"
    VAT0 = "vat0"
    NONE = "none"
    VAT5 = "vat5"
    VAT7 = "vat7"
    VAT105 = "vat105"
    VAT107 = "vat107"
    VAT22 = "vat22"
    VAT122 = "vat122"

    @property
    def code(self) -> int:
        return _CODES[self]

    @property
    def percent(self) -> int | None:
        """Whole percent inside the price; ``None`` where there is no tax to compute (vat0, none)."""
        return _PERCENT.get(self)

    @classmethod
    def of_code(cls, code: int) -> Vat:
        """Raises ``KeyError`` for a number that is no VAT code."""
        return _BY_CODE[code]

    def amount(self, total: int) -> int:
        """VAT contained in ``total`` kopecks, rounded half up to a kopeck; 0 where there is none.

        The direct and the calculated code of a rate share one formula: a*r/(100+r).
        """
        rate = self.percent
        if rate is None:
            return 0
        return (2 * total * rate + (100 + rate)) // (2 * (100 + rate))


_CODES = {
    Vat.VAT20: 1,
    Vat.VAT10: 2,
    Vat.VAT120: 3,
    Vat.VAT110: 4,
    Vat.VAT0: 5,
    Vat.NONE: 6,
    Vat.VAT5: 7,
    Vat.VAT7: 8,
    Vat.VAT105: 9,
    Vat.VAT107: 10,
    Vat.VAT22: 11,
    Vat.VAT122: 12,
}
_BY_CODE = {code: vat for vat, code in _CODES.items()}
_PERCENT = {
    Vat.VAT20: 20,
    Vat.VAT120: 20,
    Vat.VAT10: 10,
    Vat.VAT110: 10,
    Vat.VAT5: 5,
    Vat.VAT105: 5,
    Vat.VAT7: 7,
    Vat.VAT107: 7,
    Vat.VAT22: 22,
    Vat.VAT122: 22,
}

"""Which row of the register's tax table stands for which VAT code.

The table is read, never assumed: models, firmware and the year decide what its rows hold. A row's rate (hundredths of a
percent) says how much; its name tells a calculated rate ("20/120") from a direct one, and "no VAT" from 0 %.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from protocol.ffd.vat import Vat

_CALCULATED = re.compile(r"(\d{1,2})\s*/\s*1(\d\d)")
_DIRECT = {20: Vat.VAT20, 10: Vat.VAT10, 5: Vat.VAT5, 7: Vat.VAT7, 22: Vat.VAT22, 0: Vat.VAT0}
_PART = {20: Vat.VAT120, 10: Vat.VAT110, 5: Vat.VAT105, 7: Vat.VAT107, 22: Vat.VAT122}


@dataclass(frozen=True, slots=True)
class VatRow:
    row: int
    rate: int  # hundredths of a percent
    name: str

    def vat(self) -> Vat | None:
        """``None`` for a rate that FFD does not know, and where name and rate contradict each other."""
        percent, rest = divmod(self.rate, 100)
        part = _CALCULATED.search(self.name)
        if part is not None:
            named = int(part[1])
            agrees = int(part[2]) == named and self.rate in (0, named * 100, round(named * 10000 / (100 + named)))
            return _PART.get(named) if agrees else None
        if rest:
            return None
        if percent == 0 and "без" in self.name.lower():
            return Vat.NONE
        direct = _DIRECT.get(percent)
        named_percent = re.search(r"(\d{1,2})(?:[.,]0+)?\s*%", self.name)
        return None if named_percent is not None and int(named_percent[1]) != percent else direct


def rows_by_vat(rows: Iterable[VatRow]) -> Mapping[Vat, int]:
    """Row number for every VAT code the table has; the first of equal rows counts."""
    found: dict[Vat, int] = {}
    for row in rows:
        vat = row.vat()
        if vat is not None:
            found.setdefault(vat, row.row)
    return found

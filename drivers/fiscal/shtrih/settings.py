"""What is read from the register once per connection and decides how a receipt is written for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from drivers.errors import Refused
from protocol.ffd.vat import Vat

NEW_RATES = (Vat.VAT22, Vat.VAT122)


class DoNotPrint(IntEnum):
    """Table 17 field 7."""

    PRINT = 0
    NEXT_DOCUMENT = 1  # the device itself goes back to 0 after it
    NEVER = 2
    SHIFT_REPORTS_TO_BUFFER = 3


@dataclass(frozen=True, slots=True)
class Settings:
    ffd: str
    vat_rows: Mapping[Vat, int] = field(default_factory=dict)
    replaces_vat20: bool = False  # the device makes 22 % of 20 % by itself, now
    needs_vat22: bool = False  # by the device's clock the rate of 22 % is in force
    tax_by_host: bool = False  # the device expects ready tax sums
    taxation: int | None = None  # mask of the registered systems, ``None``: not told
    printing: int | None = None  # ``DoNotPrint``; ``None``: this model has no such switch

    def row_of(self, vat: Vat) -> int:
        """Row of the tax table. Raises ``Refused``: ``vat20_autoreplace``, ``vat_rate_missing``."""
        if self.replaces_vat20 and vat in (Vat.VAT20, Vat.VAT120):
            raise Refused(
                "vat20_autoreplace",
                f"{vat.value}: the register is set to replace 20 % by 22 % (table 17 field 71 is 1); "
                "send vat22, or have the field set to 2",
            )
        row = self.vat_rows.get(vat)
        if row is None:
            has = ", ".join(sorted(known.value for known in self.vat_rows))
            raise Refused("vat_rate_missing", f"{vat.value}: the register's tax table has only {has or 'no rates'}")
        return row

    def problems(self) -> Iterator[str]:
        """Codes of settings that would make wrong documents, or none that a customer can take along. Reports into the
        buffer (3) are an owner's choice that spoils no receipt."""
        if self.replaces_vat20:
            yield "vat20_autoreplace"
        if self.needs_vat22 and not all(vat in self.vat_rows for vat in NEW_RATES):
            yield "vat_rate_missing"
        if self.tax_by_host:
            yield "tax_by_host"
        if self.printing == DoNotPrint.NEVER:
            yield "printing_off"

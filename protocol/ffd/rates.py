"""Which VAT rate may stand in a receipt of which day.

Sources: 5 and 7 % for payers of УСН from 2025 (law 176-ФЗ of 12.07.2024); 22 % instead of 20 % from 2026 (law 425-ФЗ of
28.11.2025, letter АБ-4-20/11248@ of 15.12.2025).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from protocol.ffd.vat import Vat

FIRST_DAY: Mapping[Vat, date] = MappingProxyType(
    {
        Vat.VAT5: date(2025, 1, 1),
        Vat.VAT105: date(2025, 1, 1),
        Vat.VAT7: date(2025, 1, 1),
        Vat.VAT107: date(2025, 1, 1),
        Vat.VAT22: date(2026, 1, 1),
        Vat.VAT122: date(2026, 1, 1),
    }
)
"""The first day of a rate; those that are not here are older than the format."""

LAST_DAY: Mapping[Vat, date] = MappingProxyType({Vat.VAT20: date(2025, 12, 31), Vat.VAT120: date(2025, 12, 31)})
"""The last day of a rate for new settlements. Returns, and payments for what was shipped before, keep the old one."""

CALCULATED: Mapping[Vat, Vat] = MappingProxyType(
    {
        Vat.VAT20: Vat.VAT120,
        Vat.VAT10: Vat.VAT110,
        Vat.VAT5: Vat.VAT105,
        Vat.VAT7: Vat.VAT107,
        Vat.VAT22: Vat.VAT122,
    }
)
"""A direct rate and the calculated one that belongs to it."""

USN_ONLY = frozenset({Vat.VAT5, Vat.VAT105, Vat.VAT7, Vat.VAT107})
"""The low rates exist only for payers of УСН."""

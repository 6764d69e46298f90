"""A receipt worked out to the kopeck: what the register is asked to make, and what the archive must then show.

Pure values. ``protocol.ffd.planning`` makes one from a checked receipt; drivers only read it. Money is integer kopecks,
quantities are ``Decimal`` with at most six places; numbers named by a tag are the values of that tag.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from protocol.ffd.vat import Vat


@dataclass(frozen=True, slots=True)
class PlannedLine:
    name: str  # 1030
    price: int  # 1079
    quantity: Decimal  # 1023
    total: int  # 1043
    vat: Vat  # 1199
    vat_sum: int  # 1200; 0 for vat0 and none
    payment_method: int  # 1214
    payment_object: int  # 1212
    unit: int  # 2108


@dataclass(frozen=True, slots=True)
class PlannedPayments:
    """What the document will carry: cash is net of change. The five sum up to the total."""

    cash: int = 0  # 1031
    card: int = 0  # 1081
    prepaid: int = 0  # 1215
    credit: int = 0  # 1216
    other: int = 0  # 1217


@dataclass(frozen=True, slots=True)
class PlannedReceipt:
    sign: int  # 1054: 1 sell, 2 sell_return, 3 buy, 4 buy_return
    taxation: int  # 1055: one bit
    lines: tuple[PlannedLine, ...]
    payments: PlannedPayments
    cash_tendered: int  # what the customer handed over; cash_tendered - payments.cash is the change
    total: int  # 1020
    vat: Mapping[Vat, int]  # VAT amount per rate (for vat0 and none: the turnover), rates present only
    cashier_name: str | None = None  # 1021
    cashier_inn: str | None = None  # 1203
    buyer_contact: str | None = None  # 1008
    imprint: str | None = None  # 1086 under 1085 = "ID"
    print: bool = True

    @property
    def change(self) -> int:
        return self.cash_tendered - self.payments.cash

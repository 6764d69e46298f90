"""A receipt worked out to the kopeck: what the register is asked to make, and what the archive must then show.

Pure values. ``protocol.ffd.planning`` makes one from a checked receipt; drivers only read it. Money is integer kopecks,
quantities are ``Decimal`` with at most six places; numbers named by a tag are the values of that tag.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from protocol.ffd.vat import Vat


@dataclass(frozen=True, slots=True)
class PlannedAgent:
    """Tags 1222 and 1223."""

    kind: int  # 1222: one bit
    operation: str | None = None  # 1044
    paying_agent_phones: tuple[str, ...] = ()  # 1073
    receiving_operator_phones: tuple[str, ...] = ()  # 1074
    transfer_operator_phones: tuple[str, ...] = ()  # 1075
    transfer_operator_name: str | None = None  # 1026
    transfer_operator_address: str | None = None  # 1005
    transfer_operator_inn: str | None = None  # 1016


@dataclass(frozen=True, slots=True)
class PlannedSupplier:
    """Tags 1224 and 1226."""

    inn: str | None = None  # 1226
    name: str | None = None  # 1225
    phones: tuple[str, ...] = ()  # 1171


@dataclass(frozen=True, slots=True)
class PlannedIndustry:
    """Tags 1260 (line) and 1261 (receipt)."""

    authority: str  # 1262
    document_date: str  # 1263, DD.MM.YYYY
    document_number: str  # 1264
    value: str  # 1265


@dataclass(frozen=True, slots=True)
class PlannedBuyer:
    """Tags 1227 and 1228, with FFD 1.2 inside 1256 beside the others."""

    name: str | None = None  # 1227
    inn: str | None = None  # 1228
    birthdate: str | None = None  # 1243, DD.MM.YYYY
    citizenship: str | None = None  # 1244, three digits
    document_code: str | None = None  # 1245
    document_data: str | None = None  # 1246
    address: str | None = None  # 1254


@dataclass(frozen=True, slots=True)
class PlannedOperation:
    """Tag 1270."""

    at: datetime  # 1273, local
    id: int  # 1271
    data: str  # 1272


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
    unit: int  # 2108; in FFD 1.05 and 1.1 its short name in 1197
    agent: PlannedAgent | None = None
    supplier: PlannedSupplier | None = None
    extra: str | None = None  # 1191
    excise: int | None = None  # 1229
    country: str | None = None  # 1230, three digits
    declaration: str | None = None  # 1231
    industry: tuple[PlannedIndustry, ...] = ()  # 1260


@dataclass(frozen=True, slots=True)
class PlannedPayments:
    """What the document will carry: cash is net of change. The five sum up to the total."""

    cash: int = 0  # 1031
    card: int = 0  # 1081
    prepaid: int = 0  # 1215
    credit: int = 0  # 1216
    other: int = 0  # 1217


@dataclass(frozen=True, slots=True)
class PlannedCashless:
    """Tag 1235."""

    amount: int  # 1082
    method: int  # 1236
    identifiers: str  # 1237
    extra: str | None = None  # 1238


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
    imprint: str | None = None  # 1086 under 1085 = "ID", or merged with ``user_attribute``
    print: bool = True
    rounding: int = 0  # kopecks taken off: the lines' sum less ``total``
    buyer: PlannedBuyer | None = None
    internet: bool = False  # 1125
    place: str | None = None  # 1187; None: the register's registered one
    user_attribute: tuple[str, str] | None = None  # 1085, 1086 as the CRM gave them
    receipt_attribute: str | None = None  # 1192
    industry: tuple[PlannedIndustry, ...] = ()  # 1261
    operation: PlannedOperation | None = None  # 1270
    cashless: tuple[PlannedCashless, ...] = ()  # 1234

    @property
    def lines_total(self) -> int:
        """What the lines come to, before anything is rounded off."""
        return self.total + self.rounding

    @property
    def change(self) -> int:
        return self.cash_tendered - self.payments.cash

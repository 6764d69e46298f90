"""Receipts that the behaviours ask for. Plans as ``protocol.ffd.planning`` would make them; nobody's real data."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from protocol.ffd.planned import (
    PlannedAgent,
    PlannedBuyer,
    PlannedCashless,
    PlannedIndustry,
    PlannedLine,
    PlannedOperation,
    PlannedPayments,
    PlannedReceipt,
    PlannedSupplier,
)
from protocol.ffd.vat import Vat

CASHIER = ("Иванова М.", "500100732259")
IMPRINT, OTHER_IMPRINT = "ABCDEFGHIJKLM", "NOPQRSTUVWXYZ"

REPAIR = PlannedLine('Замена дисплея "Галактика" №5', 450000, Decimal(1), 450000, Vat.VAT10, 40909, 4, 4, 0)
CABLE = PlannedLine("Кабель", 19990, Decimal("1.5"), 29985, Vat.NONE, 0, 4, 1, 22)
"""At rates that every driver makes; the others are asked for by name."""

SALE = PlannedReceipt(
    sign=1,
    taxation=1,
    lines=(REPAIR, CABLE),
    payments=PlannedPayments(cash=379985, card=100000),
    cash_tendered=400000,
    total=479985,
    vat={Vat.VAT10: 40909, Vat.NONE: 29985},
    cashier_name=CASHIER[0],
    cashier_inn=CASHIER[1],
    buyer_contact="+79001234567",
    imprint=IMPRINT,
)

DETAILED = replace(
    SALE,
    cashless=(PlannedCashless(70000, 1, "RRN:606012345678"), PlannedCashless(30000, 255, "SBP:A1", "кредит")),
)
"""Told of each payment by card."""

MIXED = replace(SALE, payments=PlannedPayments(100000, 110000, 120000, 130000, 19985), cash_tendered=100000)
"""Every kind of payment."""

ROUNDED = replace(SALE, payments=PlannedPayments(cash=479900), cash_tendered=480000, total=479900, rounding=85)
"""85 kopecks taken off."""


def _at_rate(vat: Vat) -> PlannedLine:
    return replace(REPAIR, name=f"Работа по ставке {vat.value}", price=12345, total=12345, vat=vat,
                   vat_sum=vat.amount(12345))  # fmt: skip


def at_rates(*rates: Vat) -> PlannedReceipt:
    """A line at each of them, paid by card."""
    return replace(
        SALE,
        lines=tuple(_at_rate(vat) for vat in rates),
        payments=PlannedPayments(card=12345 * len(rates)),
        cash_tendered=0,
        total=12345 * len(rates),
        vat={vat: vat.amount(12345) if vat.percent is not None else 12345 for vat in rates},
    )


LONG = replace(
    SALE,
    lines=tuple(replace(REPAIR, name=f"Позиция {number}", price=1000, total=1000, vat_sum=91) for number in range(40)),
    payments=PlannedPayments(cash=40000),
    cash_tendered=40000,
    total=40000,
    vat={Vat.VAT10: 91 * 40},
)
"""Forty lines."""

PAIR = replace(
    SALE,
    lines=(
        replace(REPAIR, name="Яблоки", price=10000, quantity=Decimal("1.005"), total=10050, vat_sum=914, unit=11),
        replace(REPAIR, name="Лента", price=333, quantity=Decimal("0.333"), total=111, vat_sum=10, unit=22),
    ),
    payments=PlannedPayments(cash=10161),
    cash_tendered=10161,
    total=10161,
    vat={Vat.VAT10: 924},
)
"""Quantities of three places."""

_SERVED = replace(
    REPAIR,
    supplier=PlannedSupplier("500100732259", "ООО Поставщик", ("+79007654321",)),
    agent=PlannedAgent(64),
    extra="сорт 1",
    country="643",
    declaration="10702020/060520/0013422",
)

RICH = replace(
    SALE,
    lines=(_SERVED, replace(CABLE, excise=1500)),
    buyer=PlannedBuyer("Петров П. П.", "500100732259"),
    user_attribute=("Заказ", "R-105"),
    receipt_attribute="A5",
    place="Доставка",
)
"""What every format has a place for."""

_INDUSTRY = PlannedIndustry("030", "01.01.2026", "123", "значение")

NEWEST = replace(
    RICH,
    buyer=PlannedBuyer("Петров П. П.", "500100732259", "01.02.1990", "643", "21", "4500 123456", "Москва"),
    industry=(_INDUSTRY,),
    operation=PlannedOperation(datetime(2026, 11, 22, 10, 0), 1, "данные"),  # noqa: DTZ001  # a register's local time
    lines=(replace(_SERVED, industry=(_INDUSTRY,)), CABLE),
)
"""What only format 1.2 has a place for."""

"""Receipts and answers as tables of the reference."""

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

NEW, OLD = "10.10.8.0", "10.8.0.0"

MILK = PlannedLine("Молоко", 10050, Decimal(2), 20100, Vat.VAT20, 3350, 4, 1, 0)
SALE = PlannedReceipt(
    sign=1,
    taxation=1,
    lines=(MILK,),
    payments=PlannedPayments(cash=15000, card=5100),
    cash_tendered=20000,
    total=20100,
    vat={Vat.VAT20: 3350},
    cashier_name="Иванов И.И.",
    cashier_inn="500100732259",
    buyer_contact="+79990000000",
    imprint="ABCDEFGHIJKLM",
)

INDUSTRY = PlannedIndustry("030", "01.02.2026", "123", "значение")
AGENT = PlannedAgent(
    kind=4,
    operation="перевод",
    paying_agent_phones=("+71", "+72"),
    receiving_operator_phones=("+73",),
    transfer_operator_phones=("+74",),
    transfer_operator_name="Оператор",
    transfer_operator_address="Москва",
    transfer_operator_inn="7707083893",
)
WHOLE = replace(
    SALE,
    lines=(
        replace(
            MILK,
            agent=AGENT,
            supplier=PlannedSupplier("7707083893", "Поставщик", ("+75",)),
            extra="сорт 1",
            excise=1234,
            country="643",
            declaration="10702020/060520/0013422",
            industry=(INDUSTRY,),
        ),
    ),
    buyer=PlannedBuyer("Петров П. П.", "500100732259", "01.02.1990", "643", "21", "4500 123456", "Тула"),
    place="Доставка",
    user_attribute=("Заказ", "R-105"),
    receipt_attribute="A5",
    industry=(INDUSTRY,),
    cashless=(PlannedCashless(5100, 1, "RRN:606012345678", "кредит"),),
    operation=PlannedOperation(datetime(2026, 11, 22, 10, 0, 5), 1, "данные"),  # noqa: DTZ001  # a register's local time
)
"""All that format 1.2 and the language have a place for."""

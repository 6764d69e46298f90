"""The receipt that is measured: five lines, a cashier, an imprint, a card."""

from __future__ import annotations

from typing import Any

from protocol.ffd.planned import PlannedReceipt
from protocol.ffd.planning import plan
from protocol.ffd.shape import parse_receipt

IMPRINT = "ABCDEFGHIJKLM"
LINES = (
    ("Замена дисплея, работа", "2500.00", "1", "service"),
    ("Дисплей для телефона, чёрный", "4500.00", "1", "commodity"),
    ("Плёнка защитная", "350.00", "2", "commodity"),
    ("Кабель USB-C, 1 м", "490.00", "1", "commodity"),
    ("Чистка разъёма", "300.00", "1", "service"),
)
TOTAL = "8490.00"


def payload() -> dict[str, Any]:
    return {
        "type": "sell",
        "taxation": "osn",
        "cashier": {"name": "Иванова М."},
        "items": [
            {
                "name": name,
                "price": price,
                "quantity": quantity,
                "vat": "vat22",
                "payment_method": "full_payment",
                "payment_object": kind,
                "unit": "piece",
            }
            for name, price, quantity, kind in LINES
        ],
        "payments": [{"type": "card", "amount": TOTAL}],
        "print": True,
    }


def planned(imprint: str | None = IMPRINT) -> PlannedReceipt:
    return plan(parse_receipt(payload()), imprint=imprint)

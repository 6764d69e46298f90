"""Short ways to write receipt payloads in tests."""

from __future__ import annotations

from datetime import date
from typing import Any

from protocol.ffd.planned import PlannedReceipt
from protocol.ffd.planning import plan
from protocol.ffd.rules import Violation, check, parse_receipt

TODAY = date(2026, 11, 21)


def item(price: str = "100.00", quantity: str = "1", vat: str = "none", **more: Any) -> dict[str, Any]:
    return {"name": "Товар", "price": price, "quantity": quantity, "vat": vat, **more}


def payload(*items: dict[str, Any], cash: str | None = None, **more: Any) -> dict[str, Any]:
    """A sale under the general system, paid as told: ``cash="500.00"`` or ``card=…``, ``prepaid=…``, ``credit=…``."""
    kinds: dict[str, Any] = {kind: more.pop(kind) for kind in ("card", "prepaid", "credit", "other") if kind in more}
    if cash is not None:
        kinds["cash"] = cash
    data = {
        "type": "sell",
        "taxation": "osn",
        "cashier": {"name": "Кассир Иванова"},
        "items": list(items),
        "payments": [{"type": kind, "amount": amount} for kind, amount in kinds.items()],
    }
    return data | more


def found(data: dict[str, Any], *, on: date = TODAY) -> list[Violation]:
    return check(parse_receipt(data), on=on)


def codes(data: dict[str, Any], *, on: date = TODAY) -> list[str]:
    return [violation.code for violation in found(data, on=on)]


def planned(data: dict[str, Any], *, on: date = TODAY, imprint: str | None = None) -> PlannedReceipt:
    """The plan of a payload that must be free of errors."""
    errors = [violation for violation in found(data, on=on) if violation.severity == "error"]
    assert errors == []
    return plan(parse_receipt(data), imprint=imprint)

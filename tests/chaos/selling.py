"""What the CRM asks for where a card terminal stands beside the register: sales, payments, money back.

No two movements of money that are asked for in a run have the same sum, so that the bank's book tells whose each is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

CASHIER = {"cashier": {"name": "Кассир Петров С."}}
AT_TERMINAL = frozenset({"payment", "refund", "void", "settlement", "terminal_status"})
SALES = frozenset({"sale", "sale_refund"})
AFTER: Mapping[str, str] = {"refund": "payment", "void": "payment", "sale_refund": "sale"}
"""What has to be done before, and what it brings back."""
ORIGINAL = ("rrn", "auth_code", "number", "terminal_id", "sbp_id")
WAYS = {"card": 8, "cards": 8, "mixed": 4, "cash": 1}
"""How a customer pays."""


def roubles(kopecks: int) -> str:
    return f"{kopecks // 100}.{kopecks % 100:02d}"


def sale(n: int, random: Random, rates: Sequence[str]) -> dict[str, Any]:
    total = (300 + 50 * n) * 100 + random.randrange(100)
    first = (100 + 10 * n) * 100 + random.randrange(100)
    way = random.choices(list(WAYS), list(WAYS.values()))[0]
    parts = {
        "card": [("card", total)],
        "cards": [("card", first), ("card", total - first)],
        "mixed": [("cash", first), ("card", total - first)],
        "cash": [("cash", total)],
    }[way]
    payments = [{"type": kind, "amount": roubles(amount)} for kind, amount in parts]
    return {"type": "sell", "taxation": "osn", **CASHIER, "items": [_item(n, total, random.choice(rates))],
            "payments": payments}  # fmt: skip


def _item(n: int, total: int, rate: str) -> dict[str, Any]:
    return {"name": f"Ремонт №{n}", "price": roubles(total), "quantity": "1", "vat": rate,
            "payment_method": "full_payment", "payment_object": "service"}  # fmt: skip


def payment(n: int, random: Random) -> dict[str, Any]:
    return {"amount": roubles((600 + 50 * n) * 100 + random.randrange(100))}


def refund(n: int, paid: Mapping[str, Any]) -> dict[str, Any]:
    """A part of it."""
    return {"amount": roubles((50 + n) * 100), "original": original(paid)}


def void(paid: Mapping[str, Any]) -> dict[str, Any]:
    return {"amount": paid["total"], "original": original(paid)}


def sale_refund(n: int, paid: Mapping[str, Any], rates: Sequence[str]) -> dict[str, Any]:
    """A part of what the first card of a sale has paid."""
    total = (70 + n) * 100
    return {"type": "sell_return", "taxation": "osn", **CASHIER, "items": [_item(n, total, rates[0])],
            "payments": [{"type": "card", "amount": roubles(total)}],
            "cards": [{"original": original(paid)}]}  # fmt: skip


def original(proof: Mapping[str, Any]) -> dict[str, Any]:
    """A payment, as its proof tells it."""
    at = proof.get("printed_at")
    told = {name: proof.get(name) or "" for name in ORIGINAL}
    return {"amount": proof["total"], **told, "at": at[:19] if at else None}


def paid_by(row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The proof of the first payment of a job that is done, where the terminal has given one."""
    proofs = [row["proof"]] if row["kind"] == "payment" else [
        step["proof"] for step in row["steps"] or () if step["step"] == "payment"
    ]  # fmt: skip
    told = proofs[0] if row["state"] == "done" and proofs else None
    return told if told and told.get("total") and told.get("source") == "device" else None

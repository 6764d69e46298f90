"""Customers by the dice: receipts of every type, rate and payment that a small shop sees. Seeded, so always the same.

Sums here are only what a CRM must know to ask for the right payments; the audit works out its own.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Any

Payload = dict[str, Any]

CASHIERS = (
    {"name": "Приёмщик Иванова М.А.", "inn": "771204831560"},
    {"name": "Кассир Петров С."},
    {"name": "Мастер Сидоров А.Н."},
)
RATES = {
    "osn": ("vat22", "vat22", "vat22", "vat10", "vat0", "none"),
    "usn_income": ("none", "vat5", "vat7"),
    "usn_income_outcome": ("none", "vat5", "vat7"),
    "esn": ("none",),
    "patent": ("none",),
}
CALCULATED = {"vat22": "vat122", "vat10": "vat110", "vat5": "vat105", "vat7": "vat107"}
GOODS = ("Замена дисплея", "Кабель USB-C", "Чехол", "Пайка разъёма", "Чистка от пыли", "Стекло защитное", "Аккумулятор")
NOTES = "рублёвых купюр"


def roubles(kopecks: int) -> str:
    return f"{kopecks // 100}.{kopecks % 100:02d}"


def line_sum(item: Payload) -> int:
    cost = Decimal(item["price"]) * Decimal(item["quantity"])
    return int((cost * 100).quantize(Decimal(1), ROUND_HALF_UP))


class Customers:
    def __init__(self, random: Random) -> None:
        self._random = random
        self._sold: list[Payload] = []

    def receipt(self, drawer: int) -> tuple[Payload, int]:
        """A receipt that the register can make with ``drawer`` kopecks in it, and what it does to the drawer."""
        dice = self._random.random()
        if dice < 0.10 and self._sold:
            return self._return(drawer)
        if dice < 0.13:
            return self._bought("buy", drawer)
        if dice < 0.145:
            return self._bought("buy_return", drawer)
        made = self._sale()
        if made["payments"][0]["type"] != "credit":
            self._sold.append(made)
        return made, self._cash(made)

    # --- by type

    def _sale(self) -> Payload:
        dice = self._random.random()
        if dice < 0.07:
            return self._prepayment()
        if dice < 0.11:
            return self._settled(self._with_items("sell"), "prepaid")
        if dice < 0.14:
            return self._on_credit()
        return self._paid(self._with_items("sell"))

    def _prepayment(self) -> Payload:
        made = self._with_items("sell", most=2)
        method = self._random.choice(("prepayment", "full_prepayment", "advance"))
        for item in made["items"]:
            item["vat"] = CALCULATED.get(item["vat"], item["vat"])
            item["payment_method"] = method
            if method == "advance":
                item["payment_object"] = "payment"
        return self._paid(made)

    def _settled(self, made: Payload, kind: str) -> Payload:
        """Part by an earlier payment, the rest by card."""
        total = self._total(made)
        offset = self._random.randint(1, total)
        rest = [{"type": "card", "amount": roubles(total - offset)}] if total > offset else []
        return {**made, "payments": [{"type": kind, "amount": roubles(offset)}, *rest]}

    def _on_credit(self) -> Payload:
        made = self._with_items("sell", most=3)
        for item in made["items"]:
            item["payment_method"] = "credit"
        return {**made, "payments": [{"type": "credit", "amount": roubles(self._total(made))}]}

    def _bought(self, type_: str, drawer: int) -> tuple[Payload, int]:
        made = self._with_items(type_, most=2)
        made = self._paid_out(made, drawer) if type_ == "buy" else self._paid(made)
        return made, self._cash(made)

    def _return(self, drawer: int) -> tuple[Payload, int]:
        """An earlier sale is taken back, as it was paid; without the cash for it, by card."""
        sold = self._sold.pop(self._random.randrange(len(self._sold)))
        made = {**sold, "type": "sell_return"}
        due = self._cash(sold)
        others = [payment for payment in sold["payments"] if payment["type"] != "cash"]
        if not due:
            return made, 0
        if due > drawer:  # the rounding goes with the cash
            made.pop("cash_rounding", None)
            rest = self._total(made) - sum(_kopecks(p["amount"]) for p in others)
            return {**made, "payments": [{"type": "card", "amount": roubles(rest)}, *others]}, 0
        return {**made, "payments": [{"type": "cash", "amount": roubles(due)}, *others]}, -due

    # --- parts

    def _with_items(self, type_: str, most: int = 12) -> Payload:
        random = self._random
        taxation = random.choices(tuple(RATES), (60, 14, 10, 6, 10))[0]
        count = min(most, random.choices((1, 2, 3, 4, 5, 8, 12), (40, 25, 13, 9, 6, 4, 3))[0])
        made: Payload = {
            "type": type_,
            "taxation": taxation,
            "cashier": random.choice(CASHIERS),
            "items": [self._item(taxation) for _ in range(count)],
        }
        if random.random() < 0.12:
            made |= {"print": False, "buyer": {"contact": f"buyer{random.randrange(1000)}@example.ru"}}
        elif random.random() < 0.15:
            made["buyer"] = {"contact": f"+7900{random.randrange(10**7):07d}"}
        if random.random() < 0.05:
            made["additional_user_props"] = {"name": "Заказ", "value": f"ЗН-{random.randrange(10000)}"}
        return made

    def _item(self, taxation: str) -> Payload:
        random = self._random
        item: Payload = {
            "name": f"{random.choice(GOODS)} №{random.randrange(1000)}",
            "price": roubles(random.choice((random.randint(100, 9999), random.randint(10000, 900000)))),
            "quantity": str(random.choice((1, 1, 1, 1, 2, 3, 5))),
            "vat": random.choice(RATES[taxation]),
            "payment_method": "full_payment",
            "payment_object": random.choice(("commodity", "job", "service")),
        }
        if random.random() < 0.12:
            item |= {"quantity": f"{random.randint(1, 4999) / 1000:.3f}", "unit": "kilogram"}
            item["price"] = roubles(random.randint(10000, 90000))
        return item

    def _paid(self, made: Payload) -> Payload:
        random, total = self._random, self._total(made)
        way = random.choices(("cash", "change", "rounded", "card", "split", "other"), (18, 22, 8, 40, 8, 4))[0]
        if way == "rounded" and total % 100 and total > 100:
            off = total % 100
            return {**made, "cash_rounding": roubles(off), "payments": [_by("cash", total - off)]}
        if way == "change":
            note = random.choice((10000, 50000, 100000, 500000))
            return {**made, "payments": [_by("cash", -(-total // note) * note)]}
        if way == "split" and total > 1:
            part = random.randint(1, total - 1)
            return {**made, "payments": [_by("cash", total - part), _by("card", part)]}
        return {**made, "payments": [_by(way if way in ("card", "other") else "cash", total)]}

    def _paid_out(self, made: Payload, drawer: int) -> Payload:
        total = self._total(made)
        return {**made, "payments": [_by("cash" if total <= drawer else "card", total)]}

    @staticmethod
    def _total(made: Payload) -> int:
        return sum(line_sum(item) for item in made["items"]) - _kopecks(made.get("cash_rounding", "0.00"))

    def _cash(self, made: Payload) -> int:
        """What the drawer gains."""
        others = sum(_kopecks(p["amount"]) for p in made["payments"] if p["type"] != "cash")
        if not any(p["type"] == "cash" for p in made["payments"]):
            return 0
        due = self._total(made) - others
        return -due if made["type"] in ("sell_return", "buy") else due


def _by(kind: str, amount: int) -> Payload:
    return {"type": kind, "amount": roubles(amount)}


def _kopecks(text: str) -> int:
    whole, _, part = text.partition(".")
    return int(whole) * 100 + int(part)

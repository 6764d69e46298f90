"""What a receipt comes to, worked out anew from the CRM's payload, and what a document of the archive shows."""

from __future__ import annotations

import hashlib
from base64 import b32encode
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

_SIGN = {"sell": 1, "sell_return": 2, "buy": 3, "buy_return": 4}
_TAXATION = {"osn": 1, "usn_income": 2, "usn_income_outcome": 4, "esn": 16, "patent": 32}
_PAID = {"cash": "1031", "card": "1081", "prepaid": "1215", "credit": "1216", "other": "1217"}
_RATE = {"vat20": 1, "vat10": 2, "vat120": 3, "vat110": 4, "vat0": 5, "none": 6, "vat5": 7, "vat7": 8, "vat105": 9,
         "vat107": 10, "vat22": 11, "vat122": 12}  # fmt: skip
_PERCENT = {1: 20, 2: 10, 3: 20, 4: 10, 7: 5, 8: 7, 9: 5, 10: 7, 11: 22, 12: 22}
_FLAT = {"1102": 1, "1103": 2, "1106": 3, "1107": 4, "1104": 5, "1105": 6}
_METHOD = {"full_prepayment": 1, "prepayment": 2, "advance": 3, "full_payment": 4, "partial_payment": 5, "credit": 6,
           "credit_payment": 7}  # fmt: skip
_OBJECTS = ("commodity", "excise", "job", "service", "gambling_bet", "gambling_prize", "lottery", "lottery_prize",
            "intellectual_activity", "payment", "agent_commission", "composite", "another")  # fmt: skip
_OBJECT = {name: number for number, name in enumerate(_OBJECTS, 1)}
_KOPECK = Decimal(1)
_INTO_DRAWER = {1: 1, 2: -1, 3: -1, 4: 1}


@dataclass(frozen=True, slots=True)
class Content:
    """Money in kopecks; ``paid`` by kind, cash less the change; ``vat`` by rate, for 0 % and without VAT the turnover;
    a line is (name, price, quantity, cost, rate, method, object)."""

    sign: int
    taxation: int
    total: int
    paid: tuple[int, ...]
    vat: tuple[tuple[int, int], ...]
    lines: tuple[tuple[Any, ...], ...]

    @property
    def cash(self) -> int:
        """What it puts into the drawer."""
        return self.paid[0] * _INTO_DRAWER[self.sign]


def imprint_of(tenant_id: str, job_id: str) -> str:
    return b32encode(hashlib.sha256(f"{tenant_id}\x1f{job_id}".encode()).digest()).decode()[:13]


def imprint_in(tags: Mapping[str, Any]) -> str | None:
    """The job's short id in tag 1084, alone or behind a value of the CRM's own."""
    value = tags.get("1084", {}).get("1086")
    return value.rpartition("ID=")[2] if isinstance(value, str) else None


def kopecks(text: str) -> int:
    """``123.45`` -> 12345; ``ValueError`` for what is no sum."""
    whole, _, part = text.removeprefix("-").partition(".")
    amount = int(whole) * 100 + int(part.ljust(2, "0"))
    return -amount if text.startswith("-") else amount


def asked_content(payload: Mapping[str, Any]) -> Content:
    lines, vat = [], defaultdict[int, int](int)
    for item in payload["items"]:
        price, quantity, rate = kopecks(item["price"]), Decimal(item["quantity"]), _RATE[item["vat"]]
        cost = kopecks(item["sum"]) if item.get("sum") is not None else _half_up(price * quantity)
        percent = _PERCENT.get(rate)
        vat[rate] += cost if percent is None else _half_up(Decimal(cost * percent) / (100 + percent))
        method = _METHOD[item.get("payment_method", "full_payment")]
        object_ = _OBJECT[item.get("payment_object", "commodity")]
        lines.append((item["name"], price, quantity, cost, rate, method, object_))
    total = sum(line[3] for line in lines) - kopecks(payload.get("cash_rounding") or "0.00")
    given = dict.fromkeys(_PAID, 0)
    for payment in payload["payments"]:
        given[payment["type"]] += kopecks(payment["amount"])
    given["cash"] -= sum(given.values()) - total
    return Content(
        _SIGN[payload["type"]], _TAXATION[payload["taxation"]], total, tuple(given.values()),
        tuple(sorted(vat.items())), tuple(lines),
    )  # fmt: skip


def shown_content(tags: Mapping[str, Any]) -> Content:
    """A rate of 0 % without turnover (1104 = 0.00 beside 1115) is left out."""
    lines = tuple(
        (
            line["1030"], kopecks(line["1079"]), Decimal(line["1023"]), kopecks(line["1043"]), line["1199"],
            line["1214"], line["1212"],
        )
        for line in tags.get("1059", ())
    )  # fmt: skip
    vat = {rate: kopecks(tags[tag]) for tag, rate in _FLAT.items() if tag in tags}
    if vat.get(5) == 0:
        del vat[5]
    for block in tags.get("1115", ()):
        vat[block["1119"]["1199"]] = kopecks(block["1119"]["1120"])
    paid = tuple(kopecks(tags.get(tag, "0.00")) for tag in _PAID.values())
    return Content(tags["1054"], tags["1055"], kopecks(tags["1020"]), paid, tuple(sorted(vat.items())), lines)


def vat_told(proof: Mapping[str, Any]) -> tuple[tuple[int, int], ...]:
    """The ``vat`` of a proof as ``Content`` has it."""
    return tuple(sorted((_RATE[name], kopecks(text)) for name, text in (proof.get("vat") or {}).items()))


def differences(asked: Content, shown: Content) -> Iterator[str]:
    for name in (field.name for field in fields(Content)):
        wanted, is_ = getattr(asked, name), getattr(shown, name)
        if wanted != is_:
            yield f"{name} asked {wanted}, in the archive {is_}"


def _half_up(value: Decimal) -> int:
    return int(value.quantize(_KOPECK, ROUND_HALF_UP))

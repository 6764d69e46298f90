"""Forty receipts of the format, worked out by hand: what is accepted with which sums, what is refused by which name.

Numbered 1 to 40; each runs on every format version that it is about. What other parts of the product judge, or what is
not built yet, is listed by name at the end.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

from protocol.crm.codes import CODES
from protocol.crm.jobs import JobKind
from protocol.crm.payloads import SUPPORTED
from protocol.ffd.forms import VERSIONS
from protocol.ffd.money import format_kopecks
from protocol.ffd.planning import plan
from protocol.ffd.records import receipt_records
from protocol.ffd.rules import ReceiptInvalid, RegisterFacts, accept_receipt
from protocol.ffd.tlv import decode_document, encode_all

from .payloads import TODAY, item, payload

ANY = VERSIONS
ALL_SYSTEMS = 0b110111


@dataclass(frozen=True)
class Accepted:
    data: dict[str, Any]
    total: str
    tags: dict[str, str]
    """VAT totals in the document; the key "1115/11" means 1120 beside 1199 = 11 within 1119."""
    versions: tuple[str, ...] = ("1.2",)
    warnings: tuple[str, ...] = ()
    paid: dict[str, str] = field(default_factory=dict)
    change: str = "0.00"


@dataclass(frozen=True)
class Refused:
    data: dict[str, Any]
    code: str
    versions: tuple[str, ...] = ("1.2",)
    on: date = TODAY
    taxation: int = ALL_SYSTEMS


CASES: dict[str, Accepted | Refused] = {
    "1 one line at 22 %": Accepted(
        payload(item("100.00", vat="vat22"), cash="100.00"), "100.00", {"1115/11": "18.03"}, paid={"1031": "100.00"}
    ),
    "2 sums of a published record": Accepted(
        payload(item("269.10", "3", "vat22"), card="807.30"), "807.30", {"1115/11": "145.58"}, paid={"1081": "807.30"}
    ),
    "3 22 % goes into 1115 in 1.05, too": Accepted(
        payload(item("1.00", vat="vat22"), cash="1.00"), "1.00", {"1115/11": "0.18"}, ("1.05",)
    ),
    "4 10 %": Accepted(payload(item("110.00", vat="vat10"), cash="110.00"), "110.00", {"1103": "10.00"}, ("1.05",)),
    "5 four rates": Accepted(
        payload(
            item("610.00", "2", "vat22"),
            item("275.00", "2", "vat10"),
            item("200.00", vat="vat0"),
            item("300.00", vat="none"),
            card="2270.00",
        ),
        "2270.00",
        {"1103": "50.00", "1104": "200.00", "1105": "300.00", "1115/11": "220.00"},
    ),
    "6 УСН with 5 %": Accepted(
        payload(item("105.00", vat="vat5"), taxation="usn_income", cash="105.00"), "105.00", {"1115/7": "5.00"}
    ),
    "7 УСН with 7 %": Accepted(
        payload(item("999.99", vat="vat7"), taxation="usn_income_outcome", card="999.99"),
        "999.99",
        {"1115/8": "65.42"},
    ),
    "8 full prepayment at 5/105": Accepted(
        payload(item("2500.00", vat="vat105", payment_method="full_prepayment"), taxation="usn_income", card="2500.00"),
        "2500.00",
        {"1115/9": "119.05"},
    ),
    "9 part prepayment at 7/107": Accepted(
        payload(item("1234.56", vat="vat107", payment_method="prepayment"), taxation="usn_income", card="1234.56"),
        "1234.56",
        {"1115/10": "80.77"},
    ),
    "10 advance at 22/122": Accepted(
        payload(
            item("5000.00", vat="vat122", payment_method="advance", payment_object="payment") | {"name": "Аванс"},
            card="5000.00",
        ),
        "5000.00",
        {"1115/12": "901.64"},
    ),
    "11 return in 2026 of a sale at 20 %": Accepted(
        payload(item("1200.00", vat="vat20"), type="sell_return", cash="1200.00"), "1200.00", {"1102": "200.00"}
    ),
    "12 handed over against a prepayment": Accepted(
        payload(item("1220.00", vat="vat22"), prepaid="1000.00", card="220.00"),
        "1220.00",
        {"1115/11": "220.00"},
        paid={"1215": "1000.00", "1081": "220.00"},
    ),
    "13 credit of 2025 paid in 2026": Accepted(
        payload(item("600.00", vat="vat20", payment_method="credit_payment", payment_object="payment"), cash="600.00"),
        "600.00",
        {"1102": "100.00"},
    ),
    "14 20 % in 2026 without an older deal": Accepted(
        payload(item("1200.00", vat="vat20"), cash="1200.00"),
        "1200.00",
        {"1102": "200.00"},
        warnings=("W_VAT20_AFTER_2026",),
    ),
    "15 a rate that does not exist": Refused(payload(item() | {"vat": 13}, cash="100.00"), "E_VAT_CODE"),
    "16 22 % in 2025": Refused(
        payload(item("1220.00", vat="vat22"), cash="1220.00"), "E_VAT_DATE", on=date(2025, 12, 30)
    ),
    "17 ten lines of ten kopecks": Accepted(
        payload(*[item("0.10", vat="vat22")] * 10, cash="1.00"), "1.00", {"1115/11": "0.20"}
    ),
    "18 a given sum one kopeck away": Accepted(
        payload(item("33.33", "3", "vat22", sum="100.00"), cash="100.00"), "100.00", {"1115/11": "18.03"}
    ),
    "19 a given sum two kopecks away": Refused(
        payload(item("33.33", "3", "vat22", sum="100.01"), cash="100.01"), "E_ITEM_SUM"
    ),
    "20 by weight": Accepted(
        payload(item("1299.90", "0.345", "vat10", unit="kilogram"), cash="448.47"), "448.47", {"1103": "40.77"}
    ),
    "21 a third of something": Accepted(
        payload(item("300.00", "0.333333", unit="other"), cash="100.00"), "100.00", {"1105": "100.00"}
    ),
    "22 seven places": Refused(payload(item("1.00", "0.1234567"), cash="1.00"), "E_QTY_PRECISION"),
    "23 quantity of zero": Refused(payload(item("1.00", "0"), cash="1.00"), "E_QTY", ANY),
    "23 negative quantity": Refused(payload(item("1.00", "-1"), cash="1.00"), "E_QTY", ANY),
    "24 too little": Refused(payload(item("500.00"), cash="300.00", card="150.00"), "E_PAYMENT_SHORT", ANY),
    "25 change": Accepted(
        payload(item("450.00"), cash="500.00"),
        "450.00",
        {"1105": "450.00"},
        ANY,
        paid={"1031": "450.00"},
        change="50.00",
    ),
    "26 too much by card": Refused(payload(item("450.00"), card="500.00"), "E_CASHLESS_OVER", ANY),
    "27 card first, change from the cash": Accepted(
        payload(item("450.00"), card="400.00", cash="100.00"),
        "450.00",
        {"1105": "450.00"},
        ANY,
        paid={"1081": "400.00", "1031": "50.00"},
        change="50.00",
    ),
    "28 kopecks rounded off": Accepted(
        payload(item("3417.18", vat="vat22"), cash="3417.00", cash_rounding="0.18"),
        "3417.00",
        {"1115/11": "616.21"},
        ANY,
        paid={"1031": "3417.00"},
    ),
    "29 more than the kopecks rounded off": Refused(
        payload(item("3417.18", vat="vat22"), cash="3417.00", cash_rounding="0.99"), "E_ROUNDING", ANY
    ),
    "30 two taxation systems": Refused(payload(item("10.00"), cash="10.00", taxation=3), "E_TAX_SYSTEM", ANY),
    "31 a system that the register is not registered for": Refused(
        payload(item("10.00"), cash="10.00"), "E_TAX_SYSTEM_NOT_REGISTERED", ANY, taxation=2
    ),
    "32 a name of 129 characters": Refused(payload(item() | {"name": "Я" * 129}, cash="100.00"), "E_NAME_LENGTH", ANY),
    "32 a name of 128 characters": Accepted(
        payload(item() | {"name": "Я" * 128}, cash="100.00"), "100.00", {"1105": "100.00"}, ANY
    ),
    "38 internet without a contact": Refused(
        payload(item(), card="100.00", internet=True, payment_address="shop.example.ru", print=False),
        "E_INTERNET_CONTACT",
    ),
    "38 internet in a street": Refused(
        payload(
            item(),
            card="100.00",
            internet=True,
            payment_address="Москва, ул. Ленина, 1",
            buyer={"contact": "buyer@example.ru"},
            print=False,
        ),
        "E_INTERNET_PLACE",
    ),
}

RUNS = [(name, case, ffd) for name, case in CASES.items() for ffd in case.versions]


@pytest.mark.parametrize(("name", "case", "ffd"), RUNS, ids=[f"{name} ({ffd})" for name, _, ffd in RUNS])
def test_case(name: str, case: Accepted | Refused, ffd: str) -> None:
    if isinstance(case, Refused):
        with pytest.raises(ReceiptInvalid) as caught:
            accept_receipt(case.data, on=case.on, register=RegisterFacts(ffd, case.taxation))
        assert [v.code for v in caught.value.violations] == [case.code]
        return
    receipt, warnings = accept_receipt(case.data, on=TODAY, register=RegisterFacts(ffd, ALL_SYSTEMS))
    assert tuple(warning.code for warning in warnings) == case.warnings
    planned = plan(receipt, imprint="ABCDEFGHIJKLM")
    tags = decode_document(encode_all(receipt_records(planned, ffd)))
    assert tags["1020"] == case.total
    assert totals(tags) == case.tags
    paid = {tag: tags[tag] for tag in ("1031", "1081", "1215", "1216", "1217") if tag in tags}
    assert not case.paid or paid == case.paid
    assert format_kopecks(planned.change) == case.change


def totals(tags: dict[str, Any]) -> dict[str, str]:
    flat = {tag: tags[tag] for tag in ("1102", "1103", "1104", "1105", "1106", "1107") if tag in tags}
    boxes = [box["1119"] for box in tags.get("1115", ())]
    return flat | {f"1115/{box['1199']}": box["1120"] for box in boxes}


# --- the rest of the forty -------------------------------------------------------------------------------------------

CORRECTIONS_TO_COME = {
    33: "1.05: correction of a return, E_CORR_SIGN",
    34: "1.2: correction of a return with the sign of the wrong receipt",
    35: "1.2: correction without lines, E_CORR_ITEMS",
    36: "correction by order without the order's number, E_CORR_ORDER",
}
MARKING_TO_COME = {39: "marked goods: one code is one line of one piece, E_MARK_QTY"}
JUDGED_BY_THE_REGISTER = {
    37: ("shift_expired", "the agent reads the shift's age before it opens a receipt, and the register refuses it"),
    40: ("ofd_blocked", "the register refuses a receipt while a document is unsent for 30 days"),
}


def test_all_forty_are_here_or_named() -> None:
    here = {int(name.split()[0]) for name in CASES}
    assert here | set(CORRECTIONS_TO_COME) | set(MARKING_TO_COME) | set(JUDGED_BY_THE_REGISTER) == set(range(1, 41))


def test_what_is_still_to_come_has_not_come() -> None:
    """When it has, its cases move into the table."""
    assert JobKind.CORRECTION not in SUPPORTED
    with pytest.raises(ReceiptInvalid, match="E_MARKING_UNSUPPORTED"):
        accept_receipt(payload(item("1.00", "2", payment_object="marked"), cash="2.00"), on=TODAY)


def test_what_the_register_judges_has_a_code_with_advice() -> None:
    for code, _ in JUDGED_BY_THE_REGISTER.values():
        assert CODES[code].advice_ru
        assert CODES[code].advice_en

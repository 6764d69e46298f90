"""Receipts worked out by hand: what is accepted with which sums, and what is refused by which name.

Not here yet, because the features are not: kopeck rounding of the total, corrections, internet settlements, marking;
and what only a register can judge: its taxation systems, the age of its shift, its unsent documents.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from protocol.ffd.money import format_kopecks
from protocol.ffd.rules import ReceiptInvalid, parse_receipt

from .payloads import TODAY, codes, found, item, payload, planned

ADVANCE = {"payment_method": "advance", "payment_object": "payment", "name": "Аванс"}

ACCEPTED: dict[str, tuple[dict[str, Any], str, dict[str, str]]] = {
    "22 % from 2026": (payload(item("100.00", vat="vat22"), cash="100.00"), "100.00", {"vat22": "18.03"}),
    "sums of a published record of the tax service": (
        payload(item("269.10", "3", "vat22"), card="807.30"),
        "807.30",
        {"vat22": "145.58"},
    ),
    "one rouble at 22 %": (payload(item("1.00", vat="vat22"), cash="1.00"), "1.00", {"vat22": "0.18"}),
    "10 %": (payload(item("110.00", vat="vat10"), cash="110.00"), "110.00", {"vat10": "10.00"}),
    "four rates in one receipt": (
        payload(
            item("610.00", "2", "vat22"),
            item("275.00", "2", "vat10"),
            item("200.00", vat="vat0"),
            item("300.00", vat="none"),
            card="2270.00",
        ),
        "2270.00",
        {"vat22": "220.00", "vat10": "50.00", "vat0": "200.00", "none": "300.00"},
    ),
    "5 % under УСН": (
        payload(item("105.00", vat="vat5"), taxation="usn_income", cash="105.00"),
        "105.00",
        {"vat5": "5.00"},
    ),
    "7 % under УСН": (
        payload(item("999.99", vat="vat7"), taxation="usn_income_outcome", card="999.99"),
        "999.99",
        {"vat7": "65.42"},
    ),
    "full prepayment at 5/105": (
        payload(item("2500.00", vat="vat105", payment_method="full_prepayment"), taxation="usn_income", card="2500.00"),
        "2500.00",
        {"vat105": "119.05"},
    ),
    "part prepayment at 7/107": (
        payload(item("1234.56", vat="vat107", payment_method="prepayment"), taxation="usn_income", card="1234.56"),
        "1234.56",
        {"vat107": "80.77"},
    ),
    "advance at 22/122": (
        payload(item("5000.00", vat="vat122") | ADVANCE, card="5000.00"),
        "5000.00",
        {"vat122": "901.64"},
    ),
    "return of a sale of 2025 keeps 20 %": (
        payload(item("1200.00", vat="vat20"), type="sell_return", cash="1200.00"),
        "1200.00",
        {"vat20": "200.00"},
    ),
    "handed over against a prepayment": (
        payload(item("1220.00", vat="vat22"), prepaid="1000.00", card="220.00"),
        "1220.00",
        {"vat22": "220.00"},
    ),
    "credit of 2025 paid in 2026 keeps 20 %": (
        payload(item("600.00", vat="vat20", payment_method="credit_payment", payment_object="payment"), cash="600.00"),
        "600.00",
        {"vat20": "100.00"},
    ),
    "VAT of the receipt is the sum of its lines": (
        payload(*[item("0.10", vat="vat22")] * 10, cash="1.00"),
        "1.00",
        {"vat22": "0.20"},
    ),
    "a given line sum one kopeck away is kept": (
        payload(item("33.33", "3", "vat22", sum="100.00"), cash="100.00"),
        "100.00",
        {"vat22": "18.03"},
    ),
    "goods by weight": (
        payload(item("1299.90", "0.345", "vat10", unit="kilogram"), cash="448.47"),
        "448.47",
        {"vat10": "40.77"},
    ),
    "a third of something without a measure of its own": (
        payload(item("300.00", "0.333333", unit="other"), cash="100.00"),
        "100.00",
        {"none": "100.00"},
    ),
    "a line on credit, paid later in full": (
        payload(item("900.00", payment_method="credit"), credit="900.00"),
        "900.00",
        {"none": "900.00"},
    ),
    "partly paid, the rest on credit": (
        payload(item("900.00", payment_method="partial_payment"), credit="500.00", cash="400.00"),
        "900.00",
        {"none": "900.00"},
    ),
}


@pytest.mark.parametrize(("data", "total", "vat"), ACCEPTED.values(), ids=ACCEPTED)
def test_accepted_without_a_word_and_worked_out(data: dict[str, Any], total: str, vat: dict[str, str]) -> None:
    assert codes(data) == []
    receipt = planned(data)
    assert format_kopecks(receipt.total) == total
    assert {rate.value: format_kopecks(amount) for rate, amount in receipt.vat.items()} == vat
    paid = receipt.payments
    assert paid.cash + paid.card + paid.prepaid + paid.credit + paid.other == receipt.total


@pytest.mark.parametrize(
    ("payments", "cash", "card", "change"),
    [
        ({"cash": "450.00"}, 45000, 0, 0),
        ({"cash": "500.00"}, 45000, 0, 5000),
        ({"card": "400.00", "cash": "100.00"}, 5000, 40000, 5000),
        ({"card": "450.00"}, 0, 45000, 0),
    ],
)
def test_cash_is_net_of_change(payments: dict[str, str], cash: int, card: int, change: int) -> None:
    receipt = planned(payload(item("450.00"), **payments))
    assert (receipt.payments.cash, receipt.payments.card, receipt.change) == (cash, card, change)


def test_payments_of_one_kind_add_up() -> None:
    data = payload(item("450.00"))
    data["payments"] = [{"type": "card", "amount": "200.00"}, {"type": "card", "amount": "250.00"}]
    assert codes(data) == []
    assert planned(data).payments.card == 45000


REFUSED: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "line sum two kopecks away": (
        payload(item("33.33", "3", sum="100.01"), cash="100.01"),
        "E_ITEM_SUM",
        "items[0].sum",
        "99.99",
    ),
    "payments too small": (
        payload(item("500.00"), cash="300.00", card="150.00"),
        "E_PAYMENT_SHORT",
        "payments",
        "500.00",
    ),
    "nothing paid": (payload(item("500.00")), "E_PAYMENT_SHORT", "payments", "500.00"),
    "card above the total": (payload(item("450.00"), card="500.00"), "E_CASHLESS_OVER", "payments", "at most 450.00"),
    "non-cash kinds together above the total": (
        payload(item("450.00"), card="300.00", other="200.00"),
        "E_CASHLESS_OVER",
        "payments",
        "at most 450.00",
    ),
    "half a piece": (
        payload(item("100.00", "0.5"), cash="50.00"),
        "E_QTY_PIECE",
        "items[0].quantity",
        'a whole number, or another unit, e.g. "kilogram" or "other"',
    ),
    "name of 129 characters": (
        payload(item() | {"name": "Я" * 129}, cash="100.00"),
        "E_NAME_LENGTH",
        "items[0].name",
        "at most 128 characters",
    ),
    "empty name": (payload(item() | {"name": " "}, cash="100.00"), "E_EMPTY", "items[0].name", "1 to 128 characters"),
    "a character that no register knows": (
        payload(item() | {"name": "Ремонт 🔧"}, cash="100.00"),
        "E_CHARACTERS",
        "items[0].name",
        "Russian and Latin letters, digits, common signs",
    ),
    "a line break in a name": (
        payload(item() | {"name": "Ремонт\nтелефона"}, cash="100.00"),
        "E_CHARACTERS",
        "items[0].name",
        "Russian and Latin letters, digits, common signs",
    ),
    "price of zero": (
        payload(item("0.00"), item(), cash="100.00"),
        "E_PRICE",
        "items[0].price",
        "more than 0.00, or allow_zero_price = true",
    ),
    "a total that rounds to zero": (
        payload(item("0.01", "0.3", unit="gram"), cash="1.00"),
        "E_TOTAL",
        "items",
        "more than 0.00",
    ),
    "no lines": (payload(cash="1.00"), "E_LINES", "items", "1 to 1000 lines"),
    "1,001 lines": (payload(*[item("1.00")] * 1001, cash="1001.00"), "E_LINES", "items", "1 to 1000 lines"),
    "a document above 32 KB": (
        payload(*[item("1.00") | {"name": "Ж" * 100}] * 300, cash="300.00"),
        "E_DOCUMENT_SIZE",
        "items",
        "at most 32768 bytes",
    ),
    "a price that a register reads as not given": (
        payload(item("10995116277.75"), card="10995116277.75"),
        "E_SUM_LIMIT",
        "items[0].price",
        "at most 10995116277.74",
    ),
    "a total above what a register can take": (
        payload(item("10000000000.00", "2"), card="20000000000.00"),
        "E_SUM_LIMIT",
        "items",
        "at most 10995116277.74",
    ),
    "cash handed over above what a register can take": (
        payload(item(), cash="20000000000.00"),
        "E_SUM_LIMIT",
        "payments",
        "at most 10995116277.74",
    ),
    "cashier's ИНН with a wrong check digit": (
        payload(item(), cash="100.00", cashier={"name": "Иванова", "inn": "500100732258"}),
        "E_INN",
        "cashier.inn",
        "12 digits of the cashier's ИНН, or no field at all",
    ),
    "cashier's ИНН of zeros": (
        payload(item(), cash="100.00", cashier={"name": "Иванова", "inn": "000000000000"}),
        "E_INN",
        "cashier.inn",
        "12 digits of the cashier's ИНН, or no field at all",
    ),
    "cashier of 65 characters": (
        payload(item(), cash="100.00", cashier={"name": "Ы" * 65}),
        "E_LENGTH",
        "cashier.name",
        "at most 64 characters",
    ),
    "contact that is neither phone nor e-mail": (
        payload(item(), cash="100.00", buyer={"contact": "позвонить"}),
        "E_CONTACT",
        "buyer.contact",
        '"+79001234567" or "name@example.ru"',
    ),
    "no paper and no contact": (
        payload(item(), cash="100.00", print=False),
        "E_CONTACT_REQUIRED",
        "buyer.contact",
        "a phone or an e-mail, or print = true",
    ),
    "prepayment at a direct rate": (
        payload(item(vat="vat22", payment_method="full_prepayment"), cash="100.00"),
        "E_VAT_PREPAYMENT",
        "items[0].vat",
        '"vat122"',
    ),
    "prepayment paid by prepayment": (
        payload(item(payment_method="full_prepayment"), prepaid="100.00"),
        "E_PREPAID_METHOD",
        "payments",
        "at most 0.00",
    ),
    "credit without a line on credit": (
        payload(item(), credit="50.00", cash="50.00"),
        "E_CREDIT_METHOD",
        "payments",
        "0.00",
    ),
    "a line on credit that is paid": (
        payload(item(payment_method="credit"), cash="100.00"),
        "E_CREDIT_METHOD",
        "payments",
        "100.00",
    ),
    "partial payment with nothing left on credit": (
        payload(item(payment_method="partial_payment"), cash="100.00"),
        "E_CREDIT_METHOD",
        "payments",
        "more than 0.00, less than 100.00",
    ),
    "partial payment with nothing paid": (
        payload(item(payment_method="partial_payment"), credit="100.00"),
        "E_CREDIT_METHOD",
        "payments",
        "more than 0.00, less than 100.00",
    ),
    "VAT under the patent system": (
        payload(item(vat="vat10"), taxation="patent", cash="100.00"),
        "E_VAT_TAXATION",
        "items[0].vat",
        '"none"',
    ),
    "5 % outside УСН": (
        payload(item(vat="vat5"), cash="100.00"),
        "E_VAT_TAXATION",
        "items[0].vat",
        "a rate of this taxation system",
    ),
}


@pytest.mark.parametrize(("data", "code", "field", "expected"), REFUSED.values(), ids=REFUSED)
def test_refused_by_name(data: dict[str, Any], code: str, field: str, expected: str) -> None:
    errors = [violation for violation in found(data) if violation.severity == "error"]
    assert [(v.code, v.field, v.expected) for v in errors] == [(code, field, expected)]
    assert errors[0].rule
    assert errors[0].text_ru != errors[0].text_en


def test_a_short_payment_says_both_sums_in_both_languages() -> None:
    (short,) = found(payload(item("500.00"), cash="300.00", card="150.00"))
    assert (short.expected, short.got) == ("500.00", "450.00")
    assert all("500.00" in text and "450.00" in text for text in (short.text_ru, short.text_en))


MALFORMED: dict[str, tuple[dict[str, Any], str, str]] = {
    "a VAT name that does not exist": (payload(item(vat="vat18"), cash="1.00"), "E_VAT_CODE", "items[0].vat"),
    "VAT as a number": (payload(item() | {"vat": 11}, cash="1.00"), "E_VAT_CODE", "items[0].vat"),
    "two taxation systems": (payload(item(), taxation="osn,patent", cash="1.00"), "E_TAX_SYSTEM", "taxation"),
    "seven decimal places": (payload(item("1.00", "0.1234567"), cash="1.00"), "E_QTY_PRECISION", "items[0].quantity"),
    "quantity of zero": (payload(item("1.00", "0"), cash="1.00"), "E_QTY", "items[0].quantity"),
    "negative quantity": (payload(item("1.00", "-1"), cash="1.00"), "E_QTY", "items[0].quantity"),
    "quantity as a number": (payload(item() | {"quantity": 1}, cash="1.00"), "E_QTY", "items[0].quantity"),
    "quantity above the practical limit": (payload(item("1.00", "100000"), cash="1.00"), "E_QTY", "items[0].quantity"),
    "price as a number": (payload(item() | {"price": 100.0}, cash="1.00"), "E_MONEY", "items[0].price"),
    "price with a comma": (payload(item("100,00"), cash="1.00"), "E_MONEY", "items[0].price"),
    "price with three places": (payload(item("1.001"), cash="1.00"), "E_MONEY", "items[0].price"),
    "negative payment": (payload(item(), cash="-1.00"), "E_MONEY", "payments[0].amount"),
    "a field that does not exist": (payload(item(colour="red"), cash="1.00"), "E_UNKNOWN_FIELD", "items[0].colour"),
    "no taxation": (
        {k: v for k, v in payload(item(), cash="1.00").items() if k != "taxation"},
        "E_MISSING",
        "taxation",
    ),
    "marked goods": (
        payload(item(payment_object="marked"), cash="1.00"),
        "E_MARKING_UNSUPPORTED",
        "items[0].payment_object",
    ),
    "half a surrogate pair": (payload(item() | {"name": "\ud800"}, cash="1.00"), "E_TYPE", "items[0].name"),
    "print as text": (payload(item(), cash="1.00", print="yes"), "E_TYPE", "print"),
    "items as an object": (payload(item(), cash="1.00") | {"items": {}}, "E_TYPE", "items"),
    "a line that is no object": (payload(item(), cash="1.00") | {"items": ["x"]}, "E_TYPE", "items[0]"),
    "an unknown payment": (
        payload(item()) | {"payments": [{"type": "gold", "amount": "1"}]},
        "E_VALUE",
        "payments[0].type",
    ),
}


@pytest.mark.parametrize(("data", "code", "field"), MALFORMED.values(), ids=MALFORMED)
def test_malformed_payloads_are_explained_to_people(data: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(ReceiptInvalid) as caught:
        parse_receipt(data)
    (violation,) = caught.value.violations
    assert (violation.code, violation.field) == (code, field)
    assert violation.expected
    assert field in violation.text_ru
    assert field in violation.text_en


@pytest.mark.parametrize("data", [None, 1, "чек", [], {}])
def test_anything_at_all_gives_violations_and_no_other_error(data: object) -> None:
    with pytest.raises(ReceiptInvalid) as caught:
        parse_receipt(data)
    assert caught.value.violations


def test_everything_wrong_is_told_at_once() -> None:
    with pytest.raises(ReceiptInvalid) as caught:
        parse_receipt({"items": [item("a"), item("1.00", "b")], "taxation": "osn", "payments": []})
    assert [(v.code, v.field) for v in caught.value.violations] == [
        ("E_MISSING", "type"),
        ("E_MONEY", "items[0].price"),
        ("E_QTY", "items[1].quantity"),
    ]


# --- dates and returns -----------------------------------------------------------------------------------------------


def test_22_percent_does_not_exist_before_2026() -> None:
    data = payload(item("1220.00", vat="vat22"), cash="1220.00")
    assert codes(data, on=date(2025, 12, 31)) == ["E_VAT_DATE"]
    assert codes(data, on=date(2026, 1, 1)) == []


@pytest.mark.parametrize("vat", ["vat5", "vat7"])
def test_low_rates_of_usn_exist_since_2025(vat: str) -> None:
    data = payload(item(vat=vat), taxation="usn_income", cash="100.00")
    assert codes(data, on=date(2024, 12, 31)) == ["E_VAT_DATE"]
    assert codes(data, on=date(2025, 1, 1)) == []


def test_20_percent_after_2026_is_warned_about_and_never_rewritten() -> None:
    data = payload(item("1200.00", vat="vat20"), cash="1200.00")
    assert codes(data, on=date(2025, 12, 31)) == []
    (warning,) = found(data, on=date(2026, 3, 10))
    assert (warning.code, warning.severity, warning.expected) == ("W_VAT20_AFTER_2026", "warning", '"vat22"')
    assert {rate.value: amount for rate, amount in planned(data).vat.items()} == {"vat20": 20000}


@pytest.mark.parametrize(
    "sale",
    [
        payload(item(vat="vat122", payment_method="full_prepayment"), prepaid="100.00"),
        payload(item(vat="vat22", payment_method="full_prepayment"), cash="100.00"),
        payload(item(), credit="100.00"),
        payload(item(vat="vat5"), cash="100.00"),
    ],
)
def test_a_return_may_repeat_the_mistakes_of_the_receipt_it_reverses(sale: dict[str, Any]) -> None:
    assert [code[:2] for code in codes(sale)] == ["E_"]
    assert [code[:2] for code in codes(sale | {"type": "sell_return"})] == ["W_"]


WARNED: dict[str, tuple[dict[str, Any], str]] = {
    "no cashier": ({k: v for k, v in payload(item(), cash="100.00").items() if k != "cashier"}, "W_CASHIER"),
    "typographic quotes": (payload(item() | {"name": "Чай «Лето» — 100 г"}, cash="100.00"), "W_CHARACTERS_REPLACED"),
    "advance for a thing": (payload(item(payment_method="advance"), cash="100.00"), "W_PAYMENT_OBJECT"),
    "calculated rate at full payment": (payload(item(vat="vat110"), cash="100.00"), "W_VAT_CALCULATED"),
    "change when the desk pays out": (payload(item(), type="sell_return", cash="150.00"), "W_CHANGE_ON_PAYOUT"),
}


@pytest.mark.parametrize(("data", "code"), WARNED.values(), ids=WARNED)
def test_doubtful_but_lawful_is_only_warned_about(data: dict[str, Any], code: str) -> None:
    assert codes(data, on=TODAY) == [code]

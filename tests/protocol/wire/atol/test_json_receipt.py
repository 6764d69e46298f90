"""The sell task: every requisite in its place, sums exact, and what cannot be said named before."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.ffd.forms import Missing
from protocol.ffd.money import format_quantity, line_sum
from protocol.ffd.planned import PlannedLine, PlannedPayments, PlannedReceipt
from protocol.ffd.vat import Vat
from protocol.ffd.vocabulary import (
    UNIT_WORDS,
    AgentType,
    PaymentMethod,
    PaymentObject,
    ReceiptType,
    Taxation,
    Unit,
)
from protocol.wire.atol import json_words as words
from protocol.wire.atol.json_receipt import (
    NotExpressible,
    not_expressible,
    rates_missing,
    receipt_task,
    roubles,
)
from protocol.wire.atol.json_text import dumps, loads
from tests.protocol.wire.atol.json_samples import AGENT, MILK, NEW, OLD, SALE, WHOLE


def written(receipt: PlannedReceipt, ffd: str = "1.2", version: str = NEW) -> Any:
    return loads(dumps(receipt_task(receipt, ffd, version)))


def test_a_sale_as_text() -> None:
    assert dumps(receipt_task(SALE, "1.2", OLD)) == (
        '{"type":"sell","taxationType":"osn","electronically":false,'
        '"operator":{"name":"Иванов И.И.","vatin":"500100732259"},"clientInfo":{"emailOrPhone":"+79990000000"},'
        '"items":[{"type":"position","name":"Молоко","price":100.50,"quantity":2,"amount":201.00,"department":1,'
        '"paymentMethod":"fullPayment","paymentObject":"commodity","tax":{"type":"vat20","sum":33.50},'
        '"measurementUnit":"piece"},'
        '{"type":"userAttribute","name":"ID","value":"ABCDEFGHIJKLM","print":false}],'
        '"payments":[{"type":"electronically","sum":51.00},{"type":"cash","sum":200.00}],"total":201.00}'
    )


def test_everything_that_the_format_has() -> None:
    task = written(WHOLE)
    industry = [{"fois": "030", "date": "2026.02.01", "number": "123", "industryAttribute": "значение"}]
    assert task["clientInfo"] == {
        "emailOrPhone": "+79990000000",
        "name": "Петров П. П.",
        "vatin": "500100732259",
        "birthDate": "01.02.1990",
        "citizenship": "643",
        "identityDocumentCode": "21",
        "identityDocumentData": "4500 123456",
        "address": "Тула",
    }
    assert task["paymentsPlace"] == "Доставка"
    assert task["industryInfo"] == industry
    assert task["paymentsAddInfo"] == [
        {"sum": 51, "paymentMethod": 1, "electronicallyId": "RRN:606012345678", "electronicallyAddInfo": "кредит"}
    ]
    assert task["operationInfo"] == {"id": 1, "dateTime": "2026.11.22 10:00:05", "data": "данные"}
    position, additional, attribute = task["items"]
    assert additional == {"type": "additionalAttribute", "value": "A5", "print": True}
    assert attribute == {
        "type": "userAttribute",
        "name": "Заказ",
        "value": "R-105; ID=ABCDEFGHIJKLM",
        "print": True,
    }
    assert position == {
        "type": "position",
        "name": "Молоко",
        "price": Decimal("100.5"),
        "quantity": 2,
        "amount": 201,
        "department": 1,
        "paymentMethod": "fullPayment",
        "paymentObject": "commodity",
        "tax": {"type": "vat20", "sum": Decimal("33.5")},
        "measurementUnit": "piece",
        "agentInfo": {
            "agents": ["payingAgent"],
            "payingAgent": {"operation": "перевод", "phones": ["+71", "+72"]},
            "receivePaymentsOperator": {"phones": ["+73"]},
            "moneyTransferOperator": {
                "phones": ["+74"],
                "name": "Оператор",
                "address": "Москва",
                "vatin": "7707083893",
            },
        },
        "supplierInfo": {"phones": ["+75"], "name": "Поставщик", "vatin": "7707083893"},
        "additionalAttribute": "сорт 1",
        "exciseSum": Decimal("12.34"),
        "countryCode": "643",
        "customsDeclaration": "10702020/060520/0013422",
        "industryInfo": industry,
    }


def test_what_is_not_given_is_not_sent() -> None:
    bare = replace(SALE, cashier_name=None, cashier_inn=None, buyer_contact=None, imprint=None)
    task = written(bare)
    assert set(task) == {"type", "taxationType", "electronically", "items", "payments", "total"}
    assert [item["type"] for item in task["items"]] == ["position"]


def test_a_gift_is_paid_with_no_cash() -> None:
    gift = replace(SALE, lines=(replace(MILK, price=0, total=0, vat_sum=0),), payments=PlannedPayments(),
                   cash_tendered=0, total=0, vat={})  # fmt: skip
    assert written(gift)["payments"] == [{"type": "cash", "sum": 0}]


def test_cash_comes_last_and_as_it_was_handed_over() -> None:
    mixed = replace(SALE, payments=PlannedPayments(1000, 2000, 3000, 4000, 10100), cash_tendered=5000)
    assert written(mixed)["payments"] == [
        {"type": "electronically", "sum": 20},
        {"type": "prepaid", "sum": 30},
        {"type": "credit", "sum": 40},
        {"type": "other", "sum": 101},
        {"type": "cash", "sum": 50},
    ]


def test_kopecks_taken_off_are_the_difference_of_total_and_lines() -> None:
    task = written(replace(SALE, total=20000, rounding=100 - 1))
    assert (task["total"], task["items"][0]["amount"]) == (200, 201)


# --- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(ReceiptType))
def test_every_sign_has_its_task(kind: ReceiptType) -> None:
    word = {1: "sell", 2: "sellReturn", 3: "buy", 4: "buyReturn"}[kind.code]
    assert written(replace(SALE, sign=kind.code))["type"] == word


@pytest.mark.parametrize("taxation", list(Taxation))
def test_every_taxation_has_a_word(taxation: Taxation) -> None:
    assert written(replace(SALE, taxation=taxation.code))["taxationType"] == words.TAXATIONS[taxation.code]


@pytest.mark.parametrize("method", list(PaymentMethod))
def test_every_payment_method_has_a_word(method: PaymentMethod) -> None:
    line = replace(MILK, payment_method=method.code)
    assert written(replace(SALE, lines=(line,)))["items"][0]["paymentMethod"] == words.PAYMENT_METHODS[method.code]


@pytest.mark.parametrize("thing", list(PaymentObject))
def test_every_payment_object_has_a_word(thing: PaymentObject) -> None:
    position = written(replace(SALE, lines=(replace(MILK, payment_object=thing.code),)))["items"][0]
    assert position["paymentObject"] == {**words.PAYMENT_OBJECTS, **words.NEW_PAYMENT_OBJECTS}[thing.code]


@pytest.mark.parametrize("vat", list(Vat))
def test_every_rate_has_a_word_and_its_sum(vat: Vat) -> None:
    line = replace(MILK, vat=vat, vat_sum=vat.amount(MILK.total))
    tax = written(replace(SALE, lines=(line,)))["items"][0]["tax"]
    assert tax["type"] == vat.value
    assert ("sum" in tax) == (vat.percent is not None)


@pytest.mark.parametrize("unit", list(Unit))
def test_a_unit_is_a_name_in_12_and_a_word_before(unit: Unit) -> None:
    sale = replace(SALE, lines=(replace(MILK, unit=unit.code),))
    assert written(sale, "1.2")["items"][0]["measurementUnit"] == words.UNITS[unit.code]
    for ffd in ("1.05", "1.1"):
        position = written(sale, ffd)["items"][0]
        assert position.get("measurementUnit") == UNIT_WORDS.get(unit)


@pytest.mark.parametrize("agent", list(AgentType))
def test_every_agent_has_a_word(agent: AgentType) -> None:
    line = replace(MILK, agent=replace(AGENT, kind=agent.code))
    assert written(replace(SALE, lines=(line,)))["items"][0]["agentInfo"]["agents"] == [words.AGENTS[agent.code]]


# --- exactness --------------------------------------------------------------------------------------------------------

RATES = st.sampled_from(list(Vat))


@st.composite
def receipts(draw: Callable[..., Any]) -> PlannedReceipt:
    lines = []
    for _ in range(draw(st.integers(1, 6))):
        price, micro = draw(st.integers(0, 10**9)), draw(st.integers(1, 10**7))
        quantity, vat = Decimal(micro).scaleb(-3), draw(RATES)
        total = line_sum(price, quantity)
        lines.append(PlannedLine("x", price, quantity, total, vat, vat.amount(total), 4, 1, 0))
    total = sum(line.total for line in lines)
    card = draw(st.integers(0, total))
    tendered = total - card + draw(st.integers(0, 10**6))
    payments = PlannedPayments(cash=total - card, card=card)
    return replace(SALE, lines=tuple(lines), payments=payments, cash_tendered=tendered, total=total)


@given(receipts())
def test_every_number_is_the_planned_one_to_the_digit(receipt: PlannedReceipt) -> None:
    text = dumps(receipt_task(receipt, "1.2", NEW))
    task = json.loads(text, parse_float=str, parse_int=str)  # the digits themselves
    positions = [item for item in task["items"] if item["type"] == "position"]
    for position, line in zip(positions, receipt.lines, strict=True):
        assert Decimal(position["price"]) * 100 == line.price
        assert Decimal(position["amount"]) * 100 == line.total
        assert format_quantity(Decimal(position["quantity"])) == format_quantity(line.quantity)
    assert Decimal(task["total"]) * 100 == receipt.total
    paid = {payment["type"]: Decimal(payment["sum"]) * 100 for payment in task["payments"]}
    assert paid.get("electronically", 0) == receipt.payments.card
    assert paid.get("cash", 0) == receipt.cash_tendered
    assert sum(paid.values()) - receipt.change == receipt.total
    numbers = re.findall(r'":(-?[0-9][^,}\]]*)', text)
    assert all(re.fullmatch(r"[0-9]+(\.[0-9]+)?", number) for number in numbers)


@given(receipts())
def test_the_vat_of_the_task_is_the_vat_of_the_plan(receipt: PlannedReceipt) -> None:
    positions = [item for item in written(receipt)["items"] if item["type"] == "position"]
    for position, line in zip(positions, receipt.lines, strict=True):
        if line.vat.percent is None:
            assert "sum" not in position["tax"]
            continue
        vat = position["tax"]["sum"] * 100
        assert vat == line.vat_sum
        exact = Decimal(line.total) * line.vat.percent / (100 + line.vat.percent)
        assert abs(vat - exact) <= Decimal("0.5")


@given(st.integers(0, 10**15))
def test_roubles_are_exact(kopecks: int) -> None:
    assert roubles(kopecks) * 100 == kopecks
    assert -roubles(kopecks).as_tuple().exponent == 2  # type: ignore[operator]


# --- what cannot be said ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("receipt", "ffd", "tag"),
    [
        (replace(SALE, lines=(replace(MILK, quantity=Decimal("0.0001")),)), "1.2", 1023),
        (replace(SALE, rounding=100, total=20000), "1.2", 1020),
        (replace(SALE, taxation=64), "1.2", 1055),
        (replace(SALE, internet=True), "1.2", 1125),
        (replace(SALE, lines=(replace(MILK, payment_object=33),)), "1.2", 1212),
        (replace(WHOLE, lines=SALE.lines, buyer=None, industry=()), "1.1", 1270),
        (replace(WHOLE, buyer=None, industry=(), operation=None), "1.05", 1260),
    ],
)
def test_what_has_no_place_is_named_by_its_tag(receipt: PlannedReceipt, ffd: str, tag: int) -> None:
    assert [missing.tag for missing in not_expressible(receipt, ffd, NEW)] == [tag]
    with pytest.raises(NotExpressible, match=f"tag {tag}") as caught:
        receipt_task(receipt, ffd, NEW)
    assert [missing.tag for missing in caught.value.missing] == [tag]


def test_what_can_be_said_has_nothing_missing() -> None:
    assert not_expressible(WHOLE, "1.2", NEW) == ()
    assert not_expressible(SALE, "1.05", OLD) == ()


def test_trailing_zeros_are_no_decimal_places() -> None:
    assert not_expressible(replace(SALE, lines=(replace(MILK, quantity=Decimal("1.500000")),)), "1.2", OLD) == ()


@pytest.mark.parametrize("vat", list(Vat))
@pytest.mark.parametrize(("version", "knows"), [(NEW, True), ("10.11.0.0", True), (OLD, False), ("", False),
                                                ("10.10.7.0", False), ("junk", False)])  # fmt: skip
def test_the_new_rates_are_a_matter_of_the_librarys_version(vat: Vat, version: str, knows: bool) -> None:
    sale = replace(SALE, lines=(replace(MILK, vat=vat), MILK))
    missing = () if knows or vat not in words.NEW_RATES else (vat,)
    assert rates_missing(sale, version) == missing


def test_an_old_library_has_no_word_for_payouts_of_agents() -> None:
    payout = replace(SALE, lines=(replace(MILK, payment_object=27),))
    assert not_expressible(payout, "1.2", OLD) == (Missing(1212, "items[0].payment_object"),)
    assert not_expressible(payout, "1.2", NEW) == ()

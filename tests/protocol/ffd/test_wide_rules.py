"""Rules of the optional parts of a receipt: each with what it lets pass and what it refuses, by field and name."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from protocol.ffd.money import MAX_SUM, format_kopecks
from protocol.ffd.rules import ReceiptInvalid, RegisterFacts, accept_receipt, check, parse_receipt
from protocol.ffd.vocabulary import DOCUMENT_CODES, AgentType, Taxation

from .payloads import TODAY, codes, found, item, payload, planned

SITE = {"internet": True, "payment_address": "shop.example.ru", "print": False, "buyer": {"contact": "+79001234567"}}
DETAIL = {"amount": "100.00", "method": 1, "identifiers": "RRN:606012345678"}
INDUSTRY = {"federal_id": "030", "date": "21.11.2023", "number": "1944", "value": "a=1"}
SUPPLIER = {"inn": "7707083893"}
PHONE = "+74951234567"


def sale(**more: Any) -> dict[str, Any]:
    return payload(item(), card="100.00", **more)


def line(**more: Any) -> dict[str, Any]:
    return payload(item(**more), card="100.00")


def buyer(**more: Any) -> dict[str, Any]:
    return sale(buyer=more)


def agent(kind: str = "paying_agent", supplier: dict[str, Any] | None = None, **parts: Any) -> dict[str, Any]:
    return line(agent_info={"type": kind, **parts}, supplier_info=SUPPLIER if supplier is None else supplier)


def internet(**more: Any) -> dict[str, Any]:
    return sale(**(SITE | more))


PASSES: dict[str, dict[str, Any]] = {
    # rounding
    "no rounding of whole roubles": payload(item("100.00"), cash="100.00", cash_rounding="0"),
    "all kopecks rounded off": payload(item("100.99"), cash="100.00", cash_rounding="0.99"),
    "a part of the kopecks rounded off": payload(item("100.99"), cash="100.90", cash_rounding="0.09"),
    "the cash part of a mixed payment rounded": payload(
        item("100.99"), card="60.00", cash="40.00", cash_rounding="0.99"
    ),
    "a return rounded as its sale was": payload(
        item("100.99"), cash="100.00", cash_rounding="0.99", type="sell_return"
    ),
    # prices of zero
    "a gift beside paid goods": payload(
        item("0.00", allow_zero_price=True, vat="vat22"), item("100.00"), cash="100.00"
    ),
    # internet
    "a site": internet(),
    "a site with a path": internet(payment_address="https://shop.example.ru:8443/cart?id=1"),
    "a Cyrillic site": internet(payment_address="магазин.рф"),
    "a place of its own without the internet sign": sale(payment_address="Москва, ул. Ленина, 1"),
    # buyers
    "a company": buyer(name="ООО Ромашка", inn="7707083893"),
    "a person": buyer(name="Петров", inn="500100732259"),
    "a person by a document": buyer(
        name="Петров",
        birthdate="29.02.1996",
        citizenship="643",
        document_code="21",
        document_data="45 00 123456",
        address="Москва",
    ),
    "born today": buyer(birthdate="21.11.2026"),
    # agents
    **{f"agent: {kind.value}": agent(kind.value) for kind in AgentType},
    "a payment agent's data": agent(
        paying_agent={"operation": "Приём платежа", "phones": [PHONE]}, receive_payments_operator={"phones": [PHONE]}
    ),
    "a bank agent's data": agent(
        "bank_paying_subagent",
        money_transfer_operator={"phones": [PHONE], "name": "Банк", "address": "Москва", "inn": "7707083893"},
    ),
    "a supplier without a Russian ИНН": agent(supplier={"inn": "000000000000", "name": "Ltd", "phones": [PHONE]}),
    "phones as people write them": agent(supplier=SUPPLIER | {"phones": ["8 (495) 123-45-67", "+7 495 123 45 67"]}),
    "the longest phone": agent(supplier=SUPPLIER | {"phones": ["+" + "1" * 18]}),
    "a supplier without an agent": line(supplier_info={"name": "ООО Ромашка"}),
    # lines
    "texts of a line at their longest": line(user_data="ж" * 64, declaration_number="1" * 32),
    "country and excise": line(country_code="156", excise="0.01"),
    "an industry's attribute": line(sectoral_item_props=[INDUSTRY]),
    "an industry's attribute at its longest": line(
        sectoral_item_props=[INDUSTRY | {"number": "1" * 32, "value": "v" * 256}]
    ),
    # attributes of the receipt
    "texts of a receipt at their longest": sale(
        additional_check_props="ж" * 16,
        sectoral_check_props=[INDUSTRY, INDUSTRY],
        operating_check_props={"name": 255, "value": "ж" * 64, "timestamp": "2026-11-21T14:05:59"},
    ),
    # details of cashless payments
    "both card payments told of": payload(
        item("100.00"),
        payments=[{"type": "card", "amount": "60.00"}, {"type": "card", "amount": "40.00"}],
        cashless_details=[DETAIL | {"amount": "60.00"}, DETAIL | {"amount": "40.00", "extra": "ж" * 256}],
    ),
    "a card payment told of beside cash": payload(
        item("100.00"), card="60.00", cash="50.00", cashless_details=[DETAIL | {"amount": "60.00"}]
    ),
}


@pytest.mark.parametrize("data", PASSES.values(), ids=PASSES)
def test_passes_without_a_word(data: dict[str, Any]) -> None:
    assert codes(data) == []


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    # details of cashless payments
    "a card payment that is not told of": (
        payload(
            item("100.00"),
            payments=[{"type": "card", "amount": "60.00"}, {"type": "card", "amount": "40.00"}],
            cashless_details=[DETAIL | {"amount": "60.00"}],
        ),
        "E_CASHLESS_DETAILS",
        "cashless_details",
    ),
    "details of a payment in cash": (
        payload(item("100.00"), cash="100.00", cashless_details=[DETAIL]),
        "E_CASHLESS_DETAILS",
        "cashless_details",
    ),
    "a detail of nothing": (
        payload(item("100.00"), card="100.00", cashless_details=[DETAIL, DETAIL | {"amount": "0.00"}]),
        "E_CASHLESS_DETAILS",
        "cashless_details",
    ),
    "a payment without identifiers": (
        payload(item("100.00"), card="100.00", cashless_details=[DETAIL | {"identifiers": " "}]),
        "E_EMPTY",
        "cashless_details[0].identifiers",
    ),
    "more of a payment than fits": (
        payload(item("100.00"), card="100.00", cashless_details=[DETAIL | {"extra": "ж" * 257}]),
        "E_LENGTH",
        "cashless_details[0].extra",
    ),
    # rounding
    "one kopeck more than there is": (
        payload(item("100.99"), cash="100.00", cash_rounding="1.00"),
        "E_ROUNDING",
        "cash_rounding",
    ),
    "roubles rounded off": (
        payload(item("105.00"), cash="100.00", cash_rounding="5.00"),
        "E_ROUNDING",
        "cash_rounding",
    ),
    "rounding without cash": (
        payload(item("100.99"), card="100.00", cash_rounding="0.99"),
        "E_ROUNDING",
        "cash_rounding",
    ),
    "rounding where cash pays nothing": (
        payload(item("100.99"), card="100.00", cash="10.00", cash_rounding="0.99"),
        "E_ROUNDING",
        "cash_rounding",
    ),
    "everything rounded off": (payload(item("0.50"), cash="1.00", cash_rounding="0.50"), "E_TOTAL", "items"),
    # prices of zero
    "a price of zero that nobody meant": (
        payload(item("0.00"), item("100.00"), cash="100.00"),
        "E_PRICE",
        "items[0].price",
    ),
    "nothing but gifts": (payload(item("0.00", allow_zero_price=True)), "E_TOTAL", "items"),
    # internet
    "internet without a place": (internet(payment_address=None), "E_INTERNET_PLACE", "payment_address"),
    "internet in a town": (internet(payment_address="г.Москва"), "E_INTERNET_PLACE", "payment_address"),
    "internet at a mailbox": (internet(payment_address="shop@example.ru"), "E_INTERNET_PLACE", "payment_address"),
    "internet with a name and no contact": (internet(buyer={"name": "Петров"}), "E_INTERNET_CONTACT", "buyer.contact"),
    "a place too long": (sale(payment_address="ж" * 257), "E_LENGTH", "payment_address"),
    "an empty place": (sale(payment_address=""), "E_EMPTY", "payment_address"),
    # buyers
    "buyer's ИНН": (buyer(inn="7707083894"), "E_INN", "buyer.inn"),
    "buyer's name too long": (buyer(name="ж" * 257), "E_LENGTH", "buyer.name"),
    "buyer's address too long": (buyer(address="ж" * 257), "E_LENGTH", "buyer.address"),
    "buyer's document too long": (buyer(document_code="21", document_data="1" * 65), "E_LENGTH", "buyer.document_data"),
    "born tomorrow": (buyer(birthdate="22.11.2026"), "E_DATE", "buyer.birthdate"),
    "a kind of document without the document": (
        buyer(document_code="21"),
        "E_BUYER_DOCUMENT",
        "buyer.document_data",
    ),
    "a document of no kind": (buyer(document_data="45 00 123456"), "E_BUYER_DOCUMENT", "buyer.document_code"),
    "a buyer outside CP866": (buyer(name="Ромашка ❀"), "E_CHARACTERS", "buyer.name"),
    # agents
    "an agent without a supplier": (
        line(agent_info={"type": "attorney"}),
        "E_SUPPLIER_INN",
        "items[0].supplier_info.inn",
    ),
    "an agent with a nameless supplier": (
        agent(supplier={"name": "ООО Ромашка"}),
        "E_SUPPLIER_INN",
        "items[0].supplier_info.inn",
    ),
    "supplier's ИНН": (agent(supplier={"inn": "7707083894"}), "E_INN", "items[0].supplier_info.inn"),
    "supplier's name too long": (
        agent(supplier=SUPPLIER | {"name": "ж" * 257}),
        "E_LENGTH",
        "items[0].supplier_info.name",
    ),
    "supplier's phone": (
        agent(supplier=SUPPLIER | {"phones": [PHONE, "позвонить"]}),
        "E_PHONE",
        "items[0].supplier_info.phones[1]",
    ),
    "a phone too long": (
        agent(supplier=SUPPLIER | {"phones": ["+" + "1" * 19]}),
        "E_PHONE",
        "items[0].supplier_info.phones[0]",
    ),
    **{
        f"data of a {kind}": (
            agent(kind, paying_agent={"phones": [PHONE]}),
            "E_AGENT_DATA",
            "items[0].agent_info.paying_agent",
        )
        for kind in ("attorney", "commission_agent", "another")
    },
    "agent's operation too long": (
        agent(paying_agent={"operation": "ж" * 25}),
        "E_LENGTH",
        "items[0].agent_info.paying_agent.operation",
    ),
    "agent's phone": (
        agent(paying_agent={"phones": ["12"]}),
        "E_PHONE",
        "items[0].agent_info.paying_agent.phones[0]",
    ),
    "operator's phone": (
        agent(receive_payments_operator={"phones": ["12"]}),
        "E_PHONE",
        "items[0].agent_info.receive_payments_operator.phones[0]",
    ),
    "transfer operator's phone": (
        agent(money_transfer_operator={"phones": ["12"]}),
        "E_PHONE",
        "items[0].agent_info.money_transfer_operator.phones[0]",
    ),
    "transfer operator's name too long": (
        agent(money_transfer_operator={"name": "ж" * 65}),
        "E_LENGTH",
        "items[0].agent_info.money_transfer_operator.name",
    ),
    "transfer operator's address too long": (
        agent(money_transfer_operator={"address": "ж" * 257}),
        "E_LENGTH",
        "items[0].agent_info.money_transfer_operator.address",
    ),
    "transfer operator's ИНН": (
        agent(money_transfer_operator={"inn": "7707083894"}),
        "E_INN",
        "items[0].agent_info.money_transfer_operator.inn",
    ),
    # lines
    "a line's attribute too long": (line(user_data="ж" * 65), "E_LENGTH", "items[0].user_data"),
    "an empty attribute": (line(user_data=" "), "E_EMPTY", "items[0].user_data"),
    "a declaration too long": (line(declaration_number="1" * 33), "E_LENGTH", "items[0].declaration_number"),
    "an excise above what a register can take": (
        line(excise=format_kopecks(MAX_SUM + 1)),
        "E_SUM_LIMIT",
        "items[0].excise",
    ),
    "an industry's document too long": (
        line(sectoral_item_props=[INDUSTRY | {"number": "1" * 33}]),
        "E_LENGTH",
        "items[0].sectoral_item_props[0].number",
    ),
    "an industry's value too long": (
        line(sectoral_item_props=[INDUSTRY, INDUSTRY | {"value": "v" * 257}]),
        "E_LENGTH",
        "items[0].sectoral_item_props[1].value",
    ),
    # attributes of the receipt
    "the user's attribute without a name": (
        sale(additional_user_props={"name": "", "value": "x"}),
        "E_EMPTY",
        "additional_user_props.name",
    ),
    "the user's attribute with a long name": (
        sale(additional_user_props={"name": "ж" * 65, "value": "x"}),
        "E_LENGTH",
        "additional_user_props.name",
    ),
    "the user's attribute with a value beyond the tag": (
        sale(additional_user_props={"name": "x", "value": "ж" * 257}),
        "E_LENGTH",
        "additional_user_props.value",
    ),
    "the receipt's attribute too long": (sale(additional_check_props="ж" * 17), "E_LENGTH", "additional_check_props"),
    "the receipt's industry value too long": (
        sale(sectoral_check_props=[INDUSTRY | {"value": "v" * 257}]),
        "E_LENGTH",
        "sectoral_check_props[0].value",
    ),
    "an operation's data too long": (
        sale(operating_check_props={"name": 0, "value": "ж" * 65, "timestamp": "2026-11-21T14:05:00"}),
        "E_LENGTH",
        "operating_check_props.value",
    ),
    # sizes
    "an agent's data above 512 bytes": (
        agent(paying_agent={"phones": [PHONE] * 33}),
        "E_STRUCTURE_SIZE",
        "items[0].agent_info",
    ),
    "a supplier's data above 512 bytes": (
        agent(supplier=SUPPLIER | {"phones": [PHONE] * 40}),
        "E_STRUCTURE_SIZE",
        "items[0].supplier_info",
    ),
    "a line above 1024 bytes": (
        agent(
            supplier=SUPPLIER | {"phones": [PHONE] * 15, "name": "ж" * 250},
            paying_agent={"phones": [PHONE] * 31},
        ),
        "E_LINE_SIZE",
        "items[0]",
    ),
    "three industry attributes at their longest": (
        line(sectoral_item_props=[INDUSTRY | {"number": "1" * 32, "value": "v" * 256}] * 3, user_data="ж" * 64),
        "E_LINE_SIZE",
        "items[0]",
    ),
    "a receipt of many full lines": (
        payload(*[item(user_data="ж" * 64) | {"name": "ж" * 128}] * 128, card="12800.00"),
        "E_DOCUMENT_SIZE",
        "items",
    ),
}


@pytest.mark.parametrize(("data", "code", "where"), REFUSED.values(), ids=REFUSED)
def test_refused_by_name(data: dict[str, Any], code: str, where: str) -> None:
    errors = [violation for violation in found(data) if violation.severity == "error"]
    assert [(v.code, v.field) for v in errors] == [(code, where)]
    (error,) = errors
    assert error.rule
    assert error.expected
    assert error.text_ru != error.text_en


MALFORMED: dict[str, tuple[dict[str, Any], str, str]] = {
    "rounding as a number": (sale(cash_rounding=0.5), "E_MONEY", "cash_rounding"),
    "rounding below zero": (sale(cash_rounding="-0.50"), "E_MONEY", "cash_rounding"),
    "internet as text": (sale(internet="yes"), "E_TYPE", "internet"),
    "a birthdate in ISO": (buyer(birthdate="1990-02-01"), "E_DATE", "buyer.birthdate"),
    "a day of no calendar": (buyer(birthdate="30.02.1990"), "E_DATE", "buyer.birthdate"),
    "a country by letters": (buyer(citizenship="RU"), "E_COUNTRY", "buyer.citizenship"),
    "a country of zeros": (line(country_code="000"), "E_COUNTRY", "items[0].country_code"),
    "a country in other digits": (line(country_code="٦٤٣"), "E_COUNTRY", "items[0].country_code"),
    "a document that does not exist": (buyer(document_code="99"), "E_DOCUMENT_CODE", "buyer.document_code"),
    "an authority of two digits": (
        sale(sectoral_check_props=[INDUSTRY | {"federal_id": "30"}]),
        "E_FEDERAL_ID",
        "sectoral_check_props[0].federal_id",
    ),
    "an industry's date": (
        line(sectoral_item_props=[INDUSTRY | {"date": "21.11.23"}]),
        "E_DATE",
        "items[0].sectoral_item_props[0].date",
    ),
    "an industry without a value": (
        sale(sectoral_check_props=[{key: value for key, value in INDUSTRY.items() if key != "value"}]),
        "E_MISSING",
        "sectoral_check_props[0].value",
    ),
    "an agent of no type": (line(agent_info={}), "E_MISSING", "items[0].agent_info.type"),
    "an unknown agent": (line(agent_info={"type": "spy"}), "E_VALUE", "items[0].agent_info.type"),
    "phones as one text": (line(supplier_info={"phones": PHONE}), "E_TYPE", "items[0].supplier_info.phones"),
    "an operation above a byte": (
        sale(operating_check_props={"name": 256, "value": "x", "timestamp": "2026-11-21T14:05:00"}),
        "E_RANGE",
        "operating_check_props.name",
    ),
    "an operation by text": (
        sale(operating_check_props={"name": "0", "value": "x", "timestamp": "2026-11-21T14:05:00"}),
        "E_TYPE",
        "operating_check_props.name",
    ),
    **{
        f"an operation at {when!r}": (
            sale(operating_check_props={"name": 0, "value": "x", "timestamp": when}),
            "E_DATE",
            "operating_check_props.timestamp",
        )
        for when in (
            "2026-11-21T14:05:00Z",
            "2026-11-21T14:05:00+03:00",
            "2026-11-21",
            "21.11.2026",
            "31.11.2026 00:00:00",
            "1969-12-31T23:59:59",
            "2106-01-01T00:00:00",
            1795269900,
        )
    },
}


@pytest.mark.parametrize(("data", "code", "where"), MALFORMED.values(), ids=MALFORMED)
def test_malformed_values_are_named(data: dict[str, Any], code: str, where: str) -> None:
    with pytest.raises(ReceiptInvalid) as caught:
        parse_receipt(data)
    (violation,) = caught.value.violations
    assert (violation.code, violation.field) == (code, where)
    assert violation.expected
    assert where in violation.text_ru


WARNED: dict[str, tuple[dict[str, Any], str]] = {
    "an internet receipt on paper": (internet(print=True), "W_INTERNET_PRINT"),
    "an internet receipt for cash": (
        payload(item(), cash="100.00", **SITE),
        "W_INTERNET_CASH",
    ),
    "a payment of credit among other lines": (
        payload(item(), item(payment_method="credit_payment", payment_object="payment"), cash="200.00"),
        "W_CREDIT_PAYMENT_MIXED",
    ),
    "a payment handed over": (line(payment_object="payment"), "W_PAYMENT_OBJECT"),
    "quotes in a supplier's name": (agent(supplier=SUPPLIER | {"name": "ООО «Ромашка»"}), "W_CHARACTERS_REPLACED"),
}


@pytest.mark.parametrize(("data", "code"), WARNED.values(), ids=WARNED)
def test_doubtful_but_lawful_is_only_warned_about(data: dict[str, Any], code: str) -> None:
    assert codes(data) == [code]


@pytest.mark.parametrize("code", sorted(DOCUMENT_CODES))
def test_every_kind_of_document(code: str) -> None:
    assert codes(buyer(document_code=code, document_data="1")) == []


@pytest.mark.parametrize("system", [*Taxation])
def test_a_register_takes_the_systems_that_it_is_registered_for(system: Taxation) -> None:
    data = parse_receipt(sale(taxation=system.value))
    others = sum(other.code for other in Taxation if other is not system)
    assert check(data, on=TODAY, register=RegisterFacts("1.2", system.code)) == []
    assert check(data, on=TODAY, register=RegisterFacts(None, None)) == []
    (refusal,) = check(data, on=TODAY, register=RegisterFacts("1.2", others))
    assert (refusal.code, refusal.field, refusal.got) == ("E_TAX_SYSTEM_NOT_REGISTERED", "taxation", system.value)
    assert f'"{system.value}"' not in refusal.expected


def test_a_version_that_nobody_knows_refuses_nothing_here() -> None:
    """The driver does, which has asked the register itself."""
    accept_receipt(sale(sectoral_check_props=[INDUSTRY]), on=TODAY, register=RegisterFacts("1.0", None))


def test_the_total_of_gifts_and_paid_goods_has_the_paid_rate_only() -> None:
    plan = planned(PASSES["a gift beside paid goods"])
    assert {rate.value: amount for rate, amount in plan.vat.items()} == {"none": 10000}
    assert [line.price for line in plan.lines] == [0, 10000]


def test_a_rounded_total_keeps_the_lines_and_their_vat() -> None:
    plan = planned(payload(item("3417.18", vat="vat22"), cash="3500.00", cash_rounding="0.18"))
    assert (plan.total, plan.rounding, sum(line.total for line in plan.lines)) == (341700, 18, 341718)
    assert (plan.payments.cash, plan.change) == (341700, 8300)
    assert [*plan.vat.values()] == [61621]


def test_phones_travel_in_one_form() -> None:
    plan = planned(PASSES["phones as people write them"])
    assert plan.lines[0].supplier is not None
    assert plan.lines[0].supplier.phones == ("+74951234567", "+74951234567")


@pytest.mark.parametrize("day", [date(2025, 9, 1), TODAY])
def test_a_wide_receipt_is_the_same_after_json(day: date) -> None:
    receipt = parse_receipt(PASSES["texts of a receipt at their longest"])
    assert parse_receipt(receipt.model_dump(mode="json")) == receipt
    assert parse_receipt(parse_receipt(internet()).model_dump(mode="json")) == parse_receipt(internet())
    assert check(receipt, on=day) == []

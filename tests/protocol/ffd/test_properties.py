"""For any receipt: either it is refused by name, or it has a plan that adds up and fits into the drive."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from protocol.ffd.forms import VERSIONS, not_expressible
from protocol.ffd.imprint import imprint_in
from protocol.ffd.money import format_kopecks
from protocol.ffd.planning import plan
from protocol.ffd.records import DOCUMENT_LIMIT, document_size, receipt_records
from protocol.ffd.rules import ReceiptInvalid, RegisterFacts, accept_receipt, parse_receipt
from protocol.ffd.tlv import decode_document, encode_all
from protocol.ffd.totals import vat_totals
from protocol.ffd.vat import Vat
from protocol.ffd.vocabulary import AgentType, PaymentKind, PaymentMethod, PaymentObject, ReceiptType, Taxation, Unit

from .payloads import TODAY

amounts = st.integers(1, 10_000_000).map(format_kopecks)
short = st.text(max_size=20)
phones = st.lists(st.sampled_from(["+74951234567", "8 495 123-45-67", "x"]), max_size=40)
sectoral = st.lists(
    st.fixed_dictionaries(
        {"federal_id": st.just("030"), "date": st.just("21.11.2023"), "number": short, "value": st.text(max_size=260)}
    ),
    max_size=4,
)
agents = st.fixed_dictionaries(
    {"type": st.sampled_from([*AgentType]).map(str)},
    optional={
        "paying_agent": st.fixed_dictionaries({}, optional={"operation": short, "phones": phones}),
        "receive_payments_operator": st.fixed_dictionaries({"phones": phones}),
        "money_transfer_operator": st.fixed_dictionaries({}, optional={"name": short, "address": short, "inn": short}),
    },
)
suppliers = st.fixed_dictionaries(
    {}, optional={"phones": phones, "name": short, "inn": st.sampled_from(["7707083893", "0" * 12, "1"])}
)
lines = st.fixed_dictionaries(
    {
        "name": st.text(max_size=130),
        "price": amounts,
        "quantity": st.sampled_from(["1", "2", "0.5", "0.000001"]),
        "vat": st.sampled_from([vat.value for vat in Vat]),
        "payment_method": st.sampled_from([*PaymentMethod]).map(str),
        "payment_object": st.sampled_from([*PaymentObject]).map(str),
        "unit": st.sampled_from([*Unit]).map(str),
    },
    optional={
        "allow_zero_price": st.booleans(),
        "user_data": short,
        "excise": amounts,
        "country_code": st.just("643"),
        "declaration_number": short,
        "sectoral_item_props": sectoral,
        "agent_info": agents,
        "supplier_info": suppliers,
    },
)
payments = st.fixed_dictionaries({"type": st.sampled_from([*PaymentKind]).map(str), "amount": amounts})
receipts = st.fixed_dictionaries(
    {
        "type": st.sampled_from([*ReceiptType]).map(str),
        "taxation": st.sampled_from([*Taxation]).map(str),
        "items": st.lists(lines, max_size=4),
        "payments": st.lists(payments, max_size=4),
    },
    optional={
        "cashier": st.fixed_dictionaries({"name": st.text(max_size=70)}),
        "print": st.booleans(),
        "internet": st.booleans(),
        "payment_address": st.sampled_from(["shop.example.ru", "ул. Ленина", ""]),
        "cash_rounding": st.integers(0, 120).map(format_kopecks),
        "buyer": st.fixed_dictionaries(
            {},
            optional={
                "contact": st.sampled_from(["+79001234567", "buyer@example.ru", "x"]),
                "name": short,
                "inn": st.sampled_from(["7707083893", "1"]),
                "birthdate": st.sampled_from(["01.02.1990", "01.01.2100"]),
                "document_code": st.just("21"),
                "document_data": short,
                "address": short,
            },
        ),
        "additional_user_props": st.fixed_dictionaries({"name": st.text(max_size=66), "value": st.text(max_size=260)}),
        "additional_check_props": short,
        "sectoral_check_props": sectoral,
        "operating_check_props": st.fixed_dictionaries(
            {"name": st.integers(0, 255), "value": short, "timestamp": st.just("2026-11-21T14:05:00")}
        ),
    },
)


@given(receipts, st.none() | st.builds(RegisterFacts, st.sampled_from(VERSIONS), st.integers(0, 63)))
def test_any_receipt_is_judged_without_an_exception(data: dict[str, Any], register: RegisterFacts | None) -> None:
    try:
        accept_receipt(data, on=TODAY, register=register)
    except ReceiptInvalid as refusal:
        for violation in refusal.violations:
            assert violation.code[:2] == ("E_" if violation.severity == "error" else "W_")
            assert violation.field
            assert violation.expected


def _paid_in_full(data: dict[str, Any]) -> dict[str, Any]:
    """The same receipt as a lawful one: simple words, one method, paid by card and a note too much."""
    items = [
        _lawful(line)
        | {"name": "Товар", "payment_method": "full_payment", "unit": "other", "vat": line["vat"] if ok else "none"}
        for line in data["items"]
        for ok in [line["vat"] not in ("vat5", "vat7", "vat105", "vat107")]
    ]
    data = _lawful(data) | {"items": items, "payments": [], "taxation": "osn", "print": True, "internet": False}
    lines = parse_receipt(data | {"cash_rounding": "0"}).total
    rounding = lines % 100 if lines > 100 else 0
    total = lines - rounding
    card = total // 3
    cash = total - card + 10_000
    return data | {
        "cash_rounding": format_kopecks(rounding),
        "payments": [
            {"type": "card", "amount": format_kopecks(card)},
            {"type": "cash", "amount": format_kopecks(cash)},
        ],
    }


LAWFUL: dict[str, Any] = {
    "cashier": {"name": "Кассир"},
    "buyer": {"contact": "+79001234567", "name": "Петров", "document_code": "21", "document_data": "45 00 123456"},
    "payment_address": "shop.example.ru",
    "additional_user_props": {"name": "Заказ", "value": "1042"},
    "additional_check_props": "3304159072",
    "sectoral_check_props": [{"federal_id": "030", "date": "21.11.2023", "number": "1944", "value": "a=1"}],
    "sectoral_item_props": [{"federal_id": "030", "date": "21.11.2023", "number": "1944", "value": "a=1"}],
    "operating_check_props": {"name": 7, "value": "x", "timestamp": "2026-11-21T14:05:00"},
    "user_data": "партия 7",
    "declaration_number": "10702020/060520/0013422",
    "agent_info": {"type": "paying_agent", "paying_agent": {"phones": ["8 495 123-45-67"]}},
    "supplier_info": {"inn": "7707083893", "phones": ["+74951234567"]},
}


def _lawful(part: dict[str, Any]) -> dict[str, Any]:
    """What is present stays present, with values that nothing is wrong about."""
    part = {key: LAWFUL.get(key, value) for key, value in part.items()}
    return part | {"supplier_info": LAWFUL["supplier_info"]} if "agent_info" in part else part


@given(receipts.filter(lambda data: any(line["quantity"] != "0.000001" for line in data["items"])))
def test_an_accepted_receipt_adds_up_on_paper_and_in_the_archive(data: dict[str, Any]) -> None:
    receipt, _warnings = accept_receipt(_paid_in_full(data), on=TODAY)
    document = plan(receipt, imprint="ABCDEFGHIJKLM")
    assert document.total == sum(line.total for line in document.lines) - document.rounding
    assert document.payments.cash + document.payments.card == document.total
    assert document.change == 10_000
    for ffd in VERSIONS:
        records = receipt_records(document, ffd)
        tags = decode_document(encode_all(records))
        assert tags["1020"] == format_kopecks(document.total)
        assert vat_totals(tags) == {
            vat: amount for vat, amount in document.vat.items() if vat is not Vat.VAT0 or amount
        }
        assert imprint_in(tags["1084"]) == "ABCDEFGHIJKLM"
        assert len(encode_all(records)) < document_size(document, ffd) <= DOCUMENT_LIMIT
        lost = {missing.tag for missing in not_expressible(document, ffd)}
        assert lost <= {1243, 1244, 1245, 1246, 1254, 1260, 1261, 1270}
        assert not lost or ffd != "1.2"
        assert ("1261" in tags) == (bool(document.industry) and 1261 not in lost)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "items", "payments", "price", "x"]) | st.text(max_size=5), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@given(json_values)
def test_any_json_is_refused_in_words_that_json_can_carry(data: object) -> None:
    try:
        parse_receipt(data)
    except ReceiptInvalid as refusal:
        for violation in refusal.violations:
            json.dumps([violation.code, violation.field, violation.text_ru, violation.got]).encode()
    else:
        raise AssertionError("such a small thing is no receipt")

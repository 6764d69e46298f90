"""For any receipt: either it is refused by name, or it has a plan that adds up and fits into the drive."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from protocol.ffd.money import format_kopecks
from protocol.ffd.planning import plan
from protocol.ffd.records import receipt_records
from protocol.ffd.rules import ReceiptInvalid, accept_receipt, parse_receipt
from protocol.ffd.tlv import decode_document, encode_all
from protocol.ffd.totals import vat_totals
from protocol.ffd.vat import Vat
from protocol.ffd.vocabulary import PaymentKind, PaymentMethod, PaymentObject, ReceiptType, Taxation, Unit

from .payloads import TODAY

amounts = st.integers(1, 10_000_000).map(format_kopecks)
lines = st.fixed_dictionaries(
    {
        "name": st.text(max_size=130),
        "price": amounts,
        "quantity": st.sampled_from(["1", "2", "0.5", "0.000001"]),
        "vat": st.sampled_from([vat.value for vat in Vat]),
        "payment_method": st.sampled_from([*PaymentMethod]).map(str),
        "payment_object": st.sampled_from([*PaymentObject]).map(str),
        "unit": st.sampled_from([*Unit]).map(str),
    }
)
payments = st.fixed_dictionaries({"type": st.sampled_from([*PaymentKind]).map(str), "amount": amounts})
receipts = st.fixed_dictionaries(
    {
        "type": st.sampled_from([*ReceiptType]).map(str),
        "taxation": st.sampled_from([*Taxation]).map(str),
        "items": st.lists(lines, max_size=4),
        "payments": st.lists(payments, max_size=4),
    },
    optional={"cashier": st.fixed_dictionaries({"name": st.text(max_size=70)}), "print": st.booleans()},
)


@given(receipts)
def test_any_receipt_is_judged_without_an_exception(data: dict[str, Any]) -> None:
    try:
        accept_receipt(data, on=TODAY)
    except ReceiptInvalid as refusal:
        for violation in refusal.violations:
            assert violation.code[:2] == ("E_" if violation.severity == "error" else "W_")
            assert violation.field
            assert violation.expected


def _paid_in_full(data: dict[str, Any]) -> dict[str, Any]:
    """The same receipt as a lawful one: simple names, one method, paid by card and a note too much."""
    items = [
        line
        | {"name": "Товар", "payment_method": "full_payment", "unit": "other", "vat": line["vat"] if ok else "none"}
        for line in data["items"]
        for ok in [line["vat"] not in ("vat5", "vat7", "vat105", "vat107")]
    ]
    data = data | {"items": items, "payments": [], "taxation": "osn", "print": True, "cashier": {"name": "Кассир"}}
    total = parse_receipt(data).total
    card = total // 3
    cash = total - card + 10_000
    return data | {
        "payments": [{"type": "card", "amount": format_kopecks(card)}, {"type": "cash", "amount": format_kopecks(cash)}]
    }


@given(receipts.filter(lambda data: any(line["quantity"] != "0.000001" for line in data["items"])))
def test_an_accepted_receipt_adds_up_on_paper_and_in_the_archive(data: dict[str, Any]) -> None:
    receipt, _warnings = accept_receipt(_paid_in_full(data), on=TODAY)
    document = plan(receipt, imprint="K7")
    assert document.total == sum(line.total for line in document.lines)
    assert document.payments.cash + document.payments.card == document.total
    assert document.change == 10_000
    tags = decode_document(encode_all(receipt_records(document, "1.2")))
    assert tags["1020"] == format_kopecks(document.total)
    assert vat_totals(tags) == {vat: amount for vat, amount in document.vat.items() if vat is not Vat.VAT0 or amount}


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

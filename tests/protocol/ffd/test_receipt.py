"""The payload as a contract: frozen, with defaults, the same after a trip through JSON, described by a schema."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from protocol.ffd.planning import plan
from protocol.ffd.receipt import Receipt
from protocol.ffd.rules import parse_receipt
from protocol.ffd.vocabulary import PaymentMethod, PaymentObject, Unit

from .payloads import item, payload, planned

FULL = payload(
    item("1299.90", "0.345", "vat10", unit="kilogram", sum="448.46"),
    cash="500.00",
    cashier={"name": "Кассир Иванова", "inn": "500100732259"},
    buyer={"contact": "+79001234567"},
    print=False,
)


def test_defaults_are_a_paid_piece_of_goods_on_paper() -> None:
    receipt = parse_receipt(payload(item(), cash="100.00"))
    (line,) = receipt.items
    assert (line.payment_method, line.payment_object, line.unit) == (
        PaymentMethod.FULL_PAYMENT,
        PaymentObject.COMMODITY,
        Unit.PIECE,
    )
    assert receipt.print
    assert receipt.buyer is None


def test_a_receipt_is_the_same_after_json() -> None:
    receipt = parse_receipt(FULL)
    assert parse_receipt(json.loads(receipt.model_dump_json())) == receipt
    assert parse_receipt(receipt.model_dump(mode="json")) == receipt


def test_nothing_of_a_receipt_can_be_changed() -> None:
    receipt = parse_receipt(FULL)
    with pytest.raises(ValidationError):
        receipt.items[0].price = 1  # type: ignore[misc]


def test_the_schema_describes_money_as_text_and_names_as_lists() -> None:
    schema = Receipt.model_json_schema()
    line = schema["$defs"]["Item"]["properties"]
    assert line["price"]["type"] == "string"
    assert schema["properties"]["cash_rounding"]["default"] == "0.00"
    assert "vat22" in schema["$defs"]["Vat"]["enum"]
    assert "kilogram" in schema["$defs"]["Unit"]["enum"]


@pytest.mark.parametrize("words", [PaymentMethod, PaymentObject, Unit])
def test_numbers_and_names_translate_both_ways(words: type[PaymentMethod] | type[PaymentObject] | type[Unit]) -> None:
    for word in words:
        assert words.of_code(word.code) is word
        assert str(word) == word.value
    with pytest.raises(KeyError):
        words.of_code(254)


def test_objects_of_settlement_have_the_numbers_1_to_27() -> None:
    assert [kind.code for kind in PaymentObject] == list(range(1, 28))


def test_a_plan_carries_what_the_register_stores() -> None:
    receipt = planned(
        payload(item() | {"name": "Чехол «Люкс»"}, cash="100.00", buyer={"contact": "8 900 123-45-67"}), imprint="K7"
    )
    assert receipt.lines[0].name == 'Чехол "Люкс"'
    assert receipt.buyer_contact == "+79001234567"
    assert (receipt.sign, receipt.taxation, receipt.imprint, receipt.print) == (1, 1, "K7", True)


def test_an_unchecked_receipt_that_does_not_add_up_has_no_plan() -> None:
    for receipt in (payload(item(), cash="99.99"), payload(item(), card="100.01")):
        with pytest.raises(ValueError, match="do not fit"):
            plan(parse_receipt(receipt), imprint=None)

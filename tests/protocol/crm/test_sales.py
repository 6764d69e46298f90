"""What a sale's payload says of the money at the terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from protocol.crm.jobs import JobKind
from protocol.crm.sales import SALE_TYPES, CardPart, CardsDiffer, charges_of, receipt_payload
from protocol.ffd.rules import check, parse_receipt
from tests.protocol.ffd.payloads import TODAY, item, payload

EXAMPLES = sorted((Path(__file__).parents[3] / "examples" / "sales").glob("*.json"))
ORIGINAL = {"amount": "100.00", "rrn": "632712345678"}

RRN = {"rrn": "606012345678", "auth_code": "A1B2C3", "terminal_id": "00311159", "card": "****6763", "sbp_id": None}
TWO = (("card", "60.00"), ("cash", "10.00"), ("card", "30.00"))
DETAILS = [{"amount": "100.00", "method": 1, "identifiers": "A"}]
LESS = {"amount": "39.99"}


def charges(what: dict[str, Any]) -> list[tuple[int, str]]:
    found = charges_of(what, parse_receipt(receipt_payload(what)))
    return [(charge.amount, charge.part.means) for charge in found]


def paid(*payments: tuple[str, str], **more: Any) -> dict[str, Any]:
    return payload(item("100.00"), payments=[{"type": kind, "amount": amount} for kind, amount in payments], **more)


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (paid(("cash", "100.00")), []),
        (paid(("card", "100.00")), [(10_000, "card")]),
        (paid(("card", "60.00"), ("cash", "100.00")), [(6_000, "card")]),
        (paid(("cash", "10.00"), ("card", "60.00"), ("card", "30.00")), [(6_000, "card"), (3_000, "card")]),
        (paid(("prepaid", "40.00"), ("card", "60.00")), [(6_000, "card")]),
        (paid(("card", "100.00"), cards=[{"means": "sbp"}]), [(10_000, "sbp")]),
        (paid(("card", "60.00"), ("card", "40.00"), cards=[{}, {"means": "sbp"}]), [(6_000, "card"), (4_000, "sbp")]),
        (paid(("card", "100.00"), type="sell_return", cards=[{"original": ORIGINAL}]), [(10_000, "card")]),
    ],
)
def test_every_card_payment_is_one_charge_in_its_order(what: dict[str, Any], expected: list[tuple[int, str]]) -> None:
    assert charges(what) == expected


@pytest.mark.parametrize(
    ("what", "field"),
    [
        (paid(("card", "100.00"), cards=[]), "cards"),
        (paid(("card", "100.00"), cards=[{}, {}]), "cards"),
        (paid(("cash", "100.00"), cards=[{}]), "cards"),
        (paid(("card", "100.00"), cards=[{"original": ORIGINAL}]), "cards[0].original"),
        (
            paid(("card", "60.00"), ("card", "40.00"), type="sell_return", cards=[{}, {"original": LESS}]),
            "cards[1].original",
        ),
        (paid(*TWO, cards=[{"method": 1}, {}]), "cards[1].method"),
        (paid(("card", "100.00"), cards=[{"method": 1}], cashless_details=DETAILS), "cards[0].method"),
    ],
)  # fmt: skip
def test_cards_that_do_not_go_with_the_receipt_are_named(what: dict[str, Any], field: str) -> None:
    with pytest.raises(CardsDiffer) as wrong:
        charges(what)
    assert wrong.value.field == field


@pytest.mark.parametrize("cards", ["all", [{"means": "cheque"}], [{"pan": "4000000000000002"}], [{"original": {}}]])
def test_a_shape_that_is_none(cards: Any) -> None:
    with pytest.raises(ValidationError):
        charges(paid(("card", "100.00"), cards=cards))


def test_without_entries_all_are_by_card_and_without_an_original() -> None:
    (charge,) = charges_of(paid(("card", "100.00")), parse_receipt(paid(("card", "100.00"))))
    assert charge.part == CardPart()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_are_right(path: Path) -> None:
    job = json.loads(path.read_text("utf-8"))
    receipt = parse_receipt(receipt_payload(job["payload"]))
    assert receipt.type is SALE_TYPES[JobKind(job["kind"])]
    assert [found for found in check(receipt, on=TODAY) if found.severity == "error"] == []
    assert charges(job["payload"])


def test_each_charge_is_a_detail_of_the_receipt_with_what_its_proof_names() -> None:
    sale = paid(*TWO, cards=[{"method": 1}, {"method": 7, "means": "sbp"}])
    made = receipt_payload(sale, [RRN, {"sbp_id": "B63", "rrn": ""}])
    assert made["cashless_details"] == [
        {"amount": "60.00", "method": 1, "identifiers": "RRN:606012345678 AUTH:A1B2C3 TID:00311159"},
        {"amount": "30.00", "method": 7, "identifiers": "SBP:B63"},
    ]
    assert "cards" not in made
    assert not check(parse_receipt(made), on=TODAY)


def test_a_sale_whose_cards_have_no_method_tells_no_details() -> None:
    assert "cashless_details" not in receipt_payload(paid(*TWO, cards=[{}, {}]), [RRN, RRN])
    assert "cashless_details" not in receipt_payload(paid(*TWO), [RRN, RRN])


def test_a_charge_that_a_person_decided_has_no_number_and_leaves_all_details_out() -> None:
    """They are told of every payment or of none; the receipt itself is not held up by it."""
    sale = paid(*TWO, cards=[{"method": 1}, {"method": 1}])
    assert "cashless_details" not in receipt_payload(sale, [RRN, {"source": "person", "terminal_id": "00311159"}])


def test_before_the_money_moves_the_receipt_is_judged_with_details_as_long_as_they_can_be() -> None:
    """Whether the register takes them at all is found before the card is touched."""
    judged = receipt_payload(paid(*TWO, cards=[{"method": 1}, {"method": 1}]))
    assert [len(detail["identifiers"]) for detail in judged["cashless_details"]] == [256, 256]


def test_what_does_not_fit_is_left_out_whole() -> None:
    long = {"rrn": "606012345678", "auth_code": "a" * 250, "terminal_id": "00311159"}
    made = receipt_payload(paid(("card", "100.00"), cards=[{"method": 1}]), [long])
    assert made["cashless_details"][0]["identifiers"] == "RRN:606012345678 TID:00311159"


@pytest.mark.parametrize("wrong", [{"payments": 5}, {"payments": [{"type": "card"}]}, {"cards": [{"method": "1"}]}])
def test_a_payload_out_of_shape_is_left_as_it_is(wrong: dict[str, Any]) -> None:
    sale = paid(("card", "100.00"), cards=[{"method": 1}]) | wrong
    assert receipt_payload(sale) == {name: value for name, value in sale.items() if name != "cards"}

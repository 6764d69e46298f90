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

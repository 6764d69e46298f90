"""Money, quantities, VAT: exact against fractions."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.ffd.money import (
    MAX_QUANTITY,
    MAX_SUM,
    format_kopecks,
    format_quantity,
    line_sum,
    parse_kopecks,
    parse_quantity,
)
from protocol.ffd.vat import Vat

sums = st.integers(0, MAX_SUM)
quantities = st.decimals(min_value=Decimal("0.000001"), max_value=MAX_QUANTITY, places=6)


def half_up(exact: Fraction) -> int:
    return (exact + Fraction(1, 2)).__floor__()


@pytest.mark.parametrize(
    ("text", "kopecks"), [("4500.00", 450000), ("4500", 450000), ("0.5", 50), ("0.05", 5), ("0", 0)]
)
def test_roubles_to_kopecks(text: str, kopecks: int) -> None:
    assert parse_kopecks(text) == kopecks


@pytest.mark.parametrize(
    "text", ["", " 1", "1 ", "1,00", "1.", ".5", "-1", "+1", "1e3", "1.001", "1 000.00", "١", "NaN", "1\n"]
)
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        parse_kopecks(text)


@given(sums)
def test_money_survives_its_text(kopecks: int) -> None:
    assert parse_kopecks(format_kopecks(kopecks)) == kopecks


def test_negative_sums_can_be_shown() -> None:
    assert format_kopecks(-5) == "-0.05"


@pytest.mark.parametrize("text", ["", "1,5", "-1", "1e3", "0.1234567", "1.", ".5", "Infinity"])
def test_what_is_no_quantity(text: str) -> None:
    with pytest.raises(ValueError, match="not a quantity"):
        parse_quantity(text)


@pytest.mark.parametrize(
    ("given_text", "shown"), [("1.500", "1.5"), ("10", "10"), ("100.0", "100"), ("0.345", "0.345")]
)
def test_quantities_are_shown_short_and_plain(given_text: str, shown: str) -> None:
    assert format_quantity(parse_quantity(given_text)) == shown


@given(quantities)
def test_quantities_survive_their_text(quantity: Decimal) -> None:
    assert parse_quantity(format_quantity(quantity)) == quantity


@given(sums, quantities)
def test_line_sum_is_the_exact_product_rounded_half_up(price: int, quantity: Decimal) -> None:
    assert line_sum(price, quantity) == half_up(price * Fraction(quantity))


def test_half_a_kopeck_goes_up() -> None:
    assert line_sum(1, Decimal("0.5")) == 1
    assert line_sum(5, Decimal("0.1")) == 1
    assert line_sum(4, Decimal("0.1")) == 0


@given(sums, st.sampled_from(Vat))
def test_vat_is_the_share_inside_the_price_rounded_half_up(total: int, vat: Vat) -> None:
    rate = vat.percent or 0
    assert vat.amount(total) == half_up(Fraction(total * rate, 100 + rate))


def test_codes_and_rates_are_told_apart_by_name() -> None:
    assert {vat.value: vat.code for vat in Vat} == {
        "vat20": 1,
        "vat10": 2,
        "vat120": 3,
        "vat110": 4,
        "vat0": 5,
        "none": 6,
        "vat5": 7,
        "vat7": 8,
        "vat105": 9,
        "vat107": 10,
        "vat22": 11,
        "vat122": 12,
    }
    assert all(Vat.of_code(vat.code) is vat for vat in Vat)

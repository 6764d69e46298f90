"""Sums and VAT of 100,000 random receipts against exact fractions, worked out here without the code under test."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest

from protocol.ffd.planning import plan
from protocol.ffd.receipt import Item, Payment, Receipt
from protocol.ffd.vat import Vat
from protocol.ffd.vocabulary import PaymentKind, ReceiptType, Taxation

RECEIPTS = 100_000

# The part of a price that is tax, rate by rate, written out by hand.
TAX = {
    "vat20": Fraction(20, 120),
    "vat120": Fraction(20, 120),
    "vat10": Fraction(10, 110),
    "vat110": Fraction(10, 110),
    "vat5": Fraction(5, 105),
    "vat105": Fraction(5, 105),
    "vat7": Fraction(7, 107),
    "vat107": Fraction(7, 107),
    "vat22": Fraction(22, 122),
    "vat122": Fraction(22, 122),
    "vat0": None,
    "none": None,
}


def nearest(value: Fraction) -> int:
    """Half a kopeck goes up."""
    return math.floor(value + Fraction(1, 2))


def random_line(chance: Random) -> tuple[int, str, str]:
    """Price in kopecks, quantity as text, rate. Halves of a kopeck are made to occur often."""
    shape = chance.randrange(4)
    if shape == 0:
        return chance.randrange(1, 100_000_000), "1", chance.choice(RATES)
    if shape == 1:
        return chance.randrange(1, 10_000), str(chance.randrange(1, 1000)), chance.choice(RATES)
    if shape == 2:
        return chance.randrange(1, 1_000_000) * 10 + 5, f"0.{chance.randrange(1, 10)}", chance.choice(RATES)
    return chance.randrange(1, 1_000_000), f"{chance.randrange(1000)}.{chance.randrange(1, 10**6):06}", "vat22"


RATES = list(TAX)
BY_NAME = {name: Vat(name) for name in TAX}


def test_the_table_here_knows_every_rate() -> None:
    assert {rate.value for rate in Vat} == set(TAX)


@pytest.mark.gate
def test_a_hundred_thousand_receipts_to_the_kopeck() -> None:
    chance = Random(54)
    halves = 0
    for number in range(RECEIPTS):
        lines = [random_line(chance) for _ in range(1 + number % 3)]
        sums, taxes, expected = [], [], {}
        for price, quantity, rate in lines:
            exact = price * Fraction(quantity)
            halves += (2 * exact).denominator == 1 and exact.denominator == 2
            total = nearest(exact)
            part = TAX[rate]
            tax = 0 if part is None else nearest(total * part)
            sums.append(total)
            taxes.append(tax)
            if total:
                expected[rate] = expected.get(rate, 0) + (total if part is None else tax)
        whole = sum(sums)
        rounding = chance.randrange(whole % 100 + 1) if number % 5 == 0 else 0
        due = whole - rounding
        card = chance.randrange(due + 1) if number % 2 else 0
        handed = due - card + chance.choice((0, 0, 1, 50_000))

        planned = plan(receipt(lines, rounding, card, handed), imprint=None)

        assert [line.total for line in planned.lines] == sums, lines
        assert [line.vat_sum for line in planned.lines] == taxes, lines
        assert {rate.value: amount for rate, amount in planned.vat.items()} == expected, lines
        assert (planned.total, planned.rounding) == (due, rounding)
        assert (planned.payments.card, planned.payments.cash) == (card, due - card)
        assert planned.change == handed - (due - card)
    assert halves > RECEIPTS // 10


def receipt(lines: list[tuple[int, str, str]], rounding: int, card: int, cash: int) -> Receipt:
    """Built without parsing, which is tested elsewhere and would take most of the time."""
    return Receipt.model_construct(
        type=ReceiptType.SELL,
        taxation=Taxation.OSN,
        cash_rounding=rounding,
        items=tuple(
            Item.model_construct(name="Товар", price=price, quantity=Decimal(quantity), vat=BY_NAME[rate])
            for price, quantity, rate in lines
        ),
        payments=(
            Payment.model_construct(type=PaymentKind.CARD, amount=card),
            Payment.model_construct(type=PaymentKind.CASH, amount=cash),
        ),
    )


def test_tax_of_every_small_sum_at_every_rate() -> None:
    for name, part in TAX.items():
        rate = BY_NAME[name]
        for total in range(20_000):
            assert rate.amount(total) == (0 if part is None else nearest(total * part))

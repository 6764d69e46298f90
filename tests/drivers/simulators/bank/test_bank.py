"""The ledger behind simulated terminals: what was taken, what came back, and what a terminal knows of it."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.simulators.bank import (
    Bank,
    BankState,
    Declined,
    Entry,
    Kind,
    Origin,
    Standing,
    Twist,
    Why,
    dump,
    new_state,
)
from drivers.simulators.bank.cards import draw, luhn
from drivers.simulators.bank.slips import LATIN, RUSSIAN, WIDTH, operation, report, settlement
from drivers.simulators.clock import ManualClock

START = datetime(2026, 11, 22, 10, 0)  # noqa: DTZ001


def bank_of(seed: int = 1, *, steer: bool = True) -> tuple[Bank, ManualClock]:
    clock = ManualClock(START)
    random = Random(seed)
    return Bank(new_state(random), clock.now, random, steer=steer), clock


# --- cards -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["4111111111111111", "5500000000000004", "2200000000000053", "79927398713"])
def test_the_check_digit_is_that_of_published_numbers(number: str) -> None:
    assert luhn(number[:-1]) == int(number[-1])


@settings(deadline=None)
@given(st.integers())
def test_drawn_cards_have_numbers_that_look_real(seed: int) -> None:
    for card in draw(Random(seed)):
        assert len(card.pan) == 16
        assert luhn(card.pan[:-1]) == int(card.pan[-1])
        assert card.masked == "************" + card.pan[-4:]
        assert 1 <= int(card.expiry[2:]) <= 12


# --- money -----------------------------------------------------------------------------------------------------------


def test_a_payment_is_booked_with_everything_a_terminal_tells() -> None:
    bank, clock = bank_of()
    clock.advance(90)
    paid = bank.pay(15_000, reference="101")
    assert (paid.kind, paid.amount, paid.number, paid.day, paid.at) == (
        Kind.PAYMENT, 15_000, 1, 1, START.replace(minute=1, second=30),
    )  # fmt: skip
    assert len(paid.rrn) == 12
    assert paid.rrn.startswith("6326")
    assert len(paid.auth_code) == 6
    assert paid.terminal_id == bank.state.terminal_id
    assert len(paid.terminal_id) == 8
    assert bank.last() == paid == bank.find(rrn=paid.rrn) == bank.find(reference="101")
    assert bank.standing(paid) is Standing.TAKEN


def test_numbers_and_references_never_repeat() -> None:
    bank, _ = bank_of()
    paid = [bank.pay(100) for _ in range(500)]
    assert len({entry.rrn for entry in paid}) == len({entry.number for entry in paid}) == 500
    assert len({entry.auth_code for entry in paid}) == 500


def test_a_refund_may_be_made_in_parts_but_never_of_more_than_was_paid() -> None:
    bank, _ = bank_of()
    paid = bank.pay(10_000)
    bank.refund(3_000, paid)
    assert bank.standing(paid) is Standing.REFUNDED
    assert bank.returned(paid) == 3_000
    with pytest.raises(Declined) as refused:
        bank.refund(7_001, paid)
    assert refused.value.why is Why.TOO_MUCH
    bank.refund(7_000, paid)
    with pytest.raises(Declined) as refused:
        bank.refund(1, paid)
    assert refused.value.why is Why.ALREADY


def test_a_void_needs_the_day_of_the_payment_and_a_refund_does_not() -> None:
    bank, _ = bank_of()
    paid = bank.pay(10_000)
    assert bank.settle().matched
    with pytest.raises(Declined) as refused:
        bank.void(paid)
    assert refused.value.why is Why.DAY_CLOSED
    assert bank.refund(10_000, paid).original == paid.rrn


def test_a_refund_is_of_a_payment_and_of_nothing_else() -> None:
    bank, _ = bank_of()
    given_back = bank.refund(4_000, bank.pay(10_000))
    with pytest.raises(Declined) as refused:
        bank.refund(100, given_back)
    assert refused.value.why is Why.NOT_FOUND


def test_a_void_of_a_refund_gives_the_payment_its_money_again() -> None:
    bank, _ = bank_of()
    paid = bank.pay(10_000)
    given_back = bank.refund(4_000, paid)
    bank.void(given_back)
    assert bank.returned(paid) == 0
    assert bank.standing(paid) is Standing.TAKEN
    assert bank.standing(given_back) is Standing.VOIDED


def test_an_emergency_reversal_takes_back_what_was_last_and_nothing_else() -> None:
    bank, _ = bank_of()
    first, second = bank.pay(100), bank.pay(200)
    done = bank.reverse_last()
    assert (done.kind, done.original, done.amount) == (Kind.REVERSAL, second.rrn, 200)
    assert bank.standing(second) is Standing.REVERSED
    assert bank.standing(first) is Standing.TAKEN
    with pytest.raises(Declined) as refused:
        bank.reverse_last()
    assert refused.value.why is Why.NOTHING


def test_a_decline_uses_up_a_number_and_moves_nothing() -> None:
    bank, _ = bank_of()
    refused = bank.decline(Kind.PAYMENT, 10_001)
    assert (refused.number, refused.rrn, bank.standing(refused)) == (1, "", Standing.DECLINED)
    assert bank.last() == refused
    assert list(bank.today()) == []
    with pytest.raises(Declined):
        bank.reverse_last()
    assert bank.pay(100).number == 2


def test_another_terminal_knows_nothing_but_the_bank_does() -> None:
    bank, _ = bank_of()
    paid = bank.pay(100)
    bank.change_terminal()
    assert bank.state.terminal_id != paid.terminal_id
    assert bank.last() is None
    assert bank.find(rrn=paid.rrn) is None
    assert bank.find(rrn=paid.rrn, here=False) == paid
    assert bank.pay(100).number == 1
    with pytest.raises(Declined):
        bank.void(paid)
    assert bank.refund(100, paid).amount == 100


def test_another_programs_payment_is_the_last_one() -> None:
    bank, _ = bank_of()
    bank.pay(100)
    assert (last := bank.foreign(50_000)) == bank.last()
    assert last.origin is Origin.FOREIGN


# --- the day ---------------------------------------------------------------------------------------------------------


def test_a_settlement_counts_the_day_and_begins_another() -> None:
    bank, _ = bank_of()
    paid = bank.pay(10_000)
    bank.pay(5_000)
    bank.refund(1_000, paid)
    bank.void(bank.pay(300))
    done = bank.settle()
    assert asdict(done.terminal) == {
        "payments": 3, "payments_sum": 15_300, "refunds": 1, "refunds_sum": 1_000, "voids": 1, "voids_sum": 300,
    }  # fmt: skip
    assert done.terminal.balance == 14_000
    assert done.matched
    assert (bank.state.day, bank.state.of_day) == (2, 0)
    assert bank.settle().terminal.payments == 0


def test_the_kopecks_nine_and_a_wish_make_totals_differ_once() -> None:
    bank, _ = bank_of()
    bank.pay(109)
    assert not bank.settle().matched
    assert bank.settle().matched
    bank.state.mismatch = True
    assert not bank.settle().matched
    assert bank.settle().matched


@pytest.mark.parametrize(
    ("kopecks", "twist"),
    [
        (0, Twist.NONE), (1, Twist.DECLINED), (2, Twist.CANCELLED), (3, Twist.NO_BANK), (4, Twist.HANG),
        (5, Twist.LOST), (6, Twist.SLOW), (7, Twist.GARBAGE), (8, Twist.OTHER_AMOUNT), (9, Twist.MISMATCH),
        (10, Twist.NONE), (99, Twist.NONE),
    ],
)  # fmt: skip
def test_kopecks_steer_unless_they_are_told_not_to(kopecks: int, twist: Twist) -> None:
    assert bank_of()[0].twist(12_300 + kopecks) is twist
    assert bank_of(steer=False)[0].twist(12_300 + kopecks) is Twist.NONE


ORDERS = st.lists(
    st.tuples(st.sampled_from(["pay", "refund", "void", "reverse", "last", "settle", "decline"]), st.integers(1, 900)),
    max_size=40,
)


@settings(deadline=None)
@given(ORDERS)
def test_money_is_never_made_or_lost(orders: list[tuple[str, int]]) -> None:
    """What was taken less what was given back is never below zero, for each payment and for all."""
    bank, _ = bank_of(steer=False)
    settled = 0
    for word, amount in orders:
        paid = [entry for entry in bank.state.entries if entry.approved]
        chosen = paid[amount % len(paid)] if paid else None
        before = len(bank.state.entries)
        try:
            if word == "pay":
                bank.pay(amount)
            elif word == "decline":
                bank.decline(Kind.PAYMENT, amount)
            elif word == "settle":
                settled += bank.settle().terminal.balance
            elif word == "last":
                bank.reverse_last()
            elif word == "refund" and chosen is not None:
                bank.refund(amount, chosen)
            elif chosen is not None:
                {"void": bank.void, "reverse": bank.reverse}[word](chosen)
        except Declined:
            assert len(bank.state.entries) == before
    for entry in bank.state.entries:
        assert 0 <= bank.returned(entry) <= entry.amount
    kept = sum(
        entry.amount - bank.returned(entry)
        for entry in bank.state.entries
        if entry.approved and entry.kind is Kind.PAYMENT
    )
    assert kept >= 0
    again = Bank(bank.state, START.replace, Random(0))
    assert [again.standing(entry) for entry in bank.state.entries] == [
        bank.standing(entry) for entry in bank.state.entries
    ]


# --- what is shown ---------------------------------------------------------------------------------------------------


def test_the_dump_has_every_charge_and_no_whole_card_number() -> None:
    bank, _ = bank_of()
    paid = bank.pay(15_000, reference="101")
    bank.refund(5_050, paid)
    bank.decline(Kind.PAYMENT, 9_901)
    shown = dump(bank)
    first, second = shown["charges"]
    assert (first["kind"], first["amount"], first["state"], first["returned"]) == (
        "payment", "150.00", "refunded", "50.50",
    )  # fmt: skip
    assert (second["kind"], second["state"], second["original"]) == ("refund", "given", paid.rrn)
    assert [entry["amount"] for entry in shown["declined"]] == ["99.01"]
    text = json.dumps(shown)
    assert not [secret for secret in bank.secrets if secret in text]


def test_slips_are_narrow_and_the_merchants_copy_leaks() -> None:
    bank, _ = bank_of()
    paid = bank.pay(15_000)
    card = bank.card(paid)
    for words in (RUSSIAN, LATIN):
        merchant, customer = operation(paid, card, bank.state.merchant_id, words)
        assert all(len(line) <= WIDTH for line in (*merchant, *customer))
        assert card.pan in "\n".join(merchant)
        assert card.pan not in "\n".join(customer)
        assert card.masked in "\n".join(customer)
        assert paid.rrn in "\n".join(customer)
        assert words.approved in "\n".join(customer)
        assert all(line.isascii() for line in customer) is (words is LATIN)


def test_reports_and_settlements_add_up_on_paper() -> None:
    bank, _ = bank_of()
    bank.pay(15_000)
    bank.pay(109)
    ids = (bank.state.merchant_id, bank.state.terminal_id)
    day = list(bank.today())
    done = bank.settle()
    full = report(day, done.terminal, *ids, full=True)
    short = report(day, done.terminal, *ids, full=False)
    assert "\n".join(full).count("ССЫЛКА") == 2
    assert "ИТОГО                     151.09" in short
    assert "ИТОГИ НЕ СОВПАЛИ" in "\n".join(settlement(done, *ids))
    assert "ИТОГИ СОВПАЛИ" in "\n".join(settlement(bank.settle(), *ids))


def test_the_ledger_outlives_its_process(tmp_path: Path) -> None:
    from dataclasses import dataclass

    from drivers.simulators.bank import GROWING
    from drivers.simulators.store import Store

    @dataclass(slots=True)
    class Whole:
        bank: BankState

    bank, _ = bank_of()
    store = Store(tmp_path / "state.json", Whole, GROWING)
    paid: list[Entry] = []
    for amount in (100, 200, 300):
        paid.append(bank.pay(amount))
        store.save(Whole(bank.state))
    read = Store(tmp_path / "state.json", Whole, GROWING).load()
    assert read is not None
    assert read.bank == bank.state
    assert read.bank.entries == paid

"""Shifts and money: counters, totals and reports."""

from __future__ import annotations

from dataclasses import replace

from drivers.api import CashCounters, ShiftState
from drivers.conformance.catalogue import behaviour
from drivers.conformance.samples import CASHIER, MIXED, SALE
from drivers.conformance.stage import Stage, cash_sale
from protocol.ffd.planned import PlannedPayments


@behaviour("shift.opens", "a shift is opened by one fiscal document, with the cashier")
def opens(stage: Stage) -> None:
    driver = stage.at_work()
    made = stage.truth().of_type("open_shift")
    assert len(made) == 1
    assert (made[0]["tags"].get("1021"), made[0]["tags"].get("1203", "").strip()) == CASHIER
    assert driver.status().shift is ShiftState.OPEN


@behaviour("shift.opens-without-cashier", "a shift is opened without a cashier's name too")
def opens_without(stage: Stage) -> None:
    stage.connect()
    stage.driver.open_shift(None, None)
    assert stage.truth().shift_open


@behaviour("shift.closes", "a shift is closed by one fiscal document, with the cashier")
def closes(stage: Stage) -> None:
    driver = stage.at_work()
    stage.sell()
    driver.close_shift(*CASHIER)
    made = stage.truth().of_type("close_shift")
    assert len(made) == 1
    assert (made[0]["tags"].get("1021"), made[0]["tags"].get("1203", "").strip()) == CASHIER
    assert driver.status().shift is ShiftState.CLOSED
    assert not stage.truth().shift_open


@behaviour("shift.next", "the next shift has the next number and counts from nothing")
def next_shift(stage: Stage) -> None:
    driver = stage.at_work()
    stage.sell()
    first = driver.status().shift_number
    driver.close_shift(*CASHIER)
    driver.open_shift(*CASHIER)
    status, totals = driver.status(), driver.shift_totals()
    assert (status.shift_number, status.receipt_in_shift) == (first + 1, 0)
    assert set(totals.receipts.values()) == {0}
    assert (totals.cash_in, totals.cash_out) == (0, 0)


@behaviour("totals.by-sign", "the shift's totals by sign of settlement: number, sum, cash and cashless")
def totals(stage: Stage) -> None:
    driver = stage.at_work()
    driver.cash_in(1_000_000, CASHIER[0])
    for sign, times in ((1, 3), (2, 2), (3, 1), (4, 2)):
        for _ in range(times):
            sold = replace(cash_sale(1000 * sign + 10, sign), payments=PlannedPayments(1000 * sign, 10),
                           cash_tendered=1000 * sign)  # fmt: skip
            stage.sell(sold)
    told = driver.shift_totals()
    assert dict(told.receipts) == {1: 3, 2: 2, 3: 1, 4: 2}
    assert dict(told.total) == {1: 3030, 2: 4020, 3: 3010, 4: 8020}
    assert dict(told.cash) == {1: 3000, 2: 4000, 3: 3000, 4: 8000}
    assert dict(told.cashless) == {1: 30, 2: 20, 3: 10, 4: 20}
    assert (told.cash_in, told.cash_out) == (1_000_000, 0)
    assert told.drawer == stage.truth().drawer == 1_000_000 + 3000 - 4000 - 3000 + 8000


@behaviour("totals.not-cash-not-card", "prepaid, credit and other payment count in the sum, not in cash or cashless")
def other_payments(stage: Stage) -> None:
    driver = stage.at_work()
    stage.sell(MIXED)
    told = driver.shift_totals()
    assert (told.total[1], told.cash[1], told.cashless[1]) == (MIXED.total, 100000, 110000)


@behaviour("totals.cancelled", "a cancelled receipt counts nowhere")
def cancelled(stage: Stage) -> None:
    driver = stage.at_work()
    stage.fill()
    driver.cancel_document()
    told = driver.shift_totals()
    assert (told.receipts[1], told.total.get(1, 0), told.drawer) == (0, 0, 0)


@behaviour(
    "cash.closed-shift", "the capabilities tell whether cash in a closed shift opens one; its counters tell of it"
)
def cash_closed_shift(stage: Stage) -> None:
    driver = stage.at_work()
    driver.close_shift(*CASHIER)
    stage.settle()
    driver.cash_in(150000, CASHIER[0])
    assert stage.truth().shift_open is driver.capabilities.cash_opens_shift
    assert stage.truth().drawer == 150000
    assert driver.cash_counters().drawer == 150000


@behaviour("cash.in-and-out", "cash moves drawer, sums and counts by itself, and the running number where it is told")
def in_and_out(stage: Stage) -> None:
    driver = stage.at_work()
    first = driver.cash_counters()
    driver.cash_in(150000, CASHIER[0])
    second = driver.cash_counters()
    driver.cash_out(50000, None)
    third = driver.cash_counters()
    count = first.cash_in_count
    assert second == CashCounters(second.document_number, 150000, 150000, 0, count + 1, first.cash_out_count)
    assert third == CashCounters(third.document_number, 100000, 150000, 50000, count + 1, first.cash_out_count + 1)
    told = (first.document_number, second.document_number, third.document_number)
    assert told == (None, None, None) or told == tuple(sorted({number for number in told if number is not None}))
    assert stage.truth().drawer == 100000


@behaviour("cash.not-fiscal", "cash in and out make no fiscal document")
def not_fiscal(stage: Stage) -> None:
    driver = stage.at_work()
    before = len(stage.truth().documents)
    driver.cash_in(150000, CASHIER[0])
    driver.cash_out(50000, CASHIER[0])
    assert len(stage.truth().documents) == before


@behaviour("cash.counters-belong-together", "the counters of one answer belong to one moment")
def together(stage: Stage) -> None:
    driver = stage.at_work()
    for amount in (100, 2000, 30000):
        driver.cash_in(amount, CASHIER[0])
        stage.sell(cash_sale(500))
        told = driver.cash_counters()
        sold = 500 * len(stage.truth().receipts)
        assert told.drawer == told.cash_in - told.cash_out + sold == stage.truth().drawer


@behaviour("cash.counting-is-a-query", "cash_counters and shift_totals change nothing")
def a_query(stage: Stage) -> None:
    driver = stage.at_work()
    driver.cash_in(100, CASHIER[0])
    stage.settle()
    with stage.unchanged():
        assert driver.cash_counters() == driver.cash_counters()
        assert driver.shift_totals() == driver.shift_totals()


@behaviour("x-report.not-fiscal", "an X report is printed, once, and has no fiscal effect")
def x_report(stage: Stage) -> None:
    driver = stage.at_work()
    stage.sell(SALE)
    stage.settle()
    before, totals_before = stage.truth(), driver.shift_totals()
    driver.x_report()
    stage.settle()
    after = stage.truth()
    assert (after.documents, after.shift_open, after.drawer) == (before.documents, True, before.drawer)
    assert len(after.printed) == len(before.printed) + 1
    assert driver.shift_totals() == totals_before

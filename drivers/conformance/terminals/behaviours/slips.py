"""Slips: the lines of each copy, as a register may print them."""

from __future__ import annotations

from drivers.conformance.terminals.behaviours.day import has_sum
from drivers.conformance.terminals.bench import Fate, Step
from drivers.conformance.terminals.catalogue import behaviour
from drivers.conformance.terminals.samples import PRICE
from drivers.conformance.terminals.stage import Stage
from drivers.terminal_api import Outcome

WIDEST = 48


@behaviour("slips.payment", "one copy or two of a payment's slip, each with its sum")
def payment(stage: Stage) -> None:
    stage.connect()
    told = stage.pay()
    assert 1 <= len(told.slips) <= 2, f"{len(told.slips)} copies"
    assert all(has_sum(slip, PRICE) for slip in told.slips), told.slips


@behaviour("slips.width", "no line is wider than a terminal's paper, and none ends in blanks or a line's end")
def width(stage: Stage) -> None:
    stage.connect()
    for slip in stage.pay().slips:
        assert max(map(len, slip)) <= WIDEST
        assert not any(line.endswith(("\r", "\n", " ")) for line in slip), slip


@behaviour("slips.alignment", "blanks at the left of a line are kept")
def alignment(stage: Stage) -> None:
    stage.connect()
    assert any(line.startswith(" ") for slip in stage.pay().slips for line in slip)


@behaviour("slips.its-own", "each operation has its own slip")
def its_own(stage: Stage) -> None:
    stage.connect()
    first, second = stage.pay(), stage.pay(stage.order(PRICE * 2))
    assert first.slips != second.slips
    assert not any(has_sum(slip, PRICE * 2) for slip in first.slips)


@behaviour("slips.refund", "a refund has its slip, with its sum")
def refund(stage: Stage) -> None:
    stage.connect()
    told = stage.refund(stage.paid())
    assert told.slips
    assert all(has_sum(slip, PRICE) for slip in told.slips), told.slips


@behaviour("slips.declined", "a declined payment has the slip that the terminal gives, or none; never the last one's",
           Fate.DECLINED)  # fmt: skip
def declined(stage: Stage) -> None:
    stage.connect()
    before = stage.pay().slips
    stage.fate(Step.PAYMENT, Fate.DECLINED)
    told = stage.pay()
    assert told.outcome is Outcome.DECLINED
    assert list(told.slips) != list(before)

"""The commands that may have an effect, as a table: how one is prepared, done, and seen to have happened.

Not a section: the verdicts' table is made of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from drivers.api import SlipText
from drivers.conformance.bench import Hand, Need, Step, Truth
from drivers.conformance.catalogue import Able
from drivers.conformance.samples import CASHIER, SALE
from drivers.conformance.stage import Stage, cash_sale

AMOUNT = 70_000
ONE_LINE = cash_sale(450000)
MARK = "ЗАМЕТКА-7"
_INTERRUPTING = (Hand.SLOW_PRINTER, Hand.PAPER_OUT, Hand.PAPER_IN, Hand.FOREIGN_RECEIPT)


@dataclass(frozen=True, slots=True)
class Operation:
    """``times`` counts, in the device's own memory, how often it has taken effect; once more each time."""

    name: str
    step: Step
    pace: str  # key of ``Capabilities.max_time``
    prepare: Callable[[Stage], object]
    act: Callable[[Stage], object]
    times: Callable[[Truth], int]
    needs: tuple[Need | Able, ...] = ()


def _with_cash(stage: Stage) -> None:
    stage.at_work().cash_in(10 * AMOUNT, CASHIER[0])


def _filled(stage: Stage) -> None:
    stage.at_work()
    stage.fill()


def _sold(stage: Stage) -> None:
    stage.at_work()
    stage.sell()
    stage.settle()


def _at_rest(stage: Stage) -> None:
    stage.at_work()
    stage.settle()


def _paper_back(stage: Stage) -> None:
    """A slip that was cut short waits for "continue"."""
    _at_rest(stage)
    stage.hand(Hand.SLOW_PRINTER, 5)
    stage.hand(Hand.FOREIGN_RECEIPT, 12300)
    stage.sleep(2.0)
    stage.hand(Hand.PAPER_OUT)
    stage.hand(Hand.SLOW_PRINTER, 0.02)
    stage.hand(Hand.PAPER_IN)


OPERATIONS = (
    Operation(
        "open_shift", Step.OPEN_SHIFT, "shift",
        Stage.connect,
        lambda stage: stage.driver.open_shift(*CASHIER),
        lambda truth: len(truth.of_type("open_shift")),
    ),
    Operation(
        "close_shift", Step.CLOSE_SHIFT, "shift",
        _at_rest,
        lambda stage: stage.driver.close_shift(*CASHIER),
        lambda truth: len(truth.of_type("close_shift")),
    ),
    Operation(
        "x_report", Step.X_REPORT, "report",
        _at_rest,
        lambda stage: stage.driver.x_report(),
        lambda truth: len(truth.printed),
    ),
    Operation(
        "cash_in", Step.CASH_IN, "report",
        _at_rest,
        lambda stage: stage.driver.cash_in(AMOUNT, CASHIER[0]),
        lambda truth: truth.drawer // AMOUNT,
    ),
    Operation(
        "cash_out", Step.CASH_OUT, "report",
        _with_cash,
        lambda stage: stage.driver.cash_out(AMOUNT, CASHIER[0]),
        lambda truth: -truth.drawer // AMOUNT,
    ),
    Operation(
        "print_slip", Step.TEXT, "fill",
        _at_rest,
        lambda stage: stage.driver.print_slip([SlipText(MARK)], cut=True),
        lambda truth: "\n".join(truth.printed).count(MARK),
    ),
    Operation(
        "print_copy", Step.COPY, "report",
        _sold,
        lambda stage: stage.driver.print_copy(),
        lambda truth: len(truth.printed),
    ),
    Operation(
        "open_drawer", Step.DRAWER, "fill",
        _at_rest,
        lambda stage: stage.driver.open_drawer(),
        lambda truth: truth.pulses,
    ),
    Operation(
        "fill_receipt-open", Step.OPEN, "fill",
        _at_rest,
        lambda stage: stage.fill(),
        lambda truth: int(truth.open_total is not None),
        (Able.STEPWISE,),
    ),
    Operation(
        "fill_receipt-line", Step.LINE, "fill",
        _at_rest,
        lambda stage: stage.fill(ONE_LINE),
        lambda truth: (truth.open_total or 0) // ONE_LINE.total,
        (Able.STEPWISE,),
    ),
    Operation(
        "close_receipt", Step.CLOSE, "close",
        _filled,
        lambda stage: stage.driver.close_receipt(SALE),
        lambda truth: len(truth.receipts),
    ),
    Operation(
        "cancel_document", Step.CANCEL, "cancel",
        _filled,
        lambda stage: stage.driver.cancel_document(),
        lambda truth: int(truth.open_total is None),
        (Able.STEPWISE, Able.CANCEL),
    ),
    Operation(
        "continue_print", Step.CONTINUE, "fill",
        _paper_back,
        lambda stage: stage.driver.continue_print(),
        lambda truth: len(truth.printed),
        _INTERRUPTING,
    ),
)  # fmt: skip

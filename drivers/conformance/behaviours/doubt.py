"""After doubt: the questions that resolve it tell the truth."""

from __future__ import annotations

from drivers.api import DocumentKind, ShiftState
from drivers.conformance.behaviours.operations import AMOUNT
from drivers.conformance.bench import Fate, Hand, Step
from drivers.conformance.catalogue import Able, Behaviour, behaviour
from drivers.conformance.samples import CASHIER, IMPRINT, SALE
from drivers.conformance.stage import Stage
from drivers.errors import InDoubt


@behaviour("doubt.close-is-found", "a receipt whose answer was lost is found in the archive, imprint and total",
           Fate.ANSWER_LOST, Able.ARCHIVE, Able.IMPRINT)  # fmt: skip
def close_is_found(stage: Stage) -> None:
    driver = stage.at_work()
    stage.fill()
    stage.fate(Step.CLOSE, Fate.ANSWER_LOST)
    status = stage.recover(stage.in_doubt(lambda: driver.close_receipt(SALE)))
    found = stage.read(status.last_fd)
    assert (found.kind, found.imprint, found.total) == (DocumentKind.RECEIPT, IMPRINT, SALE.total)
    assert not status.document_open


@behaviour("doubt.close-is-not-found", "a receipt whose close was lost is not in the archive, and still open", Fate.CUT,
           Able.STEPWISE, Able.CANCEL)  # fmt: skip
def close_is_not_found(stage: Stage) -> None:
    driver = stage.at_work()
    before = driver.status().last_fd
    stage.fill()
    stage.fate(Step.CLOSE, Fate.CUT)
    status = stage.recover(stage.in_doubt(lambda: driver.close_receipt(SALE)))
    assert (status.last_fd, status.document_open) == (before, True)
    driver.cancel_document()
    assert stage.truth().receipts == []


@behaviour("doubt.late-close-is-fenced", "after its time and the fence a late close can no longer take effect",
           Fate.LATE, Able.CANCEL)  # fmt: skip
def late_close(stage: Stage) -> None:
    driver = stage.at_work()
    stage.fill()
    stage.fate(Step.CLOSE, Fate.LATE, seconds=driver.capabilities.max_time["close"] * 0.95)
    stage.recover(stage.in_doubt(lambda: driver.close_receipt(SALE)))
    driver.cancel_document()
    told, made = driver.status().last_fd, len(stage.truth().receipts)
    stage.sleep(600)
    assert (len(stage.truth().receipts), stage.truth().documents[-1]["fd"]) == (made, told)


def _power(fate: Fate, made: int, says: str) -> Behaviour:
    @behaviour(f"doubt.{fate.replace(' ', '-')}-close", f"power fails {says}: InDoubt, and the archive tells", fate,
               Able.CANCEL)  # fmt: skip
    def power(stage: Stage) -> None:
        driver = stage.at_work()
        before = driver.status().last_fd
        stage.fill()
        stage.fate(Step.CLOSE, fate)
        stage.recover(stage.in_doubt(lambda: driver.close_receipt(SALE)))
        driver.cancel_document()
        assert driver.status().last_fd == before + made
        assert len(stage.truth().receipts) == made

    return power


POWER = (
    _power(Fate.POWER_BEFORE, 0, "before the close is carried out"),
    _power(Fate.POWER_AFTER, 1, "right after the close was carried out"),
)


@behaviour("doubt.shift-is-told", "status tells whether the shift was opened, and whether it was closed",
           Fate.ANSWER_LOST)  # fmt: skip
def shift_is_told(stage: Stage) -> None:
    stage.connect()
    stage.fate(Step.OPEN_SHIFT, Fate.ANSWER_LOST)
    opened = stage.recover(stage.in_doubt(lambda: stage.driver.open_shift(*CASHIER)))
    assert opened.shift is ShiftState.OPEN
    stage.fate(Step.CLOSE_SHIFT, Fate.ANSWER_LOST)
    closed = stage.recover(stage.in_doubt(lambda: stage.driver.close_shift(*CASHIER)))
    assert closed.shift is ShiftState.CLOSED


@behaviour("doubt.cash-is-told", "cash_counters tell whether money was put in: by one more operation and its sum",
           Fate.ANSWER_LOST, Fate.CUT)  # fmt: skip
def cash_is_told(stage: Stage) -> None:
    driver = stage.at_work()
    first = driver.cash_counters()
    stage.fate(Step.CASH_IN, Fate.ANSWER_LOST)
    stage.recover(stage.in_doubt(lambda: driver.cash_in(AMOUNT, CASHIER[0])))
    second = driver.cash_counters()
    assert (second.cash_in_count, second.cash_in) == (first.cash_in_count + 1, first.cash_in + AMOUNT)
    if first.document_number is not None and second.document_number is not None:
        assert second.document_number > first.document_number
    stage.fate(Step.CASH_IN, Fate.CUT)
    stage.recover(stage.in_doubt(lambda: driver.cash_in(AMOUNT, CASHIER[0])))
    assert driver.cash_counters() == second


@behaviour("doubt.cancel-is-told", "status tells whether the document was cancelled", Fate.ANSWER_LOST, Able.STEPWISE,
           Able.CANCEL)  # fmt: skip
def cancel_is_told(stage: Stage) -> None:
    driver = stage.at_work()
    stage.fill()
    stage.fate(Step.CANCEL, Fate.ANSWER_LOST)
    status = stage.recover(stage.in_doubt(driver.cancel_document))
    assert (status.document_open, status.fn_document_open) == (False, False)


@behaviour("doubt.foreign-receipt-is-not-ours", "another program's receipt made meanwhile carries no imprint of ours",
           Fate.CUT, Hand.FOREIGN_RECEIPT, Able.CANCEL, Able.ARCHIVE, Able.IMPRINT)  # fmt: skip
def foreign_receipt(stage: Stage) -> None:
    driver = stage.at_work()
    stage.fill()
    stage.fate(Step.CLOSE, Fate.CUT)
    stage.recover(stage.in_doubt(lambda: driver.close_receipt(SALE)))
    driver.cancel_document()
    stage.hand(Hand.FOREIGN_RECEIPT, SALE.total)
    stage.settle()
    found = stage.read(driver.status().last_fd)
    assert (found.total, found.imprint) == (SALE.total, "")


@behaviour("doubt.garbage-after-close", "noise instead of the close's answer: never Refused, never sent twice",
           Fate.GARBAGE, Able.ARCHIVE, Able.IMPRINT)  # fmt: skip
def garbage(stage: Stage) -> None:
    driver = stage.at_work()
    stage.fill()
    stage.fate(Step.CLOSE, Fate.GARBAGE)
    with stage.in_time():
        verdict = stage.verdict(lambda: driver.close_receipt(SALE))
    assert isinstance(verdict, InDoubt), f"{verdict!r} where only noise came"
    status = stage.recover(verdict)
    assert stage.read(status.last_fd).imprint == IMPRINT
    assert stage.received(Step.CLOSE) == 1
    assert len(stage.truth().receipts) == 1


@behaviour("doubt.query-repeats", "a question whose answer is damaged is asked again and answered", Fate.DAMAGED)
def query_repeats(stage: Stage) -> None:
    driver = stage.at_work()
    stage.fate(Step.STATUS, Fate.DAMAGED)
    assert driver.status().last_fd == stage.truth().documents[-1]["fd"]


@behaviour("doubt.next-receipt", "after doubt, fence and a look the next receipt is made", Fate.ANSWER_LOST,
           Able.CANCEL, Able.STEPWISE)  # fmt: skip
def next_receipt(stage: Stage) -> None:
    driver = stage.at_work()
    stage.fate(Step.LINE, Fate.ANSWER_LOST, nth=2)
    stage.recover(stage.in_doubt(lambda: stage.fill()))
    driver.cancel_document()
    stage.sell()
    assert len(stage.truth().receipts) == 1

"""How it stands: ``status`` and ``health``.

One consistent look that changes nothing.
"""

from __future__ import annotations

from datetime import timedelta

from drivers.api import Paper, ShiftState
from drivers.conformance.bench import Hand
from drivers.conformance.catalogue import Able, Behaviour, behaviour
from drivers.conformance.samples import CASHIER, SALE
from drivers.conformance.stage import Stage, cash_sale


@behaviour("status.fresh", "a register at rest: shift closed, nothing open, paper in, not busy, nothing blocked")
def fresh(stage: Stage) -> None:
    stage.connect()
    status, truth = stage.driver.status(), stage.truth()
    assert (status.register_serial, status.fn_serial) == (truth.identity["serial"], truth.identity["fn"])
    assert (status.shift, status.last_fd) == (ShiftState.CLOSED, truth.documents[-1]["fd"])
    assert (status.document_open, status.fn_document_open, status.busy, status.cover_open) == (False,) * 4
    assert (status.paper, status.blocked, status.clock_unset) == (Paper.PRESENT, None, False)


@behaviour("status.changes-nothing", "status and health change nothing and print nothing")
def changes_nothing(stage: Stage) -> None:
    driver = stage.at_work()
    stage.settle()
    with stage.unchanged():
        first, _, _ = driver.status(), driver.health(), driver.shift_totals()
        assert driver.status().last_fd == first.last_fd


@behaviour("status.shift-open", "an open shift, and its number as the archive has it")
def shift_open(stage: Stage) -> None:
    status = stage.at_work().status()
    opening = stage.truth().of_type("open_shift")[-1]
    assert (status.shift, status.shift_number) == (ShiftState.OPEN, opening["tags"]["1038"])
    assert status.last_fd == opening["fd"]


@behaviour("status.shift-expired", "a shift of more than 24 hours is EXPIRED")
def shift_expired(stage: Stage) -> None:
    driver = stage.at_work()
    seen = [driver.status().shift]
    stage.sleep(25 * 3600.0)
    seen.append(driver.status().shift)
    assert seen == [ShiftState.OPEN, ShiftState.EXPIRED]


@behaviour("status.shift-closed-number", "after closing, the number of the shift is that of the last closed one")
def closed_number(stage: Stage) -> None:
    driver = stage.at_work()
    number = driver.status().shift_number
    driver.close_shift(*CASHIER)
    status = driver.status()
    assert (status.shift, status.shift_number) == (ShiftState.CLOSED, number)


@behaviour("status.receipt-in-shift", "receipts are counted within the shift")
def receipt_in_shift(stage: Stage) -> None:
    driver = stage.at_work()
    counted = [driver.status().receipt_in_shift]
    for _ in range(2):
        stage.sell(cash_sale(5000))
        counted.append(driver.status().receipt_in_shift)
    assert counted == [0, 1, 2]


@behaviour("status.document-open", "a receipt that is being filled is an open document", Able.STEPWISE, Able.CANCEL)
def document_open(stage: Stage) -> None:
    driver = stage.at_work()
    stage.fill()
    assert driver.status().document_open
    driver.cancel_document()
    status = driver.status()
    assert (status.document_open, status.fn_document_open) == (False, False)


@behaviour("status.foreign-open", "a document that another program left open is seen", Hand.FOREIGN_OPEN)
def foreign_open(stage: Stage) -> None:
    driver = stage.at_work()
    stage.hand(Hand.FOREIGN_OPEN)
    assert driver.status().document_open


@behaviour("status.foreign-receipt", "another program's receipt is seen in the last FD and in the shift's count",
           Hand.FOREIGN_RECEIPT)  # fmt: skip
def foreign_receipt(stage: Stage) -> None:
    driver = stage.at_work()
    before = driver.status()
    stage.hand(Hand.FOREIGN_RECEIPT, 12300)
    stage.settle()
    after = driver.status()
    assert (after.last_fd, after.receipt_in_shift) == (before.last_fd + 1, before.receipt_in_shift + 1)


@behaviour("status.no-paper", "no paper and nothing to print: ABSENT, and PRESENT again with a new roll",
           Hand.PAPER_OUT, Hand.PAPER_IN)  # fmt: skip
def no_paper(stage: Stage) -> None:
    driver = stage.at_work()
    stage.settle()
    stage.hand(Hand.PAPER_OUT)
    assert driver.status().paper is Paper.ABSENT
    stage.hand(Hand.PAPER_IN)
    assert driver.status().paper is Paper.PRESENT


@behaviour("status.paper-interrupted", "paper that ran out while printing: INTERRUPTED, then RESUMABLE with a new roll",
           Hand.SLOW_PRINTER, Hand.FOREIGN_RECEIPT, Hand.PAPER_OUT, Hand.PAPER_IN)  # fmt: skip
def interrupted(stage: Stage) -> None:
    driver = stage.at_work()
    interrupt(stage)
    assert driver.status().paper is Paper.INTERRUPTED
    stage.hand(Hand.PAPER_IN)
    assert driver.status().paper is Paper.RESUMABLE


def interrupt(stage: Stage) -> None:
    """Take the paper out from under a receipt that another program has made."""
    stage.settle()
    stage.hand(Hand.SLOW_PRINTER, 5)
    stage.hand(Hand.FOREIGN_RECEIPT, 12300)
    stage.sleep(2.0)
    stage.hand(Hand.PAPER_OUT)


@behaviour("status.cover", "an open cover is seen, and that it is closed again", Hand.COVER_OPEN, Hand.COVER_CLOSED)
def cover(stage: Stage) -> None:
    driver = stage.at_work()
    stage.settle()
    seen = [driver.status().cover_open]
    stage.hand(Hand.COVER_OPEN)
    seen.append(driver.status().cover_open)
    stage.hand(Hand.COVER_CLOSED)
    seen.append(driver.status().cover_open)
    assert seen == [False, True, False]


@behaviour("status.busy", "a register that prints is busy, and answers nevertheless", Hand.SLOW_PRINTER,
           Hand.FOREIGN_RECEIPT)  # fmt: skip
def busy(stage: Stage) -> None:
    driver = stage.at_work()
    stage.settle()
    stage.hand(Hand.SLOW_PRINTER, 20)
    stage.hand(Hand.FOREIGN_RECEIPT, 12300)
    assert driver.status().busy
    stage.settle()
    assert not driver.status().busy


@behaviour("status.clock", "the time is the register's own, also when its clock is wrong", Hand.CLOCK)
def clock(stage: Stage) -> None:
    stage.connect()
    before = stage.driver.status().at
    stage.hand(Hand.CLOCK, 3 * 3600)
    moved = stage.driver.status().at - before
    assert timedelta(hours=3) <= moved < timedelta(hours=3, minutes=5)


@behaviour("status.clock-unset", "a register that awaits confirmation of its date says so", Hand.CLOCK_LOST)
def clock_unset(stage: Stage) -> None:
    stage.connect()
    assert not stage.driver.status().clock_unset
    stage.hand(Hand.CLOCK_LOST)
    assert stage.driver.status().clock_unset


@behaviour("status.drawer", "the drawer's money in kopecks, or that the register does not say")
def drawer(stage: Stage) -> None:
    driver = stage.at_work()
    driver.cash_in(12345, CASHIER[0])
    stage.sell(cash_sale(5000))
    assert driver.status().drawer in (stage.truth().drawer, None)
    assert stage.truth().drawer == 17345


def _power(hand: Hand, what: str) -> Behaviour:
    @behaviour(f"status.{hand.replace(' ', '-')}", f"after a power cut in a document, which {what}, status tells it",
               hand, Able.STEPWISE, Able.CANCEL)  # fmt: skip
    def power(stage: Stage) -> None:
        stage.at_work()
        stage.fill()
        stage.hand(hand)
        status, truth = stage.recover(), stage.truth()
        assert (status.document_open, status.last_fd) == (truth.open_total is not None, truth.documents[-1]["fd"])
        stage.driver.cancel_document()
        stage.sell()

    return power


POWER = (_power(Hand.POWER_CYCLE, "stays"), _power(Hand.POWER_ANNULS, "is lost"))


@behaviour("health.shift-opened", "the opening of the shift is that of the archive, or the register does not say")
def shift_opened(stage: Stage) -> None:
    driver = stage.at_work()
    at = driver.health().shift_opened_at
    opening = stage.truth().of_type("open_shift")[-1]
    assert at is None or at.isoformat() == opening["at"]
    driver.close_shift(*CASHIER)
    assert driver.health().shift_opened_at is None


@behaviour("health.drive-fills", "each document leaves less room in the drive, where the register tells it")
def drive_fills(stage: Stage) -> None:
    driver = stage.at_work()
    before = driver.health().fn_documents_left
    stage.sell(SALE)
    after = driver.health().fn_documents_left
    assert (before is None) == (after is None)
    assert before is None or after is None or after < before


@behaviour("health.drive-expires", "the end of the drive's life lies ahead, where the register tells it")
def drive_expires(stage: Stage) -> None:
    stage.connect()
    expires = stage.driver.health().fn_expires
    assert expires is None or expires > stage.driver.status().at.date()

"""Refusals: the device says no, its own code is kept, nothing has happened and the channel is still good."""

from __future__ import annotations

from dataclasses import replace

from drivers.api import ShiftState, SlipBarcode, SlipText
from drivers.conformance.bench import Hand, Setting, Step
from drivers.conformance.catalogue import Able, behaviour
from drivers.conformance.samples import CASHIER, SALE
from drivers.conformance.stage import Stage, cash_sale
from drivers.errors import DeviceError, InDoubt, Refused
from protocol.ffd.planned import PlannedPayments

SHORT = replace(SALE, payments=PlannedPayments(cash=1), cash_tendered=1)
OVER = replace(SALE, payments=PlannedPayments(card=SALE.total + 1), cash_tendered=0)
ROOM = 25
"""More than a small drive holds."""


@behaviour("refused.shift-is-open", "an open shift is not opened again: Refused, and nothing more in the archive")
def shift_is_open(stage: Stage) -> None:
    driver = stage.at_work()
    stage.settle()
    with stage.unchanged():
        stage.refused(lambda: driver.open_shift(*CASHIER), "shift_open", "wrong_state")
    assert driver.status().shift is ShiftState.OPEN


@behaviour("refused.shift-is-closed", "a closed shift is not closed again: Refused, and nothing more in the archive")
def shift_is_closed(stage: Stage) -> None:
    stage.connect()
    with stage.unchanged():
        stage.refused(lambda: stage.driver.close_shift(*CASHIER), "shift_closed", "wrong_state")


@behaviour(
    "refused.shift-expired", "a receipt in a shift of more than 24 hours: shift_expired; the shift can be closed"
)
def shift_expired(stage: Stage) -> None:
    driver = stage.at_work()
    stage.sleep(25 * 3600.0)
    stage.refused(lambda: stage.begin(), "shift_expired")
    assert stage.truth().open_total is None
    driver.close_shift(*CASHIER)
    assert driver.status().shift is ShiftState.CLOSED
    driver.open_shift(*CASHIER)
    stage.sell()


@behaviour("refused.no-paper", "no paper: no_paper, and no document is begun; it goes on with a new roll",
           Hand.PAPER_OUT, Hand.PAPER_IN)  # fmt: skip
def no_paper(stage: Stage) -> None:
    driver = stage.at_work()
    stage.settle()
    stage.hand(Hand.PAPER_OUT)
    for call in (stage.begin, driver.x_report, lambda: driver.cash_in(100, None)):
        stage.not_begun(call, "no_paper")
    truth = stage.truth()
    assert (truth.open_total, truth.drawer, truth.receipts) == (None, 0, [])
    stage.hand(Hand.PAPER_IN)
    stage.sell()


@behaviour("refused.cover-open", "an open cover: cover_open, and no document is begun", Hand.COVER_OPEN,
           Hand.COVER_CLOSED)  # fmt: skip
def cover_open(stage: Stage) -> None:
    stage.at_work()
    stage.settle()
    stage.hand(Hand.COVER_OPEN)
    stage.not_begun(stage.begin, "cover_open")
    assert (stage.truth().open_total, stage.truth().receipts) == (None, [])
    stage.hand(Hand.COVER_CLOSED)
    stage.sell()


@behaviour("refused.payment-short", "payments below the total: payment_short, with the device's code or before it is "
           "told to close; the document can be cancelled")  # fmt: skip
def payment_short(stage: Stage) -> None:
    driver = stage.at_work()
    stage.fill()
    refused = stage.refused(lambda: driver.close_receipt(SHORT), "payment_short")
    assert refused.vendor or stage.received(Step.CLOSE) == 0
    assert stage.truth().receipts == []
    driver.cancel_document()
    stage.sell()


@behaviour("refused.cashless-over", "more by card than the total: cashless_over; the document stays")
def cashless_over(stage: Stage) -> None:
    driver = stage.at_work()
    stage.fill()
    stage.refused(lambda: driver.close_receipt(OVER), "cashless_over")
    assert stage.truth().receipts == []
    driver.close_receipt(SALE)
    assert len(stage.truth().receipts) == 1


@behaviour("refused.cash-short", "cash out beyond the drawer: cash_short, and the counters stand still")
def cash_short(stage: Stage) -> None:
    driver = stage.at_work()
    driver.cash_in(1000, CASHIER[0])
    before = driver.cash_counters()
    stage.refused(lambda: driver.cash_out(1001, CASHIER[0]), "cash_short")
    assert driver.cash_counters() == before
    assert stage.truth().drawer == 1000


@behaviour("refused.slip-in-document", "a slip inside an open document: document_open, nothing is printed into it",
           Able.STEPWISE)  # fmt: skip
def slip_in_document(stage: Stage) -> None:
    driver = stage.at_work()
    stage.fill()
    stage.settle()
    with stage.unchanged():
        stage.refused(lambda: driver.print_slip([SlipText("чужая строка")], cut=True), "document_open")
    assert stage.received(Step.TEXT) == 0


def _barcode(kind: str, value: str) -> list[SlipText | SlipBarcode]:
    return [SlipText("строка"), SlipBarcode(kind, value)]


@behaviour("refused.bad-barcode", "a barcode's impossible value is refused before anything of the slip is sent")
def bad_barcode(stage: Stage) -> None:
    driver = stage.at_work()
    with stage.silent():
        stage.refused(lambda: driver.print_slip(_barcode("ean13", "12AB"), cut=True))
        stage.refused(lambda: driver.print_slip(_barcode("ean13", "4601234567890"), cut=True))  # check digit


@behaviour("refused.unknown-barcode", "a kind of barcode that there is not is refused before anything is sent")
def unknown_barcode(stage: Stage) -> None:
    driver = stage.at_work()
    with stage.silent():
        stage.refused(lambda: driver.print_slip(_barcode("morse", "1"), cut=True))


@behaviour("refused.no-copy", "no copy where there is no document to copy: Refused, nothing printed")
def no_copy(stage: Stage) -> None:
    stage.connect()
    with stage.unchanged():
        stage.refused(stage.driver.print_copy)


@behaviour("refused.nothing-waits", "continue_print where nothing waits: Refused")
def nothing_waits(stage: Stage) -> None:
    driver = stage.at_work()
    stage.settle()
    with stage.unchanged():
        stage.refused(driver.continue_print)


@behaviour("refused.foreign-document", "another program's open document is neither written into nor closed",
           Hand.FOREIGN_OPEN)  # fmt: skip
def foreign_document(stage: Stage) -> None:
    driver = stage.at_work()
    stage.settle()
    stage.hand(Hand.FOREIGN_OPEN)
    with stage.unchanged():
        stage.refused(lambda: stage.begin())
    assert driver.status().document_open


@behaviour("refused.close-of-nothing", "closing where no document is open: Refused, and no document comes of it")
def close_of_nothing(stage: Stage) -> None:
    driver = stage.at_work()
    stage.settle()
    with stage.unchanged():
        stage.refused(lambda: driver.close_receipt(SALE))


@behaviour("refused.close-shift-in-document", "a shift is not closed over an open document: Refused", Able.STEPWISE)
def shift_in_document(stage: Stage) -> None:
    driver = stage.at_work()
    stage.fill()
    stage.refused(lambda: driver.close_shift(*CASHIER))
    assert stage.truth().of_type("close_shift") == []
    assert stage.truth().shift_open


@behaviour("refused.drive-full", "a full fiscal drive: fn_full, and every receipt that was reported is there",
           Setting.SMALL_DRIVE)  # fmt: skip
def drive_full(stage: Stage) -> None:
    driver = stage.at_work()
    made, refused = 0, None
    while refused is None and made < ROOM:
        refused = _attempt(stage)
        made += refused is None
    assert isinstance(refused, (Refused, InDoubt)), f"{refused!r} after {made} receipts"
    assert refused.code == "fn_full"  # not every device's word of its drive proves that nothing was made
    if isinstance(refused, InDoubt):
        stage.recover(refused)
    if driver.capabilities.can_cancel_open:
        driver.cancel_document()
    assert len(stage.truth().receipts) == made
    driver.close_shift(*CASHIER)


def _attempt(stage: Stage) -> DeviceError | None:
    def whole() -> None:
        stage.fill(cash_sale(1000))
        stage.driver.close_receipt(cash_sale(1000))

    return stage.verdict(whole)

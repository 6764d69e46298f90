"""The fence: ``cancel_document`` leaves nothing that could still become a document."""

from __future__ import annotations

from drivers.conformance.bench import Fate, Hand, Step
from drivers.conformance.catalogue import Able, behaviour
from drivers.conformance.samples import SALE
from drivers.conformance.stage import Stage


@behaviour("fence.cancels", "an open document is cancelled: nothing in the archive, nothing open", Able.CANCEL)
def cancels(stage: Stage) -> None:
    driver = stage.at_work()
    before = driver.status().last_fd
    stage.fill()
    driver.cancel_document()
    status = driver.status()
    assert (status.last_fd, status.document_open, status.fn_document_open) == (before, False, False)
    assert (stage.truth().open_total, len(stage.truth().receipts)) == (None, 0)


@behaviour("fence.repeats", "cancelling again is harmless", Able.CANCEL)
def repeats(stage: Stage) -> None:
    driver = stage.at_work()
    stage.fill()
    driver.cancel_document()
    stage.settle()
    with stage.unchanged():
        driver.cancel_document()
        driver.cancel_document()


@behaviour("fence.nothing-open", "cancelling where nothing is open returns and changes nothing", Able.CANCEL)
def nothing_open(stage: Stage) -> None:
    driver = stage.at_work()
    stage.settle()
    with stage.unchanged():
        driver.cancel_document()
    assert stage.received(Step.CANCEL) == 0


@behaviour("fence.before-a-shift", "cancelling in a closed shift returns and changes nothing", Able.CANCEL)
def before_a_shift(stage: Stage) -> None:
    stage.connect()
    with stage.unchanged():
        stage.driver.cancel_document()


@behaviour("fence.next-receipt", "after the fence the next receipt is whole and alone", Able.CANCEL)
def next_receipt(stage: Stage) -> None:
    driver = stage.at_work()
    stage.fill()
    driver.cancel_document()
    assert len(stage.sell()["tags"]["1059"]) == len(SALE.lines)


@behaviour("fence.foreign-document", "another program's open document is cancelled too when the caller says so",
           Hand.FOREIGN_OPEN, Able.CANCEL)  # fmt: skip
def foreign(stage: Stage) -> None:
    driver = stage.at_work()
    stage.hand(Hand.FOREIGN_OPEN)
    driver.cancel_document()
    assert stage.truth().open_total is None
    stage.sell()


@behaviour("fence.without-paper", "the fence needs no paper", Hand.PAPER_OUT, Hand.PAPER_IN, Able.CANCEL)
def without_paper(stage: Stage) -> None:
    driver = stage.at_work()
    stage.fill()
    stage.settle()
    stage.hand(Hand.PAPER_OUT)
    with stage.in_time():
        verdict = stage.verdict(driver.cancel_document)
    if verdict is not None:  # some registers print what they cancel; then it must be said, and done with paper
        stage.refused(driver.cancel_document, "no_paper")
    else:
        assert stage.truth().open_total is None
    stage.hand(Hand.PAPER_IN)
    driver.cancel_document()
    assert (stage.truth().open_total, stage.truth().receipts) == (None, [])


@behaviour("fence.after-half-a-line", "a document that broke off in the middle is fenced after a new connection",
           Fate.CUT, Able.CANCEL, Able.STEPWISE)  # fmt: skip
def half(stage: Stage) -> None:
    driver = stage.at_work()
    stage.fate(Step.LINE, Fate.CUT, nth=2)
    status = stage.recover(stage.in_doubt(lambda: stage.fill()))
    assert status.document_open
    driver.cancel_document()
    assert (stage.truth().open_total, stage.truth().receipts) == (None, [])


@behaviour("fence.returns-only-when-gone", "a cancel that was not carried out is not reported as done", Fate.REFUSED,
           Able.CANCEL, Able.STEPWISE)  # fmt: skip
def only_when_gone(stage: Stage) -> None:
    driver = stage.at_work()
    stage.fill()
    stage.fate(Step.CANCEL, Fate.REFUSED)
    returned = stage.verdict(driver.cancel_document) is None
    assert returned == (stage.truth().open_total is None)

"""Paper: slips, copies, the drawer and what became of an interrupted document."""

from __future__ import annotations

from drivers.api import Align, Paper, SlipBarcode, SlipText
from drivers.conformance.behaviours.condition import interrupt
from drivers.conformance.bench import Hand
from drivers.conformance.catalogue import Able, Behaviour, behaviour
from drivers.conformance.samples import SALE
from drivers.conformance.stage import Stage

BARCODES = {
    "qr": "https://example.org/1",
    "ean13": "460123456789",
    "ean8": "9638507",
    "code39": "A-1",
    "code128": "A-1",
    "itf": "0123",
    "pdf417": "A-1",
}


def printed_by(stage: Stage, *lines: SlipText | SlipBarcode) -> str:
    """What is on the paper of this slip."""
    stage.settle()
    before = len(stage.truth().printed)
    stage.driver.print_slip(list(lines), cut=True)
    stage.settle()
    return "\n".join(stage.truth().printed[before:])


@behaviour("slip.lines", "lines are printed in their order")
def lines(stage: Stage) -> None:
    stage.at_work()
    text = printed_by(stage, SlipText("первая"), SlipText("вторая", bold=True), SlipText("третья", Align.CENTRE))
    places = [text.find(word) for word in ("первая", "вторая", "третья")]
    assert -1 < places[0] < places[1] < places[2]


@behaviour("slip.wraps", "a line longer than the paper is wrapped and nothing of it is lost")
def wraps(stage: Stage) -> None:
    stage.at_work()
    words = [f"слово{number}" for number in range(30)]
    text = printed_by(stage, SlipText(" ".join(words)))
    assert text.split() == words


@behaviour("slip.columns", "the capabilities tell how wide a line is: so many characters stand in one row")
def columns(stage: Stage) -> None:
    driver = stage.at_work()
    whole = "Ж" * driver.capabilities.columns
    rows = printed_by(stage, SlipText(whole), SlipText(whole + "Ъ")).split()
    assert rows == [whole, whole, "Ъ"]


@behaviour("slip.align", "right and centre are where they belong")
def align(stage: Stage) -> None:
    driver = stage.at_work()
    width = driver.capabilities.columns
    text = printed_by(stage, SlipText("право", Align.RIGHT), SlipText("середина", Align.CENTRE), SlipText("лево"))
    right, centre, left = [row.rstrip() for row in text.splitlines() if row.strip()]
    assert (len(right), left) == (width, "лево")
    assert abs((len(centre) - len("середина")) - (width - len(centre))) <= 1


def _barcode(kind: str, value: str) -> Behaviour:
    @behaviour(f"slip.barcode-{kind}", f"a barcode of kind {kind} is printed with its value")
    def barcode(stage: Stage) -> None:
        stage.at_work()
        assert value in printed_by(stage, SlipText("код"), SlipBarcode(kind, value))

    return barcode


CODES = tuple(_barcode(kind, value) for kind, value in BARCODES.items())


@behaviour("slip.not-fiscal", "a slip has no fiscal effect")
def not_fiscal(stage: Stage) -> None:
    driver = stage.at_work()
    before, totals = stage.truth(), driver.shift_totals()
    printed_by(stage, SlipText("ИТОГО 100.00"))
    after = stage.truth()
    assert (after.documents, after.drawer, after.open_total) == (before.documents, before.drawer, None)
    assert driver.shift_totals() == totals


@behaviour("slip.not-in-the-next-receipt", "nothing of a slip that was not cut stands in the next receipt's document")
def not_in_the_next(stage: Stage) -> None:
    driver = stage.at_work()
    driver.print_slip([SlipText("чужая строка")], cut=False)
    assert "чужая" not in str(stage.sell()["tags"])


@behaviour("slip.in-a-closed-shift", "a slip needs no open shift")
def closed_shift(stage: Stage) -> None:
    stage.connect()
    assert "запись" in printed_by(stage, SlipText("запись"))


@behaviour("copy.printed", "a copy of the last document is printed and makes no document")
def copy(stage: Stage) -> None:
    driver = stage.at_work()
    stage.sell()
    stage.settle()
    before = stage.truth()
    driver.print_copy()
    stage.settle()
    after = stage.truth()
    assert len(after.printed) == len(before.printed) + 1
    assert "Кабель" in after.printed[-1]
    assert (after.documents, after.drawer) == (before.documents, before.drawer)


@behaviour("drawer.pulse", "the drawer's pulse is sent, once, and nothing else")
def pulse(stage: Stage) -> None:
    driver = stage.at_work()
    stage.settle()
    before = stage.truth()
    driver.open_drawer()
    after = stage.truth()
    assert after.pulses == before.pulses + 1
    assert (after.documents, after.printed, after.drawer) == (before.documents, before.printed, before.drawer)


@behaviour("paper.runs-out-under-a-receipt", "paper that runs out under a receipt does not unmake it, or make another",
           Hand.SLOW_PRINTER, Hand.PAPER_OUT, Hand.PAPER_IN, Able.STEPWISE)  # fmt: skip
def runs_out(stage: Stage) -> None:
    """The paper goes while the last line is being sent: the receipt is closed on an empty printer."""
    driver = stage.at_work()
    stage.settle()
    stage.fill()
    stage.hand(Hand.PAPER_OUT)
    verdict = stage.verdict(lambda: driver.close_receipt(SALE))
    made = len(stage.truth().receipts)
    assert made == (1 if verdict is None else 0)
    stage.hand(Hand.SLOW_PRINTER, 0.02)
    stage.hand(Hand.PAPER_IN)
    if verdict is not None:
        stage.refused(lambda: stage.fill())
        driver.close_receipt(SALE)
    assert len(stage.truth().receipts) == 1


@behaviour("paper.refuses-while-interrupted", "while the rest of a document waits for paper nothing new is begun",
           Hand.SLOW_PRINTER, Hand.FOREIGN_RECEIPT, Hand.PAPER_OUT)  # fmt: skip
def refuses(stage: Stage) -> None:
    stage.at_work()
    interrupt(stage)
    stage.refused(lambda: stage.begin(), "no_paper")
    stage.refused(stage.driver.continue_print, "no_paper")
    assert stage.truth().open_total is None


@behaviour("paper.continues", "with new paper continue_print prints the rest, and no second document comes of it",
           Hand.SLOW_PRINTER, Hand.FOREIGN_RECEIPT, Hand.PAPER_OUT, Hand.PAPER_IN)  # fmt: skip
def continues(stage: Stage) -> None:
    driver = stage.at_work()
    interrupt(stage)
    made = len(stage.truth().receipts)
    stage.hand(Hand.PAPER_IN)
    assert driver.status().paper is Paper.RESUMABLE
    driver.continue_print()
    stage.settle()
    assert driver.status().paper is Paper.PRESENT
    stage.refused(driver.continue_print)
    assert len(stage.truth().receipts) == made
    stage.sell()

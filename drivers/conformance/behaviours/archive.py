"""The archive: a document is read back field by field, from the drive and not from memory of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drivers.api import DocumentKind
from drivers.conformance.behaviours.receipts import kopecks
from drivers.conformance.bench import Hand
from drivers.conformance.catalogue import Able, behaviour
from drivers.conformance.samples import CASHIER, MIXED, RICH, SALE
from drivers.conformance.stage import Stage, cash_sale

KINDS = {kind.value: kind for kind in DocumentKind}


def plain(value: Any) -> Any:
    """A tag that may repeat and stands alone may be written as a list of one or without it."""
    if isinstance(value, Mapping):
        return {str(tag): plain(inner) for tag, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return plain(value[0]) if len(value) == 1 else [plain(each) for each in value]
    return value


@behaviour("archive.a-whole-day", "every document of a day: kind, number, fiscal sign, time and shift", Able.ARCHIVE)
def whole_day(stage: Stage) -> None:
    driver = stage.at_work()
    stage.sell(SALE)
    stage.sell(cash_sale(1000))
    driver.close_shift(*CASHIER)
    for held in stage.truth().documents:
        found = stage.read(held["fd"])
        assert (found.kind, found.fd) == (KINDS[held["type"]], held["fd"])
        assert (found.fpd, found.at.isoformat()) == (held["fpd"], held["at"])
        if held["type"] in ("open_shift", "close_shift", "receipt"):
            assert found.shift_number in (held["tags"]["1038"], None)


@behaviour("archive.receipt", "a receipt's sign, total, shift and number in the shift", Able.ARCHIVE)
def receipt(stage: Stage) -> None:
    stage.at_work()
    for number, total in enumerate((5000, 7000), start=1):
        held = stage.sell(cash_sale(total))
        found = stage.read(held["fd"])
        assert (found.kind, found.sign, found.total) == (DocumentKind.RECEIPT, held["tags"]["1054"], total)
        assert found.total == kopecks(held["tags"]["1020"])
        assert (found.shift_number, found.receipt_in_shift) == (1, number)


@behaviour("archive.tags", "all tags as the drive has them, structures and repeated ones too", Able.ARCHIVE)
def tags(stage: Stage) -> None:
    stage.at_work()
    for each in (RICH, MIXED):
        held = stage.sell(each)
        found = stage.read(held["fd"])
        assert plain(found.tags) == plain(held["tags"])


@behaviour("archive.end", "how far the archive goes, alone: as in a whole status, also while a document is open")
def end(stage: Stage) -> None:
    driver = stage.at_work()
    stage.sell()
    for step in (lambda: None, stage.fill):
        step()
        stage.settle()
        with stage.unchanged():
            told, status = driver.archive_end(), driver.status()
        assert (told.fn_serial, told.last_fd) == (stage.truth().identity["fn"], stage.truth().documents[-1]["fd"])
        assert told.fn_document_open == status.fn_document_open


@behaviour("archive.no-such-document", "None for a number that does not exist", Able.ARCHIVE)
def no_such(stage: Stage) -> None:
    driver = stage.at_work()
    last = stage.truth().documents[-1]["fd"]
    assert [driver.document(fd) for fd in (last + 1, last + 1000)] == [None, None]


@behaviour("archive.changes-nothing", "reading changes nothing, also while a document is open", Able.ARCHIVE,
           Able.STEPWISE)  # fmt: skip
def reading(stage: Stage) -> None:
    driver = stage.at_work()
    held = stage.sell()
    stage.fill()
    stage.settle()
    with stage.unchanged():
        assert stage.read(held["fd"]).total == SALE.total
        assert driver.document(held["fd"] + 1) is None
    driver.close_receipt(SALE)


@behaviour("archive.foreign", "another program's document is read like any other", Hand.FOREIGN_RECEIPT, Able.ARCHIVE)
def foreign(stage: Stage) -> None:
    stage.at_work()
    stage.hand(Hand.FOREIGN_RECEIPT, 12300)
    stage.settle()
    held = stage.truth().receipts[-1]
    found = stage.read(held["fd"])
    assert (found.kind, found.total, found.imprint) == (DocumentKind.RECEIPT, 12300, "")


@behaviour("archive.new-drive", "after a new drive its documents are read, not those of the old one", Hand.NEW_DRIVE,
           Able.ARCHIVE)  # fmt: skip
def new_drive(stage: Stage) -> None:
    driver = stage.at_work()
    old = stage.sell()["fd"]
    assert stage.read(old).fd == old
    stage.hand(Hand.NEW_DRIVE)
    stage.again()
    assert driver.status().last_fd == stage.truth().documents[-1]["fd"] < old
    assert driver.document(old) is None


@behaviour("archive.nothing-cached", "a document is read anew after the channel was closed", Able.ARCHIVE)
def nothing_cached(stage: Stage) -> None:
    driver = stage.at_work()
    fd = stage.sell()["fd"]
    first = stage.read(fd)
    driver.disconnect()
    with stage.silent():
        stage.not_sent(lambda: driver.document(fd))
    stage.connect()
    assert stage.read(fd) == first

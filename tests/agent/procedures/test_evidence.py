"""b.3.6 as a table: what the archive shows, and what follows."""

# ruff: noqa: DTZ001  (a register has local time only)

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from agent.procedures.asks import Seen
from agent.procedures.evidence import Proven, ProvenNone, Undecidable, decide, differences, summary
from drivers.api import CloseReply, DocumentKind, FiscalDocument
from protocol.ffd.planned import PlannedReceipt
from tests.support.play import PLAN

MARKED, UNMARKED = PLAN, replace(PLAN, imprint=None)
IMPRINT = "ABCDEFGHIJKLM"


def document(fd: int = 7, **changes: Any) -> FiscalDocument:
    """A document with the contents of the plan and nobody's imprint."""
    at = datetime(2026, 7, 1, 12, 0)
    plain = FiscalDocument(DocumentKind.RECEIPT, fd, str(3000000000 + fd), at, 1, PLAN.total, 1, 1, "")
    return replace(plain, **changes)


OURS = document(imprint=IMPRINT)
ALIKE = document()
OTHER = document(8, total=100)
THEIRS = document(9, imprint="ZZZZZZZZZZZZZ")
UNREAD = document(10, imprint=None)
SHIFT = document(6, kind=DocumentKind.CLOSE_SHIFT, sign=None, total=None, imprint=None)

WITH_IMPRINT = [
    # seen                                          exclusive or not
    ([],                                            ProvenNone()),
    ([SHIFT],                                       ProvenNone()),  # only receipts can be ours
    ([OURS],                                        Proven(OURS)),
    ([OTHER, SHIFT, OURS, THEIRS],                  Proven(OURS)),
    ([ALIKE],                                       ProvenNone()),  # without the imprint it is not ours
    ([ALIKE, OTHER, THEIRS],                        ProvenNone()),
    ([OURS, document(8, imprint=IMPRINT)],          "two_documents"),  # H4
    ([document(total=100, imprint=IMPRINT)],        "content_differs"),  # H5
    ([document(sign=2, imprint=IMPRINT)],           "content_differs"),
    ([UNREAD],                                      "archive_unreadable"),  # H2
    ([OURS, UNREAD],                                "archive_unreadable"),  # it may be a second one
]  # fmt: skip


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize(("seen", "verdict"), WITH_IMPRINT)
def test_with_imprint(seen: list[FiscalDocument], verdict: object, exclusive: bool) -> None:
    told = decide([Seen(d, None) for d in seen], MARKED, exclusive=exclusive)
    assert (told.code if isinstance(told, Undecidable) else told) == verdict


NAMED = CloseReply(7, "3000000007", None)
WITHOUT = [
    # seen             exclusive  closing  reply   verdict
    ([],               True,      True,    None,   ProvenNone()),
    ([],               False,     True,    None,   ProvenNone()),
    ([SHIFT],          False,     True,    None,   ProvenNone()),
    ([ALIKE],          True,      True,    None,   Proven(ALIKE)),
    ([ALIKE],          True,      False,   None,   "looks_alike"),  # no closing command was sent: it is not ours
    ([ALIKE],          False,     True,    None,   "looks_alike"),  # H1
    ([OTHER],          True,      True,    None,   "looks_alike"),
    ([ALIKE, OTHER],   True,      True,    None,   "looks_alike"),
    ([OURS],           True,      True,    None,   "looks_alike"),  # it carries an imprint: some job's, not this plan's
    ([UNREAD],         True,      True,    None,   Proven(UNREAD)),
    # the register's own answer to the closing command names the document
    ([ALIKE],          False,     True,    NAMED,  Proven(ALIKE)),
    ([OTHER, ALIKE],   False,     True,    NAMED,  Proven(ALIKE)),
    ([document(total=1)], False,  True,    NAMED,  "content_differs"),
    ([document(fpd="1")], False,  True,    NAMED,  "looks_alike"),  # another fiscal sign under the same number
    ([OTHER],          False,     True,    NAMED,  "looks_alike"),
    ([],               False,     True,    NAMED,  ProvenNone()),  # the archive is right
    ([ALIKE],          False,     True,    CloseReply(None, None, 0), "looks_alike"),
]  # fmt: skip


@pytest.mark.parametrize(("seen", "exclusive", "closing", "reply", "verdict"), WITHOUT)
def test_without_imprint(
    seen: list[FiscalDocument], exclusive: bool, closing: bool, reply: CloseReply | None, verdict: object
) -> None:
    told = decide([Seen(d, None) for d in seen], UNMARKED, exclusive=exclusive, closing=closing, reply=reply)
    assert (told.code if isinstance(told, Undecidable) else told) == verdict


@pytest.mark.parametrize("kind", list(DocumentKind))
def test_what_counts_as_a_receipt(kind: DocumentKind) -> None:
    """A kind that is not known may be one: it is not overlooked."""
    receipts = {"receipt", "strict_form", "correction", "correction_strict_form", "other"}
    told = decide([Seen(document(kind=kind, imprint=None), None)], MARKED, exclusive=True)
    assert isinstance(told, Undecidable) == (kind.value in receipts)


def _with_rates(*rates: int) -> FiscalDocument:
    return document(tags={"1059": [{"1199": rate} for rate in rates]})


def _paid(tags: dict[str, str]) -> FiscalDocument:
    return document(tags=tags)


CONTENTS = [
    (ALIKE,                       ()),
    (document(total=1),           ("total 1, planned 35000",)),
    (document(sign=2, total=1),   ("sign 2, planned 1", "total 1, planned 35000")),
    (document(total=None),        ("total None, planned 35000",)),
    (_with_rates(6, 6),           ()),
    (_with_rates(6, 1),           ("VAT codes 1,6, planned 6,6",)),  # the register replaced a rate by itself
    (_with_rates(6),              ("1 lines, planned 2",)),
    (_paid({"1031": "350.00"}),   ()),  # what was not used may be missing
    (_paid({"1031": "350.00", "1081": "0.00", "1215": "0.00", "1216": "0.00", "1217": "0.00"}), ()),
    (_paid({"1081": "350.00"}),   ("payment 1031 0.00, planned 350.00", "payment 1081 350.00, planned 0.00")),
    (_paid({"1031": "350.00", "1217": "0.01"}), ("payment 1217 0.01, planned 0.00",)),
    (document(tags={}),           ()),  # the register keeps only the summary
]  # fmt: skip


@pytest.mark.parametrize(("found", "told"), CONTENTS)
def test_differences(found: FiscalDocument, told: tuple[str, ...]) -> None:
    plan: PlannedReceipt = MARKED
    assert differences(found, plan) == told


def test_what_a_person_is_shown() -> None:
    assert summary(OURS) == {
        "kind": "receipt", "fd": 7, "fpd": "3000000007", "at": "2026-07-01T12:00:00", "total": 35000, "sign": 1,
        "imprint": IMPRINT,
    }  # fmt: skip

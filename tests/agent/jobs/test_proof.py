"""A document of the archive as the proof that the CRM gets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from agent.jobs.proof import device_proof, person_proof
from drivers.api import DocumentKind, FiscalDocument, Identity, Paper, ShiftState, Status
from protocol.crm.outcomes import Proof, ProofSource
from tests.agent.journal.test_store import job
from tests.protocol.ffd.payloads import item, payload, planned
from tests.support.crm import FN, SERIAL

AT = datetime.fromisoformat("2026-07-01T15:04:30")  # local, without a zone
IDENTITY = Identity("Штрих-М", SERIAL, FN, "0000000000012345", "7700000000", "1.2")
STATUS = Status(
    SERIAL, FN, ShiftState.OPEN, 3, 4, document_open=False, fn_document_open=False, last_fd=12, busy=False,
    paper=Paper.PRESENT, cover_open=False, at=AT, drawer=25000,
)  # fmt: skip
TAGS = {"1020": "110.00", "1031": "60.00", "1103": "10.00"}


def document(**more: Any) -> FiscalDocument:
    known: dict[str, Any] = {
        "kind": DocumentKind.RECEIPT, "fd": 12, "fpd": "0123456789", "at": AT, "sign": 1, "total": 11000,
        "shift_number": 3, "receipt_in_shift": 4, "imprint": "A" * 13, "tags": TAGS,
    }  # fmt: skip
    return FiscalDocument(**known | more)


def proof(made: FiscalDocument, **more: Any) -> Proof:
    known: dict[str, Any] = {
        "identity": IDENTITY, "status": STATUS, "timezone": "Europe/Moscow", "plan": None,
    }  # fmt: skip
    return device_proof(made, **known | more)


def test_everything_comes_from_the_archive_and_the_register() -> None:
    made = proof(document())
    assert (made.source, made.fn, made.fd, made.fpd) == (ProofSource.DEVICE, FN, 12, "0123456789")
    assert (made.shift, made.receipt_in_shift, made.total, made.drawer) == (3, 4, "110.00", "250.00")
    assert (made.register_serial, made.registration_number) == (SERIAL, "0000000000012345")
    assert made.vat == {"vat10": "10.00"}
    assert made.qr == f"t=20260701T1504&s=110.00&fn={FN}&i=12&fp=123456789&n=1"


@pytest.mark.parametrize(
    ("zone", "offset"), [("Europe/Moscow", "+03:00"), ("Asia/Kamchatka", "+12:00"), ("Europe/Kaliningrad", "+02:00")]
)
def test_the_registers_local_time_gets_the_desks_offset(zone: str, offset: str) -> None:
    printed = proof(document(), timezone=zone).printed_at
    assert printed is not None
    assert printed.isoformat() == f"2026-07-01T15:04:30{offset}"


def test_what_a_register_keeps_no_longer_is_left_out_not_made_up() -> None:
    made = proof(document(tags={}, total=None, sign=None), status=None)
    assert (made.total, made.qr, made.vat, made.drawer, made.change) == (None, None, None, None, None)


@pytest.mark.parametrize(
    ("cash", "tags", "change"), [("100.00", TAGS, "40.00"), ("60.00", TAGS, None), ("100.00", {}, None)]
)
def test_change_is_told_only_where_the_archive_shows_cash(cash: str, tags: dict[str, str], change: str | None) -> None:
    plan = planned(payload(item("60.00"), cash=cash))
    assert proof(document(tags=tags), plan=plan).change == change


def test_a_persons_word_names_the_person_and_whether_the_device_agrees() -> None:
    row = job()
    blind = person_proof(row, None, None, "Иванова", "чек у покупателя")
    assert (blind.source, blind.person, blind.person_reason) == (ProofSource.PERSON, "Иванова", "чек у покупателя")
    assert (blind.verified, blind.fd) == (False, None)
    seen = person_proof(row, document(), proof(document()), "Иванова", "x")
    assert (seen.source, seen.verified, seen.fd, seen.fn) == (ProofSource.PERSON, True, 12, FN)
    other = person_proof(row, document(imprint="B" * 13), proof(document()), "Иванова", "x")
    assert other.verified is False


def test_a_word_that_is_not_what_was_asked_for_is_told_and_no_more_than_a_message_holds() -> None:
    plan = planned(payload(*(item(name="Сборка") for _ in range(30)), card="3000.00"))
    lines: list[dict[str, Any]] = [{"1030": "Сборка", "1199": 6} for _ in plan.lines]
    assert proof(document(tags={"1059": lines}), plan=plan).differs == ()
    lines[2] = {"1030": "Сборкка", "1199": 6}
    told = proof(document(tags={"1059": lines}), plan=plan).differs
    assert [(d.tag, d.line, d.asked, d.stands) for d in told] == [(1030, 3, "Сборка", "Сборкка")]
    every = [{"1030": "?"} for _ in plan.lines]
    assert len(proof(document(tags={"1059": every}), plan=plan).differs) == 20

"""Every kind of register job is taken with a good payload and refused with a bad one, naming the field; what a job
found out is written once and told with every later word."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.jobs import transitions
from agent.jobs.transitions import because
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent, Known
from protocol.crm.jobs import JobKind
from protocol.crm.messages import KnownJob, Reject, Update
from protocol.crm.payloads import SUPPORTED
from tests.support.crm import RECEIPT
from tests.support.job_books import SNAPSHOT, Bench

V = JobEvent
CASHIER = {"name": "Иванова М.", "inn": "500100732259"}
SALE = RECEIPT | {"payments": [{"type": "card", "amount": "60.00"}, {"type": "cash", "amount": "40.00"}]}
RETURN = SALE | {"type": "sell_return"}
ORIGINAL = {"amount": "60.00", "rrn": "123456789012"}
GOOD: dict[JobKind, list[dict[str, Any]]] = {
    JobKind.RECEIPT: [RECEIPT],
    JobKind.OPEN_SHIFT: [{}, {"cashier": CASHIER}],
    JobKind.CLOSE_SHIFT: [{}, {"cashier": CASHIER}],
    JobKind.X_REPORT: [{}],
    JobKind.CASH_IN: [{"amount": "500.00"}, {"amount": "0.01", "cashier": CASHIER}],
    JobKind.CASH_OUT: [{"amount": "500.00"}],
    JobKind.PRINT_TEXT: [{"lines": [{"text": "Привет"}, {"barcode": {"type": "qr", "value": "1"}}], "cut": False}],
    JobKind.PRINT_COPY: [{}, {"fd": 7}],
    JobKind.OPEN_DRAWER: [{}],
    JobKind.DEVICE_STATUS: [{}],
    JobKind.DOCUMENT: [{"fd": 7}],
    JobKind.SALE: [RECEIPT, SALE, SALE | {"cards": [{"means": "sbp"}]}],
    JobKind.SALE_REFUND: [RETURN, RETURN | {"cards": [{"original": ORIGINAL}]}],
    JobKind.PAYMENT: [{"amount": "1250.00"}, {"amount": "0.01", "means": "sbp"}],
    JobKind.REFUND: [{"amount": "5.00"}, {"amount": "5.00", "original": {"amount": "5.00", "rrn": "1"}}],
    JobKind.VOID: [{"amount": "5.00", "original": {"amount": "5.00", "at": "2026-03-01T12:00:00"}}],
    JobKind.SETTLEMENT: [{}],
    JobKind.TERMINAL_STATUS: [{}],
}
BAD: list[tuple[JobKind, dict[str, Any], str]] = [
    (JobKind.RECEIPT, {**RECEIPT, "taxation": "none of them"}, "taxation"),
    (JobKind.OPEN_SHIFT, {"cashier": {"inn": "500100732259"}}, "cashier.name"),
    (JobKind.OPEN_SHIFT, {"casher": CASHIER}, "casher"),
    (JobKind.CASH_IN, {}, "amount"),
    (JobKind.CASH_IN, {"amount": "0.00"}, "amount"),
    (JobKind.CASH_OUT, {"amount": 500}, "amount"),
    (JobKind.X_REPORT, {"fd": 1}, "fd"),
    (JobKind.PRINT_TEXT, {"lines": []}, "lines"),
    (JobKind.PRINT_TEXT, {"lines": [{"text": "a"}, {"text": "b", "bold": "yes"}]}, "lines[1].bold"),
    (JobKind.PRINT_COPY, {"fd": 0}, "fd"),
    (JobKind.DOCUMENT, {}, "fd"),
    (JobKind.DOCUMENT, {"fd": "7"}, "fd"),
    (JobKind.SALE, {**SALE, "taxation": "none of them"}, "taxation"),
    (JobKind.SALE, RETURN, "type"),
    (JobKind.SALE_REFUND, SALE, "type"),
    (JobKind.SALE, SALE | {"cards": []}, "cards"),
    (JobKind.SALE, SALE | {"cards": [{"means": "cash"}]}, "cards[0].means"),
    (JobKind.SALE, SALE | {"cards": [{"original": ORIGINAL}]}, "cards[0].original"),
    (JobKind.SALE_REFUND, RETURN | {"cards": [{"original": {"amount": "59.99"}}]}, "cards[0].original"),
    (JobKind.RECEIPT, SALE | {"cards": [{}]}, "cards"),
    (JobKind.PAYMENT, {"amount": "0.00"}, "amount"),
    (JobKind.PAYMENT, {"amount": "5.00", "means": "cash"}, "means"),
    (JobKind.VOID, {"amount": "5.00"}, "original"),
    (JobKind.SETTLEMENT, {"amount": "5.00"}, "amount"),
]


def test_the_table_is_complete() -> None:
    assert set(GOOD) == set(SUPPORTED)


@pytest.mark.parametrize(
    ("kind", "payload"), [(k, p) for k, payloads in GOOD.items() for p in payloads], ids=lambda v: str(v)[:30]
)
def test_a_good_payload_of_every_kind_is_accepted(book: Bench, kind: JobKind, payload: dict[str, Any]) -> None:
    book.offers(kind=kind, payload=payload)
    assert (book.row().state, book.row().kind) == (Known.ACCEPTED, kind.value)


@pytest.mark.parametrize(("kind", "payload", "field"), BAD, ids=[f"{k}-{f}" for k, _, f in BAD])
def test_a_bad_payload_names_its_field(book: Bench, kind: JobKind, payload: dict[str, Any], field: str) -> None:
    book.offers(kind=kind, payload=payload)
    (said,) = book.told()
    assert isinstance(said, Reject)
    assert said.reason.code == "bad_payload"
    assert str(said.reason.detail).split(": ")[0] == field
    assert not book.has("j1")


# --- what a job found out -------------------------------------------------------------------------------------------

DOCUMENT = {"type": "close_shift", "fd": 12, "tags": {"1040": 12, "1020": "не деньги"}}
FACTS = {"result": {"drawer": "5.00"}, "document": DOCUMENT}


def _proves(book: Bench, facts: dict[str, Any]) -> None:
    book.offers(kind=JobKind.CLOSE_SHIFT, payload={})
    book.book.transition("j1", V.INTENT, outcome={}, snapshot=SNAPSHOT, first_snapshot=SNAPSHOT)
    book.book.transition("j1", V.PROVEN, outcome={"paper": "incomplete"}, facts=facts)


def test_what_was_found_out_is_written_once_and_told_every_time(book: Bench) -> None:
    _proves(book, FACTS)
    said = book.told()[-1]
    assert isinstance(said, Update)
    assert (said.result, said.document) == (FACTS["result"], DOCUMENT)
    book.book.transition("j1", V.PAPER, outcome={"paper": "complete"})
    again = book.update()
    assert (again.result, again.document, again.paper) == (FACTS["result"], DOCUMENT, "complete")
    book.book.differences([KnownJob(job_id="j1", rev=1)])
    assert book.update().document == DOCUMENT
    bodies = book.journal.read(lambda tx: [json.dumps(r.body, ensure_ascii=False) for r in tx.records("j1")])
    assert sum("не деньги" in body for body in bodies) == 1
    assert "не деньги" not in json.dumps(book.row().to_json(), ensure_ascii=False)


def test_a_document_too_large_for_a_message_stays_here(book: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transitions, "DOCUMENT_BYTES", 30)
    _proves(book, FACTS)
    said = book.told()[-1]
    assert isinstance(said, Update)
    assert (said.result, said.document) == (FACTS["result"], None)
    assert book.journal.read(lambda tx: tx.facts("j1")) == FACTS


def test_whose_paper_is_owed_is_a_fact_of_the_device(book: Bench) -> None:
    _proves(book, FACTS)
    assert book.device().unprinted == "j1"
    book.journal.rebuild()
    assert book.device().unprinted == "j1"
    book.book.transition("j1", V.PAPER, outcome={"paper": "complete"})
    assert book.device().unprinted is None


@pytest.mark.parametrize(
    ("kind", "events", "state"),
    [
        (JobKind.DEVICE_STATUS, (V.ANSWERED,), Known.DONE),
        (JobKind.DOCUMENT, (V.IMPOSSIBLE,), Known.NOT_DONE),
        (JobKind.X_REPORT, (V.INTENT, V.UNPROVEN), Known.NOT_DONE),
    ],
)
def test_kinds_without_a_document_end_in_their_own_way(
    book: Bench, kind: JobKind, events: tuple[JobEvent, ...], state: Known
) -> None:
    book.offers(kind=kind, payload=GOOD[kind][0])
    for event in events:
        book.book.transition("j1", event, outcome=because(reason("no_data")), facts={"result": {"fd": 7}})
    said = book.told()[-1]
    assert isinstance(said, Update)
    assert (book.row().state, said.state.value, said.result) == (state, state.value, {"fd": 7})

"""No message is larger than the link takes: one that is would end every connection, with all that waits behind it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from agent.devices.recorder import Recorder
from agent.jobs.transitions import update_of
from agent.procedures import evidence
from agent.procedures.asks import NoteSeen, Seen
from drivers.api import DocumentKind, FiscalDocument
from protocol.crm.envelope import MAX_BYTES, Envelope
from protocol.crm.jobs import sha256_hex
from tests.agent.devices.bench import bench
from tests.support.crm import FN

ROOM = MAX_BYTES - 8 * 1024  # for evidence, proof and what else a message carries


def size(body: Any) -> int:
    return len(Envelope("m" * 32, datetime.now().astimezone(), body).to_text().encode())


def foreign(fd: int) -> FiscalDocument:
    return FiscalDocument(DocumentKind.RECEIPT, fd, "4294967295", datetime(2026, 7, 1, 12, 0), 1, 10**9, 1, fd, "")  # noqa: DTZ001


def test_a_week_of_another_programs_receipts_was_too_much_to_tell(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        recorder = Recorder(b.row().kkm_id, b.book, lambda: b.register.connect())
        recorder.note_seen(NoteSeen(FN, 9000, tuple(Seen(foreign(fd), None) for fd in range(2, 9000))))
        (event,) = [event for event in b.events() if event.kind == "foreign_document"]
        assert size(event) < ROOM
        assert event.body["count"] == 8998
        assert [event.body["documents"][n]["fd"] for n in (0, -1)] == [2, 8999]


def test_candidates_by_the_thousand_were_too_much_to_show() -> None:
    shown = evidence.summaries([foreign(fd) for fd in range(2, 9000)])
    assert (shown[0]["fd"], shown[-1]["fd"], len(shown)) == (2, 8999, evidence.SHOWN)
    assert len(evidence.summaries([foreign(2)])) == 1


def test_a_job_that_a_restored_server_is_told_anew_was_too_large_with_its_document(tmp_path: Path) -> None:
    with bench(tmp_path) as b:
        b.offer()
        row = b.run()
        payload = {**b.made_offer().payload, "note": "п" * 60_000}
        offer = b.made_offer(payload=payload, payload_hash=sha256_hex(payload))
        document = {"type": "receipt", "tags": {"1059": "x" * 150_000}}

        def told(tx: Any) -> Any:
            tx.write_job(replace(row, rev=row.rev + 1), "test", facts={"document": document})
            return update_of(tx, row), update_of(tx, row, offer=offer)

        alone, whole = b.journal.commit(told)
        assert alone.document == document
        assert size(whole) < ROOM
        assert whole.offer == offer

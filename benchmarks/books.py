"""A receipt's way through the job book: what the journal writes for it, from the offer to the server's last word."""

from __future__ import annotations

from agent.journal.rows import Snapshot
from protocol.crm.job_machine import JobEvent
from protocol.crm.jobs import JobState
from protocol.crm.messages import Offer
from tests.support.crm import FN, SERIAL
from tests.support.crm import offer as sample_offer
from tests.support.job_books import Bench

SNAPSHOT = Snapshot(SERIAL, FN, 11, 3, 4, "2026-07-01T15:00:00")
TRANSACTIONS = 5
"""Offer, INTENT, CLOSING, OUTCOME, acknowledged."""


def offers(bench: Bench, prefix: str, count: int) -> list[Offer]:
    """Signed beforehand: the server's work is none of the journal's."""
    return [bench.key.signed("offer", sample_offer(f"{prefix}-{number}")) for number in range(count)]


def receipt(bench: Bench, offer: Offer) -> None:
    book, job_id = bench.book, offer.job_id
    book.receive("offer", offer, acting=True)
    book.transition(job_id, JobEvent.INTENT, outcome={}, snapshot=SNAPSHOT, first_snapshot=SNAPSHOT, imprinted=True)
    book.transition(job_id, JobEvent.CLOSING)
    book.transition(job_id, JobEvent.PROVEN, outcome={"paper": "complete"}, facts={"document": {"fd": 12}})
    sent = bench.journal.read(lambda tx: tx.outbox(100))
    book.acknowledged([msg_id for msg_id, _, body in sent if getattr(body, "job_id", None) == job_id])


def is_done(bench: Bench, offer: Offer) -> bool:
    row = bench.row(offer.job_id)
    return row.archived and row.state.value == JobState.DONE.value

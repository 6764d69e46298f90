"""What the server lacks is said, what it has acknowledged is archived; contradictions are told."""

from __future__ import annotations

from datetime import datetime

import pytest

from agent.journal.rows import JobRow
from drivers.api import DocumentKind, FiscalDocument
from protocol.crm.job_machine import JobEvent, Known
from protocol.crm.jobs import JobState, imprint_of
from protocol.crm.messages import Event, KnownJob, Update
from tests.support.crm import KKM, TENANT
from tests.support.job_books import Bench

K, V = Known, JobEvent
DONE = (V.INTENT, V.CLOSING, V.PROVEN)


def lacks(book: Bench, since: int = 0, **revs: int) -> dict[str, Update]:
    """What is said after a greeting in which the server has named these revs, and its last record of this journal."""
    book.book.differences([KnownJob(job_id=job_id, rev=rev) for job_id, rev in revs.items()], since)
    return {said.job_id: said for said in book.told() if isinstance(said, Update)}


def test_exactly_what_the_server_lacks_is_said(book: Bench) -> None:
    for name in ("same", "behind", "ahead", "unknown"):
        book.offers(name)
        book.renews(2, job_id=name)
    book.told()
    said = lacks(book, same=2, behind=1, ahead=3, never=1)
    assert {name: update.rev for name, update in said.items()} == {"behind": 2, "unknown": 2}


def test_a_job_that_the_server_does_not_know_travels_with_its_signed_offer(book: Bench) -> None:
    made = book.offers("lost")
    book.offers("known")
    book.told()
    said = lacks(book, known=0)
    assert (said["lost"].offer, said["known"].offer) == (made, None)


def test_words_that_a_restored_server_could_not_take_stood_in_the_outbox_until_the_next_connection(book: Bench) -> None:
    """It refuses every word about a job that it does not know, but the one that brings the job along."""
    book.offers()
    book.lane(V.INTENT)
    book.book.differences([])
    waiting = [body for _, _, body in book.journal.read(lambda tx: tx.outbox(10))]
    assert len(waiting) == 1
    assert isinstance(waiting[0], Update)
    assert waiting[0].offer is not None


def test_what_still_waits_in_the_outbox_is_not_said_twice(book: Bench) -> None:
    book.offers()
    assert len(book.outbox()) == 1
    book.book.differences([KnownJob(job_id="j1", rev=0)])
    assert len(book.outbox()) == 1


def test_a_job_that_was_given_back_is_not_said(book: Bench) -> None:
    book.offers()
    book.releases()
    book.told()
    assert lacks(book, j1=0) == {}


def test_a_server_restored_from_a_backup_hears_how_archived_jobs_ended(book: Bench) -> None:
    book.offers()
    book.lane(*DONE)
    book.acks()
    assert book.row().archived
    assert lacks(book) == {}, "what it does not name is the CRM's to ask for again"
    said = lacks(book, j1=1)["j1"]
    assert (said.state, said.rev) == (JobState.DONE, book.row().rev)
    assert lacks(book, j1=book.row().rev) == {}


def test_a_restored_server_that_has_never_heard_of_a_receipt_learns_of_it(book: Bench) -> None:
    """Posted, printed and acknowledged after the copy was made: with its proof, and with the offer that the server
    itself has signed."""
    book.offers("before")
    book.lane(*DONE, job_id="before")
    book.acks()
    confirmed = book.head()
    book.offers("after")
    book.lane(*DONE, job_id="after")
    book.acks()
    book.told()
    said = lacks(book, since=confirmed)
    assert {name: (update.state, update.offer is not None) for name, update in said.items()} == {
        "after": (JobState.DONE, True)
    }
    assert lacks(book, since=book.head()) == {}


def test_a_final_job_is_archived_by_the_ack_of_its_last_word_only(book: Bench) -> None:
    book.offers()
    book.lane(*DONE)
    book.lane(V.PAPER)
    entries = book.journal.read(lambda tx: tx.outbox(99))
    revs = {msg_id: body.rev for msg_id, _, body in entries if isinstance(body, Update)}
    last = max(revs, key=lambda msg_id: revs[msg_id])
    book.book.acknowledged([msg_id for msg_id, _, _ in entries if msg_id != last])
    assert not book.row().archived
    book.book.acknowledged([last])
    assert book.row().archived
    assert book.outbox() == []
    assert book.journal.read(lambda tx: tx.live_jobs()) == []


def test_an_ack_of_an_unfinished_job_archives_nothing(book: Bench) -> None:
    book.offers()
    book.renews(2)
    book.acks()
    assert not book.row().archived


def test_acks_repeated_or_of_unknown_messages_are_harmless(book: Bench) -> None:
    book.offers()
    ids = [msg_id for msg_id, _, _ in book.journal.read(lambda tx: tx.outbox(9))]
    head = book.head()
    for _ in range(2):
        book.book.acknowledged([*ids, "never", ids[0]])
    assert (book.outbox(), book.head()) == ([], head)


def test_everything_a_message_needs_is_on_disk_before_it_can_leave(book: Bench) -> None:
    """Whatever is in the outbox, the projections are at least as new."""
    book.offers()
    book.lane(V.INTENT, V.DOUBT, V.UNDECIDABLE)
    for said in book.outbox():
        assert book.row().rev >= said.rev  # type: ignore[attr-defined]
    before = book.row()
    book.journal.rebuild()
    assert book.row() == before


def document(imprint: str | None, fd: int = 12) -> FiscalDocument:
    return FiscalDocument(DocumentKind.RECEIPT, fd, "1", datetime.fromisoformat("2026-07-01T15:00:00"), imprint=imprint)


@pytest.mark.parametrize("ending", [(V.INTENT, V.DOUBT, V.UNDECIDABLE, V.DECIDED_NOT_DONE), (V.CANCEL,)])
def test_a_document_of_a_job_that_was_said_not_to_be_made_is_told(book: Bench, ending: tuple[JobEvent, ...]) -> None:
    book.offers()
    book.lane(*ending)
    book.told()
    imprint = imprint_of(TENANT, "j1")
    book.book.contradictions(KKM, [document("OTHER" + "A" * 8), document(None), document(imprint)])
    (said,) = book.told()
    assert isinstance(said, Event)
    assert (said.kind, said.kkm_id, said.body["job_id"], said.body["fd"]) == ("decision_contradicted", KKM, "j1", 12)
    assert book.book.owner_of(imprint) == "j1"
    assert book.book.owner_of(None) is None


def test_a_document_of_a_job_that_is_done_contradicts_nothing(book: Bench) -> None:
    book.offers()
    book.lane(*DONE)
    book.told()
    book.book.contradictions(KKM, [document(imprint_of(TENANT, "j1"))])
    assert book.told() == []


def test_a_transition_that_the_machine_refuses_writes_nothing(book: Bench) -> None:
    book.offers()
    head = book.head()
    moved = book.book.transition("j1", V.PROVEN)
    assert not isinstance(moved, JobRow)
    assert (moved.code, book.head()) == ("not_started", head)


def test_a_lane_is_woken_by_what_concerns_it(book: Bench) -> None:
    book.offers()
    book.cancels()
    book.binds(2)
    assert book.woken == [KKM, KKM, KKM]
    book.woken.clear()
    book.pongs()
    assert book.woken == [None, None]


def test_a_tombstone_is_told_although_nobody_knows_its_register(book: Bench) -> None:
    book.cancels("early", rev=2)
    book.told()
    said = lacks(book)
    assert (said["early"].state, said["early"].offer) == (JobState.CANCELLED, None)

"""A cancel of what may have been printed already: an older copy of the disk knows nothing of it."""

from __future__ import annotations

import pytest

from agent.jobs.cancelling import CAUTION
from protocol.crm.job_machine import JobEvent as V
from protocol.crm.job_machine import Known as K
from protocol.crm.jobs import JobState
from tests.support.job_books import KKM, Bench


@pytest.fixture
def begun(book: Bench) -> Bench:
    """A new process over a journal in which j1 waits, on a register whose archive ended with document 11."""
    book.offers()
    book.told()
    return Bench(book.journal, book.hands)


def test_a_job_of_this_process_is_cancelled_at_once(book: Bench) -> None:
    book.offers()
    book.cancels()
    assert book.row().state is K.CANCELLED


def test_a_cancel_just_after_a_restored_disk_ended_a_job_whose_document_was_in_the_archive(begun: Bench) -> None:
    begun.cancels(rev=9)
    assert begun.told() == []
    assert begun.book.next_work(KKM)[1] is None, "it does not start any more"
    (found,) = begun.book.adopted(KKM)
    assert found.row.outcome["search_above"] == 11
    assert begun.lane(V.FOUND).state is K.DONE


def test_without_a_document_it_is_cancelled(begun: Bench) -> None:
    begun.cancels(rev=9)
    begun.book.searched("j1")
    said = begun.update()
    assert (said.state, said.rev) == (JobState.CANCELLED, 10)


def test_the_register_is_waited_for_no_longer_than_the_caution_lasts(begun: Bench) -> None:
    begun.cancels(rev=9)
    begun.hands.turn(CAUTION - 1)
    begun.book.tick()
    assert begun.row().state is not K.CANCELLED
    begun.hands.turn(2)
    begun.book.tick()
    assert begun.row().state is K.CANCELLED


def test_later_it_is_cancelled_at_once_again(begun: Bench) -> None:
    begun.hands.turn(CAUTION + 1)
    begun.cancels(rev=9)
    assert begun.row().state is K.CANCELLED


def test_the_wait_outlives_another_restart(begun: Bench) -> None:
    begun.cancels(rev=9)
    again = Bench(begun.journal, begun.hands)
    assert [work.row.job_id for work in again.book.adopted(KKM)] == ["j1"]
    again.hands.turn(CAUTION + 1)
    again.book.tick()
    assert again.row().state is K.CANCELLED


def test_a_register_whose_archive_was_never_seen_is_not_waited_for(book: Bench) -> None:
    book.binds(1, kkm_id="18")
    book.offers(kkm_id="18")
    again = Bench(book.journal, book.hands)
    again.cancels(rev=9)
    assert again.row().state is K.CANCELLED

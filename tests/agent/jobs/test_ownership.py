"""Bindings: who owns a register, what is adopted, and what an agent gives up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agent.journal.records import RecordKind
from protocol.crm.job_machine import JobEvent, Known
from protocol.crm.jobs import JobState
from protocol.crm.messages import Accept, Desk, Released, Update
from tests.support.crm import FN, KKM, SERIAL, JobKey
from tests.support.job_books import Bench, bench

K, V = Known, JobEvent


def test_a_first_bind_makes_the_register_ours(book: Bench) -> None:
    device = book.device()
    assert (device.binding_epoch, device.register_serial, device.released) == (1, SERIAL, False)
    assert (device.fn_serial, device.highest_fd) == (FN, 11)
    assert device.settings == Desk()


def test_a_bind_again_changes_the_desk_and_keeps_the_jobs(book: Bench) -> None:
    book.offers()
    book.binds(desk=Desk(exclusive=False, timezone="Asia/Omsk"))
    assert book.row().state is K.ACCEPTED
    assert (book.device().exclusive, book.device().settings.timezone) == (False, "Asia/Omsk")


def test_a_bind_again_does_not_touch_what_this_journal_has_read_of_the_archive(book: Bench) -> None:
    """Documents that only the server has heard of still have to be read here, or a foreign one goes unnoticed."""
    for last_fd in (20, 5):
        book.binds(fn_serial=FN, last_fd=last_fd)
        book.binds(fn_serial="9999000000000001", last_fd=last_fd)
    book.binds()
    assert (book.device().fn_serial, book.device().highest_fd) == (FN, 11)


def test_under_a_new_epoch_the_highest_document_never_goes_back_on_the_same_drive(book: Bench) -> None:
    book.binds(2, fn_serial=FN, last_fd=20)
    assert book.device().highest_fd == 20
    book.binds(3, fn_serial=FN, last_fd=15)
    assert book.device().highest_fd == 20


def test_a_lower_epoch_is_an_old_word(book: Bench) -> None:
    book.binds(3)
    before = book.device(), book.head()
    book.binds(2, desk=Desk(exclusive=False))
    assert (book.device(), book.head()) == before


def test_a_higher_epoch_gives_up_what_waits_here(book: Bench) -> None:
    book.offers("waits")
    book.offers("ended")
    book.cancels("ended")
    book.binds(2)
    assert [book.row(name).state for name in ("waits", "ended")] == [K.ABSENT, K.CANCELLED]
    assert book.book.next_work(KKM)[1] is None
    book.told()
    book.book.differences([])
    assert {said.job_id for said in book.told() if isinstance(said, Update)} == {"ended"}


@pytest.mark.parametrize("events", [(V.INTENT,), (V.INTENT, V.DOUBT), (V.INTENT, V.DOUBT, V.UNDECIDABLE)])
def test_a_higher_epoch_never_abandons_an_open_intent(book: Bench, events: tuple[JobEvent, ...]) -> None:
    """Only this journal can resolve it; what it finds is said under the new epoch and above the server's rev."""
    book.offers()
    before = book.lane(*events)
    book.told()
    book.binds(2, open_jobs=[book.open_job(rev=9)])
    row = book.row()
    assert (row.state, row.attempt, row.snapshot) == (before.state, before.attempt, before.snapshot)
    assert (row.rev, row.binding_epoch) == (10, 2)
    said = book.update()
    assert (said.rev, said.binding_epoch) == (10, 2)
    work = book.book.next_work(KKM)[1]
    assert work is not None
    assert work.row.job_id == "j1"


def test_an_end_that_was_said_under_an_older_epoch_is_said_again_under_the_new_one(book: Bench) -> None:
    """The register was given to another PC and back while this one was off; it found out what had become of its receipt
    before it heard of either. The server keeps that word as evidence only, and lists the job as open."""
    book.offers()
    book.lane(V.INTENT, V.DOUBT, V.PROVEN)
    book.acks()
    assert book.row().archived
    book.binds(3, open_jobs=[book.open_job(rev=2)])
    row = book.row()
    assert (row.state, row.binding_epoch, row.archived) == (K.DONE, 3, False)
    said = book.update()
    assert (said.state, said.binding_epoch, said.rev) == (JobState.DONE, 3, row.rev)
    assert book.book.next_work(KKM)[1] is None


def test_a_job_of_another_journal_is_adopted_and_waits_for_a_person(book: Bench) -> None:
    book.binds(2, fn_serial=FN, last_fd=30, open_jobs=[book.open_job("theirs", rev=5)])
    row = book.row("theirs")
    assert (row.state, row.rev, row.binding_epoch) == (K.HELD, 6, 2)
    said = book.update()
    assert (said.state, said.rev) == (JobState.HELD, 6)
    assert said.reason is not None
    assert said.reason.code == "moved_unconfirmed"
    assert [work.row.job_id for work in book.book.adopted(KKM)] == ["theirs"]
    assert book.book.next_work(KKM)[1] is None, "held until a person says that the old PC is off"


def test_an_adopted_job_is_not_cancelled_by_time(book: Bench) -> None:
    book.binds(2, open_jobs=[book.open_job("theirs")])
    book.hands.turn(48 * 3600)
    book.pongs()
    book.book.tick()
    assert book.row("theirs").state is K.HELD


def test_the_archive_decides_about_an_adopted_job(book: Bench) -> None:
    book.binds(2, open_jobs=[book.open_job("theirs")])
    assert book.lane(V.FOUND, job_id="theirs").state is K.DONE


def test_a_person_lets_an_adopted_job_start(book: Bench) -> None:
    book.binds(2, open_jobs=[book.open_job("theirs")])
    book.book.searched("theirs")
    book.renews(2, job_id="theirs", binding_epoch=2)
    assert book.row("theirs").state is K.ACCEPTED
    assert book.book.adopted(KKM) == []
    assert _next(book) == "theirs"


def test_an_adopted_job_that_was_renewed_at_once_started_without_a_look_at_the_archive(book: Bench) -> None:
    book.binds(2, open_jobs=[book.open_job("theirs")])
    book.renews(2, job_id="theirs", binding_epoch=2)
    assert [work.row.job_id for work in book.book.adopted(KKM)] == ["theirs"]
    assert _next(book) is None
    book.hands.turn(1000)  # its new time passes, too
    book.pongs()
    book.book.tick()
    assert book.row("theirs").state is K.HELD
    assert [work.row.job_id for work in book.book.adopted(KKM)] == ["theirs"]
    book.renews(3, job_id="theirs", binding_epoch=2)
    book.book.searched("theirs")
    assert book.book.adopted(KKM) == []
    assert _next(book) == "theirs"


def test_a_search_of_the_archive_wrote_over_a_renewal_that_came_meanwhile(book: Bench) -> None:
    book.binds(2, open_jobs=[book.open_job("theirs")])
    book.renews(2, job_id="theirs", binding_epoch=2)
    before = book.row("theirs")
    book.book.searched("theirs")
    after = book.row("theirs")
    assert (after.state, after.rev, after.lease_no) == (K.ACCEPTED, before.rev, 2)


def test_a_cancel_that_overtook_the_search_of_the_archive_ended_a_job_whose_document_was_there(book: Bench) -> None:
    book.binds(2, open_jobs=[book.open_job("theirs")])
    book.told()
    book.cancels("theirs", rev=9)
    assert book.told() == [], "only the archive can say"
    assert [work.row.job_id for work in book.book.adopted(KKM)] == ["theirs"]
    assert book.lane(V.FOUND, job_id="theirs").state is K.DONE
    book.book.searched("theirs")
    assert book.row("theirs").state is K.DONE


@pytest.mark.parametrize("renewed", [False, True])
def test_a_cancel_that_waited_for_the_search_is_carried_out_when_nothing_was_found(book: Bench, renewed: bool) -> None:
    book.binds(2, open_jobs=[book.open_job("theirs")])
    book.cancels("theirs", rev=9)
    if renewed:  # an older word that was overtaken: it takes nothing back
        book.renews(2, job_id="theirs", binding_epoch=2)
    book.told()
    book.book.searched("theirs")
    said = book.update()
    assert (said.state, said.rev) == (JobState.CANCELLED, 10)
    before = book.row("theirs")
    book.book.searched("theirs")
    assert book.row("theirs") == before


def _next(book: Bench) -> str | None:
    chosen = book.book.next_work(KKM)[1]
    return chosen.row.job_id if chosen is not None else None


def test_a_bind_that_comes_twice_adopts_once(book: Bench) -> None:
    for _ in range(2):
        book.binds(2, open_jobs=[book.open_job("theirs", rev=5)])
    assert book.row("theirs").rev == 6
    assert len(book.told()) == 1


def test_an_own_job_that_was_given_up_comes_back_by_adoption(book: Bench) -> None:
    """A quarantine that a person lifted: the same agent under a new epoch."""
    book.offers()
    book.told()
    book.binds(2, open_jobs=[book.open_job("j1", rev=1)])
    assert (book.row().state, book.row().rev, book.row().binding_epoch) == (K.HELD, 2, 2)


def test_an_open_job_whose_offer_is_forged_is_noted_and_not_adopted(book: Bench) -> None:
    forged = book.open_job("theirs")
    forged = forged.model_copy(update={"offer": JobKey().signed("offer", forged.offer)})
    book.binds(2, open_jobs=[forged])
    assert not book.has("theirs")
    assert book.notes()[-1]["event"] == "bad_signature"


def test_a_new_binding_trusts_the_owner_anew_about_other_programs(book: Bench) -> None:
    book.book.update_device(KKM, "seen", RecordKind.DEVICE, lambda device: replace(device, exclusive_lost=True))
    book.binds(1)
    assert book.device().exclusive is False
    book.binds(2)
    assert book.device().exclusive is True


# --- release ---------------------------------------------------------------------------------------------------------


def test_a_release_gives_back_what_was_not_started(book: Bench) -> None:
    book.offers("a")
    book.offers("b")
    book.told()
    book.releases()
    assert book.told() == [Released(kkm_id=KKM, binding_epoch=1, not_started=["a", "b"], last_fd=11)]
    assert [book.row(name).state for name in "ab"] == [K.ABSENT, K.ABSENT]
    assert book.device().released
    assert book.book.next_work(KKM)[1] is None


def test_a_release_waits_for_an_open_intent_and_starts_nothing_more(book: Bench) -> None:
    book.offers("open")
    book.offers("waits")
    book.lane(V.INTENT, job_id="open")
    book.told()
    book.releases()
    assert book.told() == []
    work = book.book.next_work(KKM)[1]
    assert work is not None
    assert work.row.job_id == "open"
    book.lane(V.CLOSING, V.PROVEN, job_id="open")
    done, released = book.told()
    assert isinstance(done, Update)
    assert done.state is JobState.DONE
    assert released == Released(kkm_id=KKM, binding_epoch=1, not_started=["waits"], last_fd=11)


def test_a_release_waits_while_a_person_is_needed(book: Bench) -> None:
    book.offers()
    book.lane(V.INTENT, V.DOUBT)
    book.releases()
    book.lane(V.UNDECIDABLE)
    assert not book.device().released
    book.lane(V.PROVEN_NONE)
    assert book.device().released


def test_a_release_waits_for_an_open_shift_operation(book: Bench) -> None:
    intent = RecordKind.OPERATION_INTENT
    book.book.update_device(KKM, "x", intent, lambda d: replace(d, operation={"operation": "open_shift"}))
    book.releases()
    assert not book.device().released
    book.book.update_device(KKM, "x", RecordKind.OPERATION_OUTCOME, lambda d: replace(d, operation=None))
    assert book.device().released


def test_a_release_that_comes_twice_is_answered_twice(book: Bench) -> None:
    book.offers()
    book.releases()
    book.told()
    book.releases()
    assert book.told() == [Released(kkm_id=KKM, binding_epoch=1, not_started=[])]


def test_a_release_of_an_older_epoch_is_answered_and_gives_nothing_up(book: Bench) -> None:
    book.binds(2)
    book.offers(binding_epoch=2)
    book.told()
    book.releases(1)
    assert book.told() == [Released(kkm_id=KKM, binding_epoch=1, not_started=[])]
    assert (book.row().state, book.device().released) == (K.ACCEPTED, False)


def test_a_release_of_an_epoch_that_was_never_heard_of_gives_everything_up(book: Bench) -> None:
    """Its bind was dropped on the way: who hears of a higher epoch executes nothing."""
    book.offers("waits")
    book.offers("open")
    book.lane(V.INTENT, job_id="open")
    book.told()
    book.releases(4)
    assert book.row("open").binding_epoch == 4
    book.lane(V.CLOSING, V.PROVEN, job_id="open")
    done, released = book.told()
    assert isinstance(done, Update)
    assert done.binding_epoch == 4
    assert released == Released(kkm_id=KKM, binding_epoch=4, not_started=["waits"], last_fd=11)
    assert (book.device().binding_epoch, book.device().released) == (4, True)


def test_a_bind_that_is_said_again_after_the_release_brings_nothing_back(book: Bench) -> None:
    book.releases()
    book.binds(1)
    assert book.device().released
    book.binds(2)
    assert not book.device().released


def test_words_about_a_job_that_was_given_back_are_dropped(book: Bench) -> None:
    """They crossed the release; the job has no state here that could be told."""
    book.offers()
    rev = book.row().rev
    book.releases()
    book.told()
    book.renews(2)
    book.resolves(rev)
    assert book.told() == []
    assert book.row().state is K.ABSENT


@pytest.mark.parametrize("known", [0, 4], ids=["the server knows less", "the server knows all"])
def test_a_job_that_was_given_back_may_come_again_and_counts_on(book: Bench, known: int) -> None:
    book.offers()
    book.lane(V.INTENT, V.DOUBT, V.PROVEN_NONE)
    rev = book.row().rev
    assert rev == 4
    book.releases()
    book.binds(2)
    book.told()
    book.offers(binding_epoch=2, rev=known)
    assert (book.row().state, book.row().rev, book.row().attempt) == (K.ACCEPTED, rev + 1, 0)
    assert isinstance(book.told()[0], Accept)


# --- desks -----------------------------------------------------------------------------------------------------------


def test_the_welcome_tells_desks_of_bindings_that_this_journal_has(book: Bench) -> None:
    told = Desk(held_hours=2)
    book.book.desks({KKM: (1, told), "18": (1, told)})
    assert (book.device().settings, book.device("18").desk) == (told, {})
    head = book.head()
    book.book.desks({KKM: (1, told)})
    assert book.head() == head, "nothing new, nothing written"
    book.book.desks({KKM: (2, Desk())})
    assert book.device().settings == told


def test_an_unbound_agent_knows_no_register(tmp_path: Path) -> None:
    with bench(tmp_path, bound=False) as fresh:
        assert (fresh.device().binding_epoch, fresh.device().register_serial) == (0, None)
        fresh.releases(1)
        assert fresh.told() == [Released(kkm_id=KKM, binding_epoch=1, not_started=[])]
        fresh.binds(1)
        assert fresh.device().released, "the release was the later word"
        fresh.binds(2)
        assert not fresh.device().released


@pytest.mark.parametrize(("epoch", "released"), [(0, False), (1, False), (2, True)])
def test_a_higher_epoch_named_by_a_refused_claim_ends_the_ownership(book: Bench, epoch: int, released: bool) -> None:
    book.offers()
    book.book.learned_epoch(KKM, epoch)
    assert book.device().released is released
    assert book.row().state is (K.ABSENT if released else K.ACCEPTED)

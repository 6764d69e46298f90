"""Cancel, renew, resolve, time: what may still change a job, and what comes too late."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from protocol.crm.job_machine import JobEvent, Known
from protocol.crm.jobs import JobState
from protocol.crm.lease import Lease
from protocol.crm.machine import Refusal
from protocol.crm.messages import Cancel, Desk, Reject
from tests.support.crm import AGENT, KID, KKM, NOW, JobKey
from tests.support.job_books import Bench

K, V = Known, JobEvent
TO = {
    K.STARTED: (V.INTENT,),
    K.RESOLVING: (V.INTENT, V.DOUBT),
    K.HUMAN: (V.INTENT, V.DOUBT, V.UNDECIDABLE),
    K.DONE: (V.INTENT, V.CLOSING, V.PROVEN),
    K.NOT_DONE: (V.INTENT, V.DOUBT, V.UNDECIDABLE, V.PROVEN_NONE),
}


def brought(book: Bench, state: Known) -> Bench:
    """A job that was offered and led to this state, everything told so far being known."""
    book.offers()
    if state is K.HELD:
        book.hands.turn(121)
        book.pongs()
        book.book.tick()
    book.lane(*TO.get(state, ()))
    assert book.row().state is state
    book.told()
    return book


# --- cancel ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [K.ACCEPTED, K.HELD])
def test_a_job_that_waits_is_cancelled(book: Bench, state: Known) -> None:
    brought(book, state)
    rev = book.row().rev
    book.cancels()
    said = book.update()
    assert (said.state, said.rev, said.too_late) == (JobState.CANCELLED, rev + 1, False)
    assert said.reason is not None
    assert said.reason.code == "cancelled_by_crm"
    assert book.book.next_work(KKM)[1] is None


@pytest.mark.parametrize("state", [K.STARTED, K.RESOLVING, K.HUMAN])
def test_after_intent_a_cancel_is_too_late_and_touches_nothing_else(book: Bench, state: Known) -> None:
    before = brought(book, state).row()
    book.cancels()
    said = book.update()
    assert (said.state, said.rev, said.too_late) == (JobState(state.value), before.rev + 1, True)
    after = book.row()
    assert (after.outcome, after.attempt, after.snapshot) == (before.outcome, before.attempt, before.snapshot)


@pytest.mark.parametrize("state", [K.DONE, K.NOT_DONE])
def test_a_cancel_of_an_ended_job_is_answered_with_how_it_ended(book: Bench, state: Known) -> None:
    before = brought(book, state).row()
    book.cancels()
    said = book.update()
    assert (said.state, said.rev, said.too_late) == (JobState(state.value), before.rev, True)
    assert book.row() == before


def test_a_cancel_that_comes_twice_is_not_told_as_too_late(book: Bench) -> None:
    brought(book, K.ACCEPTED)
    book.cancels()
    first = book.update()
    book.cancels()
    assert book.update().model_copy(update={"at": first.at}) == first


def test_a_cancel_before_the_offer_leaves_a_tombstone_that_the_offer_meets(book: Bench) -> None:
    book.cancels(rev=3)
    said = book.update()
    assert (said.state, said.rev, said.binding_epoch) == (JobState.CANCELLED, 4, 0)
    book.offers(rev=3)
    said = book.update()
    assert (said.state, said.rev) == (JobState.CANCELLED, 4)
    assert book.row().state is K.CANCELLED
    assert book.book.next_work(KKM)[1] is None


def test_a_job_that_was_refused_was_cancelled_as_well(book: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The CRM had been told that it was rejected, and then that it was cancelled."""
    with monkeypatch.context() as full:
        full.setattr(book.journal, "space_is_low", lambda: True)
        book.offers()
    (said,) = book.told()
    assert isinstance(said, Reject)
    book.cancels()
    assert not list(book.told())
    assert not book.has("j1")
    book.cancels(rev=1)  # of a job that has been offered anew, and whose offer is still on its way
    assert book.update().state is JobState.CANCELLED


def test_the_agents_order_decides_when_a_cancel_crosses_the_intent(book: Bench) -> None:
    brought(book, K.ACCEPTED)
    book.cancels()
    assert book.book.transition("j1", V.INTENT) == Refusal("already_final")


# --- renew -----------------------------------------------------------------------------------------------------------


def test_a_renew_gives_a_held_job_a_new_time(book: Bench) -> None:
    brought(book, K.HELD)
    book.renews(2, seconds=600)
    said = book.update()
    assert (said.state, said.lease_no, said.reason) == (JobState.ACCEPTED, 2, None)
    row = book.row()
    assert (row.lease_no, row.held_since) == (2, None)
    assert row.start_by == (book.hands.now() + timedelta(seconds=600)).isoformat()
    work = book.book.next_work(KKM)[1]
    assert work is not None
    assert book.book.judge(work.start_by) is Lease.GOOD


def test_a_renew_in_time_moves_the_time_only(book: Bench) -> None:
    brought(book, K.ACCEPTED)
    book.renews(2)
    assert (book.update().state, book.row().lease_no) == (JobState.ACCEPTED, 2)


@pytest.mark.parametrize("lease_no", [2, 3])
def test_an_old_or_equal_lease_changes_nothing_and_is_answered(book: Bench, lease_no: int) -> None:
    brought(book, K.HELD)
    book.renews(3, seconds=10)
    book.told()
    before = book.row()
    book.renews(lease_no, seconds=9999)
    assert book.row() == before
    said = book.update()
    assert (said.rev, said.lease_no) == (before.rev, 3)


def test_a_renew_of_another_epoch_changes_nothing(book: Bench) -> None:
    before = brought(book, K.HELD).row()
    book.renews(2, binding_epoch=2)
    assert book.row() == before
    assert book.update().state is JobState.HELD


@pytest.mark.parametrize("state", [K.STARTED, K.RESOLVING, K.HUMAN, K.DONE, K.NOT_DONE])
def test_a_renew_after_the_start_changes_nothing_and_is_answered(book: Bench, state: Known) -> None:
    before = brought(book, state).row()
    book.renews(2)
    assert book.row() == before
    assert book.update().state is JobState(state.value)


def test_a_renew_of_an_unknown_job_is_dropped(book: Bench) -> None:
    book.renews(2, job_id="never")
    assert book.told() == []


# --- time ------------------------------------------------------------------------------------------------------------


def test_a_lease_that_passes_holds_the_job(book: Bench) -> None:
    brought(book, K.ACCEPTED)
    book.hands.turn(119)
    book.pongs()
    book.book.tick()
    assert book.row().state is K.ACCEPTED
    book.hands.turn(2)
    book.pongs()
    book.book.tick()
    said = book.update()
    assert said.state is JobState.HELD
    assert said.reason is not None
    assert said.reason.code == "lease_passed"
    assert book.book.next_work(KKM)[1] is None


def test_nothing_is_held_on_a_guess(book: Bench) -> None:
    """No pong for a minute, sleep, a quarantine: the server's time is unknown, so the job neither starts nor ends."""
    brought(book, K.ACCEPTED)
    book.hands.turn(500)
    book.book.tick()
    assert book.book.judge(NOW) is Lease.UNKNOWN
    assert book.row().state is K.ACCEPTED
    book.pongs()
    book.hands.sleeps(500)
    book.book.tick()
    assert book.row().state is K.ACCEPTED
    book.hands.sleeps(500)
    book.pongs()
    book.book.tick()
    assert book.row().state is K.ACCEPTED, "a pong that was on its way during sleep is not believed"
    book.pongs()
    book.book.allow_starts(False)
    book.book.tick()
    assert book.row().state is K.ACCEPTED
    book.book.allow_starts(True)
    book.book.tick()
    assert book.row().state is K.HELD


@pytest.mark.parametrize("state", [K.STARTED, K.RESOLVING, K.HUMAN, K.DONE])
def test_no_lease_ends_what_has_started(book: Bench, state: Known) -> None:
    before = brought(book, state).row()
    book.hands.turn(1_000_000)
    book.pongs()
    book.book.tick()
    assert book.row() == before


@pytest.mark.parametrize(("desk", "hours"), [(Desk(), 24), (Desk(held_hours=1), 1)])
def test_a_held_job_that_nobody_renews_is_cancelled(book: Bench, desk: Desk, hours: int) -> None:
    book.binds(desk=desk)
    brought(book, K.HELD)
    book.hands.turn(hours * 3600 - 1)
    book.book.tick()
    assert book.row().state is K.HELD
    book.hands.turn(1)
    book.book.tick()
    said = book.update()
    assert said.state is JobState.CANCELLED
    assert said.reason is not None
    assert said.reason.code == "held_too_long"


def test_a_job_held_a_second_time_has_its_whole_time_again(book: Bench) -> None:
    brought(book, K.HELD)
    book.hands.turn(23 * 3600)
    book.renews(2, seconds=1)
    book.hands.turn(2)
    book.pongs()
    book.book.tick()
    assert book.row().state is K.HELD
    book.hands.turn(23 * 3600)
    book.book.tick()
    assert book.row().state is K.HELD


def test_a_renew_that_comes_while_time_is_being_judged_wins(book: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    brought(book, K.ACCEPTED)
    book.hands.turn(121)
    book.pongs()
    judge = book.book.judge

    def slow(start_by: datetime) -> Lease:
        verdict = judge(start_by)
        book.renews(2)
        return verdict

    monkeypatch.setattr(book.book, "judge", slow)
    book.book.tick()
    assert (book.row().state, book.row().lease_no) == (K.ACCEPTED, 2)


# --- attempts --------------------------------------------------------------------------------------------------------


def test_after_an_attempt_without_document_the_lease_and_a_cancel_apply_again(book: Bench) -> None:
    brought(book, K.ACCEPTED)
    row = book.lane(V.INTENT, V.DOUBT, V.PROVEN_NONE)
    assert (row.state, row.attempt) == (K.ACCEPTED, 1)
    assert row.first_snapshot is not None, "the range to search in stays that of the first attempt"
    book.hands.turn(121)
    book.pongs()
    book.book.tick()
    assert book.row().state is K.HELD
    book.cancels()
    assert book.row().state is K.CANCELLED


def test_the_third_attempt_without_document_is_the_last(book: Bench) -> None:
    brought(book, K.ACCEPTED)
    for attempt in (1, 2):
        row = book.lane(V.INTENT, V.DOUBT, V.PROVEN_NONE)
        assert (row.state, row.attempt) == (K.ACCEPTED, attempt)
    row = book.lane(V.INTENT, V.DOUBT, V.PROVEN_NONE)
    assert (row.state, row.attempt) == (K.NOT_DONE, 3)
    revs = [said.rev for said in book.told() if not isinstance(said, Reject)]  # type: ignore[attr-defined]
    assert revs == sorted(set(revs)), "every word has its own rev"


# --- a person's decision ---------------------------------------------------------------------------------------------


def test_a_decision_is_kept_for_the_lane_which_asks_the_device_first(book: Bench) -> None:
    before = brought(book, K.HUMAN).row()
    book.resolves(before.rev, fd=12)
    after = book.row()
    assert (after.state, after.rev) == (K.HUMAN, before.rev)
    asked = {"decision": "done", "person": "Иванова", "why": "чек у покупателя", "fd": 12, "rev": before.rev}
    assert after.outcome == {**before.outcome, "asked": asked}
    assert book.woken[-1] == KKM
    assert book.told() == []


def test_a_decision_survives_a_restart_and_a_cancel_in_between_makes_it_old(book: Bench) -> None:
    before = brought(book, K.HUMAN).row()
    book.resolves(before.rev)
    book.journal.rebuild()
    assert book.row().outcome["asked"]["rev"] == before.rev
    book.cancels()
    assert book.row().rev > before.rev


@pytest.mark.parametrize("off", [-1, 1])
def test_a_decision_on_another_rev_does_not_count(book: Bench, off: int) -> None:
    before = brought(book, K.HUMAN).row()
    book.resolves(before.rev + off)
    assert book.row() == before
    assert book.update().rev == before.rev


@pytest.mark.parametrize("state", [K.ACCEPTED, K.HELD, K.STARTED, K.RESOLVING, K.DONE, K.NOT_DONE])
def test_nobody_decides_what_is_not_waiting_for_a_person(book: Bench, state: Known) -> None:
    before = brought(book, state).row()
    book.resolves(before.rev)
    assert book.row() == before
    assert book.update().state is JobState(state.value)


# --- who may say so --------------------------------------------------------------------------------------------------


def test_forged_messages_are_noted_and_not_carried_out(book: Bench) -> None:
    brought(book, K.ACCEPTED)
    forged = JobKey().signed("cancel", Cancel(job_id="j1", agent_id=AGENT, kid=KID))
    assert book.book.receive("cancel", forged, acting=True), "taken, so that it is not said for ever"
    elsewhere = book.key.signed("cancel", Cancel(job_id="j1", agent_id="ag_2", kid=KID))
    assert book.book.receive("cancel", elsewhere, acting=True)
    assert book.say("cancel", Cancel(job_id="j1", agent_id=AGENT, kid=KID), signed=False)
    assert [note["event"] for note in book.notes()] == ["bad_signature"] * 3
    assert book.row().state is K.ACCEPTED
    assert book.told() == []


def test_in_quarantine_nothing_is_taken_and_nothing_written(book: Bench) -> None:
    brought(book, K.ACCEPTED)
    before = book.head()
    for type_, body in (
        ("offer", book.key.signed("offer", book.open_job("j9").offer)),
        ("cancel", Cancel(job_id="j1", agent_id=AGENT, kid=KID)),
    ):
        assert book.say(type_, body, acting=False) is False
    assert (book.head(), book.row().state, book.has("j9")) == (before, K.ACCEPTED, False)

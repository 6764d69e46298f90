"""The job machine: complete, and row by row what the written rules ask for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import pytest

from protocol.crm.job_machine import TABLE, Job, JobEffect, JobEvent, Known, Moved, step
from protocol.crm.jobs import FINAL, MAX_ATTEMPTS, OPEN_INTENT, JobState
from protocol.crm.machine import Choice, Refusal, Rule, as_markdown, complete

K, V, X = Known, JobEvent, JobEffect
TERMINAL = {Known(state) for state in FINAL}
INTENT_OPEN = {Known(state) for state in OPEN_INTENT}
REPORTS = {X.OUTBOX_ACCEPT, X.OUTBOX_REJECT, X.OUTBOX_UPDATE, X.OUTBOX_TOO_LATE}
SERVER_EVENTS = {
    V.POST, V.SEND, V.ASK_CANCEL, V.ASK_RENEW, V.EXPIRE, V.REPORTED, V.REJECT, V.RETURN,
}  # fmt: skip


def every_step() -> Iterator[tuple[Job, JobEvent, dict[str, Any], Moved | Refusal]]:
    """Every job, every event, every rev below, at and above its own, every state that can be reported."""
    for state, event, sent, pending, attempt in product(K, V, (False, True), (False, True), range(MAX_ATTEMPTS + 1)):
        job = Job(state, rev=5, attempt=attempt, sent=sent, cancel_pending=pending)
        for rev in (0, 4, 5, 6, 40):
            for reported in JobState if event is V.REPORTED else (None,):
                named = {"rev": rev, "reported": reported}
                yield job, event, named, step(job, event, rev=rev, reported=reported)


# --- the table -------------------------------------------------------------------------------------------------------


def test_every_state_knows_every_event() -> None:
    assert set(TABLE) == set(product(K, V))
    for cell in TABLE.values():
        branches = (cell.yes, cell.no) if isinstance(cell, Choice) else (cell,)
        assert all(isinstance(branch, Rule) or (isinstance(branch, Refusal) and branch.code) for branch in branches)


def test_the_states_are_those_of_the_api_and_absent() -> None:
    assert {state.value for state in K} == {state.value for state in JobState} | {"absent"}


def test_every_guard_is_decided_both_ways_by_some_job() -> None:
    for (state, event), cell in TABLE.items():
        if not isinstance(cell, Choice):
            continue
        results = set()
        for sent, pending, attempt, rev in product((False, True), (False, True), range(MAX_ATTEMPTS + 1), (4, 5, 6)):
            job = Job(state, 5, attempt, sent, pending)
            moved = step(job, event, rev=rev, reported=JobState.HELD if event is V.REPORTED else None)
            results.add(moved.code if isinstance(moved, Refusal) else (*moved.effects, moved.job.state))
        assert len(results) == 2, (state, event)


def test_a_table_with_a_hole_or_a_contradiction_cannot_be_built() -> None:
    with pytest.raises(LookupError, match="queued"):
        complete([K.QUEUED], [V.SEND], {}, {})
    with pytest.raises(ValueError, match="a transition and a refusal"):
        complete([K.QUEUED], [V.SEND], {(K.QUEUED, V.SEND): Rule(None)}, {V.SEND: {K.QUEUED: "no"}})
    assert complete([K.QUEUED], [V.SEND], {}, {V.SEND: "no"}) == {(K.QUEUED, V.SEND): Refusal("no")}


def test_the_printed_table_says_everything_once() -> None:
    text = as_markdown(TABLE)
    for (state, event), cell in TABLE.items():
        rows = text.count(f"| {state} | {event} | ")
        assert rows == {Rule: 1, Choice: 2, Refusal: 0}[type(cell)], (state, event)


# --- what holds for every step ---------------------------------------------------------------------------------------


def test_a_change_is_written_and_a_reported_change_raises_the_rev() -> None:
    for job, event, named, moved in every_step():
        if isinstance(moved, Refusal):
            continue
        after = moved.job
        assert moved.effects, (job, event)
        if event is V.REPORTED:
            assert (after.rev, after.state) == (named["rev"], K(named["reported"]))
            assert after.rev > job.rev
        elif REPORTS & set(moved.effects):
            assert after.rev > max(job.rev, named["rev"]), (job, event)
        elif event in (V.HEARD_DONE, V.HEARD_NOT_DONE):  # told already, under the rev that is named
            assert after.rev == max(named["rev"], job.rev + 1)
        else:
            assert after.rev == job.rev
        known = event in (V.RELEASE, V.HEARD_DONE, V.HEARD_NOT_DONE)
        if after.state is not job.state and event not in SERVER_EVENTS and not known:
            assert REPORTS & set(moved.effects), f"the server is not told: {job.state} x {event}"


def test_each_side_writes_only_its_own_store() -> None:
    own = {True: {e for e in X if e.value.startswith("S ")}, False: {e for e in X if e.value.startswith("A ")}}
    for _, event, _, moved in every_step():
        if isinstance(moved, Moved):
            assert set(moved.effects) <= own[event in SERVER_EVENTS] | {X.PROGRESS}


def test_final_is_final() -> None:
    """Only a higher rev of the agent, and on the agent whether the paper came out, say more about an ended job."""
    for job, event, _, moved in every_step():
        if job.state in TERMINAL and isinstance(moved, Moved):
            if event is V.PAPER:
                assert (job.state, moved.job.state) == (K.DONE, K.DONE)
            else:
                assert event is V.REPORTED


@pytest.mark.parametrize("state", K)
@pytest.mark.parametrize("reported", JobState)
def test_an_equal_or_lower_rev_is_never_taken_over(state: Known, reported: JobState) -> None:
    for rev in (0, 4, 5):
        assert step(Job(state, rev=5), V.REPORTED, rev=rev, reported=reported) == Refusal("stale_rev")
    moved = step(Job(state, rev=5), V.REPORTED, rev=6, reported=reported)
    assert isinstance(moved, Moved)
    assert (moved.job.state, moved.job.rev) == (K(reported), 6)


def test_after_intent_only_the_records_a_person_or_an_attempt_without_document_end_it() -> None:
    """... and the lost answer to a command without fiscal or money effect, which ends as not done at once; and what the
    server has heard of all this from a journal of which this one is an older copy."""
    enders = {V.PROVEN, V.PROVEN_NONE, V.NOT_TAKEN, V.DECIDED_DONE, V.DECIDED_NOT_DONE, V.REPORTED}
    enders |= {V.HEARD_DONE, V.HEARD_NOT_DONE}
    for job, event, _, moved in every_step():
        if job.state in INTENT_OPEN and isinstance(moved, Moved) and moved.job.state not in INTENT_OPEN:
            if event is V.UNPROVEN:
                assert (job.state, moved.job.state) == (K.STARTED, K.NOT_DONE)
                continue
            assert event in enders
            assert moved.job.state in (K.DONE, K.NOT_DONE, K.ACCEPTED) or event is V.REPORTED


def test_nothing_leads_to_started_but_an_intent() -> None:
    """... and, back to it, the end of a doubt of a sale whose parts are not all done."""
    for job, event, _, moved in every_step():
        if isinstance(moved, Moved) and moved.job.state is K.STARTED and job.state is not K.STARTED:
            assert event in (V.INTENT, V.GOES_ON, V.REPORTED)
            assert event is not V.INTENT or X.INTENT in moved.effects
            assert event is not V.GOES_ON or job.state in INTENT_OPEN


def _reachable() -> set[Job]:
    """Every job an agent can hold, by any order of its events (revs left out)."""
    agents = [event for event in V if event not in SERVER_EVENTS]
    seen, todo = {Job()}, [Job()]
    while todo:
        job = todo.pop()
        for event in agents:
            moved = step(job, event)
            if isinstance(moved, Moved) and (after := replace(moved.job, rev=0)) not in seen:
                seen.add(after)
                todo.append(after)
    return seen


def test_three_attempts_at_most_in_any_order_of_events() -> None:
    reachable = _reachable()
    assert max(job.attempt for job in reachable) == MAX_ATTEMPTS == 3
    assert {job.state for job in reachable} == set(K) - {K.QUEUED}
    assert all(job.attempt >= 1 for job in reachable if job.state in INTENT_OPEN)
    assert all(job.attempt < 3 for job in reachable if job.state in (K.ACCEPTED, K.HELD))


def test_a_new_attempt_has_no_closing_of_the_last_one() -> None:
    for job in _reachable():
        moved = step(job, V.INTENT)
        if isinstance(moved, Moved):
            assert (moved.job.attempt, moved.job.closing) == (job.attempt + 1, False)


# --- the rows of the rules -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """One row: in ``before``, ``event`` leads to ``state`` and writes ``effects``; or is refused by a name."""

    what: str
    before: Job
    event: JobEvent
    state: Known | None = None
    effects: tuple[JobEffect, ...] = ()
    refused: str | None = None
    rev: int = 0
    rev_after: int | None = None
    more: tuple[tuple[str, Any], ...] = ()


SENT = {"sent": True}
WAITING = Job(K.QUEUED)
OFFERED = Job(K.QUEUED, **SENT)
ROWS = [
    # the CRM and the server
    Row("CRM posts", Job(), V.POST, K.QUEUED, (X.STORE, X.OUTBOX_OFFER)),
    Row("CRM posts the same id again", WAITING, V.POST, refused="job_id_known"),
    Row("cancel, never sent", WAITING, V.ASK_CANCEL, K.CANCELLED, (X.STORE, X.NOTIFY),
        more=(("cancel_pending", False),)),
    Row("cancel, already sent", OFFERED, V.ASK_CANCEL, K.QUEUED, (X.STORE, X.OUTBOX_CANCEL),
        more=(("cancel_pending", True),)),
    Row("start_by passed, never sent", WAITING, V.EXPIRE, K.HELD, (X.STORE, X.NOTIFY)),
    Row("start_by passed, sent: the agent decides", OFFERED, V.EXPIRE, refused="already_sent"),
    Row("the offer leaves", WAITING, V.SEND, K.QUEUED, (X.STORE,), more=(("sent", True),)),
    Row("a pending cancel keeps the offer back", Job(K.QUEUED, cancel_pending=True, **SENT), V.SEND,
        refused="cancel_pending"),
    Row("renew, held on the server", Job(K.HELD), V.ASK_RENEW, K.QUEUED, (X.STORE, X.OUTBOX_OFFER, X.NOTIFY)),
    Row("renew, held on the agent", Job(K.HELD, **SENT), V.ASK_RENEW, K.HELD, (X.STORE, X.OUTBOX_RENEW)),
    Row("renew while it waits", Job(K.ACCEPTED, **SENT), V.ASK_RENEW, K.ACCEPTED, (X.STORE, X.OUTBOX_RENEW)),
    Row("renew after the start", Job(K.STARTED, **SENT), V.ASK_RENEW, refused="already_started"),
    Row("cancel, held on the server", Job(K.HELD), V.ASK_CANCEL, K.CANCELLED, (X.STORE, X.NOTIFY)),
    Row("cancel, held on the agent", Job(K.HELD, **SENT), V.ASK_CANCEL, K.HELD, (X.STORE, X.OUTBOX_CANCEL)),
    Row("cancel of an ended job", Job(K.DONE, **SENT), V.ASK_CANCEL, refused="already_final"),
    Row("the agent refuses", OFFERED, V.REJECT, K.REJECTED, (X.STORE, X.NOTIFY)),
    Row("a refusal after an accept is an old word", Job(K.ACCEPTED, 1, **SENT), V.REJECT, refused="already_accepted"),
    Row("released before it was accepted", OFFERED, V.RETURN, K.QUEUED, (X.STORE, X.OUTBOX_OFFER, X.NOTIFY),
        more=(("sent", False),)),
    Row("released, not started", Job(K.ACCEPTED, 1, **SENT), V.RETURN, K.QUEUED,
        (X.STORE, X.OUTBOX_OFFER, X.NOTIFY), more=(("sent", False),)),
    Row("released, held", Job(K.HELD, 2, **SENT), V.RETURN, K.QUEUED, (X.STORE, X.OUTBOX_OFFER, X.NOTIFY)),
    Row("an open intent is not given back", Job(K.RESOLVING, 3, 1, **SENT), V.RETURN, refused="intent_open"),
    # the offer on the agent
    Row("a valid offer", Job(), V.OFFER, K.ACCEPTED, (X.RECORD, X.OUTBOX_ACCEPT), rev_after=1),
    Row("a valid offer of a job that was elsewhere", Job(), V.OFFER, K.ACCEPTED, rev=7, rev_after=8),
    Row("a bad offer", Job(), V.BAD_OFFER, K.REJECTED, (X.RECORD, X.OUTBOX_REJECT)),
    Row("the offer again", Job(K.ACCEPTED, 1), V.OFFER, refused="job_id_known"),
    Row("cancel before the offer", Job(), V.CANCEL, K.CANCELLED, (X.TOMBSTONE, X.OUTBOX_UPDATE), rev=3, rev_after=4),
    Row("the offer after that", Job(K.CANCELLED, 4), V.OFFER, refused="job_id_known"),
    # time and words before the start
    Row("lease passed", Job(K.ACCEPTED, 1), V.LEASE_PASSED, K.HELD, (X.RECORD, X.OUTBOX_UPDATE), rev_after=2),
    Row("renew", Job(K.HELD, 2), V.RENEW, K.ACCEPTED, (X.RECORD, X.OUTBOX_UPDATE), rev_after=3),
    Row("renew in time", Job(K.ACCEPTED, 1), V.RENEW, K.ACCEPTED, (X.RECORD, X.OUTBOX_UPDATE), rev_after=2),
    Row("cancel while it waits", Job(K.ACCEPTED, 1), V.CANCEL, K.CANCELLED, (X.RECORD, X.OUTBOX_UPDATE), rev_after=2),
    Row("cancel while held", Job(K.HELD, 2), V.CANCEL, K.CANCELLED, (X.RECORD, X.OUTBOX_UPDATE), rev_after=3),
    Row("held for too long", Job(K.HELD, 2), V.HELD_TOO_LONG, K.CANCELLED, (X.RECORD, X.OUTBOX_UPDATE), rev_after=3),
    Row("the device is not ready", Job(K.ACCEPTED, 1), V.NOT_READY, K.ACCEPTED, (X.PROGRESS,), rev_after=1),
    Row("the document is there already", Job(K.ACCEPTED, 1), V.FOUND, K.DONE, (X.OUTCOME, X.OUTBOX_UPDATE)),
    Row("the document of an adopted job is there", Job(K.HELD, 1), V.FOUND, K.DONE, (X.OUTCOME, X.OUTBOX_UPDATE)),
    Row("given up, not started", Job(K.ACCEPTED, 1), V.RELEASE, K.ABSENT, (X.RECORD,), rev_after=1),
    Row("given up, held", Job(K.HELD, 2), V.RELEASE, K.ABSENT, (X.RECORD,), rev_after=2),
    Row("an intent is not given up", Job(K.HUMAN, 4, 1), V.RELEASE, refused="intent_open"),
    # the attempt
    Row("device free, prechecks pass", Job(K.ACCEPTED, 1), V.INTENT, K.STARTED, (X.INTENT, X.OUTBOX_UPDATE),
        rev_after=2, more=(("attempt", 1),)),
    Row("never from held", Job(K.HELD, 2), V.INTENT, refused="not_accepted"),
    Row("totals verified", Job(K.STARTED, 2, 1), V.CLOSING, K.STARTED, (X.CLOSING,), rev_after=2,
        more=(("closing", True),)),
    Row("answer and read-back agree", Job(K.STARTED, 2, 1), V.PROVEN, K.DONE, (X.OUTCOME, X.OUTBOX_UPDATE),
        rev_after=3),
    Row("no document, first attempt", Job(K.STARTED, 2, 1), V.PROVEN_NONE, K.ACCEPTED, (X.OUTCOME, X.OUTBOX_UPDATE),
        rev_after=3),
    Row("no document, third attempt", Job(K.STARTED, 6, 3), V.PROVEN_NONE, K.NOT_DONE, (X.OUTCOME, X.OUTBOX_UPDATE)),
    Row("the lease is over after INTENT", Job(K.STARTED, 2, 1), V.LEASE_PASSED, refused="lease_is_irrelevant"),
    Row("a timeout", Job(K.STARTED, 2, 1), V.DOUBT, K.RESOLVING, (X.RECORD, X.OUTBOX_UPDATE), rev_after=3),
    Row("no CLOSING while in doubt", Job(K.RESOLVING, 3, 1), V.CLOSING, refused="must_be_resolved"),
    Row("no second INTENT while in doubt", Job(K.RESOLVING, 3, 1), V.INTENT, refused="already_started"),
    # the decision
    Row("the records decide: done", Job(K.RESOLVING, 3, 1), V.PROVEN, K.DONE, (X.OUTCOME, X.OUTBOX_UPDATE)),
    Row("the records decide: none", Job(K.RESOLVING, 3, 2), V.PROVEN_NONE, K.ACCEPTED, (X.OUTCOME, X.OUTBOX_UPDATE)),
    Row("the records decide: none, for good", Job(K.RESOLVING, 3, 3), V.PROVEN_NONE, K.NOT_DONE),
    Row("cannot be decided", Job(K.RESOLVING, 3, 1), V.UNDECIDABLE, K.HUMAN, (X.EVIDENCE, X.OUTBOX_UPDATE)),
    Row("the records decide after all: done", Job(K.HUMAN, 4, 1), V.PROVEN, K.DONE, (X.OUTCOME, X.OUTBOX_UPDATE)),
    Row("the records decide after all: none", Job(K.HUMAN, 4, 1), V.PROVEN_NONE, K.NOT_DONE,
        (X.OUTCOME, X.OUTBOX_UPDATE)),
    Row("a person: done", Job(K.HUMAN, 4, 1), V.DECIDED_DONE, K.DONE, (X.DECISION, X.OUTBOX_UPDATE)),
    Row("a person: not done", Job(K.HUMAN, 4, 1), V.DECIDED_NOT_DONE, K.NOT_DONE, (X.DECISION, X.OUTBOX_UPDATE)),
    Row("no person decides what the device may still say", Job(K.RESOLVING, 3, 1), V.DECIDED_DONE, refused="not_human"),
    *(
        Row(f"cancel in {state}", Job(state, 4, 1), V.CANCEL, state, (X.RECORD, X.OUTBOX_TOO_LATE), rev_after=5)
        for state in (K.STARTED, K.RESOLVING, K.HUMAN)
    ),
    # another PC
    Row("adopted from another journal", Job(), V.ADOPT, K.HELD, (X.RECORD, X.OUTBOX_UPDATE), rev=9, rev_after=10),
    Row("adopted again", Job(K.HELD, 10), V.ADOPT, refused="job_id_known", rev=9),
    # jobs that are no documents
    Row("a query has its answer", Job(K.ACCEPTED, 1), V.ANSWERED, K.DONE, (X.OUTCOME, X.OUTBOX_UPDATE), rev_after=2),
    Row("no answer to what has begun", Job(K.STARTED, 2, 1), V.ANSWERED, refused="already_started"),
    Row("it cannot be done at all", Job(K.ACCEPTED, 1), V.IMPOSSIBLE, K.NOT_DONE, (X.OUTCOME, X.OUTBOX_UPDATE),
        rev_after=2),
    Row("what has begun is never impossible", Job(K.STARTED, 2, 1), V.IMPOSSIBLE, refused="already_started"),
    Row("declined, first attempt", Job(K.STARTED, 2, 1), V.NOT_TAKEN, K.NOT_DONE, (X.OUTCOME, X.OUTBOX_UPDATE),
        rev_after=3),
    Row("the terminal never charged it", Job(K.RESOLVING, 3, 1), V.NOT_TAKEN, K.NOT_DONE),
    Row("the terminal tells after all: not charged", Job(K.HUMAN, 4, 1), V.NOT_TAKEN, K.NOT_DONE),
    Row("a sale: the next part", Job(K.STARTED, 2, 1), V.GOES_ON, K.STARTED, (X.RECORD, X.OUTBOX_UPDATE), rev_after=3),
    Row("a sale: what was in doubt is known", Job(K.RESOLVING, 3, 1), V.GOES_ON, K.STARTED),
    Row("a sale: the terminal or a person has told", Job(K.HUMAN, 4, 1), V.GOES_ON, K.STARTED),
    Row("a sale that has not begun", Job(K.ACCEPTED, 1), V.GOES_ON, refused="not_started"),
    Row("nobody will ever know", Job(K.STARTED, 2, 1), V.UNPROVEN, K.NOT_DONE, (X.OUTCOME, X.OUTBOX_UPDATE),
        rev_after=3),
    Row("what is being resolved must be", Job(K.RESOLVING, 3, 1), V.UNPROVEN, refused="must_be_resolved"),
    # an older copy of a journal hears an end that its successor has told
    Row("heard: charged", Job(K.RESOLVING, 3, 1), V.HEARD_DONE, K.DONE, (X.OUTCOME,), rev=7, rev_after=7),
    Row("heard: not charged", Job(K.RESOLVING, 3, 1), V.HEARD_NOT_DONE, K.NOT_DONE, (X.OUTCOME,), rev=7, rev_after=7),
    Row("heard while a person is asked here", Job(K.HUMAN, 4, 1), V.HEARD_NOT_DONE, K.NOT_DONE, rev=4, rev_after=5),
    Row("heard of what a person has found", Job(K.HUMAN, 4, 1), V.HEARD_DONE, K.DONE, rev=6, rev_after=6),
    Row("heard of a sale that waits here", Job(K.STARTED, 2, 1), V.HEARD_DONE, K.DONE, rev=9, rev_after=9),
    Row("heard of a sale undone there", Job(K.STARTED, 2, 1), V.HEARD_NOT_DONE, K.NOT_DONE, rev=9, rev_after=9),
    Row("heard of what has not begun here", Job(K.ACCEPTED, 1), V.HEARD_DONE, refused="not_started"),
    # the paper
    Row("the paper came out", Job(K.DONE, 3, 1), V.PAPER, K.DONE, (X.RECORD, X.OUTBOX_UPDATE), rev_after=4),
    Row("no paper of what was not made", Job(K.NOT_DONE, 3, 1), V.PAPER, refused="not_made"),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what)
def test_row(row: Row) -> None:
    moved = step(row.before, row.event, rev=row.rev)
    if row.refused is not None:
        assert moved == Refusal(row.refused)
        return
    assert isinstance(moved, Moved), moved
    assert moved.job.state is row.state
    if row.effects:
        assert moved.effects == row.effects
    if row.rev_after is not None:
        assert moved.job.rev == row.rev_after
    assert {name: getattr(moved.job, name) for name, _ in row.more} == dict(row.more)


def test_every_transition_of_the_table_has_its_row() -> None:
    """A transition that nobody has asked for is a mistake until a row says why it is there."""
    asked = {(row.before.state, row.event) for row in ROWS}
    present = {pair for pair, cell in TABLE.items() if not isinstance(cell, Refusal) and pair[1] is not V.REPORTED}
    unasked = {f"{state} x {event}" for state, event in present - asked}
    assert unasked == {
        # the server passes a cancel on, whatever it last heard
        "accepted x ask_cancel", "started x ask_cancel", "resolving x ask_cancel", "human x ask_cancel",
        # a renew of what has not been heard of yet
        "queued x ask_renew",
        # a device that answers and cannot decide, without a lost answer before; more evidence for the person
        "started x undecidable", "human x undecidable",
    }  # fmt: skip

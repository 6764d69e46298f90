"""The desk's rule that its terminal is settled once the register's shift was closed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.jobs.at_desk import begin_anew
from agent.journal.records import RecordKind
from agent.journal.rows import JobRow
from protocol.crm.job_machine import JobEvent, Known
from protocol.crm.jobs import JobKind
from protocol.crm.messages import Desk, EventKind
from tests.support.crm import FN, KKM
from tests.support.job_books import SNAPSHOT, Bench, bench

TERMINAL = "18"
RULE = Desk(terminal=TERMINAL, settle=True)


@pytest.fixture
def b(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as made:
        made.binds(desk=RULE)
        made.binds(kkm_id=TERMINAL)
        made.pongs()
        yield made


def closes(b: Bench, job_id: str = "z1", *, shift: int | None = 3) -> None:
    """A job closes the shift."""
    b.offers(job_id, kind=JobKind.CLOSE_SHIFT, payload={})
    b.book.transition(job_id, JobEvent.INTENT, outcome={}, snapshot=SNAPSHOT, first_snapshot=SNAPSHOT)
    proof = {"source": "device", "fn": FN, "shift": shift} if shift is not None else None
    b.book.transition(job_id, JobEvent.PROVEN, outcome={"proof": proof})


def closed_by_policy(b: Bench, shift: int = 3) -> None:
    told = b.book.event(EventKind.SHIFT_CLOSED, KKM, {"fn": FN, "shift": shift})
    b.book.update_device(KKM, "operation_outcome", RecordKind.OPERATION_OUTCOME, lambda row: row, lambda _: [told])


def settlements(b: Bench) -> list[JobRow]:
    return [row for row in b.journal.read(lambda tx: tx.live_jobs(TERMINAL)) if row.kind == JobKind.SETTLEMENT]


def test_a_shift_that_a_job_has_closed_asks_for_one_settlement(b: Bench) -> None:
    closes(b)
    (row,) = settlements(b)
    assert (row.state, row.local, row.job_id) == (Known.ACCEPTED, True, f"settle-{FN}-3")
    chosen = b.book.next_work(TERMINAL)[1]
    assert chosen is not None
    assert chosen.row.job_id == row.job_id
    assert b.woken[-1] is None  # the terminal's lane looks


def test_so_does_one_that_the_policy_has_closed(b: Bench) -> None:
    closed_by_policy(b)
    assert [row.job_id for row in settlements(b)] == [f"settle-{FN}-3"]


def test_no_shift_is_settled_twice(b: Bench) -> None:
    closes(b)
    closed_by_policy(b)
    b.book.transition(f"settle-{FN}-3", JobEvent.INTENT, outcome={})
    b.book.transition(f"settle-{FN}-3", JobEvent.PROVEN, outcome={})
    closed_by_policy(b)
    assert settlements(b) == []  # the one that there was is over
    closed_by_policy(b, shift=4)
    assert [row.job_id for row in settlements(b)] == [f"settle-{FN}-4"]


def test_a_shift_of_which_only_the_job_is_known_is_that_jobs_shift(b: Bench) -> None:
    closes(b, "z1", shift=None)
    closes(b, "z2", shift=None)
    assert len(settlements(b)) == 2


def without_terminal(b: Bench) -> None:
    b.binds(desk=Desk(settle=True))


def without_rule(b: Bench) -> None:
    b.binds(desk=Desk(terminal=TERMINAL))


def terminal_elsewhere(b: Bench) -> None:
    b.binds(desk=Desk(terminal="t2", settle=True))


def terminal_given_up(b: Bench) -> None:
    b.releases(kkm_id=TERMINAL)


@pytest.mark.parametrize("change", [without_terminal, without_rule, terminal_elsewhere, terminal_given_up])
def test_without_rule_or_terminal_nothing_is_settled(b: Bench, change: Any) -> None:
    change(b)
    closes(b)
    assert settlements(b) == []


def test_a_shift_that_was_not_closed_asks_for_nothing(b: Bench) -> None:
    b.offers("z1", kind=JobKind.CLOSE_SHIFT, payload={})
    b.book.transition("z1", JobEvent.IMPOSSIBLE, outcome={})
    assert settlements(b) == []


def test_a_settlement_that_a_rule_has_asked_for_outlives_the_process(b: Bench) -> None:
    """A job that somebody at the PC has given is taken back at the next start; nobody stands before this one."""
    closes(b)
    b.journal.commit(begin_anew)
    assert [row.state for row in settlements(b)] == [Known.ACCEPTED]


def test_it_waits_half_a_day_for_a_terminal_that_is_not_ready(b: Bench) -> None:
    closes(b)
    b.hands.turn(11 * 3600)
    b.pongs()
    b.book.tick()
    assert [row.state for row in settlements(b)] == [Known.ACCEPTED]
    b.hands.turn(2 * 3600)
    b.pongs()
    b.book.tick()
    assert [row.state for row in settlements(b)] == [Known.HELD]


def test_the_server_is_not_told_of_a_job_of_its_own_agent(b: Bench) -> None:
    sent = len(b.journal.read(lambda tx: tx.outbox(100)))
    closed_by_policy(b)
    assert len(b.journal.read(lambda tx: tx.outbox(100))) == sent + 1  # the shift itself

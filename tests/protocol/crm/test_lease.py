"""When may a job still start: by an upper bound of the server's time, or not at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.crm.lease import MAX_GAP, MAX_SILENCE, Lease, ServerClock
from tests.support.crm import NOW

START_BY = NOW + timedelta(seconds=120)


@dataclass
class Pc:
    """A PC beside a server: true time runs on, the PC's monotonic clock stops while it sleeps, its wall clock is set
    by people."""

    true: float = 0.0
    monotonic: float = 500.0
    wall: float = 1_000_000.0
    clock: ServerClock = field(default_factory=ServerClock)

    def __post_init__(self) -> None:
        self.look()

    def look(self) -> None:
        self.clock = self.clock.look(self.monotonic, self.wall)

    def works(self, seconds: float) -> None:
        self.true += seconds
        self.monotonic += seconds
        self.wall += seconds

    def sleeps(self, seconds: float) -> None:
        self.true += seconds
        self.wall += seconds

    def clock_is_set(self, by: float) -> None:
        self.wall += by

    def ping(self, there: float = 0.1, back: float = 0.1, asleep: float = 0.0) -> None:
        """There, the server's answer, and back; ``asleep`` comes before the answer is read."""
        sent_at = self.monotonic
        self.works(there)
        answered = self.server
        self.works(back)
        self.sleeps(asleep)
        self.clock = self.clock.pong(answered, sent_at, self.monotonic, self.wall)

    @property
    def server(self) -> datetime:
        return NOW + timedelta(seconds=self.true)

    def judge(self, start_by: datetime = START_BY) -> Lease:
        self.look()
        return self.clock.judge(start_by, self.monotonic)


def test_before_the_first_pong_nothing_is_known() -> None:
    assert Pc().judge() is Lease.UNKNOWN
    assert ServerClock().now(0.0) is None


def test_a_fresh_pong_makes_the_lease_good_until_start_by() -> None:
    pc = Pc()
    pc.ping()
    assert pc.judge() is Lease.GOOD
    pc.works(50)
    pc.ping()
    pc.works(50)
    pc.ping()
    pc.works(19)
    assert pc.judge() is Lease.GOOD
    pc.works(1)
    assert pc.judge() is Lease.PASSED


@pytest.mark.parametrize(("age", "lease"), [(MAX_SILENCE, Lease.GOOD), (MAX_SILENCE + 0.001, Lease.UNKNOWN)])
def test_a_pong_counts_for_sixty_seconds_from_its_ping(age: float, lease: Lease) -> None:
    pc = Pc()
    pc.ping(there=0.0, back=0.0)
    pc.works(age)
    assert pc.judge() is lease


def test_a_passed_lease_is_unknown_again_when_the_link_is_silent() -> None:
    """Nothing is held or cancelled on a guess."""
    pc = Pc()
    pc.ping()
    pc.works(MAX_SILENCE + 1)
    assert pc.judge(NOW) is Lease.UNKNOWN


@pytest.mark.parametrize("seconds", [3600.0, MAX_GAP + 0.1])
def test_sleep_makes_it_unknown_until_the_next_pong(seconds: float) -> None:
    pc = Pc()
    pc.ping()
    pc.sleeps(seconds)
    assert pc.judge() is Lease.UNKNOWN
    assert pc.judge() is Lease.UNKNOWN, "the jump is not forgotten by looking twice"
    pc.ping()
    assert pc.judge(pc.server + timedelta(seconds=10)) is Lease.GOOD


@pytest.mark.parametrize("by", [3600.0, -3600.0, MAX_GAP + 0.1, -MAX_GAP - 0.1])
def test_a_changed_clock_makes_it_unknown_until_the_next_pong(by: float) -> None:
    pc = Pc()
    pc.ping()
    pc.clock_is_set(by)
    assert pc.judge() is Lease.UNKNOWN
    pc.ping()
    assert pc.judge() is Lease.GOOD


@pytest.mark.parametrize("by", [MAX_GAP - 0.1, -MAX_GAP + 0.1, 0.0])
def test_a_small_correction_of_the_clock_disturbs_nothing(by: float) -> None:
    pc = Pc()
    pc.ping()
    pc.clock_is_set(by)
    assert pc.judge() is Lease.GOOD


def test_the_wall_clock_never_decides_even_if_it_is_years_off() -> None:
    pc = Pc(wall=-1e9)
    pc.ping()
    assert pc.judge() is Lease.GOOD
    assert pc.judge(NOW - timedelta(seconds=1)) is Lease.PASSED


def test_a_pong_that_was_on_its_way_while_the_pc_slept_is_not_believed() -> None:
    """Its time is an hour old, although the monotonic clock says that it came at once."""
    pc = Pc()
    pc.ping()
    pc.ping(asleep=3600.0)
    assert pc.judge() is Lease.UNKNOWN
    pc.ping()
    assert pc.judge() is Lease.PASSED


def test_so_is_the_very_first_pong() -> None:
    pc = Pc()
    pc.ping(asleep=3600.0)
    assert pc.judge() is Lease.UNKNOWN


def test_a_slow_answer_makes_the_bound_later_never_earlier() -> None:
    pc = Pc()
    pc.ping(there=0.0, back=30.0)
    bound = pc.clock.now(pc.monotonic)
    assert bound == pc.server
    slow = Pc()
    slow.ping(there=30.0, back=0.0)
    late = slow.clock.now(slow.monotonic)
    assert late is not None
    assert late == slow.server + timedelta(seconds=30)


SECONDS = st.floats(0, 200, allow_nan=False)
WORK = st.tuples(st.just("works"), SECONDS) | st.tuples(st.just("ping"), SECONDS, SECONDS)
SLEEP = st.tuples(st.just("sleeps"), SECONDS) | st.tuples(st.just("ping"), SECONDS, SECONDS, SECONDS)
SET = st.tuples(st.just("clock_is_set"), st.floats(-200, 200))
Deeds = list[tuple[Any, ...]]


def error_of_the_bound(deeds: Deeds) -> float:
    """By how many seconds, at worst, the bound was earlier than the server's time."""
    pc, worst = Pc(), 0.0
    for name, *amounts in deeds:
        getattr(pc, name)(*amounts)
        pc.look()
        bound = pc.clock.now(pc.monotonic)
        if bound is not None:
            worst = max(worst, (pc.server - bound).total_seconds())
    return worst


@given(st.lists(WORK | SET, max_size=12))
def test_it_is_an_upper_bound_whatever_is_done_to_the_wall_clock(deeds: Deeds) -> None:
    assert error_of_the_bound(deeds) <= 1e-5


@given(st.lists(WORK | SLEEP, max_size=12))
def test_sleep_can_spoil_it_only_by_what_is_too_short_to_notice(deeds: Deeds) -> None:
    """Once while the pong was on its way, once since."""
    assert error_of_the_bound(deeds) <= 2 * MAX_GAP + 1e-5

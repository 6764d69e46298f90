"""Delay before the next connection."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.crm.backoff import FIRST, LONGEST, delay

FAILURES = st.integers(1, 10_000)
CHANCE = st.floats(0, 1, exclude_max=True)


@given(FAILURES, CHANCE)
def test_it_stays_between_a_tenth_of_a_second_and_a_minute(failures: int, chance: float) -> None:
    assert FIRST * 0.1 <= delay(failures, chance) <= LONGEST == 60.0


@given(FAILURES, CHANCE, CHANCE)
def test_chance_spreads_it_over_the_whole_range(failures: int, low: float, high: float) -> None:
    assert (delay(failures, low) <= delay(failures, high)) or low > high


@pytest.mark.parametrize(
    ("failures", "longest"), [(1, 1.0), (2, 2.0), (3, 4.0), (4, 8.0), (5, 16.0), (6, 32.0), (7, 60.0), (8, 60.0)]
)
def test_the_ceiling_doubles_up_to_a_minute(failures: int, longest: float) -> None:
    assert delay(failures, 0.999999999) == pytest.approx(longest)
    assert delay(failures, 0.0) == pytest.approx(0.1)


def test_the_server_may_ask_for_longer_but_not_for_shorter() -> None:
    assert delay(1, 0.5, retry_after=30.0) == 30.0
    assert delay(9, 0.999, retry_after=1.0) > 50.0

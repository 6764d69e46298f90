"""The library's codes as verdicts: what a changing task may still have done, and what a query tells."""

from __future__ import annotations

import pytest

from drivers.errors import InDoubt, Refused
from drivers.fiscal.atol_json import verdict
from protocol.wire.atol.codes import CODES, Fate


@pytest.mark.parametrize("number", sorted(CODES))
def test_a_changing_task_is_in_doubt_exactly_where_the_code_leaves_it_open(number: int) -> None:
    error = verdict(number, "text", changing=True, remaining=10.0)
    assert isinstance(error, InDoubt if CODES[number].fate is Fate.OPEN else Refused)
    assert (error.code, error.vendor) == (CODES[number].code, str(number))
    assert error.detail == f"{CODES[number].name}: text"


@pytest.mark.parametrize(
    ("number", "remaining"),
    [(2, 10.0), (241, 10.0), (55, 10.0), (15, 10.0), (777, 10.0), (115, 0.0), (44, 0.0), (151, 0.0)],
)
def test_what_is_left_of_the_tasks_time(number: int, remaining: float) -> None:
    error = verdict(number, "", changing=True, remaining=10.0)
    assert isinstance(error, InDoubt)
    assert error.remaining == remaining


@pytest.mark.parametrize(
    ("number", "kind"), [(1, InDoubt), (2, InDoubt), (241, InDoubt), (15, InDoubt), (55, Refused), (44, Refused),
                         (73, Refused), (123, Refused), (501, Refused)]
)  # fmt: skip
def test_a_query_loses_the_channel_only_with_the_device(number: int, kind: type) -> None:
    assert type(verdict(number, "", changing=False)) is kind


def test_an_unknown_code_proves_nothing() -> None:
    assert isinstance(verdict(777, "", changing=True), InDoubt)

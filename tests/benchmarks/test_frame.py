"""The frame of the benchmarks: rows, their goals, and the command."""

from __future__ import annotations

import json

import pytest

from benchmarks.__main__ import main, table
from benchmarks.rows import Goal, Row, at_least, at_most, below


def row(ours: float, theirs: float, goal: Goal | None) -> Row:
    return Row("a measure", ours, theirs, "s", goal, samples=1, theirs_is="a floor")


@pytest.mark.parametrize(
    ("goal", "ratio", "met"),
    [
        (at_most(1.5), 1.5, True),
        (at_most(1.5), 1.51, False),
        (below(1.0), 1.0, False),
        (below(1.0), 0.99, True),
        (at_least(0.5), 0.5, True),
        (at_least(0.5), 0.49, False),
        (None, 7.0, None),
    ],
)
def test_a_goal_is_a_bound_of_the_ratio(goal: Goal | None, ratio: float, met: bool | None) -> None:
    assert row(ratio, 1.0, goal).met is met


def test_a_row_as_json_has_the_figures_of_both_sides() -> None:
    told = row(3.0, 2.0, at_most(1.1)).as_json()
    assert {key: told[key] for key in ("name", "ratio", "goal", "bound", "met", "ours", "theirs", "unit")} == {
        "name": "a measure",
        "ratio": 1.5,
        "goal": 1.1,
        "bound": "<=",
        "met": False,
        "ours": 3.0,
        "theirs": 2.0,
        "unit": "s",
    }
    assert json.dumps(told)


def test_the_table_says_which_goal_is_missed() -> None:
    lines = table([row(3.0, 2.0, at_most(1.1)), row(1.0, 2.0, at_most(1.1))]).splitlines()
    assert ["MISSED" in line for line in lines] == [False, True, False]


def test_an_unknown_benchmark_is_wrong_use_and_the_known_ones_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["wier"])
    assert ended.value.code == 2
    assert "wire, peers" in capsys.readouterr().err

"""A small storm as a test; ``make kill`` is the whole one. Short: one shop, every kind of death once or twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kill.shop import Board, Death
from tests.kill.storm import Storm, all_points


def storm(folder: Path, agent: int, server: int, points: dict[str, list[tuple[str, str]]], shops: int) -> None:
    report = Storm(folder, Board({"agent": agent, "server": server}, points), seed=1, shops=shops).run()
    assert report.problems == ()
    assert report.missing == {}
    assert report.deaths["agent"] >= agent
    assert report.deaths["server"] >= server
    assert report.at_points["agent"] >= len(points["agent"])


@pytest.mark.gate
def test_a_shop_lives_through_deaths_at_points_and_at_random(tmp_path: Path) -> None:
    points = {"agent": [("closing", "after")], "server": [("link:Connection._deliver/update", "before")]}
    storm(tmp_path, 2, 2, points, shops=1)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_every_commit_point_is_died_at(tmp_path: Path) -> None:
    storm(tmp_path, 0, 0, all_points(), shops=4)


def test_a_point_that_is_never_reached_is_missing() -> None:
    board = Board({"agent": 0, "server": 0}, {"agent": [("intent", "after"), ("proven", "after")], "server": []})
    board.died(Death("agent", "after", ("book:JobBook.transition", "intent")))
    board.died(Death("agent", "before", ("proven",)))
    for _ in range(Board.TRIES):
        assert not board.done()
        assert board.next_point("agent") == ("proven", "after")
    assert board.done()
    assert board.missing() == {"agent": [("proven", "after")]}


def test_kills_are_counted_until_there_are_enough() -> None:
    board = Board({"agent": 2, "server": 1}, {"agent": [], "server": []})
    board.died(Death("agent", "", ()))
    board.died(Death("server", "", ()))
    assert (board.left("agent"), board.left("server"), board.done()) == (1, 0, False)
    board.died(Death("agent", "after", ("intent",)))
    assert board.done()

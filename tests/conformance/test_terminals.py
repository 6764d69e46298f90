"""The suite of card terminals itself: a right driver shows all of it, and every wrong one is seen through."""

from __future__ import annotations

import pytest

from drivers.conformance.judgement import Case, State, cases
from drivers.conformance.terminals.catalogue import SUITE
from tests.conformance.broken_terminals import BROKEN, Good, broken
from tests.conformance.tiny_terminal import BENCHES, TinyTerminal

BY_NAME = {each.name: each for each in SUITE.behaviours()}
TINY = cases(BENCHES)
SUITES_OWN = ("Undeclared", "NotOffered", "TypeError", "AttributeError", "KeyError", "NotImplementedError")
"""A failure of one of these kinds would be a mistake of the suite or of the wrong driver."""


@pytest.mark.parametrize("case", [case for case in TINY if case.standing().state is State.DONE], ids=str)
def test_a_right_driver_shows_it(case: Case) -> None:
    case.show()


def test_every_behaviour_is_shown_by_one_of_the_two() -> None:
    shown = {case.behaviour.name for case in TINY if case.standing().state is State.DONE}
    assert shown == set(BY_NAME)


def test_names_are_unique_and_say_something() -> None:
    assert len(SUITE.behaviours()) == len(BY_NAME) >= 100
    assert all(section.behaviours and section.title for section in SUITE.sections())
    assert all(each.says and "|" not in each.says for each in BY_NAME.values())


@pytest.mark.parametrize(("breaks", "name"), [(breaks, name) for breaks, names in BROKEN.items() for name in names])
def test_what_is_wrong_with_a_driver_is_seen(breaks: type[TinyTerminal], name: str) -> None:
    judged = Case(broken(breaks), BY_NAME[name]).judged()
    assert judged.state is State.FAILED
    assert not judged.why.startswith(SUITES_OWN), judged.why


@pytest.mark.parametrize("name", sorted({name for names in BROKEN.values() for name in names}))
def test_the_same_bench_spoils_nothing(name: str) -> None:
    judged = Case(broken(Good), BY_NAME[name]).judged()
    assert judged.state is State.DONE, judged.why

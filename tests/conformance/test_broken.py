"""The suite itself: every driver with one thing wrong is seen through, by the behaviours that are named beside it."""

from __future__ import annotations

import pytest

from drivers.conformance.catalogue import behaviours
from drivers.conformance.judgement import Case, State
from tests.conformance.broken import BROKEN, Passing, broken

BY_NAME = {each.name: each for each in behaviours()}
SUITES_OWN = ("Undeclared", "NotOffered", "TypeError", "AttributeError", "KeyError")
"""A failure of one of these kinds would be a mistake of the suite or of the wrapper."""


@pytest.mark.parametrize(("breaks", "name"), [(breaks, name) for breaks, names in BROKEN.items() for name in names])
def test_what_is_wrong_with_a_driver_is_seen(breaks: type[Passing], name: str) -> None:
    judged = Case(broken(breaks), BY_NAME[name]).judged()
    assert judged.state is State.FAILED
    assert not judged.why.startswith(SUITES_OWN), judged.why


@pytest.mark.parametrize("name", sorted({name for names in BROKEN.values() for name in names}))
def test_the_wrapper_alone_spoils_nothing(name: str) -> None:
    judged = Case(broken(Passing), BY_NAME[name]).judged()
    assert judged.state is State.DONE, judged.why

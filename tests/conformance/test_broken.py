"""The suite itself: every driver with one thing wrong is seen through, by the behaviours that are named beside it."""

from __future__ import annotations

import pytest

from drivers.conformance.__main__ import main
from drivers.conformance.catalogue import behaviours
from drivers.conformance.judgement import Case, State
from tests.conformance.broken import BROKEN, DoubtIsSuccess, Passing, broken

BY_NAME = {each.name: each for each in behaviours()}
WRONG = (broken(DoubtIsSuccess),)
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


def test_the_command_line_says_what_failed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"{__name__}:WRONG", "--only", "close_receipt.cut"]) == 1
    told = capsys.readouterr().out
    assert "failed: shtrih-DoubtIsSuccess-close_receipt.cut: AssertionError: expected InDoubt, got None" in told
    assert "0 done, 0 missing, 0 exempt, 1 failed" in told


@pytest.mark.parametrize("arguments", [["nowhere"], ["nowhere:BENCHES"], [f"{__name__}:NOTHING"]])
def test_the_command_line_says_how_a_bench_is_named(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "expected MODULE:NAME of a sequence of benches" in capsys.readouterr().err

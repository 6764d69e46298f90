"""The sheets in ``docs/drivers`` say how the drivers stand today; what "done" says there is shown by the run itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.conformance.catalogue import behaviours, sections
from drivers.conformance.judgement import BadBench, Case, State, cases
from drivers.conformance.sheet import sheet
from tests.conformance.benches import BENCHES
from tests.conformance.shtrih import OFFERS, ShtrihBench
from tests.support.write_docs import DOCS

SHEETS = DOCS / "drivers"
FAMILIES = sorted({bench.family for bench in BENCHES})


@pytest.mark.parametrize("family", FAMILIES)
def test_the_sheet_is_current(family: str) -> None:
    page = (SHEETS / f"{family}-conformance.md").read_text(encoding="utf-8")
    wanted = sheet(family, BENCHES, Case.standing)
    assert page == wanted, "run: python -m drivers.conformance tests.conformance.benches:BENCHES --sheets docs/drivers"


def test_every_sheet_is_of_a_family_that_is_judged() -> None:
    assert {path.name for path in Path(SHEETS).glob("*-conformance.md")} == {f"{f}-conformance.md" for f in FAMILIES}


def test_nothing_of_ours_is_missing() -> None:
    """A simulator of ours can do what the suite needs."""
    assert [str(case) for case in cases(BENCHES) if case.standing().state is State.MISSING] == []


def test_names_are_unique_and_say_something() -> None:
    names = [each.name for each in behaviours()]
    assert len(names) == len(set(names)) >= 100
    assert all(section.behaviours and section.title for section in sections())
    assert all(each.says and "|" not in each.says for each in behaviours())


def test_an_exemption_needs_a_behaviour_and_a_reason() -> None:
    for exempt in ({"close.nothing": "no such thing"}, {"slip.lines": " "}):
        with pytest.raises(BadBench):
            cases([ShtrihBench("shtrih", "x", OFFERS, exempt)])


def test_what_a_bench_lacks_is_named() -> None:
    bench = ShtrihBench("shtrih", "x", frozenset(), {"slip.lines": "no paper"})
    standing = {case.behaviour.name: case.standing() for case in cases([bench])}
    assert standing["close_receipt.late"].state is State.MISSING
    assert standing["close_receipt.late"].why == "the bench does not offer: late"
    assert (standing["slip.lines"].state, standing["slip.lines"].why) == (State.EXEMPT, "no paper")

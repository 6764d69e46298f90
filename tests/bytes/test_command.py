"""``python -m tests.bytes``: what it counts, what it shows, how it ends."""

from __future__ import annotations

from collections import defaultdict

import pytest

from tests.bytes.__main__ import main, report
from tests.bytes.families import FAMILIES
from tests.bytes.faulty import Direction, Fault
from tests.bytes.run import Group, Tally, Verdict, clean_run, verdict_on
from tests.bytes.scenarios import SCENARIOS
from tests.bytes.test_verdict import garbled, no_document
from tests.bytes.world import prepared


def test_a_case_is_shown_with_its_way_and_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "shtrih2:receipt:in:2200:flip"]) == 0
    shown = capsys.readouterr().out
    for word in ("--- shtrih2:receipt:in:2200:flip", "Close", "FD 3 receipt", "done after"):
        assert word in shown


@pytest.mark.parametrize("case", ["shtrih1:receipt:out:flip", "shtrih9:receipt:out:1:flip", "shtrih1:receipt:up:1:cut"])
def test_what_is_no_case_is_named(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", case]) == 2
    assert f"{case!r} is no case; expected DRIVER:" in capsys.readouterr().err


def test_cases_are_counted_by_what_became_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    scenario = SCENARIOS["receipt"]
    with prepared(FAMILIES["shtrih1"], scenario.before, scenario.wanted) as template:
        clean = clean_run(template, scenario)
    group = Group("shtrih1", "receipt", Direction.OUT, Fault.DOUBLE)
    tallies: defaultdict[Group, Tally] = defaultdict(Tally)
    for position, seen in enumerate([clean, no_document(clean), garbled("1030")(clean)]):
        tallies[group].count(group.case(position), seen, verdict_on(group, scenario, clean, seen))
    report(tallies, 1.0)
    shown = capsys.readouterr().out
    assert tallies[group].cases == 3
    assert [case.split(": ")[0] for case in tallies[group].wrong] == ["shtrih1:receipt:out:1:double"] * 2
    assert "WRONG: shtrih1:receipt:out:1:double: a false success" in shown
    assert "garbled name: shtrih1:receipt:out:2:double" in shown


def test_a_fault_that_the_checksum_notices_garbles_nothing() -> None:
    scenario = SCENARIOS["receipt"]
    with prepared(FAMILIES["shtrih1"], scenario.before, scenario.wanted) as template:
        clean = clean_run(template, scenario)
    for family, fault, forgiven in [
        ("shtrih1", Fault.DOUBLE, True),
        ("shtrih1", Fault.FLIP, False),
        ("shtrih1", Fault.DELAY, False),
        ("shtrih2", Fault.DOUBLE, False),
    ]:
        group = Group(family, "receipt", Direction.OUT, fault)
        verdict = verdict_on(group, scenario, clean, garbled("1030")(clean))
        assert (verdict.garbled, bool(verdict.wrong)) == (forgiven, not forgiven)
        assert verdict_on(group, scenario, clean, clean) == Verdict([])

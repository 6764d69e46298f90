"""Every benchmark runs and prints well-formed rows. Its figures are nobody's business here."""

from __future__ import annotations

import json
import math

import pytest

from benchmarks.__main__ import BENCHMARKS, main
from tests.support.vendor_tests import needs_library

PRINTED = 1e-4  # four decimals
SERVED = ("overhead", "fleet", "agent", "neighbour", "terminal", "pages")
"""They start a server and more: ten seconds each."""


def _marks(name: str) -> list[pytest.MarkDecorator]:
    return [*([pytest.mark.long] if name in SERVED else []), *([needs_library()] if name == "neighbour" else [])]


@pytest.mark.parametrize("name", [pytest.param(name, marks=_marks(name)) for name in BENCHMARKS])
def test_a_benchmark_runs_and_prints_rows(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--quick", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert rows
    for row in rows:
        assert row["name"].startswith(name)
        assert all(math.isfinite(row[figure]) and row[figure] > 0 for figure in ("ours", "theirs", "ratio"))
        assert row["ratio"] == pytest.approx(row["ours"] / row["theirs"], rel=1e-3, abs=PRINTED)
        assert (row["goal"] is None) is (row["met"] is None)
        assert row["unit"]
        assert row["theirs_is"]
        assert row["samples"] >= 1

"""Tests with ATOL's own library: a mark that skips them where it is not, and a line at the end that says so loudly."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.support.vendor_library import NEWER, USED, Package, path_of

_SKIPPED = "ATOL's library is not here"


def _needs(package: Package) -> pytest.MarkDecorator:
    return pytest.mark.skipif(path_of(package) is None, reason=f"{_SKIPPED}: {package.variable} is not set")


def needs_library() -> pytest.MarkDecorator:
    return _needs(USED)


def needs_newer_library() -> pytest.MarkDecorator:
    return _needs(NEWER)


def library(package: Package = USED) -> Path:
    found = path_of(package)
    assert found is not None, f"mark the test: {package.variable} is not set"
    return found


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped: Iterable[pytest.TestReport] = terminalreporter.stats.get("skipped", [])
    missed = [report for report in skipped if _SKIPPED in str(report.longrepr)]
    if missed:
        terminalreporter.write_sep("=", "ATOL's own library was NOT tested", red=True, bold=True)
        terminalreporter.write_line(
            f"{len(missed)} tests were skipped. To run them: "
            f"export {USED.variable}=$(python -m tests.support.vendor_library /some/folder/outside) and, for the newer "
            f"tasks, {NEWER.variable}=$(… --newer)"
        )

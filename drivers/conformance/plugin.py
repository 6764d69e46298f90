"""The pytest plug-in: every behaviour over every bench.

In ``conftest.py``: ``pytest_plugins = ["drivers.conformance.plugin"]`` and the hook ``pytest_kassabridge_benches``,
which returns the package's benches. In a test file: ``def test_conformance(conformance): conformance.show()``. What is
exempt is skipped with its reason; what is missing is an expected failure that names what the bench would have to offer.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from drivers.conformance.judgement import Case, State, cases
from drivers.conformance.place import AnyBench

FIXTURE = "conformance"

pytest.register_assert_rewrite("drivers.conformance.behaviours", "drivers.conformance.terminals.behaviours")


class Hooks:
    """What this plug-in asks of others."""

    def pytest_kassabridge_benches(self) -> Sequence[AnyBench]:
        """The benches of a package: one for every variant of its drivers."""
        raise NotImplementedError


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(Hooks)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if FIXTURE not in metafunc.fixturenames:
        return
    answers = metafunc.definition.ihook.pytest_kassabridge_benches()
    benches = [bench for answer in answers for bench in answer]
    if not benches:
        raise pytest.UsageError("conformance: no bench; a conftest.py must answer pytest_kassabridge_benches")
    metafunc.parametrize(FIXTURE, [_parameter(case) for case in cases(benches)])


def _parameter(case: Case) -> object:
    standing = case.standing()
    marks = []
    if standing.state is State.EXEMPT:
        marks.append(pytest.mark.skip(reason=f"exempt: {standing.why}"))
    elif standing.state is State.MISSING:
        marks.append(pytest.mark.xfail(reason=f"missing: {standing.why}", run=False))
    return pytest.param(case, id=str(case), marks=marks)

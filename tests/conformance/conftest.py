from __future__ import annotations

from collections.abc import Sequence

import pytest

from drivers.conformance.judgement import Case
from drivers.conformance.place import AnyBench
from tests.conformance import atol_lib
from tests.conformance.benches import BENCHES
from tests.support.vendor_tests import needs_library


def pytest_kassabridge_benches() -> Sequence[AnyBench]:
    """A new family adds its benches to ``benches``."""
    return BENCHES


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """The maker's library has to be there, and takes its time: all of it only in the long form (make conformance)."""
    for item in items:
        callspec = getattr(item, "callspec", None)
        case = callspec.params.get("conformance") if callspec is not None else None
        if isinstance(case, Case) and case.bench in atol_lib.BENCHES:
            item.add_marker(needs_library())
            if not case.behaviour.name.startswith(atol_lib.SHORT_FORM):
                item.add_marker(pytest.mark.long)

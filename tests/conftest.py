"""Order of the whole suite: what takes longest begins first, so that it does not run alone at the end."""

from __future__ import annotations

import pytest

pytest_plugins = ["drivers.conformance.plugin", "tests.support.vendor_tests"]

LONGEST_FIRST = ("tests/soak/", "tests/e2e/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: next((at for at, path in enumerate(LONGEST_FIRST) if item.nodeid.startswith(path)), 99))

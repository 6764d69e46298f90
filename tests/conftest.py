"""Order of the whole suite: what takes longest begins first, so that it does not run alone at the end."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

# How fast this machine is today is no property of what is tested.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

pytest_plugins = ["drivers.conformance.plugin", "tests.support.vendor_tests"]

LONGEST_FIRST = ("tests/soak/", "tests/e2e/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: next((at for at, path in enumerate(LONGEST_FIRST) if item.nodeid.startswith(path)), 99))

from __future__ import annotations

from collections.abc import Sequence

from drivers.conformance.bench import Bench
from tests.conformance.benches import BENCHES


def pytest_kassabridge_benches() -> Sequence[Bench]:
    """A new family adds its benches to ``benches``."""
    return BENCHES

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.job_books import Bench, bench


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as made:
        yield made

from __future__ import annotations

import pytest

from tests.drivers.fiscal.desk import Desk


@pytest.fixture
def fresh() -> Desk:
    """Not connected yet."""
    return Desk()


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.connect()
    return desk

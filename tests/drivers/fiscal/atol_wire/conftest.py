from __future__ import annotations

import pytest

from tests.drivers.fiscal.atol_wire.desk import Desk


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.connect()
    return desk

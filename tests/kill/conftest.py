from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.shop import Shop, open_shop
from tests.support.rig import Rig, running


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """Nothing runs yet; the test starts what it needs."""
    with running(tmp_path) as rig:
        yield rig


@pytest.fixture
def shop(rig: Rig) -> Rig:
    """Server, register and a paired agent that is not running yet; device in the directory."""
    rig.start_server()
    rig.start_register()
    rig.configure()
    rig.put("/devices", {"kkm_id": rig.kkm_id, "name": "Касса 1"})
    rig.pair()
    return rig


@pytest.fixture
def tills(tmp_path: Path) -> Iterator[Shop]:
    """A server; registers and PCs are the test's."""
    with open_shop(tmp_path) as shop:
        yield shop

from __future__ import annotations

import pytest

from drivers.fiscal.atol_json import AtolJsonRegister
from tests.drivers.fiscal.atol_json.library import Library


@pytest.fixture
def library() -> Library:
    return Library()


@pytest.fixture
def register(library: Library) -> AtolJsonRegister:
    """Connected, the shift is open."""
    register = AtolJsonRegister(library)
    register.connect()
    register.open_shift("Иванов И.И.", None)
    library.tasks.clear()
    return register

"""One register per module; where a test needs another history it starts its own."""

from collections.abc import Iterator

import pytest

from .client import Host, Machine, machine


@pytest.fixture(scope="module")
def register() -> Iterator[Machine]:
    with machine() as running:
        yield running


@pytest.fixture
def host(register: Machine) -> Iterator[Host]:
    """A connection to the module's register; the register is as the tests before left it."""
    with register.host() as talking:
        talking.settle()
        yield talking

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.agent.support.doctor.clinic import Clinic, Home, settle
from tests.support.rig import running

Admit = Callable[[bool], Clinic]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with running(tmp_path_factory.mktemp("home")) as rig:
        yield settle(rig)


@pytest.fixture
def admit(home: Home, tmp_path: Path) -> Iterator[Admit]:
    """A healthy PC, with the agent running or stopped."""
    with ExitStack() as stack:
        yield lambda running: Clinic(home, tmp_path, stack, running=running)

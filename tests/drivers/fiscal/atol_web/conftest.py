from __future__ import annotations

from itertools import count

import pytest

from drivers.fiscal.atol_web import AtolWebRegister, HttpClient, WebRunner, load_profile
from drivers.transports.memory import VirtualClock
from tests.drivers.fiscal.atol_json.library import Library
from tests.drivers.fiscal.atol_web.server import Server, ServerTransport


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def library() -> Library:
    """With an open shift: document 1."""
    made = Library(can_cancel=False)
    made.receipt = None
    made._carried_out("openShift", {"type": "openShift"})
    return made


@pytest.fixture
def server(library: Library, clock: VirtualClock) -> Server:
    return Server(library, clock)


@pytest.fixture
def runner(server: Server, clock: VirtualClock) -> WebRunner:
    numbers = count(1)
    http = HttpClient(ServerTransport(server, clock), clock, "127.0.0.1:16732")
    return WebRunner(http, load_profile(), clock, new_id=lambda: f"00000000-0000-4000-8000-{next(numbers):012d}")


@pytest.fixture
def register(runner: WebRunner) -> AtolWebRegister:
    made = AtolWebRegister(runner, load_profile().times)
    made.connect()
    return made

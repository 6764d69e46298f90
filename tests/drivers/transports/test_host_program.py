"""How a host is started, from source and by a frozen agent; both are started here and asked."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.errors import InDoubt, NotSent, Refused
from drivers.hosts import VENDOR_HOST
from drivers.hosts.__main__ import HOSTS
from drivers.transports.base import SystemClock
from drivers.transports.host_program import host_program
from drivers.transports.process import HostProcess, Program

LONG = 30.0
FROZEN = Program((sys.executable, "-m", "agent.cli", VENDOR_HOST, "fptr10"))
"""The agent's own program, as its frozen executable starts it."""


def test_a_frozen_agent_is_its_own_host() -> None:
    program = host_program("fptr10", frozen=True)
    assert program.argv == (sys.executable, *FROZEN.argv[3:])
    assert program.environment is None


def test_another_python_is_used_even_then() -> None:
    for frozen in (False, True):
        program = host_program("fptr10", Path("/opt/python32/python"), frozen=frozen)
        assert program.argv[0] == "/opt/python32/python"
        assert program.argv[-3:] == ("-m", "drivers.hosts", "fptr10")


@pytest.fixture(params=[host_program("fptr10"), FROZEN], ids=["source", "frozen"])
def host(request: pytest.FixtureRequest) -> Iterator[HostProcess]:
    one = HostProcess(request.param, SystemClock())
    one.start()
    yield one
    one.end()


def test_the_host_answers(host: HostProcess) -> None:
    with pytest.raises(Refused) as caught:
        host.call("settings", {}, max_time=LONG)
    assert caught.value.code == "wrong_state"


def test_an_unknown_host_is_named() -> None:
    one = HostProcess(host_program("fptr11"), SystemClock())
    one.start()
    with pytest.raises((NotSent, InDoubt), match="the host ended with 2"):
        one.call("settings", {}, max_time=LONG)
    one.end()
    assert one.last_words == (f"expected one of {', '.join(HOSTS)}",)

"""A real program that outlives its agent: the next agent waits for it, and its answer is found."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from drivers.errors import NotSent
from drivers.terminal_api import Found, Operation, Outcome, Transaction
from drivers.terminals.program import Surroundings, SystemPrograms
from drivers.terminals.sber import SberTerminal, load_profile
from drivers.transports.base import SystemClock
from tests.drivers.terminals.programs import Listener
from tests.drivers.terminals.sber.conftest import NOON, ORDER, e, p
from tests.support.patience import BUSY

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a script of a shell")

PROGRAM = """#!/bin/sh
mkfifo began go
echo "$@" > began &
read line < go
cp result e
cp slip p
echo return:0
"""
AGENT = """
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from drivers.terminal_api import Order
from drivers.terminals.program import Surroundings, SystemPrograms
from drivers.terminals.sber import SberTerminal, load_profile
from drivers.transports.base import SystemClock
around = Surroundings(SystemPrograms(), SystemClock(), lambda: datetime(2026, 3, 1, 12, 15))
terminal = SberTerminal(Path(sys.argv[1]), replace(load_profile(), charset="koi8-r", mirrors=False), around)
terminal.pay(Order(15000, 17), SimpleNamespace(progress=lambda _: None))
"""


def terminal(folder: Path) -> SberTerminal:
    profile = replace(load_profile(), charset="koi8-r", mirrors=False)
    return SberTerminal(folder, profile, Surroundings(SystemPrograms(), SystemClock(), lambda: NOON))


def until(true: Callable[[], bool]) -> None:
    clock = SystemClock()
    deadline = clock.now() + BUSY
    while not true():
        assert clock.now() < deadline
        clock.sleep(0.02)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "result").write_bytes(e(charset="koi8-r"))
    (tmp_path / "slip").write_bytes(p(charset="koi8-r"))
    (tmp_path / "sb_pilot").write_text(PROGRAM, "utf-8")
    (tmp_path / "sb_pilot").chmod(0o755)
    return tmp_path


def test_the_agent_dies_in_the_middle_of_a_payment(folder: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", AGENT, str(folder)]) as agent:
        until(lambda: (folder / "began").exists())
        assert (folder / "began").read_text() == "1 15000\n"
        until(lambda: '"mark": [' in (folder / "kassabridge.json").read_text())
        agent.kill()
    again = terminal(folder)
    assert again.find(ORDER, Operation.PAYMENT) is Found.IN_PROGRESS
    with pytest.raises(NotSent) as caught:
        again.connect()
    assert caught.value.code == "terminal_busy"
    (folder / "go").write_text("\n")
    until(lambda: terminal(folder).find(ORDER, Operation.PAYMENT) is not Found.IN_PROGRESS)
    late = terminal(folder).find(ORDER, Operation.PAYMENT)
    assert isinstance(late, Transaction)
    assert (late.outcome, late.amount, late.rrn) == (Outcome.APPROVED, 15000, "606012345678")


def test_the_agent_lives(folder: Path) -> None:
    (folder / "sb_pilot").write_text("#!/bin/sh\ncp result e\necho return:0\n", "utf-8")
    assert terminal(folder).pay(ORDER, Listener()).outcome is Outcome.APPROVED

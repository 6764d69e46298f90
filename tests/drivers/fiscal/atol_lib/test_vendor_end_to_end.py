"""Our driver, the maker's library in its host, a simulated register behind a socket: receipts and ways to lose them.

After each doubt a new host asks the register itself: the number of the last fiscal document says what became of it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from drivers.address import parse_address
from drivers.api import DocumentKind, ShiftState
from drivers.errors import InDoubt, NotSent
from drivers.fiscal.atol_json.register import AtolJsonRegister, Times
from drivers.fiscal.atol_lib.place import place_of
from drivers.fiscal.atol_lib.runner import FptrRunner
from drivers.transports.base import SystemClock
from protocol.ffd.planned import PlannedReceipt
from tests.protocol.wire.atol.json_samples import SALE
from tests.support.vendor_tests import library, needs_library

pytestmark = needs_library()
LONG = 60.0


class Shop:
    """A simulated register with an open shift, and the driver that has opened it."""

    def __init__(self, folder: Path, *faults: str, close: float = LONG) -> None:
        argv = [sys.executable, "-m", "drivers.simulators", "atol", "--listen", "tcp:127.0.0.1:0", "--ffd", "1.1"]
        argv += ["--state", str(folder / "register.json"), "--seed", "1", "--print-time", "0", "--control"]
        self._simulator = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self._simulator.stdout is not None
        at = json.loads(self._simulator.stdout.readline())["listening"]
        self.address = f"lib:{library()}?tcp={at.removeprefix('tcp:')}"
        self.runner = FptrRunner(place_of(parse_address(self.address)), SystemClock())
        self.register = AtolJsonRegister(self.runner, Times(close=close))
        self.register.connect()
        self.register.open_shift("Иванов И.И.", None)
        for fault in faults:
            self.do(f"fault {fault}")

    def do(self, words: str) -> dict[str, Any]:
        assert self._simulator.stdin is not None
        assert self._simulator.stdout is not None
        self._simulator.stdin.write(json.dumps({"do": words}) + "\n")
        self._simulator.stdin.flush()
        answer: dict[str, Any] = json.loads(self._simulator.stdout.readline())
        assert answer["ok"], answer
        return answer

    def sell(self, receipt: PlannedReceipt = SALE) -> None:
        self.register.check_receipt(receipt)
        self.register.fill_receipt(receipt, lambda *_: None)
        self.register.close_receipt(receipt)

    def lose(self) -> InDoubt:
        with pytest.raises(InDoubt) as caught:
            self.sell()
        return caught.value

    def last(self) -> int:
        """What a new host says that the drive holds."""
        self.register.disconnect()
        self.register.connect()
        return self.register.archive_end().last_fd

    def end(self) -> None:
        self.register.disconnect()
        self._simulator.terminate()
        self._simulator.communicate(timeout=LONG)


@contextmanager
def shop(folder: Path, *faults: str, close: float = LONG) -> Iterator[Shop]:
    one = Shop(folder, *faults, close=close)
    try:
        yield one
    finally:
        one.end()


@pytest.fixture(autouse=True)
def _own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The library writes its logs there."""
    monkeypatch.setenv("HOME", str(tmp_path))


def test_a_receipt_from_the_open_shift_to_its_close(tmp_path: Path) -> None:
    with shop(tmp_path) as one:
        before = one.register.archive_end().last_fd
        one.sell()
        document = one.register.document(before + 1)
        assert document is not None
        assert (document.kind, document.total, document.sign) == (DocumentKind.RECEIPT, SALE.total, SALE.sign)
        assert document.imprint == SALE.imprint
        one.register.close_shift("Иванов И.И.", None)
        assert one.register.status().shift is ShiftState.CLOSED


LOSSES = {
    "answer-lost:command=4A": 1,  # carried out, the reply is lost with the connection
    "drop:command=4A": 0,  # the connection breaks, and it is not carried out
    "drop:command=EB": 0,  # in the middle of the receipt
}
"""Faults, and how many documents they leave."""


@pytest.mark.parametrize("fault", LOSSES)
def test_a_lost_connection_is_doubt_that_the_drive_resolves(tmp_path: Path, fault: str) -> None:
    """The library gives up at once and sends nothing again."""
    with shop(tmp_path, fault) as one:
        before = one.register.archive_end().last_fd
        doubt = one.lose()
        assert doubt.vendor == "241"
        assert doubt.remaining > 0
        assert one.last() - before == LOSSES[fault]
        one.register.cancel_document()
        assert one.register.status().document_open is False
        one.sell(replace(SALE, imprint="NOPQRSTUVWXYZ"))
        assert one.register.archive_end().last_fd - before == LOSSES[fault] + 1


SLOW = "slow:command=4A,when=after,seconds=3"  # the document is made at once, the device is silent about it


def test_a_call_that_hangs_is_ended_and_the_drive_says_what_became_of_it(tmp_path: Path) -> None:
    with shop(tmp_path, SLOW, close=1.0) as one:
        doubt = one.lose()
        assert (doubt.code, doubt.vendor) == ("no_reply", None)
        assert doubt.remaining > 0
        with pytest.raises(NotSent):
            one.register.archive_end()
        assert one.last() == one.do("status")["fd"]


def test_a_host_that_is_killed_when_the_document_was_made_is_doubt(tmp_path: Path) -> None:
    with shop(tmp_path, SLOW) as one:
        pid = one.runner.pid
        assert pid is not None
        before = one.do("status")["fd"]

        def kill() -> None:
            while one.do("status")["fd"] == before:
                SystemClock().sleep(0.01)
            os.kill(pid, signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        doubt = one.lose()
        killer.join()
        assert (doubt.code, doubt.vendor) == ("link_lost", None)
        assert f"signal {signal.SIGKILL}" in doubt.detail
        assert one.last() == before + 1


def test_a_simulator_that_is_gone_is_offline(tmp_path: Path) -> None:
    with shop(tmp_path) as one:
        one.do("power-off")
        with pytest.raises((NotSent, InDoubt)):
            one.register.status()
        one.register.disconnect()
        with pytest.raises(NotSent) as caught:
            one.register.connect()
        assert caught.value.code == "device_offline"
        one.do("power-on")
        one.register.connect()


AGENT = """
import sys
from dataclasses import replace
from drivers.address import parse_address
from drivers.fiscal.atol_json.register import AtolJsonRegister
from drivers.fiscal.atol_lib import FptrRunner, place_of
from drivers.transports.base import SystemClock
from tests.protocol.wire.atol.json_samples import SALE

runner = FptrRunner(place_of(parse_address(sys.argv[1])), SystemClock())
register = AtolJsonRegister(runner)
register.connect()
print(runner.pid, flush=True)
register.fill_receipt(SALE, lambda *_: None)
register.close_receipt(SALE)
"""


def test_a_host_does_not_outlive_its_agent_not_even_in_a_call_that_hangs(tmp_path: Path) -> None:
    """The agent is killed while the library waits inside its own code for a register that says nothing."""
    with shop(tmp_path, SLOW.replace("seconds=3", "seconds=600")) as one:
        before = one.do("status")["fd"]
        one.register.disconnect()
        agent = subprocess.Popen([sys.executable, "-c", AGENT, one.address], stdout=subprocess.PIPE, text=True)
        assert agent.stdout is not None
        host = int(agent.stdout.readline())
        while one.do("status")["fd"] == before:
            SystemClock().sleep(0.01)
        assert running(host), "the library waits for its answer"
        agent.kill()
        agent.communicate()
        while running(host):
            SystemClock().sleep(0.01)
        one.do("power-off")  # it would be at work for ten minutes
        one.do("power-on")
        assert one.last() == before + 1


def running(pid: int) -> bool:
    """Whether the system still carries it out; nobody may have asked yet how it ended."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text("ascii", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return False

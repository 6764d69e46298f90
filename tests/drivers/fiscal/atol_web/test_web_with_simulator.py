"""The driver against the simulated web server with its register: faults of the register's line, of the server and of
HTTP, and once as processes that speak over a socket."""

# ruff: noqa: DTZ001  (a register has local time only)

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from pathlib import Path
from random import Random
from types import SimpleNamespace
from uuid import uuid5

import pytest

from drivers.api import FiscalRegister, Paper, ShiftState
from drivers.errors import NotSent
from drivers.fiscal.atol_web import AtolWebRegister, HttpClient, WebRunner, load_profile
from drivers.registry import open_register
from drivers.simulators.atol_web import Options, new_device
from drivers.simulators.clock import ManualClock
from drivers.simulators.dump import dump
from drivers.transports.base import SystemClock
from protocol.crm.job_machine import JobEvent
from tests.bytes.wire import LeapingTransport
from tests.drivers.fiscal.atol_web.test_web_procedure import JOB, WebTill
from tests.protocol.wire.atol.json_samples import SALE


class SimulatedClock:
    """The driver's time, which is the device's."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.tick: Callable[[], object] = int

    def now(self) -> float:
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        self._clock.advance(max(0.0, seconds))
        self.tick()


class SimulatedWorld:
    """As ``World``, with the simulator in the place of the server in memory."""

    def __init__(self, generation: int = 2) -> None:
        inside = ManualClock(datetime(2026, 7, 1, 15, 0))
        self.clock = SimulatedClock(inside)
        ffd = "1.2" if generation == 2 else "1.05"
        self.device = new_device(inside, Random(1), ffd=ffd, options=Options(generation=generation))
        self.clock.tick = self.device.tick
        self.library = SimpleNamespace(serial=self.device.state.drive.registration.register_serial)
        self.attempt = 0
        self.register = self.started()
        self.register.connect()
        self.register.open_shift("Иванова М.", None)

    def started(self) -> AtolWebRegister:
        numbers = count(1)
        line = LeapingTransport(self.device.connection, self.clock)
        http = HttpClient(line, self.clock, "127.0.0.1:16732")
        runner = WebRunner(http, load_profile(), self.clock, new_id=lambda: str(uuid5(JOB, f"own {next(numbers)}")))
        return AtolWebRegister(runner, load_profile().times)

    @property
    def name(self) -> str:
        return str(uuid5(JOB, str(self.attempt)))

    @property
    def receipts(self) -> int:
        return sum(document["type"] == "receipt" for document in dump(self.device.state.drive)["documents"])


FAULTS = [
    # the register's own line, as the server's library meets it: the queue stands still until it knows
    "drop:command=sell",
    "answer-lost:command=sell",
    "late:command=sell,seconds=20",
    "late:command=sell,seconds=55",
    "mute:command=sell,seconds=100",
    "slow:command=sell,seconds=30",
    "slow:command=sell,seconds=90",
    "power:command=sell,when=before",
    "power:command=sell,when=after",
    "fail:command=sell,code=2",
    "fail:command=sell,code=15",
    "fail:command=sell,code=118",
    "fail:command=sell,code=68",
    "busy:command=sell",
    # HTTP
    "drop:command=post-requests",
    "answer-lost:command=post-requests",
    "answer-lost:command=get-requests",
    "late:command=post-requests,seconds=20",
    "mute:command=post-requests,seconds=100",
    "mute:command=get-requests,seconds=100",
    "slow:command=post-requests,seconds=15",
    "checksum:command=post-requests",
    "checksum:command=get-requests",
    "fail:command=post-requests,code=500",
    "fail:command=post-requests,code=409",
    "fail:command=get-requests,code=404",
    # the server
    "restart:command=sell",
    "restart:command=post-requests",
    "restart:command=get-requests",
]


@pytest.mark.parametrize(
    ("fault", "generation"), [*((fault, 2) for fault in FAULTS), *((fault, 1) for fault in FAULTS[::3])]
)
def test_one_receipt_whatever_happens_to_it(fault: str, generation: int) -> None:
    world = SimulatedWorld(generation)
    till = WebTill(world)
    world.device.inject(fault)
    events = till.until_made()
    assert events[-1] is JobEvent.PROVEN
    world.clock.sleep(300.0)
    assert world.receipts == 1


@pytest.mark.parametrize("generation", [2, 1])
def test_a_late_receipt_is_never_made_twice(generation: int) -> None:
    """The server calls it an error five seconds later, and the register makes it in twenty."""
    world = SimulatedWorld(generation)
    till = WebTill(world)
    world.device.inject("late:command=sell,seconds=20")
    assert till.until_made() == [JobEvent.CLOSING, JobEvent.DOUBT, JobEvent.PROVEN]
    assert world.receipts == 1


def test_what_another_program_left_half_printed_is_printed_on_and_not_called_a_fault() -> None:
    """A job waited for ever: the register was blocked, and only printing on could tell why."""
    world = SimulatedWorld()
    world.device.take_paper()
    assert world.device.register.sell_for_another_program(10_000)
    world.clock.sleep(1.0)
    world.register.connect()
    status = world.register.status()
    assert (status.paper, status.blocked) == (Paper.INTERRUPTED, None)
    world.device.load_paper()
    assert world.register.status().paper is Paper.RESUMABLE
    world.register.continue_print()
    status = world.register.status()
    assert (status.paper, status.blocked) == (Paper.PRESENT, None)


def test_a_register_that_is_blocked_with_nothing_left_to_print_has_a_fault() -> None:
    world = SimulatedWorld()
    world.register.connect()
    world.register.continue_print()
    world.device.take_paper()
    world.device.register.sell_for_another_program(10_000)
    world.clock.sleep(1.0)
    assert world.register.status().blocked == "register_fault"


def test_paper_that_runs_out_is_owed_and_printed_on() -> None:
    world = SimulatedWorld()
    till = WebTill(world)
    world.device.inject("paper-out:line=3")
    till.until_made()
    register = world.register
    register.connect()
    assert register.status().paper is Paper.INTERRUPTED
    world.device.load_paper()
    assert register.status().paper is Paper.RESUMABLE
    register.continue_print()
    world.clock.sleep(5.0)
    assert register.status().paper is Paper.PRESENT


def test_a_server_in_this_process_lives_as_long_as_its_channel(tmp_path: Path) -> None:
    """Every exchange is a connection of its own: the register is not switched off in between."""
    address = f"sim:atol-web?state={tmp_path / 'state.json'}"
    register = open_register("atol-web", address, clock=SystemClock())
    register.connect()
    register.attempt(str(uuid.uuid4()))
    register.open_shift(None, None)
    register.disconnect()
    another = open_register("atol-web", address, clock=SystemClock())
    another.connect()
    assert another.status().shift is ShiftState.OPEN
    another.disconnect()


# --- processes --------------------------------------------------------------------------------------------------------


@contextmanager
def simulated(*options: str) -> Iterator[str]:
    """Its address, while it runs."""
    command = [sys.executable, "-m", "drivers.simulators", "atol-web", "--listen", "tcp:127.0.0.1:0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())["listening"].removeprefix("tcp:")
        finally:
            process.terminate()


def opened(address: str, profile: Path | None = None) -> FiscalRegister:
    return open_register("atol-web", f"http://{address}", clock=SystemClock(), profile=profile)


@pytest.mark.parametrize(("generation", "ffd"), [("2", "1.2"), ("1", "1.05")])
def test_a_day_over_a_socket(tmp_path: Path, generation: str, ffd: str) -> None:
    profile = tmp_path / "web.toml"
    profile.write_text('[access]\nuser = "kassa"\npassword = "a:b"\n', "utf-8")
    state = str(tmp_path / "state.json")
    with simulated("--protocol", generation, "--ffd", ffd, "--auth", "kassa:a:b", "--state", state) as address:
        with pytest.raises(NotSent) as caught:
            opened(address).connect()
        assert caught.value.code == "wrong_password"
        register = opened(address, profile)
        assert register.connect().ffd == ffd
        day: list[Callable[[], None]] = [
            lambda: register.open_shift("Иванова М.", None),
            lambda: register.cash_in(50000, "Иванова М."),
            lambda: _sell(register),
            lambda: register.close_shift("Иванова М.", None),
        ]
        for act in day:
            register.attempt(str(uuid.uuid4()))
            act()
        register.attempt(None)
        status = register.status()
        assert (status.shift, status.last_fd, status.drawer) == (ShiftState.CLOSED, 4, 65000)
        document = register.document(3)
        assert document is not None
        assert (document.imprint, document.total) == (SALE.imprint, SALE.total)
        register.disconnect()


def _sell(register: FiscalRegister) -> None:
    register.check_receipt(SALE)
    register.fill_receipt(SALE, lambda *_: None)
    assert register.subtotal() == SALE.lines_total
    register.close_receipt(SALE)

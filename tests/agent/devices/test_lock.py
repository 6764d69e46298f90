"""One program of ours per device, whatever its process."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from agent.devices.lock import BORROWED, DeviceLocked, device_lock, device_lock_in_time
from tests.support.patience import BUSY

HOLD = """
import sys
from pathlib import Path
from agent.devices.lock import device_lock
with device_lock(Path(sys.argv[1]), sys.argv[2]):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.mark.parametrize("how", ["ends", "is killed"])
def test_a_second_process_is_refused_until_the_first_is_gone(tmp_path: Path, how: str) -> None:
    address = "tcp:127.0.0.1:7778"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path), address], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(DeviceLocked) as refused, device_lock(tmp_path, address):
            pass
        assert refused.value.address == address
        with device_lock(tmp_path, "tcp:127.0.0.1:7779"):  # another device
            pass
    finally:
        if how == "is killed":
            holder.kill()
        holder.communicate("\n" if how == "ends" else None, timeout=BUSY)
    with device_lock(tmp_path, address):
        pass


def test_the_same_device_under_other_options_is_the_same_device(tmp_path: Path) -> None:
    with (
        device_lock(tmp_path, "serial:/dev/ttyUSB0?baud=115200"),
        pytest.raises(DeviceLocked),
        device_lock(tmp_path, "serial:/dev/ttyUSB0?baud=9600"),
    ):
        pass


def test_the_same_device_by_another_driver_is_the_same_device(tmp_path: Path) -> None:
    with (
        device_lock(tmp_path, "tcp:10.0.0.7:5555"),
        pytest.raises(DeviceLocked),
        device_lock(tmp_path, "lib:auto?tcp=10.0.0.7:5555"),
    ):
        pass


def test_two_devices_behind_one_library_are_two(tmp_path: Path) -> None:
    with device_lock(tmp_path, "lib:auto?tcp=10.0.0.7:5555"), device_lock(tmp_path, "lib:auto?tcp=10.0.0.8:5555"):
        pass


def test_the_lock_is_given_back_when_something_goes_wrong(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), device_lock(tmp_path, "tcp:127.0.0.1:7778"):
        _ = 1 // 0
    with device_lock(tmp_path, "tcp:127.0.0.1:7778"):
        pass


class Waits:
    """A clock; what happens when so much of it has passed."""

    def __init__(self, stack: ExitStack, until: float) -> None:
        self._stack = stack
        self._until = until
        self.passed = 0.0

    def now(self) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        self.passed += seconds
        if self.passed >= self._until:
            self._stack.close()


def test_an_agent_that_starts_waits_for_a_command_that_has_borrowed_the_device(tmp_path: Path) -> None:
    """The doctor asks a register while nobody runs; whoever starts the program at that moment must not be sent away."""
    address = "tcp:127.0.0.1:7778"
    with ExitStack() as doctor:
        doctor.enter_context(device_lock(tmp_path, address))
        clock = Waits(doctor, until=8.0)
        with device_lock_in_time(tmp_path, address, clock):
            assert 8.0 <= clock.passed < BORROWED
            with pytest.raises(DeviceLocked), device_lock(tmp_path, address):
                pass
        with device_lock(tmp_path, address):
            pass


def test_but_not_for_ever(tmp_path: Path) -> None:
    with ExitStack() as other:
        other.enter_context(device_lock(tmp_path, "tcp:127.0.0.1:7778"))
        clock = Waits(other, until=10 * BORROWED)
        with pytest.raises(DeviceLocked), device_lock_in_time(tmp_path, "tcp:127.0.0.1:7778", clock):
            pass
        assert BORROWED <= clock.passed < BORROWED + 1.0

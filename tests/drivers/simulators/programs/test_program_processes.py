"""The program as a process of its own: started, heard, killed, and alone when no simulator runs."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from time import monotonic, sleep
from typing import Any

import pytest

from drivers.simulators.arcus2 import ArcusOptions
from drivers.simulators.arcus2 import new_device as arcus_device
from drivers.simulators.clock import SystemClock
from drivers.simulators.programs import launcher
from drivers.simulators.programs.device import ProgramDevice
from drivers.simulators.programs.launcher import put
from drivers.simulators.programs.port import ExePort
from drivers.simulators.programs.running import Left
from drivers.simulators.sber import SberOptions
from drivers.simulators.sber import new_device as sber_device
from drivers.simulators.serving import Server
from tests.support.patience import BUSY

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the program is a shell script here")


@contextmanager
def served(folder: Path, device: ProgramDevice[Any, Any, Any]) -> Iterator[Server]:
    port = ExePort(folder)
    port.furnish(device)
    with Server(device, SystemClock(), port) as server:
        thread = threading.Thread(target=server.serve)
        thread.start()
        try:
            yield server
        finally:
            server.stop()
            thread.join(BUSY)


def started(folder: Path, *argv: str, program: str = "sb_pilot") -> subprocess.Popen[bytes]:
    return subprocess.Popen([str(folder / program), *argv], cwd=folder, stdout=subprocess.PIPE)


def ended(process: subprocess.Popen[bytes]) -> tuple[int, bytes]:
    out, _ = process.communicate(timeout=BUSY)
    return process.returncode, out


def until(happened: Any) -> None:
    end = monotonic() + BUSY
    while not happened():
        assert monotonic() < end
        sleep(0.01)


def first_line(folder: Path) -> str:
    return (folder / "e").read_bytes().decode("koi8-r").splitlines()[0]


def test_a_payment(tmp_path: Path) -> None:
    """A folder's name may have blanks and Russian letters, as anybody's."""
    folder = tmp_path / "Сбер терминал"
    device = sber_device(SystemClock(), Random(1))
    with served(folder, device) as server:
        assert server.address == f"exe:{folder}"
        assert ended(started(folder, "1", "15000")) == (0, b"return:0\n")
        assert first_line(folder) == "0,Успешное завершение"
        assert (folder / "p").exists()
        assert ended(started(folder, "1", "15005")) == (-11, b"")  # breaks down with the money taken
    assert [entry.amount for entry in device.state.bank.entries] == [15000, 15005]


def test_without_the_simulator_there_is_no_pinpad(tmp_path: Path) -> None:
    with served(tmp_path, sber_device(SystemClock(), Random(1))):
        pass
    assert ended(started(tmp_path, "1", "15000")) == (0, b"return:99\n")
    assert first_line(tmp_path) == "99,Нет связи с пинпадом"


def test_a_simulator_that_ends_in_the_middle_is_a_pinpad_that_goes(tmp_path: Path) -> None:
    device = sber_device(SystemClock(), Random(1))
    with served(tmp_path, device):
        process = started(tmp_path, "1", "15004")
        until(lambda: device.status()["hangs"])
    assert ended(process) == (0, b"return:99\n")


def test_killed_in_the_middle(tmp_path: Path) -> None:
    device = sber_device(SystemClock(), Random(1))
    with served(tmp_path, device):
        process = started(tmp_path, "1", "15004")
        until(lambda: device.status()["hangs"])
        process.kill()
        assert ended(process) == (-9, b"")
        until(lambda: not device.busy)
        assert ended(started(tmp_path, "1", "20000")) == (0, b"return:0\n")
    assert [entry.amount for entry in device.state.bank.entries] == [20000]


def test_two_at_once(tmp_path: Path) -> None:
    device = sber_device(SystemClock(), Random(1))
    with served(tmp_path, device) as server:
        first = started(tmp_path, "1", "15004")
        until(lambda: device.status()["hangs"])
        assert ended(started(tmp_path, "26")) == (0, b"return:115\n")
        server.call(device.finish)
        assert ended(first) == (0, b"return:0\n")
        assert first_line(tmp_path) == "0,Успешное завершение"


def test_exit_codes_of_windows_as_far_as_this_system_has_them(tmp_path: Path) -> None:
    with served(tmp_path, sber_device(SystemClock(), Random(1), options=SberOptions(manner="windows"))):
        assert ended(started(tmp_path, "1", "15002", program="loadparm.exe")) == (2000 & 0xFF, b"")
        assert (tmp_path / "e").read_bytes() == "2000,Операция прервана пользователем\r\n".encode("cp866")


def test_arcus2(tmp_path: Path) -> None:
    device = arcus_device(SystemClock(), Random(1), options=ArcusOptions(family="zero"))
    with served(tmp_path, device):
        program = started(tmp_path, "/o1", "/a15000", "/c643", program="CommandLineTool")
        assert ended(program) == (0, b"")
        assert (tmp_path / "result.out").read_bytes() == b"000"
        assert (tmp_path / "output.dat").read_bytes().splitlines()[5].decode() == device.state.bank.entries[0].rrn
    assert ended(started(tmp_path, "/o1", "/a15000", "/c643", program="CommandLineTool")) == (0, b"")
    assert (tmp_path / "result.out").read_bytes() == b"999"


def test_what_says_nothing_sensible_is_hung_up(tmp_path: Path) -> None:
    device = sber_device(SystemClock(), Random(1))
    for said in (b"GET / HTTP/1.1\r\n", b'{"argv": 1}\n', b"x" * 70_000):
        line = device.connection()
        assert line.receive(said) == b""
        assert line.closed
    assert device.bank.last() is None


def test_the_program_on_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An .exe that is a stub, a line that names the Python, and the script in an archive; a .cmd without a stub."""
    alone = Left((("e", b"99,\r\n"),), code=99)
    stub = tmp_path / "t64.exe"
    stub.write_bytes(b"MZ stub ")
    for found, name in ((stub, "loadparm.exe"), (None, "loadparm.cmd")):
        monkeypatch.setattr(launcher, "_stub", lambda found=found: found)
        assert put(tmp_path, "loadparm.exe", "127.0.0.1", 1, alone, windows=True).name == name
    made = (tmp_path / "loadparm.exe").read_bytes()
    assert made.startswith(f'MZ stub #!"{sys.executable}" -IS\r\n'.encode())
    assert f'@"{sys.executable}" -IS "%~dp0simulated-program.py" %*' in (tmp_path / "loadparm.cmd").read_text()
    for script in ("loadparm.exe", "simulated-program.py"):
        run = subprocess.run([sys.executable, "-IS", str(tmp_path / script), "26"], cwd=tmp_path, check=False)
        assert run.returncode == 99
        assert (tmp_path / "e").read_bytes() == b"99,\r\n"
        (tmp_path / "e").unlink()

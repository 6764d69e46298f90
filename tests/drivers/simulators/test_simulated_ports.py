"""A simulator's process on a pseudo-terminal, and the control channel of one: what a driver's port sees."""

import json
import os
import re
import select
import signal
import subprocess
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from drivers.simulators.cli import main
from drivers.simulators.pseudo_terminal import PtyPort, speed_of
from drivers.simulators.script import REGISTER_WORDS, answer, perform
from tests.drivers.simulators.host import PASSWORD, PING, Host, frame, le, numbered, opened
from tests.support.patience import BUSY

MODEL = frame(bytes.fromhex("FC"))
OPEN_SHIFT = frame(bytes.fromhex("E0" + PASSWORD))
SHORT_STATUS = frame(bytes.fromhex("10" + PASSWORD))


class Simulator:
    """A process with its control channel."""

    def __init__(self, listen: str, *args: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "drivers.simulators", "shtrih", "--listen", listen, "--control", *args],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.listening = self._line()["listening"]

    def _line(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        read: dict[str, Any] = json.loads(self.process.stdout.readline())
        return read

    def do(self, order: str) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": order}) + "\n")
        self.process.stdin.flush()
        return self._line()

    def alone(self) -> None:
        """Wait until the device has noticed that its client is gone."""
        end = monotonic() + 20
        while self.do("status")["connected"]:
            assert monotonic() < end

    def stop(self) -> None:
        self.process.terminate()
        assert self.process.wait(BUSY) == 0
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()


@contextmanager
def simulator(listen: str, *args: str) -> Iterator[Simulator]:
    running = Simulator(listen, *args)
    try:
        yield running
    finally:
        running.stop()


class Terminal:
    """A serial port as a program opens it: raw, at a speed."""

    def __init__(self, path: Path, baud: int = 115200) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.fd)
        attributes = termios.tcgetattr(self.fd)
        attributes[4] = attributes[5] = speed_of(baud)
        termios.tcsetattr(self.fd, termios.TCSANOW, attributes)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.fd)

    def send(self, data: bytes) -> None:
        os.write(self.fd, data)

    def read(self, size: int, patience: float = BUSY) -> bytes:
        """So many bytes, or fewer when nothing comes for so long or the port has vanished."""
        data = b""
        while len(data) < size:
            if not select.select([self.fd], [], [], patience)[0]:
                break
            try:
                piece = os.read(self.fd, size - len(data))
            except OSError:
                piece = b""
            if not piece:
                break
            data += piece
        return data

    def ask(self, sent: bytes) -> bytes:
        """Reply payload of one exchange; no extra byte may come after the ACK."""
        self.send(sent)
        head = self.read(3)
        assert head[:2] == b"\x06\x02", head.hex()
        rest = self.read(head[2] + 1)
        self.send(b"\x06")
        self.send(b"\x05")
        assert self.read(1) == b"\x15"  # not FFh
        return rest[:-1]


def port_at(path: Path, there: bool = True) -> None:
    end = monotonic() + 20
    while path.exists() != there:
        assert monotonic() < end, f"{path}: {there}"


def test_register_on_a_pseudo_terminal(tmp_path: Path) -> None:
    path = tmp_path / "port"
    with simulator(f"pty:{path}") as running:
        assert running.listening == f"pty:{path}"
        assert path.is_symlink()
        with Terminal(path) as port:
            port.send(b"\x05")
            assert port.read(1) == b"\x15"
            assert port.ask(OPEN_SHIFT) == bytes.fromhex("E0 00 1E")
        with Terminal(path) as port:  # closed and opened again: the same device
            assert port.ask(SHORT_STATUS)[5] == 2
    assert not path.is_symlink()


def test_no_echo_and_no_translation(tmp_path: Path) -> None:
    """0Ah, 0Dh, 03h and 11h mean something to a terminal; to a register they are data."""
    path = tmp_path / "port"
    name = bytes([0x0A, 0x0D, 0x03, 0x11, 0x13, 0x1A, 0x04])
    with simulator(f"pty:{path}") as running:
        fd = os.open(path, os.O_RDWR | os.O_NOCTTY)  # a program that sets nothing
        try:
            os.write(fd, frame(bytes.fromhex("1E" + PASSWORD) + bytes([2, 5, 0, 2]) + name))
            assert os.read(fd, 100)[:1] == b"\x06"
        finally:
            os.close(fd)
        running.alone()
        with Terminal(path) as port:
            port.send(b"\x05")  # nothing of before comes without being asked for
            assert port.read(6) == bytes.fromhex("06 02 02 1E 00 1C")
            port.send(b"\x06")
            assert port.ask(frame(bytes.fromhex("1F" + PASSWORD) + bytes([2, 5, 0, 2])))[2:9] == name


def test_protocol_is_chosen_anew_when_the_port_is_opened_anew(tmp_path: Path) -> None:
    path = tmp_path / "port"
    with simulator(f"pty:{path}") as running:
        with Terminal(path) as port:
            port.send(b"\x05")
            assert port.read(1) == b"\x15"
            port.send(PING + b"\x05")
            assert port.read(1) == b"\x15"
        running.alone()
        with Terminal(path) as port:
            port.send(PING)
            assert opened(port.read(7)) == (0, b"")


def test_speed_must_be_the_right_one(tmp_path: Path) -> None:
    path = tmp_path / "port"
    with simulator(f"pty:{path}", "--baud", "57600"):
        with Terminal(path, 115200) as port:
            port.send(b"\x05")
            assert port.read(1, 0.2) == b""
        with Terminal(path, 57600) as port:
            port.send(b"\x05")
            assert port.read(1) == b"\x15"


def test_a_cut_makes_the_port_vanish_and_come_back(tmp_path: Path) -> None:
    path = tmp_path / "port"
    with simulator(f"pty:{path}", "--fault", "answer-lost:command=E0"):
        with Terminal(path) as port:
            port.send(OPEN_SHIFT)
            assert port.read(2) == b"\x06"
        with Terminal(path) as port:
            port.send(b"\x05")
            assert port.read(7) == bytes.fromhex("06 02 03 E0 00 1E FD")


def test_no_power_no_port(tmp_path: Path) -> None:
    path = tmp_path / "port"
    with simulator(f"pty:{path}") as running:
        with Terminal(path) as port:
            assert running.do("power-off")["powered"] is False
            assert port.read(1) == b""
        port_at(path, False)
        assert running.do("power-on")["powered"] is True
        port_at(path)
        with Terminal(path) as port:
            port.send(b"\x05")
            assert port.read(1) == b"\x15"


def test_a_killed_simulator_leaves_a_link_that_the_next_one_replaces(tmp_path: Path) -> None:
    path = tmp_path / "port"
    first = Simulator(f"pty:{path}")
    first.process.send_signal(signal.SIGKILL)
    first.process.wait(BUSY)
    assert first.process.stdin is not None
    assert first.process.stdout is not None
    first.process.stdin.close()
    first.process.stdout.close()
    assert path.is_symlink()
    with simulator(f"pty:{path}"), Terminal(path) as port:
        port.send(numbered(1, bytes.fromhex("FC")))
        assert port.read(1) == b"\x8f"


def test_somebody_elses_file_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "port"
    path.write_text("mine")
    assert main(["shtrih", "--listen", f"pty:{path}"]) == 2
    assert "is not the link of a pseudo-terminal" in capsys.readouterr().err
    assert path.read_text() == "mine"


def test_a_port_that_nobody_reads_does_not_block(tmp_path: Path) -> None:
    port = PtyPort(tmp_path / "port")
    with Terminal(tmp_path / "port"):
        assert port.arrived(set()) == 1
        for _ in range(100):
            port.write(1, bytes(4096))
    port.close()


# --- the control channel ---


def test_a_script_drives_a_running_register(tmp_path: Path) -> None:
    state = tmp_path / "register.json"
    with simulator("tcp:127.0.0.1:0", "--state", str(state), "--clock", "2026-11-22T10:00:00") as running:
        first = running.do("status")
        assert (first["do"], first["ok"], first["fd"], first["mode"], first["submode"]) == ("status", True, 1, 4, 0)
        assert running.do("paper-out")["submode"] == 1
        assert running.do("paper-in")["submode"] == 0
        assert running.do("cover-open")["submode"] == 1
        assert running.do("cover-close")["submode"] == 0
        assert running.do("clock +25h")["clock"].startswith("2026-11-23T11:0")
        assert running.do("ofd-off")["unsent"] == 0  # the first document has long been confirmed
        assert running.do("fault busy:command=E0,times=2")["ok"]
        assert running.do("no-faults")["ok"]
        wrong = running.do("explode")
        assert (wrong["ok"], wrong["do"]) == (False, "explode")
        assert "known words: status, " in wrong["error"]
        assert running.do("status")["ok"]  # a mistake ends nothing


def test_the_end_of_the_channel_ends_nothing(tmp_path: Path) -> None:
    with simulator(f"pty:{tmp_path / 'port'}") as running:
        assert running.process.stdin is not None
        running.process.stdin.close()
        with Terminal(tmp_path / "port") as port:
            port.send(b"\x05")
            assert port.read(1) == b"\x15"


@pytest.mark.parametrize(
    ("order", "complaint"),
    [
        ("", "unknown word ''"),
        ("power", "unknown word 'power'"),
        ("power-on now", "'power-on' takes nothing behind it"),
        ("power-off half", "expected kept or annulled"),
        ("clock", "expected an offset such as +25h"),
        ("clock tomorrow", "expected an offset such as +25h"),
        ("print-time fast", "expected a number from 0 up"),
        ("fault", "unknown fault ''"),
        ("fault explode", "unknown fault 'explode'"),
    ],
)
def test_wrong_orders_are_named(order: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=re.escape(complaint)):
        perform(Host().device, order)


@pytest.mark.parametrize("line", ["", "x", "[1]", '{"do": 5}', "{}", "[" * 100_000])
def test_a_line_that_is_no_order_is_answered_too(line: str) -> None:
    reply = json.loads(answer(Host().device, line))
    assert reply["ok"] is False
    assert reply["error"]


def test_the_operator_by_script() -> None:
    host = Host()
    host.pass_time(60)
    perform(host.device, "ofd-off")
    host.open_shift()
    host.pass_time(86_000)
    assert perform(host.device, "status")["unsent"] == 1
    perform(host.device, "ofd-on 5")
    host.pass_time(5)
    assert perform(host.device, "status")["unsent"] == 0


def test_power_by_script_annuls_when_told_so() -> None:
    host = Host()
    host.open_shift()
    host.open_receipt()
    assert perform(host.device, "power-off annulled")["mode"] == 2
    assert perform(host.device, "power-on")["powered"] is True


def test_slow_printing_by_script() -> None:
    host = Host()
    perform(host.device, "print-time 5")
    host.open_shift()
    assert perform(host.device, "status")["submode"] == 5


def test_cut_by_script() -> None:
    host = Host()
    host.raw(frame(bytes.fromhex("50" + PASSWORD) + le(100, 5)))
    perform(host.device, "hang-up")
    assert host.line.closed
    host.redial()
    assert host.raw("05").startswith("06 02 05 50 00")


def test_every_word_has_a_test_and_a_page() -> None:
    page = (Path(__file__).parents[3] / "docs" / "simulators.md").read_text("utf-8")
    here = Path(__file__).read_text("utf-8")
    for name in REGISTER_WORDS:
        assert f"`{name}" in page, name
        assert f'"{name}' in here, name

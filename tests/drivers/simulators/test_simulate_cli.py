"""``simulate`` as a person or a script runs it: a real process, a real socket on the loopback."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import pytest

from drivers.simulators.cli import main
from tests.drivers.simulators.host import PASSWORD, Host, frame, le
from tests.support.patience import BUSY


@contextmanager
def simulator(*args: str) -> Iterator[tuple[subprocess.Popen[str], tuple[str, int]]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "drivers.simulators", "shtrih", "--listen", "tcp:127.0.0.1:0", *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        listening = json.loads(process.stdout.readline())["listening"]
        kind, host, port = listening.split(":")
        assert kind == "tcp"
        yield process, (host, int(port))
    finally:
        process.terminate()
        assert process.wait(BUSY) == 0
        assert process.stdout is not None
        assert process.stdout.read() == ""
        process.stdout.close()


class Wire:
    """One exchange after another over a socket."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, timeout=BUSY)

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            if not piece:
                raise ConnectionResetError("closed by the simulator")
            data += piece
        return data

    def ask(self, command: str, *fields: bytes) -> bytes:
        payload = bytes.fromhex(command + PASSWORD) + b"".join(fields)
        self.socket.sendall(b"\x05")
        assert self.read(1) == b"\x15"
        self.socket.sendall(frame(payload))
        assert self.read(2) == b"\x06\x02"
        size = self.read(1)
        reply = self.read(size[0] + 1)
        assert b"\x02" + size + reply == frame(reply[:-1])
        self.socket.sendall(b"\x06")
        assert self.read(1) == b"\xff"
        assert reply[2 if payload[0] == 0xFF else 1] == 0
        return reply[:-1]


def dumped(state: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    capsys.readouterr()
    assert main(["shtrih", "--state", str(state), "--dump"]) == 0
    answer: dict[str, object] = json.loads(capsys.readouterr().out)
    return answer


def test_serves_keeps_state_writes_paper_and_dumps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state, paper = tmp_path / "register.json", tmp_path / "paper"
    args = ("--state", str(state), "--paper", str(paper), "--clock", "2026-11-22T10:00:00", "--print-time", "0")
    fields = Host()
    with simulator(*args) as (_, address), Wire(address) as wire:
        wire.ask("8D", b"\0")
        wire.ask("FF46", fields.line_fields(12_345))
        reply = wire.ask("FF45", fields.close_fields(cash=20_000))
        assert reply[3:12] == le(20_000 - 12_345, 5) + le(3, 4)
        fpd = str(int.from_bytes(reply[12:16], "little"))
    with simulator(*args) as (_, address), Wire(address) as wire:
        assert wire.ask("FF01")[-4:] == le(3, 4)
    answer = dumped(state, capsys)
    documents = answer["documents"]
    assert isinstance(documents, list)
    assert [(each["fd"], each["type"]) for each in documents] == [
        (1, "registration"),
        (2, "open_shift"),
        (3, "receipt"),
    ]
    assert documents[2]["fpd"] == fpd
    assert documents[2]["at"] == "2026-11-22T10:00:00"
    assert documents[2]["tags"]["1020"] == "123.45"
    assert {path.name for path in paper.iterdir()} == {"2.txt", "2.png", "3.txt", "3.png"}


def test_fault_on_the_command_line_and_a_new_client(tmp_path: Path) -> None:
    with simulator("--fault", "answer-lost:command=E0") as (_, address):
        with Wire(address) as wire:
            wire.socket.sendall(b"\x05")
            assert wire.read(1) == b"\x15"
            wire.socket.sendall(frame(bytes.fromhex("E0" + PASSWORD)))
            assert wire.read(1) == b"\x06"
            with pytest.raises(ConnectionResetError):
                wire.read(1)
        with Wire(address) as again:
            again.socket.sendall(b"\x05")
            assert again.read(7) == bytes.fromhex("06 02 03 E0 00 1E FD")
            again.socket.sendall(b"\x06")
            assert again.read(1) == b"\xff"
            with Wire(address) as other:  # takes the place of the one before
                assert other.ask("FF01")[-4:] == le(2, 4)
                with pytest.raises(ConnectionResetError):
                    again.read(1)


def test_power_off_and_on_again_over_tcp() -> None:
    with simulator("--fault", "power:command=E0,off=0.2") as (_, address):
        with Wire(address) as wire, pytest.raises(ConnectionResetError):
            wire.ask("E0")
        end = monotonic() + 20
        while monotonic() < end:
            try:
                with Wire(address) as wire:
                    assert wire.ask("FF01")[-4:] == le(2, 4)
                return
            except ConnectionError:
                continue  # accepted and closed at once: still no power
        pytest.fail("the simulator did not come back")


def test_interrupt_ends_it_well() -> None:
    with simulator() as (process, _):
        process.send_signal(signal.SIGINT)
        assert process.wait(BUSY) == 0


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["foo"], ["unknown family 'foo'", "shtrih, atol, atol-web, zvt, inpas, sber, arcus2"]),
        (["inpas", "--listen", "pty:port"], ["inpas speaks HTTP"]),
        (["shtrih", "--fault", "explode"], ["unknown fault 'explode'", "answer-lost", "foreign"]),
        (["shtrih", "--ffd", "1.3"], ["--ffd '1.3'", "1.05, 1.1, 1.2"]),
        (["shtrih", "--protocol", "3"], ["--protocol '3'", "one of 1, 2"]),
        (["shtrih", "--taxation", "osn,envd"], ["--taxation 'osn,envd'", "usn_income_outcome"]),
        (["shtrih", "--model", "big"], ["--model 'big'", "standard, mobile"]),
        (["shtrih", "--seed", "one"], ["--seed 'one'", "a whole number"]),
        (["shtrih", "--ofd", "never"], ["--ofd 'never'", "or off"]),
        (["shtrih", "--listen", "pty:"], ["expected pty:PATH"]),
        (["shtrih", "--listen", "pty:/nonexistent/port"], ["cannot listen", "/nonexistent"]),
        (["shtrih", "--listen", "pty:port", "--baud", "fast"], ["--baud 'fast'"]),
        (["shtrih", "--listen", "pty:port", "--baud", "12345"], ["12345", "a usual speed"]),
        (["shtrih", "--baud", "9600"], ["--baud goes with --listen pty:PATH"]),
        (["shtrih", "--listen", "7778"], ["expected tcp:HOST:PORT"]),
        (["shtrih", "--listen", "tcp:127.0.0.1:70000"], ["expected tcp:HOST:PORT"]),
        (["shtrih", "--clock", "noon"], ["expected 2026-11-22T10:00:00"]),
        (["shtrih", "--dump"], ["--state FILE"]),
        (["shtrih", "--dump", "--state", "/nonexistent/state.json"], ["there is no state file"]),
        (["shtrih", "--print-time", "-1"], ["--print-time"]),
    ],
)
def test_wrong_use_exits_2_and_says_why(args: list[str], words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(args) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    for word in words:
        assert word in captured.err


def test_fresh_registers_have_their_own_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seen = set()
    for name in ("one", "two"):
        state = tmp_path / name
        with simulator("--state", str(state)):
            pass
        register = dumped(state, capsys)["register"]
        assert isinstance(register, dict)
        seen |= {register["serial"], register["fn"], register["rnm"]}
    assert len(seen) == 6

"""Simulated card terminals as a person or a script runs them: real processes, loopback sockets, a pseudo-terminal."""

from __future__ import annotations

import http.client
import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from drivers.simulators.cli import main
from drivers.simulators.inprocess import open_line
from tests.drivers.simulators.zvt.host import YES, units
from tests.support.patience import BUSY


class Running:
    def __init__(self, family: str, listen: str, *args: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "drivers.simulators", family, "--listen", listen, "--control", "--pace", "0", *args],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self.listening: str = self._line()["listening"]

    def _line(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        read: dict[str, Any] = json.loads(self.process.stdout.readline())
        return read

    def do(self, order: str) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": order}) + "\n")
        self.process.stdin.flush()
        return self._line()


@contextmanager
def running(family: str, listen: str, *args: str) -> Iterator[Running]:
    simulator = Running(family, listen, *args)
    try:
        yield simulator
    finally:
        process = simulator.process
        process.terminate()
        assert process.wait(BUSY) == 0
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.stdout.close()


def charges(family: str, state: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert main([family, "--state", str(state), "--dump"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["family"] == family
    found: list[dict[str, Any]] = shown["charges"]
    return found


def talk(line: socket.socket, command: str) -> list[bytes]:
    line.sendall(bytes.fromhex(command))
    heard: list[bytes] = []
    pending = b""
    while not heard or heard[-1][:2] not in (b"\x06\x0f", b"\x06\x1e"):
        piece = line.recv(4096)
        assert piece
        pending += piece
        if len(pending) < 3 or len(pending) < 3 + pending[2]:
            continue
        for unit in units(pending):
            heard.append(unit)
            if unit[0] not in (0x80, 0x84):
                line.sendall(YES)
        pending = b""
    return heard


def test_a_zvt_terminal_over_tcp_remembers_its_charges(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = tmp_path / "terminal.json"
    options = ("--state", str(state), "--terminal", "12345678", "--clock", "2026-11-22T10:00:00")
    with running("zvt", "tcp:127.0.0.1:0", *options) as terminal:
        host, port = terminal.listening.removeprefix("tcp:").split(":")
        with socket.create_connection((host, int(port)), timeout=BUSY) as line:
            assert talk(line, "06 00 04 000000 0A")[1].hex() == "060f0a19002912345678490643"
            talk(line, "06 01 07 04 000000015000")
        status = terminal.do("foreign 77.00")
        assert (status["terminal"], status["operations"], status["balance"]) == ("12345678", 2, "227.00")
        assert "known words" in terminal.do("cover-open")["error"]
        assert terminal.do("change-terminal")["terminal"] != "12345678"
    shown = charges("zvt", state, capsys)
    assert [(each["kind"], each["amount"], each["state"], each["origin"]) for each in shown] == [
        ("payment", "150.00", "taken", "host"),
        ("payment", "77.00", "taken", "foreign"),
    ]
    assert re.fullmatch(r"\*{12}\d{4}", shown[0]["card"])


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_a_zvt_terminal_on_a_serial_port_speaks_in_frames(tmp_path: Path) -> None:
    from tests.drivers.simulators.test_simulated_ports import Terminal
    from tests.drivers.simulators.zvt.test_zvt_serial import frame

    path = tmp_path / "port"
    with running("zvt", f"pty:{path}", "--baud", "9600"), Terminal(path, 9600) as port:
        port.send(frame(bytes.fromhex("06 00 04 000000 0A")))
        assert port.read(1) == b"\x06"
        answer = frame(YES)
        assert port.read(len(answer)) == answer
        port.send(b"\x06")
        assert port.read(5) == b"\x10\x02\x06\x0f\x0a"


def test_an_inpas_terminal_over_http(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = tmp_path / "terminal.json"
    body = (
        '<?xml version="1.0" encoding="windows-1251"?><request><field id="00">15000</field><field id="04">643</field>'
        '<field id="25">1</field><field id="26">7</field><field id="27">00311159</field></request>'
    )
    with running("inpas", "tcp:127.0.0.1:0", "--state", str(state), "--terminal", "00311159") as terminal:
        client = http.client.HTTPConnection(terminal.listening.removeprefix("tcp:"), timeout=BUSY)
        try:
            client.request("POST", "/", body.encode("cp1251"), {"Content-Type": "text/xml"})
            response = client.getresponse()
            text = response.read().decode("cp1251")
        finally:
            client.close()
    assert (response.status, response.getheader("Content-Type")) == (200, "text/xml; charset=windows-1251")
    assert '<field id="39">1</field>' in text
    (shown,) = charges("inpas", state, capsys)
    assert (shown["amount"], shown["reference"], shown["terminal"]) == ("150.00", "7", "00311159")
    assert f'<field id="14">{shown["rrn"]}</field>' in text


def test_a_line_behind_an_address_leaves_its_memory_in_the_file(tmp_path: Path) -> None:
    options = {"state": str(tmp_path / "terminal.json"), "pace": "0", "seed": "7"}
    line = open_line("zvt", options)
    for said, end in (("06 00 04 000000 00", b"\x06\x0f"), ("80 00 00 06 01 07 04 000000010000", b"\x04\x0f")):
        line.feed(bytes.fromhex(said))
        heard = b""
        while end not in heard:
            heard += line.poll()
    line.close()  # its result was never acknowledged
    line = open_line("zvt", options)
    bank = line.device.bank  # type: ignore[attr-defined]
    assert [bank.standing(entry).value for entry in bank.state.entries] == ["reversed", "given"]
    line.close()

"""The register's memory over restarts, and the register behind its ports: TCP, a pseudo-terminal, an address."""

from __future__ import annotations

import copy
import json
import os
import pickle
import select
import socket
import subprocess
import sys
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from drivers.simulators.assembly import store_of
from drivers.simulators.atol import Options, new_device
from drivers.simulators.atol.models import MODELS
from drivers.simulators.cli import main
from drivers.simulators.families import BUILT
from drivers.simulators.inprocess import open_line
from drivers.simulators.script import perform
from drivers.simulators.store import StoreError
from tests.drivers.simulators.atol.host import Host, bcd, frame, packets, position_fields, tlv
from tests.support.patience import BUSY

PROBE = bytes.fromhex("24 40 0D 00 20 01 F7 40 74 65 73 74 65 FE 01 00 00 C4 02")


def host_on(path: Path) -> Host:
    store = store_of(path, "atol")
    host = Host(state=store.load())
    host.device = new_device(
        host.clock, Random(1), state=host.device.state, store=store, paper=host.paper, options=Options(print_time=0)
    )
    host.line = host.device.connection()
    return host


# --- memory ---


def test_archive_counters_and_the_open_receipt_survive(tmp_path: Path) -> None:
    path = tmp_path / "register.json"
    before = host_on(path)
    before.open_shift()
    before.sell(10_000)
    before.open_receipt()
    before.requisite(1008, "a@b.c")
    before.position(5_000, name="Плёнка")
    before.pay(1_000, 2)
    archive = before.dumped()

    after = host_on(path)
    assert after.dumped() == archive
    assert after.ask("45")[1] == 0  # the choice of modes
    after.mode(1) if not after.device.state.receipt else after.good("56 01 00000030")
    assert after.register("14") == "000000500000000040000000000000"
    after.pay(4_000)
    after.close()
    assert after.dumped()[-1]["tags"]["1008"] == "a@b.c"
    assert int(after.register("0A")) == 14_000


def test_the_file_is_up_to_date_before_the_answer_leaves(tmp_path: Path) -> None:
    path = tmp_path / "register.json"
    host = host_on(path)
    host.open_shift()
    host.sell()
    saved = store_of(path, "atol").load()
    assert saved == host.device.state
    assert len(saved.drive.documents) == 3


def test_an_unfinished_slip_waits_over_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "register.json"
    host = host_on(path)
    host.device.inject("paper-out:line=1")
    host.mode(1)
    assert host.error("9A00") == 0x67
    again = host_on(path)
    assert again.register("3B") == "10"
    again.good("EE")
    assert [slip.name for slip in again.paper.slips] == ["2"]


def test_state_can_be_pickled_and_copied() -> None:
    host = Host()
    host.open_shift()
    host.sell()
    assert pickle.loads(pickle.dumps(host.device.state)) == host.device.state
    assert copy.deepcopy(host.device.state) == host.device.state


def test_a_state_file_of_another_make_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "register.json"
    open_line("shtrih", {"state": str(path)}).close()
    with pytest.raises(StoreError, match="not a state file"):
        open_line("atol", {"state": str(path)})


def test_fresh_registers_by_seed_and_format() -> None:
    one, same, other = (Host(seed=seed).device.state.drive.registration for seed in (1, 1, 2))
    assert one == same
    assert {one.fn_number, one.rnm, one.register_serial}.isdisjoint({other.fn_number, other.rnm, other.register_serial})
    assert len(one.register_serial) == 14
    for ffd, code in (("1.05", "02"), ("1.1", "03"), ("1.2", "04")):
        assert Host(ffd=ffd).register("36")[4:] == code


# --- in this process ---


def test_every_model_can_be_asked_for() -> None:
    assert set(BUILT["atol"].models) == set(MODELS)
    for name, model in MODELS.items():
        line = open_line("atol", {"model": name})
        line.feed(frame(1, bytes.fromhex("C1 01 00 00 00 A5")))
        (heard,) = packets(line.poll())
        assert heard.data[1 + 3] == model.number
        line.close()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"protocol": "1"}, ["unknown option protocol", "state, ffd"]),
        ({"vat-autoreplace": "yes"}, ["unknown option vat-autoreplace"]),
        ({"model": "mobile"}, ["model 'mobile'", "25f, 30f"]),
    ],
)
def test_wrong_options_are_named(options: dict[str, str], words: list[str]) -> None:
    with pytest.raises(ValueError, match=words[0]) as caught:
        open_line("atol", options)
    assert all(word in str(caught.value) for word in words)


def test_a_script_handles_it_as_any_register() -> None:
    host = Host()
    host.open_shift()
    assert perform(host.device, "paper-out")["submode"] == 1
    assert perform(host.device, "paper-in")["submode"] == 0
    told = perform(host.device, "clock +25h")
    assert (told["mode"], told["fd"], told["shift"], told["shift_open"]) == (1, 2, 1, True)
    assert host.register("12", 0, 1)[:2] == "02"
    assert perform(host.device, "power-off")["powered"] is False
    assert perform(host.device, "power-on")["powered"] is True


# --- as a process ---


@contextmanager
def simulator(listen: str, *args: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "drivers.simulators", "atol", "--listen", listen, "--print-time", "0", *args],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process, json.loads(process.stdout.readline())["listening"]
    finally:
        process.terminate()
        assert process.wait(BUSY) == 0
        process.stdout.close()


class Wire:
    """One task after another over a socket or a port; waits for the answer of each."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.number = 0

    def exchange(self, sent: bytes) -> bytes:
        os.write(self.descriptor, sent)
        heard = b""
        while not packets(heard):
            assert select.select([self.descriptor], [], [], 20)[0], "silence"
            piece = os.read(self.descriptor, 4096)
            if not piece:
                raise ConnectionResetError("closed by the simulator")
            heard += piece
        return packets(heard)[0].data

    def task(self, command: str, *fields: bytes) -> bytes:
        self.number += 1
        body = bytes([0xC1, 1, self.number, 0, 0]) + bytes.fromhex(command) + b"".join(fields)
        told = self.exchange(frame(2 * self.number, body))
        assert told[:3] == b"\xa3\x55\x00", f"{command}: {told.hex(' ')}"
        assert self.exchange(frame(2 * self.number + 1, bytes([0xC2, self.number]))) == b"\xa3"
        return told[3:]


def sell(wire: Wire) -> None:
    assert wire.exchange(PROBE) == b"\xa3"
    wire.task("56 01 00000030")
    wire.task("9A 00")
    wire.task("E8 01 01 00", tlv(1021, "Иванов"))
    wire.task("92 00 01")
    wire.task("EA 00 01 00")
    wire.task("EB", position_fields(12_345))
    assert wire.task("99 00 01", bcd(20_000, 5)) == bcd(0, 5) + bcd(7_655, 5)
    wire.task("4A 00 01", bytes(5))
    assert wire.task("91 34 0000").hex().startswith("0000000003")


def test_over_tcp_it_keeps_its_state_and_dumps_what_was_sold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state, paper = tmp_path / "register.json", tmp_path / "paper"
    args = ("--state", str(state), "--paper", str(paper), "--ffd", "1.1", "--clock", "2026-11-22T10:00:00")
    with simulator("tcp:127.0.0.1:0", *args) as (_, address):
        kind, name, port = address.split(":")
        assert kind == "tcp"
        with socket.create_connection((name, int(port)), timeout=BUSY) as client:
            sell(Wire(client.fileno()))
    assert main(["atol", "--state", str(state), "--dump"]) == 0
    dumped = json.loads(capsys.readouterr().out)
    assert dumped["family"] == "atol"
    assert [(each["fd"], each["type"]) for each in dumped["documents"]] == [
        (1, "registration"), (2, "open_shift"), (3, "receipt"),
    ]  # fmt: skip
    sold = dumped["documents"][2]["tags"]
    assert {tag: sold[tag] for tag in ("1020", "1021", "1031", "1054", "1102", "1209")} == {
        "1020": "123.45", "1021": "Иванов", "1031": "123.45", "1054": 1, "1102": "20.58", "1209": 3,
    }  # fmt: skip
    assert [item["1043"] for item in sold["1059"]] == ["123.45"]
    assert {path.name for path in paper.iterdir()} == {"2.txt", "2.png", "3.txt", "3.png"}


def test_on_a_pseudo_terminal(tmp_path: Path) -> None:
    path = tmp_path / "port"
    with simulator(f"pty:{path}") as (_, address):
        assert address == f"pty:{path}"
        descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY)
        try:
            tty.setraw(descriptor)
            wire = Wire(descriptor)
            sell(wire)
            assert wire.exchange(frame(0x70, bytes.fromhex("C1 01 70 00 00 3F")))[-1] == 4  # USB
        finally:
            os.close(descriptor)


def test_a_fault_of_the_command_line(tmp_path: Path) -> None:
    with simulator("tcp:127.0.0.1:0", "--fault", "answer-lost:command=9A") as (_, address):
        place = ("127.0.0.1", int(address.rpartition(":")[2]))
        with socket.create_connection(place, timeout=BUSY) as client:
            wire = Wire(client.fileno())
            wire.task("56 01 00000030")
            with pytest.raises(ConnectionResetError):
                wire.exchange(frame(9, bytes.fromhex("C1 01 09 00 00 9A 00")))
        with socket.create_connection(place, timeout=BUSY) as client:
            wire = Wire(client.fileno())
            assert wire.exchange(frame(9, bytes.fromhex("C1 01 09 00 00 9A 00"))) == b"\xb2"
            assert wire.exchange(frame(10, b"\xc3\x09")) == b"\xa3\x55\x00"


def test_the_usual_port() -> None:
    assert BUILT["atol"].port == 5555

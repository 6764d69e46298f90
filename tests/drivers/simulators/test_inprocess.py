"""The line behind ``sim:shtrih?…``: same options as the command line, memory in the file, nothing in between."""

import time
from pathlib import Path
from random import Random

import pytest

from drivers.simulators.assembly import wanted
from drivers.simulators.clock import ManualClock, offset
from drivers.simulators.families import BUILT
from drivers.simulators.inprocess import open_line
from drivers.simulators.serving import TimedLine
from drivers.simulators.shtrih import new_device
from drivers.simulators.shtrih.models import MODELS
from tests.drivers.simulators.host import PASSWORD, START, Host, frame, le


def ask(line: TimedLine, command: str) -> bytes:
    line.feed(frame(bytes.fromhex(command + PASSWORD)))
    out = line.poll()
    line.feed(b"\x06")
    line.poll()
    assert out[:2] == b"\x06\x02", out.hex()
    return out[3:-1]


def ask_plain(line: TimedLine, payload: str) -> bytes:
    """A command without a password."""
    line.feed(frame(bytes.fromhex(payload)))
    out = line.poll()
    line.feed(b"\x06")
    line.poll()
    return out[3:-1]


def test_two_lines_one_register(tmp_path: Path) -> None:
    options = {"state": str(tmp_path / "register.json"), "print-time": "0"}
    line = open_line("shtrih", options)
    ask(line, "E0")
    number = ask(line, "FF02")
    line.close()
    assert line.closed
    line = open_line("shtrih", options)
    assert ask(line, "FF01")[-4:] == le(2, 4)
    assert ask(line, "FF02") == number
    line.close()


def test_deadline_is_a_moment_of_the_computers_clock() -> None:
    line = open_line("shtrih", {"fault": "slow:command=E0,seconds=3600;refuse:command=FF01,error=2F"})
    before = time.monotonic()
    line.feed(frame(bytes.fromhex("E0" + PASSWORD)))
    assert line.poll() == b"\x06"
    deadline = line.deadline
    assert deadline is not None
    assert 3600 <= deadline - before < 3660
    line.close()


def test_options_reach_the_register() -> None:
    line = open_line("shtrih", {"ffd": "1.05", "taxation": "osn,patent", "clock": "2026-11-22T10:00:00"})
    reply = ask(line, "FF09")
    assert reply[3:8] == bytes([26, 11, 22, 10, 0])
    assert reply[8 + 12 + 20] == 1 | 32
    line.close()


def test_every_model_can_be_asked_for() -> None:
    assert set(BUILT["shtrih"].models) == set(MODELS)
    for name, model in MODELS.items():
        line = open_line("shtrih", {"model": name})
        assert ask_plain(line, "FC")[6] == model.number
        line.close()


def test_what_the_register_tells_of_its_line() -> None:
    """Bit 28 of F7h: protocol 2; the port of 11h: 128 for TCP."""
    for options, bit in (({}, 1), ({"protocol": "1"}, 0)):
        line = open_line("shtrih", options)
        assert ask_plain(line, "F7 01")[2 + 3] >> 4 & 1 == bit
        assert ask(line, "11")[2 + 15] == 128
        line.close()
    serial = Host(protocol=1, tcp=False)
    assert serial.good("11" + PASSWORD)[15] == 0


def test_a_drive_that_is_nearly_full_and_an_operator_who_is_silent() -> None:
    line = open_line("shtrih", {"fn-capacity": "10", "fn-days": "20", "ofd": "off", "print-time": "0"})
    for command in ("E0", "41") * 3:
        ask(line, command)
    warnings = ask(line, "FF01")[7]
    assert warnings & 2  # 30 days left
    line.close()


@pytest.mark.parametrize(
    ("family", "options", "words"),
    [
        ("foo", {}, ["unknown family 'foo'", "shtrih, atol"]),
        ("zvt", {"ffd": "1.2"}, ["unknown option ffd", "steer, pace, terminal"]),
        ("zvt", {"terminal": "123"}, ["terminal '123'", "8 digits"]),
        ("inpas", {"fault": "twist:into=luck"}, ["into='luck'", "declined, cancelled"]),
        ("inpas", {"fault": "slow:command=E0,seconds=1"}, ["command='E0'", "payment"]),
        ("shtrih", {"stat": "f"}, ["unknown option stat", "state, ffd"]),
        ("shtrih", {"ffd": "1.3"}, ["ffd '1.3'", "1.05, 1.1, 1.2"]),
        ("shtrih", {"taxation": "envd"}, ["taxation 'envd'", "osn, usn_income"]),
        ("shtrih", {"protocol": "3"}, ["protocol '3'", "1, 2"]),
        ("shtrih", {"fault": "busy;explode"}, ["unknown fault 'explode'", "known faults"]),
        ("shtrih", {"clock": "noon"}, ["clock 'noon'", "an offset"]),
        ("shtrih", {"seed": "x"}, ["seed 'x'", "a whole number"]),
        ("shtrih", {"print-time": "-1"}, ["print-time '-1'", "seconds"]),
        ("shtrih", {"vat-autoreplace": "1"}, ["vat-autoreplace '1'", "yes, no"]),
        ("shtrih", {"model": "big"}, ["model 'big'", "standard, mobile"]),
        ("shtrih", {"ofd": "never"}, ["ofd 'never'", "or off"]),
        ("shtrih", {"fn-days": "0"}, ["fn-days '0'", "from 1 up"]),
        ("shtrih", {"state": ""}, ["state ''", "a path"]),
    ],
)
def test_wrong_options_are_named(family: str, options: dict[str, str], words: list[str]) -> None:
    with pytest.raises(ValueError, match=words[0]) as caught:
        open_line(family, options)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(("text", "seconds"), [("+25h", 90_000), ("-2d", -172_800), ("+30m", 1800), ("+45", 45)])
def test_offsets(text: str, seconds: int) -> None:
    assert offset(text) == seconds


def test_faults_of_the_command_line_add_up() -> None:
    read = wanted([("fault", "busy"), ("fault", "nak:command=E0")])
    assert [fault.name for fault in read.fault] == ["busy", "nak"]


def test_a_fresh_register_is_the_same_for_the_same_seed() -> None:
    numbers = set()
    for _ in range(2):
        line = open_line("shtrih", {"seed": "5", "clock": "2026-11-22T10:00:00"})
        numbers.add(ask(line, "FF02"))
        line.close()
    other = new_device(ManualClock(START), Random(6)).connection()
    numbers.add(ask(other, "FF02"))
    assert len(numbers) == 2

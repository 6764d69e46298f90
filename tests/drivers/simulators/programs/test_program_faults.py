"""What can go wrong around a program that is started, shown with Sber's: time, the pinpad, the bank, the files."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.simulators.faults import FaultSpecError
from drivers.simulators.programs.device import LINGER, QUICK, Trouble
from drivers.simulators.programs.running import CRASHED, KILLED
from drivers.simulators.sber import SberOptions
from drivers.simulators.script import perform
from tests.drivers.simulators.sber.desk import Desk

CRASH = CRASHED["linux"]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


# --- the program itself ---


def test_it_takes_its_time(desk: Desk) -> None:
    running = desk.start("1", "15000")
    assert running.poll() is None
    assert desk.charged() == []
    assert running.deadline == desk.clock.monotonic() + 0.02
    desk.clock.advance(0.02)
    assert running.poll() == 0


def test_a_second_program_at_once_finds_the_library_busy(desk: Desk, tmp_path: Path) -> None:
    first = desk.start("1", "15000")
    second = desk.start("1", "20000")
    assert second.poll() == 0
    assert desk.e() == ["115,Библиотека занята другой операцией"]
    assert first.wait(1, desk.clock.advance) == 0
    assert desk.e()[0].startswith("0,")
    assert desk.charged() == [("payment", 15000)]


def test_a_killed_program_writes_nothing_and_the_pinpad_goes_on(desk: Desk) -> None:
    running = desk.start("1", "15000")
    running.kill()
    assert running.poll() == KILLED["linux"]
    desk.clock.advance(60)
    desk.device.tick()
    assert desk.has() == []
    assert desk.charged() == [("payment", 15000)]


def test_it_hangs_until_it_is_killed(desk: Desk) -> None:
    running = desk.start("1", "15004")
    assert running.wait(600, desk.clock.advance) is None
    assert desk.run("1", "15000")[0].startswith("115,")
    running.kill()
    assert desk.run("1", "15000")[0].startswith("0,")
    assert desk.charged() == [("payment", 15000)]


@pytest.mark.parametrize(
    ("how", "first", "charged"),
    [
        ("approved", "0,", [("payment", 15004)]),
        ("cancelled", "2000,", []),
        ("no-card", "2002,", []),
        ("no-bank", "4119,", []),
        ("no-pinpad", "99,", []),
    ],
)
def test_it_hangs_until_it_is_told(desk: Desk, how: str, first: str, charged: list[tuple[str, int]]) -> None:
    running = desk.start("1", "15004")
    assert running.wait(200, desk.clock.advance) is None
    assert perform(desk.device, f"finish {how}")["hangs"] is False
    assert running.poll() == 0
    assert desk.e()[0].startswith(first)
    assert desk.charged() == charged


def test_nobody_presents_a_card(desk: Desk) -> None:
    desk.device.inject("twist:command=payment,into=no-card")
    running = desk.start("1", "15000")
    assert running.wait(60, desk.clock.advance) is None
    assert running.wait(1, desk.clock.advance) == 0
    assert desk.e() == ["2002,Клиент слишком долго вводит данные"]
    assert desk.charged() == []


def test_what_was_killed_while_it_hung_can_still_be_approved(desk: Desk) -> None:
    running = desk.start("1", "15004")
    running.wait(200, desk.clock.advance)
    running.kill()
    desk.device.finish()
    assert desk.has() == []
    assert desk.charged() == [("payment", 15004)]


def test_nothing_hangs_and_nothing_is_finished(desk: Desk) -> None:
    desk.device.finish(Trouble.NO_CARD)
    running = desk.start("1", "15000")
    desk.device.finish()
    assert running.poll() is None


def test_late_approval(desk: Desk) -> None:
    desk.device.inject("slow:command=payment,seconds=300")
    running = desk.start("1", "15000")
    assert running.wait(299, desk.clock.advance) is None
    assert desk.charged() == []
    assert running.wait(2, desk.clock.advance) == 0
    assert desk.charged() == [("payment", 15000)]


def test_approved_long_before_the_files_are_there(desk: Desk) -> None:
    desk.device.inject("slow:command=payment,seconds=300,when=after")
    running = desk.start("1", "15000")
    assert running.wait(299, desk.clock.advance) is None
    assert desk.charged() == [("payment", 15000)]
    assert desk.has() == []
    assert running.wait(2, desk.clock.advance) == 0
    assert desk.has() == ["e", "p"]


@pytest.mark.parametrize(
    ("fault", "amount", "code", "charged"),
    [
        ("drop:command=payment", "15000", CRASH, 0),
        ("answer-lost:command=payment", "15000", CRASH, 15000),
        ("answer-lost:command=payment,drop=no", "15000", 0, 15000),
        ("late:command=payment,seconds=20", "15000", CRASH, 15000),
        ("twist:command=payment,into=lost", "15000", CRASH, 15000),
        ("", "15005", CRASH, 15005),
    ],
)
def test_no_files(desk: Desk, fault: str, amount: str, code: int, charged: int) -> None:
    if fault:
        desk.device.inject(fault)
    assert desk.start("1", amount).wait(1, desk.clock.advance) == code
    desk.clock.advance(30)
    desk.device.tick()
    assert desk.has() == []
    assert sum(amount for _, amount in desk.charged()) == charged


def test_a_code_that_says_nothing_about_the_money(desk: Desk) -> None:
    desk.device.inject("result:command=payment,code=4119,when=after")
    assert desk.run("1", "15000") == ["4119,Нет связи с банком"]
    assert desk.charged() == [("payment", 15000)]
    desk.device.inject("result:command=payment,code=4191")
    assert desk.run("1", "15000") == ["4191,Неверный номер отдела"]
    assert desk.charged() == [("payment", 15000)]


def test_the_bank_refuses_with_another_code(desk: Desk) -> None:
    desk.device.inject("fail:command=payment,code=51")
    assert desk.run("1", "15000")[0] == "4451,Недостаточно средств"


# --- the pinpad ---


def test_no_pinpad(desk: Desk) -> None:
    desk.device.unplug()
    running = desk.start("1", "15000")
    assert running.poll() is None
    assert running.wait(QUICK, desk.clock.advance) == 0
    assert desk.e() == ["99,Нет связи с пинпадом"]
    perform(desk.device, "plug")
    assert desk.run("1", "15000")[0].startswith("0,")


@pytest.mark.parametrize(("when", "charged"), [("before", []), ("after", [("payment", 15000)])])
def test_the_pinpad_goes_in_the_middle(desk: Desk, when: str, charged: list[tuple[str, int]]) -> None:
    """99 comes late then, and says nothing."""
    desk.device.inject(f"power:command=payment,when={when},off=60")
    running = desk.start("1", "15000")
    assert running.wait(LINGER - 1, desk.clock.advance) is None
    assert running.wait(2, desk.clock.advance) == 0
    assert desk.e() == ["99,Нет связи с пинпадом"]
    assert desk.run("26")[0].startswith("99,")
    desk.clock.advance(60)
    assert desk.run("26")[0].startswith("0,")
    assert desk.charged() == charged


def test_the_cable_comes_out_while_the_customer_looks_for_his_card(desk: Desk) -> None:
    running = desk.start("1", "15006")
    desk.clock.advance(5)
    perform(desk.device, "unplug")
    assert running.wait(60, desk.clock.advance) == 0
    assert desk.e()[0].startswith("99,")
    desk.clock.advance(60)
    desk.device.tick()
    assert desk.charged() == []


def test_power_off_and_on_by_hand(desk: Desk) -> None:
    running = desk.start("1", "15006")
    perform(desk.device, "power-off")
    perform(desk.device, "power-on")
    assert running.wait(60, desk.clock.advance) == 0
    assert desk.e()[0].startswith("99,")
    assert desk.run("1", "15000")[0].startswith("0,")
    assert desk.charged() == [("payment", 15000)]


def test_another_terminal_knows_nothing_of_what_was_before(desk: Desk) -> None:
    lines = desk.run("1", "15000")
    perform(desk.device, "change-terminal")
    assert desk.run("12")[0].startswith("101,")
    assert desk.run("13")[0].startswith("4140,")
    assert desk.run("8", "15000", "0", "0", lines[9])[0].startswith("101,")
    assert desk.run("1", "20000")[7] != lines[7]


def test_another_program_pays_after_ours(desk: Desk) -> None:
    desk.device.inject("foreign:after=1,total=777.00")
    desk.run("1", "15000")
    assert desk.charged() == [("payment", 15000), ("payment", 77700)]
    assert desk.run("13", "15000")[0].startswith("4140,")


# --- the files ---


@pytest.mark.parametrize(
    ("how", "has"),
    [
        ("missing", []), ("no-verdict", ["p"]), ("only-verdict", ["e"]), ("empty", ["e", "p"]), ("torn", ["e", "p"]),
        ("garbage", ["e", "p"]), ("short", ["e", "p"]), ("stale", ["e", "p"]),
        ("stale-rest", ["e", "p"]), ("foreign", ["e", "p"]),
    ],
)  # fmt: skip
def test_which_files_are_there(desk: Desk, how: str, has: list[str]) -> None:
    """The operation itself goes well, always."""
    before = desk.run("1", "10000")
    desk.device.inject(f"files:command=payment,as={how}")
    running = desk.start("1", "15000")
    assert running.wait(1, desk.clock.advance) == (CRASH if how == "torn" else 0)
    assert desk.has() == has
    assert desk.charged()[:2] == [("payment", 10000), ("payment", 15000)]
    if how == "empty":
        assert desk.e() == []
    if how == "torn":
        assert 0 < len(desk.e()) < 19
    if how == "short":
        assert desk.e() == ["0,Успешное завершение"]
    if how == "stale":
        assert desk.e() == before
    if how == "stale-rest":
        assert desk.e()[9] == desk.device.state.bank.entries[1].rrn
        assert before[9] in desk.p()
    if how == "foreign":
        assert desk.charged()[2:] == [("payment", 10000)]
        assert desk.e()[9] == desk.device.state.bank.entries[2].rrn


def test_how_much_of_a_file_is_left(desk: Desk) -> None:
    desk.device.inject("files:command=payment,as=torn,keep=1")
    desk.start("1", "15000").wait(1, desk.clock.advance)
    assert (desk.folder / "e").read_bytes() == b"0"
    desk.device.inject("files:command=payment,as=short,keep=10")
    assert len(desk.run("1", "15000")) == 10


def test_nothing_is_stale_before_the_first_run(desk: Desk) -> None:
    desk.device.inject("files:command=payment,as=stale")
    desk.start("1", "15000").wait(1, desk.clock.advance)
    assert desk.has() == []


def test_an_exit_code_that_says_something_else(tmp_path: Path) -> None:
    desk = Desk(tmp_path, SberOptions(manner="windows"))
    desk.device.inject("files:command=payment,exit=2000")
    assert desk.start("1", "15000").wait(1, desk.clock.advance) == 2000
    assert desk.e()[0].startswith("0,")


def test_garbage_by_kopecks(desk: Desk) -> None:
    desk.start("1", "15007").wait(1, desk.clock.advance)
    assert "Успешное" not in "".join(desk.e())
    assert desk.charged() == [("payment", 15007)]


def test_another_operations_answer(desk: Desk) -> None:
    desk.device.inject("twist:command=payment,into=other-answer")
    lines = desk.run("1", "15000")
    ours, others = desk.device.state.bank.entries
    assert (ours.amount, lines[9]) == (15000, others.rrn)


@pytest.mark.parametrize("fault", ["cut:after=5", "cover:seconds=1", "mute:seconds=1", "drop:command=sell", "nak"])
def test_faults_that_make_no_sense_here_are_refused(desk: Desk, fault: str) -> None:
    with pytest.raises(FaultSpecError):
        desk.device.inject(fault)

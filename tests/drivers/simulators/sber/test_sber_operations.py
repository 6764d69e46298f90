"""The operations of the program, their result lines and slips."""

from __future__ import annotations

import re
from hashlib import sha1
from pathlib import Path
from random import Random

import pytest

from drivers.simulators.clock import ManualClock
from drivers.simulators.sber import SberDevice, SberOptions, new_state
from drivers.simulators.sber.arguments import Arguments, Word, read
from drivers.simulators.sber.assembly import store_of
from tests.drivers.simulators.sber.desk import START, Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.mark.parametrize(
    ("argv", "read_as"),
    [
        ("1 15000", Arguments(Word.PAY, 15000)),
        ("1 15000 0", Arguments(Word.PAY, 15000)),
        ("3 15000", Arguments(Word.REFUND, 15000)),
        ("3 15000 0 QSELECT 123456789012", Arguments(Word.REFUND, 15000, rrn="123456789012", without_card=True)),
        ("3 15000 0 0 123456789012", Arguments(Word.REFUND, 15000, rrn="123456789012")),
        ("8 15000", Arguments(Word.VOID, 15000)),
        ("8 15000 0 0 123456789012", Arguments(Word.VOID, 15000, rrn="123456789012")),
        ("7", Arguments(Word.SETTLE)),
        ("9 0", Arguments(Word.REPORT, second="0")),
        ("11", Arguments(Word.MENU)),
        ("12", Arguments(Word.REPRINT)),
        ("13", Arguments(Word.ROLLBACK)),
        ("13 15000 123456", Arguments(Word.ROLLBACK, 15000, auth_code="123456")),
        ("15 15000 0 123456", Arguments(Word.SUSPEND, 15000, auth_code="123456")),
        ("16 15000 123456", Arguments(Word.COMMIT, 15000, auth_code="123456")),
        ("26", Arguments(Word.TEST)),
        ("36", Arguments(Word.HELP)),
        ("47 2", Arguments(Word.MONITORING, second="2")),
        ("", Arguments(Word.UNKNOWN)),
        ("1", Arguments(Word.UNKNOWN)),
        ("1 150.00", Arguments(Word.UNKNOWN)),
        ("1 0", Arguments(Word.UNKNOWN)),
        ("1 -5", Arguments(Word.UNKNOWN)),
        ("3 15000 0 QSELECT", Arguments(Word.UNKNOWN)),
        ("3 15000 0 QSELECT 12345", Arguments(Word.UNKNOWN)),
        ("1 15000 0 4000000000000002=2812", Arguments(Word.UNKNOWN)),
        ("99", Arguments(Word.UNKNOWN)),
    ],
)
def test_arguments(argv: str, read_as: Arguments) -> None:
    assert read(argv.split()) == read_as


def test_an_approved_payment_fills_every_line(desk: Desk) -> None:
    lines = desk.run("1", "15000")
    entry, bank = desk.device.state.bank.entries[0], desk.device.state.bank
    card = bank.cards[entry.card]
    assert (entry.amount, entry.response) == (15000, "00")
    assert lines == [
        "0,Успешное завершение",
        "*" * 12 + card.pan[-4:],
        f"{card.expiry[2:]}/{card.expiry[:2]}",
        entry.auth_code,
        "0001",
        card.system,
        "0",
        bank.terminal_id,
        "20261122100000",
        entry.rrn,
        sha1(card.pan.encode()).hexdigest().upper(),
        f"{card.pan}={card.expiry}",
        "0",
        bank.merchant_id,
        "0",
        "0",
        "",
        "",
        "",
        f"{bank.terminal_id}-00000001",
    ]
    assert re.fullmatch(r"\d{8}", lines[7])
    assert re.fullmatch(r"\d{12}", lines[9])


def test_the_slip_has_two_copies_with_the_cut_between(desk: Desk) -> None:
    desk.run("1", "15000")
    merchants, customers = desk.p().split("~S\x01\r\n")
    assert "ЭКЗЕМПЛЯР ТОРГОВОЙ ТОЧКИ" in merchants
    assert "ЭКЗЕМПЛЯР КЛИЕНТА" in customers
    assert all("ОДОБРЕНО" in copy and "150.00" in copy for copy in (merchants, customers))
    assert "\n" not in desk.p().replace("\r\n", "")


@pytest.mark.parametrize(
    ("manner", "encoding", "newline", "stdout", "code"),
    [("windows", "cp866", b"\r\n", b"", 4405), ("linux", "koi8-r", b"\n", b"return:4405\n", 0)],
)
def test_windows_and_linux(
    tmp_path: Path, manner: str, encoding: str, newline: bytes, stdout: bytes, code: int
) -> None:
    """Windows mirrors the result in the exit code, Linux tells it on stdout."""
    desk = Desk(tmp_path, SberOptions(manner=manner))
    running = desk.start("1", "15001")
    assert running.wait(60, desk.clock.advance) == code
    assert running.stdout == stdout
    first, rest = (tmp_path / "e").read_bytes().split(newline, 1)
    assert first.decode(encoding) == "4405,Обратитесь в банк"
    assert (b"\r" in rest) is (newline == b"\r\n")
    assert desk.charged() == []


def test_steered_by_kopecks(desk: Desk) -> None:
    assert desk.run("1", "10001")[0].startswith("4405,")
    assert desk.run("1", "10002") == ["2000,Операция прервана пользователем"]
    assert desk.has() == ["e"]
    assert desk.run("1", "10003") == ["4119,Нет связи с банком"]
    assert desk.charged() == []
    assert desk.run("1", "10008")[0].startswith("0,")
    assert desk.charged() == [("payment", 10108)]
    assert "101.08" in desk.p()


def test_steering_can_be_switched_off(tmp_path: Path) -> None:
    desk = Desk(tmp_path, SberOptions(steer=False))
    assert desk.run("1", "10001")[0].startswith("0,")


def test_slowly_approved(desk: Desk) -> None:
    running = desk.start("1", "10006")
    assert running.wait(9, desk.clock.advance) is None
    assert desk.has() == []
    assert running.wait(2, desk.clock.advance) == 0
    assert desk.e()[0].startswith("0,")


# --- refund, cancel ---


def test_refund_by_rrn_without_a_card(desk: Desk) -> None:
    rrn = desk.run("1", "15000")[9]
    assert desk.run("3", "5000", "0", "QSELECT", rrn)[0].startswith("0,")
    assert desk.run("3", "10000", "0", "QSELECT", rrn)[0].startswith("0,")
    assert desk.run("3", "100", "0", "QSELECT", rrn)[0].startswith("4494,")
    assert desk.run("3", "100", "0", "QSELECT", "000000000000")[0].startswith("4425,")
    assert desk.charged() == [("payment", 15000), ("refund", 5000), ("refund", 10000)]


def test_refund_by_rrn_where_the_bank_has_not_enabled_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path, SberOptions(select=False))
    rrn = desk.run("1", "15000")[9]
    assert desk.run("3", "15000", "0", "QSELECT", rrn)[0] == "101,Операция невозможна"
    assert desk.run("3", "15000", "0", "0", rrn)[0].startswith("0,")


def test_refund_by_the_card_alone(desk: Desk) -> None:
    assert desk.run("3", "15000")[0].startswith("0,")
    assert desk.charged() == [("refund", 15000)]


def test_cancel_by_rrn_and_by_the_amount(desk: Desk) -> None:
    first = desk.run("1", "15000")[9]
    desk.run("1", "20000")
    assert desk.run("8", "15000", "0", "0", first)[0].startswith("0,")
    assert desk.run("8", "15000", "0", "0", first)[0].startswith("4494,")
    assert desk.run("8", "20000")[0].startswith("0,")
    assert desk.run("8", "20000")[0].startswith("101,")
    assert desk.run("8", "100", "0", "0", first)[0].startswith("101,")
    assert [kind for kind, _ in desk.charged()] == ["payment", "payment", "void", "void"]


def test_no_cancel_after_the_day_is_closed(desk: Desk) -> None:
    rrn = desk.run("1", "15000")[9]
    desk.run("7")
    assert desk.run("8", "15000", "0", "0", rrn)[0].startswith("4458,")
    assert desk.charged() == [("payment", 15000)]


def test_a_cancel_becomes_a_refund_where_the_set_up_does_not_keep_them_apart(desk: Desk) -> None:
    (desk.folder / "pinpad.ini").write_bytes(b"comport=99\r\n")
    rrn = desk.run("1", "15000")[9]
    desk.run("7")
    assert desk.run("8", "15000", "0", "0", rrn)[0].startswith("0,")
    assert desk.charged() == [("payment", 15000), ("refund", 15000)]


# --- rollback, suspension, commit ---


def test_rollback_of_the_last(desk: Desk) -> None:
    desk.run("1", "15000")
    assert desk.run("13")[0].startswith("0,")
    assert desk.run("13")[0].startswith("4140,")
    assert desk.charged() == [("payment", 15000), ("reversal", 15000)]


def test_rollback_needs_amount_and_code_of_the_last(desk: Desk) -> None:
    code = desk.run("1", "15000")[3]
    assert desk.run("13", "15100", code)[0].startswith("4140,")
    assert desk.run("13", "15000", "000000")[0].startswith("4140,")
    assert desk.run("13", "15000", code)[0].startswith("0,")


def test_nothing_to_roll_back(desk: Desk) -> None:
    assert desk.run("13")[0].startswith("4140,")
    assert desk.charged() == []


def test_what_is_committed_cannot_be_rolled_back(desk: Desk) -> None:
    code = desk.run("1", "15000")[3]
    assert desk.run("15", "15000", code)[0].startswith("0,")
    assert desk.run("16", "15000", code)[0].startswith("0,")
    assert desk.run("13", "15000", code)[0].startswith("4141,")
    assert desk.run("15", "15000", code)[0].startswith("4141,")
    assert desk.charged() == [("payment", 15000)]


def test_what_is_suspended_is_taken_back_at_the_next_session(desk: Desk) -> None:
    code = desk.run("1", "15000")[3]
    desk.run("15", "15000", code)
    desk.run("26")
    assert desk.charged() == [("payment", 15000)]
    desk.run("1", "20000")
    assert desk.charged() == [("payment", 15000), ("reversal", 15000), ("payment", 20000)]


# --- the day ---


def test_settlement(desk: Desk) -> None:
    desk.run("1", "15000")
    assert desk.run("7") == ["0,Успешное завершение"]
    assert "ИТОГИ СОВПАЛИ" in desk.p()
    desk.run("1", "15009")
    assert desk.run("7") == ["0,Успешное завершение"]
    assert "ИТОГИ НЕ СОВПАЛИ" in desk.p()
    assert desk.run("1", "10000")[4] == "0001"


@pytest.mark.parametrize("full", ["0", "1"])
def test_which_report_is_the_full_one_is_an_option(tmp_path: Path, full: str) -> None:
    desk = Desk(tmp_path, SberOptions(full_report=full))
    rrn = desk.run("1", "15000")[9]
    desk.run("9", full)
    assert rrn in desk.p()
    desk.run("9", "1" if full == "0" else "0")
    assert rrn not in desk.p()
    assert "150.00" in desk.p()


def test_reprint_is_the_slip_of_the_last(desk: Desk) -> None:
    assert desk.run("12")[0].startswith("101,")
    desk.run("1", "15000")
    slip = desk.p()
    assert desk.run("12") == ["0,Успешное завершение"]
    assert desk.p() == slip


def test_tests_move_no_money(desk: Desk) -> None:
    for argv in (("26",), ("11",), ("36",)):
        assert desk.run(*argv) == ["0,Успешное завершение"]
    assert "СИМУЛЯТОР" in desk.p()
    assert desk.run("47", "2")[14:17] == ["0", "0", "Мониторинг: терминал работает|Симулятор"]
    assert desk.run("20")[0].startswith("101,")
    assert desk.charged() == []


def test_not_in_its_own_directory_it_finds_no_port(desk: Desk, tmp_path: Path) -> None:
    (desk.folder / "pinpad.ini").unlink()
    assert desk.run("1", "15000")[0].startswith("99,")
    assert desk.charged() == []


def test_the_pinpad_remembers_over_a_restart(tmp_path: Path) -> None:
    """What the files of a run say is in the state file already."""
    clock, file = ManualClock(START), tmp_path / "state.json"

    def switched_on() -> SberDevice:
        state = store_of(file).load() or new_state(Random(1), terminal="00311159")
        device = SberDevice(state, clock, Random(1), store=store_of(file))
        device.furnish(tmp_path)
        return device

    for argv in (["1", "15000"], ["15", "15000"], ["1", "20000"], ["13"]):
        assert switched_on().run(argv, tmp_path).wait(1, clock.advance) == 0
    entries = switched_on().state.bank.entries
    assert [(entry.kind.value, entry.amount) for entry in entries] == [
        ("payment", 15000), ("reversal", 15000), ("payment", 20000), ("reversal", 20000),
    ]  # fmt: skip
    assert {entry.terminal_id for entry in entries} == {"00311159"}

"""The operations of the program, by the cash codes of three banks, and the files that they leave."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.simulators.arcus2 import ArcusOptions
from drivers.simulators.arcus2.arguments import Arguments, read
from drivers.simulators.arcus2.ini import Word
from drivers.simulators.arcus2.ini import read as read_ini
from tests.drivers.simulators.arcus2.desk import Desk

PAY = ("/a15000", "/c643")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.mark.parametrize(
    ("argv", "read_as"),
    [
        ("/o1 /a15000 /c643", Arguments("1", 15000, "643")),
        ("/o4 /a15000 /c643 /r123456789012 /v123456", Arguments("4", 15000, "643", "123456789012", "123456")),
        ("/o1 /a15000 /c643 /x77 /qxAS1", Arguments("1", 15000, "643")),
        ("/o11", Arguments("11")),
        ("", None),
        ("/a15000", None),
        ("/o1 /a150.00", None),
        ("/o1 /a0 /c643", None),
        ("/o1 /o2", None),
        ("/o1 /r123", None),
        ("/o1 /z", None),
        ("1 15000", None),
    ],
)
def test_arguments(argv: str, read_as: Arguments | None) -> None:
    assert read(argv.split()) == read_as


def test_an_approved_payment(desk: Desk) -> None:
    assert desk.run("/o1", *PAY) == "000"
    entry, bank = desk.device.state.bank.entries[0], desk.device.state.bank
    card = bank.cards[entry.card]
    output = desk.output()
    assert [output[0], output[1], output[3], output[5]] == ["00", card.masked, entry.auth_code, entry.rrn]
    merchants, customers = desk.text("cheq.out").split("\f")
    assert all("ОДОБРЕНО" in copy and "150.00" in copy for copy in (merchants, customers))
    assert desk.files() == {"rc.out", "cheq.out", "output.dat"}
    assert desk.charged() == [("payment", 15000)]


def test_lines_that_nobody_has_explained_hold_what_must_not_leak(desk: Desk) -> None:
    desk.run("/o1", *PAY)
    output = desk.output()
    assert {output[4], output[6]} <= desk.device.secrets


@pytest.mark.parametrize(
    ("family", "codes"),
    [
        ("one", "1 3 4 2 11 12 13"),
        ("by-name", "1 5 3 7 98 97 64"),
        ("zero", "1 2 6 9 65 20 21"),
    ],
)
def test_each_bank_has_cash_codes_of_its_own(tmp_path: Path, family: str, codes: str) -> None:
    code_of = dict(zip(("pay", "refund", "void", "reverse", "settle", "short", "full"), codes.split(), strict=True))
    desk = Desk(tmp_path, ArcusOptions(family=family))
    verdict, slip = ("result.out", "slip.out") if family == "zero" else ("rc.out", "cheq.out")

    def run(word: str, *argv: str) -> str:
        desk.run(f"/o{code_of[word]}", *argv)
        return desk.text(verdict)

    assert run("pay", *PAY) == "000"
    rrn = desk.output()[5]
    assert run("refund", "/a5000", "/c643", f"/r{rrn}") == "000"
    assert run("pay", *PAY) == "000"
    assert run("void", *PAY, f"/r{desk.output()[5]}") == "000"
    assert run("pay", *PAY) == "000"
    assert run("reverse") == "000"
    assert run("short") == "000"
    assert rrn not in desk.text(slip)
    assert run("full") == "000"
    assert rrn in desk.text(slip)
    assert run("settle") == "000"
    assert "ИТОГИ СОВПАЛИ" in desk.text(slip)
    assert desk.charged() == [
        ("payment", 15000), ("refund", 5000), ("payment", 15000), ("void", 15000),
        ("payment", 15000), ("reversal", 15000),
    ]  # fmt: skip


def test_the_files_are_called_as_cashreg_ini_says(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ArcusOptions(family="zero"))
    desk.run("/o1", *PAY)
    assert desk.files() == {"result.out", "slip.out", "output.dat"}
    assert len(desk.text("slip.out").split("==CUT==\r\n")) == 2
    assert any(line.startswith("RRN") for line in desk.text("slip.out").splitlines())


def test_what_stands_in_the_folder_is_not_put_there_again(desk: Desk) -> None:
    (desk.folder / "INI" / "ops.ini").write_bytes("77=1,1,МОЯ ОПЛАТА # так у нас\r\n#1=1,1,ОПЛАТА\r\n".encode("cp1251"))
    desk.device.furnish(desk.folder)
    assert desk.run("/o77", *PAY) == "000"
    assert desk.run("/o1", *PAY) == "901"


@pytest.mark.parametrize("place", [".", "INI"])
def test_the_directory_is_found_from_the_working_directory(tmp_path: Path, place: str) -> None:
    folder = tmp_path / "CommandLineTool" / "bin"
    folder.mkdir(parents=True)
    (tmp_path / place).mkdir(exist_ok=True)
    (folder / "../../" / place / "cashreg.ini").write_bytes(b"RESULT_FILE=here.txt\r\n")
    settings = read_ini(folder if place == "INI" else tmp_path)
    assert settings is not None
    assert settings.name("RESULT_FILE") == "here.txt"
    assert settings.name("CHEQ_FILE") == "cheq.out"


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("1,1,ОПЛАТА", Word.PAY), ("0,128,ОПЛАТА", Word.PAY), ("2,22,СВЕРКА ИТОГОВ", Word.SETTLE),
        ("2,22,ЛЕНТА", Word.FULL), ("2,22", Word.FULL), ("1,3,ПРЕД", Word.UNKNOWN), ("что-то", Word.UNKNOWN),
    ],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["cp1251", "cp866"])
def test_what_a_line_of_ops_ini_means(tmp_path: Path, said: str, word: Word, encoding: str) -> None:
    (tmp_path / "cashreg.ini").write_bytes(b"")
    (tmp_path / "ops.ini").write_bytes(f"5={said}\r\n".encode(encoding))
    settings = read_ini(tmp_path)
    assert settings is not None
    assert settings.operations == {"5": word}


def test_charset(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ArcusOptions(charset="cp866"), "cp866")
    desk.run("/o1", *PAY)
    assert "ОДОБРЕНО" in desk.text("cheq.out")


def test_the_rrn_may_stand_in_the_slip_alone(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ArcusOptions(rrn_in_slip=True))
    desk.run("/o1", *PAY)
    assert desk.output()[5] == ""
    line = next(line for line in desk.text("cheq.out").splitlines() if line.startswith("ССЫЛКА"))
    assert line.split()[1] == desk.device.state.bank.entries[0].rrn


def test_refusals(desk: Desk) -> None:
    assert desk.run("/o1", "/a15001", "/c643") == "005"
    assert desk.output()[0] == "05"
    assert "ОТКЛОНЕНО" in desk.text("cheq.out")
    assert desk.run("/o1", "/a15002", "/c643") == "905"
    assert desk.run("/o1", "/a15003", "/c643") == "903"
    assert desk.files() == {"rc.out"}
    assert desk.run("/o1", "/a15000", "/c978") == "902"
    assert desk.run("/o1", "/c643") == "902"
    assert desk.run("/o4", *PAY) == "902"
    assert desk.run("/o4", *PAY, "/r000000000000") == "025"
    assert desk.run("/o5", *PAY) == "901"
    assert desk.run("/o2") == "025"
    assert desk.charged() == []


def test_no_void_after_the_day_is_closed_nor_of_a_part(desk: Desk) -> None:
    desk.run("/o1", *PAY)
    rrn = desk.output()[5]
    assert desk.run("/o4", "/a10000", "/c643", f"/r{rrn}") == "061"
    desk.run("/o11")
    assert desk.run("/o4", *PAY, f"/r{rrn}") == "058"
    assert desk.charged() == [("payment", 15000)]


def test_a_void_may_name_the_auth_code(desk: Desk) -> None:
    desk.run("/o1", *PAY)
    code, rrn = desk.output()[3], desk.output()[5]
    assert desk.run("/o4", *PAY, f"/r{rrn}", "/v000000") == "025"
    assert desk.run("/o4", *PAY, f"/r{rrn}", f"/v{code}") == "000"


def test_details_of_one_operation_and_test_of_the_link(desk: Desk) -> None:
    assert desk.run("/o14") == "025"
    desk.run("/o1", *PAY)
    rrn = desk.output()[5]
    assert desk.run("/o14", f"/r{rrn}") == "000"
    assert rrn in desk.text("cheq.out")
    assert desk.run("/o96") == "000"
    assert desk.run("/o14", "/r000000000000") == "025"


def test_an_automatic_cancel_leaves_its_own_files(desk: Desk) -> None:
    desk.device.inject("auto-cancel:command=payment")
    assert desk.run("/o1", *PAY) == "907"
    assert desk.text("can_rc.out") == "000"
    assert "АВАРИЙНАЯ ОТМЕНА" in desk.text("auto_can.out")
    assert desk.charged() == [("payment", 15000), ("reversal", 15000)]


def test_an_automatic_cancel_that_fails_leaves_no_slip(desk: Desk) -> None:
    desk.device.inject("auto-cancel:command=payment,ok=no")
    assert desk.run("/o1", *PAY) == "999"
    assert desk.text("can_rc.out") == "999"
    assert desk.text("auto_can.out") == ""
    assert desk.charged() == [("payment", 15000)]


def test_no_pinpad_and_no_directory(desk: Desk) -> None:
    desk.device.unplug()
    assert desk.run("/o1", *PAY) == "999"
    desk.device.plug()
    (desk.folder / "INI" / "cashreg.ini").unlink()
    assert desk.run("/o1", *PAY) == "999"
    assert desk.charged() == []

"""What the register refuses, in which mode, with which code."""

from collections.abc import Callable

import pytest

from tests.drivers.simulators.host import NOT_GIVEN, PASSWORD, START, Host, le

TEN_ROUBLES = le(1000, 5)


def closed(host: Host) -> None:
    assert host.mode() == 4


def opened(host: Host) -> None:
    host.open_shift()


def expired(host: Host) -> None:
    host.open_shift()
    host.pass_time(24 * 3600)
    assert host.mode() == 3


def in_receipt(host: Host) -> None:
    host.open_shift()
    host.open_receipt()
    host.operation(10_000)
    assert host.mode() == 0x08


def awaiting_date(host: Host) -> None:
    host.good("22" + PASSWORD, bytes([23, 11, 26]))
    assert host.mode() == 6


Situation = Callable[[Host], None]
CLOSE = Host().close_fields(cash=10_000)
SALE = Host().line_fields(10_000)


@pytest.mark.parametrize(
    ("situation", "command", "fields", "code"),
    [
        (closed, "40", b"", 0x3D),
        (closed, "41", b"", 0x3D),
        (closed, "8C", b"", 0x3D),
        (closed, "FF43", b"", 0x3D),
        (closed, "88", b"", 0x55),
        (closed, "89", b"", 0x55),
        (closed, "FF45", CLOSE, 0x55),
        (closed, "FF0C", bytes.fromhex("FD03 0100 41"), 0x02),
        (closed, "FF08", b"", 0x02),
        (closed, "B0", b"", 0x72),
        (closed, "51", TEN_ROUBLES, 0x46),
        (closed, "FF0A", le(2, 4), 0x08),
        (closed, "FF3B", b"", 0x08),
        (closed, "2D", bytes([99]), 0x5D),
        (closed, "1F", bytes([17, 2, 0, 7]), 0x33),
        (closed, "1E", bytes([18, 1, 0, 1, 65]), 0x7A),
        (closed, "1E", bytes([17, 1, 0, 7, 4]), 0x33),
        (closed, "1E", bytes([17, 1, 0, 7, 0, 0]), 0x7E),
        (closed, "8D", bytes([4]), 0x33),
        (closed, "8D", b"", 0x7E),
        (closed, "E0", b"\0", 0x7E),
        (closed, "23", bytes([22, 11, 26]), 0x73),
        (closed, "22", bytes([31, 2, 26]), 0x7D),
        (closed, "21", bytes([9, 0, 0]), 0x07),
        (opened, "E0", b"", 0x3C),
        (opened, "FF0B", b"", 0x3C),
        (opened, "FF41", b"", 0x3C),
        (opened, "21", bytes([11, 0, 0]), 0x3C),
        (opened, "FF46", Host().line_fields(100, sign=5), 0x33),
        (opened, "FF46", Host().line_fields(100, quantity=0), 0x62),
        (opened, "FF46", Host().line_fields(10_000_000_000), 0x61),
        (opened, "FF46", Host().line_fields(100, department=17), 0x63),
        (opened, "FF46", Host().line_fields(100, rate=0x03), 0x33),
        (opened, "FF46", Host().line_fields(100, rate=0xCD), 0x33),
        (opened, "FF46", Host().line_fields(100, method=8), 0x33),
        (opened, "FF46", Host().line_fields(100, subject=28), 0x33),
        (opened, "FF46", Host().line_fields(100, name=""), 0x33),
        (opened, "FF46", Host().line_fields(100, total=102), 0x33),
        (opened, "FF46", Host().line_fields(100)[:-10], 0x7E),
        (opened, "FF46", Host().line_fields(100, name="я" * 129), 0x7E),
        (expired, "8D", b"\0", 0x4E),
        (expired, "FF46", SALE, 0x4E),
        (expired, "E0", b"", 0x3C),
        (in_receipt, "8D", b"\0", 0x4A),
        (in_receipt, "E0", b"", 0x4A),
        (in_receipt, "41", b"", 0x4A),
        (in_receipt, "50", TEN_ROUBLES, 0x4A),
        (in_receipt, "8C", b"", 0x4A),
        (in_receipt, "25", b"\0", 0x4A),
        (in_receipt, "FF46", Host().line_fields(100, sign=2), 0x49),
        (in_receipt, "FF45", Host().close_fields(cash=9_999), 0x45),
        (in_receipt, "FF45", Host().close_fields(card=10_001), 0x4D),
        (in_receipt, "FF45", Host().close_fields(cash=10_000, taxation=8), 0x63),
        (in_receipt, "FF45", Host().close_fields(cash=10_000, taxation=3), 0x63),
        (in_receipt, "FF45", Host().close_fields(cash=10_000, rounding=1), 0x40),
        (in_receipt, "FF45", CLOSE[:-1], 0x7E),
        (in_receipt, "FF0C", bytes.fromhex("FC03 0100 01"), 0x09),
        (in_receipt, "FF0C", bytes.fromhex("FD03 0500 41"), 0x09),
        (in_receipt, "FF4D", bytes.fromhex("FD03 0100 41"), 0x09),
        (awaiting_date, "8D", b"\0", 0xC0),
        (awaiting_date, "23", bytes([24, 11, 26]), 0x7C),
    ],
)
def test_refusal(situation: Situation, command: str, fields: bytes, code: int) -> None:
    host = Host()
    situation(host)
    before = host.last_fd(), host.mode()
    assert host.error(command + PASSWORD, fields) == code
    assert (host.last_fd(), host.mode()) == before


def test_wrong_password_and_wrong_rank() -> None:
    host = Host()
    assert host.error("10" + "0F 27 00 00") == 0x4F
    assert host.error("2D" + "01 00 00 00", b"\x01") == 0x4F
    assert host.error("41" + "1C 00 00 00") == 0x4F  # 28 is a senior cashier only on models with bit 33
    host.open_shift()
    host.good("40" + "1D 00 00 00")
    assert host.good("10" + "01 00 00 00")[0] == 1


def test_another_operators_receipt_is_cancelled_by_the_administrator_only() -> None:
    host = Host()
    host.good("8D" + "01 00 00 00", b"\0")
    assert host.error("88" + "02 00 00 00") == 0x59
    host.good("88" + PASSWORD)


def test_cash_return_needs_cash_in_the_drawer() -> None:
    host = Host()
    host.open_shift()
    host.open_receipt(2)
    host.operation(10_000, sign=2)
    assert host.error("FF45" + PASSWORD, host.close_fields(cash=10_000)) == 0x46
    assert host.close(card=10_000)[0] == 0
    host.good("50" + PASSWORD, le(15_000, 5))
    host.open_receipt(2)
    host.operation(10_000, sign=2)
    host.close(cash=10_000)
    assert host.good("1A" + PASSWORD, bytes([241]))[1:] == le(5_000, 6)


def test_a_receipt_without_lines_is_not_closed() -> None:
    host = Host()
    host.open_receipt()
    assert host.error("FF45" + PASSWORD, host.close_fields()) == 0x8E


def test_a_marked_item_needs_its_code() -> None:
    host = Host()
    host.open_receipt()
    assert host.operation(100, subject=33) == b"\0"
    assert host.error("FF45" + PASSWORD, host.close_fields(cash=100)) == 0xAA


def test_a_receipt_open_over_24_hours_is_stopped_by_the_fiscal_drive() -> None:
    host = Host()
    host.open_shift()
    host.open_receipt()
    host.operation(100)
    host.pass_time(24 * 3600)
    assert host.error("FF45" + PASSWORD, host.close_fields(cash=100)) == 0x16
    host.good("88" + PASSWORD)
    host.good("41" + PASSWORD)
    host.open_shift()
    host.sell()


def test_mode_3_comes_a_minute_before_24_hours() -> None:
    host = Host()
    host.open_shift()
    host.pass_time(24 * 3600 - 61)
    assert host.mode() == 2
    host.pass_time(1)
    assert host.mode() == 3


def test_documents_do_not_go_back_in_time() -> None:
    host = Host(start=START)
    host.open_shift()
    host.clock.jump(-120)
    host.open_receipt()
    host.operation(100)
    assert host.error("FF45" + PASSWORD, host.close_fields(cash=100)) == 0x07


def test_a_refused_shift_opening_leaves_nothing_begun() -> None:
    host = Host()
    host.clock.jump(-120)
    assert host.error("E0" + PASSWORD) == 0x07
    assert host.good("FF01" + PASSWORD)[1] == 0
    host.clock.jump(120)
    host.open_shift()


def test_error_text_is_told_in_russian() -> None:
    text = Host().good("6B", bytes([0x4E])).decode("cp1251")
    assert text == "Смена превысила 24 часа"


def test_sum_given_by_the_host_may_differ_by_one_kopeck() -> None:
    host = Host()
    host.open_receipt()
    assert host.operation(333, quantity=1_500_000, total=501) == b"\0"  # 4.995 rounds up to 5.00
    assert host.error("FF46" + PASSWORD, host.line_fields(333, quantity=1_500_000, total=502)) == 0x33
    assert int.from_bytes(host.good("89" + PASSWORD)[1:], "little") == 501
    assert NOT_GIVEN == "FF FF FF FF FF"

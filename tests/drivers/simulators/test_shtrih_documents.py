"""Fiscal documents that commands leave in the archive, checked tag by tag against values worked out here."""

import struct
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.simulators.dump import dump
from tests.drivers.simulators.host import NOT_GIVEN, PASSWORD, START, Host, le, records

UNIX = struct.pack("<I", int(START.replace(tzinfo=UTC).timestamp()))


def money(raw: bytes) -> int:
    return int.from_bytes(raw, "little")


def test_registration_is_document_1() -> None:
    host = Host()
    tags = dict(host.tags(1))
    serial = host.good("1F" + PASSWORD, bytes([18, 1, 0, 1])).rstrip(b"\0")
    assert tags[1013] == serial
    assert tags[1062] == bytes([1 + 2 + 4 + 16 + 32])
    assert tags[1209] == b"\x04"
    assert tags[1040] == le(1, 4)
    assert tags[1041] == host.good("FF02" + PASSWORD)
    status = host.good("FF09" + PASSWORD)
    assert len(status) == 64
    assert status[5:17] == tags[1018]
    assert status[17:37] == tags[1037]
    assert status[-8:-4] == le(1, 4)


def test_numbering_of_documents_shifts_and_receipts() -> None:
    host = Host()
    host.open_shift()  # FD 2
    assert [host.sell()[1] for _ in range(3)] == [3, 4, 5]
    host.open_receipt()
    host.operation(100)
    host.good("88" + PASSWORD)  # takes no number
    assert host.sell()[1] == 6
    assert host.good("FF40" + PASSWORD) == bytes([1]) + le(1, 2) + le(4, 2)
    host.good("41" + PASSWORD)  # FD 7
    assert host.good("FF40" + PASSWORD) == bytes([0]) + le(1, 2) + le(4, 2)
    host.open_shift()  # FD 8
    assert host.sell()[1] == 9
    found = [dict(host.tags(fd)) for fd in range(1, 10)]
    assert [money(tags[1040]) for tags in found] == list(range(1, 10))
    assert [money(tags[1042]) for tags in found if 1042 in tags] == [1, 2, 3, 4, 1]
    assert [money(tags[1038]) for tags in found[1:]] == [1, 1, 1, 1, 1, 1, 2, 2]
    types = [host.good("FF0A" + PASSWORD, le(fd, 4))[0] for fd in range(1, 10)]
    assert types == [1, 2, 3, 3, 3, 3, 5, 2, 3]


def test_receipt_tag_by_tag() -> None:
    host = Host()
    host.open_shift()
    host.open_receipt()
    cashier, inn, contact = "Иванова М.".encode("cp866"), b"500100732259", b"+79001234567"
    imprint = bytes.fromhex("3D04 0200") + b"ID" + bytes.fromhex("3E04 0D00") + b"ABCDEFGHIJKLM"
    for tag, value in ((1021, cashier), (1203, inn), (1008, contact), (1084, imprint)):
        host.good("FF0C" + PASSWORD, le(tag, 2), le(len(value), 2), value)
    host.operation(33_333, quantity=1_500_000, rate=0xCB, subject=4, name="Ремонт")
    host.good("FF4D" + PASSWORD, bytes.fromhex("3C08 0100 47"))  # 2108 = 71, hours
    host.operation(10_000, rate=0x08, name="Плёнка")
    assert int.from_bytes(host.good("89" + PASSWORD)[1:], "little") == 60_000
    change, fd, fpd = host.close(cash=50_000, card=20_000, taxation=2)
    assert (change, fd) == (10_000, 3)

    made = host.tags(fd)
    tags = dict(made)
    first, second = (dict(records(value)) for tag, value in made if tag == 1059)
    total = int((Decimal("333.33") * Decimal("1.5")).quantize(Decimal("0.01"), ROUND_HALF_UP) * 100)
    assert first == {
        1214: b"\x04",
        1212: b"\x04",
        1030: "Ремонт".encode("cp866"),
        1079: le(33_333, 2),
        1023: bytes([1, 15]),
        1199: bytes([11]),
        1200: le(9_016, 2),  # 500.00 * 22 / 122 = 90.1639…
        1043: le(total, 3) if total > 0xFFFF else le(total, 2),
        2108: bytes([71]),
    }
    assert 1200 not in second
    assert (second[1199], second[2108]) == (b"\x06", b"\0")
    assert tags[1020] == le(60_000, 2)
    assert tags[1031] == le(40_000, 2)  # net of change
    assert tags[1081] == le(20_000, 2)
    assert {1215, 1216, 1217, 1102, 1103, 1104, 1106, 1107} & set(tags) == set()
    assert tags[1105] == le(10_000, 2)
    assert records(tags[1115]) == [(1119, bytes.fromhex("AF04 0100 0B 6004 0200") + le(9_016, 2))]
    assert (tags[1054], tags[1055]) == (b"\x01", b"\x02")
    assert (tags[1021], tags[1203], tags[1008], tags[1084]) == (cashier, inn, contact, imprint)
    assert tags[1012] == UNIX
    assert tags[1077] == b"\x21\x04" + fpd.to_bytes(4, "big")
    short = host.good("FF0A" + PASSWORD, le(fd, 4))
    assert short[2:] == bytes([26, 11, 22, 10, 0]) + le(fd, 4) + le(fpd, 4) + b"\x01" + le(60_000, 5)


@pytest.mark.parametrize(
    ("rate", "code", "total_tag", "amount"),
    [
        (0x01, 1, 1102, 2_000),
        (0x02, 2, 1103, 1_091),
        (0x04, 5, 1104, 12_000),
        (0x08, 6, 1105, 12_000),
        (0x00, 6, 1105, 12_000),
        (0x10, 3, 1106, 2_000),
        (0x20, 4, 1107, 1_091),
        (0x81, 7, 1115, 571),
        (0x82, 8, 1115, 785),
        (0x84, 9, 1115, 571),
        (0x88, 10, 1115, 785),
        (0x90, 10, 1115, 785),
        (0xCB, 11, 1115, 2_164),
        (0xCC, 12, 1115, 2_164),
    ],
)
def test_every_vat_byte(rate: int, code: int, total_tag: int, amount: int) -> None:
    """120.00 roubles; the amount is tax, or turnover for 0 % and without VAT."""
    host = Host()
    _, fd, _ = host.sell(12_000, rate=rate)
    tags = dict(host.tags(fd))
    item = dict(records(tags[1059]))
    assert item[1199] == bytes([code])
    assert (1200 in item) == (code not in (5, 6))
    assert {1102, 1103, 1104, 1105, 1106, 1107, 1115} & set(tags) == {total_tag} | ({1104} if code >= 7 else set())
    if code >= 7:
        assert tags[1104] == b"\0"
        assert records(records(tags[1115])[0][1]) == [(1199, bytes([code])), (1120, le(amount, 2))]
    else:
        assert money(tags[total_tag]) == amount


@pytest.mark.parametrize(("setting", "sent", "code"), [(1, 1, 11), (1, 0x10, 12), (1, 2, 2), (2, 1, 1), (2, 0x10, 3)])
def test_automatic_replacement_of_20_percent(setting: int, sent: int, code: int) -> None:
    host = Host()
    assert host.good("1F" + PASSWORD, bytes([17, 1, 0, 71])) == b"\x02"
    host.good("1E" + PASSWORD, bytes([17, 1, 0, 71, setting]))
    _, fd, _ = host.sell(rate=sent)
    assert dict(records(dict(host.tags(fd))[1059]))[1199] == bytes([code])


def test_replacement_does_not_touch_2025() -> None:
    host = Host(start=datetime.fromisoformat("2025-12-31T23:00"))
    host.good("1E" + PASSWORD, bytes([17, 1, 0, 71, 1]))
    _, fd, _ = host.sell(rate=1)
    assert dict(records(dict(host.tags(fd))[1059]))[1199] == b"\x01"


def test_sign_of_each_receipt_type() -> None:
    """8Dh: 0 income, 1 expense, 2 income return, 3 expense return; the document's 1054 numbers them otherwise."""
    host = Host()
    host.good("50" + PASSWORD, le(100_000, 5))
    signs = []
    for kind, sign in ((0, 1), (1, 3), (2, 2), (3, 4)):
        host.open_receipt(kind)
        assert host.mode() == 8 | kind << 4
        host.operation(1_000, sign=sign)
        _, fd, _ = host.close(cash=1_000)
        signs.append((dict(host.tags(fd))[1054][0], host.good("FF0A" + PASSWORD, le(fd, 4))[15]))
    assert signs == [(1, 1), (3, 3), (2, 2), (4, 4)]


def test_an_operation_without_8dh_opens_shift_and_receipt() -> None:
    host = Host()
    assert host.operation(1_000) == b"\0"
    assert host.mode() == 8
    assert host.close(cash=1_000)[1] == 3


def test_all_kinds_of_payment_and_rounding() -> None:
    host = Host()
    host.open_receipt()
    host.operation(100_099)
    change, fd, _ = host.close(
        cash=10_000, card=20_000, pay13=10_000, pay14=30_000, pay15=20_000, pay16=10_000, rounding=99
    )
    tags = dict(host.tags(fd))
    assert change == 0
    assert [money(tags[tag]) for tag in (1020, 1031, 1081, 1215, 1216, 1217)] == [
        *(100_000, 10_000, 30_000, 30_000, 20_000, 10_000)
    ]


def test_a_correction_needs_its_reason() -> None:
    host = Host()
    host.good("8D" + PASSWORD, b"\x80")
    host.operation(1_000)
    assert host.error("FF45" + PASSWORD, host.close_fields(cash=1_000)) == 0xAA
    basis = bytes.fromhex("9A04 0400") + UNIX + bytes.fromhex("9B04 0100") + b"0"
    host.good("FF0C" + PASSWORD, bytes.fromhex("9504 0100 00"))
    host.good("FF0C" + PASSWORD, le(1174, 2), le(len(basis), 2), basis)
    _, fd, _ = host.close(cash=1_000)
    assert host.good("FF0A" + PASSWORD, le(fd, 4))[0] == 31
    assert dict(host.tags(fd))[1174] == basis


def test_shift_reports_count() -> None:
    host = Host()
    host.good("FF41" + PASSWORD)
    host.good("FF0C" + PASSWORD, bytes.fromhex("FD03 0300") + b"Bob")
    shift, fd = struct.unpack("<HI", host.good("FF0B" + PASSWORD)[:6])
    assert (shift, fd) == (1, 2)
    assert dict(host.tags(2))[1021] == b"Bob"
    host.sell(10_000, rate=2)
    host.open_receipt()
    host.operation(5_000, rate=8)
    host.close(cash=2_000, card=3_000)
    host.pass_time(60)
    host.good("FF42" + PASSWORD)
    shift, fd, _ = struct.unpack("<HII", host.good("FF43" + PASSWORD))
    assert (shift, fd) == (1, 5)
    tags = dict(host.tags(5))
    assert (tags[1118], tags[1111]) == (le(2, 4), le(4, 4))
    income = dict(records(dict(records(tags[1194]))[1129]))
    assert (income[1135], money(income[1201]), money(income[1136])) == (le(2, 4), 15_000, 12_000)
    assert [money(income[tag]) for tag in (1138, 1140, 1183)] == [3_000, 909, 5_000]
    assert dict(records(tags[1157]))[1129] == dict(records(tags[1194]))[1129]
    assert host.mode() == 4


def test_cancelling_in_the_drive_cancels_the_receipt_and_takes_no_number() -> None:
    host = Host()
    host.open_receipt()
    host.operation(1_000)
    assert host.good("FF01" + PASSWORD)[1] == 4
    host.good("FF08" + PASSWORD)
    assert (host.mode(), host.last_fd(), host.good("FF01" + PASSWORD)[1]) == (2, 2, 0)
    host.good("FF42" + PASSWORD)
    assert host.good("FF01" + PASSWORD)[1] == 8
    host.good("FF08" + PASSWORD)
    assert host.sell()[1] == 3


def test_queue_to_the_ofd_drains_in_time() -> None:
    host = Host()
    host.pass_time(60)
    assert host.good("FF3F" + PASSWORD) == le(0, 2)
    host.open_shift()
    assert host.good("FF3F" + PASSWORD) == le(1, 2)
    assert host.good("FF39" + PASSWORD)[2:8] == le(1, 2) + le(2, 4)
    assert host.good("FF0A" + PASSWORD, le(2, 4))[1] == 0
    host.pass_time(60)
    assert host.good("FF3F" + PASSWORD) == le(0, 2)
    assert host.good("FF0A" + PASSWORD, le(2, 4))[1] == 1


def test_registers_follow_the_money() -> None:
    host = Host()

    def money_register(number: int) -> int:
        return money(host.good("1A" + PASSWORD, bytes([number]))[1:])

    def operation_register(number: int) -> int:
        return money(host.good("1B" + PASSWORD, bytes([number]))[1:])

    assert host.good("50" + PASSWORD, le(100_000, 5))[1:] == le(1, 2)
    host.open_receipt()
    host.operation(30_000, department=2)
    assert money_register(4) == 30_000
    host.close(cash=20_000, card=15_000)
    assert host.good("51" + PASSWORD, le(1_000, 5))[1:] == le(4, 2)  # cash in, shift, receipt, cash out
    assert [money_register(n) for n in (193, 197, 125, 241, 242, 243)] == [
        *(15_000, 15_000, 30_000, 114_000, 100_000, 1_000)
    ]
    assert [operation_register(n) for n in (144, 148, 152, 153, 154, 155, 156)] == [1, 1, 4, 1, 1, 1, 1]
    host.good("41" + PASSWORD)
    assert [money_register(n) for n in (193, 242, 241)] == [0, 0, 114_000]


def test_clock_is_set_by_date_and_confirmation() -> None:
    host = Host()
    host.good("22" + PASSWORD, bytes([23, 11, 26]))
    host.good("23" + PASSWORD, bytes([23, 11, 26]))
    host.good("21" + PASSWORD, bytes([7, 30, 0]))
    status = host.good("11" + PASSWORD)
    assert status[23:29] == bytes([23, 11, 26, 7, 30, 0])
    host.open_shift()
    assert host.good("FF0A" + PASSWORD, le(2, 4))[2:7] == bytes([26, 11, 23, 7, 30])


def test_tables_tell_who_the_register_is() -> None:
    host = Host()

    def text(table: int, row: int, field: int) -> str:
        return host.good("1F" + PASSWORD, bytes([table, row, 0, field])).rstrip(b"\0").decode("cp1251")

    registration = host.device.state.drive.registration
    assert text(18, 1, 1) == registration.register_serial
    assert text(18, 1, 3) == registration.rnm
    assert host.good("2D" + PASSWORD, b"\x06")[40:] == le(12, 2) + b"\x02"
    rates = [money(host.good("1F" + PASSWORD, bytes([6, row, 0, 1]))) for row in range(1, 13)]
    assert rates == [2000, 1000, 0, 0, 2000, 1000, 500, 700, 500, 700, 2200, 2200]
    info = host.good("2E" + PASSWORD, bytes([17, 71]))
    assert info[40:] == bytes([0, 1, 1, 2])
    host.good("1E" + PASSWORD, bytes([2, 30, 0, 2]), "Петров".encode("cp1251"))
    assert text(2, 30, 2) == "Петров"
    host.open_shift()
    assert dict(host.tags(2))[1021] == "Петров".encode("cp866")


def test_extended_answer_carries_the_date() -> None:
    host = Host()
    host.good("1E" + PASSWORD, bytes([17, 1, 0, 36, 1]))
    host.open_receipt()
    host.operation(100)
    assert host.good("FF45" + PASSWORD, host.close_fields(cash=100))[-5:] == bytes([26, 11, 22, 10, 0])


def test_dump_has_the_agreed_form() -> None:
    host = Host()
    host.open_receipt()
    host.operation(68_469 - 10_000, name="Экран", rate=0xCB)
    host.operation(10_000, name="Клей", rate=0xCB)
    _, fd, fpd = host.close(card=68_469)
    document = dump(host.device.state.drive)["documents"][-1]
    assert (document["fd"], document["type"], document["fpd"]) == (fd, "receipt", str(fpd))
    assert document["at"] == START.isoformat()
    tags = document["tags"]
    assert (tags["1020"], tags["1081"], tags["1104"]) == ("684.69", "684.69", "0.00")
    assert [(item["1030"], item["1199"], item["1043"]) for item in tags["1059"]] == [
        ("Экран", 11, "584.69"),
        ("Клей", 11, "100.00"),
    ]
    assert tags["1115"] == [{"1119": {"1199": 11, "1120": "123.47"}}]  # 105.44 + 18.03, line by line
    assert tags["1040"] == fd
    assert tags["1077"] == str(fpd)
    single = dump(host.device.state.drive)["documents"][0]
    assert single["type"] == "registration"
    host.sell()
    assert isinstance(dump(host.device.state.drive)["documents"][-1]["tags"]["1059"], list)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 10**7), st.integers(1, 10**8), st.sampled_from([1, 2, 4, 8, 0x10, 0x81, 0xCB, 0xCC])),
        min_size=1,
        max_size=8,
    ),
    st.integers(0, 10**6),
)
def test_any_receipt_balances(lines: list[tuple[int, int, int]], extra: int) -> None:
    host = Host()
    host.open_receipt()
    expected = 0
    for price, quantity, rate in lines:
        assert host.operation(price, quantity=quantity, rate=rate) == b"\0"
        expected += int((Decimal(price) * quantity / 10**6).quantize(Decimal(1), ROUND_HALF_UP))
    change, fd, _ = host.close(cash=expected + extra)
    made = host.tags(fd)
    assert change == extra
    items = [dict(records(value)) for tag, value in made if tag == 1059]
    assert sum(money(item[1043]) for item in items) == money(dict(made)[1020]) == money(dict(made)[1031]) == expected
    assert NOT_GIVEN


def test_the_fiscal_drive_expires() -> None:
    host = Host()
    expiry = host.good("FF03" + PASSWORD)
    assert len(expiry) == 5
    end = START + timedelta(days=1110)
    assert expiry[:3] == bytes([end.year % 100, end.month, end.day])
    host.pass_time(1109 * 86400)
    assert host.good("FF01" + PASSWORD)[4] == 3
    host.pass_time(2 * 86400)
    assert host.error("E0" + PASSWORD) == 0x05

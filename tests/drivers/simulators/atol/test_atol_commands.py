"""Every command and register: its bytes as the reference lists them, and how it is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drivers.simulators.atol.commands import COMMANDS
from drivers.simulators.atol.errors import BYTES
from drivers.simulators.atol.reasons import OF_DRIVE, Reason
from drivers.simulators.atol.registers import REGISTERS
from drivers.simulators.fiscal_drive import DriveCode
from tests.drivers.simulators.atol.host import ADMINISTRATOR, Host, bcd, le, position_fields, tlv


def test_commands_and_registers_of_the_least_simulator() -> None:
    least = "A53F45485659" + "9A92EAEBE8E9B843994A494F5A6795ABEE734C87C17580ED9D46EFA491"
    assert set(bytes.fromhex(least)) <= set(COMMANDS)
    numbers = "030405080 90A0C111213141516181A1B282B3033343536 37383B3D4143".replace(" ", "")
    assert set(bytes.fromhex(numbers)) == set(REGISTERS)


def test_every_reason_has_a_byte_and_every_refusal_of_the_drive_a_reason() -> None:
    assert set(BYTES) == set(Reason)
    assert set(OF_DRIVE) == set(DriveCode)


# --- who it is and where it stands ---


def test_device_type() -> None:
    assert Host().ask("A5").hex(" ").upper() == "00 01 01 39 00 00 05 08 00 30 00 80 92 8E 8B 20 32 35 94"


def test_state() -> None:
    host = Host()
    serial = int(host.device.state.drive.registration.register_serial)
    told = host.ask("3F")
    assert len(told) == 30
    assert told[0] == 0x44
    assert told[3:9] == bytes.fromhex("26 11 22 10 00 00")
    assert told[9] == 0b0100_1101  # active drive, paper, drawer closed, fiscal
    assert told[10:14] == bcd(serial % 10**8, 4)
    assert told[14] == 57
    assert told[17:] == bytes.fromhex("00 0000 0000 00 0000000000 02 06")
    host.open_shift()
    host.open_receipt(2)
    host.position(12_345)
    told = host.ask("3F")
    assert told[9] & 2
    assert told[17:] == bytes.fromhex("01 0000 0000 02 0000012345 02 06")
    host.good("59")
    host.device.take_paper()
    host.device.open_cover()
    assert host.ask("3F")[9] & 0b0010_1000 == 0b0010_0000


@pytest.mark.parametrize(("happened", "flags"), [("paper-out:line=0", 1), ("cover:seconds=60", 1), (None, 0)])
def test_state_code(happened: str | None, flags: int) -> None:
    host = Host(*([happened] if happened else []))
    assert host.ask("45") == bytes([0x55, 0, flags])
    host.mode(2)
    assert host.ask("45") == bytes([0x55, 2, flags])


@pytest.mark.parametrize(
    ("number", "parameters", "data"),
    [
        ("03", (1, 1), "000000010000"),
        ("03", (1, 2), "000000002345"),
        ("03", (2, 1), "000000000000"),
        ("04", (), "000000050000"),
        ("05", (), "000000001000"),
        ("08", (), "0001"),
        ("09", (), "0001"),
        ("0A", (), "00000000059000"),
        ("0C", (0,), "00000000012345"),
        ("0C", (1,), "00000000000000"),
        ("11", (), "221126100000"),
        ("12", (0, 1), "01231126100000"),
        ("13", (), "0100000100000004"),
        ("14", (), "00" * 15),
        ("15", (), "0000"),
        ("18", (), "480576"),
        ("28", (1,), "00000000012345"),
        ("2B", (), "00" * 9),
        ("30", (), "00000000012211261000"),
        ("35", (), "000001000001"),
        ("36", (), "040404"),
        ("37", (), "0000"),
        ("38", (1, 2), "00000000002345"),
        ("3B", (), "00"),
        ("3D", (1,), "00" * 7),
        ("41", (1,), "0000000001"),
        ("41", (2,), "0000000000"),
        ("43", (), "0000000000"),
    ],
)
def test_registers_after_a_little_work(number: str, parameters: tuple[int, ...], data: str) -> None:
    host = Host()
    host.open_shift()
    host.good("49 00", bcd(50_000, 5))
    host.good("4F 00", bcd(1_000, 5))
    host.open_receipt()
    host.position(12_345)
    assert host.pay(2_345, 2) == (10_000, 0)
    assert host.pay(10_000) == (0, 0)
    host.close()
    assert host.register(number, *parameters) == data


def test_registers_of_identity() -> None:
    host = Host()
    registration = host.device.state.drive.registration
    assert host.register("16") == registration.register_serial
    assert host.register("1B") == registration.inn.zfill(12)
    end = registration.fn_expires
    assert host.register("1A") == "0111" + f"{end:%d%m%y}"


def test_registers_of_the_last_documents() -> None:
    host = Host()
    host.open_shift()
    host.sell(10_000)
    receipt = host.device.register.drive.find(3)
    assert host.register("33") == "000000000301000000000100002211261000" + f"{receipt.fpd:010d}"
    assert host.register("34") == "00000000032211261000" + f"{receipt.fpd:010d}"
    host.close_shift()
    report = host.device.register.drive.find(4)
    assert host.register("33").startswith("0000000003")
    assert host.register("34") == "00000000042211261000" + f"{report.fpd:010d}"
    assert host.register("15") == "0001"
    assert host.register("12", 0, 1) == "00" * 7


def test_shift_register_names_an_expired_shift() -> None:
    host = Host()
    host.open_shift()
    host.clock.advance(24 * 3600)
    assert host.register("12", 0, 1)[:2] == "02"


def test_receipt_registers_while_it_is_built() -> None:
    host = Host()
    host.open_shift()
    host.open_receipt()
    host.position(20_100)
    assert host.register("13")[2:8] == "010001"
    assert host.register("3D", 1) == f"{3350:014d}"
    assert host.register("14") == "000002010000000201000000000000"
    assert host.pay(10_000, 2) == (10_100, 0)
    assert host.pay(20_000) == (0, 9_900)
    assert host.register("14") == "000002010000000000000000009900"


@pytest.mark.parametrize("number", ["00", "06", "40", "FF"])
def test_an_unknown_register(number: str) -> None:
    assert Host().error("91" + number, b"\0\0") == 0x7A


@pytest.mark.parametrize(
    ("command", "fields", "error"),
    [
        ("00", b"", 0x7A),
        ("E6", bytes(104), 0x7A),
        ("45", b"x", 0x14),
        ("3F", b"x", 0x14),
        ("91 11", b"", 0x14),
        ("91 03", b"\x03\x01", 0x46),
        ("91 03", b"\x01\x0b", 0x46),
        ("91 3D", b"\x07\0", 0x46),
        ("91 0C", b"\x04\0", 0x46),
        ("56", b"\x07" + bcd(30, 4), 0x66),
        ("56", b"\x01" + bcd(31, 4), 0x8C),
        ("56", b"\x04" + bcd(29, 4), 0x8C),
        ("56", b"\x02" + bcd(1, 4), 0x8C),
        ("56", b"\x01" + b"\0\0\0\xaa", 0x13),
        ("46", b"\x12\0\x01\x01", 0x91),
        ("46", b"\x13\0\x02\x01", 0x92),
        ("46", b"\x13\0\x01\x09", 0x93),
        ("50", b"\x13\0\x01\x01x", 0x66),
        ("9A", b"\0", 0x66),  # the choice of modes is no mode to work in
        ("5A", b"", 0x66),
        ("67", b"\x01", 0x66),
        ("AB", bcd(1, 5), 0x66),
        ("73", b"", 0x66),
        ("59", b"", 0x9A),
        ("95", b"", 0x18),
        ("75", b"\x02", 0x46),
        ("A4", b"\x99", 0x7A),
        ("A4 40", le(2, 4), 0xDA),
        ("A4 41", le(1, 4), 0xDA),
        ("A4 46", b"", 0xDA),
        ("E9", le(1021 + 5000, 2) + b"\0", 0xDA),
        ("ED", bcd(32, 1) + bytes(5), 0x94),
        ("ED", bytes.fromhex("21 11 26 10 00 00"), 0x20),
        ("E8 01 02 00", tlv(1021, "И"), 0x7A),
        ("E8 01 01 00", tlv(1021, "И")[:-1], 0x14),
        ("E8 01 01 00", tlv(1008, "a@b.c"), 0x66),  # before a receipt is open
        ("E8 01 01 00", tlv(1203, "1"), 0xD3),
    ],
)
def test_refusals_where_nothing_is_begun(command: str, fields: bytes, error: int) -> None:
    assert Host().error(command, fields) == error


def test_another_access_password() -> None:
    heard = Host().say(0xC1, 1, 0, b"\x00\x01\x45")
    assert heard.data == b"\xa4\x55\xa4"


def test_no_command_at_all() -> None:
    assert Host().say(0xC1, 1, 0, b"\0\0").data == b"\xa4\x55\x14"


def test_modes() -> None:
    host = Host()
    for mode in range(1, 7):
        host.good("56", bytes([mode]), bytes.fromhex(ADMINISTRATOR))
        assert host.ask("45")[1] == mode
        other = 1 + mode % 6
        assert host.error("56", bytes([other]), bytes.fromhex(ADMINISTRATOR)) == 0x66
        host.good("48")
    host.open_shift()
    host.open_receipt()
    assert host.error("48") == 0x9B


def test_firmware_tables_settings() -> None:
    host = Host()
    assert host.good("9D 91") == bytes.fromhex("05 08 00 30 00")
    assert host.good("46 13 0001 01") == b"ofd.example"
    host.mode(4)
    host.good("50 13 0001 01", b"ofd.test")
    assert host.good("46 13 0001 01") == b"ofd.test"
    assert host.good("EF 09", bytes(5)) == bytes(32)


def test_clock() -> None:
    host = Host()
    host.good("ED", bytes.fromhex("23 11 26 12 30 00"))
    assert host.register("11") == "231126123000"
    host.open_shift()
    assert host.error("ED", bytes.fromhex("23 11 26 12 40 00")) == 0x9C


# --- the drive ---


def test_drive() -> None:
    host = Host()
    state = host.device.state.drive
    fn = state.registration.fn_number.encode()
    assert host.good("A4 10") == bytes(5)
    assert host.good("A4 31") == fn
    assert host.good("A4 30") == bytes.fromhex("03 00 00 00 00 1A 0B 16 0A 00") + fn + le(1, 4)
    assert host.good("A4 33") == b"fn simulator\0\0\0\0\0"
    end = state.registration.fn_expires
    assert host.good("A4 32") == bytes([end.year % 100, end.month, end.day, 11, 1])
    assert host.good("A4 20") == bytes.fromhex("03 00 0100 01000000 1A0B160A00")
    host.clock.advance(31)
    assert host.good("A4 20") == bytes(13)
    host.open_shift()
    host.sell(12_345)
    assert host.good("A4 10") == bytes.fromhex("01 0100 0100")
    receipt = host.device.register.drive.find(3)
    assert host.good("A4 40", le(3, 4)) == (
        bytes.fromhex("03 00 1A 0B 16 0A 00") + le(3, 4) + le(receipt.fpd, 4) + b"\x01" + le(12_345, 5)
    )
    assert host.good("A4 40", le(2, 4))[-2:] == le(1, 2)
    host.clock.advance(31)
    told = host.good("A4 41", le(3, 4))
    assert len(told) == 27
    assert told[:5] == bytes.fromhex("1A 0B 16 0A 01")
    assert told[-4:] == le(3, 4)


def test_a_document_is_read_record_by_record() -> None:
    host = Host()
    host.open_shift()
    host.sell()
    document = host.device.register.drive.find(3)
    assert host.good("A4 45", le(3, 4)) == le(3, 2) + le(len(document.tlv), 2)
    read = b""
    for _ in document.fields():
        record = host.good("A4 46")
        assert int.from_bytes(record[2:4], "little") == len(record) - 4
        read += record
    assert read == document.tlv
    assert host.error("A4 46") == 0xDA


def test_requisites_of_the_registration() -> None:
    host = Host()
    rnm = host.device.state.drive.registration.rnm
    assert host.good("E9", le(1037, 2) + b"\0") == b"\x01" + tlv(1037, rnm.ljust(20))
    assert host.good("E9", le(1060, 2) + b"\0") == b"\x01" + tlv(1060, "www.nalog.gov.ru")


# --- shift, cash ---


def test_shift() -> None:
    host = Host()
    host.requisite(1021, "Иванов")
    host.requisite(1203, "500100732259")
    host.open_shift()
    assert host.error("9A00") == 0x9C
    host.close_shift()
    host.mode(3)
    assert host.error("5A") == 0x8F
    opened, closed = host.dumped()[1:]
    assert [opened["type"], closed["type"]] == ["open_shift", "close_shift"]
    assert (opened["tags"]["1021"], opened["tags"]["1203"]) == ("Иванов", "500100732259")
    assert closed["tags"]["1021"] == "СИС. АДМИНИСТРАТОР"  # what is said is said for one document


def test_shift_and_receipt_exclude_one_another() -> None:
    host = Host()
    host.mode(1)
    assert host.error("92 00 01") == 0x8F
    host.open_shift()
    host.open_receipt()
    for command in ("92 00 01", "49 00 0000000100", "95"):
        assert host.error(command) == 0x9B


def test_cash() -> None:
    host = Host()
    host.mode(1)
    host.good("49 00 0000001000")
    assert host.error("4F 00 0000001001") == 0x98
    assert host.error("49 00 0000000000") == 0x08
    assert host.error("49 00 9999999999") == 0x0B
    host.good("4F 00 0000001000")
    assert host.ask("4D") == b"\x4d" + bytes(7)
    assert [row.text.strip() for slip in host.paper.slips for row in slip.rows[:1]] == ["ВНЕСЕНИЕ", "ВЫПЛАТА"]


def test_a_test_only_command_changes_nothing() -> None:
    host = Host()
    host.mode(1)
    host.good("9A01")
    assert host.fd == 1
    host.good("9A00")
    assert host.error("9A01") == 0x9C
    host.open_receipt()
    host.position(10_000)
    assert host.good("99 01 01 0000010000") == bcd(0, 10)
    assert host.error("4A 01 01 0000000000") == 0x86
    host.pay(10_000)
    host.good("4A 01 01 0000000000")
    assert host.fd == 2
    assert len(host.paper.slips) == 1
    host.close()


def test_an_expired_shift() -> None:
    host = Host()
    host.open_shift()
    host.open_receipt()
    host.position(100)
    host.pay(100)
    host.clock.advance(timedelta(hours=24).total_seconds())
    assert host.error("4A 00 01", bytes(5)) == 0x88
    host.good("59")
    assert host.error("92 00 01") == 0x88
    assert host.error("49 00 0000000100") == 0x88
    host.close_shift()
    host.open_shift()
    host.sell()


# --- reports, paper ---


def test_reports_and_copies() -> None:
    host = Host()
    host.open_shift()
    host.sell(12_345)
    host.good("95")
    host.mode(2)
    host.good("67 01")
    host.good("67 02")
    host.good("67 09")
    assert host.error("67 08") == 0x7A
    host.mode(6)
    host.good("AB", bcd(3, 5))
    assert host.error("AB", bcd(9, 5)) == 0xDA
    titles = [next(row.text.strip() for row in slip.rows if row.text.isupper()) for slip in host.paper.slips]
    texts = [slip.text() for slip in host.paper.slips]
    assert [slip.name for slip in host.paper.slips] == ["2", "3", "n1", "n2", "n3", "4", "n4"], titles
    assert "КОПИЯ" in texts[2]
    assert "123.45" in texts[2]
    assert "СУТОЧНЫЙ ОТЧЕТ" in texts[3]
    assert "=123.45" in texts[3]
    assert "КОПИЯ" in texts[6]
    assert host.dumped()[-1]["type"] == "state_report"


def test_text_and_codes() -> None:
    host = Host()
    host.good("4C", "Строка".encode("cp866"))
    host.good("87 00 01 01 00 00 00 01 01 00 00 00", "Поле".encode("cp866"))
    host.good("4C", b"".join(b"\t" + bytes([each]) for each in "Два".encode("cp866")))
    host.good("C1 00 01 05", bytes(11), b"t=1&s=2\0\0\0")
    host.good("C1 01 01 05", bytes(11), b"4607001234562")
    assert host.error("C1 01 01 05", bytes(11), b"460700") == 0x46
    assert host.error("C1 00 07 05", bytes(11), b"x") == 0x46
    host.mode(2)
    host.good("73")
    (slip,) = host.paper.slips
    assert slip.text() == "Строка\nПоле\nДва\n[QR] t=1&s=2\n[EAN-13] 4607001234562\n"
    assert slip.rows[2].big


def test_the_hosts_lines_are_printed_with_the_receipt() -> None:
    host = Host()
    host.open_shift()
    host.open_receipt()
    host.good("4C", b"INSIDE")
    host.position(100)
    host.pay(100)
    host.close()
    assert "INSIDE" in host.paper.slips[-1].text()


def test_drawer_sound_knife() -> None:
    host = Host()
    host.good("80")
    assert host.device.register.drawer_pulses == 1
    assert not host.ask("3F")[9] & 4
    host.clock.advance(5)
    assert host.ask("3F")[9] & 4
    host.good("47")
    host.good("88", bytes(3))
    host.good("75 00")
    host.good("6C")


def test_position_example_of_the_reference() -> None:
    host = Host()
    host.open_shift()
    host.open_receipt()
    host.good("EA 00 01 00")
    example = (
        "0A 00000000010050 0000002000 00000000020100 01 00000000000000 01 01 04 00 00000000000000 0000 8CAEABAEAAAE"
    )
    assert position_fields(20_100, price=10_050, quantity=2_000) == bytes.fromhex(example)
    host.good("EB", bytes.fromhex(example))
    host.pay(20_100)
    host.close()
    item = host.dumped()[-1]["tags"]["1059"][0]
    assert item == {
        "1214": 4, "1212": 1, "1030": "Молоко", "1079": "100.50", "1023": "2", "1199": 1, "1200": "33.50",
        "1043": "201.00", "2108": 0,
    }  # fmt: skip

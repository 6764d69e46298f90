"""Models, fonts, codes, graphics and what does not get printed (protocol 1.17: 12h to 54h, C0h to DEh, F7h, FCh)."""

from pathlib import Path

import pytest
import zxingcpp

from drivers.simulators.barcodes import LINEAR, BarcodeError, check_digit
from drivers.simulators.paper import CHARACTER, MARGIN, Code, Row, Slip, picture
from drivers.simulators.shtrih.models import MODELS
from tests.drivers.simulators.host import PASSWORD, Host, le, made

FULL = ["standard", "narrow"]


def flags(host: Host) -> int:
    return int.from_bytes(host.good("10" + PASSWORD)[1:3], "little")


def scanned(slip: Slip) -> list[str]:
    return [code.text for code in zxingcpp.read_barcodes(picture(slip))]


@pytest.mark.parametrize(
    ("model", "number", "name", "idle", "short", "full"),
    [
        ("standard", 250, "ШТРИХ-М-01Ф", 0x0292, 17, 50),
        ("mobile", 19, "ШТРИХ-МОБАЙЛ-Ф", 0x0090, 16, 50),
        ("plain", 25, "ШТРИХ-ON-LINE", 0x0010, 17, 48),
        ("narrow", 252, "ШТРИХ-ЛАЙТ-01Ф", 0x0292, 16, 48),
    ],
)
def test_a_model_is_told_by_its_answers(model: str, number: int, name: str, idle: int, short: int, full: int) -> None:
    host = made(model=model)
    assert host.good("FC") == bytes([0, 0, 1, 14, number, 0]) + name.encode("cp1251")
    assert flags(host) == idle
    assert len(host.good("10" + PASSWORD)) + 2 == short
    assert len(host.good("11" + PASSWORD)) + 2 == full
    parameters = host.good("F7", b"\x01")
    assert len(parameters) == 37
    bits = int.from_bytes(parameters[:8], "little")
    assert [bits >> bit & 1 for bit in (23, 28, 43, 44, 50)] == [1] * 5
    assert (bits >> 13 & 1, bits >> 15 & 1, bits >> 4 & 1) == ((1, 1, 1) if model in FULL else (0, 0, 0))
    assert host.error("F7", b"\x02") == 0x37
    columns = MODELS[model].columns
    assert host.good("26" + PASSWORD, b"\x01") == le(columns * 12, 2) + bytes([12, 24, 3])
    assert host.good("26" + PASSWORD, b"\x02")[2:] == bytes([24, 48, 3])
    assert host.error("26" + PASSWORD, b"\x04") == 0x33
    drawer_and_cutter = [host.ask("28" + PASSWORD, b"\0")[0], host.ask("25" + PASSWORD, b"\0")[0]]
    assert drawer_and_cutter == ([0, 0] if model in FULL else [0x37, 0x37])


def test_an_unknown_model_is_named() -> None:
    with pytest.raises(ValueError, match="standard, mobile, plain, narrow"):
        made(model="x")


def test_drawer_is_seen_open_and_is_pushed_back() -> None:
    host = Host()
    host.good("28" + PASSWORD, b"\0")
    assert flags(host) & 1 << 11
    host.pass_time(3)
    assert not flags(host) & 1 << 11


@pytest.mark.parametrize("model", MODELS)
def test_every_slip_keeps_to_the_paper(model: str) -> None:
    host = made(model=model)
    host.good("50" + PASSWORD, le(1_000_000, 5))
    host.good("17" + PASSWORD, b"\x02", b"x" * 60)
    host.good("17" + PASSWORD, b"\x42", b"word " * 20)
    host.good("12" + PASSWORD, b"\x02", b"y" * 40)
    host.good("2F" + PASSWORD, b"\x02\x03", b"z" * 100)
    _, fd, fpd = host.sell(123_456_789, name="Защитное стекло для телефона, чёрное, с установкой и гарантией")
    for report in ("40", "42", "43", "44", "2C", "41"):
        host.good(report + PASSWORD)
    host.good("FF38" + PASSWORD)
    columns = MODELS[model].columns
    for slip in host.paper.slips:
        assert slip.columns == columns
        for row in slip.rows:
            assert len(row.text) <= (columns // 2 if row.big else columns * 4 // 3 if row.small else columns), row
        sheet = picture(slip)
        assert sheet.width == columns * CHARACTER + 2 * MARGIN
        assert sheet.crop((sheet.width - MARGIN + 8, 0, sheet.width, sheet.height)).getextrema() == (255, 255)
    receipt = next(slip for slip in host.paper.slips if slip.name == str(fd))
    assert f"fp={fpd}" in scanned(receipt)[0]


@pytest.mark.parametrize(
    ("kind", "name", "data", "seen"),
    [
        (0, "UPC-A", "03600029145", "0036000291452"),
        (2, "EAN-13", "460123456789", "4601234567893"),
        (3, "EAN-8", "1234567", "12345670"),
        (4, "CODE39", "ORD-42", "ORD-42"),
        (5, "ITF", "12345678", "12345678"),
        (8, "CODE128", "Order 1042/7", "Order 1042/7"),
        (8, "CODE128", "{B20261122", "20261122"),
    ],
)
def test_a_barcode_by_the_printer_can_be_scanned(kind: int, name: str, data: str, seen: str) -> None:
    host = Host()
    host.good("CB" + PASSWORD, bytes([80, 3, 2, 1, kind]), data.encode())
    host.good("25" + PASSWORD, b"\0")
    slip = host.paper.slips[-1]
    assert scanned(slip) == [seen]
    assert slip.text().startswith(f"[{name}] ")


@pytest.mark.parametrize(
    "fields",
    [
        bytes([80, 3, 2, 1, 2]) + b"12345",
        bytes([80, 3, 2, 1, 2]) + b"4601234567890",
        bytes([80, 3, 2, 1, 5]) + b"123",
        bytes([80, 3, 2, 1, 9]) + b"123",
        bytes([80, 3, 4, 1, 8]) + b"123",
        bytes([80, 3, 2, 1, 4]) + b"lower",
    ],
)
def test_what_is_no_barcode_is_refused(fields: bytes) -> None:
    assert Host().error("CB" + PASSWORD, fields) == 0x33


def test_a_barcode_wider_than_the_paper_is_refused() -> None:
    data = bytes([80, 3, 2, 1, 4]) + b"ORDER-1042"
    assert Host().error("CB" + PASSWORD, data) == 0x91


def test_ean_by_its_number() -> None:
    host = Host()
    host.good("C2" + PASSWORD, le(460123456789, 5))
    host.good("25" + PASSWORD, b"\0")
    assert scanned(host.paper.slips[-1]) == ["4601234567893"]


@pytest.mark.parametrize("text", ["https://example.org/r/1042", "Гарантия до 22.11.2027, заказ 1042 " * 3])
def test_qr_from_blocks(text: str) -> None:
    host = Host()
    data = text.encode("utf-8")
    for place in range(0, len(data), 64):
        host.good("DD" + PASSWORD, bytes([0, place // 64]), data[place : place + 64].ljust(64, b"\0"))
    fields = b"\x03" + le(len(data), 2) + bytes([0, 0, 0, 4, 0, 1, 1])
    host.good("DE" + PASSWORD, fields)
    host.good("25" + PASSWORD, b"\0")
    assert scanned(host.paper.slips[-1]) == [text]
    assert host.error("DE" + PASSWORD, b"\x03" + le(9_999, 2), fields[3:]) == 0x33
    assert host.error("DE" + PASSWORD, b"\x04", fields[1:]) == 0x33


def test_graphics_are_drawn_dot_by_dot() -> None:
    host = Host()
    host.good("C0" + PASSWORD, b"\x01", b"\x01" + bytes(39))
    host.good("C4" + PASSWORD, le(2, 2), bytes(39) + b"\x80" + b"\xff" * 40)
    host.good("C3" + PASSWORD, le(1, 2), le(3, 2))
    host.good("C5" + PASSWORD, le(5, 2), b"\x02", b"\x0f" + bytes(39))
    host.good("4E" + PASSWORD, b"\x48" + le(1, 2) + le(2, 2) + b"\0", b"\xaa" * 144)
    host.good("4D" + PASSWORD, le(1, 2) + le(2, 2) + bytes([2, 1, 2]))
    host.good("C1" + PASSWORD, bytes([1, 3]))
    host.good("25" + PASSWORD, b"\0")
    slip = host.paper.slips[-1]
    assert [len(row.dots) for row in slip.rows] == [3, 5, 4, 3]
    sheet = picture(slip)
    first = [[x for x in range(sheet.width) if not sheet.getpixel((x, MARGIN + y))] for y in range(4)]
    assert first == [[MARGIN], [MARGIN + 319], list(range(MARGIN, MARGIN + 320)), [MARGIN + n for n in range(4)]]
    assert host.error("C1" + PASSWORD, bytes([3, 1])) == 0x33
    assert host.error("C4" + PASSWORD, le(1, 2), bytes(41)) == 0x7E
    assert host.error("4E" + PASSWORD, b"\x48" + le(1, 2) + le(2, 2) + b"\0", bytes(143)) == 0x7E


def test_text_inside_a_receipt_is_printed_with_it() -> None:
    host = Host()
    host.open_receipt()
    host.good("17" + PASSWORD, b"\x82", b"Before")
    host.good("17" + PASSWORD, b"\x02", b"")
    host.good("2F" + PASSWORD, b"\x02\x02", b"Big")
    host.operation(100)
    assert [slip.name for slip in host.paper.slips] == ["2"]
    host.close(cash=100)
    rows = host.paper.slips[-1].rows
    assert rows[0].text == "Before"
    assert Row("Big", big=True) in rows


def test_a_line_for_the_journal_alone_is_not_on_the_receipt() -> None:
    host = Host()
    host.good("17" + PASSWORD, b"\x01", b"Journal")
    host.good("17" + PASSWORD, b"\x02", b"Receipt")
    host.good("25" + PASSWORD, b"\0")
    assert host.paper.slips[-1].text() == "Receipt\n"


def test_cliche_advert_and_header() -> None:
    host = Host()
    for row, text in ((1, "Приходите ещё"), (11, "МАСТЕРСКАЯ"), (12, "работаем с 9 до 21")):
        host.good("1E" + PASSWORD, bytes([4, row, 0, 1]), text.encode("cp1251"))
    host.open_shift()
    assert host.paper.slips[-1].rows[0].text.strip() == "МАСТЕРСКАЯ"
    number = host.good("18" + PASSWORD, "ЗАКАЗ-НАРЯД".encode("cp1251").ljust(30, b"\0"), le(1042, 2))
    assert number == b"\x1e" + le(2, 2)
    host.good("52" + PASSWORD)
    host.good("53" + PASSWORD, b"\x01")
    assert [row.text.strip() for row in host.paper.slips[-1].rows] == [
        *("ЗАКАЗ-НАРЯД N1042", "МАСТЕРСКАЯ", "работаем с 9 до 21", "Приходите ещё"),
    ]
    host.good("54" + PASSWORD)
    host.good("25" + PASSWORD, b"\x01")
    assert host.paper.slips[-1].text().strip() == "Приходите ещё"


def test_shift_reports_into_the_buffer() -> None:
    host = Host()
    assert host.error("C7" + PASSWORD) == 0xD1
    host.good("1E" + PASSWORD, bytes([17, 1, 0, 7, 3]))
    host.sell()
    host.good("1E" + PASSWORD, bytes([17, 1, 0, 7, 0]))
    host.good("C6" + PASSWORD)
    assert host.mode() == 4
    assert [slip.name for slip in host.paper.slips] == ["3"]
    host.good("C7" + PASSWORD)
    assert [slip.name for slip in host.paper.slips] == ["3", "2", "4"]
    assert host.error("C7" + PASSWORD) == 0xD1


def test_copy_is_of_the_last_receipt_and_has_no_code() -> None:
    host = Host()
    host.open_shift()
    assert host.error("8C" + PASSWORD) == 0x56
    _, fd, fpd = host.sell()
    host.good("50" + PASSWORD, le(100, 5))
    before = host.good("11" + PASSWORD)[9:11]
    host.good("8C" + PASSWORD)
    copy = host.paper.slips[-1]
    assert copy.qr is None
    assert f"ФП {fpd}" in copy.text()
    assert (host.last_fd(), host.good("11" + PASSWORD)[9:11]) == (fd, before)


def test_cancelled_receipt_on_paper() -> None:
    host = Host()
    host.open_receipt()
    host.good("88" + PASSWORD)
    assert "АННУЛИРОВАН" in host.paper.slips[-1].text()
    host.good("1E" + PASSWORD, bytes([17, 1, 0, 15, 0]))
    host.open_receipt()
    host.good("88" + PASSWORD)
    assert len(host.paper.slips) == 2


def test_ports_and_tables_reset() -> None:
    host = Host()
    assert host.good("15" + PASSWORD, b"\0") == bytes([6, 100])
    host.good("14" + PASSWORD, bytes([0, 4, 50]))
    assert host.good("15" + PASSWORD, b"\0") == bytes([4, 50])
    assert host.error("14" + PASSWORD, bytes([0, 10, 50])) == 0x33
    host.good("1E" + PASSWORD, bytes([17, 1, 0, 8, 60]))
    host.good("24" + PASSWORD)
    assert host.good("1F" + PASSWORD, bytes([17, 1, 0, 8])) == b"\x01"
    assert host.error("16") == 0x73


def test_text_of_the_last_error() -> None:
    host = Host()
    assert host.error("41" + PASSWORD) == 0x3D
    assert host.good("6B").decode("cp1251") == host.good("6B", b"\x3d").decode("cp1251")


def test_buffer_goes_to_the_drive_as_tags() -> None:
    host = Host()
    host.open_receipt()
    record = bytes.fromhex("F003 0800") + b"a@b.test"
    assert host.good("FF32" + PASSWORD, le(len(record), 2)) == bytes([240])
    host.good("FF33" + PASSWORD, le(0, 2), b"\x05", record[:5])
    host.good("FF33" + PASSWORD, le(5, 2), bytes([len(record) - 5]), record[5:])
    assert host.good("FF30" + PASSWORD) == le(len(record), 2) + bytes([240])
    assert host.good("FF31" + PASSWORD, le(0, 2), b"\x04") == record[:4]
    size = host.good("FF75" + PASSWORD)
    host.good("FF64" + PASSWORD)
    assert int.from_bytes(host.good("FF75" + PASSWORD)[:4], "little") - int.from_bytes(size[:4], "little") == 12
    host.operation(100)
    assert dict(host.tags(host.close(cash=100)[1]))[1008] == b"a@b.test"
    assert host.error("FF64" + PASSWORD) == 0x34
    assert host.error("FF33" + PASSWORD, le(0, 2), b"\x01x") == 0x33


# --- codes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("digits", "check"), [("460123456789", "3"), ("1234567", "0"), ("03600029145", "2")])
def test_check_digit(digits: str, check: str) -> None:
    assert check_digit(digits) == check


@pytest.mark.parametrize("letter", [chr(code) for code in range(32, 127)])
def test_every_letter_of_code_128(letter: str) -> None:
    slip = Slip("n1", [Row(code=Code("CODE128", f"aa{letter}aa"))])
    assert scanned(slip) == [f"aa{letter}aa"]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("EAN-13", "46012345678"),
        ("EAN-8", "12345678"),
        ("CODE128", "Ж"),
        ("CODE128", ""),
        ("CODE39", "*"),
        ("ITF", "1"),
    ],
)
def test_data_that_a_code_cannot_carry(kind: str, data: str) -> None:
    with pytest.raises(BarcodeError):
        LINEAR[kind](data)


def test_a_code_that_is_not_drawn_is_shown_as_text(tmp_path: Path) -> None:
    assert picture(Slip("n1", [Row(code=Code("PDF417", "data"))])).height < 120

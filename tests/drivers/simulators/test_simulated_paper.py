"""What comes out of the printer, as text and as a picture."""

from pathlib import Path

import zxingcpp
from PIL import Image

from drivers.simulators.paper import DOTS, MARGIN, WIDTH, FolderPaper, picture
from tests.drivers.simulators.host import PASSWORD, Host, le


def test_receipt_on_paper_has_what_the_law_wants() -> None:
    host = Host()
    host.open_receipt()
    host.operation(450_000, name="Замена дисплея", subject=4)
    host.operation(10_000, name="//скрытая строка", rate=8)
    host.good("17" + PASSWORD, b"\x02", "Гарантия 30 дней".encode("cp1251"))
    _, fd, fpd = host.close(cash=500_000)
    registration = host.device.state.drive.registration
    text = host.paper.slips[-1].text()
    for part in (
        *("КАССОВЫЙ ЧЕК", "ПРИХОД", registration.user, registration.inn, registration.rnm, registration.fn_number),
        *("1. Замена дисплея", "=811.48", "=4600.00", "ПОЛУЧЕНО НАЛИЧНЫМИ", "=400.00", "ОСН", "Гарантия 30 дней"),
        *(f"ФД {fd}", f"ФП {fpd}", "22.11.26 10:00", "ЧЕК 1", "СМЕНА 1", "НДС 22%", "БЕЗ НДС"),
    ):
        assert part in text
    assert "скрытая" not in text
    assert dict(host.tags(fd))[1020] == le(460_000, 3)
    assert all(len(row.text) <= (WIDTH // 2 if row.big else WIDTH) for row in host.paper.slips[-1].rows)


def test_picture_can_be_scanned_and_stays_on_the_paper(tmp_path: Path) -> None:
    host = Host()
    _, fd, fpd = host.sell(10_050, name="Плёнка защитная с очень длинным названием, " * 2)
    paper = FolderPaper(tmp_path)
    for slip in host.paper.slips:
        paper.put(slip)
    fn = host.device.state.drive.registration.fn_number
    with Image.open(tmp_path / f"{fd}.png") as sheet:
        codes = zxingcpp.read_barcodes(sheet)
        assert [code.text for code in codes] == [f"t=20261122T1000&s=100.50&fn={fn}&i={fd}&fp={fpd}&n=1"]
        assert sheet.width == DOTS + 2 * MARGIN
        right_margin = sheet.crop((sheet.width - MARGIN + 4, 0, sheet.width, sheet.height))
        assert right_margin.getextrema() == (255, 255)
    assert (tmp_path / f"{fd}.txt").read_text("utf-8") == host.paper.slips[-1].text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2.png", "2.txt", "3.png", "3.txt"]


def test_every_letter_a_receipt_can_hold_has_a_glyph() -> None:
    """A missing glyph is drawn as the font's empty box; no two different letters may look alike through it."""
    from io import BytesIO

    from PIL import ImageFont

    from drivers.simulators import paper

    font_file = (Path(paper.__file__).parents[1] / "fonts" / "DejaVuSansMono-subset.ttf").read_bytes()
    font = ImageFont.truetype(BytesIO(font_file), 20)
    missing = bytes(font.getmask("\u4e00"))
    letters = [bytes([code]).decode("cp866") for code in range(0x20, 0x100) if not 0x7F <= code < 0x80]
    for letter in letters:
        if letter.isalnum() or letter in "№!\"%&'()*+,-./:;<=>?@[]_°·":
            assert bytes(font.getmask(letter)) != missing, letter


def test_copy_x_report_cash_and_free_text() -> None:
    host = Host()
    host.sell()
    host.good("8C" + PASSWORD)
    host.good("50" + PASSWORD, le(100_000, 5))
    host.good("40" + PASSWORD)
    host.good("17" + PASSWORD, b"\x02", "Спасибо".encode("cp1251"))
    host.good("25" + PASSWORD, b"\0")
    names = [slip.name for slip in host.paper.slips]
    assert names == ["2", "3", "n1", "n2", "n3", "n4"]
    copy, cash, report, free = host.paper.slips[-4:]
    assert copy.qr is None
    assert "НЕФИСКАЛЬНЫЙ" in copy.rows[0].text
    assert "ВНЕСЕНИЕ" in cash.text()
    assert "=1100.00" in report.text()
    assert free.text() == "Спасибо\n"
    assert picture(free).height < 120


def test_do_not_print() -> None:
    host = Host()
    host.open_shift()
    host.good("1E" + PASSWORD, bytes([17, 1, 0, 7, 1]))
    host.sell()  # skipped, and the setting goes back
    host.sell()
    host.good("1E" + PASSWORD, bytes([17, 1, 0, 7, 2]))
    host.sell()
    host.sell()
    assert [slip.name for slip in host.paper.slips] == ["2", "4"]
    assert host.last_fd() == 6

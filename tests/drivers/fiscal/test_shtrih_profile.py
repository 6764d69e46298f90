from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from drivers.address import SetupError
from drivers.fiscal.shtrih.profile import load_profile
from drivers.fiscal.shtrih.vat_rows import VatRow, rows_by_vat
from protocol.ffd.vat import Vat
from protocol.wire.shtrih import commands as c
from protocol.wire.shtrih import printer_commands as p
from protocol.wire.shtrih.commands import MAX_TIME
from protocol.wire.shtrih.exchange import Limits


def test_the_profile_of_the_family_agrees_with_the_protocol_and_the_exchange() -> None:
    profile = load_profile()
    assert profile.max_time == dict(MAX_TIME)
    assert profile.limits == Limits()
    assert profile.password == 30
    assert profile.protocol is None


def test_a_file_replaces_only_what_it_names(tmp_path: Path) -> None:
    path = tmp_path / "quick.toml"
    path.write_text("[time]\nclose = 1\n[tax]\n10 = 0x88\n13 = 0xFF\n[line]\ncontrol = 0.2\nprotocol = 2\n", "utf-8")
    profile, family = load_profile(path), load_profile()
    assert profile.max_time == {**family.max_time, "close": 1.0}
    assert profile.limits == Limits(control=0.2)
    assert profile.protocol == 2
    assert [profile.tax_byte(row) for row in (1, 10, 11, 12, 13)] == [0x01, 0x88, 0xCB, 0xCC, 0xFF]


@pytest.mark.parametrize(
    ("command", "seconds"),
    [
        (c.ShortStatus(30), 3.0),
        (c.FullStatus(30), 3.0),
        (p.FontMetrics(30, 1), 5.0),
        (c.XReport(30), 30.0),
        (c.CloseShift(30), 65.0),
        (c.OpenShift(30), 120.0),
        (c.OpenReceipt(30, 0), 30.0),
        (c.DriveStatus(30), 5.0),
    ],
)
def test_longest_times_by_command(command: c.Command[Any], seconds: float) -> None:
    assert load_profile().time_of(command) == seconds


def test_a_kind_made_quicker_makes_its_commands_quicker(tmp_path: Path) -> None:
    """So that what ``Capabilities.max_time`` promises holds for each of them."""
    path = tmp_path / "quick.toml"
    path.write_text("[time]\nshift = 20\n[time.command]\nFF01 = 1\n", "utf-8")
    profile = load_profile(path)
    assert [profile.time_of(command) for command in (c.CloseShift(30), c.OpenShift(30))] == [20.0, 20.0]
    assert profile.time_of(c.DriveStatus(30)) == 1.0


@pytest.mark.parametrize(
    ("number", "name"),
    [(250, "ШТРИХ-М-01Ф/02Ф"), (252, "ШТРИХ-ЛАЙТ-01Ф/02Ф"), (19, "ШТРИХ-МОБАЙЛ-Ф"), (22, "РИТЕЙЛ-01Ф"),
     (25, "ШТРИХ-ON-LINE"), (16, "МПЕЙ-Ф"), (44, "ФР-02Ф"), (51, "МИНИ-02Ф"), (249, "ФР-01Ф"), (77, "Shtrih-M")],
)  # fmt: skip
def test_models_by_number(number: int, name: str) -> None:
    model = load_profile().model(number)
    assert (model.name, model.columns, model.missing) == (name, 48, frozenset())


def test_a_model_may_differ_and_others_may_be_added(tmp_path: Path) -> None:
    path = tmp_path / "models.toml"
    text = '[paper]\nfeed = 6\n[models.19]\ncolumns = 32\n[models.77]\nname = "Новая"\nmissing = ["cb", "25"]\n'
    path.write_text(text, "utf-8")
    profile = load_profile(path)
    mobile, new = profile.model(19), profile.model(77)
    assert (mobile.name, mobile.columns, mobile.feed) == ("ШТРИХ-МОБАЙЛ-Ф", 32, 6)
    assert (new.name, new.columns) == ("Новая", 48)
    assert [new.knows(kind) for kind in (p.PrintBarcode, p.Cut, p.Feed)] == [False, False, True]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("[models.19]\nwidth = 3", "models.19.width: no such setting; known here: name, missing, columns"),
        ("[models.19]\ncolumns = -1", "models.19.columns: a whole number expected, not -1"),
        ("[models.19]\nmissing = 'CB'", "models.19.missing: a list of codes"),
        ("[models]\n20 = 5", "models.20: a table expected, not 5"),
        ("[models.x]\nname = 'X'", "'x'"),
        ("[barcode]\nqr = [1, 2]", "barcode.qr: five numbers expected"),
        ("[time.command]\n41 = 0", "time.command.41: a number above zero expected, not 0"),
        ("[time]\nfinish = 3", "time.finish: no such setting; known here: query, fill"),
        ("[speed]\nbaud = 3", "speed: no such setting"),
        ("[time]\nclose = 0", "time.close: a number above zero expected, not 0"),
        ("[time]\nclose = true", "time.close: a number above zero expected, not True"),
        ("[access]\npassword = '30'", "access.password: a whole number expected, not '30'"),
        ("[tables]\nserial = 3", "tables.serial: \\[table, row, field\\] expected, not 3"),
        ("[line]\nprotocol = 3", 'line.protocol: "auto", 1 or 2 expected, not 3'),
        ("time = 3", "time: a table where a value belongs"),
        ("[time", "slow.toml"),
        ("[ffd]\nfirst = '1.2'", "first"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, wrong: str) -> None:
    path = tmp_path / "slow.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(SetupError, match=wrong) as caught:
        load_profile(path)
    assert caught.value.code == "bad_profile"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"absent\.toml"):
        load_profile(tmp_path / "absent.toml")


@pytest.mark.parametrize(
    ("rate", "name", "vat"),
    [
        (2000, "НДС 20%", Vat.VAT20),
        (2000, "СУММА НДС 20 %", Vat.VAT20),
        (2000, "", Vat.VAT20),
        (2200, "НДС 22%", Vat.VAT22),
        (2200, "НДС 22,00%", Vat.VAT22),
        (0, "НДС 0%", Vat.VAT0),
        (0, "БЕЗ НДС", Vat.NONE),
        (0, "Сумма без НДС", Vat.NONE),
        (2000, "НДС 20/120", Vat.VAT120),
        (0, "НДС 20/120", Vat.VAT120),
        (1667, "НДС 20 / 120", Vat.VAT120),
        (700, "НДС 7/107", Vat.VAT107),
        (2200, "НДС 22/122", Vat.VAT122),
        (2200, "НДС 20%", None),  # renamed or replaced by half: not to be guessed
        (2200, "НДС 20/120", None),
        (1000, "НДС 20/120", None),
        (2000, "НДС 20/110", None),
        (1800, "НДС 18%", None),
        (1800, "НДС 18/118", None),
        (1050, "НДС 10,5%", None),
    ],
)
def test_a_row_is_read_by_rate_and_name(rate: int, name: str, vat: Vat | None) -> None:
    assert VatRow(1, rate, name).vat() is vat


def test_the_first_of_equal_rows_counts() -> None:
    rows = [VatRow(1, 2200, "НДС 22%"), VatRow(2, 1800, "НДС 18%"), VatRow(11, 2200, "НДС 22%")]
    assert rows_by_vat(rows) == {Vat.VAT22: 1}

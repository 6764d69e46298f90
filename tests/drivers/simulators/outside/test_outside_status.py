"""Status, identification, printing, tables, clock: sections 3.1, 3.2 and 3.3, and the tables of section 8."""

import pytest

from .client import Host, Machine, le, machine, unpack
from .desk import (
    LONG,
    SHORT,
    closing,
    counter,
    full,
    mode,
    money,
    opening,
    operation,
    sale,
    short,
    table,
    write_table,
)


class TestStatus:
    def test_short_status_has_16_or_17_bytes(self, host: Host) -> None:
        answer = host.ask("10")
        assert len(answer.body) + 2 == 17
        assert short(host)["op"] == 30
        assert short(host)["mode"] == 4
        assert short(host)["submode"] == 0

    def test_legacy_bytes_of_short_status_are_zero(self, host: Host) -> None:
        status = short(host)
        assert (status["fpErr"], status["eklzErr"], status["lastPrint"]) == (0, 0, 0)

    def test_a_model_without_bit_34_sends_16_bytes(self) -> None:
        with machine("--model", "mobile") as other, other.host() as talking:
            has = int.from_bytes(talking.ask("F7", b"\1", password=None).body[:8], "little") >> 34 & 1
            assert len(talking.ask("10").body) + 2 == (17 if has else 16)

    def test_supply_voltages_are_those_of_a_working_device(self, host: Host) -> None:
        assert 20 <= short(host)["supply"] * 24 / 216 <= 28

    def test_operations_are_high_times_256_plus_low(self, host: Host) -> None:
        opening(host)
        for _ in range(3):
            assert operation(host, 100).error == 0
        status = short(host)
        assert status["opsHi"] * 256 + status["opsLo"] == 3
        assert host.ask("88").error == 0

    def test_flags_of_an_idle_device_with_paper(self, host: Host) -> None:
        assert short(host)["flags"] == 0x0292
        assert full(host)["flags"] == 0x0292

    def test_full_status_has_48_or_50_bytes(self, host: Host) -> None:
        assert len(host.ask("11").body) + 2 in {48, 50}
        status = full(host)
        assert status["port"] == 128
        assert status["date"] == bytes([22, 11, 26])
        assert bytes(status["time"])[:1] == bytes([10])
        assert status["mode"] == mode(host)

    def test_full_status_and_table_18_name_the_same_taxpayer(self, host: Host) -> None:
        inn = table(host, 18, 1, 2).rstrip(b"\0 ").decode()
        assert full(host)["inn"] == int(inn)

    def test_device_type(self, host: Host) -> None:
        fields = host.ask("FC", password=None).fields("type:1 subtype:1 ver:1 sub:1 model:1 language:1 name:*")
        assert (fields["type"], fields["subtype"], fields["language"]) == (0, 0, 0)
        assert (fields["ver"], fields["sub"]) >= (1, 14)
        assert bytes(fields["name"]).decode("cp1251") == "ШТРИХ-М-01Ф"
        assert fields["model"] == 250

    def test_model_parameters_have_the_31_documented_bytes(self, host: Host) -> None:
        answer = host.ask("F7", b"\1", password=None)
        fields = unpack(
            "flags:8 font1:1 width1:1 firstLine:1 innDigits:1 rnm:1 longRnm:1 longSerial:1 taxPw:4 adminPw:4 bt:1 "
            "taxMode:1 maxCmd:2 barcode:1 gfx:1 gfxLines:2 tail:*",
            answer.body,
        )
        flags = fields["flags"]
        assert isinstance(flags, int)
        assert flags >> 43 & 1 == 1
        assert fields["adminPw"] == 30

    @pytest.mark.parametrize("kind", [0, 2, 200])
    def test_an_unsupported_extended_request_is_37h(self, host: Host, kind: int) -> None:
        assert host.ask("F7", bytes([kind]), password=None).refused in {0x37, 0x33}

    def test_error_text_is_cp1251(self, host: Host) -> None:
        assert "парол" in host.ask("6B", b"\x4f", password=None).body.decode("cp1251").lower()
        assert host.ask("6B", b"\x00", password=None).error == 0

    @pytest.mark.parametrize("code", ["10", "11", "FF01", "40", "1A"])
    def test_a_wrong_password_is_4fh(self, host: Host, code: str) -> None:
        assert host.ask(code, *([b"\0"] if code == "1A" else []), password=777777).refused == 0x4F

    @pytest.mark.parametrize("operator", [1, 2, 28, 29, 30])
    def test_the_operator_is_the_row_whose_password_was_used(self, host: Host, operator: int) -> None:
        assert host.ask("10", password=operator).integer(SHORT, "op") == operator

    def test_a_password_may_be_changed_in_table_2(self, host: Host) -> None:
        assert write_table(host, 2, 3, 1, le(4711, 4)).error == 0
        assert host.ask("10", password=3).refused == 0x4F
        assert host.ask("10", password=4711).integer(SHORT, "op") == 3
        assert write_table(host, 2, 3, 1, le(3, 4)).error == 0

    @pytest.mark.parametrize("code", ["14", "15"])
    def test_port_parameters(self, host: Host, code: str) -> None:
        if code == "15":
            assert len(host.ask("15", b"\0").body) == 2
        else:
            assert host.ask("14", bytes([0, 6, 100])).error == 0


class TestPrinting:
    LINES = (
        ("12", b"\x02" + b"text".ljust(20, b"\0")),
        ("13", b""),
        ("17", b"\x02" + "строка".encode("cp1251").ljust(40, b"\0")),
        ("2F", b"\x02\x01" + b"text".ljust(40, b"\0")),
        ("25", b"\x01"),
        ("28", b"\x00"),
        ("29", b"\x02\x05"),
        ("53", b"\x00"),
    )

    @pytest.mark.parametrize(("code", "data"), LINES, ids=[code for code, _ in LINES])
    def test_each_answers_with_the_operator(self, host: Host, code: str, data: bytes) -> None:
        answer = host.ask(code, data)
        assert answer.error in {0, 0x37}
        if answer.error == 0:
            assert answer.body == bytes([30])

    @pytest.mark.parametrize("code", ["13", "17", "2F", "25", "28", "29"])
    def test_these_are_known(self, host: Host, code: str) -> None:
        assert host.ask(code, dict(self.LINES)[code]).error == 0

    def test_document_header_answers_with_the_document_number(self, host: Host) -> None:
        answer = host.ask("18", b"\x02".ljust(32, b"\0"))
        if answer.error != 0x37:
            assert answer.integer("op:1 docNo:2", "op") == 30

    def test_font_metrics(self, host: Host) -> None:
        for font in range(1, 4):
            fields = host.ask("26", bytes([font])).fields("area:2 width:1 height:1 count:1")
            assert all(fields.values())

    def test_continue_printing_with_nothing_to_continue(self, host: Host) -> None:
        assert host.ask("B0").error in {0, 0x72}

    def test_cut_and_feed_are_refused_in_an_open_document(self, host: Host) -> None:
        opening(host)
        assert host.ask("25", b"\0").refused in {0x73, 0x4A}
        assert host.ask("29", b"\x02\x01").refused in {0x73, 0x4A}
        assert host.ask("17", b"\x02" + b"line".ljust(40, b"\0")).error == 0
        assert host.ask("28", b"\0").error == 0
        assert host.ask("88").error == 0


TABLES = {1: 1, 2: 30, 4: None, 5: 16, 6: 12, 7: 16, 8: None, 9: None, 17: 1, 18: 1, 19: 1, 20: 1, 21: 1}


class TestTables:
    @pytest.mark.parametrize("number", TABLES)
    def test_every_field_of_every_row_reads_as_its_description_says(self, host: Host, number: int) -> None:
        info = host.ask("2D", le(number, 1)).fields("name:40s rows:2 fields:1")
        rows, fields = info["rows"], info["fields"]
        assert isinstance(rows, int)
        assert isinstance(fields, int)
        assert TABLES[number] in {None, rows}
        for field in range(1, fields + 1):
            about = unpack("name:40s type:1 size:1 range:*", host.ask("2E", le(number, 1), le(field, 1)).body)
            size, kind, limits = about["size"], about["type"], about["range"]
            assert isinstance(size, int)
            assert isinstance(limits, bytes)
            assert kind in {0, 1}
            if kind == 0:
                assert len(limits) == 2 * size
            for row in (1, rows):
                value = table(host, number, row, field)
                assert len(value) == size
                if kind == 0:
                    low, high = limits[:size], limits[size:]
                    assert int.from_bytes(low, "little") <= int.from_bytes(value, "little")
                    assert int.from_bytes(value, "little") <= int.from_bytes(high, "little")

    @pytest.mark.parametrize("number", [0, 3, 30, 255])
    def test_an_unknown_table_is_5dh(self, host: Host, number: int) -> None:
        assert host.ask("2D", le(number, 1)).refused == 0x5D
        assert host.ask("2E", le(number, 1), b"\1").refused == 0x5D
        assert host.ask("1F", le(number, 1), le(1, 2), b"\1").refused == 0x5D

    def test_rows_and_fields_that_are_not_there_are_refused(self, host: Host) -> None:
        assert host.ask("2E", b"\1", b"\xff").refused in {0x33, 0x5D, 0x35, 0x36}
        assert host.ask("1F", b"\2", le(31, 2), b"\1").refused in {0x33, 0x5D, 0x35, 0x36}
        assert host.ask("1F", b"\2", le(0, 2), b"\1").refused in {0x33, 0x5D, 0x35, 0x36}

    @pytest.mark.parametrize(
        ("number", "row", "field", "value"),
        [
            pytest.param(1, 1, 1, 1, id="number in the hall"),
            pytest.param(1, 1, 14, 0, id="the device computes taxes"),
            pytest.param(1, 1, 20, 1, id="print on close"),
            pytest.param(2, 30, 1, 30, id="administrator's password"),
            pytest.param(6, 1, 1, 2000, id="20 %"),
            pytest.param(6, 2, 1, 1000, id="10 %"),
            pytest.param(6, 3, 1, 0, id="0 %"),
            pytest.param(6, 4, 1, 0, id="no VAT"),
            pytest.param(6, 7, 1, 500, id="5 %"),
            pytest.param(6, 8, 1, 700, id="7 %"),
            pytest.param(6, 11, 1, 2200, id="22 %"),
            pytest.param(17, 1, 8, 1, id="minutes before 24 h"),
            pytest.param(17, 1, 17, 4, id="FFD 1.2"),
            pytest.param(17, 1, 36, 0, id="extended answers"),
            pytest.param(17, 1, 71, 2, id="no replacement of 20 %"),
            pytest.param(21, 1, 4, 7778, id="TCP port"),
        ],
    )
    def test_the_values_of_section_8(self, host: Host, number: int, row: int, field: int, value: int) -> None:
        assert int.from_bytes(table(host, number, row, field), "little") == value

    def test_table_18_repeats_the_drive(self, host: Host) -> None:
        assert table(host, 18, 1, 4).rstrip(b"\0") == host.ask("FF02").body
        registered = host.ask("FF09").body
        assert table(host, 18, 1, 2).rstrip(b"\0 ") == registered[5:17].rstrip()
        assert table(host, 18, 1, 3).rstrip(b"\0 ") == registered[17:37].rstrip()

    def test_text_is_written_in_cp1251_and_read_padded_with_zeros(self, host: Host) -> None:
        name = "Кассир Иванова".encode("cp1251")
        assert write_table(host, 2, 5, 2, name).error == 0
        back = table(host, 2, 5, 2)
        assert back.rstrip(b"\0") == name
        assert len(back) == 64

    def test_a_binary_value_must_have_the_size_and_range_of_its_field(self, host: Host) -> None:
        assert write_table(host, 1, 1, 1, b"").refused in {0x33, 0x7E}
        assert write_table(host, 1, 1, 1, b"\1\0").refused in {0x33, 0x7E}
        assert write_table(host, 1, 1, 1, b"\xff").refused == 0x33
        assert write_table(host, 2, 5, 2, b"a" * 65).refused in {0x33, 0x7E}

    def test_table_18_is_not_for_writing(self, host: Host) -> None:
        assert write_table(host, 18, 1, 1, b"123").refused in {0x7A, 0xC7}

    def test_writing_is_refused_while_a_document_is_open(self, host: Host) -> None:
        opening(host)
        assert write_table(host, 2, 5, 2, b"a").refused in {0x73, 0x4A, 0xC7}
        assert len(table(host, 2, 5, 2)) == 64
        assert host.ask("88").error == 0

    def test_an_operator_may_not_write(self, host: Host) -> None:
        assert host.ask("1E", b"\2", le(5, 2), b"\2", b"a", password=1).refused in {0x4F, 0x73}


class TestClock:
    def test_a_date_is_confirmed_by_the_same_date(self) -> None:
        with machine() as register, register.host() as host:
            assert host.ask("21", bytes([11, 30, 15])).error == 0
            assert bytes(full(host)["time"])[:2] == bytes([11, 30])
            assert host.ask("23", bytes([22, 11, 26])).refused == 0x73
            assert host.ask("22", bytes([23, 11, 26])).error == 0
            assert mode(host) == 6
            assert host.ask("23", bytes([24, 11, 26])).refused == 0x7C
            assert host.ask("23", bytes([23, 11, 26])).error == 0
            assert mode(host) == 4
            assert full(host)["date"] == bytes([23, 11, 26])

    def test_the_drive_rejects_a_time_before_its_last_document(self, register: Machine) -> None:
        with machine() as fresh, fresh.host() as host:
            sale(host)
            assert host.ask("41").error == 0
            clock = host.ask("21", bytes([9, 0, 0]))
            if clock.error == 0:
                assert host.ask("E0").refused in {0x07, 0x17}
            else:
                assert clock.refused in {0x07, 0x17}

    @pytest.mark.parametrize(
        ("code", "data"),
        [
            ("21", bytes([24, 0, 0])),
            ("21", bytes([10, 60, 0])),
            ("22", bytes([31, 2, 26])),
            ("22", bytes([1, 13, 26])),
        ],
    )
    def test_impossible_dates_are_refused(self, code: str, data: bytes) -> None:
        with machine() as fresh, fresh.host() as host:
            assert host.ask(code, data).refused in {0x33, 0x7D}

    def test_the_clock_is_not_set_in_an_open_shift(self) -> None:
        with machine() as fresh, fresh.host() as host:
            assert host.ask("E0").error == 0
            assert host.ask("21", bytes([11, 0, 0])).refused in {0x73, 0x3C}
            assert host.ask("22", bytes([22, 11, 26])).refused in {0x73, 0x3C}


class TestRegistersExist:
    @pytest.mark.parametrize("number", [0, 63, 64, 72, 87, 88, 104, 120, 121, 184, 193, 209, 225, 240, 241, 243, 249])
    def test_money_registers_have_six_bytes(self, host: Host, number: int) -> None:
        assert money(host, number) >= 0
        assert len(host.ask("1A", le(number, 1)).body) == 7

    @pytest.mark.parametrize("number", [144, 147, 148, 151, 152, 157, 158, 179, 182, 185, 186, 200, 203])
    def test_operation_registers_have_two_bytes(self, host: Host, number: int) -> None:
        assert counter(host, number) >= 0
        assert len(host.ask("1B", le(number, 1)).body) == 3

    def test_the_shifts_electronic_types_have_two_byte_numbers(self, host: Host) -> None:
        before = money(host, 4144)
        opening(host)
        operation(host, 700)
        assert closing(host, sums={5: 700}).error == 0
        assert money(host, 4144) == before + 700


def test_layouts_of_this_client_have_the_documented_lengths() -> None:
    assert sum(int(field.split(":")[1].removesuffix("s")) for field in SHORT.split()) == 15
    assert sum(int(field.split(":")[1].removesuffix("s")) for field in LONG.split()) == 46

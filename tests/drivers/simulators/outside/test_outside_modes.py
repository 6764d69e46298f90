"""Section 5: which command is carried out in which mode, and the codes of the refusals.

A register of its own stands in each mode; commands that would change it are asked only where they are refused, and
those that are carried out have tests of their own. «More specific codes win»: where the text names one, only that one
is taken for right; otherwise 73h.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from .client import Host, Machine, le, machine
from .desk import (
    CLOSED,
    EXPENSE,
    EXPENSE_RETURN,
    FOUND_RECEIPT,
    INCOME,
    INCOME_RETURN,
    SHIFT,
    closing,
    full,
    last_fd,
    mode,
    money,
    opening,
    operation,
    sale,
    short,
    table,
    write_table,
)

SHIFT_OPEN, NO_SHIFT, RECEIPT_OPEN, RECEIPT_CLOSED, OVER_24H, WRONG_MODE = 0x3C, 0x3D, 0x4A, 0x55, 0x4E, 0x73

SUM = le(100, 5)
SIXTEEN = b"".join(le(100 if kind == 0 else 0, 5) for kind in range(16))
LINE = le(1000, 5) + le(100, 5) + b"\1\0\0\0\0" + b"name".ljust(40, b"\0")
COMMANDS: dict[str, bytes] = {
    "1E": b"\2" + le(5, 2) + b"\2" + b"name",
    "21": bytes([10, 0, 0]),
    "22": bytes([22, 11, 26]),
    "23": bytes([22, 11, 26]),
    "25": b"\1",
    "29": b"\2\1",
    "40": b"",
    "41": b"",
    "42": b"",
    "43": b"",
    "44": b"",
    "50": SUM,
    "51": SUM,
    "80": LINE,
    "85": le(100, 5) + le(0, 15) + le(0, 2) + b"\0\0\0\0" + bytes(40),
    "88": b"",
    "89": b"",
    "8C": b"",
    "8D": b"\0",
    "8E": SIXTEEN + le(0, 2) + b"\0\0\0\0" + bytes(40),
    "E0": b"",
    "24": b"",
    "2C": b"",
    "FF05": b"\2",
    "FF0B": b"",
    "FF37": b"",
    "FF38": b"",
    "FF3D": b"",
    "FF3E": b"",
    "FF41": b"",
    "FF42": b"",
    "FF43": b"",
    "FF45": SIXTEEN + b"\0" + le(0, 30) + b"\1",
    "FF4D": bytes.fromhex("BB 04 01 00 00"),
    "FF76": SIXTEEN + b"\0" + le(0, 50) + b"\1",
    "FF78": SIXTEEN + b"\0" + le(0, 60) + b"\1",
}

ANYWHERE: dict[str, tuple[bytes, int | None]] = {
    "10": (b"", 30),
    "11": (b"", 30),
    "13": (b"", 30),
    "15": (b"\0", 30),
    "17": (b"\2" + bytes(40), 30),
    "1A": (b"\x48", 30),
    "1B": (b"\x90", 30),
    "1F": (b"\1" + le(1, 2) + b"\1", 30),
    "26": (b"\1", 30),
    "28": (b"\0", 30),
    "2D": (b"\1", 30),
    "2E": (b"\1\1", 30),
    "2F": (b"\2\1" + bytes(40), 30),
    "6B": (b"\1", None),
    "F7": (b"\1", None),
    "FC": (b"", None),
    "FF01": (b"", 30),
    "FF02": (b"", 30),
    "FF03": (b"", 30),
    "FF04": (b"", 30),
    "FF09": (b"", 30),
    "FF0A": (le(1, 4), 30),
    "FF39": (b"", 30),
    "FF3A": (le(1, 4), 30),
    "FF3F": (b"", 30),
    "FF40": (b"", 30),
    "FF4C": (b"\1", 30),
}


Stand = Callable[[int], AbstractContextManager[Host]]


@contextmanager
def brought(register: Machine, wanted: int) -> Iterator[Host]:
    """The register in that mode byte: at 24 hours by its clock, waiting for a date, or with an empty receipt."""
    with register.host() as host:
        host.settle()
        if mode(host) == 6:
            assert host.ask("23", bytes(full(host)["date"])).error == 0
        if mode(host) & 0x0F == 8:
            assert host.ask("88").error == 0
        if (mode(host) in {2, 3} and wanted not in {2, 3}) or mode(host) == 3:
            assert host.ask("41").error == 0
        if mode(host) == 4 and wanted not in {4, 6}:
            assert host.ask("E0").error == 0
        if wanted == 3:
            register.word("clock +24h")
        if wanted & 0x0F == 8:
            assert host.ask("8D", le(wanted >> 4, 1)).error == 0
        if wanted == 6:
            assert host.ask("22", bytes(full(host)["date"])).error == 0
        assert mode(host) == wanted
        yield host


@pytest.fixture
def stand(register: Machine) -> Stand:
    return lambda wanted: brought(register, wanted)


CLOSED_SHIFT = {
    **{key: {NO_SHIFT} for key in ("40", "41", "42", "43", "44", "FF42", "FF43")},
    "23": {WRONG_MODE},
    "8C": {NO_SHIFT, WRONG_MODE, 0x56},
    **{key: {RECEIPT_CLOSED} for key in ("85", "88", "89", "8E", "FF45", "FF76", "FF78", "FF4D")},
}
OPEN_SHIFT = {
    **{key: {SHIFT_OPEN} for key in ("E0", "FF0B", "FF41", "FF05", "FF3D", "FF3E")},
    **{key: {WRONG_MODE, SHIFT_OPEN} for key in ("21", "22")},
    "24": {WRONG_MODE, SHIFT_OPEN},
    "23": {WRONG_MODE},
    "FF37": {SHIFT_OPEN, WRONG_MODE},
    "FF38": {SHIFT_OPEN, WRONG_MODE},
    **{key: {RECEIPT_CLOSED} for key in ("85", "88", "89", "8E", "FF45", "FF76", "FF78", "FF4D")},
}
OVER = {**OPEN_SHIFT, "8D": {OVER_24H}, "80": {OVER_24H}, "FF46": {OVER_24H}}
IN_RECEIPT = {
    **{
        key: {RECEIPT_OPEN, SHIFT_OPEN, WRONG_MODE}
        for key in ("E0", "FF0B", "FF41", "FF37", "FF38", "FF05", "FF3D", "FF3E")
    },
    **{
        key: {RECEIPT_OPEN, WRONG_MODE}
        for key in ("40", "41", "42", "43", "44", "FF42", "FF43", "50", "51", "8C", "2C")
    },
    **{key: {RECEIPT_OPEN} for key in ("8D",)},
    **{key: {RECEIPT_OPEN, WRONG_MODE} for key in ("1E", "21", "22", "23", "24", "25", "29")},
}
CONFIRM_DATE = 0xC0
DATE_WAITED_FOR = {code: {WRONG_MODE, CONFIRM_DATE} for code in ("E0", "40", "41", "50", "8D", "21", "22", "FF0B")} | {
    code: {WRONG_MODE, RECEIPT_CLOSED, CONFIRM_DATE} for code in ("85", "88", "FF45")
}
OPERATION = le(1, 1) + le(1_000_000, 6) + le(100, 5) + le(100, 5) + b"\xff" * 5 + bytes([8, 1, 4, 1]) + b"name"
COMMANDS["FF46"] = OPERATION


@pytest.mark.parametrize(
    ("wanted", "refusals"),
    [
        pytest.param(4, CLOSED_SHIFT, id="4 shift closed"),
        pytest.param(2, OPEN_SHIFT, id="2 shift open"),
        pytest.param(3, OVER, id="3 over 24 h"),
        pytest.param(0x08, IN_RECEIPT, id="8 income"),
        pytest.param(0x18, IN_RECEIPT, id="18h expense"),
        pytest.param(0x28, IN_RECEIPT, id="28h income return"),
        pytest.param(0x38, IN_RECEIPT, id="38h expense return"),
        pytest.param(6, DATE_WAITED_FOR, id="6 date waited for"),
    ],
)
def test_what_the_mode_does_not_allow_is_refused_and_changes_nothing(
    wanted: int, refusals: dict[str, set[int]], stand: Stand
) -> None:
    with stand(wanted) as host:
        before = (short(host), full(host)["docNo"], last_fd(host), host.ask("FF40").body)
        wrong = {}
        for code, expected in refusals.items():
            got = host.ask(code, COMMANDS[code]).error
            if got not in expected:
                wrong[code] = f"{got:02X}"
                host.ask("88")
        assert wrong == {}
        assert (short(host), full(host)["docNo"], last_fd(host), host.ask("FF40").body) == before


@pytest.mark.parametrize("wanted", [2, 3, 4, 6, 0x08, 0x18, 0x28, 0x38])
def test_what_every_mode_allows(wanted: int, stand: Stand) -> None:
    with stand(wanted) as host:
        refused = {code: f"{host.ask(code, data, password=who).error:02X}" for code, (data, who) in ANYWHERE.items()}
        assert set(refused.values()) == {"00"}, refused
        assert mode(host) == wanted


@pytest.mark.parametrize("wanted", [2, 3, 4])
def test_cash_in_and_out_and_the_operation_report_do_not_change_the_mode(wanted: int, stand: Stand) -> None:
    with stand(wanted) as host:
        assert host.ask("50", le(500, 5)).error == 0
        assert host.ask("51", le(400, 5)).error == 0
        assert host.ask("2C").error == 0
        assert host.ask("1E", COMMANDS["1E"]).error == 0
        assert host.ask("25", b"\1").error == 0
        assert host.ask("29", b"\2\1").error == 0
        assert mode(host) == wanted


@pytest.mark.parametrize("wanted", [2, 3])
def test_reports_of_an_open_shift(wanted: int, stand: Stand) -> None:
    with stand(wanted) as host:
        for code in ("40", "42", "43", "44"):
            assert host.ask(code).fields("op:1") == {"op": 30}
            assert mode(host) == wanted
        assert host.ask("41").fields("op:1") == {"op": 30}
        assert mode(host) == 4


@pytest.mark.parametrize("wanted", [2, 3])
def test_the_drives_own_commands_close_the_shift_too(wanted: int, stand: Stand) -> None:
    with stand(wanted) as host:
        assert host.ask("FF42").body == b""
        fd, number = last_fd(host), host.ask("FF40").integer(SHIFT, "shiftNo")
        fields = host.ask("FF43").fields("shiftNo:2 FD:4 FP:4")
        assert (fields["shiftNo"], fields["FD"]) == (number, fd + 1)
        assert mode(host) == 4


def test_the_drives_own_commands_open_the_shift(stand: Stand) -> None:
    with stand(4) as host:
        fd, number = last_fd(host), host.ask("FF40").integer(SHIFT, "shiftNo")
        assert host.ask("FF41").body == b""
        fields = host.ask("FF0B").fields("shiftNo:2 FD:4 FP:4")
        assert (fields["shiftNo"], fields["FD"]) == (number + 1, fd + 1)
        assert mode(host) == 2


@pytest.mark.parametrize("begin", ["FF41", "FF0C"])
def test_a_tag_may_stand_between_begin_and_e0(begin: str, stand: Stand) -> None:
    with stand(4) as host:
        assert host.ask("FF41").error == 0
        assert host.ask("FF0C", bytes.fromhex("B3 04 0C 00") + b"500100732259").error == 0
        assert host.ask("E0").fields("op:1") == {"op": 30}
        assert mode(host) == 2


class TestReceiptOfEachType:
    @pytest.mark.parametrize(
        ("kind", "byte", "wire"),
        [
            (INCOME, 0x08, 0),
            (EXPENSE, 0x18, 1),
            (INCOME_RETURN, 0x28, 2),
            (EXPENSE_RETURN, 0x38, 3),
        ],
    )
    def test_the_high_nibble_of_the_mode_is_the_type_of_8dh(
        self, kind: int, byte: int, wire: int, stand: Stand
    ) -> None:
        with stand(2) as host:
            assert host.ask("50", le(100_000, 5)).error == 0
            assert host.ask("8D", le(wire, 1)).fields("op:1") == {"op": 30}
            assert mode(host) == byte
            for other in {1, 2, 3, 4} - {kind}:
                assert operation(host, 100, kind=other).refused == 0x49
            for other_wire in {0, 1, 2, 3} - {wire}:
                assert host.ask(f"8{other_wire}", LINE).refused == 0x49
            assert operation(host, 100, kind=kind).error == 0
            assert host.ask(f"8{wire}", LINE).fields("op:1") == {"op": 30}
            assert host.ask("89").fields("op:1 sum:5") == {"op": 30, "sum": 200}
            fd = closing(host, 200).integer(CLOSED, "FD")
            found = host.ask("FF0A", le(fd, 4)).fields(FOUND_RECEIPT)
            assert (found["type"], found["op"], found["total"], found["FD"]) == (3, kind, 200, fd)

    @pytest.mark.parametrize("wire", [4, 5, 0x7F, 0xFF])
    def test_an_unknown_type_is_a_bad_parameter(self, wire: int, stand: Stand) -> None:
        with stand(2) as host:
            assert host.ask("8D", le(wire, 1)).refused in {0x33, 0x09, 0x49}

    def test_8dh_from_mode_4_opens_the_shift(self, stand: Stand) -> None:
        with stand(4) as host:
            fd = last_fd(host)
            assert opening(host).error == 0
            assert mode(host) == 8
            assert last_fd(host) == fd + 1
            assert host.ask("FF40").integer(SHIFT, "open") == 1

    @pytest.mark.parametrize("code", ["FF46", "80"])
    def test_the_first_operation_may_open_the_receipt(self, code: str, stand: Stand) -> None:
        with stand(2) as host:
            assert host.ask(code, COMMANDS[code]).error == 0
            assert mode(host) == 8

    def test_cancelling_returns_to_the_mode_before_or_to_3(self) -> None:
        with machine() as register, register.host() as host:
            assert host.ask("E0").error == 0
            opening(host)
            assert host.ask("88").fields("op:1") == {"op": 30}
            assert mode(host) == 2
            opening(host)
            register.word("clock +25h")
            assert host.ask("88").error == 0
            assert mode(host) == 3

    def test_another_operator_cannot_cancel(self, stand: Stand) -> None:
        with stand(2) as host:
            assert host.ask("8D", b"\0", password=1).error == 0
            assert host.ask("88", password=2).refused == 0x59
            assert host.ask("88", password=1).error == 0


class Test24Hours:
    def test_mode_3_begins_a_minute_before_24_hours_by_table_17_field_8(self) -> None:
        with machine() as register, register.host() as host:
            assert host.ask("E0").error == 0
            register.word("clock +23h")
            register.word("clock +58m")
            assert mode(host) == 2
            register.word("clock +1m")
            assert mode(host) == 3

    def test_more_minutes_may_be_set(self) -> None:
        with machine() as register, register.host() as host:
            assert write_table(host, 17, 1, 8, le(30, 2)[: len(table(host, 17, 1, 8))]).error == 0
            assert host.ask("E0").error == 0
            register.word("clock +23h")
            assert mode(host) == 2
            register.word("clock +31m")
            assert mode(host) == 3

    def test_z_then_e0_begins_the_next_day(self, stand: Stand) -> None:
        with stand(3) as host:
            assert host.ask("8D", b"\0").refused == OVER_24H
            assert operation(host, 100).refused == OVER_24H
            assert host.ask("41").error == 0
            assert host.ask("E0").error == 0
            assert sale(host) > 0


class TestRefusalsByValue:
    """Typical refusals of section 5 and error codes of section 9."""

    def test_paid_less_than_the_total_is_45h(self, stand: Stand) -> None:
        with stand(8) as host:
            operation(host, 10000)
            assert closing(host, 9999).refused == 0x45
            assert closing(host, 5000, 4999).refused == 0x45
            assert mode(host) == 8
            assert closing(host, 5000, 5000).error == 0

    def test_cashless_above_the_total_is_4dh(self, stand: Stand) -> None:
        with stand(8) as host:
            operation(host, 10000)
            assert closing(host, 0, 10001).refused == 0x4D
            for kind in (*range(2, 14), 14, 15, 16):
                assert closing(host, sums={1: 10000, kind: 10001}).refused == 0x4D
            assert mode(host) == 8

    def test_zero_total_is_forbidden_by_table_1_field_23(self, stand: Stand) -> None:
        with stand(4) as host:
            assert write_table(host, 1, 1, 23, b"\1").error == 0
            opening(host)
            assert operation(host, 0).error == 0
            assert closing(host).refused == 0x8E

    def test_zero_total_is_allowed_otherwise(self, stand: Stand) -> None:
        with stand(4) as host:
            assert write_table(host, 1, 1, 23, b"\0").error == 0
            opening(host)
            assert operation(host, 0).error == 0
            assert closing(host).error == 0

    def test_cash_out_above_the_drawer_is_46h(self, stand: Stand) -> None:
        with stand(2) as host:
            assert host.ask("50", le(500, 5)).error == 0
            drawer = money(host, 241)
            assert host.ask("51", le(drawer + 1, 5)).refused == 0x46
            assert host.ask("51", le(drawer, 5)).error == 0
            assert money(host, 241) == 0

    @pytest.mark.parametrize("system", [3, 8, 64, 0x81])
    def test_a_tax_system_that_is_not_one_registered_bit_is_refused(self, system: int, stand: Stand) -> None:
        with stand(8) as host:
            operation(host, 100)
            assert closing(host, 100, system=system).refused in {0x63, 0x33, 0x09}
            assert mode(host) == 8

    def test_the_tax_systems_registered_decide(self) -> None:
        with machine("--taxation", "usn_income") as register, register.host() as host:
            opening(host)
            operation(host, 100)
            assert closing(host, 100, system=1).refused in {0x63, 0x33}
            assert closing(host, 100, system=0).error == 0

    def test_a_department_out_of_range_is_63h(self, stand: Stand) -> None:
        with stand(8) as host:
            assert operation(host, 100, department=17).refused == 0x63
            assert operation(host, 100, department=16).error == 0
            assert operation(host, 100, department=0).error == 0

    @pytest.mark.parametrize("method", [0, 8, 255])
    def test_the_way_of_settlement_is_1_to_7(self, method: int, stand: Stand) -> None:
        with stand(8) as host:
            assert operation(host, 100, method=method).refused in {0x33, 0x09}

    @pytest.mark.parametrize("subject", [0, 28, 29, 34, 255])
    def test_the_subject_is_one_of_the_list(self, subject: int, stand: Stand) -> None:
        with stand(8) as host:
            assert operation(host, 100, subject=subject).refused in {0x33, 0x09}

    @pytest.mark.parametrize("rate", [3, 0x80, 0xC0, 0xCD, 0xFF])
    def test_the_tax_is_a_row_of_table_6(self, rate: int, stand: Stand) -> None:
        with stand(8) as host:
            assert operation(host, 100, rate=rate).refused in {0x33, 0x09}

    def test_the_kind_of_operation_is_1_to_4(self, stand: Stand) -> None:
        with stand(8) as host:
            assert operation(host, 100, kind=0).refused in {0x33, 0x09, 0x49}
            assert operation(host, 100, kind=5).refused in {0x33, 0x09, 0x49}

    def test_a_quantity_of_nothing_is_62h(self, stand: Stand) -> None:
        with stand(8) as host:
            assert operation(host, 100, 0).refused in {0x62, 0x33}

    def test_a_name_has_at_most_128_characters(self, stand: Stand) -> None:
        with stand(8) as host:
            assert operation(host, 100, name="x" * 128).error == 0
            assert operation(host, 100, name="x" * 129).refused in {0x33, 0x7E}

    def test_an_operation_padded_to_160_bytes_is_taken(self, stand: Stand) -> None:
        with stand(8) as host:
            assert host.ask("FF46", (OPERATION + bytes(128))[: 160 - 6]).error == 0
            assert host.ask("FF45", (COMMANDS["FF45"] + bytes(64))[: 182 - 6]).error == 0

    def test_nothing_to_repeat_is_56h(self, stand: Stand) -> None:
        with stand(2) as host:
            assert host.ask("8C").error in {0x56, 0}

    def test_the_copy_answers_with_the_operator_and_is_not_fiscal(self, stand: Stand) -> None:
        with stand(2) as host:
            fd = sale(host)
            assert host.ask("8C").fields("op:1") == {"op": 30}
            assert last_fd(host) == fd

"""Receipts, sums, counters: sections 3.3 to 3.6 and 7 of the protocol, section 3 of the document formats."""

from collections.abc import Iterator

import pytest

from . import tlv
from .client import Host, Machine, le, machine, unpack
from .desk import (
    CLOSED,
    EXPENSE,
    EXPENSE_RETURN,
    FOUND_RECEIPT,
    INCOME,
    INCOME_RETURN,
    NO_VAT,
    SHIFT,
    VAT_0,
    VAT_10,
    VAT_20,
    closing,
    counter,
    document,
    full,
    last_fd,
    mode,
    money,
    opening,
    operation,
    sale,
    write_table,
)

KINDS = [(INCOME, 0), (EXPENSE, 1), (INCOME_RETURN, 2), (EXPENSE_RETURN, 3)]
"""FF46 opType and the t of the money registers: income, expense, income return, expense return."""


@pytest.fixture(autouse=True)
def closed_receipt(host: Host) -> Iterator[None]:
    """A full drawer and no receipt left open."""
    host.ask("50", le(10_000_000, 5))
    yield
    if mode(host) & 0x0F == 8:
        host.ask("88")


class TestSums:
    @pytest.mark.parametrize(
        ("price", "qty", "total"),
        [
            (10000, 1_000_000, 10000),
            (129990, 345_000, 44847),
            (30000, 333_333, 10000),
            (1, 500_000, 1),
            (1, 499_999, 0),
            (333, 1_500_000, 500),
            (25, 20_000, 1),
            (7, 1, 0),
        ],
    )
    def test_the_device_multiplies_and_rounds_half_up(self, host: Host, price: int, qty: int, total: int) -> None:
        opening(host)
        assert operation(host, price, qty).error == 0
        assert host.ask("89").integer("op:1 sum:5", "sum") == total

    @pytest.mark.parametrize("total", [9998, 9999, 10000])
    def test_a_sum_of_the_host_may_differ_by_a_kopeck(self, host: Host, total: int) -> None:
        opening(host)
        assert operation(host, 3333, 3_000_000, total=total).error == 0
        assert host.ask("89").integer("op:1 sum:5", "sum") == total

    @pytest.mark.parametrize("total", [9997, 10001, 0, 20000])
    def test_more_than_a_kopeck_is_refused(self, host: Host, total: int) -> None:
        opening(host)
        assert operation(host, 3333, 3_000_000, total=total).error != 0
        assert host.ask("89").integer("op:1 sum:5", "sum") == 0

    @pytest.mark.parametrize("code", ["FF45", "FF76", "FF78"])
    def test_each_closing_command_answers_change_number_and_sign(self, host: Host, code: str) -> None:
        opening(host)
        operation(host, 45000)
        fd = last_fd(host)
        fields = closing(host, 10000, 40000, code=code).fields(CLOSED)
        assert (fields["change"], fields["FD"]) == (5000, fd + 1)
        found = host.ask("FF0A", le(fd + 1, 4)).fields(FOUND_RECEIPT)
        assert (found["FP"], found["total"], found["ticket"]) == (fields["FP"], 45000, 0)

    @pytest.mark.parametrize(
        ("cash", "card", "change"),
        [(45000, 0, 0), (50000, 0, 5000), (10000, 40000, 5000), (0, 45000, 0), (1, 45000, 1)],
    )
    def test_only_cash_gives_change(self, host: Host, cash: int, card: int, change: int) -> None:
        opening(host)
        operation(host, 45000)
        before = money(host, 241), money(host, 193), money(host, 197)
        fd = closing(host, cash, card).fields(CLOSED)
        assert fd["change"] == change
        net = cash - change
        after = money(host, 241), money(host, 193), money(host, 197)
        assert after == (before[0] + net, before[1] + net, before[2] + card)
        _, tags = document(host, last_fd(host))
        stored = {num: tlv.integer(tags, num) for num in (1020, 1031, 1081) if tlv.every(tags, num)}
        assert {num: value for num, value in stored.items() if value} == {
            num: value for num, value in ((1020, 45000), (1031, net), (1081, card)) if value
        }

    @pytest.mark.parametrize(("slot", "num"), [(1, 1031), (2, 1081), (13, 1081), (14, 1215), (15, 1216), (16, 1217)])
    def test_sixteen_kinds_of_payment_and_the_tag_of_each(self, host: Host, slot: int, num: int) -> None:
        opening(host)
        operation(host, 700)
        fd = closing(host, sums={slot: 700}).integer(CLOSED, "FD")
        _, tags = document(host, fd)
        assert tlv.integer(tags, num) == 700
        assert sum(tlv.integer(tags, tag) for tag in (1031, 1081, 1215, 1216, 1217) if tlv.every(tags, tag)) == 700

    def test_electronic_kinds_add_up(self, host: Host) -> None:
        opening(host)
        operation(host, 1200)
        fd = closing(host, sums=dict.fromkeys(range(2, 14), 100)).integer(CLOSED, "FD")
        assert tlv.integer(document(host, fd)[1], 1081) == 1200

    @pytest.mark.parametrize(("total", "rounding", "paid"), [(341718, 18, 341700), (341718, 1, 341717), (100, 0, 100)])
    def test_rounding_takes_kopecks_off(self, host: Host, total: int, rounding: int, paid: int) -> None:
        opening(host)
        operation(host, total)
        fd = closing(host, paid, rounding=rounding).fields(CLOSED)
        assert fd["change"] == 0
        _, tags = document(host, last_fd(host))
        assert tlv.integer(tags, 1020) == paid
        assert tlv.integer(tlv.inside(tags, 1059), 1043) == total

    @pytest.mark.parametrize("rounding", [19, 99])
    def test_rounding_above_the_kopecks_is_refused(self, host: Host, rounding: int) -> None:
        opening(host)
        operation(host, 341718)
        assert closing(host, 341718, rounding=rounding).refused in {0x40, 0x64, 0x33}
        assert closing(host, 341718, rounding=100).refused in {0x40, 0x64, 0x33}

    def test_a_refused_closing_leaves_the_receipt(self, host: Host) -> None:
        opening(host)
        operation(host, 100)
        fd = last_fd(host)
        assert closing(host, 99).refused == 0x45
        assert (mode(host), last_fd(host)) == (8, fd)
        assert closing(host, 100).error == 0


class TestLegacy:
    """80h to 83h, 85h and 8Eh (3.5)."""

    @pytest.mark.parametrize("t", [0, 1, 2, 3])
    def test_the_legacy_operation_closed_by_85h(self, host: Host, t: int) -> None:
        line = le(2500, 5) + le(10000, 5) + bytes([3, 2, 0, 0, 0]) + "Хлеб".encode("cp1251").ljust(40, b"\0")
        assert host.ask("8D", le(t, 1)).error == 0
        before = money(host, 121 + 8 + t)
        assert host.ask(f"8{t}", line).fields("op:1") == {"op": 30}
        closed = host.ask("85", le(26000, 5) + le(0, 15) + le(0, 2) + bytes(4) + bytes(40))
        assert unpack("op:1 change:5", closed.body[:6]) == {"op": 30, "change": 1000}
        assert money(host, 121 + 8 + t) == before + 25000
        found = host.ask("FF0A", le(last_fd(host), 4)).fields(FOUND_RECEIPT)
        assert (found["type"], found["total"]) == (3, 25000)
        assert found["op"] == {0: INCOME, 1: EXPENSE, 2: INCOME_RETURN, 3: EXPENSE_RETURN}[t]
        item = tlv.inside(document(host, last_fd(host))[1], 1059)
        assert tlv.string(item, 1030) == "Хлеб"
        assert tlv.raw(item, 1023) == b"\x01\x19" or tlv.raw(item, 1023) == b"\x03\xc4\x09"
        assert tlv.integer(item, 1199) == 2

    def test_8eh_has_sixteen_sums(self, host: Host) -> None:
        assert opening(host).error == 0
        assert operation(host, 1600).error == 0
        sums = b"".join(le(100, 5) for _ in range(16))
        closed = host.ask("8E", sums + le(0, 2) + bytes(4) + bytes(40))
        assert unpack("op:1 change:5", closed.body[:6]) == {"op": 30, "change": 0}
        _, tags = document(host, last_fd(host))
        assert [tlv.integer(tags, num) for num in (1031, 1081, 1215, 1216, 1217)] == [100, 1200, 100, 100, 100]

    @pytest.mark.parametrize(("group", "code"), [(0, 6), (1, 1), (2, 2), (3, 5), (4, 6)])
    def test_a_tax_is_a_group_number(self, host: Host, group: int, code: int) -> None:
        line = le(1000, 5) + le(12000, 5) + bytes([1, group, 0, 0, 0]) + b"name".ljust(40, b"\0")
        opening(host)
        assert host.ask("80", line).error == 0
        assert host.ask("85", le(12000, 5) + le(0, 15) + le(0, 2) + bytes(4) + bytes(40)).error == 0
        assert tlv.integer(tlv.inside(document(host, last_fd(host))[1], 1059), 1199) == code


class TestMoneyRegisters:
    @pytest.mark.parametrize(("kind", "t"), KINDS)
    def test_t_is_income_expense_income_return_expense_return(self, host: Host, kind: int, t: int) -> None:
        numbers = {"department 2": 125 + t, "cash": 193 + t, "type 2": 197 + t, "type 3": 201 + t, "type 4": 205 + t}
        before = {name: money(host, number) for name, number in numbers.items()}
        drawer = money(host, 241)
        assert opening(host, kind).error == 0
        assert operation(host, 10000, kind=kind, department=2).error == 0
        assert closing(host, sums={1: 1000, 2: 2000, 3: 3000, 4: 4000}).error == 0
        after = {name: money(host, number) - before[name] for name, number in numbers.items()}
        assert after == {"department 2": 10000, "cash": 1000, "type 2": 2000, "type 3": 3000, "type 4": 4000}
        assert money(host, 241) - drawer == (1000 if t in {0, 3} else -1000)

    @pytest.mark.parametrize(("kind", "t"), KINDS)
    def test_an_open_receipt_has_registers_of_its_own(self, host: Host, kind: int, t: int) -> None:
        opening(host, kind)
        operation(host, 500, kind=kind, department=3)
        assert money(host, 4 * 2 + t) == 500
        assert money(host, 121 + 8 + t) >= 0

    @pytest.mark.parametrize(
        ("rate", "row", "tax"), [(VAT_20, 0, 2000), (VAT_10, 1, 1091), (VAT_0, 2, 0), (NO_VAT, 3, 0)]
    )
    def test_turnover_and_tax_of_the_first_four_groups(self, host: Host, rate: int, row: int, tax: int) -> None:
        turnover, sums = 209 + 4 * row, 225 + 4 * row
        before = money(host, turnover), money(host, sums)
        sale(host, 12000, rate=rate)
        assert (money(host, turnover) - before[0], money(host, sums) - before[1]) == (12000, tax)

    def test_cash_in_and_out(self, host: Host) -> None:
        before = [money(host, number) for number in (241, 242, 243)]
        numbers = [counter(host, number) for number in (153, 154, 155, 156)]
        document_number = full(host)["docNo"]
        assert isinstance(document_number, int)
        answer = host.ask("50", le(1234, 5))
        assert answer.fields("op:1 docNo:2") == {"op": 30, "docNo": document_number + 1}
        assert host.ask("51", le(234, 5)).fields("op:1 docNo:2") == {"op": 30, "docNo": document_number + 2}
        assert [money(host, number) for number in (241, 242, 243)] == [
            before[0] + 1000,
            before[1] + 1234,
            before[2] + 234,
        ]
        assert [counter(host, number) for number in (153, 154, 155, 156)] == [value + 1 for value in numbers]
        assert full(host)["docNo"] == document_number + 2
        assert counter(host, 152) == document_number + 2

    @pytest.mark.parametrize(("kind", "t"), KINDS)
    def test_receipts_are_counted(self, host: Host, kind: int, t: int) -> None:
        before = counter(host, 144 + t), counter(host, 148 + t)
        sale(host, kind=kind)
        assert (counter(host, 144 + t), counter(host, 148 + t)) == (before[0] + 1, before[1] + 1)

    @pytest.mark.parametrize(("kind", "t"), KINDS)
    def test_voided_receipts_are_counted(self, host: Host, kind: int, t: int) -> None:
        before = money(host, 249 + t), counter(host, 179 + t), counter(host, 157), counter(host, 144 + t)
        opening(host, kind)
        operation(host, 777, kind=kind)
        assert host.ask("88").error == 0
        after = money(host, 249 + t), counter(host, 179 + t), counter(host, 157), counter(host, 144 + t)
        assert after == (before[0] + 777, before[1] + 1, before[2] + 1, before[3])

    def test_x_reports_are_numbered(self, host: Host) -> None:
        if mode(host) == 4:
            assert host.ask("E0").error == 0
        before = counter(host, 158)
        assert host.ask("40").error == 0
        assert counter(host, 158) == before + 1

    def test_cash_at_closing_stands_in_register_120(self, host: Host) -> None:
        opening(host)
        operation(host, 900)
        assert closing(host, 1000).integer(CLOSED, "change") == 100
        assert money(host, 120) >= 0


def test_a_drawer_that_may_be_overdrawn_holds_nothing_afterwards() -> None:
    with machine("--overdrawn") as register, register.host() as host:
        sale(host, 1000, kind=INCOME_RETURN)
        assert money(host, 241) == 0
        assert host.ask("40").error == 0
        assert host.ask("41").error == 0


@pytest.fixture
def fresh() -> Iterator[Machine]:
    with machine() as register:
        yield register


class TestNumbers:
    def test_every_document_takes_the_next_number(self, fresh: Machine) -> None:
        with fresh.host() as host:
            assert last_fd(host) == 1
            assert host.ask("E0").error == 0
            assert host.ask("FF40").fields(SHIFT) == {"open": 1, "shiftNo": 1, "receiptNo": 0}
            assert last_fd(host) == 2
            assert [sale(host), sale(host)] == [3, 4]
            assert host.ask("FF40").fields(SHIFT) == {"open": 1, "shiftNo": 1, "receiptNo": 2}
            assert host.ask("40").error == 0
            assert host.ask("50", le(1, 5)).error == 0
            assert last_fd(host) == 4
            assert host.ask("41").error == 0
            assert last_fd(host) == 5
            assert host.ask("FF40").fields(SHIFT) == {"open": 0, "shiftNo": 1, "receiptNo": 0} | {
                "receiptNo": host.ask("FF40").integer(SHIFT, "receiptNo")
            }
            assert full(host)["lastClosedShift"] == 1
            state = host.ask("FF38").fields("FD:4 FP:4 unconfirmed:4 first:3s")
            assert state["FD"] == 6
            assert state["unconfirmed"] in {5, 6}  # whether it counts itself the text does not say
            assert sale(host) == 8
            assert host.ask("FF40").fields(SHIFT) == {"open": 1, "shiftNo": 2, "receiptNo": 1}

    def test_the_running_document_number(self, fresh: Machine) -> None:
        with fresh.host() as host:
            assert host.ask("E0").error == 0

            def moved(act: object) -> int:
                before = full(host)["docNo"]
                assert callable(act)
                act()
                after = full(host)["docNo"]
                assert isinstance(before, int)
                assert isinstance(after, int)
                low, high = counter(host, 185), counter(host, 186)
                assert (high << 16 | low) % 10000 == after
                return after - before

            assert moved(lambda: sale(host)) == 1
            assert moved(lambda: host.ask("50", le(1, 5))) == 1
            assert moved(lambda: host.ask("51", le(1, 5))) == 1
            assert moved(lambda: host.ask("40")) == 1
            assert moved(lambda: host.ask("10")) == 0
            assert moved(lambda: host.ask("17", b"\2" + bytes(40))) == 0
            assert moved(lambda: opening(host)) == 0
            assert moved(lambda: operation(host, 100)) == 0
            assert moved(lambda: closing(host, 99)) == 0
            assert moved(lambda: closing(host, 100)) == 1
            assert moved(lambda: host.ask("41")) == 1

    def test_registers_of_the_shift_start_anew_after_z(self, fresh: Machine) -> None:
        with fresh.host() as host:
            assert host.ask("E0").error == 0
            assert host.ask("50", le(5000, 5)).error == 0
            sale(host, 12000, rate=VAT_20)
            shift = (121, 193, 209, 225, 242)
            assert all(money(host, number) for number in shift)
            assert host.ask("41").error == 0
            assert host.ask("E0").error == 0
            assert [money(host, number) for number in shift] == [0] * len(shift)
            assert counter(host, 144) == 0

    @pytest.mark.parametrize(("flag", "left"), [(0, 17000), (1, 0)])
    def test_the_drawer_is_zeroed_by_z_as_table_1_field_2_says(self, fresh: Machine, flag: int, left: int) -> None:
        with fresh.host() as host:
            assert write_table(host, 1, 1, 2, bytes([flag])).error == 0
            assert host.ask("E0").error == 0
            assert host.ask("50", le(5000, 5)).error == 0
            sale(host, 12000)
            assert host.ask("41").error == 0
            assert money(host, 241) == left

    def test_a_cancelled_receipt_takes_no_number(self, fresh: Machine) -> None:
        with fresh.host() as host:
            assert host.ask("E0").error == 0
            opening(host)
            operation(host, 100)
            assert host.ask("88").error == 0
            assert last_fd(host) == 2
            assert host.ask("FF40").integer(SHIFT, "receiptNo") == 0
            assert sale(host) == 3


VAT = [
    # FF46 rate byte, tag 1199, kopecks, kopecks of VAT or turnover, where the total stands
    (0x01, 1, 120000, 20000, 1102),
    (0x02, 2, 11000, 1000, 1103),
    (0x04, 5, 20000, 20000, 1104),
    (0x08, 6, 30000, 30000, 1105),
    (0x00, 6, 30000, 30000, 1105),
    (0x10, 3, 120000, 20000, 1106),
    (0x20, 4, 11000, 1000, 1107),
    (0x81, 7, 10500, 500, 1115),
    (0x82, 8, 99999, 6542, 1115),
    (0x84, 9, 250000, 11905, 1115),
    (0x88, 10, 123456, 8077, 1115),
    (0x90, 10, 123456, 8077, 1115),
    (0xCB, 11, 10000, 1803, 1115),
    (0xCC, 12, 500000, 90164, 1115),
    (0xCB, 11, 100, 18, 1115),
]


class TestVat:
    @pytest.mark.parametrize(("rate", "code", "total", "vat", "num"), VAT)
    def test_the_device_computes_the_tax(
        self, host: Host, rate: int, code: int, total: int, vat: int, num: int
    ) -> None:
        opening(host)
        assert operation(host, total, rate=rate).error == 0
        assert closing(host, total).error == 0
        _, tags = document(host, last_fd(host))
        item = tlv.inside(tags, 1059)
        assert tlv.integer(item, 1199) == code
        if code in {5, 6}:
            assert not tlv.every(item, 1200) or tlv.integer(item, 1200) == 0
        else:
            assert tlv.integer(item, 1200) == vat
        totals = {tag for tag in (1102, 1103, 1104, 1105, 1106, 1107, 1115) if tlv.every(tags, tag)}
        if num == 1115:
            block = tlv.inside(tlv.inside(tags, 1115), 1119)
            assert tlv.integer(block, 1199) == code
            assert tlv.integer(block, 1120) == vat
            assert totals == {1115, 1104}
            assert tlv.integer(tags, 1104) == 0
        else:
            assert tlv.integer(tags, num) == vat
            assert totals == {num}

    def test_a_receipt_of_many_rates(self, host: Host) -> None:
        opening(host)
        for price, qty, rate in ((61000, 2, 0xCB), (27500, 2, 2), (20000, 1, 4), (30000, 1, 8)):
            assert operation(host, price, qty * 1_000_000, rate=rate).error == 0
        assert closing(host, 0, 227000).error == 0
        _, tags = document(host, last_fd(host))
        assert (tlv.integer(tags, 1103), tlv.integer(tags, 1104), tlv.integer(tags, 1105)) == (5000, 20000, 30000)
        assert tlv.integer(tlv.inside(tlv.inside(tags, 1115), 1119), 1120) == 22000

    def test_ten_lines_of_ten_kopecks(self, host: Host) -> None:
        opening(host)
        for _ in range(10):
            operation(host, 10, rate=0xCB)
        assert closing(host, 100).error == 0
        block = tlv.inside(tlv.inside(document(host, last_fd(host))[1], 1115), 1119)
        assert tlv.integer(block, 1120) in {20, 18}

    @pytest.mark.parametrize(
        ("command", "rate", "row", "rows", "tax"),
        [("FF45", 0x01, 1, 6, 1667), ("FF76", 0x81, 7, 10, 476), ("FF78", 0xCB, 11, 12, 1803)],
    )
    @pytest.mark.parametrize("computes", [0, 1])
    def test_taxes_of_the_host_count_when_table_1_field_14_says_so(
        self, host: Host, command: str, rate: int, row: int, rows: int, tax: int, computes: int
    ) -> None:
        if mode(host) != 4:
            assert host.ask("41").error == 0
        assert write_table(host, 1, 1, 14, bytes([computes])).error == 0
        opening(host)
        assert operation(host, 10000, rate=rate, tax_sum=tax - 1).error == 0
        taxes = tuple(tax - 1 if place == row else 0 for place in range(1, rows + 1))
        assert closing(host, 10000, code=command, taxes=taxes).error == 0
        _, tags = document(host, last_fd(host))
        total = tlv.integer(tags, 1102) if row == 1 else tlv.integer(tlv.inside(tlv.inside(tags, 1115), 1119), 1120)
        assert total == tlv.integer(tlv.inside(tags, 1059), 1200) == tax - computes
        assert host.ask("41").error == 0
        assert write_table(host, 1, 1, 14, b"\0").error == 0

    @pytest.mark.parametrize(("setting", "code"), [([], 1), (["--vat-autoreplace"], 11)])
    def test_20_percent_becomes_22_in_2026_when_table_17_field_71_is_1(self, setting: list[str], code: int) -> None:
        with machine(*setting) as register, register.host() as host:
            fd = sale(host, 12200, rate=1)
            assert tlv.integer(tlv.inside(document(host, fd)[1], 1059), 1199) == code
            opening(host)
            assert operation(host, 12200, rate=0x10).error == 0
            assert closing(host, 12200).error == 0
            assert tlv.integer(tlv.inside(document(host, last_fd(host))[1], 1059), 1199) == {1: 3, 11: 12}[code]

    def test_before_2026_nothing_is_replaced(self) -> None:
        with machine("--vat-autoreplace", clock="2025-12-31T10:00:00") as register, register.host() as host:
            fd = sale(host, 12000, rate=1)
            assert tlv.integer(tlv.inside(document(host, fd)[1], 1059), 1199) == 1


class TestQuantity:
    @pytest.mark.parametrize(
        ("qty", "places", "mantissa"), [(1_000_000, 0, 1), (345_000, 3, 345), (1, 6, 1), (12_500_000, 1, 125)]
    )
    def test_1023_is_a_decimal(self, host: Host, qty: int, places: int, mantissa: int) -> None:
        opening(host)
        operation(host, 100000, qty)
        total = host.ask("89").integer("op:1 sum:5", "sum")
        assert closing(host, total).error == 0
        value = tlv.raw(tlv.inside(document(host, last_fd(host))[1], 1059), 1023)
        assert int.from_bytes(value[1:], "little") * 10 ** (6 - value[0]) == qty
        assert places <= value[0] <= 6
        assert mantissa * 10 ** (value[0] - places) == int.from_bytes(value[1:], "little")

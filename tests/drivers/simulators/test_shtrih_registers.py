"""Money and operation registers, legacy receipts, taxes of the host (protocol 1.17: 1Ah, 1Bh, 80h to 8Eh, FF45h …)."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.simulators import tlv
from tests.drivers.simulators.host import PASSWORD, Host, le, made, money

SIGN = (1, 3, 2, 4)
"""Of the receipt kinds of 8Dh: income, expense, income return, expense return."""


def register(host: Host, number: int) -> int:
    return money(host.good("1A" + PASSWORD, le(number, 1 if number < 256 else 2))[1:])


def count(host: Host, number: int) -> int:
    return money(host.good("1B" + PASSWORD, bytes([number]))[1:])


def receipt(host: Host, kind: int, price: int, *, department: int = 1, rate: int = 1, **paid: int) -> int:
    host.open_receipt(kind)
    assert host.operation(price, sign=SIGN[kind], department=department, rate=rate) == b"\0"
    return host.close(**(paid or {"cash": price}))[1]


def rich() -> Host:
    host = Host()
    host.good("50" + PASSWORD, le(1_000_000, 5))
    return host


@pytest.mark.parametrize("kind", range(4))
def test_every_register_of_a_receipt_stands_at_its_kind(kind: int) -> None:
    host = rich()
    receipt(host, kind, 12_000, department=3, cash=2_000, card=3_000, pay3=4_000, pay4=1_000, pay13=500, pay15=1_500)
    drawer = 1_000_000 + (2_000 if kind in (0, 3) else -2_000)
    own = {8 + kind: 12_000, 72 + kind: 2_000, 76 + kind: 3_000, 80 + kind: 4_000, 84 + kind: 1_000}
    own |= {88 + kind: 12_000, 104 + kind: 2_000, 120: drawer}
    shift = {121 + 8 + kind: 12_000, 193 + kind: 2_000, 197 + kind: 3_000, 201 + kind: 4_000, 205 + kind: 1_000}
    shift |= {209 + kind: 12_000, 225 + kind: 2_000, 241: drawer, 242: 1_000_000}
    late = {4144 + 4 * (13 - 5) + kind: 500, 4144 + 4 * (15 - 5) + kind: 1_500}
    expected = own | shift | late
    numbers = [*range(253), *range(4144, 4192)]
    assert {number: value for number in numbers if (value := register(host, number))} == expected
    assert [count(host, 144 + k) for k in range(4)] == [int(k == kind) for k in range(4)]
    host.good("41" + PASSWORD)
    left = {number for number in numbers if register(host, number)}
    assert left == {241}


@pytest.mark.parametrize(("rate", "group"), [(1, 0), (2, 1), (4, 2), (8, 3)])
def test_groups_of_tax(rate: int, group: int) -> None:
    host = Host()
    host.open_receipt()
    host.operation(12_000, rate=rate)
    assert register(host, 88 + 4 * group) == 12_000
    assert register(host, 104 + 4 * group) == {1: 2_000, 2: 1_091}.get(rate, 0)


def test_a_voided_receipt_is_counted_and_moves_no_money() -> None:
    host = Host()
    receipt(host, 0, 5_000)
    host.open_receipt(1)
    host.operation(700, sign=3)
    host.good("88" + PASSWORD)
    assert [register(host, n) for n in (193, 194, 241, 250, 1)] == [5_000, 0, 5_000, 700, 0]
    assert [count(host, n) for n in (144, 145, 157, 180)] == [1, 0, 1, 1]


@pytest.mark.parametrize("number", [256, 4143, 4192, 65535])
def test_no_such_register(number: int) -> None:
    assert Host().error("1A" + PASSWORD, le(number, 2)) == 0x33


def test_cash_in_and_out() -> None:
    host = Host()
    before = money(host.good("11" + PASSWORD)[9:11])
    assert host.good("50" + "05 00 00 00", le(700, 5)) == b"\x05" + le(before + 1, 2)
    assert host.good("51" + PASSWORD, le(200, 5)) == b"\x1e" + le(before + 2, 2)
    assert host.error("51" + PASSWORD, le(501, 5)) == 0x46
    assert host.error("50" + PASSWORD, le(0, 5)) == 0x33
    assert host.error("50" + PASSWORD, le(9_999_999_999, 5)) == 0x84
    assert host.error("50" + PASSWORD, le(1, 4)) == 0x7E
    assert [register(host, n) for n in (241, 242, 243)] == [500, 700, 200]
    assert [count(host, n) for n in (152, 153, 154, 155, 156)] == [before + 2, 1, 1, 1, 1]
    host.open_receipt()
    assert host.error("50" + PASSWORD, le(1, 5)) == 0x4A


def test_drawer_may_be_emptied_by_the_closing_of_a_shift() -> None:
    host = Host()
    host.good("1E" + PASSWORD, bytes([1, 1, 0, 2, 1]))
    receipt(host, 0, 5_000)
    host.good("41" + PASSWORD)
    assert register(host, 241) == 0
    assert "=50.00" in host.paper.slips[-1].text()


def test_a_register_that_lets_the_drawer_go_below_zero_refuses_no_return() -> None:
    host = made(refuses_overdrawn=False)
    fd = receipt(host, 2, 5_000)
    assert dict(host.tags(fd))[1054] == b"\x02"


def test_running_number_goes_on_over_9999() -> None:
    host = Host()
    host.device.state.document_number = 9_998 + 10_000 * 7
    host.good("50" + PASSWORD, le(1, 5))
    assert host.good("50" + PASSWORD, le(1, 5))[1:] == le(0, 2)
    assert (count(host, 185), count(host, 186), count(host, 152)) == (80_000 & 0xFFFF, 1, 0)


# --- legacy ----------------------------------------------------------------------------------------------------------


def legacy(price: int, quantity: int = 1_000, group: int = 1, text: str = "Хлеб") -> bytes:
    fields = le(quantity, 5) + le(price, 5) + bytes([1, group, 0, 0, 0])
    return fields + text.encode("cp1251").ljust(40, b"\0")


@pytest.mark.parametrize(("command", "kind", "sign"), [("80", 0, 1), ("81", 1, 3), ("82", 2, 2), ("83", 3, 4)])
def test_legacy_receipt(command: str, kind: int, sign: int) -> None:
    host = rich()
    assert host.good(command + PASSWORD, legacy(12_000, 500)) == b"\x1e"
    assert host.mode() == 8 | kind << 4
    paid = le(4_000, 5) + le(1_000, 5) + le(0, 5) + le(2_000, 5)
    assert host.good("85" + PASSWORD, paid, bytes(6), bytes(40)) == b"\x1e" + le(1_000, 5)
    tags = dict(host.tags(host.last_fd()))
    assert (tags[1054], money(tags[1020]), money(tags[1031]), money(tags[1081])) == (bytes([sign]), 6_000, 3_000, 3_000)
    assert money(tags[1102]) == 1_000


def test_legacy_close_with_sixteen_kinds() -> None:
    host = Host()
    host.good("80" + PASSWORD, legacy(10_000, group=0))
    sums = [0] * 16
    sums[0], sums[13] = 5_000, 6_000
    reply = host.good("8E" + PASSWORD, b"".join(le(each, 5) for each in sums), bytes(6), b"Thanks".ljust(40, b"\0"))
    assert reply == b"\x1e" + le(1_000, 5)
    tags = dict(host.tags(host.last_fd()))
    assert (money(tags[1215]), money(tags[1105])) == (6_000, 10_000)
    assert "Thanks" in host.paper.slips[-1].text()


@pytest.mark.parametrize(
    ("command", "fields", "error"),
    [
        ("80", legacy(100, group=5), 0x33),
        ("80", legacy(100, 0), 0x62),
        ("80", legacy(100)[:14], 0x7E),
        ("81", legacy(100), 0x49),
        ("85", le(99, 5) + bytes(15 + 6), 0x45),
        ("85", bytes(5) + le(101, 5) + bytes(10 + 6), 0x4D),
        ("85", le(100, 5) + bytes(15) + le(1, 2) + bytes(4), 0x33),
        ("85", le(100, 5) + bytes(15 + 5), 0x7E),
    ],
)
def test_legacy_refusals(command: str, fields: bytes, error: int) -> None:
    host = Host()
    host.good("80" + PASSWORD, legacy(100))
    assert host.error(command + PASSWORD, fields) == error
    assert host.good("89" + PASSWORD)[1:] == le(100, 5)


@pytest.mark.parametrize(
    ("command", "tax", "discount", "surcharge", "total"),
    [("FF0D", b"", 0, 0, 1_050), ("FF0D", b"", 50, 0, 1_000), ("FF44", bytes(5), 0, 25, 1_075)],
)
def test_operation_with_discount(command: str, tax: bytes, discount: int, surcharge: int, total: int) -> None:
    host = Host()
    host.open_receipt()
    head = b"\x01" + le(500, 5) + le(2_100, 5) + le(discount, 5) + le(surcharge, 5)
    assert host.ask(command + PASSWORD, head, tax, b"\x01\x02", bytes(5), b"Milk") == b"\0"
    assert host.good("89" + PASSWORD)[1:] == le(total, 5)
    host.close(cash=total)


# --- taxes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("command", "places"), [("FF45", 6), ("FF76", 10), ("FF78", 12)])
def test_three_closings_differ_in_the_places_for_taxes(command: str, places: int) -> None:
    host = Host()
    host.open_receipt()
    host.operation(12_200)
    paid = b"".join(le(each, 5) for each in [15_000, *[0] * 15]) + b"\0"
    assert host.error(command + PASSWORD, paid, bytes(5 * places)) == 0x7E
    reply = host.good(command + PASSWORD, paid, bytes(5 * places), b"\x01", b"Bye")
    assert (len(reply), reply[:9]) == (13, le(2_800, 5) + le(3, 4))
    assert "Bye" in host.paper.slips[-1].text()


@pytest.mark.parametrize(
    ("command", "sums", "error"),
    [
        ("FF78", [0] * 10 + [2_201, 0], 0),
        ("FF78", [0] * 10 + [2_202, 0], 0x33),
        ("FF78", [1] + [0] * 9 + [2_200, 0], 0x33),
        ("FF76", [0] * 10, 0x33),
    ],
)
def test_the_hosts_taxes_when_it_computes(command: str, sums: list[int], error: int) -> None:
    """One kopeck for each line is the most that the register lets pass."""
    host = Host()
    host.good("1E" + PASSWORD, bytes([1, 1, 0, 14, 1]))
    host.open_receipt()
    host.operation(12_200)
    paid = b"".join(le(each, 5) for each in [12_200, *[0] * 15]) + b"\0"
    assert host.ask(command + PASSWORD, paid, b"".join(le(each, 5) for each in sums), b"\x01")[0] == error
    if not error:
        assert dict(host.tags(3))[1115].endswith(le(2_201, 2))


# --- a long run ------------------------------------------------------------------------------------------------------


def test_three_hundred_receipts_in_three_shifts_agree_everywhere() -> None:
    """Registers, counters 1194 and 1157 and the archive itself, worked out from the commands that were sent."""
    random = Random(7)
    host = Host()
    host.good("50" + PASSWORD, le(50_000_000, 5))
    life = {kind: [0, 0, 0, 0] for kind in range(4)}
    drawer = 50_000_000
    for shift in range(1, 4):
        sums = {kind: [0, 0, 0, 0] for kind in range(4)}  # receipts, total, cash, card
        host.open_shift()
        for _ in range(100):
            kind, total = random.choice((0, 0, 0, 1, 2, 3)), random.randrange(100, 500_000)
            card = random.choice((0, 0, total, total // 3))
            fd = receipt(host, kind, total, rate=random.choice((1, 2, 4, 8, 0xCB)), cash=total - card + 55, card=card)
            archived = dict(tlv.decode(host.document(fd)))
            assert (archived[1020], archived[1031] if total - card else 0) == (total, total - card)
            for each in (sums[kind], life[kind]):
                for place, amount in enumerate((1, total, total - card, card)):
                    each[place] += amount
            drawer += (total - card) * (1 if kind in (0, 3) else -1)
            host.pass_time(60)
        assert register(host, 241) == drawer
        for kind in range(4):
            assert [register(host, n + kind) for n in (121, 193, 197)] == sums[kind][1:]
            assert count(host, 144 + kind) == sums[kind][0]
        host.good("41" + PASSWORD)
        closed = dict(tlv.decode(host.document(host.last_fd())))
        assert (closed[1038], closed[1118], closed[1111]) == (shift, 100, 102)
        for counters, expected in ((closed[1194], sums), (closed[1157], life)):
            inside = dict(counters)  # type: ignore[arg-type]
            assert inside[1134] == sum(expected[kind][0] for kind in range(4))
            for kind, tag in enumerate((1129, 1131, 1130, 1132)):
                signed = dict(inside[tag])  # type: ignore[arg-type]
                assert [signed.get(inner, 0) for inner in (1135, 1201, 1136, 1138)] == expected[kind]
    assert host.last_fd() == 1 + 3 * 102


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 10**6), st.booleans()), max_size=12))
def test_drawer_follows_every_movement(moves: list[tuple[int, int, bool]]) -> None:
    host = Host()
    drawer = 0
    for kind, amount, by_card in moves:
        out = kind in (1, 2)
        host.open_receipt(kind)
        host.operation(amount, sign=SIGN[kind])
        paid = host.close_fields(card=amount) if by_card else host.close_fields(cash=amount)
        reply = host.ask("FF45" + PASSWORD, paid)
        if out and not by_card and amount > drawer:
            assert reply == b"\x46"
            host.good("88" + PASSWORD)
            continue
        assert reply[0] == 0
        if not by_card:
            drawer += -amount if out else amount
        assert register(host, 241) == drawer

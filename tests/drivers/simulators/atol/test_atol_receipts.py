"""Receipts: what stands in the document, in each format, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drivers.simulators.atol.host import Host, Refused, bcd, le, position_fields, tlv

PERCENT = {1: 20, 2: 10, 3: 20, 4: 10}
TOTALS = {1: "1102", 2: "1103", 3: "1106", 4: "1107", 5: "1104", 6: "1105"}


def begun(kind: int = 1, **rest: Any) -> Host:
    host = Host(**rest)
    host.open_shift()
    host.open_receipt(kind)
    return host


def tags(host: Host) -> dict[str, Any]:
    found: dict[str, Any] = host.dumped()[-1]["tags"]
    return found


@pytest.mark.parametrize(("kind", "sign"), [(1, 1), (2, 2), (4, 3), (5, 4)])
@pytest.mark.parametrize("ffd", ["1.05", "1.1", "1.2"])
def test_every_type_in_every_format(ffd: str, kind: int, sign: int) -> None:
    host = Host(ffd=ffd)
    host.open_shift()
    host.good("49 00", bcd(100_000, 5))
    host.open_receipt(kind)
    host.position(10_000)
    host.pay(10_000)
    host.close()
    assert tags(host)["1054"] == sign
    assert tags(host)["1031"] == "100.00"
    assert host.dumped()[-1]["type"] == "receipt"
    moved = 10_000 if kind in (1, 5) else -10_000
    assert int(host.register("0A")) == 100_000 + moved


@pytest.mark.parametrize(("kind", "sign"), [(7, 1), (8, 2), (9, 3), (10, 4)])
def test_corrections(kind: int, sign: int) -> None:
    host = Host(ffd="1.1")
    host.open_shift()
    host.good("49 00", bcd(100_000, 5))
    host.open_receipt(kind)
    host.position(1_000)
    host.pay(1_000)
    assert host.error("4A 00 01", bytes(5)) == 0xD3  # no basis yet
    host.requisite(1173, b"\0")
    host.requisite(1174, tlv(1178, le(1_795_132_800, 4)) + tlv(1179, "1"))
    host.close()
    assert host.dumped()[-1]["type"] == "correction"
    assert tags(host)["1054"] == sign
    assert tags(host)["1173"] == 0
    assert tags(host)["1174"] == {"1178": "2026-11-20T00:00:00", "1179": "1"}


def test_corrections_of_the_oldest_format_are_not_there() -> None:
    host = Host(ffd="1.05")
    host.open_shift()
    assert host.error("92 00 07") == 0x6A


@pytest.mark.parametrize("tax", range(1, 7))
def test_each_tax(tax: int) -> None:
    host = begun()
    host.position(12_345, tax=tax)
    host.pay(12_345)
    host.close()
    item = tags(host)["1059"][0]
    assert item["1199"] == tax
    if tax in PERCENT:
        own = round(12_345 * PERCENT[tax] / (100 + PERCENT[tax]))
        assert item["1200"] == tags(host)[TOTALS[tax]] == f"{own // 100}.{own % 100:02d}"
    else:
        assert "1200" not in item
        assert tags(host)[TOTALS[tax]] == "123.45"


def test_taxes_of_the_host() -> None:
    host = begun()
    host.position(12_000, tax_sum=1_999)
    host.position(11_000, tax=2)
    host.good("B8 00 00 02", bcd(1_001, 5))
    assert host.register("3D", 1) == f"{1999:014d}"
    assert host.register("3D", 2) == f"{1001:014d}"
    host.pay(23_000)
    host.close()
    assert tags(host)["1059"][0]["1200"] == "19.99"
    assert (tags(host)["1102"], tags(host)["1103"]) == ("19.99", "10.01")


def test_payments_of_every_kind() -> None:
    host = begun()
    host.position(15_000)
    for kind, amount in ((2, 1_000), (3, 2_000), (4, 3_000), (5, 4_000)):
        host.pay(amount, kind)
    assert host.pay(10_000) == (0, 5_000)
    host.close()
    paid = {tag: tags(host)[tag] for tag in ("1031", "1081", "1215", "1216", "1217", "1020")}
    assert list(paid.values()) == ["50.00", "10.00", "20.00", "30.00", "40.00", "150.00"]
    assert "СДАЧА" in host.paper.slips[-1].text()


def test_the_close_may_pay() -> None:
    host = begun()
    host.position(15_000)
    host.good("4A 00 02", bcd(15_000, 5))
    assert tags(host)["1081"] == "150.00"


def test_kopecks_are_rounded_off() -> None:
    host = begun()
    host.position(10_050, tax=6)
    host.good("43 00 00 01 00", bcd(50, 5))
    assert host.register("14")[:10] == "0000010000"
    assert host.error("43 00 00 01 00", bcd(50, 5)) == 0x7C
    host.pay(10_000)
    host.close()
    assert (tags(host)["1020"], tags(host)["1105"]) == ("100.00", "100.50")


def test_requisites_of_receipt_and_position() -> None:
    host = Host(ffd="1.1")
    host.requisite(1021, "Иванов")
    host.requisite(1203, "500100732259")
    host.open_shift()
    host.requisite(1021, "Петров")
    host.open_receipt()
    host.requisite(1008, "+79990000000")
    host.requisite(1055, b"\x02")
    host.requisite(1084, tlv(1085, "job") + tlv(1086, "42"))
    host.requisite(1227, "Сидоров")
    host.requisite(1228, "500100732259")
    host.good("EA 00 01 00")
    host.requisite(1197, "кг")
    host.requisite(1191, "гарантия")
    host.requisite(1222, b"\x20")
    host.requisite(1226, "7701373758  ")
    host.requisite(1229, b"\x01")
    host.good("EB", position_fields(12_345, quantity=1_500, price=8_230, subject=10, method=1, department=3))
    host.pay(12_345)
    host.close()
    found = tags(host)
    assert {tag: found[tag] for tag in ("1021", "1008", "1055", "1084", "1227", "1228")} == {
        "1021": "Петров", "1008": "+79990000000", "1055": 2, "1084": {"1085": "job", "1086": "42"},
        "1227": "Сидоров", "1228": "500100732259",
    }  # fmt: skip
    assert "1203" not in found
    assert found["1059"] == [{
        "1214": 1, "1212": 10, "1030": "Молоко", "1079": "82.30", "1023": "1.5", "1199": 1, "1200": "20.58",
        "1043": "123.45", "1197": "кг", "1191": "гарантия", "1222": 32, "1226": "7701373758", "1229": "0.01",
    }]  # fmt: skip


def test_what_a_position_does_not_name() -> None:
    host = begun()
    host.position(100, subject=0, method=0, department=0)
    host.pay(100)
    host.close()
    assert (tags(host)["1059"][0]["1212"], tags(host)["1059"][0]["1214"]) == (1, 4)


def test_an_electronic_receipt_needs_no_paper() -> None:
    host = Host()
    host.open_shift()
    printed = len(host.paper.slips)
    host.device.take_paper()
    assert host.error("92 00 01") == 0x67
    host.open_receipt(flags=4)
    host.position(100)
    host.pay(100)
    host.close()
    assert host.fd == 3
    assert len(host.paper.slips) == printed


def test_cancel() -> None:
    host = begun()
    host.position(100)
    host.pay(50)
    host.good("59")
    assert host.error("59") == 0x9A
    assert host.fd == 2
    host.sell()
    assert host.fd == 3
    assert int(host.register("0A")) == 10_000


def refused(*steps: Callable[[Host], object]) -> int:
    host = begun()
    *before, last = steps
    for step in before:
        step(host)
    with pytest.raises(Refused) as caught:
        last(host)
    return caught.value.error


def one(host: Host) -> None:
    host.position(10_000)


def bad(total: int = 100, **changed: Any) -> Callable[[Host], None]:
    return lambda host: host.position(total, **changed)


def cmd(command: str) -> Callable[[Host], bytes]:
    return lambda host: host.good(command)


REFUSALS = [
    ([bad(quantity=0)], 0x0A),
    ([bad(tax=7)], 0x46),
    ([bad(tax=0)], 0x46),
    ([bad(subject=31)], 0x46),
    ([bad(subject=99)], 0x46),
    ([bad(method=8)], 0x46),
    ([bad(name="")], 0x46),
    ([bad(name="x" * 129)], 0x46),
    ([bad(department=17)], 0x7D),
    ([bad(tax_sum=101)], 0xDF),
    ([bad(9_999_999_999), one], 0x81),
    ([cmd("EA 00 02 00")], 0x46),
    ([lambda host: host.good("EB", position_fields(100))], 0x66),
    ([lambda host: host.close()], 0xB3),
    ([lambda host: host.pay(100)], 0xB3),
    ([one, lambda host: host.close()], 0x86),
    ([one, lambda host: host.pay(9_999), lambda host: host.close()], 0x86),
    ([one, lambda host: host.pay(10_001, 2)], 0x71),
    ([one, lambda host: host.pay(100, 6)], 0x7E),
    ([one, lambda host: host.pay(0)], 0x08),
    ([one, lambda host: host.pay(100), one], 0x66),
    ([one, cmd("EA 00 01 00"), lambda host: host.pay(100)], 0x66),
    ([one, cmd("43 00 00 01 00 0000000100")], 0x10),
    ([one, cmd("43 00 00 01 01 0000000010")], 0x10),
    ([one, cmd("43 00 00 01 00 0000000010"), one], 0x7C),
    ([one, cmd("B8 00 00 07 0000000010")], 0x46),
    ([one, cmd("B8 00 00 01 0000010001")], 0xDF),
    ([one, cmd("B8 00 00 02 0000000010"), lambda host: host.pay(10_000), lambda host: host.close()], 0xDF),
    ([lambda host: host.requisite(1055, b"\x08")], 0x46),
    ([lambda host: host.requisite(1055, b"\x03")], 0x46),
    ([lambda host: host.requisite(1038, le(1, 4))], 0xD3),
    ([lambda host: host.requisite(1163, b"")], 0x46),
    ([cmd("EA 00 01 00"), lambda host: host.requisite(1163, tlv(1305, "x" * 38))], 0x46),
    ([cmd("EA 00 01 00"), lambda host: host.requisite(1008, "x")], 0xD3),
]


@pytest.mark.parametrize(("steps", "error"), REFUSALS)
def test_refusals(steps: list[Callable[[Host], object]], error: int) -> None:
    assert refused(*steps) == error


@pytest.mark.parametrize("kind", [2, 4])
def test_what_is_paid_out_must_be_in_the_drawer(kind: int) -> None:
    host = begun(kind)
    host.position(100)
    host.pay(100)
    assert host.error("4A 00 01", bytes(5)) == 0x98
    assert host.fd == 2
    host.good("59")
    host.good("49 00", bcd(100, 5))
    host.open_receipt(kind)
    host.position(100)
    host.pay(100)
    host.close()


@pytest.mark.parametrize(
    "command", ["EA 00 01 00", "99 00 01 0000000001", "4A 00 01 0000000000", "43 00 00 01 00 0000000001"]
)
def test_what_needs_an_open_receipt(command: str) -> None:
    host = Host()
    host.open_shift()
    assert host.error(command) == 0x9A


def test_a_position_that_was_refused_may_be_sent_again() -> None:
    host = begun()
    host.good("EA 00 01 00")
    assert host.error("EB", position_fields(100, tax=9)) == 0x46
    host.good("EB", position_fields(100))
    host.pay(100)
    host.close()


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 5_000_000), st.integers(1, 6), st.integers(1, 99_999)), min_size=1, max_size=6),
    st.integers(0, 100),
)
def test_any_receipt_adds_up(lines: list[tuple[int, int, int]], share: int) -> None:
    host = begun()
    total = sum(amount for amount, _, _ in lines)
    for amount, tax, quantity in lines:
        host.position(amount, tax=tax, quantity=quantity)
    card = total * share // 100
    if card:
        host.pay(card, 2)
    if total - card:
        host.pay(total - card)
    host.close()
    found = tags(host)
    kopecks = {tag: int(found.get(tag, "0.00").replace(".", "")) for tag in ("1020", "1031", "1081")}
    assert kopecks == {"1020": total, "1031": total - card, "1081": card}
    assert [item["1043"] for item in found["1059"]] == [f"{amount // 100}.{amount % 100:02d}" for amount, _, _ in lines]
    assert int(host.register("0C", 0)) == total
    assert int(host.register("0A")) == total - card

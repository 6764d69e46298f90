"""TLV byte for byte, both ways, and against any bytes at all."""

from __future__ import annotations

import contextlib
import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.ffd.money import MAX_SUM
from protocol.ffd.records import document_size, item_records, receipt_records
from protocol.ffd.tags import CHILDREN, CONTAINERS, REPEATABLE, TAGS, Kind
from protocol.ffd.tlv import Record, TlvError, decode_document, encode, encode_all, records
from protocol.ffd.totals import vat_totals
from protocol.ffd.vat import Vat

from .payloads import item, payload, planned

EPOCH = datetime.fromisoformat("1970-01-01T00:00:00")

EXAMPLES: list[tuple[int, Any, str, Any]] = [
    (1020, 10000, "FC 03 02 00 10 27", "100.00"),
    (1023, Decimal(3), "FF 03 02 00 00 03", "3"),
    (1023, Decimal("0.345"), "FF 03 03 00 03 59 01", "0.345"),
    (1030, "Хлеб", "06 04 04 00 95 AB A5 A1", "Хлеб"),
    (1018, "7707083893", "FA 03 0C 00 37 37 30 37 30 38 33 38 39 33 20 20", "7707083893"),
    (1012, datetime.fromisoformat("2026-11-21T14:05:00"), "F4 03 04 00 0C A5 01 6B", "2026-11-21T14:05:00"),
    (1077, bytes.fromhex("2104C4F17760"), "35 04 06 00 21 04 C4 F1 77 60", "3304159072"),
    (
        1115,
        [(1119, [(1199, 11), (1120, 14558)])],
        "5B 04 0F 00 5F 04 0B 00 AF 04 01 00 0B 60 04 02 00 DE 38",
        [{"1119": {"1199": 11, "1120": "145.58"}}],
    ),
    (1031, 0, "07 04 01 00 00", "0.00"),
    (1040, 1, "10 04 04 00 01 00 00 00", 1),
    (
        1084,
        [(1085, "ID"), (1086, "K7")],
        "3C 04 0C 00 3D 04 02 00 49 44 3E 04 02 00 4B 37",
        {"1085": "ID", "1086": "K7"},
    ),
    (2108, 11, "3C 08 01 00 0B", 11),
]


@pytest.mark.parametrize(("tag", "value", "wire", "shown"), EXAMPLES, ids=[str(example[0]) for example in EXAMPLES])
def test_examples_both_ways(tag: int, value: Any, wire: str, shown: Any) -> None:
    assert encode(tag, value) == bytes.fromhex(wire)
    assert decode_document(bytes.fromhex(wire)) == {str(tag): shown}


def test_repeatable_tags_are_lists_even_when_alone() -> None:
    one = encode(1059, [(1030, "Чай")])
    assert decode_document(one) == {"1059": [{"1030": "Чай"}]}
    assert decode_document(one + one) == {"1059": [{"1030": "Чай"}, {"1030": "Чай"}]}


def test_unknown_tags_are_kept_as_hexadecimal_text() -> None:
    assert decode_document(encode(9999, b"\x01\xff")) == {"9999": "01ff"}


@pytest.mark.parametrize(
    ("wire", "why"),
    [
        ("FC", "half a header"),
        ("FC 03 02 00 10", "cut short"),
        ("0D 05 00 00", "a number of no bytes"),
        ("FC 03 09 00 01 02 03 04 05 06 07 08 09", "a number of nine bytes"),
        ("FF 03 01 00 03", "a quantity without digits"),
        ("FF 03 02 00 07 01", "a quantity of seven places"),
        ("10 04 02 00 01 00", "u32 in two bytes"),
        ("35 04 04 00 C4 F1 77 60", "a fiscal sign of four bytes"),
        ("23 04 03 00 06 04 FF", "a broken record inside a line"),
        ("FC 03 01 00 01 FC 03 01 00 01", "the total twice"),
    ],
)
def test_malformed(wire: str, why: str) -> None:
    with pytest.raises(TlvError):
        decode_document(bytes.fromhex(wire))


def test_structures_nested_without_end_are_refused() -> None:
    data = b""
    for _ in range(10_000):
        if len(data) > 65_000:
            break
        data = encode(9999, data).replace((9999).to_bytes(2, "little"), (1157).to_bytes(2, "little"), 1)
    with pytest.raises(TlvError, match="deeply"):
        decode_document(data)


@given(st.binary(max_size=200))
def test_any_bytes_give_values_or_a_tlv_error(data: bytes) -> None:
    _decode_or_refuse(data)


tag_numbers = st.sampled_from(sorted(TAGS))
junk_records = st.lists(st.tuples(tag_numbers, st.binary(max_size=24)), max_size=6).map(
    lambda pairs: b"".join(tag.to_bytes(2, "little") + bytes([len(raw), 0]) + raw for tag, raw in pairs)
)


@given(
    st.recursive(
        junk_records,
        lambda inner: st.tuples(st.sampled_from(sorted(CHILDREN)), inner).map(
            lambda pair: pair[0].to_bytes(2, "little") + len(pair[1]).to_bytes(2, "little") + pair[1]
        ),
    )
)
def test_well_framed_junk_gives_values_or_a_tlv_error(data: bytes) -> None:
    _decode_or_refuse(data)


def _decode_or_refuse(data: bytes) -> None:
    with contextlib.suppress(TlvError):
        json.dumps(decode_document(data))


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        (1020, 1 << 48),
        (1020, -1),
        (1020, "100.00"),
        (1020, True),
        (1040, 1 << 32),
        (1023, Decimal("0.1234567")),
        (1023, Decimal("NaN")),
        (1030, "Я" * 129),
        (1030, "₽"),
        (1018, "77070838930000"),
        (1059, "text"),
        (1059, [(1030, "Ж" * 120)] * 9),
        (9999, "unknown tags take bytes only"),
        (70000, b""),
    ],
)
def test_values_that_a_tag_cannot_carry(tag: int, value: Any) -> None:
    with pytest.raises(TlvError):
        encode(tag, value)


letters = st.text(bytes(range(0x20, 0x100)).decode("cp866"), max_size=8)
VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.STR: letters,
    Kind.FIXED: st.text("0123456789", max_size=3),
    Kind.BYTE: st.integers(0, 255),
    Kind.BITS8: st.integers(0, 255),
    Kind.U16: st.integers(0, 0xFFFF),
    Kind.U32: st.integers(0, 0xFFFFFFFF),
    Kind.BITS32: st.integers(0, 0xFFFFFFFF),
    Kind.MONEY: st.integers(0, (1 << 48) - 1),
    Kind.VLN: st.integers(0, (1 << 64) - 1),
    Kind.FVLN: st.decimals(0, 99999, places=6),
    Kind.TIME32: st.integers(0, 0xFFFFFFFF).map(lambda second: EPOCH + timedelta(seconds=second)),
    Kind.BYTES: st.binary(min_size=6, max_size=6),
}


@st.composite
def written_and_shown(draw: st.DrawFn, number: int) -> tuple[Any, Any]:
    """A value that a tag can carry, and how the dump should show it."""
    tag = TAGS[number]
    if tag.kind is Kind.STLV:
        return draw(structures(number))
    value = draw(VALUES[tag.kind])
    if isinstance(value, str):
        value = value[: tag.length]
    match tag.kind:
        case Kind.MONEY:
            return value, f"{value // 100}.{value % 100:02}"
        case Kind.FVLN:
            return value, format(value.normalize(), "f")
        case Kind.TIME32:
            return value, value.isoformat()
        case Kind.FIXED:
            return value, value.rstrip(" ")
        case Kind.BYTES:
            return value, str(int.from_bytes(value[2:], "big")) if number == 1077 else value.hex()
        case _:
            return value, value


@st.composite
def structures(draw: st.DrawFn, number: int) -> tuple[Any, Any]:
    """A few of the parts, within the structure's length; repeatable ones up to twice."""
    written: list[tuple[int, Any]] = []
    shown: list[dict[str, Any]] = []
    room = TAGS[number].length or 200
    parts = CHILDREN.get(number, ())
    for child in draw(st.lists(st.sampled_from(parts), unique=True, max_size=4)) if parts else ():
        for _ in range(draw(st.integers(1, 2)) if child in REPEATABLE else 1):
            value, seen = draw(written_and_shown(child))
            room -= len(encode(child, value))
            if room >= 0:
                written.append((child, value))
                shown.append({str(child): seen})
    if number in CONTAINERS:
        return written, shown
    merged: dict[str, Any] = {}
    for one in shown:
        for key, seen in one.items():
            if int(key) in REPEATABLE:
                merged.setdefault(key, []).append(seen)
            else:
                merged[key] = seen
    return written, merged


@pytest.mark.parametrize("number", sorted(TAGS))
@settings(max_examples=12)
@given(data=st.data())
def test_every_tag_survives_writing_and_reading(number: int, data: st.DataObject) -> None:
    value, shown = data.draw(written_and_shown(number))
    wire = encode(number, value)
    assert decode_document(wire) == {str(number): [shown] if number in REPEATABLE else shown}
    assert list(records(wire)) == [Record(number, wire[4:])]


@pytest.mark.parametrize("number", [tag.number for tag in TAGS.values() if tag.kind is Kind.MONEY])
def test_a_sum_of_no_bytes_is_zero(number: int) -> None:
    """Some devices cut every zero byte of a number, the last one as well."""
    assert decode_document(number.to_bytes(2, "little") + b"\0\0") == {str(number): "0.00"}


def test_counters_of_a_shift() -> None:
    sales = [(1135, 2), (1201, 350000), (1136, 100000), (1138, 250000), (1139, 0), (1183, 350000)]
    shift = [(1134, 3), (1129, sales), (1133, [(1144, 1)])]
    expected = {
        "1134": 3,
        "1129": {
            "1135": 2,
            "1201": "3500.00",
            "1136": "1000.00",
            "1138": "2500.00",
            "1139": "0.00",
            "1183": "3500.00",
        },
        "1133": {"1144": 1},
    }
    for number in (1157, 1158, 1194):
        assert decode_document(encode(number, shift)) == {str(number): expected}


def test_counters_hold_the_largest_sums_that_registers_take() -> None:
    """1129 to 1132 have 116 bytes: a count and twelve sums of five bytes, the limit of a receipt, too."""
    full = [(child, 1 if child == 1135 else MAX_SUM) for child in CHILDREN[1129]]
    assert len(encode(1129, full)) == 4 + TAGS[1129].length


def test_the_table_is_consistent() -> None:
    assert {number for number, tag in TAGS.items() if tag.kind is Kind.STLV} - {1145, 1146, 1232, 1233} == set(CHILDREN)
    assert {child for children in CHILDREN.values() for child in children} <= set(TAGS)
    assert set(CONTAINERS) | set(REPEATABLE) <= set(TAGS)


def test_a_planned_receipt_reads_back_as_planned() -> None:
    receipt = planned(
        payload(
            item("610.00", "2", "vat22"),
            item("275.00", "2", "vat10"),
            item("10.00", "0.5", "none", unit="kilogram"),
            card="1000.00",
            cash="1000.00",
            buyer={"contact": "8 900 123-45-67"},
        ),
        imprint="K7Q2",
    )
    tags = decode_document(encode_all(receipt_records(receipt, "1.2")))
    assert vat_totals(tags) == {Vat.VAT10: 5000, Vat.NONE: 500, Vat.VAT22: 22000}
    assert tags["1115"] == [{"1119": {"1199": 11, "1120": "220.00"}}]
    assert (tags["1020"], tags["1031"], tags["1081"]) == ("1775.00", "775.00", "1000.00")
    assert (tags["1008"], tags["1084"]) == ("+79001234567", {"1085": "ID", "1086": "K7Q2"})
    assert tags["1059"][2] == {
        "1214": 4,
        "1212": 1,
        "1030": "Товар",
        "1079": "10.00",
        "1023": "0.5",
        "2108": 11,
        "1199": 6,
        "1200": "0.00",
        "1043": "5.00",
    }


def test_the_largest_plain_line_is_far_below_its_limit() -> None:
    line = item("10995116277.74", "0.999999", "vat22", name="Ж" * 128, unit="other")
    receipt = planned(payload(line, card="10995105282.62"))
    assert len(encode_all(item_records(receipt.lines[0], "1.2"))) < 300
    assert document_size(receipt, "1.2") > len(encode_all(receipt_records(receipt, "1.2")))


def test_totals_are_read_in_either_form_of_the_container_and_without_the_accompanying_zero() -> None:
    as_list = {"1104": "0.00", "1115": [{"1119": {"1199": 11, "1120": "1.00"}}, {"1119": {"1199": 7, "1120": "2.00"}}]}
    as_object = {"1115": {"1119": [{"1199": 11, "1120": "1.00"}, {"1199": 7, "1120": "2.00"}]}}
    assert vat_totals(as_list) == vat_totals(as_object) == {Vat.VAT5: 200, Vat.VAT22: 100}


def test_records_are_split_in_order() -> None:
    assert [record.tag for record in records(encode(1020, 1) + encode(1031, 1))] == [1020, 1031]

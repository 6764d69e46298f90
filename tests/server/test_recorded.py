"""What is read out of a bundle's traces: one job's records in their order; whatever is damaged is told."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from random import Random
from typing import Any

import pytest

from server.services import recorded
from server.services.recorded import Exchange, exchange_of, jobs_of

HEADER = {"trace": 1, "kkm_id": "17", "driver": "shtrih", "address": "***", "program": "k", "clock": "x", "mono": 1.0}


def line(second: float, job: str | None = "order-7", **more: Any) -> dict[str, Any]:
    at = f"2026-11-23T09:00:{second:09.6f}+00:00"
    return {"at": at, "mono": second, "way": "tx", "hex": "02", "command": "Status", "job": job, "attempt": 1} | more


def lines(*records: Any, header: Any = HEADER) -> bytes:
    made = (
        one if isinstance(one, bytes) else json.dumps(one, ensure_ascii=False).encode() for one in (header, *records)
    )
    return b"".join(one + b"\n" for one in made)


def zipped(parts: dict[str, bytes], way: int = zipfile.ZIP_DEFLATED) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", way) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return whole.getvalue()


def trace(*records: Any, header: Any = HEADER) -> bytes:
    return zipped({"manifest.json": b'{"jobs": ["order-7"]}', "traces/1/a.jsonl": lines(*records, header=header)})


def read(content: bytes, job: str = "order-7", start: int = 0, most: int = 50, **more: Any) -> Exchange:
    return exchange_of(content, job, start, most, **more)


def damages(found: Exchange) -> list[tuple[str, int | None]]:
    return [(one.code, one.count) for one in found.damages]


# --- what is there ----------------------------------------------------------------------------------------------------


def test_one_jobs_records_and_no_other_ones() -> None:
    found = read(trace(line(1, None), line(2), line(3, "order-70"), line(4, "order-7/payment1"), line(5, "x-order-7")))
    assert [(one.at.second, one.part) for one in found.records] == [(2, None), (4, "payment1")]
    assert (found.total, found.damages) == (2, [])


def test_a_record_is_told_as_the_pc_has_decoded_it() -> None:
    told = line(
        1.5, way="rx", hex="02ff45", command="CloseReceipt", fields={"change": 0}, result="6Bh paper_out",
        masked=["password"],
    )  # fmt: skip
    (record,) = read(trace(told)).records
    assert (record.kkm_id, record.driver, record.way, record.command, record.attempt) == (
        "17", "shtrih", "rx", "CloseReceipt", 1,
    )  # fmt: skip
    assert (record.fields, record.result, record.masked) == ({"change": 0}, "6Bh paper_out", ["password"])
    assert (record.hex, record.text, record.bytes) == ("02ff45", None, 3)


def test_the_tags_of_a_document_are_told() -> None:
    total = struct.pack("<HH", 1020, 2) + (1000).to_bytes(2, "little")
    (record,) = read(trace(line(1, fields={"tlv": total.hex()}))).records
    assert record.tags == {"1020": "10.00"}


def test_a_register_and_a_terminal_are_one_conversation_and_each_keeps_its_order() -> None:
    """The PC's clock was turned back between the register's lines: they stay as they were said."""
    terminal = HEADER | {"kkm_id": "t17", "driver": "inpas"}
    found = read(
        zipped(
            {
                "traces/1/b.jsonl": lines(line(9, command="third")),
                "traces/1/a.jsonl": lines(line(5, command="first"), line(3, command="second")),
                "traces/2/a.jsonl": lines(line(4, "order-7/payment1", command="paid"), header=terminal),
            }
        )
    )
    assert [one.command for one in found.records] == ["paid", "first", "second", "third"]
    assert found.records[0].kkm_id == "t17"


def test_what_says_nothing_of_the_work_is_left_out_unless_asked_for() -> None:
    content = trace(line(1, command="ENQ"), line(2), line(3, command="ACK"))
    assert (read(content).total, read(content, everything=True).total) == (1, 3)


def test_pages() -> None:
    content = trace(*(line(n) for n in range(10)))
    assert [one.at.second for one in read(content, start=4, most=3).records] == [4, 5, 6]
    assert (read(content, start=50).records, read(content, start=50).total) == ([], 10)


# --- what a stranger makes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad",
    [
        b"", b"{", b"[]", b"null", b"\xff\xfe order-7", b'{"job": "order-7"}', b'{"job": "order-7", "at": "\\ud800"}',
        b'{"job":"order-7","at":"0001-01-01T00:00:00+14:00","way":"tx"}',
        b'{"job":"order-7","at":"9999-12-31T23:59:59-14:00","way":"tx"}',
        b'{"job":"order-7","at":"2026-11-23T09:00:00","way":"tx"}',
        b'{"job":"order-7","at":"2026-11-23T09:00:00Z","way":"sideways"}',
        b'{"job":"order-7","at":"2026-11-23T09:00:00Z","way":"tx","hex":"zz"}',
        b'{"job":"order-7","at":"2026-11-23T09:00:00Z","way":"tx","fields":[1]}',
        b'{"job":"order-7","at":"2026-11-23T09:00:00Z","way":"tx","attempt":-1}',
        b'{"job":"order-7","at":"2026-11-23T09:00:00Z","way":"tx","fields":' + b"[" * 100_000 + b"}",
        b'{"job":"order-7","at":"2026-11-23T09:00:00Z","way":"tx","fields":{"x":' + b"9" * 10_000 + b"}}",
        b'{"job":"order-7","at":"2026-11-23T09:00:00Z","way":"tx","text":"' + b"x" * recorded.MOST_LINE + b'"}',
    ],
)  # fmt: skip
def test_a_line_that_is_none_is_counted_and_the_others_are_told(bad: bytes) -> None:
    found = read(trace(line(1), bad, line(2)))
    assert [one.at.second for one in found.records] == [1, 2]
    assert damages(found) == ([("bad_lines", 1)] if b"order-7" in bad else [])


@pytest.mark.parametrize("bad", ["\x00\x1b[31m", "\u202eabc", "\ud800"])
def test_letters_that_nobody_sees_are_shown_as_such(bad: str) -> None:
    told = json.dumps(line(1, command=f"a{bad}b", fields={f"n{bad}": f"v{bad}"}, text=bad, hex=None)).encode()
    found = read(trace(told))
    for record in found.records:  # half a letter is no JSON for every parser: then the line is counted
        shown = record.model_dump_json()
        assert "\\u001b" not in shown
        assert "\u202e" not in shown
        assert "\ufffd" in shown
    assert len(found.records) + sum(count or 0 for _, count in damages(found)) == 1


def test_values_have_an_end() -> None:
    deep: Any = "x"
    for _ in range(50):
        deep = [deep]
    many = {f"k{n}": n for n in range(1000)}
    told = line(1, fields={"deep": deep, "wide": list(range(1000)), "many": many, "long": "я" * 10_000, "big": 2**200},
                text="x" * 10_000, hex=None)  # fmt: skip
    (record,) = read(trace(told)).records
    assert len(record.model_dump_json()) < 20_000
    assert record.text is not None
    assert (len(record.text), record.bytes) == (recorded.LONGEST + 1, 10_000)
    assert record.fields["long"].endswith("я…")


def test_a_hundred_thousand_records_are_counted_and_not_told() -> None:
    one = json.dumps(line(1)).encode()
    found = read(trace(*[one] * 100_000), start=recorded.MOST_RECORDS - 1)
    assert (found.total, len(found.records)) == (recorded.MOST_RECORDS, 1)
    codes = {code for code, _ in damages(found)}
    assert codes <= {"too_many_records", "too_large"}
    assert codes


def test_a_part_that_unpacks_to_more_than_it_may_is_cut() -> None:
    bomb = b" " * (recorded.MOST_BYTES * 4)
    content = zipped({"traces/1/a.jsonl": lines(line(1)) + bomb, "traces/1/b.jsonl": lines(line(2))})
    assert len(content) < 200_000
    found = read(content)
    assert [one.at.second for one in found.records] == [1]
    assert {code for code, _ in damages(found)} >= {"too_large"}


def test_many_parts_share_one_measure() -> None:
    content = zipped({f"traces/1/{n:03}.jsonl": lines() + b" " * (recorded.MOST_BYTES // 10) for n in range(30)})
    assert {code for code, _ in damages(read(content))} == {"too_large"}
    assert len(read(content).damages) <= recorded.MOST_DAMAGES


def directory_of(entries: int) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for n in range(entries):
            archive.writestr(f"traces/1/{n}.jsonl", b"")
    return whole.getvalue()


def with_comment() -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("traces/1/a.jsonl", lines(line(1)))
        archive.comment = b"x" * 100
    return whole.getvalue()


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04", b"x" * 1000, b"PK\x05\x06" + b"\xff" * 16 + b"\0\0", with_comment(),
     directory_of(recorded.MOST_ENTRIES + 1), b"PK\x06\x07" + bytes(16) + b"PK\x05\x06" + bytes(18)],
    ids=["nothing", "a beginning", "no zip", "lies", "a comment", "too many entries", "zip64"],
)  # fmt: skip
def test_what_is_no_bundle_says_so(content: bytes) -> None:
    found = read(content)
    assert (found.total, damages(found)) == (0, [("no_bundle", None)])
    assert jobs_of(content) == []


def test_an_empty_zip_is_empty() -> None:
    assert read(b"PK\x05\x06" + bytes(18)) == Exchange([], 0, [])


def test_a_part_that_was_struck_gives_what_stands_before_it() -> None:
    """Every byte of a zip once changed, and the zip cut off at every place: never more than a named damage."""
    rows = [line(n, fields={"n": n}) for n in range(40)]
    whole, chance = trace(*rows), Random(7)
    named = {"no_bundle", "unreadable", "bad_lines", "too_large"}
    for at in range(len(whole)):
        for broken in (whole[:at], whole[:at] + bytes([whole[at] ^ (1 << chance.randrange(8))]) + whole[at + 1 :]):
            found = read(broken)
            assert {code for code, _ in damages(found)} <= named
            assert found.total <= 40
            jobs_of(broken)


@pytest.mark.parametrize("way", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_ways_of_packing_that_need_any_amount_of_memory_are_not_unpacked(way: int) -> None:
    content = zipped({"traces/1/a.jsonl": lines(line(1))}, way)
    assert damages(read(content)) == [("unreadable", None)]


def test_a_part_that_needs_a_password_is_not_read() -> None:
    content = bytearray(trace(line(1)))
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(mark)
        while at >= 0:
            content[at + flags] |= 1
            at = content.find(mark, at + 1)
    assert damages(read(bytes(content))) == [("unreadable", None)]


def test_names_outside_the_folder_of_traces_are_nothing() -> None:
    names = (
        "../traces/1/a.jsonl",
        "traces/1/../../x.jsonl",
        "traces/x/a.jsonl",
        "/traces/1/a.jsonl",
        "traces/1/a.json",
    )
    assert read(zipped({name: lines(line(1)) for name in names})) == Exchange([], 0, [])


@pytest.mark.parametrize("header", [b"", b"{}", {"trace": 2, "kkm_id": "17", "driver": "x"}, b"[" * 10_000])
def test_a_trace_without_its_first_line_is_told_without_a_device(header: Any) -> None:
    found = read(trace(line(1), header=header))
    assert [one.kkm_id for one in found.records] == ["?"]
    assert damages(found) == [("bad_lines", 1)]


# --- what a bundle is about -------------------------------------------------------------------------------------------


def test_the_jobs_that_a_bundle_is_about() -> None:
    assert jobs_of(trace()) == ["order-7"]


@pytest.mark.parametrize(
    "manifest",
    [b"", b"{", b"[]", b'{"jobs": "order-7"}', b'{"jobs": [1]}', b'{"jobs": ["\\ud800"]}', b"\xff",
     json.dumps({"jobs": ["x" * 65, "a/b", "заказ", "../x", ""]}).encode(),
     json.dumps({"jobs": [f"j{n}" for n in range(recorded.MOST_JOBS + 1)]}).encode(),
     b'{"jobs": ["a"]' + b" " * recorded.MOST_MANIFEST + b"}"],
)  # fmt: skip
def test_a_manifest_in_another_form_is_about_nothing(manifest: bytes) -> None:
    assert jobs_of(zipped({"manifest.json": manifest})) == []

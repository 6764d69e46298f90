# ruff: noqa: DTZ001  (a register has local time only)
"""A document's TLV as the library hands it over: kind, summary, imprint; damage is never taken for absence."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import DocumentKind
from drivers.errors import DeviceError, InDoubt, Refused
from drivers.fiscal.atol_json.archive import fiscal_document, kind_of
from protocol.ffd.tlv import Value, encode, encode_all
from protocol.wire.atol.json_answers import Document, FiscalParams

AT = datetime(2026, 11, 22, 10)
SUMMARY: list[tuple[int, Value]] = [(1012, AT), (1040, 7), (1038, 3), (1077, b"\x31\x04\x00\x00\x30\x39")]
RECEIPT: list[tuple[int, Value]] = [*SUMMARY, (1054, 1), (1020, 20100), (1042, 2)]
LAST = FiscalParams(fd=7, fpd="12345", at=AT, fn_serial="9999078900001234")


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"1054", "1020"}, DocumentKind.RECEIPT),
        ({"1054", "1173"}, DocumentKind.CORRECTION),
        ({"1054", "1174"}, DocumentKind.CORRECTION),
        ({"1038", "1118", "1111"}, DocumentKind.CLOSE_SHIFT),
        ({"1038", "1188", "1189"}, DocumentKind.OPEN_SHIFT),
        ({"1013", "1188", "1189"}, DocumentKind.REGISTRATION),
        ({"1013", "1205", "1188"}, DocumentKind.REREGISTRATION),
        ({"1013", "1101"}, DocumentKind.REREGISTRATION),
        ({"1038", "1097", "1213"}, DocumentKind.STATE_REPORT),
        (set(), None),
    ],
)
def test_the_kind_follows_from_what_only_it_must_have(tags: set[str], kind: DocumentKind | None) -> None:
    assert kind_of(dict.fromkeys(tags, 0)) is kind


def test_a_receipt() -> None:
    document = fiscal_document(7, Document(encode_all(RECEIPT)), None)
    assert (document.kind, document.fd, document.fpd, document.at) == (DocumentKind.RECEIPT, 7, "12345", AT)
    assert (document.sign, document.total, document.shift_number, document.receipt_in_shift) == (1, 20100, 3, 2)
    assert document.imprint == ""


@pytest.mark.parametrize(("wrapper", "kind"), [(3, DocumentKind.RECEIPT), (4, DocumentKind.STRICT_FORM),
                                               (31, DocumentKind.CORRECTION)])  # fmt: skip
def test_a_document_inside_one_record_of_its_form(wrapper: int, kind: DocumentKind) -> None:
    inside = encode_all(RECEIPT)
    whole = wrapper.to_bytes(2, "little") + len(inside).to_bytes(2, "little") + inside
    document = fiscal_document(7, Document(whole), None)
    assert (document.kind, document.total) == (kind, 20100)


def test_the_imprint() -> None:
    attribute = encode(1084, ((1085, "ID"), (1086, "ABCDEFGHIJKLM")))
    assert fiscal_document(7, Document(encode_all(RECEIPT) + attribute), None).imprint == "ABCDEFGHIJKLM"


def test_a_summary_that_is_not_in_the_tags_comes_from_the_library() -> None:
    bare = encode_all([(1054, 1), (1020, 1)])
    document = fiscal_document(7, Document(bare), LAST)
    assert (document.fpd, document.at) == ("12345", AT)
    named = fiscal_document(7, Document(bare, fpd="77", at=AT), None)
    assert (named.fpd, named.at) == ("77", AT)


def test_a_receipt_whose_tags_cannot_be_read_is_not_one_without_an_imprint() -> None:
    cut = encode_all(RECEIPT)[:-1]
    with pytest.raises(Refused, match="archive_unreadable"):
        fiscal_document(7, Document(cut), LAST)


@pytest.mark.parametrize("told", [Document(encode_all(RECEIPT), fpd="12354"), Document(encode_all(RECEIPT))])
def test_a_sign_that_is_told_in_two_ways_is_damaged(told: Document) -> None:
    with pytest.raises(InDoubt, match="signed 12345 by its tags, 12354 by its summary"):
        fiscal_document(7, told, None if told.fpd else replace(LAST, fpd="12354"))


def test_another_document_is_not_taken_for_this_one() -> None:
    with pytest.raises(InDoubt, match="asked for document 8, got 7"):
        fiscal_document(8, Document(encode_all(RECEIPT)), None)


@given(st.binary(max_size=200), st.integers(0, 300), st.integers(0, 255))
def test_any_bytes_give_a_document_or_a_verdict(junk: bytes, at: int, byte: int) -> None:
    damaged = bytearray(encode_all(RECEIPT))
    damaged[at % len(damaged)] = byte
    for tlv in (junk, bytes(damaged)):
        try:
            document = fiscal_document(7, Document(tlv or None), None)
        except DeviceError:
            continue
        assert document.fd == 7

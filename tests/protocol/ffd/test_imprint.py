"""The job's imprint in 1084: alone, behind the CRM's own attribute, and found again in either form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.crm.jobs import imprint_of
from protocol.ffd import imprint
from protocol.ffd.forms import VERSIONS, head_records
from protocol.ffd.tlv import decode_document, encode_all

from .payloads import codes, found, item, payload, planned

IMPRINT = "ABCDEFGHIJKLM"
printable = st.text(bytes(range(0x20, 0x7F)).decode("ascii") + "Жцщ№", min_size=1, max_size=40)


def props(name: str, value: str) -> dict[str, object]:
    return payload(item(), cash="100.00", additional_user_props={"name": name, "value": value})


def test_alone_it_is_named() -> None:
    assert imprint.user_attribute(None, IMPRINT) == ("ID", IMPRINT)
    assert imprint.imprint_in({"1085": "ID", "1086": IMPRINT}) == IMPRINT


def test_behind_an_attribute_of_the_crm() -> None:
    assert imprint.user_attribute(("Заказ", "1042"), IMPRINT) == ("Заказ", "1042; ID=ABCDEFGHIJKLM")
    assert imprint.imprint_in({"1085": "Заказ", "1086": "1042; ID=ABCDEFGHIJKLM"}) == IMPRINT


def test_without_an_imprint_the_attribute_stays_as_it_is() -> None:
    assert imprint.user_attribute(("Заказ", "1042"), None) == ("Заказ", "1042")
    assert imprint.user_attribute(None, None) is None


@pytest.mark.parametrize(
    "attribute",
    [
        {},
        {"1085": "Заказ", "1086": "1042"},
        {"1085": "Заказ", "1086": "1042; ID=SHORT"},
        {"1085": "Заказ", "1086": "1042; ID=ABCDEFGHIJKLM and more"},
        {"1085": "Заказ", "1086": "1042; ID=abcdefghijklm"},
        {"1085": "Заказ", "1086": "1042; ID=ABCDEFGHIJKL1"},
        {"1085": "Заказ", "1086": "ABCDEFGHIJKLM"},
        {"1086": "ABCDEFGHIJKLM"},
        {"1085": "ID"},
    ],
)
def test_there_is_none(attribute: dict[str, str]) -> None:
    assert imprint.imprint_in(attribute) == ""


def test_the_last_one_counts() -> None:
    assert imprint.imprint_in({"1085": "x", "1086": "a; ID=BBBBBBBBBBBBB; ID=ABCDEFGHIJKLM"}) == IMPRINT


@given(st.text(max_size=20), st.text(min_size=1, max_size=20), printable, printable)
def test_any_job_is_found_in_what_the_archive_shows(tenant: str, job: str, name: str, value: str) -> None:
    mine = imprint_of(tenant, job)
    assert len(mine) == imprint.LENGTH
    for own in (None, (name, value)):
        pair = imprint.user_attribute(own, mine)
        assert pair is not None
        if own is not None and name == "ID":
            continue  # refused before: see below
        shown = decode_document(encode_all([(1084, [(1085, pair[0]), (1086, pair[1])])]))["1084"]
        assert imprint.imprint_in(shown) == mine


@pytest.mark.parametrize("ffd", VERSIONS)
def test_a_document_has_one_1084_with_both(ffd: str) -> None:
    records = head_records(planned(props("Заказ", "№ 1042"), imprint=IMPRINT), ffd)
    attributes = [value for tag, value in records if tag == 1084]
    assert attributes == [((1085, "Заказ"), (1086, "№ 1042; ID=ABCDEFGHIJKLM"))]


def test_the_value_leaves_room_for_the_imprint() -> None:
    assert codes(props("Заказ", "ж" * 238)) == []
    (short,) = found(props("Заказ", "ж" * 239))
    assert (short.code, short.field) == ("E_IMPRINT_ROOM", "additional_user_props.value")
    assert short.expected == "at most 238 characters"


def test_the_whole_structure_leaves_room_too() -> None:
    """1084 has 320 bytes, less than its parts at their longest."""
    assert codes(props("н" * 64, "ж" * 230)) == []
    (long,) = found(props("н" * 64, "ж" * 231))
    assert (long.code, long.field, long.got) == ("E_STRUCTURE_SIZE", "additional_user_props", "321")


@pytest.mark.parametrize(("name", "value"), [("ID", "1042"), ("Заказ", "1; ID=ABCDEFGHIJKLM")])
def test_an_attribute_that_would_be_taken_for_an_imprint_is_refused(name: str, value: str) -> None:
    assert codes(props(name, value)) == ["E_IMPRINT_RESERVED"]

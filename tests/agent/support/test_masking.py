"""Nothing of a card but its first six and last four digits is left; fiscal numbers are."""

from __future__ import annotations

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.support.masking import (
    FISCAL,
    SECRETS,
    WITHHELD,
    is_card_number,
    mask_bytes,
    mask_json,
    mask_text,
    mask_value,
)
from tests.agent.support.cards import BYTES, FORMS, card_number, is_left

MANY = 10_000
PAN = "4276380012345679"

STAYS = {
    "fiscal drive": "9999078900001234",
    "fiscal drive of 2024": "7380440903012345",
    "registration number": "0000000001012345",
    "fiscal sign": "4264898815",
    "ИНН of a person": "500100732259",
    "ИНН of a company": "7708123450",
    "SNILS-like, too short": "11223344595",
    "EAN-13 with another Luhn digit": "4600439931256",
    "QR of a receipt": "t=20261122T1726&s=4500.00&fn=9999206752610688&i=3&fp=264898815&n=1",
    "marking code": "0104600439931256215Qbag!GS93dGVz",
    "marking code with a serial number of digits": "010460043993125621" + "1234567",
    "uuid": "4276380a-0012-4345-8790-427638001234",
    "moment": "2026-11-22T16:53:34.123456+00:00",
    "sum": "4500.00",
    "hash": "c45d0d1a857f4d7e84f71154d219a803425fb6f5cc30928ec77f6af627c35e8e",
    "frame": "02 05 11 1e 00 00 00 0a",
}


@pytest.mark.parametrize("text", STAYS.values(), ids=STAYS)
def test_what_is_no_card_stays(text: str) -> None:
    assert mask_text(text) == text
    assert mask_text(f"до {text} после") == f"до {text} после"
    assert mask_bytes(text.encode("utf-8")) == text.encode("utf-8")


def test_the_form_of_what_stays() -> None:
    assert mask_text(PAN) == "427638******5679"
    assert mask_text("4276 3800 1234 5679") == "4276 38******* 5679"
    assert mask_bytes(bytes.fromhex("5a08" + PAN)).hex() == "5a08427638ffffff5679"
    assert mask_text(f";{PAN}=25122011234567890?") == ";427638******5679" + "*" * 19


@pytest.mark.parametrize("form", FORMS)
def test_no_card_number_survives_in_a_text(form: str) -> None:
    random = Random(form)
    for _ in range(MANY // 20):
        pan = card_number(random)
        text = FORMS[form](pan, random)
        assert is_left(pan, text.encode()), "the search finds what is there"
        assert not is_left(pan, mask_text(text).encode()), text
        assert not is_left(pan, json.dumps(mask_value({"a": [text]}), ensure_ascii=False).encode()), text


@pytest.mark.parametrize("form", BYTES)
def test_no_card_number_survives_in_bytes(form: str) -> None:
    random = Random(form)
    for _ in range(MANY // 20):
        pan = card_number(random)
        data = BYTES[form](pan, random)
        assert is_left(pan, data), "the search finds what is there"
        assert not is_left(pan, mask_bytes(data)), data.hex()


def test_no_card_number_survives_in_any_field() -> None:
    """Ten thousand of them. The trade: in a field that the register or the catalogue alone fills, a number of exactly
    the form of what belongs there stays."""
    random = Random("fields")
    fields = ["", "name", "detail", "job_id", "order_ref", "imprint", *SECRETS, *FISCAL]
    kept = 0
    for _ in range(MANY):
        pan, field = card_number(random), random.choice(fields)
        if field in FISCAL and FISCAL[field](pan):
            assert mask_text(pan, field) == pan
            kept += 1
        else:
            assert not is_left(pan, mask_text(pan, field).encode()), field
        assert not is_left(pan, mask_text(f"№ {pan}", field).encode())
    assert kept


@pytest.mark.parametrize(
    ("field", "value"),
    [("gtin", "4600000000008"), ("fn", "9860000000000001"), ("registration_number", "4276380012345679")],
)
def test_a_known_field_keeps_what_belongs_there(field: str, value: str) -> None:
    """Each would be taken for a card's number elsewhere, or may be."""
    assert mask_value({field: value}) == {field: value}
    assert mask_json(f'{{"{field}": "{value}"}}') == f'{{"{field}": "{value}"}}'


def test_a_gtin_that_could_be_a_card_is_told_by_its_field() -> None:
    taken = [n for n in (f"460000000{at:04}" for at in range(10_000)) if FISCAL["gtin"](n) and is_card_number(n)]
    assert taken
    assert all(mask_text(one) != one and mask_text(one, "gtin") == one for one in taken[:20])


SECRET_TEXTS = {
    "bearer": ("Authorization: Bearer abc.def-ghi", "abc.def-ghi"),
    "key": ('{"api_key": "k-1234567"}', "k-1234567"),
    "password": ("password=Secret123&x=1", "Secret123"),
    "pin block": ("PIN block: 0123456789ABCDEF", "0123456789ABCDEF"),
    "e-mail": ("чек на ivanova@example.ru", "ivanova@example.ru"),
    "telephone": ("+79161234567", "9161234567"),
    "telephone by 8": ("89161234567", "9161234567"),
    "telephone, written": ("8 (916) 123-45-67", "123-45-67"),
}


@pytest.mark.parametrize(("text", "secret"), SECRET_TEXTS.values(), ids=SECRET_TEXTS)
def test_secrets_and_contacts(text: str, secret: str) -> None:
    assert secret in text
    assert secret not in mask_text(text)
    assert secret.encode() not in mask_bytes(text.encode("cp866"))


@pytest.mark.parametrize("field", sorted(SECRETS))
def test_a_secret_field_is_withheld(field: str) -> None:
    assert mask_value({field: "short", "n": {field.upper(): ["x"]}}) == {
        field: WITHHELD,
        "n": {field.upper(): WITHHELD},
    }


@given(st.text(max_size=80))
def test_any_text_keeps_its_length_and_is_masked_once(text: str) -> None:
    once = mask_text(text)
    assert len(once) == len(text)
    assert mask_text(once) == once
    assert len(mask_json(text)) == len(text)


@given(st.binary(max_size=120), st.booleans())
def test_any_bytes_keep_their_length(data: bytes, packed: bool) -> None:
    assert len(mask_bytes(data, packed=packed)) == len(data)


LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=20)


@given(
    st.recursive(
        LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    )
)
def test_any_value_can_be_masked(value: object) -> None:
    json.dumps(mask_value(value))

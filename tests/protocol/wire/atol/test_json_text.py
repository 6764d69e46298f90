"""Numbers of the task language: digit by digit, never by way of a float."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.wire.atol.json_text import MOST_TEXT, Json, JsonError, dumps, loads

SUMS = st.integers(0, 0xFF_FFFF_FFFE)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
    ),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("100.50"), "100.50"),
        (Decimal("0.1"), "0.1"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1E-6"), "0.000001"),
        (Decimal("-0.01"), "-0.01"),
        (Decimal("99999.999999"), "99999.999999"),
        (True, "true"),
        (False, "false"),
        (None, "null"),
        (10**18, "1000000000000000000"),
        ("Молоко «\"\\\n\x01", '"Молоко «\\"\\\\\\n\\u0001"'),
        ({"a": [1, {"b": ()}]}, '{"a":[1,{"b":[]}]}'),
    ],
)  # fmt: skip
def test_written(value: Json, text: str) -> None:
    assert dumps(value) == text


@given(SUMS, st.integers(0, 6))
def test_a_decimal_comes_back_as_itself(digits: int, places: int) -> None:
    value = Decimal(digits).scaleb(-places)
    assert Decimal(dumps({"sum": value})[len('{"sum":') : -1]) == value
    assert loads(dumps({"sum": value})) == {"sum": value}


@given(VALUES)
def test_what_is_written_any_reader_of_json_understands(value: Any) -> None:
    assert json.loads(dumps(value)) == value
    assert loads(dumps({"it": value})) == {"it": value}


@pytest.mark.parametrize(
    "value",
    [0.1, {"a": [1.0]}, Decimal("NaN"), Decimal("Infinity"), b"x", "\ud800", {"\udc00": 1}, object()],
)  # fmt: skip
def test_what_cannot_be_written(value: Any) -> None:
    with pytest.raises(JsonError):
        dumps(value)


def test_the_error_names_the_place() -> None:
    with pytest.raises(JsonError, match=r"^\.items\[1\]\.price: float"):
        dumps({"items": [{}, {"price": 0.5}]})  # type: ignore[dict-item]


def test_depth_has_an_end() -> None:
    value: Json = []
    for _ in range(40):
        value = [value]
    with pytest.raises(JsonError):
        dumps(value)


@pytest.mark.parametrize("text", ["", " \r\n", "\0"])
def test_an_empty_answer_is_an_answer_without_contents(text: str) -> None:
    assert loads(text) == {}


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "NaN",
        '{"a": Infinity}',
        "[" * 100_000,
        "1" * 5000,
        "1e99999999999999999999",
        " " * (MOST_TEXT + 1),
        "\ufeff{}",
    ],
)
def test_what_cannot_be_read(text: str) -> None:
    with pytest.raises(JsonError):
        loads(text)


@given(st.text())
def test_any_text_gives_a_value_or_the_protocols_own_error(text: str) -> None:
    with suppress(JsonError):
        loads(text)

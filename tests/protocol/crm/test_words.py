"""Ids, hashes, the imprint: what two programs must spell alike for years."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from protocol.crm.jobs import FINAL, JOB_ID, OPEN_INTENT, JobId, JobState, canonical_json, imprint_of, sha256_hex


def test_the_imprint_of_a_job_never_changes() -> None:
    """It stands in fiscal documents for years. printf 'tenant-1\\037order-1042-1' | sha256sum, in base32."""
    assert imprint_of("tenant-1", "order-1042-1") == "R4X2G7WD7H44Y"


@given(st.text(max_size=30), st.text(max_size=30))
def test_an_imprint_fits_the_document(tenant: str, job: str) -> None:
    assert re.fullmatch("[A-Z2-7]{13}", imprint_of(tenant, job))


def test_the_border_between_tenant_and_job_counts() -> None:
    assert len({imprint_of("a", "bc"), imprint_of("ab", "c"), imprint_of("abc", ""), imprint_of("", "abc")}) == 4


@pytest.mark.parametrize(
    ("value", "spelling"),
    [
        ({"b": 1, "a": [True, None, "я\n"]}, '{"a":[true,null,"я\\n"],"b":1}'),
        ({"1.0": 1.0, "10": 10}, '{"1.0":1.0,"10":10}'),
        ("", '""'),
    ],
)
def test_canonical_json(value: Any, spelling: str) -> None:
    assert canonical_json(value) == spelling.encode()


def test_a_hash_that_was_once_written_stays() -> None:
    assert sha256_hex({"a": 1}) == "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_json_cannot_spell_is_no_value(number: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical_json({"x": number})


@pytest.mark.parametrize(
    ("text", "valid"),
    [("order-1042-1", True), ("A.b_c:d-9", True), ("x" * 64, True), ("x" * 65, False), ("", False), ("a b", False),
     ("заказ", False), ("a/b", False), ("a\n", False), ("１", False)],
)  # fmt: skip
def test_job_ids(text: str, valid: bool) -> None:
    assert (JOB_ID.fullmatch(text) is not None) is valid
    try:
        TypeAdapter(JobId).validate_python(text)
    except ValidationError:
        assert not valid
    else:
        assert valid


def test_a_state_is_final_or_has_an_open_intent_or_waits() -> None:
    assert not FINAL & OPEN_INTENT
    assert set(JobState) - FINAL - OPEN_INTENT == {JobState.QUEUED, JobState.ACCEPTED, JobState.HELD}

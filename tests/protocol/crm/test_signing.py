"""What a signature covers: everything, for one type of message, by one named key."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import pytest

from protocol.crm.messages import NAMES
from protocol.crm.outcomes import Value
from protocol.crm.signing import signature_is_good, signed_bytes
from tests.support.crm import KID, NOW, SIGNED, JobKey, ed25519, offer

KEY = JobKey()
KEYS = {KID: KEY.public}
FIELDS = [(body, name) for body in SIGNED for name in type(body).model_fields if name != "sig"]


def good(type_: str, body: Value, keys: dict[str, str] | None = None) -> bool:
    return signature_is_good(type_, body, KEYS if keys is None else keys, ed25519)


def other(value: Any) -> Any:
    """A value of the same kind that is not this one."""
    match value:
        case None:
            return "set"
        case bool():
            return not value
        case StrEnum():
            return next(member for member in type(value) if member is not value)
        case int():
            return value + 1
        case str():
            return value[:-1] + ("0" if value[-1:] != "0" else "1")
        case datetime():
            return value + timedelta(microseconds=1)
        case dict():
            return {**value, "extra": 1}
        case list():
            return value[:-1]
        case Value():
            name = next(iter(type(value).model_fields))
            return value.model_copy(update={name: other(getattr(value, name))})
    raise AssertionError(value)


def test_a_message_signed_by_the_pinned_key_is_good() -> None:
    for body in SIGNED:
        assert good(NAMES[type(body)], KEY.signed(NAMES[type(body)], body))


@pytest.mark.parametrize(("body", "field"), FIELDS, ids=[f"{NAMES[type(b)]}.{f}" for b, f in FIELDS])
def test_changing_any_field_makes_it_bad(body: Value, field: str) -> None:
    type_ = NAMES[type(body)]
    signed = KEY.signed(type_, body)
    changed = signed.model_copy(update={field: other(getattr(signed, field))})
    assert not good(type_, changed, {**KEYS, changed.model_dump()["kid"]: KEY.public})


def test_a_value_deep_inside_a_payload_counts() -> None:
    signed = KEY.signed("offer", offer())
    payload = {**signed.payload, "items": [{**signed.payload["items"][0], "price": "1.00"}]}
    assert not good("offer", signed.model_copy(update={"payload": payload}))


def test_a_signature_is_for_one_type_of_message_only() -> None:
    """Two bodies with the same fields never stand for each other."""
    types = [NAMES[type(body)] for body in SIGNED]
    for body in SIGNED:
        mine = NAMES[type(body)]
        signed = KEY.signed(mine, body)
        assert [type_ for type_ in types if good(type_, signed)] == [mine]
    assert len({signed_bytes(type_, {"a": 1}) for type_ in types}) == len(types)


def test_an_unknown_kid_is_bad_even_if_the_key_is_ours() -> None:
    signed = KEY.signed("offer", offer(kid="k9"))
    assert not good("offer", signed)
    assert not good("offer", signed, {})


def test_another_key_under_the_same_kid_is_bad() -> None:
    assert not good("offer", JobKey().signed("offer", offer()))


@pytest.mark.parametrize("sig", ["", "AAAA", "not base64!", "A" * 88, "é"])
def test_what_is_no_signature_is_bad_and_raises_nothing(sig: str) -> None:
    assert not good("offer", offer(sig=sig))


def test_the_order_of_fields_and_the_spelling_of_a_time_do_not_matter() -> None:
    body = offer()
    turned = dict(reversed(list(body.model_dump(mode="json").items())))
    assert signed_bytes("offer", turned) == signed_bytes("offer", body.model_dump(mode="json"))
    assert type(body).model_validate({**turned, "issued_at": "2026-07-01T12:00:00+00:00"}).issued_at == NOW

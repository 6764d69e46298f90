"""Envelope, limits, and that nothing but an envelope or a named refusal ever comes out of bytes."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.crm.envelope import MAX_BYTES, MAX_DEPTH, BadMessage, Envelope, parse, too_deep
from protocol.crm.jobs import canonical_json
from protocol.crm.messages import DURABLE, NAMES, TYPES, Event
from protocol.crm.outcomes import Value
from tests.support.crm import NOW, SAMPLES


def wire(body: Any = None, **outer: Any) -> str:
    """A frame by hand; ``event`` unless told otherwise."""
    event = {"event_id": "e1", "kind": "k", "at": "2026-07-01T12:00:00Z", "body": {"x": 1}}
    known = {
        "v": 1,
        "type": "event",
        "msg_id": "m1",
        "ts": "2026-07-01T12:00:00Z",
        "body": event if body is None else body,
    }
    return json.dumps(known | outer)


def refused(text: str | bytes) -> BadMessage:
    with pytest.raises(BadMessage) as caught:
        parse(text)
    return caught.value


def test_there_is_a_sample_of_every_type() -> None:
    assert {NAMES[type(sample)] for sample in SAMPLES} == set(TYPES)
    assert set(TYPES) >= DURABLE


@pytest.mark.parametrize("body", SAMPLES, ids=lambda body: NAMES[type(body)])
def test_every_message_comes_back_as_it_was(body: Value) -> None:
    sent = Envelope("m1", NOW, body)
    assert parse(sent.to_text()) == sent
    assert parse(sent.to_text().encode()) == sent


@pytest.mark.parametrize("body", SAMPLES, ids=lambda body: NAMES[type(body)])
def test_an_unknown_field_of_a_body_is_refused_everywhere(body: Value) -> None:
    frame = json.loads(Envelope("m1", NOW, body).to_text())
    frame["body"]["surprise"] = 1
    bad = refused(json.dumps(frame))
    assert (bad.code, bad.msg_id) == ("bad_body", "m1")
    assert "surprise" in bad.detail


def test_an_unknown_field_of_the_envelope_is_ignored() -> None:
    assert parse(wire(hop="proxy-7")) == parse(wire())


HUGE = 10**30
REFUSED: dict[str, tuple[str | bytes, str]] = {
    "nothing": (b"", "bad_envelope"),
    "no JSON": ("hello", "bad_envelope"),
    "JSON cut off": (wire()[:-1], "bad_envelope"),
    "JSON with something after it": (wire() + "x", "bad_envelope"),
    "a list": ("[]", "bad_envelope"),
    "null": ("null", "bad_envelope"),
    "no msg_id": ('{"v":1,"type":"ping","ts":"2026-07-01T12:00:00Z","body":{"n":1}}', "bad_envelope"),
    "a body that is a list": (wire(body=[1]), "bad_envelope"),
    "a time without a zone": (wire(ts="2026-07-01T12:00:00"), "bad_envelope"),
    "a time that is none": (wire(ts="soon"), "bad_envelope"),
    "invalid UTF-8": (wire().encode().replace(b"m1", b"\xff\xfe"), "bad_envelope"),
    "half a surrogate, raw": (wire(msg_id="@").replace("@", "\ud800"), "bad_envelope"),
    "half a surrogate, escaped": (wire(msg_id="@").replace("@", "\\ud800"), "bad_envelope"),
    "another version": (wire(v=2), "unknown_version"),
    "an unknown type": (wire(type="reboot"), "unknown_type"),
    "a missing field": (wire(type="ping", body={}), "bad_body"),
    "a field of another type": (wire(type="ping", body={"n": "many"}), "bad_body"),
    "a negative count": (wire(type="ping", body={"n": -1}), "bad_body"),
    "a count that no database holds": (wire(type="ping", body={"n": HUGE}), "bad_body"),
    "a fractional count": (wire(type="ping", body={"n": 1.5}), "bad_body"),
    "a number with five thousand digits": (wire().replace('"x": 1', '"x": ' + "1" * 5000), "bad_envelope"),
    "NaN in free text of JSON": (wire().replace('"x": 1', '"x": NaN'), "bad_body"),
    "an infinity": (wire().replace('"x": 1', '"x": -Infinity'), "bad_body"),
    "a number above all floats": (wire().replace('"x": 1', '"x": 1e999'), "bad_body"),
    "NaN as a field": (wire(type="goodbye", body={"code": "x", "retry_after": "NaN"}), "bad_body"),
    "a job id with a slash": (wire(type="progress", body={"job_id": "a/b", "code": "x"}), "bad_body"),
    "an unknown state": (wire(type="update", body={"job_id": "a", "rev": 1, "state": "failed", "at": 0}), "bad_body"),
    "seventeen levels": (wire(body={"x": json.loads("[" * 15 + "]" * 15)}), "message_too_deep"),
    "a thousand levels": ("[" * 1000 + "]" * 1000, "message_too_deep"),
    "brackets that never close": ("{" * 100_000, "message_too_deep"),
    "more bytes than allowed": (" " * MAX_BYTES + wire(), "message_too_large"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_and_by_which_name(name: str) -> None:
    text, code = REFUSED[name]
    assert refused(text).code == code


def test_size_is_counted_in_bytes_not_characters() -> None:
    room = MAX_BYTES - len(wire(body={"event_id": "", "kind": "k", "at": 0}).encode())
    text = wire(body={"event_id": "", "kind": "k", "at": 0})
    at_limit = text.replace('"event_id": ""', f'"event_id": "{"я" * (room // 2)}{"x" * (room % 2)}"')
    assert len(at_limit.encode()) == MAX_BYTES
    assert isinstance(parse(at_limit).body, Event)
    assert refused(at_limit + " ").code == "message_too_large"


@pytest.mark.parametrize(
    ("text", "deep"),
    [
        ("[" * MAX_DEPTH + "]" * MAX_DEPTH, False),
        ("[" * (MAX_DEPTH + 1), True),
        ("[]" * 100, False),
        ('"' + "[" * 100 + '"', False),
        ('"\\"' + "[" * 100 + '"', False),
        ('"\\\\"' + "[" * 100, True),
        ('{"a":"}"' * 17, True),
    ],
)
def test_depth_counts_brackets_outside_of_text(text: str, deep: bool) -> None:
    assert too_deep(text.encode()) is deep


def test_a_refusal_names_the_message_as_soon_as_it_can() -> None:
    assert refused(wire(v=2)).msg_id == refused(wire(type="x")).msg_id == refused(wire(body={})).msg_id == "m1"
    assert refused("[]").msg_id is None


def _survives(raw: str | bytes) -> None:
    with suppress(BadMessage):
        read = parse(raw)
        canonical_json(read.body.model_dump(mode="json"))  # it can be hashed and signed
        assert parse(read.to_text()) == read


@given(st.binary(max_size=200))
def test_any_bytes_are_an_envelope_or_a_named_refusal(raw: bytes) -> None:
    _survives(raw)


@given(st.text(max_size=200))
def test_so_is_any_text(text: str) -> None:
    _survives(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(SAMPLES), st.data())
def test_so_is_a_message_with_one_value_replaced(sample: Value, data: st.DataObject) -> None:
    frame = json.loads(Envelope("m1", NOW, sample).to_text())
    where = data.draw(st.sampled_from([frame, frame["body"]]))
    where[data.draw(st.sampled_from(sorted(where) or ["x"]))] = data.draw(JSON)
    _survives(json.dumps(frame))


@given(st.sampled_from(SAMPLES), st.data())
def test_so_is_a_message_with_bytes_cut_or_changed(sample: Value, data: st.DataObject) -> None:
    raw = bytearray(Envelope("m1", NOW, sample).to_text().encode())
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    _survives(bytes(raw[: data.draw(st.integers(0, len(raw)))]))

"""Any bytes give messages or the protocol's own error."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.hosts.messages import (
    HEAD,
    LONGEST,
    Decoder,
    MessageError,
    Refusal,
    Reply,
    Request,
    encode,
    read_reply,
)

SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
OBJECTS = st.dictionaries(st.text(), VALUES, max_size=4)


@given(st.lists(OBJECTS, max_size=4), st.integers(1, 7))
def test_what_was_encoded_is_decoded_however_it_is_cut(messages: list[dict[str, Any]], size: int) -> None:
    data = b"".join(encode(message) for message in messages)
    decoder = Decoder()
    heard = [message for at in range(0, len(data), size) for message in decoder.feed(data[at : at + size])]
    assert heard == messages


def test_the_frame() -> None:
    assert encode({"id": 1}) == b'\x00\x00\x00\x08{"id":1}'
    assert encode({"да": 1}).isascii()


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_any_bytes_give_messages_or_the_protocols_error(chunks: list[bytes]) -> None:
    decoder = Decoder()
    try:
        for chunk in chunks:
            for message in decoder.feed(chunk):
                assert isinstance(message, dict)
    except MessageError:
        return


@given(st.binary(max_size=60))
def test_any_body_gives_a_message_or_the_protocols_error(body: bytes) -> None:
    try:
        (message,) = Decoder().feed(len(body).to_bytes(HEAD, "big") + body)
    except MessageError:
        return
    assert isinstance(message, dict)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"7", b"null", b"{", b"\xff", b'{"a":NaN}', b'{"a":Infinity}', b"[" * 200_000, b'{"a":' + b"9" * 5000],
)
def test_bodies_that_are_no_object(body: bytes) -> None:
    with pytest.raises(MessageError):
        list(Decoder().feed(len(body).to_bytes(HEAD, "big") + body))


def test_lengths_are_bounded_both_ways() -> None:
    list(Decoder().feed(LONGEST.to_bytes(HEAD, "big")))
    with pytest.raises(MessageError, match="announced"):
        list(Decoder().feed((LONGEST + 1).to_bytes(HEAD, "big")))
    with pytest.raises(MessageError, match="at most"):
        encode({"text": "x" * LONGEST})


@pytest.mark.parametrize("value", [None, 0, "", [], {"code": 0, "text": "да"}])
def test_replies_go_there_and_back(value: Any) -> None:
    assert read_reply(Reply(3, value).to_message()) == Reply(3, value)


def test_refusals_and_requests_go_there_and_back() -> None:
    assert read_reply(Refusal(3, "unsupported", "why").to_message()) == Refusal(3, "unsupported", "why")
    request = Request(4, "open", {"settings": {"Port": "2"}})
    assert Request.from_message(request.to_message()) == request


@given(OBJECTS)
def test_any_object_is_a_reply_or_the_protocols_error(message: dict[str, Any]) -> None:
    for read in (read_reply, Request.from_message):
        with pytest.raises(MessageError):
            read(message)


@pytest.mark.parametrize(
    "message",
    [{}, {"id": 1}, {"value": 1}, {"id": "1", "value": 1}, {"id": 1, "refused": "no"}, {"id": 1, "refused": {}}],
)
def test_objects_that_are_no_reply(message: dict[str, Any]) -> None:
    with pytest.raises(MessageError):
        read_reply(message)

"""Where the bodies are in what one side says over HTTP."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bytes.places import everything, http_bodies

BARE = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"


def post(body: bytes) -> bytes:
    return b"POST /a HTTP/1.1\r\nHost: x\r\ncontent-LENGTH:%d\r\nAccept: y\r\n\r\n" % len(body) + body


@given(st.lists(st.none() | st.binary(max_size=30), max_size=5))
def test_bodies_are_found_whatever_is_in_them(bodies: list[bytes | None]) -> None:
    stream = b"".join(BARE if body is None else post(body) for body in bodies)
    assert [stream[place.start : place.stop] for place in http_bodies(stream)] == [body or b"" for body in bodies]


@pytest.mark.parametrize("stream", [BARE[:-1], post(b"abc")[:-1], post(b"abc") + b"GET"])
def test_a_stream_that_ends_too_early_is_no_clean_one(stream: bytes) -> None:
    with pytest.raises((ValueError, AssertionError)):
        http_bodies(stream)


@given(st.binary(max_size=30))
def test_on_a_wire_every_byte_counts(stream: bytes) -> None:
    assert [at for place in everything(stream) for at in place] == list(range(len(stream)))

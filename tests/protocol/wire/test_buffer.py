from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.wire.buffer import BufferFull, ReceiveBuffer


def test_need_more_is_a_normal_result_and_takes_nothing() -> None:
    buffer = ReceiveBuffer(8)
    buffer.feed(b"ab")
    assert buffer.take(3) is None
    assert buffer.take(2) == b"ab"
    assert buffer.peek(1) is None


def test_skipping_to_a_mark_tells_what_was_dropped() -> None:
    buffer = ReceiveBuffer(8)
    buffer.feed(b"xx\x02y")
    assert buffer.skip_to(2) == b"xx"
    assert buffer.skip_to(9) == b"\x02y"
    assert len(buffer) == 0


def test_more_than_the_limit_is_refused_and_changes_nothing() -> None:
    buffer = ReceiveBuffer(4)
    buffer.feed(b"abc")
    with pytest.raises(BufferFull, match="3 \\+ 2 bytes do not fit into 4"):
        buffer.feed(b"de")
    assert buffer.room == 1
    assert buffer.clear() == b"abc"


@given(st.lists(st.binary(max_size=5), max_size=20), st.integers(1, 7))
def test_pieces_come_out_in_order_however_they_came_in(chunks: list[bytes], size: int) -> None:
    buffer, out = ReceiveBuffer(100), b""
    for chunk in chunks:
        buffer.feed(chunk)
        while (piece := buffer.take(size)) is not None:
            out += piece
    assert out + buffer.clear() == b"".join(chunks)

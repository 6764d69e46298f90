"""One table of messages, three ways to feed it: whole, byte by byte (nothing may come out early), bytes after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from protocol.wire.buffer import ReceiveBuffer

T = TypeVar("T")
Reader = Callable[[ReceiveBuffer], T | None]


def fed_whole(read: Reader[T], data: bytes, limit: int) -> T | None:
    buffer = ReceiveBuffer(limit)
    buffer.feed(data)
    value = read(buffer)
    assert len(buffer) == 0, "bytes of the message were left over"
    return value


def fed_byte_by_byte(read: Reader[T], data: bytes, limit: int) -> T | None:
    buffer = ReceiveBuffer(limit)
    for place in range(len(data)):
        early = read(buffer)
        assert early is None, f"{early!r} came out after {place} of {len(data)} bytes"
        buffer.feed(data[place : place + 1])
    return read(buffer)


def fed_with_trailing(read: Reader[T], data: bytes, trailing: bytes, limit: int) -> T | None:
    buffer = ReceiveBuffer(limit)
    buffer.feed(data + trailing)
    value = read(buffer)
    assert buffer.clear() == trailing, "bytes after the message were touched"
    return value


def all_ways(read: Reader[T], data: bytes, limit: int, trailings: Sequence[bytes] = (b"\x02\x05", b"\xff")) -> T | None:
    """Feed in all ways, check that they agree, and answer what came out."""
    value = fed_whole(read, data, limit)
    assert fed_byte_by_byte(read, data, limit) == value
    for trailing in trailings:
        assert fed_with_trailing(read, data, trailing, limit) == value
    return value

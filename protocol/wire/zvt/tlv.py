"""ZVT's TLV containers: tags and lengths by BER; a tag with bit 20h in its first byte holds further tags.

A container that breaks off gives what stood before the break.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_DEPTH = 8  # of tags within tags; what is deeper is not read

# The tags that are read; others may hold what belongs to a card.
TEXT_LINE = 0x07
WIDTH = 0x12
PRINT_TEXTS = 0x25
COMMANDS = 0x26
COMMAND = 0x0A
DEVICE = 0xE4
DEVICE_NAME = 0x1F40
DEVICE_SOFTWARE = 0x1F41
RECEIPT_TYPE = 0x1F07
ERROR_TEXT = 0x1F17
TERMINAL_ID = 0x1F44


@dataclass(frozen=True, slots=True)
class Tag:
    number: int
    value: bytes = field(default=b"", repr=False)

    @property
    def is_constructed(self) -> bool:
        first = self.number if self.number < 0x100 else self.number >> (self.number.bit_length() - 1) // 8 * 8
        return bool(first & 0x20)

    @property
    def inside(self) -> tuple[Tag, ...]:
        return tuple(read_tags(self.value)) if self.is_constructed else ()


def read_tags(data: bytes) -> Iterator[Tag]:
    """The tags of one level, until the end or something that is none."""
    at = 0
    while at < len(data):
        number, at = _number(data, at)
        size, at = _size(data, at)
        if number is None or size is None or at + size > len(data):
            return
        yield Tag(number, data[at : at + size])
        at += size


def every_tag(data: bytes, depth: int = MAX_DEPTH) -> Iterator[Tag]:
    """The tags of all levels, outer ones before what they hold."""
    for tag in read_tags(data):
        yield tag
        if depth > 1 and tag.is_constructed:
            yield from every_tag(tag.value, depth - 1)


def write_tag(number: int, value: bytes) -> bytes:
    return number.to_bytes(max(1, (number.bit_length() + 7) // 8), "big") + write_size(len(value)) + value


def write_size(size: int) -> bytes:
    """Raises ``ValueError`` for more than two bytes of length."""
    if size < 0x80:
        return bytes((size,))
    if size < 0x100:
        return bytes((0x81, size))
    if size < 0x10000:
        return bytes((0x82, size >> 8, size & 0xFF))
    raise ValueError(f"{size} bytes do not fit into a container")


def _number(data: bytes, at: int) -> tuple[int | None, int]:
    number = data[at]
    at += 1
    if number & 0x1F != 0x1F:
        return number, at
    for _ in range(3):
        if at >= len(data):
            return None, at
        number = number << 8 | data[at]
        at += 1
        if not data[at - 1] & 0x80:
            return number, at
    return None, at


def _size(data: bytes, at: int) -> tuple[int | None, int]:
    if at >= len(data):
        return None, at
    first = data[at]
    if first < 0x80:
        return first, at + 1
    count = first & 0x7F
    if count not in (1, 2) or at + 1 + count > len(data):
        return None, at
    return int.from_bytes(data[at + 1 : at + 1 + count], "big"), at + 1 + count


def container(data: bytes) -> tuple[bytes, int] | None:
    """Of data that begin with a container's length: what is in it, and how many bytes it took; ``None``: cut short."""
    size, at = _size(data, 0)
    if size is None or at + size > len(data):
        return None
    return data[at : at + size], at + size

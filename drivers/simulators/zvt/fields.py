"""Fields of ZVT data: digits as BCD, bitmaps (BMP) with their lengths, TLV containers.

``read`` takes what stands in a command of the cash register apart; the functions below build what a terminal says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

TLV = 0x06
LL, LLL = -2, -3
"""Length of a field that says it itself: two bytes Fx Fy, or three."""
LENGTHS: Mapping[int, int] = {
    0x01: 1, 0x02: 1, 0x03: 1, 0x04: 6, 0x05: 1, 0x0B: 3, 0x0C: 3, 0x0D: 2, 0x0E: 2, 0x17: 2, 0x19: 1, 0x22: LL,
    0x23: LL, 0x24: LLL, 0x27: 1, 0x29: 4, 0x2A: 15, 0x2D: LL, 0x2E: LLL, 0x37: 3, 0x3A: 2, 0x3B: 8, 0x3C: LLL,
    0x3D: 3, 0x49: 2, 0x4C: LL, 0x60: LLL, 0x87: 2, 0x88: 3, 0x8A: 1, 0x8B: LL, 0x8C: 1, 0x92: LLL, 0x9A: LLL,
    0xA0: 1, 0xA7: LL, 0xAA: 3, 0xAF: LLL, 0xBA: 5, 0xD0: 1, 0xD1: LL, 0xD2: 1, 0xD3: 1, 0xE0: 1, 0xE1: LL, 0xE2: LL,
    0xE3: LL, 0xE4: LL, 0xE5: LL, 0xE6: LL, 0xE7: LL, 0xE8: LL, 0xE9: 1, 0xEA: 1, 0xEB: 8, 0xF0: 1, 0xF1: LL,
    0xF2: LL, 0xF3: LL, 0xF4: LL, 0xF5: LL, 0xF6: LL, 0xF7: LL, 0xF8: LL, 0xF9: 1, 0xFA: 1, 0xFB: 1, 0xFC: 1,
}  # fmt: skip


class BadData(Exception):
    """What a command holds cannot be read."""


# --- reading ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fields:
    """What stands behind the fixed part of a command. A field that comes twice counts as it came last."""

    bmps: Mapping[int, bytes]
    tags: tuple[tuple[int, bytes], ...]  # of the TLV container, those inside of other tags too

    @property
    def has_container(self) -> bool:
        return TLV in self.bmps

    def tag(self, number: int) -> bytes | None:
        return dict(self.tags).get(number)

    def all(self, number: int) -> list[bytes]:
        """The values of a tag that may repeat."""
        return [value for tag, value in self.tags if tag == number]

    def number(self, bmp: int) -> int | None:
        """Digits of a BCD field. Raises ``BadData`` for what is no digit."""
        return None if bmp not in self.bmps else digits(self.bmps[bmp])


def read(data: bytes) -> Fields:
    """Raises ``BadData`` for a field that is unknown or longer than what is there."""
    bmps: dict[int, bytes] = {}
    at = 0
    while at < len(data):
        bmp = data[at]
        at += 1
        if bmp == TLV:
            length, at = _tlv_length(data, at)
        else:
            length = LENGTHS.get(bmp, 0)
            if length == 0:
                raise BadData(f"unknown field {bmp:02X}")
            if length < 0:
                length, at = _said(data, at, -length)
        bmps[bmp] = _cut(data, at, length)
        at += length
    return Fields(bmps, tuple(_tags(bmps[TLV])) if TLV in bmps else ())


def digits(data: bytes) -> int:
    """BCD -> number."""
    text = data.hex()
    if not text.isdecimal():
        raise BadData(f"{text} is no BCD")
    return int(text)


def _said(data: bytes, at: int, count: int) -> tuple[int, int]:
    length = 0
    for byte in _cut(data, at, count):
        if byte >> 4 != 0xF or byte & 0xF > 9:
            raise BadData("a length of Fx Fy was expected")
        length = length * 10 + (byte & 0xF)
    return length, at + count


def _tlv_length(data: bytes, at: int) -> tuple[int, int]:
    first = _cut(data, at, 1)[0]
    if first < 0x80:
        return first, at + 1
    count = first & 0x7F
    if count not in (1, 2):
        raise BadData(f"a TLV length of {count} bytes")
    return int.from_bytes(_cut(data, at + 1, count), "big"), at + 1 + count


def _tags(data: bytes, depth: int = 0) -> Iterator[tuple[int, bytes]]:
    """Primitive tags, and constructed ones before what is in them."""
    if depth > 8:
        raise BadData("containers in containers")
    at = 0
    while at < len(data):
        first = data[at]
        tag, at = first, at + 1
        if first & 0x1F == 0x1F:
            while True:
                byte = _cut(data, at, 1)[0]
                tag, at = tag << 8 | byte, at + 1
                if byte < 0x80:
                    break
        length, at = _tlv_length(data, at)
        value = _cut(data, at, length)
        at += length
        yield tag, value
        if first & 0x20:
            yield from _tags(value, depth + 1)


def _cut(data: bytes, at: int, length: int) -> bytes:
    if at + length > len(data):
        raise BadData("the data end too early")
    return data[at : at + length]


# --- building --------------------------------------------------------------------------------------------------------


def bcd(number: int, length: int) -> bytes:
    """``length`` bytes; digits in front that do not fit are left out."""
    return bytes.fromhex(f"{number:0{2 * length}d}"[-2 * length :])


def field(bmp: int, value: bytes) -> bytes:
    """A bitmap with its length, where it says it."""
    length = LENGTHS[bmp]
    if length > 0:
        if len(value) != length:
            raise ValueError(f"field {bmp:02X} has {length} bytes, not {len(value)}")
        return bytes([bmp]) + value
    return bytes([bmp]) + said(len(value), -length) + value


def said(length: int, count: int) -> bytes:
    """LLVAR and LLLVAR: F1 F5 for 15."""
    return bytes(0xF0 | int(digit) for digit in f"{length:0{count}d}")


def tag(number: int, value: bytes) -> bytes:
    """One TLV object."""
    return number.to_bytes((number.bit_length() + 7) // 8 or 1, "big") + _ber(len(value)) + value


def container(*objects: bytes) -> bytes:
    """BMP 06 with these objects; nothing when there are none."""
    value = b"".join(objects)
    return bytes([TLV]) + _ber(len(value)) + value if objects else b""


def pan(number: str) -> bytes:
    """BMP 22: digits as BCD, filled up with F."""
    return field(0x22, bytes.fromhex(number + "F" * (len(number) % 2)))


def _ber(length: int) -> bytes:
    if length < 0x80:
        return bytes([length])
    return bytes([0x81, length]) if length < 0x100 else bytes([0x82, length >> 8, length & 0xFF])

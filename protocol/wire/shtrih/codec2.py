"""Shtrih-M, alternative lower level ("protocol 2"): bytes to numbered frames and back.

``8F | LEN16 | NUM16 | data | CRC16``, all little endian. LEN16 counts NUM16 and data; 0 is the host's question "which
number, and what did you answer to it" and carries neither; 2 is the device's answer "I have executed nothing since I
was switched on". The checksum is CRC-16/CCITT-FALSE over LEN16, NUM16 and data. After it is computed, everything
behind the leading 8Fh is stuffed: 8Fh as ``9F 81``, 9Fh as ``9F 83``. Source: "Protocol of the fiscal register" 2.0
(also 1.16 and 1.17), section "alternative lower level".

A raw 8Fh stands only at the beginning of a frame, so that a reader always finds the next one: it ends whatever was
being read as ``Damaged``. Bytes outside a frame are dropped.
"""

from __future__ import annotations

from binascii import crc_hqx
from dataclasses import dataclass

from protocol.wire.buffer import ReceiveBuffer
from protocol.wire.shtrih.codec import Damaged

START = 0x8F
ESCAPE = 0x9F
STUFFED = {0x81: START, 0x83: ESCAPE}
NUMBERS = 0x10000

MAX_DATA = 1024
"""Longest data that is believed; commands carry 255 bytes, their replies hardly more."""
MAX_FRAME = 1 + 2 * (2 + 2 + MAX_DATA + 2)


@dataclass(frozen=True, slots=True)
class Numbered:
    """A command, a reply, or (without ``data``) the answer of a device that has executed nothing yet."""

    number: int
    data: bytes = b""

    def to_bytes(self) -> bytes:
        """Raises ``ValueError`` for a number outside 0..65535 or more than ``MAX_DATA`` bytes."""
        if not 0 <= self.number < NUMBERS or len(self.data) > MAX_DATA:
            raise ValueError(f"number {self.number}, {len(self.data)} bytes: 0..65535 and {MAX_DATA} are the limits")
        return _framed(self.number.to_bytes(2, "little") + self.data)


@dataclass(frozen=True, slots=True)
class Sync:
    """The host's question; only a host sends it."""

    def to_bytes(self) -> bytes:
        return _framed(b"")


def crc(data: bytes) -> int:
    """CRC-16/CCITT-FALSE: polynomial 1021h, initial value FFFFh, most significant bit first."""
    return crc_hqx(data, 0xFFFF)


def next_numbered(buffer: ReceiveBuffer) -> Numbered | Sync | Damaged | None:
    """The next frame in ``buffer``; ``None`` while it is incomplete (bytes before it are dropped already)."""
    buffer.skip_to(START)
    raw = buffer.peek(len(buffer)) or b""
    body = bytearray()
    place = 1
    while place < len(raw):
        byte = raw[place]
        if byte == START:
            return _damaged(buffer, place)
        if byte == ESCAPE:
            if place + 1 == len(raw):
                return None
            plain = STUFFED.get(raw[place + 1])
            if plain is None:
                # The byte after the escape may begin the next frame.
                return _damaged(buffer, place + (1 if raw[place + 1] == START else 2))
            byte, place = plain, place + 1
        body.append(byte)
        place += 1
        if len(body) < 2:
            continue
        length = int.from_bytes(body[:2], "little")
        if length == 1 or length > MAX_DATA + 2:
            return _damaged(buffer, place)
        if len(body) == length + 4:
            taken = buffer.take(place) or b""
            if crc(bytes(body[:-2])) != int.from_bytes(body[-2:], "little"):
                return Damaged(taken)
            return Numbered(int.from_bytes(body[2:4], "little"), bytes(body[4:-2])) if length else Sync()
    return None


def _damaged(buffer: ReceiveBuffer, size: int) -> Damaged:
    return Damaged(buffer.take(size) or b"")


def _framed(body: bytes) -> bytes:
    checked = len(body).to_bytes(2, "little") + body
    checked += crc(checked).to_bytes(2, "little")
    escaped = checked.replace(b"\x9f", b"\x9f\x83").replace(b"\x8f", b"\x9f\x81")
    return bytes((START,)) + escaped

"""Frames of link layer v3: ``FE LEN7 LEN_HI ID DATA CRC8``; in DATA and CRC FE is sent as ``FD EE``, FD as ``FD ED``.

LEN counts the bytes of DATA before escaping. Bytes outside a frame are skipped; FE always begins a new frame.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

START, ESCAPE = 0xFE, 0xFD
ESCAPED = {START: b"\xfd\xee", ESCAPE: b"\xfd\xed"}
PLAIN = {0xEE: START, 0xED: ESCAPE}
ASYNCHRONOUS = 0xF0
"""Packet id of what the device says unasked."""
LONGEST = 4096
"""Bytes of DATA; a longer LEN is noise, no command comes near it."""


def crc8(data: bytes) -> int:
    """Polynomial 31h, start FFh, most significant bit first, nothing reflected or inverted."""
    value = 0xFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value << 1 ^ 0x31 if value & 0x80 else value << 1) & 0xFF
    return value


def encode(packet: int, data: bytes, *, damaged: bool = False) -> bytes:
    """``damaged``: with a wrong check sum."""
    crc = crc8(bytes([packet]) + data) ^ (1 if damaged else 0)
    body = b"".join(ESCAPED.get(byte, bytes([byte])) for byte in data + bytes([crc]))
    return bytes([START, len(data) & 0x7F, len(data) >> 7, packet]) + body


class Part(Enum):
    OUTSIDE = "outside a frame"
    LOW = "first byte of the length"
    HIGH = "second byte of the length"
    PACKET = "packet id"
    BODY = "data and check sum"


@dataclass(frozen=True, slots=True)
class Frame:
    packet: int
    data: bytes
    good: bool  # its check sum is right


@dataclass(slots=True)
class Decoder:
    """Takes bytes one by one and returns a frame with its last one."""

    _part: Part = Part.OUTSIDE
    _size: int = 0
    _packet: int = 0
    _body: bytearray = field(default_factory=bytearray)
    _escaping: bool = False

    def take(self, byte: int) -> Frame | None:
        if byte == START:
            self._part, self._escaping = Part.LOW, False
            self._body.clear()
            return None
        match self._part:
            case Part.OUTSIDE:
                pass
            case Part.LOW:
                self._size = byte
                self._part = Part.HIGH if byte <= 0x7F else Part.OUTSIDE
            case Part.HIGH:
                self._size |= byte << 7
                self._part = Part.PACKET if self._size <= LONGEST else Part.OUTSIDE
            case Part.PACKET:
                self._packet = byte
                self._part = Part.BODY
            case Part.BODY:
                return self._inside(byte)
        return None

    def _inside(self, byte: int) -> Frame | None:
        if self._escaping:
            self._escaping = False
            plain = PLAIN.get(byte)
            if plain is None:
                self._part = Part.OUTSIDE
                return None
            byte = plain
        elif byte == ESCAPE:
            self._escaping = True
            return None
        self._body.append(byte)
        if len(self._body) <= self._size:
            return None
        self._part = Part.OUTSIDE
        data = bytes(self._body[:-1])
        return Frame(self._packet, data, crc8(bytes([self._packet]) + data) == self._body[-1])

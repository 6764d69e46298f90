"""ATOL, link layer v3: bytes to frames and back.

``FE | LEN | ID | data | CRC8``. LEN counts the unescaped data: its low seven bits, then the next seven, so that neither
byte can be taken for a mark. ID is the packet's number, chosen by the host and repeated in the answer; F0h marks what
the device sends by itself. The checksum covers ID and the unescaped data. In data and checksum FEh is written FD EE,
FDh is written FD ED.

A raw FEh stands only at the beginning of a frame, so that a reader always finds the next one: it ends whatever was
being read as ``Damaged``. Bytes outside a frame are dropped.
"""

from __future__ import annotations

from dataclasses import dataclass

from protocol.wire.buffer import ReceiveBuffer

START = 0xFE
ESCAPE = 0xFD
ESCAPED = {0xEE: START, 0xED: ESCAPE}

ASYNCHRONOUS = 0xF0
"""ID of a packet that the device sends by itself."""

MAX_DATA = 4096
"""Longest data that is believed; LEN could say 16383."""
MAX_FRAME = 4 + 2 * (MAX_DATA + 1)


@dataclass(frozen=True, slots=True)
class Packet:
    id: int
    data: bytes = b""

    def to_bytes(self) -> bytes:
        """Raises ``ValueError`` for an id that is a mark or no byte, or more than ``MAX_DATA`` bytes."""
        if not 0 <= self.id <= 0xFF or self.id in (START, ESCAPE) or len(self.data) > MAX_DATA:
            raise ValueError(f"packet id {self.id}, {len(self.data)} bytes: 0..DCh and {MAX_DATA} are the limits")
        body = self.data + bytes((crc8(bytes((self.id,)) + self.data),))
        body = body.replace(b"\xfd", b"\xfd\xed").replace(b"\xfe", b"\xfd\xee")
        return bytes((START, len(self.data) & 0x7F, len(self.data) >> 7, self.id)) + body


@dataclass(frozen=True, slots=True)
class Damaged:
    """A frame that came broken: wrong checksum, an impossible head, or cut short by the next one."""

    raw: bytes


def _row(byte: int) -> int:
    for _ in range(8):
        byte = (byte << 1 ^ 0x31 if byte & 0x80 else byte << 1) & 0xFF
    return byte


_TABLE = bytes(_row(byte) for byte in range(256))


def crc8(data: bytes) -> int:
    """Polynomial 31h, initial value FFh, most significant bit first."""
    value = 0xFF
    for byte in data:
        value = _TABLE[value ^ byte]
    return value


def next_packet(buffer: ReceiveBuffer) -> Packet | Damaged | None:
    """The next frame in ``buffer``; ``None`` while it is incomplete (bytes before it are dropped already)."""
    buffer.skip_to(START)
    raw = buffer.peek(len(buffer)) or b""
    again = raw.find(START, 1)
    if again >= 0:
        raw = raw[:again]
    packet, size = _read(raw)
    if packet is None:
        return None if again < 0 else Damaged(buffer.take(again) or b"")
    taken = buffer.take(size) or b""
    return Damaged(taken) if isinstance(packet, Damaged) else packet


def _read(raw: bytes) -> tuple[Packet | Damaged | None, int]:
    """The frame at the beginning of ``raw``, which holds no second start, and how many bytes it takes."""
    for place in (1, 2, 3):
        if place >= len(raw):
            return None, 0
        if raw[place] >= (0x80 if place < 3 else ESCAPE):
            return Damaged(raw), place + 1
    length = raw[1] | raw[2] << 7
    if length > MAX_DATA:
        return Damaged(raw), 4
    body = bytearray()
    place = 4
    while place < len(raw):
        byte = raw[place]
        if byte == ESCAPE:
            if place + 1 == len(raw):
                return None, 0
            plain = ESCAPED.get(raw[place + 1])
            if plain is None:
                return Damaged(raw), place + 2
            byte, place = plain, place + 1
        body.append(byte)
        place += 1
        if len(body) == length + 1:
            if crc8(raw[3:4] + body[:-1]) != body[-1]:
                return Damaged(raw), place
            return Packet(raw[3], bytes(body[:-1])), place
    return None, 0

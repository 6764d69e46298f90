"""ZVT over a serial line: frames, their acknowledgement, their repetition.

``10 02 | APDU, every 10h doubled | 10 03 | CRC, low byte first``. The CRC covers the APDU as it was before doubling,
and the 03h; its own bytes are not doubled. Whoever receives a frame answers with a bare 06h, or with 15h when it is
damaged; a frame without an answer within T2 is sent again, twice at most.

``10 02`` can only begin a frame, so a reader always finds the next one: what it interrupts is damaged. The rest of a
frame that never comes is not waited for with a clock of its own (T1): the sender repeats the frame after T2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from protocol.wire.buffer import ReceiveBuffer
from protocol.wire.zvt.apdu import MAX_APDU, Apdu, next_apdu

DLE, STX, ETX = 0x10, 0x02, 0x03
ACK, NAK = 0x06, 0x15
MAX_FRAME = 16 * 1024
"""Longest frame that is believed, its doubled bytes counted twice; terminals keep far below it."""
REPEATS = 2


def _row(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ 0x8408 if byte & 1 else byte >> 1
    return byte


_TABLE = tuple(_row(byte) for byte in range(256))


def crc16(data: bytes) -> int:
    """Polynomial 8408h (reflected), initial value 0."""
    value = 0
    for byte in data:
        value = value >> 8 ^ _TABLE[(value ^ byte) & 0xFF]
    return value


def frame(apdu: Apdu) -> bytes:
    raw = apdu.to_bytes()
    doubled = raw.replace(b"\x10", b"\x10\x10")
    return b"\x10\x02" + doubled + b"\x10\x03" + crc16(raw + b"\x03").to_bytes(2, "little")


@dataclass(frozen=True, slots=True)
class Damaged:
    """A frame that came broken, ``size`` bytes of it."""

    size: int


class Sign(Enum):
    """A byte outside frames."""

    ACK = auto()
    NAK = auto()


def next_piece(buffer: ReceiveBuffer) -> Apdu | Damaged | Sign | None:
    """The next frame or sign; ``None`` while there is none, or not all of it. What else stands between them is noise
    and is dropped."""
    while (head := buffer.peek(1)) is not None:
        if head[0] in (ACK, NAK):
            buffer.take(1)
            return Sign.ACK if head[0] == ACK else Sign.NAK
        if head[0] == DLE:
            start = buffer.peek(2)
            if start is None:
                return None
            if start[1] == STX:
                return _next_frame(buffer)
        buffer.take(1)
    return None


def _next_frame(buffer: ReceiveBuffer) -> Apdu | Damaged | None:
    raw = buffer.peek(len(buffer)) or b""
    at = 2
    while (at := raw.find(DLE, at)) >= 0 and at + 1 < len(raw):
        after = raw[at + 1]
        if after == DLE:
            at += 2
            continue
        if after == ETX:
            if len(raw) < at + 4:
                return None
            buffer.take(at + 4)
            return _checked(raw[2:at].replace(b"\x10\x10", b"\x10"), raw[at + 2 : at + 4])
        size = at if after == STX else at + 2
        buffer.take(size)
        return Damaged(size)
    if len(raw) >= MAX_FRAME:
        buffer.clear()
        return Damaged(len(raw))
    return None


def _checked(data: bytes, crc: bytes) -> Apdu | Damaged:
    if crc16(data + b"\x03").to_bytes(2, "little") != crc:
        return Damaged(len(data))
    inner = ReceiveBuffer(MAX_FRAME)
    inner.feed(data)
    apdu = next_apdu(inner)
    return apdu if apdu is not None and not len(inner) else Damaged(len(data))


@dataclass(frozen=True, slots=True)
class Heard:
    """``apdu``: a message. ``reply``: bytes to be written now. ``delivered``: our last message has arrived. ``lost``:
    it has not, after all its repetitions."""

    apdu: Apdu | None = None
    reply: bytes = b""
    delivered: bool = False
    lost: bool = False


class TcpLine:
    """Bare messages: whatever is written arrives, or the connection ends."""

    awaiting: float | None = None

    def __init__(self) -> None:
        self._buffer = ReceiveBuffer(MAX_APDU)

    @property
    def room(self) -> int:
        return self._buffer.room

    def send(self, apdu: Apdu) -> bytes:
        return apdu.to_bytes()

    def feed(self, chunk: bytes) -> None:
        self._buffer.feed(chunk)

    def next(self) -> Heard | None:
        apdu = next_apdu(self._buffer)
        return None if apdu is None else Heard(apdu)

    def timed_out(self) -> Heard:
        return Heard()


class SerialLine:
    """Frames. While a frame of ours waits for its acknowledgement, ``awaiting`` is how long it may (seconds)."""

    def __init__(self, t2: float) -> None:
        self.awaiting: float | None = None
        self._t2 = t2
        self._buffer = ReceiveBuffer(MAX_FRAME)
        self._out = b""
        self._repeats = 0
        self._last = b""  # what the peer said last

    @property
    def room(self) -> int:
        return self._buffer.room

    def send(self, apdu: Apdu) -> bytes:
        self._out, self._repeats, self.awaiting = frame(apdu), 0, self._t2
        return self._out

    def feed(self, chunk: bytes) -> None:
        self._buffer.feed(chunk)

    def next(self) -> Heard | None:
        piece = next_piece(self._buffer)
        if piece is None:
            return None
        if isinstance(piece, Apdu):
            return self._message(piece)
        if isinstance(piece, Damaged):
            return Heard(reply=bytes((NAK,)))
        if self.awaiting is None:
            return Heard()  # nothing of ours is meant
        return _SIGNS[piece](self)

    def timed_out(self) -> Heard:
        """``awaiting`` seconds have passed."""
        return self._again()

    def _message(self, apdu: Apdu) -> Heard:
        """The same message while our answer to it waits for its sign: our sign was lost, and our answer with it.
        Another message is a sign that ours has arrived."""
        raw = apdu.to_bytes()
        if self.awaiting is not None and raw == self._last:
            again = self._again()
            return Heard(reply=bytes((ACK,)) + again.reply, lost=again.lost)
        self._last, delivered = raw, self.awaiting is not None
        self.awaiting = None
        return Heard(apdu, bytes((ACK,)), delivered)

    def _delivered(self) -> Heard:
        self.awaiting = None
        return Heard(delivered=True)

    def _again(self) -> Heard:
        self._repeats += 1
        if self._repeats > REPEATS:
            self.awaiting = None
            return Heard(lost=True)
        return Heard(reply=self._out)


_SIGNS: Final[dict[Sign, Callable[[SerialLine], Heard]]] = {
    Sign.ACK: SerialLine._delivered,
    Sign.NAK: SerialLine._again,
}

Line = TcpLine | SerialLine

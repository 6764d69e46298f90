"""A ZVT application unit: class, instruction, length, data. Bytes in, units out; no sockets.

The length is one byte up to FEh; FFh is followed by two bytes, the low one first. An answer has class 80h or 84h.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.simulators.zvt.fields import container

LONG = 0xFF
LONGEST = 0xFFFF
POSITIVE, NEGATIVE = 0x80, 0x84


@dataclass(frozen=True, slots=True)
class Apdu:
    cls: int
    instr: int
    data: bytes = b""
    objects: tuple[bytes, ...] = ()
    """TLV objects of a unit that is to be sent: their container stands behind the data."""

    def to_bytes(self) -> bytes:
        data = self.data + container(*self.objects)
        length = len(data)
        short = bytes([length]) if length < LONG else bytes([LONG, length & 0xFF, length >> 8])
        return bytes([self.cls, self.instr]) + short + data

    @property
    def code(self) -> int:
        """Class and instruction as one number: 0x0601."""
        return self.cls << 8 | self.instr

    @property
    def is_answer(self) -> bool:
        return self.cls in (POSITIVE, NEGATIVE)

    @property
    def error(self) -> int:
        """Of a negative answer; 0 of a positive one."""
        return self.instr if self.cls == NEGATIVE else 0


ACCEPTED = Apdu(POSITIVE, 0x00)


def command(code: int, data: bytes = b"", *objects: bytes) -> Apdu:
    return Apdu(code >> 8, code & 0xFF, data, objects)


def refused(error: int, data: bytes = b"") -> Apdu:
    return Apdu(NEGATIVE, error, data)


def whole(data: bytes) -> Apdu | None:
    """The unit that these bytes are, neither more nor less."""
    reader = Reader()
    taken, apdu = reader.take(data) if data else (0, None)
    return apdu if taken == len(data) else None


class Reader:
    """Bytes of a network connection, where nothing stands around a unit."""

    def __init__(self) -> None:
        self._held = bytearray()

    def take(self, data: bytes) -> tuple[int, Apdu | None]:
        """How many of these bytes belong to the unit that has begun, and the unit when it is whole."""
        taken = 0
        while True:
            missing = self._missing()
            if missing == 0:
                head = 5 if self._held[2] == LONG else 3
                apdu = Apdu(self._held[0], self._held[1], bytes(self._held[head:]))
                self._held.clear()
                return taken, apdu
            if taken == len(data):
                return taken, None
            part = data[taken : taken + missing]
            self._held += part
            taken += len(part)

    def _missing(self) -> int:
        held = self._held
        if len(held) < 3:
            return 3 - len(held)
        if held[2] != LONG:
            return 3 + held[2] - len(held)
        if len(held) < 5:
            return 5 - len(held)
        return 5 + (held[3] | held[4] << 8) - len(held)

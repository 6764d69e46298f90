"""Fields of the wire's commands: packed BCD, most significant digit first; inside drive commands little endian."""

from __future__ import annotations

from datetime import datetime

from drivers.simulators.atol.reasons import Reason, Refusal

ANSWER = 0x55
PASSWORD = 2
"""Bytes of the access password in front of every command."""
BY_SUBCODE = frozenset({0x67, 0x91, 0xA4})
"""Commands whose first parameter says what is wanted: their code as faults name it has four digits."""


class Args:
    """The bytes after a command code; running short, or not being used up, is INVALID_COMMAND_LENGTH."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        piece = self._data[self._at : self._at + size]
        if len(piece) != size:
            raise Refusal(Reason.INVALID_COMMAND_LENGTH)
        self._at += size
        return piece

    def byte(self) -> int:
        return self.take(1)[0]

    def bcd(self, size: int) -> int:
        digits = self.take(size).hex()
        if not digits.isdecimal():
            raise Refusal(Reason.INVALID_COMMAND_FORMAT)
        return int(digits)

    def big(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def little(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def rest(self) -> bytes:
        return self.take(self.left)

    def text(self) -> str:
        """The rest; «№» and «$» stand in each other's place (one source says so)."""
        return self.rest().decode("cp866").translate(SWAPPED)

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def end(self) -> None:
        if self.left:
            raise Refusal(Reason.INVALID_COMMAND_LENGTH)


SWAPPED = str.maketrans("№$", "$№")


def code_of(payload: bytes) -> str:
    """Command code in hex: "4A", "9133"."""
    command = payload[PASSWORD:]
    size = 2 if command[:1] and command[0] in BY_SUBCODE else 1
    return command[:size].hex().upper()


def bcd(value: int, size: int) -> bytes:
    """The last ``2 * size`` digits."""
    return bytes.fromhex(f"{value % 10 ** (2 * size):0{2 * size}d}")


def le(value: int, size: int) -> bytes:
    return value.to_bytes(size, "little")


def dmy(at: datetime | None) -> bytes:
    """DD MM YY, BCD; zeros when there is none."""
    return bytes(3) if at is None else bcd(at.day, 1) + bcd(at.month, 1) + bcd(at.year % 100, 1)


def hm(at: datetime | None) -> bytes:
    return bytes(2) if at is None else bcd(at.hour, 1) + bcd(at.minute, 1)


def drive_time(at: datetime | None) -> bytes:
    """YY MM DD hh mm, binary, as the drive tells it."""
    return bytes(5) if at is None else bytes([at.year % 100, at.month, at.day, at.hour, at.minute])


def text(value: str) -> bytes:
    return value.translate(SWAPPED).encode("cp866", "replace")

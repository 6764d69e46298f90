"""Reading requests and building replies: fields of the standard lower level (protocol 1.17, «Типы данных»)."""

from __future__ import annotations

from datetime import datetime

from drivers.simulators.shtrih.errors import Code, Refusal

STX, ENQ, ACK, NAK, EXTRA = 0x02, 0x05, 0x06, 0x15, 0xFF


class Args:
    """The bytes after a command code; running short, or not being used up, is error 7Eh."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        piece = self._data[self._at : self._at + size]
        if len(piece) != size:
            raise Refusal(Code.WRONG_LENGTH)
        self._at += size
        return piece

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def optional(self, size: int) -> int | None:
        """The whole field of that size, or ``None`` when it is all FFh («not given»)."""
        raw = self.take(size)
        return None if raw == b"\xff" * size else int.from_bytes(raw, "little")

    def rest(self) -> bytes:
        return self.take(len(self._data) - self._at)

    def text(self) -> str:
        """The rest as Windows-1251; a zero ends it."""
        return self.rest().split(b"\0")[0].decode("cp1251", "replace")

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def end(self) -> None:
        if self.left:
            raise Refusal(Code.WRONG_LENGTH)


def code_of(payload: bytes) -> tuple[str, bytes]:
    """Command code in hex ("E0", "FF45") and what follows it."""
    size = 2 if payload[:1] == b"\xff" and len(payload) > 1 else 1
    return payload[:size].hex().upper(), payload[size:]


def succeeded(reply: bytes, command: str) -> bool:
    """Whether this is the good reply of that command."""
    code, rest = code_of(reply)
    return code == command and rest[:1] == b"\0"


def checksum(data: bytes) -> int:
    value = 0
    for byte in data:
        value ^= byte
    return value


def frame(payload: bytes) -> bytes:
    body = bytes([len(payload)]) + payload
    return bytes([STX]) + body + bytes([checksum(body)])


def byte_timeout(code: int) -> float:
    """Seconds of a byte time-out code (command 14h): 0..150 ms one by one, then 300 ms..15 s, then 30..105 s."""
    if code <= 150:
        return code / 1000
    return (code - 149) * 0.15 if code < 250 else (code - 248) * 15.0


def u(value: int, size: int) -> bytes:
    return value.to_bytes(size, "little")


def char(text: str, size: int, fill: bytes = b"\0") -> bytes:
    return text.encode("cp1251", "replace")[:size].ljust(size, fill)


def date_time(at: datetime | None) -> bytes:
    """FN's DATE_TIME: YY MM DD HH MM, binary."""
    return bytes(5) if at is None else bytes([at.year % 100, at.month, at.day, at.hour, at.minute])


def date(at: datetime) -> bytes:
    """DD MM YY of ordinary commands."""
    return bytes([at.day, at.month, at.year % 100])

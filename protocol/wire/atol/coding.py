"""How ATOL's commands write numbers, moments and text: packed BCD with the most significant byte first, and CP866.

Values inside commands of the fiscal drive (A4h) and inside tags are binary, little-endian (``protocol.wire.layout``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from protocol.wire.layout import LayoutError

MONEY = 5
"""Bytes of a sum in most commands: kopecks."""
WIDE = 7
"""Bytes of a sum in a position and in totals."""


@dataclass(frozen=True, slots=True)
class Bcd:
    """A whole number, two decimal digits to a byte."""

    size: int

    def encode(self, value: int) -> bytes:
        if not 0 <= value < 100**self.size:
            raise LayoutError(f"{value} does not fit into {2 * self.size} decimal digits")
        return bytes.fromhex(f"{value:0{2 * self.size}d}")

    def decode(self, data: bytes) -> int:
        return int(_digits(data))


@dataclass(frozen=True, slots=True)
class Digits:
    """A number that is a name, or whose length is not published: its digits with leading zeros. ``size`` ``None``: to
    the end."""

    size: int | None

    def encode(self, value: str) -> bytes:
        digits = 2 * self.size if self.size is not None else len(value) + len(value) % 2
        if not (value.isascii() and value.isdigit()) or len(value) > digits:
            raise LayoutError(f"{value!r} is not at most {digits} decimal digits")
        return bytes.fromhex(value.zfill(digits))

    def decode(self, data: bytes) -> str:
        return _digits(data)


@dataclass(frozen=True, slots=True)
class Big:
    """Unsigned integer, most significant byte first."""

    size: int

    def encode(self, value: int) -> bytes:
        try:
            return value.to_bytes(self.size, "big")
        except OverflowError:
            raise LayoutError(f"{value} is not in 0..{256**self.size - 1}") from None

    def decode(self, data: bytes) -> int:
        return int.from_bytes(data, "big")


@dataclass(frozen=True, slots=True)
class Moment:
    """Date and time in BCD; ``order`` names the bytes: ``DMY`` or ``YMD``, then nothing, ``HM`` or ``HMS``. ``None``
    for what is no moment (an unset clock, no document yet)."""

    order: str

    @property
    def size(self) -> int:
        return len(self.order)

    @property
    def _parts(self) -> str:
        """The names one by one; the minute's differs from the month's."""
        return self.order[:3] + self.order[3:].replace("M", "m")

    def encode(self, value: datetime | None) -> bytes:
        if value is None:
            return bytes(self.size)
        part = {"D": value.day, "M": value.month, "Y": value.year - 2000}
        part |= {"H": value.hour, "m": value.minute, "S": value.second}
        return b"".join(Bcd(1).encode(part[name]) for name in self._parts)

    def decode(self, data: bytes) -> datetime | None:
        try:
            part = {name: Bcd(1).decode(data[at : at + 1]) for at, name in enumerate(self._parts)}
            clock = (part.get("H", 0), part.get("m", 0), part.get("S", 0))
            return datetime(2000 + part["Y"], part["M"], part["D"], *clock)  # noqa: DTZ001  # local by nature
        except (LayoutError, ValueError):
            return None


@dataclass(frozen=True, slots=True)
class Day:
    """``DD MM YY``; ``None`` for what is no date."""

    size: int = 3

    def encode(self, value: date | None) -> bytes:
        return bytes(3) if value is None else Moment("DMY").encode(datetime(value.year, value.month, value.day))  # noqa: DTZ001

    def decode(self, data: bytes) -> date | None:
        moment = Moment("DMY").decode(data)
        return None if moment is None else moment.date()


_SWAP = str.maketrans("№$", "$№")


@dataclass(frozen=True, slots=True)
class Printed:
    """Text that the device prints and stores, to the end of the command: CP866 with the places of № and $ exchanged.
    A letter that the code page lacks is written as a question mark."""

    size: int | None = None
    most: int = 255

    def encode(self, value: str) -> bytes:
        data = value.translate(_SWAP).encode("cp866", errors="replace")
        if len(data) > self.most:
            raise LayoutError(f"{len(data)} characters where at most {self.most} fit: {value!r}")
        return data

    def decode(self, data: bytes) -> str:
        return data.partition(b"\0")[0].decode("cp866").translate(_SWAP)


def _digits(data: bytes) -> str:
    digits = data.hex()
    if digits and not digits.isdigit():
        raise LayoutError(f"{digits} is no packed decimal number")
    return digits

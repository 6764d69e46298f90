"""Fixed binary layouts as dataclass fields, in wire order.

A message class is a frozen dataclass whose fields carry a ``Codec`` in their metadata; ``pack`` and ``unpack`` walk
them. So a layout is written once, reads like the table in the vendor's document and works in both directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING, dataclass, field, fields
from datetime import date, datetime, time
from functools import cache
from typing import Any, Protocol, TypeVar


class LayoutError(ValueError):
    """Bytes do not have the layout, or a value does not fit into it; names the field and what it takes."""


class Codec(Protocol):
    @property
    def size(self) -> int | None:
        """Bytes taken, or ``None`` for all that is left."""

    def encode(self, value: Any) -> bytes: ...

    def decode(self, data: bytes) -> Any: ...


@dataclass(frozen=True, slots=True)
class UInt:
    """Unsigned little-endian integer."""

    size: int

    def encode(self, value: int) -> bytes:
        try:
            return value.to_bytes(self.size, "little")
        except OverflowError:
            raise LayoutError(f"{value} is not in 0..{256**self.size - 1}") from None

    def decode(self, data: bytes) -> int:
        return int.from_bytes(data, "little")


@dataclass(frozen=True, slots=True)
class UIntOrNone:
    """Unsigned little-endian integer; all FFh means "not given"."""

    size: int

    def encode(self, value: int | None) -> bytes:
        if value is not None and value == 256**self.size - 1:
            raise LayoutError(f"{value} means 'not given' in this field")
        return b"\xff" * self.size if value is None else UInt(self.size).encode(value)

    def decode(self, data: bytes) -> int | None:
        return None if data == b"\xff" * self.size else UInt(self.size).decode(data)


@dataclass(frozen=True, slots=True)
class UInts:
    """``count`` integers of ``each`` bytes; missing ones at the end are zero."""

    count: int
    each: int

    @property
    def size(self) -> int:
        return self.count * self.each

    def encode(self, value: Sequence[int]) -> bytes:
        if len(value) > self.count:
            raise LayoutError(f"{len(value)} values where at most {self.count} fit")
        padded = (*value, *(0,) * (self.count - len(value)))
        return b"".join(UInt(self.each).encode(number) for number in padded)

    def decode(self, data: bytes) -> tuple[int, ...]:
        return tuple(UInt(self.each).decode(data[i : i + self.each]) for i in range(0, len(data), self.each))


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes as they are; ``size`` ``None``: the rest, at most ``most``."""

    size: int | None = None
    most: int = 255

    def encode(self, value: bytes) -> bytes:
        if len(value) > self.most or (self.size is not None and len(value) != self.size):
            raise LayoutError(f"{len(value)} bytes where {self.size or f'at most {self.most}'} fit")
        return value

    def decode(self, data: bytes) -> bytes:
        return data


@dataclass(frozen=True, slots=True)
class Text:
    """Text in a one-byte code page, ended by a zero byte or the field's end; written zero padded to ``size``, or at its
    real length of at most ``most`` bytes. A letter that the code page lacks is written as a question mark."""

    size: int | None = None
    most: int = 255
    encoding: str = "cp1251"

    def encode(self, value: str) -> bytes:
        data = value.encode(self.encoding, errors="replace")
        most = self.most if self.size is None else self.size
        if len(data) > most:
            raise LayoutError(f"{len(data)} characters where at most {most} fit: {value!r}")
        return data if self.size is None else data.ljust(self.size, b"\0")

    def decode(self, data: bytes) -> str:
        return data.partition(b"\0")[0].decode(self.encoding, errors="replace")


@dataclass(frozen=True, slots=True)
class Dotted:
    """A version: two characters shown with a dot between them."""

    size: int = 2

    def encode(self, value: str) -> bytes:
        first, _, second = value.partition(".")
        return Text(2).encode(first + second)

    def decode(self, data: bytes) -> str:
        return ".".join(data.decode("cp1251", errors="replace"))


@dataclass(frozen=True, slots=True)
class DayMonthYear:
    """``DD MM YY``; ``None`` for what is no date (an unset clock)."""

    size: int = 3

    def encode(self, value: date) -> bytes:
        return bytes((value.day, value.month, value.year - 2000))

    def decode(self, data: bytes) -> date | None:
        try:
            return date(2000 + data[2], data[1], data[0])
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class HourMinuteSecond:
    """``HH MM SS``; ``None`` for what is no time."""

    size: int = 3

    def encode(self, value: time) -> bytes:
        return bytes((value.hour, value.minute, value.second))

    def decode(self, data: bytes) -> time | None:
        try:
            return time(*data)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class DriveTime:
    """Date and time of the fiscal drive, ``YY MM DD HH MM``; ``None`` for zeros (no document yet)."""

    size: int = 5

    def encode(self, value: datetime | None) -> bytes:
        if value is None:
            return bytes(5)
        return bytes((value.year - 2000, value.month, value.day, value.hour, value.minute))

    def decode(self, data: bytes) -> datetime | None:
        try:
            return datetime(2000 + data[0], *data[1:])  # noqa: DTZ001  # local by nature
        except ValueError:
            return None


def wire(codec: Codec, default: Any = MISSING) -> Any:
    """A field of a message. One with a default may be missing at the end of received bytes."""
    return field(default=default, metadata={"codec": codec})


M = TypeVar("M")


@cache
def _specs(kind: type[Any]) -> tuple[tuple[str, Codec, Any], ...]:
    """Name, codec and default of each field."""
    return tuple((spec.name, spec.metadata["codec"], spec.default) for spec in fields(kind))


def pack(message: Any) -> bytes:
    """The message's fields, one after another. Raises ``LayoutError``."""
    out = bytearray()
    for name, codec, _ in _specs(type(message)):  # type: ignore[arg-type]  # classes are hashable
        try:
            out += codec.encode(getattr(message, name))
        except LayoutError as error:
            raise LayoutError(f"{type(message).__name__}.{name}: {error}") from None
    return bytes(out)


def unpack(kind: type[M], data: bytes) -> M:
    """Read the fields of ``kind``. Bytes beyond the last field are ignored (newer firmware adds fields); a field with a
    default that is not there, or not whole, keeps it. Raises ``LayoutError`` when a needed field is missing."""
    values: dict[str, Any] = {}
    place = 0
    for name, codec, default in _specs(kind):  # type: ignore[arg-type]  # classes are hashable
        end = len(data) if codec.size is None else place + codec.size
        if end > len(data):
            if default is MISSING:
                raise LayoutError(f"{kind.__name__}.{name}: {len(data)} bytes end before byte {end}")
            break
        values[name] = codec.decode(data[place:end])
        place = end
    return kind(**values)

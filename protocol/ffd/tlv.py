"""TLV: how a fiscal document's tags travel between a register, its fiscal drive and the OFD.

A record is tag (u16), length (u16) and value; a structure's value is records again. Source: format order
ЕД-7-20/662@, section on the electronic form. Reading is tolerant about lengths, where devices differ, and strict about
structure; writing keeps to the published lengths.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar, Union

from protocol.ffd.money import QUANTITY_PLACES, format_kopecks, format_quantity
from protocol.ffd.tags import CONTAINERS, FISCAL_SIGN, REPEATABLE, TAGS, Kind, Tag
from protocol.ffd.text import CODE_PAGE

Value: TypeAlias = Union[str, int, Decimal, datetime, bytes, "Sequence[tuple[int, Value]]"]
"""text: STR, FIXED · whole number: BYTE to BITS32, VLN, kopecks for MONEY · Decimal: FVLN · naive local time: TIME32 ·
bytes: BYTES and tags that the table does not have · (tag, value) pairs: STLV."""

_T = TypeVar("_T", str, int, bytes, Decimal, datetime)
_SIZES = {Kind.BYTE: 1, Kind.BITS8: 1, Kind.U16: 2, Kind.U32: 4, Kind.BITS32: 4, Kind.TIME32: 4}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_DEPTH = 8


class TlvError(ValueError):
    """Bytes that are no TLV, or a value that its tag cannot carry."""

    def __init__(self, tag: int | None, problem: str) -> None:
        super().__init__(problem if tag is None else f"tag {tag}: {problem}")
        self.tag = tag
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Record:
    tag: int
    value: bytes


# --- writing ---------------------------------------------------------------------------------------------------------


def encode(tag: int, value: Value) -> bytes:
    """One record. Raises ``TlvError`` when the value has the wrong type for the tag or does not fit."""
    return _record(tag, _raw(tag, value))


def encode_all(pairs: Sequence[tuple[int, Value]]) -> bytes:
    """Records one after another, in the given order."""
    return b"".join(encode(tag, value) for tag, value in pairs)


def _record(tag: int, raw: bytes) -> bytes:
    if not 0 <= tag <= 0xFFFF or len(raw) > 0xFFFF:
        raise TlvError(tag, "tag number or value too large for a record")
    return tag.to_bytes(2, "little") + len(raw).to_bytes(2, "little") + raw


def _raw(number: int, value: Value) -> bytes:
    tag = TAGS.get(number)
    if tag is None:
        return _expect(number, value, bytes)
    raw = _write(tag, value)
    if tag.length and len(raw) > tag.length:
        raise TlvError(number, f"{len(raw)} bytes, at most {tag.length} are allowed")
    return raw


def _write(tag: Tag, value: Value) -> bytes:
    match tag.kind:
        case Kind.STR:
            return _text(tag, value)
        case Kind.FIXED:
            return _text(tag, value).ljust(tag.length)
        case Kind.MONEY | Kind.VLN:
            return _vln(tag, _expect(tag.number, value, int), tag.length)
        case Kind.FVLN:
            places, mantissa = _scaled(tag, _expect(tag.number, value, Decimal))
            return bytes([places]) + _vln(tag, mantissa, tag.length - 1)
        case Kind.TIME32:
            at = _expect(tag.number, value, datetime)
            if at.tzinfo is not None:
                raise TlvError(tag.number, "the register's local time carries no time zone")
            return _unsigned(tag, (at.replace(tzinfo=UTC) - _EPOCH) // timedelta(seconds=1), 4)
        case Kind.BYTES:
            return _expect(tag.number, value, bytes)
        case Kind.STLV:
            if isinstance(value, str | bytes | int | Decimal | datetime):
                raise TlvError(tag.number, "a structure is written from (tag, value) pairs")
            return encode_all(value)
        case _:
            return _unsigned(tag, _expect(tag.number, value, int), _SIZES[tag.kind])


def _expect(tag: int, value: Value, kind: type[_T]) -> _T:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TlvError(tag, f"{kind.__name__} expected, not {type(value).__name__}")
    return value


def _text(tag: Tag, value: Value) -> bytes:
    try:
        return _expect(tag.number, value, str).encode(CODE_PAGE)
    except UnicodeEncodeError as error:
        raise TlvError(tag.number, f"{error.object[error.start]!r} is not in CP866") from None


def _unsigned(tag: Tag, value: int, size: int) -> bytes:
    if not 0 <= value < 1 << 8 * size:
        raise TlvError(tag.number, f"{value} does not fit in {size} bytes")
    return value.to_bytes(size, "little")


def _vln(tag: Tag, value: int, size: int) -> bytes:
    return _unsigned(tag, value, size).rstrip(b"\0") or b"\0"


def _scaled(tag: Tag, value: Decimal) -> tuple[int, int]:
    """The number of decimal places, as few as will do, and the number without its point."""
    if not value.is_finite():
        raise TlvError(tag.number, "not a number")
    whole, _, places = format_quantity(value).partition(".")
    if len(places) > QUANTITY_PLACES:
        raise TlvError(tag.number, f"more than {QUANTITY_PLACES} decimal places")
    return len(places), int(whole + places)


# --- reading ---------------------------------------------------------------------------------------------------------


def records(data: bytes) -> Iterator[Record]:
    """Split bytes into records. Raises ``TlvError`` where a record is cut short."""
    at = 0
    while at < len(data):
        if len(data) - at < 4:
            raise TlvError(None, f"{len(data) - at} bytes left over at {at}")
        tag = int.from_bytes(data[at : at + 2], "little")
        length = int.from_bytes(data[at + 2 : at + 4], "little")
        value = data[at + 4 : at + 4 + length]
        if len(value) < length:
            raise TlvError(tag, f"{length} bytes announced, {len(value)} are there")
        yield Record(tag, value)
        at += 4 + length


def decode_document(data: bytes) -> dict[str, Any]:
    """The tags of a document in a form that JSON can carry, keyed by number as text.

    Sums are roubles in text, quantities decimal text, times ``2026-11-21T14:05:00``, flags and numbers integers, the
    fiscal sign decimal text, other bytes and unknown tags hexadecimal text. A structure is an object, a repeatable tag
    a list of its values; 1115 and 1234 are lists of objects with one key: ``"1115": [{"1119": {"1199": 11, …}}]``.
    Raises ``TlvError`` for anything malformed, nothing else.
    """
    return _object(data, depth=0)


def _object(data: bytes, depth: int) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for record in records(data):
        key, value = str(record.tag), _value(record, depth)
        if record.tag in REPEATABLE:
            values.setdefault(key, []).append(value)
        elif key in values:
            raise TlvError(record.tag, "stands twice")
        else:
            values[key] = value
    return values


def _value(record: Record, depth: int) -> Any:
    tag, raw = TAGS.get(record.tag), record.value
    if tag is None:
        return raw.hex()
    match tag.kind:
        case Kind.STR:
            return raw.decode(CODE_PAGE)
        case Kind.FIXED:
            return raw.decode(CODE_PAGE).rstrip(" ")
        case Kind.MONEY:
            return format_kopecks(_read_vln(tag, raw) if raw else 0)  # some devices cut a zero away altogether
        case Kind.VLN:
            return _read_vln(tag, raw)
        case Kind.FVLN:
            return _read_fvln(tag, raw)
        case Kind.TIME32:
            moment = _EPOCH + timedelta(seconds=_read_unsigned(tag, raw))
            return moment.replace(tzinfo=None).isoformat()
        case Kind.BYTES:
            return _read_fiscal_sign(raw) if tag.number == FISCAL_SIGN else raw.hex()
        case Kind.STLV:
            return _structure(tag, raw, depth + 1)
        case _:
            return _read_unsigned(tag, raw)


def _structure(tag: Tag, raw: bytes, depth: int) -> Any:
    if depth > _MAX_DEPTH:
        raise TlvError(tag.number, "structures nested too deeply")
    if tag.number in CONTAINERS:
        return [{str(record.tag): _value(record, depth)} for record in records(raw)]
    return _object(raw, depth)


def _read_unsigned(tag: Tag, raw: bytes) -> int:
    if len(raw) != _SIZES[tag.kind]:
        raise TlvError(tag.number, f"{len(raw)} bytes, {_SIZES[tag.kind]} expected")
    return int.from_bytes(raw, "little")


def _read_vln(tag: Tag, raw: bytes) -> int:
    if not 1 <= len(raw) <= 8:
        raise TlvError(tag.number, f"a number of {len(raw)} bytes")
    return int.from_bytes(raw, "little")


def _read_fvln(tag: Tag, raw: bytes) -> str:
    if len(raw) < 2 or raw[0] > QUANTITY_PLACES:
        raise TlvError(tag.number, "no decimal number")
    return format_quantity(Decimal(_read_vln(tag, raw[1:])).scaleb(-raw[0]))


def _read_fiscal_sign(raw: bytes) -> str:
    if len(raw) != 6:
        raise TlvError(FISCAL_SIGN, f"{len(raw)} bytes, 6 expected")
    return str(int.from_bytes(raw[2:], "big"))

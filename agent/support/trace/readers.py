"""From the bytes of a channel to pieces that are fit to be written down: whole frames, named, with secrets hidden.

A family's reader is fed what the tap hears and gives a piece for every frame as soon as it is whole. Half a frame
waits: nobody can make anything of it yet, and a secret must not be cut in two.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime, time
from functools import cache
from typing import Any, Literal, Protocol

from agent.support.masking import FISCAL, HIDDEN, WITHHELD, mask_bytes
from protocol.wire.atol.coding import Digits, Printed
from protocol.wire.layout import Codec, Raw, Text

Side = Literal["tx", "rx"]
PASSWORD = "password"
DATA = "data"
MOST = 64 * 1024
"""Bytes of an unfinished frame that are held back; no frame of any family is longer."""


@dataclass(frozen=True, slots=True)
class Piece:
    """``data`` is masked already; ``masked`` names what was hidden."""

    data: bytes
    command: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    result: str | None = None
    masked: tuple[str, ...] = ()


class Reader(Protocol):
    """Of one channel. Any bytes give pieces, never an exception."""

    def feed(self, side: Side, data: bytes, /) -> list[Piece]:
        """The frames that ``data`` completes."""

    def rest(self, side: Side, /) -> list[Piece]:
        """What is left unfinished, because the line went on without it."""


class Plain:
    """A family that is not known here: bytes as they come, but for the end of a chunk that may be the beginning of a
    card number."""

    _TAIL = re.compile(rb"(?:[0-9A-Fa-f=^][^0-9A-Za-z]{0,3}){1,60}\Z")

    def __init__(self) -> None:
        self._held = {"tx": b"", "rx": b""}

    def feed(self, side: Side, data: bytes) -> list[Piece]:
        data = self._held[side] + data
        tail = self._TAIL.search(data)
        cut = tail.start() if tail is not None and len(data) < MOST else len(data)
        self._held[side] = data[cut:]
        return [plain_piece(data[:cut])] if cut else []

    def rest(self, side: Side) -> list[Piece]:
        data, self._held[side] = self._held[side], b""
        return [plain_piece(data)] if data else []


class Frames(ABC):
    """A channel of frames: what is not whole yet waits, up to ``MOST`` bytes of it."""

    def __init__(self) -> None:
        self._buffers = {"tx": bytearray(), "rx": bytearray()}

    def feed(self, side: Side, data: bytes) -> list[Piece]:
        buffer = self._buffers[side]
        buffer += data
        pieces: list[Piece] = []
        while buffer:
            taken, piece = self.next(side, bytes(buffer))
            if piece is None:
                return pieces if len(buffer) < MOST else pieces + self.rest(side)
            del buffer[:taken]
            pieces.append(piece)
        return pieces

    def rest(self, side: Side) -> list[Piece]:
        data = bytes(self._buffers[side])
        self._buffers[side].clear()
        return [plain_piece(data, "unfinished")] if data else []

    @abstractmethod
    def next(self, side: Side, data: bytes) -> tuple[int, Piece | None]:
        """The first frame of ``data``, which is not empty, and its size; no piece while it is not whole."""


def plain_piece(data: bytes, command: str | None = None, result: str | None = None) -> Piece:
    """Bytes of unknown make, with everything hidden that looks like a secret."""
    masked = mask_bytes(data)
    return Piece(masked, command, result=result, masked=() if masked == data else (DATA,))


# --- messages of ``protocol.wire.layout`` ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Place:
    name: str
    codec: Codec
    start: int
    end: int | None  # ``None``: to the end

    @property
    def span(self) -> slice:
        return slice(self.start, self.end)


@cache
def _places(kind: Hashable) -> tuple[_Place, ...]:
    """Where each field stands behind the command's code; up to the first of open length."""
    places: list[_Place] = []
    at = 0
    for each in fields(kind):  # type: ignore[arg-type]  # a message's class; classes are hashable
        codec: Codec = each.metadata["codec"]
        places.append(_Place(each.name, codec, at, None if codec.size is None else at + codec.size))
        if codec.size is None:
            break
        at += codec.size
    return tuple(places)


def _places_of(kind: type[Any] | None) -> tuple[_Place, ...]:
    return () if kind is None else _places(kind)  # type: ignore[arg-type]  # classes are hashable


def hide(kind: type[Any] | None, body: bytes, more: Callable[[bytes], bytes] = bytes) -> tuple[bytes, tuple[str, ...]]:
    """``body`` (what follows a command's code) with its passwords as zero bytes and card data masked; ``more`` hides
    what else the bytes of a free field may hold. Numbers of known fields are not taken for packed digits."""
    clean = bytearray(mask_bytes(body, packed=kind is None))
    names: list[str] = []
    for place in _places_of(kind):
        part = bytes(clean[place.span])
        if PASSWORD in place.name:
            clean[place.span] = bytes(len(part))
            names.append(PASSWORD)
        elif place.name in FISCAL and FISCAL[place.name](body[place.span].decode("latin-1").strip()):
            clean[place.span] = body[place.span]
        elif _is_free(place.codec):
            clean[place.span] = more(mask_bytes(part))
    if kind is None:
        clean = bytearray(more(bytes(clean)))
    if any(bytes(clean[p.span]) != body[p.span] for p in _fields_but_passwords(kind, len(body))):
        names.append(DATA)
    return bytes(clean), tuple(dict.fromkeys(names))


def _is_free(codec: Codec) -> bool:
    """Text, bytes, digits to the end: what it holds is anybody's word."""
    return isinstance(codec, Raw | Text | Printed) or (isinstance(codec, Digits) and codec.size is None)


def _fields_but_passwords(kind: type[Any] | None, size: int) -> tuple[_Place, ...]:
    if kind is None:
        return (_Place("", Raw(), 0, size),)
    return tuple(place for place in _places_of(kind) if PASSWORD not in place.name)


def put_password(kind: type[Any] | None, body: bytes, password: int) -> bytes:
    """The other way round, for a replay: a password where one was hidden."""
    filled = bytearray(body)
    for place in _places_of(kind):
        if PASSWORD in place.name and place.end is not None and place.end <= len(body):
            filled[place.span] = place.codec.encode(password)
    return bytes(filled)


def told(message: Any) -> Mapping[str, Any]:
    """The fields of a message, read from bytes that are masked already, as JSON takes them."""
    return {each.name: _told(each.name, getattr(message, each.name)) for each in fields(message)}


def _told(name: str, value: Any) -> Any:
    if PASSWORD in name:
        return WITHHELD
    match value:
        case bytes():
            return value.hex()
        case date() | datetime() | time():
            return value.isoformat()
        case tuple():
            return [_told(name, each) for each in value]
        case _:
            return value


# --- people in the requisites of a document --------------------------------------------------------------------------

PEOPLE = (1008, 1021, 1203, 1227, 1228, 1243, 1244, 1245, 1246, 1254)
"""Tags that say who the buyer is (contact, name, ИНН, birth, citizenship, papers, address) and who the cashier."""
_REQUISITE = re.compile(
    b"(?s)(?:" + b"|".join(re.escape(tag.to_bytes(2, "little")) for tag in PEOPLE) + rb")(.)([\x00\x01])"
)
_LETTER = HIDDEN.encode()


class Requisites:
    """TLV in pieces, as it stands in free fields. A value that one piece begins goes on in the next."""

    def __init__(self) -> None:
        self._owed = 0

    def forget(self) -> None:
        """The next piece begins something new."""
        self._owed = 0

    def hide(self, data: bytes) -> bytes:
        """As long as before, with people's letters hidden."""
        clean = bytearray(data)
        part = min(self._owed, len(data))
        clean[:part] = _LETTER * part
        self._owed -= part
        for found in _REQUISITE.finditer(data, part):
            size = int.from_bytes(found[1] + found[2], "little")
            value = data[found.end() : found.end() + size]
            if 0 < size <= 256 and min(value, default=0) >= 0x20:
                clean[found.end() : found.end() + len(value)] = _LETTER * len(value)
                self._owed = size - len(value)
        return bytes(clean)

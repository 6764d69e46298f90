"""What an ATOL command is: its bytes, how long it may take, whether it may be sent again, how its answer begins.

A request is ``code | parameters``; the access password (two bytes) stands before it in the packet, put there by the
exchange. An answer is ``55 | error | fields`` for most commands; four of them have a head of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar, Generic, Self, TypeVar

from protocol.wire.layout import LayoutError, pack, unpack
from protocol.wire.steps import Denied, Pace, Replied

SYSTEM_ADMINISTRATOR = 30


class Repeat(Enum):
    """May a command be sent again that the device does not know (any more)?"""

    QUERY = "query"  # it only reads
    FILL = "fill"  # only when the device has said that it came damaged: what was filled in before may be gone
    NEVER = "never"  # it may have been executed and forgotten: only the archive or the counters tell


class Head(Enum):
    """How the answer begins."""

    ERROR = "55 error fields"
    BARE = "error fields"
    FIELDS = "55 fields"
    OWN = "a byte of its own, fields"


R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Command(Generic[R]):
    """A request. ``code`` is the command's byte and, where it has them, the bytes that choose among its forms."""

    code: ClassVar[bytes]
    pace: ClassVar[Pace] = Pace.QUERY
    repeat: ClassVar[Repeat] = Repeat.QUERY
    head: ClassVar[Head] = Head.ERROR
    answered: ClassVar[bool] = True
    """``False``: the device is not asked for a result; that it has taken the command is all that is known."""
    reply: ClassVar[type[Any]]

    def to_bytes(self) -> bytes:
        """Code and parameters. Raises ``LayoutError`` when a value does not fit."""
        return self.code + pack(self)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The other way round, for traces and tests. Raises ``LayoutError``."""
        if not data.startswith(cls.code):
            raise LayoutError(f"{cls.__name__} starts with {cls.code.hex()}, not {data[: len(cls.code)].hex()}")
        return unpack(cls, data[len(cls.code) :])

    def read_reply(self, fields: bytes) -> R:
        """Fields of the answer as a value. Raises ``LayoutError``."""
        reply: R = unpack(self.reply, fields)
        return reply


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing but "done"."""


def judged(head: Head, code: int, answer: bytes, *, failed: bool) -> Replied | Denied | None:
    """What an answer says; ``None`` when it is no answer to a command of this code. ``failed``: the device has marked
    it as an error. A command with a head of its own answers an error as the others do."""
    plain = answer[:1] == b"\x55"
    if failed or (plain and head is Head.ERROR) or (plain and head in (Head.OWN, Head.FIELDS) and len(answer) == 2):
        if not plain or len(answer) < 2 or (failed and answer[1] == 0):
            return None
        return Denied(answer[1]) if answer[1] else Replied(answer[2:])
    match head:
        case Head.BARE if answer:
            return Denied(answer[0]) if answer[0] else Replied(answer[1:])
        case Head.FIELDS if plain:
            return Replied(answer[1:])
        case Head.OWN if answer and answer[0] == _OWN_HEADS.get(code):
            return Replied(answer[1:])
        case _:
            return None


_OWN_HEADS = {0x3F: 0x44, 0x4D: 0x4D}

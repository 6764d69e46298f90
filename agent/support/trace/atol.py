"""What goes over an ATOL's line: link layer v3, packet by packet, with the tasks inside it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from agent.support.trace.readers import PASSWORD, Frames, Piece, Requisites, Side, hide, plain_piece, put_password, told
from protocol.wire.atol.catalogue import COMMANDS
from protocol.wire.atol.command import SYSTEM_ADMINISTRATOR, Command, judged
from protocol.wire.atol.errors import describe
from protocol.wire.atol.frame import MAX_FRAME, START, Damaged, Packet, next_packet
from protocol.wire.atol.link import ABORT, ACK, ADD, REQ
from protocol.wire.buffer import ReceiveBuffer
from protocol.wire.layout import LayoutError, unpack
from protocol.wire.steps import Denied, Replied

CONTROLS: Mapping[int, str] = MappingProxyType({ACK: "acknowledge", REQ: "ask for task", ABORT: "clear"})
STATES: Mapping[int, str] = MappingProxyType(
    {
        0xA1: "waiting", 0xA2: "at work", 0xA3: "result", 0xA4: "error", 0xA5: "stopped", 0xA6: "result",
        0xA7: "error", 0xA8: "at work", 0xB1: "buffer full", 0xB2: "task exists", 0xB3: "task not found",
    }
)  # fmt: skip
ACCESS = 2
"""Bytes of the device's access password before every command."""
HEAD = 3
"""Bytes of C1h before that: itself, flags, task."""
_LONGEST_FIRST = tuple(sorted(COMMANDS, key=lambda kind: len(kind.code), reverse=True))
REMEMBERED = 64
"""Tasks and packets whose command is remembered; the device's buffer holds fewer."""


def kind_of(data: bytes) -> type[Command[Any]] | None:
    return next((kind for kind in _LONGEST_FIRST if data.startswith(kind.code)), None)


class AtolReader(Frames):
    """``Reader`` of this family."""

    def __init__(self) -> None:
        super().__init__()
        self._requisites = Requisites()
        self._kind: type[Command[Any]] | None = None
        self._tasks: dict[int, type[Command[Any]] | None] = {}
        self._packets: dict[int, type[Command[Any]] | None] = {}

    def next(self, side: Side, data: bytes) -> tuple[int, Piece | None]:
        if data[0] != START:
            size = data.find(START)
            size = size if size > 0 else len(data)
            return size, plain_piece(data[:size], "noise")
        buffer = ReceiveBuffer(MAX_FRAME)
        buffer.feed(data[: buffer.limit])
        room = len(buffer)
        packet = next_packet(buffer)
        size = room - len(buffer)
        match packet:
            case None:
                return 0, None
            case Damaged(raw):
                return size, plain_piece(raw, "damaged")
            case Packet():
                clean, piece = self._request(packet) if side == "tx" else self._answer(packet)
                raw = data[:size] if clean == packet.data else Packet(packet.id, clean).to_bytes()
                return size, Piece(raw, piece.command, piece.fields, piece.result, piece.masked)

    def _request(self, packet: Packet) -> tuple[bytes, Piece]:
        data = packet.data
        if data[:1] != bytes((ADD,)) or len(data) < HEAD + ACCESS:
            if data[:1] == bytes((REQ,)) and len(data) > 1:
                _note(self._packets, packet.id, self._tasks.get(data[1]))
            piece = plain_piece(data, CONTROLS.get(data[0]) if data else "empty")
            return piece.data, Piece(b"", piece.command, {}, None, piece.masked)
        command = data[HEAD + ACCESS :]
        kind = kind_of(command)
        if kind is not self._kind:
            self._requisites.forget()
        self._kind = kind
        _note(self._tasks, data[2], kind)
        _note(self._packets, packet.id, kind)
        size = len(kind.code) if kind is not None else 1
        clean, masked = hide(kind, command[size:], self._requisites.hide)
        if data[HEAD : HEAD + ACCESS] != bytes(ACCESS):
            masked = tuple(dict.fromkeys((*masked, PASSWORD)))
        name = kind.__name__ if kind is not None else f"command {command[:1].hex().upper()}h"
        fields = {"task": data[2], **_fields(kind, clean)}
        return data[:HEAD] + bytes(ACCESS) + command[:size] + clean, Piece(b"", name, fields, None, masked)

    def _answer(self, packet: Packet) -> tuple[bytes, Piece]:
        data = packet.data
        state = data[0] if data else 0
        if state not in (0xA3, 0xA4, 0xA6, 0xA7):
            piece = plain_piece(data, STATES.get(state, "empty" if not data else "answer"))
            return piece.data, Piece(b"", piece.command, {}, None, piece.masked)
        size = 2 if state in (0xA6, 0xA7) else 1
        kind = self._tasks.get(data[1]) if size == 2 and len(data) > 1 else self._packets.get(packet.id)
        answer = data[size:]
        verdict = None
        if kind is not None:
            verdict = judged(kind.head, kind.code[0], answer, failed=state in (0xA4, 0xA7))
        if kind is not None and isinstance(verdict, Replied):
            head = answer[: len(answer) - len(verdict.fields)]
            clean, masked = hide(kind.reply, verdict.fields, self._requisites.hide)
            return data[:size] + head + clean, Piece(b"", kind.__name__, _fields(kind.reply, clean), "ok", masked)
        self._requisites.forget()
        result = f"{verdict.error:02X}h {describe(verdict.error).code}" if isinstance(verdict, Denied) else None
        plain = plain_piece(answer)
        name = kind.__name__ if kind is not None else STATES[state]
        return data[:size] + plain.data, Piece(b"", name, {}, result, plain.masked)


def _note(where: dict[int, type[Command[Any]] | None], number: int, kind: type[Command[Any]] | None) -> None:
    where.pop(number, None)
    where[number] = kind
    if len(where) > REMEMBERED:
        del where[next(iter(where))]


def _fields(kind: type[Any] | None, body: bytes) -> Mapping[str, Any]:
    if kind is None:
        return {}
    try:
        return told(unpack(kind, body))
    except LayoutError:
        return {}


def with_password(data: bytes, password: int = SYSTEM_ADMINISTRATOR) -> bytes:
    """A recorded packet of the host with a password where one was hidden; the access password is none."""
    buffer = ReceiveBuffer(MAX_FRAME)
    buffer.feed(data[: buffer.limit])
    packet = next_packet(buffer)
    if not isinstance(packet, Packet) or packet.data[:1] != bytes((ADD,)):
        return data
    head, command = packet.data[: HEAD + ACCESS], packet.data[HEAD + ACCESS :]
    kind = kind_of(command)
    if kind is None:
        return data
    size = len(kind.code)
    return Packet(packet.id, head + command[:size] + put_password(kind, command[size:], password)).to_bytes()

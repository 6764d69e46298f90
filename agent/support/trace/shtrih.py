"""What goes over a Shtrih-M's line, frame by frame; both lower levels, told apart by their first byte."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from agent.support.trace.readers import (
    Frames,
    Piece,
    Requisites,
    Side,
    hide,
    plain_piece,
    put_password,
    told,
)
from protocol.wire.buffer import ReceiveBuffer
from protocol.wire.layout import LayoutError, unpack
from protocol.wire.shtrih.catalogue import COMMANDS
from protocol.wire.shtrih.codec import ACK, ENQ, IDLE_FILL, MAX_FRAME, NAK, STX, Damaged, Frame, next_frame
from protocol.wire.shtrih.codec2 import MAX_FRAME as MAX_FRAME2
from protocol.wire.shtrih.codec2 import START, Numbered, Sync, next_numbered
from protocol.wire.shtrih.commands import SYSTEM_ADMINISTRATOR, Command, NextBlock, ReadTable, WriteTable
from protocol.wire.shtrih.errors import describe

CONTROLS: Mapping[int, str] = MappingProxyType({ENQ: "ENQ", ACK: "ACK", NAK: "NAK", IDLE_FILL: "fill"})
PASSWORDS = 2
"""Number of the table that holds the operators' names and passwords."""

_KINDS: Mapping[bytes, type[Command[Any]]] = MappingProxyType({kind.code: kind for kind in reversed(COMMANDS)})


def kind_of(payload: bytes) -> type[Command[Any]] | None:
    """The command that a frame carries or answers."""
    return _KINDS.get(payload[: _code_size(payload)])


def _code_size(payload: bytes) -> int:
    return 2 if payload[:1] == b"\xff" else 1


class ShtrihReader(Frames):
    """``Reader`` of this family."""

    def __init__(self) -> None:
        super().__init__()
        self._requisites = Requisites()
        self._table: int | None = None  # that the host reads from

    def next(self, side: Side, data: bytes) -> tuple[int, Piece | None]:
        if data[0] not in (STX, START):
            if data[0] in CONTROLS:
                return 1, Piece(data[:1], CONTROLS[data[0]])
            size = next((at for at, byte in enumerate(data) if byte in (STX, START) or byte in CONTROLS), len(data))
            return size, plain_piece(data[:size], "noise")
        numbered = data[0] == START
        buffer = ReceiveBuffer(MAX_FRAME2 if numbered else MAX_FRAME)
        buffer.feed(data[: buffer.limit])
        room = len(buffer)
        frame = next_numbered(buffer) if numbered else next_frame(buffer)
        size = room - len(buffer)
        match frame:
            case None:
                return 0, None
            case Damaged(raw):
                return size, plain_piece(raw, "damaged")
            case Sync():
                return size, Piece(data[:size], "sync")
            case Numbered(number, payload) if not payload:
                return size, Piece(data[:size], "nothing executed", {"number": number})
            case _:
                return size, self._framed(side, data[:size], frame)

    def _framed(self, side: Side, raw: bytes, frame: Frame | Numbered) -> Piece:
        payload = frame.payload if isinstance(frame, Frame) else frame.data
        clean, piece = self._request(payload) if side == "tx" else self._reply(payload)
        data = raw if clean == payload else _reframed(frame, clean).to_bytes()
        return Piece(data, piece.command, piece.fields, piece.result, piece.masked)

    def _request(self, payload: bytes) -> tuple[bytes, Piece]:
        kind, size = kind_of(payload), _code_size(payload)
        code, body = payload[:size], payload[size:]
        if kind is not NextBlock:
            self._requisites.forget()
        clean, masked = hide(kind, body, self._requisites.hide)
        if kind is None:  # nearly every command begins with a password
            clean, masked = bytes(min(4, len(body))) + clean[4:], (*masked, "password")
        if kind is WriteTable and body[4:5] == bytes((PASSWORDS,)):
            clean, masked = clean[:8] + bytes(len(clean) - 8), tuple(dict.fromkeys((*masked, "password")))
        self._table = body[4] if kind is ReadTable and len(body) > 4 else None
        return code + clean, Piece(b"", _name(kind, code), _fields(kind, clean), None, masked)

    def _reply(self, payload: bytes) -> tuple[bytes, Piece]:
        kind, size = kind_of(payload), _code_size(payload)
        head, body = payload[: size + 1], payload[size + 1 :]
        if len(head) <= size:
            return payload, Piece(b"", _name(kind, head))
        error = head[size]
        reply = kind.reply if kind is not None and not error else None
        clean, masked = hide(reply, body, self._requisites.hide)
        if kind is ReadTable and self._table == PASSWORDS:
            clean, masked = bytes(len(body)), ("password",)
        return head + clean, Piece(b"", _name(kind, head[:size]), _fields(reply, clean), _result(error), masked)


def _reframed(frame: Frame | Numbered, payload: bytes) -> Frame | Numbered:
    return Frame(payload) if isinstance(frame, Frame) else Numbered(frame.number, payload)


def _name(kind: type[Any] | None, code: bytes) -> str:
    return kind.__name__ if kind is not None else f"command {code.hex().upper()}h"


def _fields(kind: type[Any] | None, body: bytes) -> Mapping[str, Any]:
    if kind is None:
        return {}
    try:
        return told(unpack(kind, body))
    except LayoutError:
        return {}


def _result(error: int) -> str:
    return f"{error:02X}h {describe(error).code}" if error else "ok"


def with_password(data: bytes, password: int = SYSTEM_ADMINISTRATOR) -> bytes:
    """A recorded frame of the host with a password where one was hidden, as a simulated register takes it."""
    buffer = ReceiveBuffer(MAX_FRAME2)
    buffer.feed(data[: buffer.limit])
    frame = next_numbered(buffer) if data[:1] == bytes((START,)) else next_frame(buffer)
    if not isinstance(frame, (Frame, Numbered)):
        return data
    payload = frame.payload if isinstance(frame, Frame) else frame.data
    size = _code_size(payload)
    filled = payload[:size] + put_password(kind_of(payload), payload[size:], password)
    return _reframed(frame, filled).to_bytes() if payload else data

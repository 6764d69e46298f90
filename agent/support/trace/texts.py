"""Exchanges in text: tasks of ATOL's JSON language as its library takes them, and HTTP with such bodies.

What is hidden keeps its length, so that ``Content-Length`` stays true and a trace can be played again.
"""

from __future__ import annotations

import json
import re
from typing import Any

from agent.support.masking import mask_bytes, mask_json
from agent.support.trace.readers import DATA, MOST, Piece, Side

_LENGTH = re.compile(rb"(?im)^content-length:[ \t]*([0-9]{1,9})[ \t]*\r?$")
_END = b"\r\n\r\n"
MOST_BODY = 16 * 1024 * 1024
PEOPLE = frozenset({"clientInfo", "buyer", "buyerInfo", "operator"})
"""Objects that say who the buyer is, and the cashier: their texts are hidden."""
_OBJECT = re.compile(r'"(' + "|".join(sorted(PEOPLE)) + r')"\s*:\s*\{[^{}]*\}')
_TEXT = re.compile(r'(:\s*")((?:[^"\\]|\\.)*)(")')


class TaskReader:
    """``Reader`` of the library's texts: every call is one whole text."""

    def feed(self, side: Side, data: bytes) -> list[Piece]:
        clean = _masked(data)
        name, result = _task(clean) if side == "tx" else (None, _outcome(clean))
        return [Piece(clean, name, {}, result, () if clean == data else (DATA,))] if data else []

    def rest(self, _side: Side) -> list[Piece]:
        return []


class HttpReader:
    """``Reader`` of requests and answers, whole messages each."""

    def __init__(self) -> None:
        self._buffers = {"tx": bytearray(), "rx": bytearray()}

    def feed(self, side: Side, data: bytes) -> list[Piece]:
        buffer = self._buffers[side]
        buffer += data
        pieces: list[Piece] = []
        while (size := _message_size(buffer)) is not None and len(buffer) >= size:
            pieces.append(_message(bytes(buffer[:size])))
            del buffer[:size]
        return pieces if len(buffer) < MOST_BODY + MOST else pieces + self.rest(side)

    def rest(self, side: Side) -> list[Piece]:
        data = bytes(self._buffers[side])
        self._buffers[side].clear()
        return [_message(data)] if data else []


def _message_size(data: bytearray) -> int | None:
    """Of a message whose head says it; ``None``: it ends with the connection."""
    end = data.find(_END)
    if end < 0:
        return None
    head = bytes(data[:end])
    length = _LENGTH.search(head)
    if length is not None:
        return end + len(_END) + int(length[1])
    return None if head.startswith(b"HTTP/") else end + len(_END)


def _message(data: bytes) -> Piece:
    clean = _masked(data)
    first = clean.partition(b"\r\n")[0].decode("latin-1")
    words = first.split(" ")
    masked = () if clean == data else (DATA,)
    if first.startswith("HTTP/"):
        return Piece(clean, None, {}, words[1] if len(words) > 1 else None, masked)
    return Piece(clean, " ".join(words[:2]), {}, None, masked)


def _masked(data: bytes) -> bytes:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return mask_bytes(data)
    hidden = _OBJECT.sub(_without_people, text)
    clean = mask_json(hidden).encode("utf-8")
    return clean if len(clean) == len(data) else mask_bytes(data)


def _without_people(found: re.Match[str]) -> str:
    """As many bytes as before: a letter of two bytes is hidden by two stars."""
    return _TEXT.sub(lambda one: f"{one[1]}{'*' * len(one[2].encode('utf-8'))}{one[3]}", found[0])


def _task(text: bytes) -> tuple[str | None, None]:
    value = _json(text)
    return (str(value["type"]) if isinstance(value, dict) and "type" in value else None), None


def _outcome(text: bytes) -> str:
    """The library's answer to a task is JSON, or its code and words."""
    code = text.partition(b" ")[0]
    return code.decode("ascii") if code.isdigit() else "ok"


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None

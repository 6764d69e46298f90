"""What the agent and a vendor host say to each other: JSON objects, each behind its length.

A message is 4 bytes (big-endian length of what follows) and a JSON object in UTF-8, at most ``LONGEST`` bytes of it.

    request   {"id": 7, "command": "process_json", "arguments": {"text": "…"}}
    reply     {"id": 7, "value": …}                                 the command ran; the value is the command's own
              {"id": 7, "refused": {"code": "…", "detail": "…"}}    the command was not begun

Numbers that must be exact (money) travel inside texts: these objects carry integers, texts and truth values.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

HEAD = 4
LONGEST = 4 * 1024 * 1024
"""A fiscal document with its raw data has some 100 KiB; the rest is room."""


class MessageError(ValueError):
    """The peer does not speak this protocol. Nothing that it says afterwards can be trusted."""


@dataclass(frozen=True, slots=True)
class Request:
    id: int
    command: str
    arguments: Mapping[str, Any]

    def to_message(self) -> dict[str, Any]:
        return {"id": self.id, "command": self.command, "arguments": dict(self.arguments)}

    @classmethod
    def from_message(cls, message: Mapping[str, Any]) -> Request:
        """Raises ``MessageError``."""
        match message:
            case {"id": int(number), "command": str(command), "arguments": dict(arguments)}:
                return cls(number, command, arguments)
        raise MessageError(f"a request has id, command and arguments; this has {_names(message)}")


@dataclass(frozen=True, slots=True)
class Reply:
    id: int
    value: Any

    def to_message(self) -> dict[str, Any]:
        return {"id": self.id, "value": self.value}


@dataclass(frozen=True, slots=True)
class Refusal:
    """The host did not begin the command: it does not know it, or lacks what the command needs."""

    id: int
    code: str
    detail: str

    def to_message(self) -> dict[str, Any]:
        return {"id": self.id, "refused": {"code": self.code, "detail": self.detail}}


def read_reply(message: Mapping[str, Any]) -> Reply | Refusal:
    """Raises ``MessageError``."""
    match message:
        case {"id": int(number), "refused": {"code": str(code), "detail": str(detail)}}:
            return Refusal(number, code, detail)
        case {"id": int(number), "value": value}:
            return Reply(number, value)
    raise MessageError(f"a reply has id and value, or id and refused; this has {_names(message)}")


def encode(message: Mapping[str, Any]) -> bytes:
    """Raises ``MessageError`` for what is too long, ``TypeError`` for what JSON cannot say."""
    body = json.dumps(message, separators=(",", ":"), allow_nan=False).encode("ascii")
    if len(body) > LONGEST:
        raise MessageError(f"a message of {len(body)} bytes; at most {LONGEST} are allowed")
    return len(body).to_bytes(HEAD, "big") + body


class Decoder:
    """Bytes as they come, to whole messages."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed(self, chunk: bytes) -> Iterator[dict[str, Any]]:
        """Every message that is complete by now. Raises ``MessageError``, after which the decoder is of no use."""
        self._waiting += chunk
        while len(self._waiting) >= HEAD:
            length = int.from_bytes(self._waiting[:HEAD], "big")
            if length > LONGEST:
                raise MessageError(f"a message of {length} bytes is announced; at most {LONGEST} are allowed")
            end = HEAD + length
            if len(self._waiting) < end:
                return
            body = bytes(self._waiting[HEAD:end])
            del self._waiting[:end]
            yield _object(body)


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise MessageError(f"not JSON in UTF-8: {type(error).__name__}: {body[:60]!r}") from error
    if not isinstance(value, dict):
        raise MessageError(f"not a JSON object: {body[:60]!r}")
    return value


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no number of JSON")


def _names(message: Mapping[str, Any]) -> str:
    return ", ".join(sorted(message)) or "nothing"

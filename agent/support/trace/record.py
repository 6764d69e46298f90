"""One line of a trace, and reading such lines back.

A file is JSON lines: first a ``Header``, then records in the order of what happened. A process that was ended in the
middle leaves at most one torn line, the last; it is passed over and counted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Way = Literal["open", "close", "tx", "rx"]
VERSION = 1


class BadTrace(ValueError):
    """The file is no trace; the text says why."""


@dataclass(frozen=True, slots=True)
class Header:
    """Whose exchange this is. ``clock``: the moment (UTC) at which the monotonic clock showed ``mono``."""

    kkm_id: str
    driver: str
    address: str
    program: str
    clock: str
    mono: float

    def to_line(self) -> bytes:
        return _line(
            {"trace": VERSION, "kkm_id": self.kkm_id, "driver": self.driver, "address": self.address,
             "program": self.program, "clock": self.clock, "mono": round(self.mono, 6)}
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Record:
    """``tx`` goes to the device. ``data`` is one whole frame (or what came instead of one), masked; ``masked`` names
    what was hidden in it: ``password``, ``data``. ``command``, ``fields`` and ``result`` as far as the wire is known;
    ``result`` is ``ok`` or the device's error. ``job`` and ``attempt``: what the lane was busy with."""

    at: str
    mono: float
    way: Way
    data: bytes = b""
    command: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    result: str | None = None
    job: str | None = None
    attempt: int | None = None
    masked: tuple[str, ...] = ()

    def to_line(self) -> bytes:
        """Text in UTF-8 is written as text, everything else in hexadecimal digits."""
        value: dict[str, Any] = {"at": self.at, "mono": round(self.mono, 6), "way": self.way}
        if self.data:
            text = _text(self.data)
            value |= {"hex": self.data.hex()} if text is None else {"text": text}
        for name in ("command", "fields", "result", "job", "attempt", "masked"):
            given = getattr(self, name)
            if given:
                value[name] = given
        return _line(value)

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Record:
        data = bytes.fromhex(value["hex"]) if "hex" in value else str(value.get("text", "")).encode()
        if value["way"] not in ("open", "close", "tx", "rx"):
            raise BadTrace(f"way {value['way']!r}")
        return cls(
            str(value["at"]),
            float(value["mono"]),
            value["way"],
            data,
            value.get("command"),
            value.get("fields", {}),
            value.get("result"),
            value.get("job"),
            value.get("attempt"),
            tuple(value.get("masked", ())),
        )


@dataclass(frozen=True, slots=True)
class Trace:
    """What a file holds. ``torn``: lines that are none, one at most unless the file was damaged."""

    header: Header
    records: tuple[Record, ...]
    torn: int = 0


def read_trace(lines: Iterable[bytes]) -> Trace:
    """Raises ``BadTrace`` when the first line is no header of a version known here."""
    header: Header | None = None
    records: list[Record] = []
    torn = 0
    for line in lines:
        if header is None:
            header = _header(line)
            continue
        try:
            records.append(Record.of(json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            torn += 1
    if header is None:
        raise BadTrace("the file is empty")
    return Trace(header, tuple(records), torn)


def _header(line: bytes) -> Header:
    try:
        value = json.loads(line)
        if value["trace"] != VERSION:
            raise BadTrace(f"version {value['trace']!r}; known: {VERSION}")
        named = {name: str(value[name]) for name in ("kkm_id", "driver", "address", "program", "clock")}
        return Header(**named, mono=float(value["mono"]))
    except BadTrace:
        raise
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadTrace(f"the first line is no header of a trace ({type(error).__name__})") from None


def _text(data: bytes) -> str | None:
    """Printable text, else nothing: a frame that happens to be valid UTF-8 is still a frame."""
    if data[0] < 0x20:
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if all(letter.isprintable() or letter in "\r\n\t" for letter in text) else None


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str)


def _line(value: Mapping[str, Any]) -> bytes:
    return _ENCODER.encode(value).encode("utf-8", "replace") + b"\n"

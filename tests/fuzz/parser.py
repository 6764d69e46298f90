"""What a row of the table is, and how bytes reach a parser that wants text, JSON or a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_EXAMPLES = [json.loads(path.read_bytes()) for path in sorted((ROOT / "examples/receipts").glob("*.json"))]
RECEIPTS = tuple(json.dumps(example["payload"], ensure_ascii=False).encode() for example in _EXAMPLES)
Call = Callable[[bytes, Path], Any]


@dataclass(frozen=True, slots=True)
class Parser:
    """``covers``: the functions, by module and name, that this row stands for. ``call`` gets the bytes and an empty
    folder; ``own`` are the errors it may raise."""

    name: str
    call: Call
    own: tuple[type[Exception], ...]
    samples: tuple[bytes, ...]
    covers: tuple[str, ...] = ()
    json: bool = False  # samples are JSON: they are spoilt as trees, too
    examples: int = 100


def text(read: Callable[[str], Any]) -> Call:
    """Text from outside, broken characters included."""
    return lambda data, _: read(data.decode("utf-8", "surrogateescape"))


def pure(read: Callable[[bytes], Any]) -> Call:
    return lambda data, _: read(data)


def tree(read: Callable[[Any], Any]) -> Call:
    """What ``json`` makes of the bytes; what is no JSON never reaches the parser."""

    def call(data: bytes, _: Path) -> Any:
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            return None
        return read(value)

    return call


def mapping(read: Callable[[dict[str, Any]], Any]) -> Call:
    """As ``tree``, for a parser that is only ever given an object."""
    return tree(lambda value: read(value) if isinstance(value, dict) else None)


def file(name: str, read: Callable[[Path], Any]) -> Call:
    def call(data: bytes, folder: Path) -> Any:
        path = folder / name
        path.write_bytes(data)
        return read(path)

    return call

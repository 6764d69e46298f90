"""All commands, and which of them some bytes are."""

from __future__ import annotations

from typing import Any

from protocol.wire.atol import drive_queries, operations, queries
from protocol.wire.atol.command import Command
from protocol.wire.layout import LayoutError

COMMANDS: tuple[type[Command[Any]], ...] = tuple(
    kind
    for module in (queries, drive_queries, operations)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Command) and kind.__module__ == module.__name__
)

_LONGEST_FIRST = sorted(COMMANDS, key=lambda kind: len(kind.code), reverse=True)


def read_command(data: bytes) -> Command[Any]:
    """The command that these bytes (without the access password) are. Raises ``LayoutError``."""
    for kind in _LONGEST_FIRST:
        if data.startswith(kind.code):
            return kind.from_bytes(data)
    raise LayoutError(f"no known command begins with {data[:2].hex(' ') or 'nothing'}")

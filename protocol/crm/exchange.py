"""How a recorded exchange with a device is read: shown on the PC itself, and of a bundle on the server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from protocol.ffd.tlv import TlvError, decode_document

COURTESIES = frozenset({"ENQ", "ACK", "NAK", "fill", "acknowledge", "clear", "waiting", "at work", "ask for task"})
"""Commands of a line's own that say nothing of the work."""
REQUISITES = frozenset({"tlv", "block", "data", "value"})
"""Fields of bytes that may hold the tags of a document."""


def tags_of(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The tags that stand whole in a field of bytes."""
    for name, value in fields.items():
        if name in REQUISITES and isinstance(value, str) and len(value) >= 10:
            try:
                return decode_document(bytes.fromhex(value))
            except (TlvError, ValueError):
                continue
    return {}

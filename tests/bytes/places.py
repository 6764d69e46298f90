"""Which bytes of a conversation the full run strikes: all of them, or what the layers beneath carry for us.

Both sides of a conversation over HTTP leave the heads of their messages to HTTP itself: a driver reads a status and a
body. The heads are struck on request (``--heads``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

END = b"\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


def everything(stream: bytes) -> Sequence[range]:
    return [range(len(stream))]


def http_bodies(stream: bytes) -> Sequence[range]:
    """Of all messages of one direction, one after another, over however many connections; each says its length."""
    found: list[range] = []
    at = 0
    while at < len(stream):
        start = stream.index(END, at) + len(END)
        length = LENGTH.search(stream, at, start)
        at = start + (int(length[1]) if length else 0)
        assert at <= len(stream), f"a message of {at - start} bytes at {start} has no end"
        found.append(range(start, at))
    return found

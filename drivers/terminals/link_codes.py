"""What became of a channel, in the words of terminals."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

LINK_CODES: Mapping[str, str] = MappingProxyType({
    "device_offline": "terminal_offline",
    "port_busy": "terminal_port_busy",
    "link_lost": "terminal_link_lost",
    "no_reply": "terminal_no_reply",
    "bad_reply": "terminal_bad_reply",
})  # fmt: skip
"""From the words of transports and exchanges."""

"""How a secret of this PC lies on disk: sealed by the system where the system can do that.

Why it is sealed for the machine and not for a user, and what that keeps out, stands in ``docs/adr/0021``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Protocol

ENTROPY = "seal.bin"
"""File of the data folder: random bytes without which nothing that was sealed there opens."""


class NotOpened(Exception):
    """What was sealed does not open here: made on another PC, damaged, or the system has lost its own key. ``code`` is
    the system's error number, 0 for none."""

    def __init__(self, detail: str, code: int = 0) -> None:
        super().__init__(detail, code)
        self.detail = detail
        self.code = code

    def __str__(self) -> str:
        return f"{self.detail} (0x{self.code:08X})" if self.code else self.detail


class Sealer(Protocol):
    """Bytes in, bytes out; any thread. ``name`` is written beside what was sealed and says who can open it."""

    @property
    def name(self) -> str: ...

    def seal(self, secret: bytes) -> bytes:
        """Raises ``OSError``."""

    def open(self, sealed: bytes) -> bytes:
        """Raises ``NotOpened``."""


def system_sealer(folder: Path) -> Sealer | None:
    """Of this system, for what lies in ``folder``; ``None`` where there is none, and the file's mode is the guard."""
    if sys.platform != "win32":
        return None
    from agent.windows.dpapi import MachineSealer

    return MachineSealer(folder / ENTROPY)

"""What a connection of an agent uses of a websocket."""

from __future__ import annotations

from typing import Protocol


class Socket(Protocol):
    """``receive`` and ``send`` raise ``link.Gone`` when the socket is closed."""

    async def receive(self) -> str | bytes: ...
    async def send(self, text: str) -> None: ...
    async def close(self, code: int, reason: str) -> None: ...

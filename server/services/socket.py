"""What a connection of an agent is given: a websocket, and the services of this server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from server.keys import JobKey
from server.services.hub import Hub
from server.services.tails import Tails
from server.settings import Limits
from server.store.database import Database
from server.world import World


class Gone(Exception):
    """The socket is closed."""


class Socket(Protocol):
    """``receive`` and ``send`` raise ``Gone`` when the socket is closed."""

    async def receive(self) -> str | bytes: ...
    async def send(self, text: str) -> None: ...
    async def close(self, code: int, reason: str) -> None: ...


@dataclass(frozen=True, slots=True)
class LinkServices:
    database: Database
    hub: Hub
    key: JobKey
    world: World
    limits: Limits
    tails: Tails

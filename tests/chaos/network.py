"""The websocket without a network: two ends, a delay, and what a bad line does to messages.

A message either arrives whole or not at all, in order, unless a fault says otherwise: ``cut`` breaks the connection
before the message, ``lost`` swallows it and then breaks the connection, ``hole`` swallows it and everything after it
without a sign, ``late`` stops its direction for some seconds, ``doubled`` delivers it twice, ``reordered`` lets the
next one overtake it, ``replayed`` delivers an older one of an earlier connection after it.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable

from server.services.socket import Gone
from tests.chaos.dice import Dice
from tests.chaos.virtual import Process, VirtualLoop

DELAY = 0.02
FAULTS = ("cut", "lost", "hole", "late", "doubled", "reordered", "replayed")
GREETING = frozenset({"challenge", "hello", "welcome", "checkpoint", "ready", "quarantine", "goodbye"})


class Broken(OSError):
    """The agent's end: the connection is gone."""


def type_of(text: str) -> str:
    return str(json.loads(text)["type"]) if not text.startswith('{"v"') else _type_in(text)


def _type_in(text: str) -> str:
    start = text.find('"type":"') + 8
    if start < 8:
        return str(json.loads(text)["type"])
    return text[start : text.index('"', start)]


class Way:
    """One direction of a connection."""

    def __init__(self, wire: Wire, name: str) -> None:
        self._wire = wire
        self._name = name
        self._arrived: deque[str] = deque()
        self._reader: asyncio.Future[None] | None = None
        self._overtaken: str | None = None
        self._free_at = 0.0
        self.label = "greeting"
        self.broken = False

    def send(self, text: str) -> None:
        wire = self._wire
        if wire.hole:
            return
        kind = type_of(text)
        faults = [f for f in FAULTS if f not in ("doubled", "reordered", "replayed")] if kind in GREETING else FAULTS
        match wire.dice.strike(f"message:{kind}", faults):
            case "cut":
                wire.cut()
                return
            case "lost":
                wire.loop.after(DELAY, wire.cut)
                return
            case "hole":
                wire.hole = True
                return
            case "late":
                self._free_at = wire.loop.now + wire.dice.random.choice((2.0, 7.0, 25.0))
            case "doubled":
                self._travel(text)
            case "reordered":
                self._let_go()  # nothing gets lost on a line that stands
                self._overtaken = text
                wire.loop.after(1.5, self._let_go)
                return
            case "replayed":
                self._travel(text)
                old = wire.memory.get((self._name, kind))
                if old is not None:
                    self._travel(old)
                wire.memory[self._name, kind] = text
                return
        self._travel(text)
        if kind not in GREETING:
            wire.memory.setdefault((self._name, kind), text)
        self._let_go()

    def _let_go(self) -> None:
        text, self._overtaken = self._overtaken, None
        if text is not None:
            self._travel(text)

    def _travel(self, text: str) -> None:
        loop = self._wire.loop
        self._free_at = max(self._free_at, loop.now + DELAY) + 1e-6
        loop.after(self._free_at - loop.now, lambda: self._arrive(text))

    def _arrive(self, text: str) -> None:
        if not self.broken and not self._wire.hole:
            self._arrived.append(text)
            self.wake()

    def end(self) -> None:
        """The close travels behind everything that was sent."""
        loop = self._wire.loop
        self._let_go()
        self._free_at = max(self._free_at, loop.now + DELAY) + 1e-6
        loop.after(self._free_at - loop.now, self._closed)

    def _closed(self) -> None:
        if not self._wire.hole:
            self.broken = True
            self.wake()

    def wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def receive(self) -> str | None:
        """``None``: the connection is gone."""
        while not self._arrived:
            if self.broken:
                return None
            self._reader = self._wire.loop.create_future()
            await self._reader
        text = self._arrived.popleft()
        self.label = type_of(text)
        return text


class Wire:
    """One connection between an agent and the server."""

    def __init__(self, loop: VirtualLoop, dice: Dice, memory: dict[tuple[str, str], str], agent: Process) -> None:
        """``memory``: messages that an earlier connection of this agent has carried."""
        self.loop = loop
        self.dice = dice
        self.memory = memory
        self.agent = agent
        self.hole = False
        self.up = Way(self, "up")
        self.down = Way(self, "down")

    def cut(self) -> None:
        """Both ends see it at once; what was under way is lost."""
        for way in (self.up, self.down):
            way.broken = True
            way.wake()

    def hung_up(self) -> None:
        """The agent's end was closed: what it had sent still arrives, and then the close."""
        self.down.broken = True
        self.down.wake()
        if not self.hole:
            self.up.end()

    def server_gone(self) -> None:
        """The other way round."""
        self.up.broken = True
        self.up.wake()
        if not self.hole:
            self.down.end()

    def fade(self) -> None:
        """Half-open: the agent's end is gone and the server's does not know."""
        self.down.broken = True
        self.hole = True
        self.down.wake()


class AgentEnd:
    """``agent.link.dial.Connection``."""

    def __init__(self, wire: Wire, check: Callable[[], None]) -> None:
        self._wire = wire
        self._check = check

    async def send(self, message: str) -> None:
        self._check()
        if self._wire.down.broken:
            raise Broken("cut")
        self._wire.up.send(message)

    async def recv(self) -> str | bytes:
        text = await self._wire.down.receive()
        self._check()
        if text is None:
            raise Broken("cut")
        return text

    async def close(self, code: int = 1000, reason: str = "") -> None:
        self._check()
        self._wire.hung_up()


class ServerEnd:
    """``server.services.link.Socket``."""

    def __init__(self, wire: Wire, check: Callable[[], None]) -> None:
        self._wire = wire
        self._check = check

    @property
    def label(self) -> str:
        """The type of the message that was taken last."""
        return self._wire.up.label

    async def receive(self) -> str | bytes:
        text = await self._wire.up.receive()
        self._check()
        if text is None:
            raise Gone
        return text

    async def send(self, text: str) -> None:
        self._check()
        if self._wire.up.broken or self._wire.down.broken:
            raise Gone
        self._wire.down.send(text)

    async def close(self, code: int, reason: str) -> None:
        self._check()
        self._wire.server_gone()

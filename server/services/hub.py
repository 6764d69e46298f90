"""Which agents are connected to this process: only so that they can be told at once. Nothing here is truth."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

from server.store.database import Work


class Wakeable(Protocol):
    def wake(self) -> None: ...

    def ask(self) -> None: ...

    async def load(self, work: Work) -> bool:
        """Take what waits for the agent into this transaction, to leave after its commit. ``False``: wake it then."""


class Hub:
    """Everybody is told in the order of their coming: the same shop, played again, is told the same way."""

    def __init__(self, monotonic: Callable[[], float], connections_per_minute: int) -> None:
        self._monotonic = monotonic
        self._per_minute = connections_per_minute
        self._by_agent: dict[str, dict[Wakeable, None]] = {}
        self._everyone: dict[Wakeable, None] = {}
        self._opened: dict[str, deque[float]] = {}
        self._empty = asyncio.Event()
        self._empty.set()
        self.stopping = False

    def enter(self, connection: Wakeable) -> None:
        self._everyone[connection] = None
        self._empty.clear()

    def leave(self, connection: Wakeable, agent_id: str | None) -> None:
        self._everyone.pop(connection, None)
        mine = self._by_agent.get(agent_id or "", {})
        mine.pop(connection, None)
        if not mine:
            self._by_agent.pop(agent_id or "", None)
        if not self._everyone:
            self._empty.set()

    def name(self, agent_id: str, connection: Wakeable) -> None:
        """The connection has turned out to be this agent's."""
        self._by_agent.setdefault(agent_id, {})[connection] = None

    def wake(self, agent_ids: set[str]) -> None:
        for agent_id in agent_ids:
            for connection in tuple(self._by_agent.get(agent_id, ())):
                connection.wake()

    def ask(self, agent_id: str) -> None:
        """Support has asked something of this agent."""
        for connection in tuple(self._by_agent.get(agent_id, ())):
            connection.ask()

    async def load(self, work: Work) -> None:
        """What a transaction makes for a connected agent is made ready to leave inside it: one commit, not two."""
        for agent_id in tuple(work.woken):
            connections = tuple(self._by_agent.get(agent_id, ()))
            if connections and all([await connection.load(work) for connection in connections]):
                work.woken.discard(agent_id)

    @property
    def connections(self) -> int:
        """Websockets of this process."""
        return len(self._everyone)

    def may_connect(self, agent_id: str) -> float | None:
        """``None`` when the agent may open one more session; otherwise the seconds that it should wait."""
        now = self._monotonic()
        opened = self._opened.setdefault(agent_id, deque())
        while opened and now - opened[0] > 60.0:
            opened.popleft()
        if len(opened) >= self._per_minute:
            return 60.0 - (now - opened[0])
        opened.append(now)
        return None

    async def stop(self, patience: float) -> None:
        """Says goodbye to everybody and waits for them to go."""
        self.stopping = True
        for connection in tuple(self._everyone):
            connection.wake()
        try:
            async with asyncio.timeout(patience):
                await self._empty.wait()
        except TimeoutError:
            return

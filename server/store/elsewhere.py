"""A database in a process of its own, reached by one of SQLAlchemy's asynchronous drivers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

from sqlalchemy import URL, Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.util import greenlet_spawn

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Elsewhere:
    """A backend of sessions. SQLAlchemy waits in greenlets of its own."""

    def __init__(self, url: URL) -> None:
        self.engine = create_async_engine(url).sync_engine

    async def begin(self, *, writing: bool) -> Connection:  # noqa: ARG002  # here writers do not exclude each other
        return await greenlet_spawn(self._begun)

    async def begin_upgrade(self) -> Connection:
        return await self.begin(writing=True)

    def _begun(self) -> Connection:
        connection = self.engine.connect()
        try:
            connection.begin()
        except BaseException:
            connection.close()
            raise
        return connection

    async def do(self, work: Callable[[*Ts], T], *given: *Ts) -> T:
        return await greenlet_spawn(work, *given)

    async def commit(self, connection: Connection) -> None:
        await greenlet_spawn(connection.commit)

    async def end(self, connection: Connection) -> None:
        await greenlet_spawn(connection.close)

    async def close(self) -> None:
        await greenlet_spawn(self.engine.dispose)

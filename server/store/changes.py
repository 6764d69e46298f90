"""Writes down what a transaction has changed in rows that it had read. SQLAlchemy's unit of work does that too, and for
whole graphs of objects; for one row at a time it costs ten times as much as the statement."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import Result, Update, and_, bindparam, inspect, update
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncSession

from server.store.models import Agent, Base, Device, Job, table_of


def _by_key(entity: type[Base]) -> Update:
    table = table_of(entity)
    return update(table).where(and_(*(column == bindparam(f"of_{column.name}") for column in table.primary_key)))


Execute = Callable[[Update, dict[str, Any]], Awaitable[Result[Any]]]

_STATEMENTS: Mapping[type, Update] = MappingProxyType({entity: _by_key(entity) for entity in (Agent, Device, Job)})


async def write(session: AsyncSession, execute: Execute) -> None:
    """The last thing in a transaction: the objects keep their values and belong to no session afterwards."""
    changed = list(session.dirty)
    if session.new or session.deleted or any(type(row) not in _STATEMENTS for row in changed):
        await session.flush()
        return
    for row in changed:
        await _update(execute, row, _STATEMENTS[type(row)])
        session.expunge(row)


async def _update(execute: Execute, row: Base, statement: Update) -> None:
    state = inspect(row)
    table = table_of(type(row))
    names = set(table.columns.keys()) - state.unmodified
    if not names:
        return
    key = {f"of_{column.name}": at for column, at in zip(table.primary_key, state.identity or (), strict=True)}
    result = await execute(statement, key | {name: getattr(row, name) for name in names})
    if result.rowcount != 1:  # type: ignore[attr-defined]
        raise InvalidRequestError(f"{table.name} {state.identity}: {result.rowcount} rows")  # type: ignore[attr-defined]

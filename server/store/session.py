"""The rows of one transaction as objects: each row once, what changes in it written once.

SQLAlchemy puts the statements together and converts the values; its own session keeps whole graphs of objects
together, and for one row at a time that costs several times as much as the statement (docs/adr/0017).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from operator import itemgetter
from types import MappingProxyType
from typing import Any, Protocol, TypeVar, TypeVarTuple, overload

from sqlalchemy import (
    Connection,
    CursorResult,
    Delete,
    Engine,
    Executable,
    Insert,
    Select,
    Update,
    and_,
    bindparam,
    insert,
    inspect,
    select,
)
from sqlalchemy import delete as delete_from
from sqlalchemy import update as update_of
from sqlalchemy.exc import InvalidRequestError, NoResultFound
from sqlalchemy.orm import configure_mappers
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlalchemy.sql.selectable import TypedReturnsRows

from server.store.audited import Audited
from server.store.models import Base, table_of

T = TypeVar("T")
E = TypeVar("E", bound=Base)
Ts = TypeVarTuple("Ts")
Values = Mapping[str, Any] | Sequence[Mapping[str, Any]]
Key = tuple[Any, ...]
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Backend(Protocol):
    """How a session reaches its database without holding up the loop."""

    engine: Engine

    async def begin(self, *, writing: bool) -> Connection:
        """A connection on which a transaction has begun."""

    async def begin_upgrade(self) -> Connection:
        """The same, writing, for a change of the schema: a table that others refer to may be made anew."""

    async def do(self, work: Callable[[*Ts], T], *given: *Ts) -> T:
        """What SQLAlchemy does on a connection."""

    async def commit(self, connection: Connection) -> None: ...

    async def end(self, connection: Connection) -> None:
        """Gives it back. What was not committed has not been."""

    async def close(self) -> None:
        """No connection is left open."""


class Shape:
    """How a table's row and the object stand for each other."""

    def __init__(self, entity: type[Base]) -> None:
        configure_mappers()  # SQLAlchemy does so at the first object or query, and rows may come before either
        table = table_of(entity)
        self.entity = entity
        self.audited = entity.__audited__
        self.heard = frozenset(self.audited.fields if self.audited is not None else ())
        self.columns = tuple(column.key for column in table.columns)
        self.values: Callable[[Mapping[str, Any]], tuple[Any, ...]] = itemgetter(*self.columns)
        self.defaults = {
            column.key: column.default.arg
            for column in table.columns
            if isinstance(column.default, ScalarElementColumnDefault)
        }
        self._key = tuple(column.key for column in table.primary_key)
        self._places = tuple(self.columns.index(name) for name in self._key)
        self._new = inspect(entity).class_manager.new_instance
        at = and_(*(column == bindparam(f"of_{column.key}") for column in table.primary_key))
        self.by_key = select(table).where(at)
        self.locked_by_key = self.by_key.with_for_update()
        self.insert = insert(table)
        self.update = update_of(table).where(at)
        self.delete = delete_from(table).where(at)

    def where(self, key: Key) -> dict[str, Any]:
        return {f"of_{name}": value for name, value in zip(self._key, key, strict=True)}

    def key(self, values: Sequence[Any]) -> dict[str, Any]:
        return dict(zip(self._key, values, strict=True))

    def key_of(self, values: Sequence[Any]) -> Key:
        return tuple(values[place] for place in self._places)

    def made(self, values: Sequence[Any]) -> Base:
        row: Base = self._new()
        row.__dict__.update(zip(self.columns, values, strict=True))
        return row


@cache
def shape_of(entity: type[Base]) -> Shape:
    return Shape(entity)


@lru_cache(512)  # most statements are made once
def _shapes_in(query: Select[*tuple[Any, ...]]) -> tuple[Shape | None, ...]:
    """For each thing that the query asks for: the shape of a whole table, or nothing."""
    parts = [column["expr"] for column in query.column_descriptions]
    return tuple(shape_of(part) if isinstance(part, type) else None for part in parts)


@lru_cache(512)
def _unheard(statement: Executable) -> bool:
    """Whether a statement changes what the audit writes down, without an object whose change would be noticed."""
    if not isinstance(statement, Insert | Update | Delete):
        return False
    name = getattr(statement.table, "name", None)
    entity: type[Base] = next(mapper.class_ for mapper in Base.registry.mappers if mapper.class_.__tablename__ == name)
    heard = shape_of(entity).heard
    named = frozenset(getattr(column, "key", column) for column in getattr(statement, "_values", None) or ())
    return bool(heard) and not (isinstance(statement, Update) and named and heard.isdisjoint(named))


def _heard(statement: Executable) -> None:
    if _unheard(statement):
        raise InvalidRequestError("the audit would not hear of this: change objects instead")


@dataclass(slots=True)
class Change:
    """What a transaction has done to one row of an audited table: its values ``before`` (none: it is new) and ``after``
    (none: it is gone)."""

    audited: Audited
    columns: tuple[str, ...]
    before: tuple[Any, ...] | None
    after: tuple[Any, ...] | None


@dataclass(slots=True)
class _Known:
    shape: Shape
    row: Base
    values: tuple[Any, ...]
    """As the database has them."""
    locked: bool = False

    @property
    def changed(self) -> bool:
        return self.shape.values(self.row.__dict__) != self.values


class Session:
    """One transaction; it begins with the first statement. A query sees what was changed before it: that is written
    first. A value that is changed within itself, a dictionary's, is not noticed: give the row a new one."""

    def __init__(self, backend: Backend, *, writing: bool) -> None:
        self._backend = backend
        self._writing = writing
        self._connection: Connection | None = None
        self._known: dict[tuple[type[Base], Key], _Known] = {}
        self._added: list[Base] = []
        self._deleted: list[Base] = []
        self._changes: dict[tuple[type[Base], Key], Change] = {}

    # --- queries

    async def get(self, entity: type[E], key: Any, *, with_for_update: bool = False) -> E | None:
        shape = shape_of(entity)
        if self._added or self._deleted:
            await self.flush()
        key = key if isinstance(key, tuple) else (key,)
        known = self._known.get((entity, key))
        if known is None or (with_for_update and not known.locked):
            found = await self._fetched(shape.locked_by_key if with_for_update else shape.by_key, shape.where(key))
            if not found:
                return None
            known = self._keep(shape, found[0])
            known.locked = with_for_update
        assert isinstance(known.row, entity)
        return known.row

    async def get_one(self, entity: type[E], key: Any, *, with_for_update: bool = False) -> E:
        """Raises ``NoResultFound``."""
        row = await self.get(entity, key, with_for_update=with_for_update)
        if row is None:
            raise NoResultFound(f"{entity.__tablename__} {key}")
        return row

    @overload
    async def scalars(self, statement: TypedReturnsRows[T], values: Values = ...) -> list[T]: ...
    @overload
    async def scalars(self, statement: Executable, values: Values = ...) -> list[Any]: ...
    async def scalars(self, statement: Executable, values: Values = _NOTHING) -> list[Any]:
        """The first of each row of a query."""
        return [row[0] for row in await self._rows(statement, values)]

    @overload
    async def scalar(self, statement: TypedReturnsRows[T], values: Values = ...) -> T | None: ...
    @overload
    async def scalar(self, statement: Executable, values: Values = ...) -> Any: ...
    async def scalar(self, statement: Executable, values: Values = _NOTHING) -> Any:
        """The first of the first row."""
        return next(iter(await self.scalars(statement, values)), None)

    async def rows(self, statement: TypedReturnsRows[*Ts], values: Values = _NOTHING) -> list[tuple[*Ts]]:
        return await self._rows(statement, values)

    async def execute(self, statement: Executable, values: Values = _NOTHING) -> None:
        """A statement that brings no rows. Objects that it concerns do not hear of it, nor does the audit: of what that
        writes down, objects are changed."""
        _heard(statement)
        await self.flush()
        await self._fetched(statement, values)

    async def apart(self, statement: Executable, values: Values = _NOTHING) -> list[Any]:
        """A statement that has nothing to do with what was changed before it: that is not written first."""
        _heard(statement)
        return await self._fetched(statement, values)

    # --- changes

    def changes(self) -> list[Change]:
        """What was written of audited tables since this was asked last, each row once."""
        found, self._changes = self._changes, {}
        return list(found.values())

    def _changed(self, shape: Shape, key: Key, before: tuple[Any, ...] | None, after: tuple[Any, ...] | None) -> None:
        earlier = self._changes.pop((shape.entity, key), None)
        was = earlier.before if earlier is not None else before
        if shape.audited is not None and (was is not None or after is not None):
            self._changes[shape.entity, key] = Change(shape.audited, shape.columns, was, after)

    def add(self, row: Base) -> None:
        self._added.append(row)

    def delete(self, row: Base) -> None:
        self._deleted.append(row)

    async def flush(self) -> None:
        """Writes what has changed: a new row in the order of its adding, then the changed, then the deleted ones."""
        while self._added:
            await self._insert(self._added.pop(0))
        for (_, key), known in self._known.items():
            if known.changed:
                await self._update(known, key)
        while self._deleted:
            await self._delete(self._deleted.pop(0))

    async def _insert(self, row: Base) -> None:
        shape = shape_of(type(row))
        held = row.__dict__
        for name in shape.columns:
            if held.get(name) is None:
                held[name] = shape.defaults.get(name)
        given = {name: held[name] for name in shape.columns if held[name] is not None}
        result = await self._carried_out(shape.insert, given)
        held.update(shape.key(result.inserted_primary_key or ()))
        values = shape.values(held)
        key = shape.key_of(values)
        self._known[type(row), key] = _Known(shape, row, values, locked=True)
        if shape.audited is not None:
            self._changed(shape, key, None, values)

    async def _update(self, known: _Known, key: Key) -> None:
        now = known.shape.values(known.row.__dict__)
        changed = {
            name: new for name, new, old in zip(known.shape.columns, now, known.values, strict=True) if new != old
        }
        await self._one(known.shape.update, known.shape.where(key) | changed, known.row)
        if not known.shape.heard.isdisjoint(changed):
            self._changed(known.shape, key, known.values, now)
        known.values = now

    async def _delete(self, row: Base) -> None:
        shape = shape_of(type(row))
        values = shape.values(row.__dict__)
        key = shape.key_of(values)
        await self._one(shape.delete, shape.where(key), row)
        del self._known[type(row), key]
        if shape.audited is not None:
            self._changed(shape, key, values, None)

    async def _one(self, statement: Executable, values: Mapping[str, Any], row: Base) -> None:
        result = await self._carried_out(statement, values)
        if result.rowcount != 1:
            raise InvalidRequestError(f"{row.__tablename__}: {result.rowcount} rows instead of one")

    # --- the transaction

    async def begin(self) -> None:
        """Now, and not with the first statement."""
        await self._begun()

    async def commit(self) -> None:
        await self.flush()
        if self._connection is not None:
            await self._backend.commit(self._connection)

    async def close(self) -> None:
        """What was not committed has not been. The objects keep their values."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await self._backend.end(connection)

    async def _begun(self) -> Connection:
        if self._connection is None:
            self._connection = await self._backend.begin(writing=self._writing)
        return self._connection

    async def _carried_out(self, statement: Executable, values: Values) -> CursorResult[Any]:
        connection = await self._begun()
        return await self._backend.do(connection.execute, statement, values)

    async def _fetched(self, statement: Executable, values: Values) -> list[Any]:
        connection = await self._begun()

        def fetch() -> list[Any]:
            result = connection.execute(statement, values or None)
            return list(result.all()) if result.returns_rows else []

        return await self._backend.do(fetch)

    # --- rows and objects

    async def _rows(self, statement: Executable, values: Values) -> list[Any]:
        """With an object where the query names a whole table."""
        await self.flush()
        found = await self._fetched(statement, values)
        if not found or not isinstance(statement, Select):
            return found
        shapes = _shapes_in(statement)
        return [self._together(shapes, row) for row in found] if any(shapes) else found

    def _together(self, shapes: Sequence[Shape | None], row: Sequence[Any]) -> tuple[Any, ...]:
        parts: list[Any] = []
        place = 0
        for shape in shapes:
            width = 1 if shape is None else len(shape.columns)
            parts.append(row[place] if shape is None else self._keep(shape, row[place : place + width]).row)
            place += width
        return tuple(parts)

    def _keep(self, shape: Shape, values: Sequence[Any]) -> _Known:
        at = (shape.entity, shape.key_of(values))
        known = self._known.get(at)
        if known is None:
            known = self._known[at] = _Known(shape, shape.made(values), tuple(values))
        elif not known.changed:
            known.values = tuple(values)
            known.row.__dict__.update(zip(shape.columns, values, strict=True))
        return known

"""Run by alembic with a connection that the caller has opened."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from server.store import audit, feed, people, proposals, support  # noqa: F401  # their tables belong to the metadata
from server.store.models import Base, Utc


def _render(type_: str, item: Any, _autogen: Any) -> str | Literal[False]:
    """Migrations outlive our types: they name the database's."""
    return "sa.DateTime(timezone=True)" if type_ == "type" and isinstance(item, Utc) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    render_item=_render,
)
with context.begin_transaction():
    context.run_migrations()
    connection: Connection = context.config.attributes["connection"]
    if connection.dialect.name == "sqlite" and (broken := connection.execute(text("PRAGMA foreign_key_check")).all()):
        raise IntegrityError("PRAGMA foreign_key_check", None, ValueError(f"rows without what they refer to: {broken}"))

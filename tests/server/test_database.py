"""The schema and what the database promises."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from server.settings import database_url
from server.store.database import Database, alembic_config
from server.store.models import Agent, Base, Desk, Device, Job, Tenant
from server.world import World
from tests.server.conftest import Bench, job
from tests.server.player import pair


def now() -> datetime:
    return datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


async def test_the_migrations_make_exactly_the_models(tmp_path: Path) -> None:
    database = Database(database_url(str(tmp_path / "fresh.sqlite3")), World(now=now))
    await database.migrate()
    await database.migrate()  # again is nothing
    with database.backend.engine.connect() as connection:
        difference = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    await database.close()
    assert difference == []


async def test_an_upgrade_made_a_table_anew_that_others_refer_to(tmp_path: Path) -> None:
    database = Database(database_url(str(tmp_path / "old.sqlite3")), World(now=now))
    with closing(database.backend.engine.connect()) as connection:
        command.upgrade(alembic_config(connection), "0004")
        for row in (
            "INSERT INTO tenants (id, name, created_at) VALUES ('t', 'T', '2026-03-01')",
            "INSERT INTO devices (tenant_id, kkm_id, bound_serial, binding_epoch, bound_epoch, releasing)"
            " VALUES ('t', '17', '0001', 1, 1, 0), ('t', '18', NULL, 0, 0, 0)",
            "INSERT INTO desks (tenant_id, desk_id, kkm_id, timezone, exclusive, imprint, open_shift,"
            " close_expired_shift, held_hours) VALUES ('t', 'front', '17', 'Europe/Moscow', 1, 1, 1, 1, 24)",
        ):
            connection.execute(text(row))
        connection.commit()
    await database.migrate()
    async with database.write() as work:
        known = await work.session.get_one(Device, ("t", "17"))
        desk = await work.session.get_one(Desk, ("t", "front"))
        assert (known.bound_serial, known.device_class, known.serial_space) == ("0001", "register", "")
        assert (desk.kkm_id, desk.terminal_kkm_id, desk.settle) == ("17", None, False)
        assert (await work.session.get_one(Device, ("t", "18"))).device_class is None
        assert (await work.session.scalars(text("PRAGMA foreign_keys"))) == [1]

    async def refer_to_nothing() -> None:
        async with database.write() as work:
            desk = await work.session.get_one(Desk, ("t", "front"))
            desk.terminal_kkm_id = "99"

    with pytest.raises(IntegrityError):
        await refer_to_nothing()
    await database.close()


async def test_a_commit_is_on_the_disk_and_keys_are_kept(tmp_path: Path) -> None:
    database = Database(database_url(str(tmp_path / "fresh.sqlite3")), World(now=now))
    seen: dict[str, object] = {}

    def look(connection: object, *_: object) -> None:
        for pragma in ("journal_mode", "synchronous", "foreign_keys"):
            cursor = connection.execute(f"PRAGMA {pragma}")  # type: ignore[attr-defined]
            seen.setdefault(pragma, cursor.fetchone()[0])
            cursor.close()

    event.listen(database.backend.engine.pool, "connect", look)
    async with database.read() as work:
        await work.session.execute(text("SELECT 1"))
    await database.close()
    assert seen == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


async def test_an_error_inside_a_transaction_leaves_nothing(tmp_path: Path) -> None:
    woken: list[set[str]] = []
    database = Database(database_url(str(tmp_path / "fresh.sqlite3")), World(now=now), woken.append)
    await database.migrate()

    async def fail() -> None:
        async with database.write() as work:
            work.session.add(Tenant(id="t", name="T", created_at=work.now))
            work.wake("ag")
            await work.session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with database.read() as work:
        assert await work.session.get(Tenant, "t") is None
    async with database.write() as work:
        work.wake("ag")
    await database.close()
    assert woken == [{"ag"}]


async def test_a_job_id_is_unique_in_the_database_itself(bench: Bench) -> None:
    player = await pair(bench.api)
    await bench.api.put("/devices", json={"kkm_id": "17", "agent_id": player.agent_id})
    await bench.api.post("/jobs", json=job())

    async def copy() -> None:
        async with bench.services.database.write() as work:
            first = await work.session.get_one(Job, 1)
            work.session.add(Job(**{c.name: getattr(first, c.name) for c in Job.__table__.columns if c.name != "id"}))

    with pytest.raises(IntegrityError):
        await copy()


async def test_secrets_are_kept_as_hashes(bench: Bench) -> None:
    made = (await bench.api.post("/pairing-codes", json={})).json()["code"]
    token = bench.api.headers["authorization"].removeprefix("Bearer ")
    async with bench.services.database.read() as work:
        dump = ""
        for table in Base.metadata.sorted_tables:
            dump += str(await work.session.rows(table.select()))
    assert token not in dump
    assert made not in dump


def test_a_moment_without_offset_is_a_mistake() -> None:
    column = Agent.__table__.c.created_at.type
    with pytest.raises(ValueError, match="offset"):
        column.process_bind_param(datetime(2026, 1, 1), None)  # type: ignore[attr-defined]  # noqa: DTZ001


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("./a.sqlite3", "sqlite:///./a.sqlite3"),
        ("/x/a.sqlite3", "sqlite:////x/a.sqlite3"),
        ("sqlite:///a.db", "sqlite:///a.db"),
        ("postgresql://h/db", "postgresql+asyncpg://h/db"),
        ("sqlite+aiosqlite:///a", "sqlite:///a"),
    ],
)
def test_addresses_of_databases(given: str, url: str) -> None:
    assert database_url(given) == url

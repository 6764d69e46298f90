"""What a transaction has changed in rows is written with it, once, by whatever way is the cheapest."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event, update
from sqlalchemy.exc import InvalidRequestError

from server.settings import database_url
from server.store.database import Database
from server.store.models import Agent, Device, Tenant, table_of
from server.world import World

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(database_url(str(tmp_path / "db.sqlite3")), World(now=lambda: NOW))
    await database.migrate()
    async with database.write() as work:
        work.session.add(Tenant(id="t", name="T", created_at=NOW))
        await work.session.flush()
        work.session.add(
            Agent(
                id="a",
                tenant_id="t",
                state="active",
                public_key="k",
                install_id="i",
                pc_name="p",
                version="1",
                created_at=NOW,
            )
        )
        work.session.add(Device(tenant_id="t", kkm_id="17", binding_epoch=0, bound_epoch=0, releasing=False))
    yield database
    await database.close()


def statements(database: Database) -> list[str]:
    seen: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("SELECT"):
            seen.append(statement)

    event.listen(database.backend.engine, "before_cursor_execute", note)
    return seen


async def test_one_statement_for_each_changed_row_with_what_changed_in_it(database: Database) -> None:
    seen = statements(database)
    async with database.write() as work:
        agent = await work.session.get_one(Agent, "a")
        device = await work.session.get_one(Device, ("t", "17"))
        agent.seen_n, agent.unreachable_since = 7, NOW
        device.health = {"paper": "present"}
    assert sorted(statement.partition(" WHERE")[0] for statement in seen) == [
        "UPDATE agents SET unreachable_since=?, seen_n=?",
        "UPDATE devices SET health=?",
    ]
    async with database.read() as work:
        agent = await work.session.get_one(Agent, "a")
        assert (agent.seen_n, agent.unreachable_since) == (7, NOW)
        assert (await work.session.get_one(Device, ("t", "17"))).health == {"paper": "present"}


async def test_what_is_read_only_is_not_written(database: Database) -> None:
    seen = statements(database)
    async with database.write() as work:
        await work.session.get_one(Agent, "a")
    assert seen == []


async def test_a_value_may_be_taken_away(database: Database) -> None:
    for health in ({"paper": "absent"}, None):
        async with database.write() as work:
            (await work.session.get_one(Device, ("t", "17"))).health = health
        async with database.read() as work:
            assert (await work.session.get_one(Device, ("t", "17"))).health == health


async def test_new_rows_and_changed_ones_in_one_transaction(database: Database) -> None:
    async with database.write() as work:
        (await work.session.get_one(Agent, "a")).seen_n = 8
        work.session.add(Device(tenant_id="t", kkm_id="18", binding_epoch=3, bound_epoch=0, releasing=False))
    async with database.read() as work:
        assert (await work.session.get_one(Agent, "a")).seen_n == 8
        assert (await work.session.get_one(Device, ("t", "18"))).binding_epoch == 3


async def test_values_are_readable_after_the_commit(database: Database) -> None:
    async with database.write() as work:
        agent = await work.session.get_one(Agent, "a")
        agent.seen_n = 9
    assert (agent.seen_n, agent.pc_name) == (9, "p")


async def test_a_row_that_is_gone_fails_the_transaction(database: Database) -> None:
    agents = table_of(Agent)

    async def change() -> None:
        async with database.write() as work:
            (await work.session.get_one(Agent, "a")).seen_n = 10
            await work.session.apart(update(agents).where(agents.c.id == "a").values(id="b"), {})

    with pytest.raises(InvalidRequestError):
        await change()
    async with database.read() as work:
        assert (await work.session.get_one(Agent, "a")).seen_n == 0

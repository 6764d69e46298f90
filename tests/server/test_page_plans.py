"""No list, no page and nothing that time alone does reads a table that grows from end to end, nor sorts it: the plans
of the statements that are really sent, at the first page and at those behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine

from server.routers.browser import SESSION
from server.services import duties
from server.settings import Limits
from tests.server.conftest import Bench, job
from tests.server.grown import LISTS, PAGES, Size, cursor_in, grow
from tests.server.player import pair

GROW = {
    "jobs", "job_history", "feed", "deliveries", "device_events", "audit_entries", "support_requests",
    "support_bundles", "proposals", "evidence", "outbox", "devices", "desks", "agents", "users", "sign_ins",
    "known_devices", "wrong_tries", "sign_in_tries",
}  # fmt: skip
"""Tables that grow with an account or with the server. Accounts, keys, addresses and codes are few."""
MAY = {
    "AS ranked ON ranked.desk_id": "all desks of an account by how bad it stands about them: a few columns of each",
}
"""Statements by a piece of theirs that may do what none else may, and why."""
WHOLE = re.compile(r"SCAN (\w+)(?! USING .*INDEX \w+ \()")


@pytest.fixture
def limits() -> Limits:
    return Limits(call_burst=10**6, calls_per_second=1e6)


@contextmanager
def overheard() -> Iterator[dict[str, Any]]:
    """Every query that is sent, with the values of one of its uses."""
    sent: dict[str, Any] = {}

    def hear(_connection: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        if statement.startswith("SELECT"):
            sent.setdefault(statement, values)

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", hear)


async def test_no_page_reads_or_sorts_a_whole_table(bench: Bench) -> None:
    engine = create_engine(f"sqlite:///{bench.database}")
    with engine.begin() as db:
        made = grow(db, "acc", Size(400, 130), datetime.now(UTC))
    browser = bench.browser(Cookie=f"{SESSION}={made.session}")
    behind = set()
    with overheard() as sent:
        for path in (*LISTS, *PAGES):
            url = path.format(**made.ids)
            for _ in range(3):
                answer = await browser.get((bench.url if path.startswith("/console") else "") + url)
                assert answer.status_code == 200, (url, answer.text[:300])
                following = cursor_in(answer.text, answer.headers["content-type"])
                if following is None:
                    break
                behind.add(path)
                url = f"{path.format(**made.ids)}{'&' if '?' in path else '?'}cursor={following}"
        await duties.once(bench.services.database, bench.world)
        await duties.prune(bench.services.database, bench.services.settings, bench.services.exchanges)
    assert len(behind) > 25, "hardly any list had a second page"

    wrong = []
    with engine.connect() as db:
        for statement, values in sent.items():
            plan = [row[3] for row in db.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
            tables = set(re.findall(r"\b(?:FROM|JOIN) (\w+)", statement)) & GROW
            whole = [step for step in plan if (found := WHOLE.match(step)) and found[1] in GROW]
            sorts = [step for step in plan if "TEMP B-TREE FOR ORDER BY" in step]
            if tables and (whole or sorts) and not any(piece in statement for piece in MAY):
                wrong.append(
                    f"{plan}\n    {re.sub(r'SELECT .*? FROM', 'SELECT … FROM', statement, flags=re.S)} {values}"
                )
    engine.dispose()
    assert not wrong, "\n".join(wrong)


async def test_a_new_job_is_compared_with_those_of_its_order_alone(bench: Bench) -> None:
    """An index by kind and state drew it away: all receipts were gone through and sorted for each new one."""
    player = await pair(bench.api)
    await bench.api.put("/devices", json=[{"kkm_id": "17", "agent_id": player.agent_id}])
    with overheard() as sent:
        assert (await bench.api.post("/jobs", json=job(order_ref="5"))).status_code == 202
    (look,) = (one for one in sent if "jobs.subtype = " in one)
    engine = create_engine(f"sqlite:///{bench.database}")
    with engine.connect() as db:
        (step,) = (row[3] for row in db.exec_driver_sql(f"EXPLAIN QUERY PLAN {look}", sent[look]))
    engine.dispose()
    assert "(tenant_id=? AND order_ref=?)" in step

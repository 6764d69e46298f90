"""Lists with filters, page by page: exactly what the filters say, each once, the newest first, whichever index the
database walks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, select, update

from protocol.crm.jobs import FINAL, JobState
from server.routers.browser import SESSION
from server.settings import Limits
from server.store.audit import AuditEntry
from server.store.models import Job, table_of
from tests.server.conftest import Bench
from tests.server.grown import Size, grow

OPEN = [state.value for state in JobState if state not in FINAL]
Rows = list[dict[str, Any]]


@pytest.fixture
def limits() -> Limits:
    return Limits(call_burst=10**6, calls_per_second=1e6)


@pytest.fixture
def kept(bench: Bench) -> tuple[httpx.AsyncClient, Rows, Rows]:
    """An owner's browser, the account's jobs and lines of the audit; some of each are of one moment, and the clock was
    once set back."""
    engine = create_engine(f"sqlite:///{bench.database}")
    jobs, entries = table_of(Job), table_of(AuditEntry)
    with engine.begin() as db:
        made = grow(db, "acc", Size(240, 12, waiting=9), datetime.now(UTC))
        grow(db, "other", Size(60, 12), datetime.now(UTC))
        at = {row.job_id: row.created_at for row in db.execute(select(jobs).where(jobs.c.tenant_id == made.tenant_id))}
        for n in range(100, 130):
            db.execute(update(jobs).where(jobs.c.job_id == f"acc-{n}").values(created_at=at["acc-100"]))
        for n in range(130, 140):
            db.execute(update(jobs).where(jobs.c.job_id == f"acc-{n}").values(created_at=at["acc-60"]))
        db.execute(update(jobs).where(jobs.c.job_id.in_(["acc-7", "acc-33"])).values(owed=True))
        mine, theirs = (
            [dict(row) for row in db.execute(select(table).where(table.c.tenant_id == made.tenant_id)).mappings()]
            for table in (jobs, entries)
        )
    engine.dispose()
    return bench.browser(Cookie=f"{SESSION}={made.session}"), mine, theirs


async def everything(browser: httpx.AsyncClient, path: str, name: str, query: list[tuple[str, str]]) -> Rows:
    found: Rows = []
    cursor = None
    while True:
        answer = await browser.get(path, params=[*query, ("limit", "17"), *([("cursor", cursor)] if cursor else [])])
        assert answer.status_code == 200, answer.text
        found += answer.json()[name]
        cursor = answer.json()["cursor"]
        if cursor is None:
            return found


STATES: list[list[str]] = [
    [], ["done"], ["human"], ["rejected"], ["done", "human"], OPEN, ["not_done", "done", "done"],
]  # fmt: skip
KINDS: list[list[str]] = [[], ["receipt"], ["sale", "x_report", "sale"]]
OTHERS: list[dict[str, str]] = [
    {}, {"kkm_id": "k3"}, {"order_ref": "o77"}, {"owed": "true"}, {"owed": "false"}, {"since": "acc-60"},
    {"until": "acc-101"}, {"since": "acc-40", "until": "acc-200"}, {"kkm_id": "k3", "until": "acc-150"},
]  # fmt: skip


@pytest.mark.parametrize("others", OTHERS, ids=str)
async def test_jobs(bench: Bench, kept: tuple[httpx.AsyncClient, Rows, Rows], others: dict[str, str]) -> None:
    browser, jobs, _ = kept
    moments = {row["job_id"]: row["created_at"] for row in jobs}
    given = {name: moments[value].isoformat() if value in moments else value for name, value in others.items()}
    for states in STATES:
        for kinds in KINDS:
            query = [*(("state", one) for one in states), *(("kind", one) for one in kinds), *given.items()]
            wanted = [
                row
                for row in jobs
                if (not states or row["state"] in states)
                and (not kinds or row["kind"] in kinds)
                and others.get("kkm_id", row["kkm_id"]) == row["kkm_id"]
                and others.get("order_ref", row["order_ref"]) == row["order_ref"]
                and ("owed" not in others or (others["owed"] == "true") == row["owed"])
                and ("owed" not in others or others["owed"] == "false" or states or row["state"] in OPEN)
                and ("since" not in others or row["created_at"] >= moments[others["since"]])
                and ("until" not in others or row["created_at"] < moments[others["until"]])
            ]
            wanted.sort(key=lambda row: (row["created_at"], row["id"]), reverse=True)
            found = await everything(browser, "/jobs", "jobs", query)
            assert [job["job_id"] for job in found] == [row["job_id"] for row in wanted], query


@pytest.mark.parametrize(
    "query",
    [
        {}, {"subject_kind": "desk"}, {"subject_id": "d3"}, {"subject_kind": "device", "subject_id": "d3"},
        {"actor_kind": "key"}, {"actor_id": "us_acc_4"}, {"actor_kind": "user", "actor_id": "us_acc_4"},
        {"action": "desk.changed"}, {"action": "desk.changed", "actor_kind": "key"}, {"action": "nothing"},
        {"since": "90"}, {"until": "400"}, {"since": "90", "until": "400", "subject_kind": "desk"},
        {"until": "400", "subject_id": "d3"}, {"since": "90", "actor_id": "us_acc_4"},
    ],
    ids=str,
)  # fmt: skip
async def test_lines_of_the_audit(
    bench: Bench, kept: tuple[httpx.AsyncClient, Rows, Rows], query: dict[str, str]
) -> None:
    browser, _, entries = kept
    moments = {str(row["n"]): row["at"] for row in entries}
    told = [
        (name, moments[value].isoformat() if name in ("since", "until") else value) for name, value in query.items()
    ]
    wanted = [
        row["n"]
        for row in entries
        if all(row[name] == value for name, value in query.items() if name not in ("since", "until"))
        and ("since" not in query or row["at"] >= moments[query["since"]])
        and ("until" not in query or row["at"] < moments[query["until"]])
    ]
    found = await everything(browser, "/audit", "entries", told)
    assert [line["n"] for line in found] == sorted(wanted, reverse=True)

"""What a page costs does not grow with what is kept: the steps of SQLite's own machine, counted for every list and
every page, in a small account and in a large one of the same server."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, event, func, insert, select, update
from sqlalchemy.pool import Pool

from server.settings import Limits
from server.store.feed import FeedEvent
from server.store.models import Agent, Desk, Device, Job, JobTransition, table_of
from tests.server.conftest import Bench
from tests.server.player import pair

FEW = (300, 200)
MANY = (30_000, 1_000)
"""Jobs and desks of an account."""
PER_STEP = 100
PER_DESK = {"/console/overview": 1.5}
"""Hundreds of steps for each desk more: which are in trouble is looked up of all of them, two microseconds each."""
LISTS = [
    "/jobs", "/jobs?state=human", "/jobs?state=done", "/jobs?state=done&state=human", "/jobs?kind=sale&kind=receipt",
    "/jobs?kkm_id=k1", "/jobs?kkm_id=k1&state=done", "/jobs?order_ref=o5", "/jobs?owed=true", "/jobs?limit=200",
    "/jobs/{job}", "/devices", "/devices/k1", "/devices/k1/events", "/desks", "/agents", "/support/requests",
    "/support/bundles", "/proposals", "/webhooks", "/users", "/api-keys", "/audit", "/codes", "/events?type=nothing",
]  # fmt: skip
PAGES = [
    "/console/overview", "/console/jobs", "/console/jobs?state=human", "/console/jobs?kkm_id=k1", "/console/jobs/{job}",
    "/console/sales", "/console/jobs?state=done",
    "/console/decisions", "/console/pcs", "/console/directory", "/console/till", "/console/people",
    "/console/keys", "/console/webhooks", "/console/audit", "/console/first-steps",
]  # fmt: skip


@pytest.fixture
def limits() -> Limits:
    return Limits(call_burst=10**6, calls_per_second=1e6)


class Steps:
    count = 0


@contextmanager
def counted() -> Iterator[Steps]:
    """Every step of a virtual machine on any connection of this process's pools."""
    steps = Steps()

    def step() -> int:
        steps.count += 1
        return 0

    def watch(connection: sqlite3.Connection, *_: Any) -> None:
        connection.set_progress_handler(step, PER_STEP)

    event.listen(Pool, "checkout", watch)
    try:
        yield steps
    finally:
        event.remove(Pool, "checkout", watch)


async def filled(bench: Bench, api: httpx.AsyncClient, jobs: int, desks: int) -> str:
    """Years of receipts: nearly all done, a few that wait for a person. The id of one in the middle."""
    player = await pair(api, install_id=f"inst-{jobs}")
    now = datetime.now(UTC)
    engine = create_engine(f"sqlite:///{bench.database}")
    with engine.begin() as db:
        tenant = db.scalar(select(Agent.tenant_id).where(Agent.id == player.agent_id))
        first = db.scalar(select(func.max(Job.id))) or 0
        rows, lines, news = [], [], []
        for n in range(jobs):
            at = now - timedelta(seconds=60 * (jobs - n))
            state = "human" if n % (jobs // 3) == 7 else "done"
            rows.append(
                {
                    "id": first + n + 1, "tenant_id": tenant, "job_id": f"t{jobs}-{n}", "kind": "receipt",
                    "kkm_id": f"k{n % desks}", "order_ref": f"o{n}", "payload": {}, "payload_hash": "x",
                    "subtype": "sell", "total": 100, "imprint": f"i{n}", "created_at": at,
                    "start_within_s": 60, "start_by": at, "lease_no": 1, "state": state, "rev": 3, "attempt": 1,
                    "sent": True, "cancel_pending": False,
                    "too_late": False, "owed": False, "agent_id": player.agent_id,
                    "ended_at": at if state == "done" else None,
                }
            )  # fmt: skip
            lines.append({"job": first + n + 1, "state": state, "rev": 3, "attempt": 1, "at": at, "stored_at": at})
            news.append(
                {"event_id": f"{tenant}{n}", "tenant_id": tenant, "type": f"job.{state}", "kkm_id": f"k{n % desks}",
                 "job_id": f"t{jobs}-{n}", "at": at, "data": {}}
            )  # fmt: skip
        devices = [
            {"tenant_id": tenant, "kkm_id": f"k{n}", "agent_id": player.agent_id, "binding_epoch": 1, "bound_epoch": 1,
             "releasing": False, "serial_space": "", "bound_serial": f"s{jobs}-{n}", "device_class": "register"}
            for n in range(desks)
        ]  # fmt: skip
        tables = [
            {"tenant_id": tenant, "desk_id": f"d{n}", "kkm_id": f"k{n}", "timezone": "Europe/Moscow", "exclusive": True,
             "imprint": True, "open_shift": True, "close_expired_shift": True, "close_before_24h": True,
             "held_hours": 24, "settle": False}
            for n in range(desks)
        ]  # fmt: skip
        for entity, what in ((Device, devices), (Desk, tables), (Job, rows), (JobTransition, lines), (FeedEvent, news)):
            for start in range(0, len(what), 500):
                db.execute(insert(table_of(entity)), what[start : start + 500])
    engine.dispose()
    return f"t{jobs}-{jobs // 2}"


async def cost(bench: Bench, browser: httpx.AsyncClient, steps: Steps, path: str) -> int:
    url = path if path.startswith("/console") else f"/api/v1{path}"
    before = steps.count
    answer = await browser.get(bench.url + url)
    assert answer.status_code in (200, 422), (path, answer.text[:300])
    return steps.count - before


async def test_what_is_nowhere_is_not_looked_for_everywhere(bench: Bench) -> None:
    """At one register, half of its jobs reports that are done and half rejected receipts: a rejected report was looked
    for among all reports, a sale among all jobs, and what is owed among all that is done."""
    small_api, large_api = await bench.tenant("Малая"), await bench.tenant("Большая")
    for api, number in ((small_api, 300), (large_api, 12_000)):
        await filled(bench, api, number, 1)
    engine, jobs = create_engine(f"sqlite:///{bench.database}"), table_of(Job)
    with engine.begin() as db:
        db.execute(update(jobs).where(jobs.c.id % 2 == 0).values(kind="x_report", state="done"))
        db.execute(update(jobs).where(jobs.c.id % 2 == 1).values(kind="receipt", state="rejected"))
    engine.dispose()
    some = ["kind=sale", "state=cancelled", "kind=x_report&state=rejected", "kind=receipt&state=done", "owed=true",
            "kind=sale&kind=receipt&state=done&state=cancelled", "owed=true&state=done", "owed=true&kind=receipt",
            "order_ref=nothing&state=done&kind=x_report"]  # fmt: skip
    grown: dict[str, tuple[int, int]] = {}
    with counted() as steps:
        for query in [*some, *(f"kkm_id=k0&{query}" for query in some)]:
            one, other = [await cost(bench, api, steps, f"/jobs?{query}") for api in (small_api, large_api)]
            if other > one + 20:
                grown[query] = (one, other)
    assert not grown, f"hundreds of SQLite's steps, in a small and in a large account: {grown}"


async def test_a_page_of_a_large_account_costs_what_one_of_a_small_account_does(bench: Bench) -> None:
    small_api, large_api = await bench.tenant("Малая"), await bench.tenant("Большая")
    small, large = await bench.person(small_api, login="small"), await bench.person(large_api, login="large")
    jobs = {small: await filled(bench, small_api, *FEW), large: await filled(bench, large_api, *MANY)}
    grown: dict[str, tuple[int, int]] = {}
    with counted() as steps:
        for path in (*LISTS, *PAGES):
            one, other = [await cost(bench, who, steps, re.sub(r"{job}", job, path)) for who, job in jobs.items()]
            if other > 2 * one + 60 + PER_DESK.get(path, 0) * (MANY[1] - FEW[1]):
                grown[path] = (one, other)
    assert not grown, f"hundreds of SQLite's steps, in a small and in a large account: {grown}"

"""The exchange of a job with its devices, as people read it: on the job's page, and on pages of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import Response

from server.console.menu import HOME
from server.console.visit import PageRoute, Supporter, Visit
from server.pages import CursorQuery
from server.problems import Problem
from server.routers import exchange as rest
from server.services import jobs, support
from server.services.access import Scope
from server.services.exchange import ExchangeView
from server.services.recorded import RecordView
from server.store import support as store
from server.store.desks import at_device
from server.store.models import Job

router = APIRouter(route_class=PageRoute)
SHOWN = 200  # records on a page
SHORT = 60  # letters of a value that stand in a line; a longer one is folded
_STEP = re.compile(r"([a-z_]+)([0-9]+)")
NONE = ("no_exchange_yet", "bundle_removed")


@dataclass(frozen=True, slots=True)
class Value:
    """``short``: its beginning; ``whole``: the value where the beginning is not all of it."""

    name: str
    short: str
    whole: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose lines follow: a device, a step of a sale and its number, an attempt."""

    kkm_id: str
    driver: str
    step: str
    n: str
    attempt: int | None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. ``clock``: by the wall clock of the visit. ``turn``: where another one begins."""

    record: RecordView
    clock: str
    values: tuple[Value, ...]
    good: bool
    turn: Turn | None


@dataclass(frozen=True, slots=True)
class Told:
    """What a job's page says of the exchange. ``request``: the newest one to its PC for a bundle about this job;
    ``busy``: another one is open there."""

    shown: ExchangeView | None = None
    rows: tuple[Row, ...] = ()
    request: support.RequestView | None = None
    busy: bool = False


def rows_of(records: Sequence[RecordView], zone: ZoneInfo) -> Iterator[Row]:
    before: Turn | None = None
    for record in records:
        turn = _turn(record)
        clock = record.at.astimezone(zone).strftime("%H:%M:%S.%f")[:-3]
        good = record.result in (None, "ok")
        yield Row(record, clock, tuple(_values(record)), good, turn if turn != before else None)
        before = turn


def _turn(record: RecordView) -> Turn:
    step = _STEP.fullmatch(record.part or "")
    name, n = (step[1], step[2]) if step is not None else (record.part or "", "")
    return Turn(record.kkm_id, record.driver, name, n, record.attempt)


def _values(record: RecordView) -> Iterator[Value]:
    yield from (_value(name, value) for name, value in record.fields.items() if not (record.tags and _is_raw(value)))
    yield from (_value(f"#{tag}", value) for tag, value in record.tags.items())
    if not record.fields:
        raw = record.text if record.text is not None else record.hex
        if raw and record.bytes > 1:
            yield _value("", raw)


def _is_raw(value: object) -> bool:
    """The bytes whose tags are told."""
    return isinstance(value, str) and len(value) >= SHORT


def _value(name: str, value: Any) -> Value:
    whole = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    short = " ".join(whole.split())
    if len(short) <= SHORT:
        return Value(name, short)
    return Value(name, f"{short[:SHORT]}…", _spread(whole))


def _spread(text: str) -> str:
    """JSON over several lines, also behind the head of an HTTP message; anything else as it is."""
    head, gap, body = text.rpartition("\n\n")
    try:
        return f"{head}{gap}{json.dumps(json.loads(body), ensure_ascii=False, indent=1)}"
    except (ValueError, RecursionError):
        return text


# --- pages ------------------------------------------------------------------------------------------------------------


async def told(visit: Visit, row: Job) -> Told | None:
    """For the page of this job; ``None`` for whoever may not see it."""
    if not visit.may(Scope.SUPPORT):
        return None
    shown: ExchangeView | None = None
    try:
        shown = await rest.get_exchange(row.job_id, visit.here, visit.caller, None, SHOWN)
    except Problem as problem:
        if problem.code not in NONE:
            raise
    request: support.RequestView | None = None
    if row.agent_id is not None:
        async with visit.here.database.read() as work:
            newest = await store.newest(work, row.agent_id, "bundle")
            request = support.view(newest, work.now, visit.language) if newest is not None else None
    mine = request is not None and row.job_id in request.jobs
    busy = request is not None and not mine and request.state in store.OPEN
    rows = tuple(rows_of(shown.records, visit.zone)) if shown is not None else ()
    return Told(shown, rows, request if mine else None, busy)


@router.get(f"{HOME}/jobs/{{job_id}}/exchange")
async def more(visit: Supporter, job_id: str, cursor: CursorQuery = None, everything: bool = False) -> Response:
    shown = await rest.get_exchange(job_id, visit.here, visit.caller, cursor, SHOWN, everything)
    async with visit.here.database.read() as work:
        row = await jobs.find(work, visit.tenant_id, job_id)
        visit = visit.there(await at_device(work, visit.tenant_id, row.kkm_id))
    return visit.page(
        "exchange.html",
        here=f"{HOME}/jobs",
        job_id=job_id,
        shown=shown,
        rows=tuple(rows_of(shown.records, visit.zone)),
        everything=everything,
    )

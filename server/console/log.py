"""The log of a PC as it is written, on that PC's page: who agreed and until when, the lines, and what was left out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from sqlalchemy import select

from protocol.crm.jobs import whole
from server.console.visit import Visit
from server.services import support
from server.services.tails import LineView
from server.store import support as store
from server.store.database import Work
from server.store.models import Device, Job

SHOWN = 200
"""The newest lines, on one page."""
COLOURS: Mapping[object, str] = MappingProxyType({"error": "bad", "critical": "bad", "warning": "wait"})
_COLUMNS = frozenset({"n", "dropped", "missed", "timestamp", "level", "event", "code", "job_id", "kkm_id", "frames"})


@dataclass(frozen=True, slots=True)
class Row:
    """``clock``: of the page's wall clock. ``job``: the account's own that the line names (of a part of a sale the
    sale); ``device``: whether the account has the one that it names. Only those are links. ``rest``: what else the line
    says, name and value."""

    line: LineView
    clock: str
    colour: str
    job: str | None
    device: bool
    rest: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """``request``: the newest one, if there was any. ``going_on``: it can be stopped. ``left``: seconds of a running
    one. ``earlier``: lines before the first row that are not shown; ``untold``: not told behind the last; ``cursor``:
    of the last."""

    request: support.RequestView | None = None
    going_on: bool = False
    left: int = 0
    rows: tuple[Row, ...] = ()
    earlier: int = 0
    untold: int = 0
    cursor: int = 0


async def shown(visit: Visit, work: Work, agent_id: str) -> Shown:
    row = await store.newest(work, agent_id, "log")
    if row is None:
        return Shown()
    request = support.view(row, work.now, visit.language)
    told = visit.here.tails.last(agent_id, row.id, work.now, SHOWN)
    known = await _known(
        work,
        visit.tenant_id,
        {whole(str(line.job_id)) for line in told.lines if line.job_id is not None},
        {str(line.kkm_id) for line in told.lines if line.kkm_id is not None},
    )
    running = request.state == "running" and request.ends_at is not None
    return Shown(
        request,
        request.state in store.GOING_ON,
        int((request.ends_at - work.now).total_seconds()) if running and request.ends_at is not None else 0,
        tuple(rows_of(told.lines, visit.zone, *known)),
        told.lines[0].n - 1 if told.lines else 0,
        told.untold,
        told.lines[-1].n if told.lines else 0,
    )


def rows_of(
    lines: Collection[LineView], zone: ZoneInfo, jobs: Collection[str], devices: Collection[str]
) -> Iterator[Row]:
    for line in lines:
        said = line.model_dump(include=line.model_fields_set - _COLUMNS)
        rest = tuple((name, _text(value)) for name, value in said.items() if value is not None)
        job = whole(str(line.job_id or ""))
        yield Row(
            line, _clock(line.timestamp, zone), COLOURS.get(line.level, ""), job if job in jobs else None,
            line.kkm_id in devices, rest,
        )  # fmt: skip


def _clock(at: datetime | None, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%H:%M:%S.%f")[:-3] if at is not None else ""


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


async def _known(
    work: Work, tenant_id: str, job_ids: Collection[str], kkm_ids: Collection[str]
) -> tuple[set[str], set[str]]:
    """Which of these jobs and devices the account has."""
    jobs, devices = set[str](), set[str]()
    if job_ids:
        of_tenant = select(Job.job_id).where(Job.tenant_id == tenant_id, Job.job_id.in_(job_ids))
        jobs = {*await work.session.scalars(of_tenant)}
    if kkm_ids:
        there = select(Device.kkm_id).where(Device.tenant_id == tenant_id, Device.kkm_id.in_(kkm_ids))
        devices = {*await work.session.scalars(there)}
    return jobs, devices

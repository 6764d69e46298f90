"""The exchange of a job with its devices, read from the newest bundle that its PC has sent about it. The server has it
from nowhere else and keeps none of it apart: it goes when the bundle's file goes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from server.pages import cursor_of, key_of
from server.problems import Problem
from server.services import bundles, jobs, recorded
from server.services.access import Caller
from server.services.bundles import BundleView
from server.services.recorded import DamageView, RecordView
from server.store import support as store
from server.store.database import Database
from server.store.support import SupportBundle


class ExchangeView(BaseModel):
    """``total``: records of this job in ``bundle``; ``records``: those of this page, in the order of what happened.
    ``damages``: what of the bundle could not be read."""

    job_id: str
    bundle: BundleView
    total: int
    records: list[RecordView]
    damages: list[DamageView]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where bundles lie, and for how many days."""

    folder: Path
    days: int


async def page(
    database: Database, place: Place, caller: Caller, job_id: str, cursor: str | None, limit: int, *, everything: bool
) -> ExchangeView:
    """One page; the following ones are of the same bundle. Raises ``Problem``: ``unknown_job``, ``no_exchange_yet``,
    ``bundle_removed``."""
    wanted, start = key_of(cursor, str, int) if cursor is not None else (None, 0)
    async with database.read() as work:
        row = await jobs.find(work, caller.tenant_id, job_id)
        found = await store.newest_about(work, row.agent_id, job_id) if row.agent_id is not None else None
        if wanted is not None:
            found = await bundles.of_tenant(work, caller.tenant_id, str(wanted))
        if found is None or job_id not in found.jobs:
            raise Problem(404, "no_exchange_yet", job_id=job_id)
        was_read = await bundles.read_by(work, found, caller.actor)
    content = await asyncio.to_thread(_content, place.folder, found)
    told = await asyncio.to_thread(recorded.exchange_of, content, job_id, int(start), limit, everything=everything)
    if not was_read:
        async with database.write(by=caller.actor) as work:
            bundles.now_read(work, found, job_id)
    after = int(start) + len(told.records)
    return ExchangeView(
        job_id=job_id,
        bundle=bundles.view(found, place.days),
        total=told.total,
        records=list(told.records),
        damages=list(told.damages),
        cursor=cursor_of((found.id, after)) if after < told.total else None,
    )


def _content(folder: Path, row: SupportBundle) -> bytes:
    try:
        if row.removed_at is None:
            return bundles.file_of(folder, row.id).read_bytes()
    except FileNotFoundError:
        pass
    raise Problem(410, "bundle_removed", bundle_id=row.id)

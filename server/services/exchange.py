"""The exchange of a job with its devices, read from the newest bundle that its PC has sent about it. The server has it
from nowhere else and writes none of it down apart; what it holds in memory goes when the bundle's file goes."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from server.pages import cursor_of, key_of
from server.problems import Problem
from server.services import bundles, jobs
from server.services.access import Caller
from server.services.bundles import BundleView
from server.services.recorded import MOST_BYTES, DamageView, Exchange, Recorded, RecordView, recorded_of
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


Key = tuple[str, str, bool]
"""A bundle, a job, and whether everything was read that was said."""
HELD = MOST_BYTES
"""Bytes of lines that are held in memory: as many as the largest bundle has."""


class Lately:
    """What was read of bundles lately: a job's page is looked at again and again, and turned over. Of a bundle nothing
    ever changes. What was not looked at for longest goes first."""

    def __init__(self, most: int = HELD) -> None:
        self._most = most
        self._read = OrderedDict[Key, Recorded]()

    def get(self, key: Key) -> Recorded | None:
        if key in self._read:
            self._read.move_to_end(key)
        return self._read.get(key)

    def put(self, key: Key, read: Recorded) -> None:
        self._read[key] = read
        self._read.move_to_end(key)
        while self.bytes > self._most:
            self._read.popitem(last=False)

    def drop(self, key: Key) -> None:
        self._read.pop(key, None)

    def keep(self, bundle_ids: Collection[str]) -> None:
        """Of no other bundle is anything held from now on."""
        for key in [key for key in self._read if key[0] not in bundle_ids]:
            self.drop(key)

    @property
    def bytes(self) -> int:
        return sum(read.bytes for read in self._read.values())


async def page(
    database: Database,
    place: Place,
    lately: Lately,
    caller: Caller,
    job_id: str,
    cursor: str | None,
    limit: int,
    *,
    everything: bool,
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
    key = (found.id, job_id, everything)
    try:
        read, told = await asyncio.to_thread(_told, place.folder, found, key, lately.get(key), int(start), limit)
    except Problem:
        lately.drop(key)
        raise
    lately.put(key, read)
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


def _told(
    folder: Path, row: SupportBundle, key: Key, known: Recorded | None, start: int, limit: int
) -> tuple[Recorded, Exchange]:
    """What is ``known`` of a bundle, or what its file says, and the page of it. Raises ``Problem`` ``bundle_removed``
    when the file is gone, also if it is known."""
    _, job_id, everything = key
    try:
        if row.removed_at is None:
            file = bundles.file_of(folder, row.id)
            file.stat()
            read = known or recorded_of(file.read_bytes(), job_id, everything=everything)
            return read, read.page(start, limit)
    except FileNotFoundError:
        pass
    raise Problem(410, "bundle_removed", bundle_id=row.id)

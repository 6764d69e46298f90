"""What the journal says now, read beside a running agent: read-only, on a connection of its own."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from agent.journal.rows import DeviceRow, JobRow, device_row, job_row
from agent.support.doctor.model import NotLooked
from agent.support.doctor.scene import Scene
from protocol.crm.job_machine import Known
from protocol.crm.messages import JournalHead, KnownJob


@dataclass(frozen=True, slots=True)
class Archive:
    """``undelivered``: messages that the server has not acknowledged; ``oldest``: when the first of them was made."""

    head: JournalHead
    jobs: tuple[JobRow, ...]
    devices: tuple[DeviceRow, ...]
    undelivered: int
    oldest: datetime | None

    def device(self, kkm_id: str) -> DeviceRow:
        return next((row for row in self.devices if row.kkm_id == kkm_id), DeviceRow(kkm_id))

    @property
    def known_jobs(self) -> list[KnownJob]:
        """As ``hello`` lists them."""
        live = [r for r in self.jobs if r.state is not Known.ABSENT and r.kkm_id and not r.unheard]
        return [KnownJob(job_id=r.job_id, rev=r.rev) for r in live]


class NoJournal(Exception):
    """There is none: nothing was done here yet."""


def read(scene: Scene) -> Archive:
    """Raises ``NoJournal``, ``sqlite3.Error``, and ``ValueError`` for rows that are none."""
    path = scene.config.journal_path
    if not path.exists():
        raise NoJournal
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
        db.execute("BEGIN")  # one moment for all of it
        head = db.execute("SELECT n, hash FROM journal ORDER BY n DESC LIMIT 1").fetchone() or (0, "")
        jobs = tuple(job_row(row) for (row,) in db.execute("SELECT row FROM jobs WHERE archived = 0 ORDER BY seq"))
        devices = tuple(device_row(row) for (row,) in db.execute("SELECT row FROM devices ORDER BY kkm_id"))
        undelivered, oldest = db.execute("SELECT count(*), min(at) FROM outbox").fetchone()
    return Archive(
        JournalHead(n=head[0], hash=head[1]),
        jobs,
        devices,
        undelivered,
        datetime.fromisoformat(oldest) if oldest is not None else None,
    )


def archive(scene: Scene) -> Archive:
    """The same once; of no journal an empty one. Raises ``NotLooked`` for one that cannot be read."""
    try:
        return scene.memo.once("archive", "journal.chain", lambda: read(scene))
    except NoJournal:
        return Archive(JournalHead(n=0, hash=""), (), (), 0, None)
    except (sqlite3.Error, ValueError, TypeError, KeyError):
        raise NotLooked("journal.chain") from None

"""The journal on disk: one SQLite file, WAL, ``synchronous=FULL``, one thread that touches it.

``commit`` runs a function inside one transaction and returns after it is flushed. A flush that fails is never tried
again on the same handle: ``JournalFailed`` is raised from then on, the process stops, and the restart resolves.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from agent.journal.records import GENESIS, Record, RecordKind, chain_hash, hash_of_body
from agent.journal.rows import DeviceRow, JobRow, JobWithOffer, device_row, job_row, offer_of
from protocol.crm.messages import TYPES, Offer
from protocol.crm.outcomes import Value

BALLAST_BYTES = 64 * 1024 * 1024  # freed when the disk is full, so that an outcome can still be written
LOW_SPACE_BYTES = 256 * 1024 * 1024  # below this no new job is accepted
# How a full disk shows itself: to a write, to a flush where space is given late, to the log's index at the start.
_NO_SPACE = frozenset({"SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC", "SQLITE_IOERR_SHMSIZE"})
RECORDS_OF_A_JOB = 50  # more than a job usually has: how far back the last jobs are looked for

SCHEMA_VERSION = 1
# AUTOINCREMENT: SQLite remembers the highest number ever used, so that a tail which was cut off is noticed.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS journal (
    n INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, kind TEXT NOT NULL, job_id TEXT, kkm_id TEXT,
    body TEXT, body_hash TEXT NOT NULL, hash TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS journal_by_job ON journal (job_id) WHERE job_id IS NOT NULL;
CREATE TABLE IF NOT EXISTS jobs (
    job_id TEXT PRIMARY KEY, kkm_id TEXT NOT NULL, state TEXT NOT NULL, seq INTEGER NOT NULL,
    imprint TEXT NOT NULL, archived INTEGER NOT NULL, row TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS jobs_live ON jobs (kkm_id, seq) WHERE archived = 0;
CREATE INDEX IF NOT EXISTS jobs_by_imprint ON jobs (imprint);
CREATE TABLE IF NOT EXISTS offers (job_id TEXT PRIMARY KEY, offer TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS devices (kkm_id TEXT PRIMARY KEY, row TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, msg_id TEXT NOT NULL UNIQUE, at TEXT NOT NULL, type TEXT NOT NULL,
    job_id TEXT, rev INTEGER, body TEXT NOT NULL);
"""

T = TypeVar("T")


class JournalFailed(Exception):
    """The journal could not be written or is not what it must be. The process has to stop."""


class Transaction:
    """One transaction on the journal. Records and projections are written together or not at all."""

    def __init__(self, db: sqlite3.Connection, now: datetime, new_id: Callable[[], str]) -> None:
        self._db = db
        self.now = now
        self._new_id = new_id
        self.steps: list[tuple[JobRow, str]] = []
        """What this transaction records of jobs: the row after each event."""

    # --- the chain

    def head(self) -> tuple[int, str]:
        row = self._db.execute("SELECT n, hash FROM journal ORDER BY n DESC LIMIT 1").fetchone()
        return (row[0], row[1]) if row else (0, GENESIS)

    def append(
        self, kind: RecordKind, body: dict[str, Any], *, job_id: str | None = None, kkm_id: str | None = None
    ) -> int:
        n, previous = self.head()
        n += 1
        at = self.now.isoformat()
        body_hash = hash_of_body(body)
        digest = chain_hash(previous, n, at, kind, job_id, kkm_id, body_hash)
        self._db.execute(
            "INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (n, at, kind.value, job_id, kkm_id, json.dumps(body, ensure_ascii=False), body_hash, digest),
        )
        project(self._db, body)
        return n

    # --- projections

    def job(self, job_id: str) -> JobRow | None:
        row = self._db.execute("SELECT row FROM jobs WHERE job_id = ?", (job_id,)).fetchone()
        return job_row(row[0]) if row else None

    def offer(self, job_id: str) -> Offer | None:
        row = self._db.execute("SELECT offer FROM offers WHERE job_id = ?", (job_id,)).fetchone()
        return offer_of(row[0]) if row else None

    def facts(self, job_id: str) -> dict[str, Any]:
        """What a job has found out (``result``, ``document``): they stand in one record of the journal, not in the row,
        which is written again with every transition. Empty when there are none, or when they were pruned."""
        rows = self._db.execute("SELECT body FROM journal WHERE job_id = ? ORDER BY n DESC", (job_id,))
        bodies = (json.loads(body) for (body,) in rows if body is not None)
        found: dict[str, Any] = next((body["facts"] for body in bodies if "facts" in body), {})
        return found

    def live_jobs(self, kkm_id: str | None = None) -> list[JobRow]:
        """Jobs that are not archived, in the order of their arrival."""
        where, arguments = ("AND kkm_id = ?", (kkm_id,)) if kkm_id is not None else ("", ())
        rows = self._db.execute(f"SELECT row FROM jobs WHERE archived = 0 {where} ORDER BY seq", arguments)
        return [job_row(row[0]) for row in rows]

    def touched_since(self, n: int) -> list[JobRow]:
        """Jobs of which the journal tells after its n-th record, in the order of their arrival."""
        rows = self._db.execute(
            "SELECT row FROM jobs WHERE job_id IN (SELECT job_id FROM journal WHERE n > ?) ORDER BY seq", (n,)
        )
        return [job_row(row[0]) for row in rows]

    def parts(self, job_id: str) -> list[JobRow]:
        """The parts of a sale in the order in which they were begun, also those that have ended."""
        rows = self._db.execute(
            "SELECT row FROM jobs WHERE job_id > ? AND job_id < ? ORDER BY seq", (f"{job_id}/", f"{job_id}0")
        )
        return [job_row(row[0]) for row in rows]

    def last_jobs(self, most: int) -> list[tuple[JobRow, datetime]]:
        """The jobs that the last records tell of, the newest first, with the moment of that record."""
        records = self._db.execute("SELECT job_id, at FROM journal ORDER BY n DESC LIMIT ?", (most * RECORDS_OF_A_JOB,))
        moments: dict[str, str] = {}
        for job_id, at in records:
            if job_id is not None and len(moments) < most:
                moments.setdefault(job_id, at)
        found = ((self.job(job_id), at) for job_id, at in moments.items())
        return [(row, datetime.fromisoformat(at)) for row, at in found if row is not None]

    def last_word(self, job_id: str) -> datetime:
        """When the journal last told of a job that it knows."""
        row = self._db.execute("SELECT at FROM journal WHERE job_id = ? ORDER BY n DESC LIMIT 1", (job_id,)).fetchone()
        return datetime.fromisoformat(row[0])

    def owner_of_imprint(self, imprint: str) -> str | None:
        """The parts of a sale carry its imprint and came after it."""
        row = self._db.execute("SELECT job_id FROM jobs WHERE imprint = ? ORDER BY seq LIMIT 1", (imprint,)).fetchone()
        return str(row[0]) if row else None

    def next_seq(self) -> int:
        """The place of a job that arrives now: the number of the record that will tell of it. Found without a look
        through all jobs that ever came."""
        return self.head()[0] + 1

    def device(self, kkm_id: str) -> DeviceRow:
        row = self._db.execute("SELECT row FROM devices WHERE kkm_id = ?", (kkm_id,)).fetchone()
        return device_row(row[0]) if row else DeviceRow(kkm_id)

    def devices(self) -> list[DeviceRow]:
        return [device_row(row[0]) for row in self._db.execute("SELECT row FROM devices ORDER BY kkm_id")]

    def write_job(self, row: JobRow, event: str, *, offer: Offer | None = None, **more: Any) -> int:
        """Record a transition of a job: ``event`` and the row after it."""
        self.steps.append((row, event))
        body: dict[str, Any] = {"event": event, "job": row.to_json(), **more}
        if offer is not None:
            body["offer"] = offer.model_dump(mode="json")
        return self.append(RecordKind.JOB, body, job_id=row.job_id, kkm_id=row.kkm_id)

    def write_device(self, row: DeviceRow, event: str, kind: RecordKind = RecordKind.DEVICE, **more: Any) -> int:
        """Record what happened to a device and what is known of it now."""
        return self.append(kind, {"event": event, "device": row.to_json(), **more}, kkm_id=row.kkm_id)

    # --- the outbox

    def send(self, body: Value, type_: str, *, job_id: str | None = None, rev: int | None = None) -> None:
        self._db.execute(
            "INSERT INTO outbox (msg_id, at, type, job_id, rev, body) VALUES (?, ?, ?, ?, ?, ?)",
            (self._new_id(), self.now.isoformat(), type_, job_id, rev, body.model_dump_json()),
        )

    def outbox(self, limit: int) -> list[tuple[str, datetime, Value]]:
        rows = self._db.execute("SELECT msg_id, at, type, body FROM outbox ORDER BY seq LIMIT ?", (limit,))
        return [(m, datetime.fromisoformat(at), TYPES[type_].model_validate_json(body)) for m, at, type_, body in rows]

    def has_outgoing(self, job_id: str, rev: int) -> bool:
        found = self._db.execute("SELECT 1 FROM outbox WHERE job_id = ? AND rev >= ?", (job_id, rev)).fetchone()
        return found is not None

    def remove_outgoing(self, msg_id: str) -> tuple[str, str | None, int | None] | None:
        """Take an acknowledged message away: its (type, job_id, rev), or ``None`` when it is gone already."""
        row = self._db.execute("SELECT type, job_id, rev FROM outbox WHERE msg_id = ?", (msg_id,)).fetchone()
        self._db.execute("DELETE FROM outbox WHERE msg_id = ?", (msg_id,))
        return (row[0], row[1], row[2]) if row else None

    def forget_outgoing(self, job_id: str) -> None:
        """Take every message about a job away: no server knows it."""
        self._db.execute("DELETE FROM outbox WHERE job_id = ?", (job_id,))

    # --- looking back

    def hash_at(self, n: int) -> str | None:
        if n == 0:
            return GENESIS
        row = self._db.execute("SELECT hash FROM journal WHERE n = ?", (n,)).fetchone()
        return str(row[0]) if row else None

    def records(self, job_id: str | None = None, *, after: int = 0) -> Iterator[Record]:
        """In their order; those of one job, those that came ``after`` a record."""
        where, arguments = ("AND job_id = ?", (job_id,)) if job_id is not None else ("", ())
        for row in self._db.execute(f"SELECT * FROM journal WHERE n > ? {where} ORDER BY n", (after, *arguments)):
            n, at, kind, job, kkm_id, body, body_hash, digest = row
            parsed = json.loads(body) if body is not None else None
            yield Record(n, at, RecordKind(kind), job, kkm_id, parsed, body_hash, digest)

    def with_offer(self, row: JobRow) -> JobWithOffer:
        offer = self.offer(row.job_id)
        if offer is None:
            raise JournalFailed(f"job {row.job_id} has no offer")
        return JobWithOffer(row, offer)


def project(db: sqlite3.Connection, body: dict[str, Any]) -> None:
    """Apply one record to the projections. ``rebuild`` replays the journal through this very function."""
    if "job" in body:
        row = body["job"]
        db.execute(
            "INSERT OR REPLACE INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                row["job_id"],
                row["kkm_id"],
                row["state"],
                row["seq"],
                row["imprint"],
                int(row["archived"]),
                json.dumps(row, ensure_ascii=False),
            ),
        )
    if "offer" in body:
        offer = body["offer"]
        db.execute(
            "INSERT OR REPLACE INTO offers VALUES (?, ?)", (offer["job_id"], json.dumps(offer, ensure_ascii=False))
        )
    if "device" in body:
        device = body["device"]
        db.execute(
            "INSERT OR REPLACE INTO devices VALUES (?, ?)", (device["kkm_id"], json.dumps(device, ensure_ascii=False))
        )


class Journal:
    """The open journal. Everything goes through its one thread."""

    def __init__(
        self,
        path: Path,
        *,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
        ballast: bool = True,
        told: Callable[[JobRow, str], None] = lambda _row, _event: None,
    ) -> None:
        """``told`` hears of every step of a job once it is on disk, in the journal's thread: for the log."""
        self.path = path
        self._told = told
        self._now = now
        self.new_id = new_id
        self._failed: str | None = None
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._thread = self._writer.submit(threading.get_ident).result()
        self._ballast = path.with_suffix(".ballast") if ballast else None
        try:
            self._db = self._writer.submit(self._open_with_room).result()
        except (sqlite3.Error, OSError) as error:
            self._writer.shutdown()
            raise JournalFailed(f"{path}: {error}") from error
        except JournalFailed:
            self._writer.shutdown()
            raise

    def _open_with_room(self) -> sqlite3.Connection:
        """On a disk that is full already the ballast makes the room to start."""
        try:
            return self._open()
        except (sqlite3.Error, OSError) as error:
            if not self._freed_ballast(error):
                raise
            return self._open()

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(self.path, isolation_level=None, timeout=10)
        try:
            self._prepare(db)
        except BaseException:
            db.close()
            raise
        self._make_ballast()
        return db

    def _prepare(self, db: sqlite3.Connection) -> None:
        mode = db.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        db.execute("PRAGMA synchronous=FULL")
        synchronous = db.execute("PRAGMA synchronous").fetchone()[0]
        if mode != "wal" or synchronous != 2:
            raise JournalFailed(
                f"{self.path}: journal_mode={mode}, synchronous={synchronous}; WAL and FULL are required"
            )
        self._write_log_anew(db)
        if db.execute("PRAGMA user_version").fetchone()[0] != SCHEMA_VERSION:
            db.executescript(_SCHEMA)
        # A write: a file that is read-only fails now, not at the first job.
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _write_log_anew(self, db: sqlite3.Connection) -> None:
        """Flush what an earlier process left in the write-ahead log, by writing it once more. After a flush that failed
        the system holds those pages for clean: they can be read until the power goes, and no later flush saves them."""
        log = self.path.with_name(self.path.name + "-wal")
        if not log.exists() or log.stat().st_size == 0:
            return
        db.execute("BEGIN IMMEDIATE")  # no other process appends meanwhile
        try:
            self._rewrite(log)
        finally:
            db.execute("ROLLBACK")

    @staticmethod
    def _rewrite(file: Path) -> None:
        with file.open("r+b") as opened:
            content = opened.read()
            opened.seek(0)
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())

    def commit(self, work: Callable[[Transaction], T]) -> T:
        """Run ``work`` in one transaction; return its result after the flush. An exception of ``work`` itself rolls
        back and is raised; a failure of the database is ``JournalFailed``."""
        return self._on_its_thread(self._commit, work)

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run ``work`` without writing. A failure of the database is ``JournalFailed``, as in ``commit``."""
        return self._on_its_thread(self._read, work)

    def _on_its_thread(self, run: Callable[[Callable[[Transaction], T]], T], work: Callable[[Transaction], T]) -> T:
        if threading.get_ident() == self._thread:
            raise RuntimeError("a transaction inside a transaction would wait for itself")
        return self._writer.submit(run, work).result()

    def _commit(self, work: Callable[[Transaction], T]) -> T:
        self._check()
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                transaction = Transaction(self._db, self._now(), self.new_id)
                result = work(transaction)
            except sqlite3.Error:
                raise
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self.flush(self._db)
            for row, event in transaction.steps:
                self._told(row, event)
            return result
        except sqlite3.Error as error:
            self._fail(error)
            raise JournalFailed(f"{self.path}: {error}") from error

    @staticmethod
    def flush(db: sqlite3.Connection) -> None:
        """The one place where a transaction becomes durable."""
        db.execute("COMMIT")

    def _read(self, work: Callable[[Transaction], T]) -> T:
        self._check()
        try:
            return work(Transaction(self._db, self._now(), self.new_id))
        except sqlite3.Error as error:
            self._fail(error)
            raise JournalFailed(f"{self.path}: {error}") from error

    def _check(self) -> None:
        if self._failed is not None:
            raise JournalFailed(self._failed)

    def _fail(self, error: sqlite3.Error) -> None:
        self._failed = f"{self.path}: {error}"
        with contextlib.suppress(sqlite3.Error):
            self._db.execute("ROLLBACK")
        self._freed_ballast(error)

    # --- disk space

    def _freed_ballast(self, error: sqlite3.Error | OSError) -> bool:
        """Give the ballast's space back when ``error`` may mean that there is no other; whether there was any."""
        # Absent from what the module itself raises.
        full = getattr(error, "sqlite_errorname", "") in _NO_SPACE or getattr(error, "errno", 0) == errno.ENOSPC
        if self._ballast is None or not full or not self._ballast.exists():
            return False
        self._ballast.unlink(missing_ok=True)
        return True

    def _make_ballast(self) -> None:
        if self._ballast is None or self._ballast.exists():
            return
        if shutil.disk_usage(self.path.parent).free < LOW_SPACE_BYTES + BALLAST_BYTES:
            return
        try:
            with self._ballast.open("wb") as file:
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(file.fileno(), 0, BALLAST_BYTES)
                else:
                    file.write(bytes(BALLAST_BYTES))
        except OSError:  # half a ballast would count as a whole one
            self._ballast.unlink(missing_ok=True)
            raise

    def space_is_low(self) -> bool:
        return shutil.disk_usage(self.path.parent).free < LOW_SPACE_BYTES

    def close(self) -> None:
        self._writer.submit(self._db.close).result()
        self._writer.shutdown()

    # --- upkeep

    def rebuild(self) -> None:
        """Make the projections anew from the journal."""

        def replay(tx: Transaction) -> None:
            for table in ("jobs", "offers", "devices"):
                tx._db.execute(f"DELETE FROM {table}")
            for record in list(tx.records()):
                if record.body is not None:
                    project(tx._db, record.body)

        self.commit(replay)


def utc_now() -> datetime:
    return datetime.now(UTC)

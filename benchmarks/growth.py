"""What a journal of a million jobs costs: the time of a job, the start, and the start after a kill, over an empty one.

The big journal is made by writing rows with a valid chain straight into the file: for each job its last record, its row
and its offer, as a job of the real job book leaves them. Both journals then do the same things in turn, through the
production code.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from statistics import median
from time import perf_counter

from agent.journal.records import RecordKind, chain_hash
from benchmarks.books import offers, receipt
from benchmarks.rows import Options, Row, at_most
from protocol.crm.job_machine import JobEvent
from protocol.crm.jobs import canonical_json
from protocol.crm.messages import Offer
from tests.support.job_books import SNAPSHOT, Bench, bench

JOBS = 1_000_000
RECEIPTS = 60
STARTS = 15
BATCH = 10_000


def measure(options: Options) -> Iterator[Row]:
    big, empty = options.scratch / "big", options.scratch / "empty"
    jobs = options.count(JOBS, 500)
    for folder in (big, empty):
        folder.mkdir()
        with bench(folder) as desk:  # one job in each: the sample, and a file with its schema
            receipt(desk, offers(desk, "sample", 1)[0])
    begun = perf_counter()
    grow(big / "journal.sqlite", jobs, options)
    size = (big / "journal.sqlite").stat().st_size / 2**20
    options.say(f"  {jobs} jobs, {size:.0f} MiB, made in {perf_counter() - begun:.0f} s")
    note = f"{jobs} jobs, {size:.0f} MiB"
    yield _job(options, big, empty, note)
    yield _start(options, big, empty, note)
    yield _recovery(options, big, note)


def _job(options: Options, big: Path, empty: Path, note: str) -> Row:
    count = options.count(RECEIPTS, 2)
    ours: list[float] = []
    theirs: list[float] = []
    with bench(big, bound=False) as grown, bench(empty, bound=False) as fresh:
        wanted = [(desk, offers(desk, "j", count), took) for desk, took in ((grown, ours), (fresh, theirs))]
        for number in range(count):
            for desk, mine, took in wanted:
                took.append(_timed(desk, mine[number]))
    return Row(
        "growth_job", median(ours) * 1e3, median(theirs) * 1e3, "ms", at_most(1.1), count,
        "the same transactions in an empty journal", note,
    )  # fmt: skip


def _timed(desk: Bench, offer: Offer) -> float:
    begun = perf_counter()
    receipt(desk, offer)
    return perf_counter() - begun


def _start(options: Options, big: Path, empty: Path, note: str) -> Row:
    count = options.count(STARTS, 1)
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(count):
        for folder, took in ((big, ours), (empty, theirs)):
            took.append(opened(folder))
    return Row(
        "growth_start", median(ours) * 1e3, median(theirs) * 1e3, "ms", at_most(1.1), count,
        "opening an empty journal and looking for work", note,
    )  # fmt: skip


def opened(folder: Path) -> float:
    """Seconds until the lane knows what to do, and the link what to say in its hello."""
    begun = perf_counter()
    with bench(folder, bound=False) as desk:
        desk.book.next_work("17")
        desk.journal.read(lambda tx: (tx.head(), tx.live_jobs(), tx.devices(), tx.outbox(100)))
        return perf_counter() - begun


def _recovery(options: Options, big: Path, note: str) -> Row:
    """A process dies with an open intent and its transactions still in the log."""
    count = options.count(5, 1)
    took: list[float] = []
    for number in range(count):
        subprocess.run([sys.executable, "-m", "benchmarks.growth", str(big), str(number)], check=False)
        begun = perf_counter()
        with bench(big, bound=False) as desk:
            _, chosen = desk.book.next_work("17")
            took.append(perf_counter() - begun)
            assert chosen is not None, "the intent of the killed process is gone"
            desk.book.transition(chosen.row.job_id, JobEvent.PROVEN, outcome={})
            desk.acks()
    return Row("growth_recovery", median(took), 1.0, "s", at_most(1.0), count, "one second", note)


def left_in_the_middle(folder: Path, number: str) -> None:
    """What the killed process does: many transactions, then an intent, then no more."""
    with bench(folder, bound=False) as desk:
        for offer in offers(desk, f"before-{number}", 20):
            receipt(desk, offer)
        (last,) = offers(desk, f"killed-{number}", 1)
        desk.book.receive("offer", last, acting=True)
        desk.book.transition(
            last.job_id, JobEvent.INTENT, outcome={}, snapshot=SNAPSHOT, first_snapshot=SNAPSHOT, imprinted=True
        )
        os.kill(os.getpid(), signal.SIGKILL)


def grow(path: Path, jobs: int, options: Options) -> None:
    """More jobs like the one that is there: archived, acknowledged, each with a record, a row and an offer."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        sample_id, row = db.execute("SELECT job_id, row FROM jobs").fetchone()
        (offer,) = db.execute("SELECT offer FROM offers").fetchone()
        n, previous, at = db.execute("SELECT n, hash, at FROM journal ORDER BY n DESC LIMIT 1").fetchone()
        imprint = json.loads(row)["imprint"]
        record = canonical_json({"event": "archived", "job": json.loads(row)}).decode()
        db.execute("PRAGMA synchronous=OFF")
        for first in range(0, jobs, BATCH):
            records, rows, kept = [], [], []
            for number in range(first, min(first + BATCH, jobs)):
                n += 1
                job_id = sha256(str(number).encode()).hexdigest()[:20]  # ids of a CRM are in no order
                mine = sha256(job_id.encode()).hexdigest()[:13].upper()
                body = record.replace(sample_id, job_id).replace(imprint, mine)
                body_hash = sha256(body.encode()).hexdigest()
                previous = chain_hash(previous, n, at, RecordKind.JOB, job_id, "17", body_hash)
                records.append((n, at, "job", job_id, "17", body, body_hash, previous))
                text = row.replace(sample_id, job_id).replace(imprint, mine)
                rows.append((job_id, "17", "done", n, mine, 1, text))
                kept.append((job_id, offer.replace(sample_id, job_id)))
            db.execute("BEGIN")
            db.executemany("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?)", records)
            db.executemany("INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            db.executemany("INSERT INTO offers VALUES (?, ?)", kept)
            db.execute("COMMIT")
            if first % (10 * BATCH) == 0:
                options.say(f"  {first} jobs written")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


if __name__ == "__main__":
    left_in_the_middle(Path(sys.argv[1]), sys.argv[2])

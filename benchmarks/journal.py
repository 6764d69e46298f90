"""The journal's transactions, each a real transition of a receipt, against bare SQLite transactions with the same rows.

What a run of the job book writes is overheard as SQL; a plain connection with the same settings (WAL, ``FULL``) then
writes the same rows into the same tables, transaction for transaction, and reads nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from statistics import median
from time import perf_counter

from agent.journal.store import Journal
from benchmarks.books import TRANSACTIONS, is_done, offers, receipt
from benchmarks.rows import Options, Row
from tests.support.job_books import bench

RECEIPTS = 40
ROUNDS = 9
_WRITES = ("INSERT", "DELETE", "UPDATE", "BEGIN", "COMMIT")


def measure(options: Options) -> Iterator[Row]:
    receipts = options.count(RECEIPTS, 3)
    ours: list[float] = []
    bare: list[float] = []
    for number in range(options.count(ROUNDS, 1)):
        folder = options.scratch / str(number)
        (folder / "heard").mkdir(parents=True)
        statements = heard(folder / "heard", receipts)
        ours.append(commits(folder, receipts) / receipts / TRANSACTIONS)
        bare.append(replayed(folder / "bare.sqlite", folder / "heard" / "journal.sqlite", statements))
        options.say(f"  a commit {ours[-1] * 1e3:.2f} ms, bare {bare[-1] * 1e3:.2f} ms")
    yield Row(
        "journal",
        1 / median(ours),
        1 / median(bare),
        "commits/s",
        None,
        len(ours),
        "bare SQLite transactions with the same rows and settings",
        "design names no goal; ours also judges signatures, states and leases, hashes and reads what it changes",
    )


def commits(folder: Path, receipts: int) -> float:
    """Seconds in which the job book carries the receipts through, one after the other."""
    with bench(folder) as desk:
        wanted = offers(desk, "r", receipts)
        begun = perf_counter()
        for offer in wanted:
            receipt(desk, offer)
        took = perf_counter() - begun
        assert all(is_done(desk, offer) for offer in wanted)
        return took


def heard(folder: Path, receipts: int) -> list[str]:
    """The writing statements of such a run."""
    statements: list[str] = []

    def hear(statement: str) -> None:
        if statement.lstrip().startswith(_WRITES):
            statements.append(statement)

    with bench(folder) as desk:
        overhear(desk.journal, hear)
        for offer in offers(desk, "r", receipts):
            receipt(desk, offer)
        overhear(desk.journal, None)
    return statements


def overhear(journal: Journal, hear: object) -> None:
    journal._writer.submit(lambda: journal._db.set_trace_callback(hear)).result()  # type: ignore[arg-type]


def replayed(path: Path, like: Path, statements: list[str]) -> float:
    """Seconds per transaction."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        with closing(sqlite3.connect(like)) as template:
            for (statement,) in template.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall():
                if "sqlite_sequence" not in statement:
                    db.execute(statement)
        begun = perf_counter()
        for statement in statements:
            db.execute(statement)
        took = perf_counter() - begun
    return took / sum(statement.startswith("COMMIT") for statement in statements)

"""Looking into a journal from the command line, also while the agent runs: read-only, on a connection of its own."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from agent.journal.records import GENESIS, chain_hash, hash_of_body


@contextmanager
def _open(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
        yield db


def list_jobs(path: Path) -> list[dict[str, Any]]:
    """Every job of the journal, oldest first: its row."""
    with _open(path) as db:
        return [json.loads(row[0]) for row in db.execute("SELECT row FROM jobs ORDER BY seq")]


def show_job(path: Path, job_id: str) -> dict[str, Any] | None:
    """One job with its offer and every record about it; ``None`` when the journal does not know it."""
    with _open(path) as db:
        found = db.execute("SELECT row FROM jobs WHERE job_id = ?", (job_id,)).fetchone()
        if found is None:
            return None
        offer = db.execute("SELECT offer FROM offers WHERE job_id = ?", (job_id,)).fetchone()
        records = [
            {"n": n, "at": at, "kind": kind, "body": json.loads(body) if body is not None else None, "hash": digest}
            for n, at, kind, body, digest in db.execute(
                "SELECT n, at, kind, body, hash FROM journal WHERE job_id = ? ORDER BY n", (job_id,)
            )
        ]
        return {"job": json.loads(found[0]), "offer": json.loads(offer[0]) if offer else None, "records": records}


def _is_body(text: str, body_hash: str) -> bool:
    try:
        return hash_of_body(json.loads(text)) == body_hash
    except ValueError:
        return False


def verify(path: Path, *, last: int | None = None) -> dict[str, Any]:
    """Walk the hash chain, or its ``last`` records: ``ok``, the number of the last good record (``records``), and the
    first ``problem`` in words."""
    previous, expected = GENESIS, 1
    with _open(path) as db:
        if last is not None:
            before = db.execute("SELECT n, hash FROM journal ORDER BY n DESC LIMIT 1 OFFSET ?", (last,)).fetchone()
            expected, previous = (before[0] + 1, before[1]) if before is not None else (expected, previous)
        records = db.execute("SELECT * FROM journal WHERE n >= ? ORDER BY n", (expected,))
        for n, at, kind, job_id, kkm_id, body, body_hash, digest in records:
            problem = None
            if n != expected:
                problem = f"record {expected} is missing"
            elif body is not None and not _is_body(body, body_hash):
                problem = f"record {n}: its body was changed"
            elif chain_hash(previous, n, at, kind, job_id, kkm_id, body_hash) != digest:
                problem = f"record {n}: the chain is broken"
            if problem is not None:
                return {"ok": False, "records": expected - 1, "problem": problem}
            previous, expected = digest, expected + 1
        written = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'journal'").fetchone()
    if written is not None and written[0] >= expected:
        return {"ok": False, "records": expected - 1, "problem": f"record {expected} is missing"}
    return {"ok": True, "records": expected - 1, "head": previous, "problem": None}

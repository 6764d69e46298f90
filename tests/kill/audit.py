"""The books of a killed shop compared by a stranger: nothing of agent or server is imported.

``light`` looks at some jobs while the shop lives on. ``audit`` reads the folder of a shop that has ended: what the CRM
asked for and heard (``asked.json``, ``events.json``), the registers (``tills.json``), the journals of all its PCs and
the server's database. Of registers that never moved the soak's audit compares every sum as well.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from base64 import b32encode
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from tests.soak import audit as soak

Json = dict[str, Any]

FINAL = ("done", "not_done", "cancelled", "rejected")


def rows(database: Path, query: str) -> list[tuple[Any, ...]]:
    """Of a database that may be in use."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as db:
        return db.execute(query).fetchall()


def imprint_of(tenant_id: str, job_id: str) -> str:
    return b32encode(hashlib.sha256(f"{tenant_id}\x1f{job_id}".encode()).digest()).decode()[:13]


def receipts_by_imprint(documents: Sequence[Json]) -> dict[str | None, list[Json]]:
    made: dict[str | None, list[Json]] = defaultdict(list)
    for document in documents:
        if document["type"] == "receipt":
            made[soak.imprint_of(document["tags"])].append(document)
    return made


def total(payload: Mapping[str, Any]) -> int:
    """Kopecks that a receipt comes to."""
    costs = (soak.half_up(Fraction(soak.kopecks(i["price"])) * Fraction(i["quantity"])) for i in payload["items"])
    return sum(costs) - soak.kopecks(payload.get("cash_rounding", "0.00"))


def light(tenant_id: str, jobs: Sequence[Json], asked: Mapping[str, Json], documents: Sequence[Json]) -> Iterator[str]:
    """Of jobs of one register, as the server tells them: each has ended, a done receipt has its one document with its
    amount, any other has none."""
    made = receipts_by_imprint(documents)
    for job in jobs:
        job_id, state = job["job_id"], job["state"]
        if state not in FINAL:
            yield f"{job_id} is {state}"
        if asked[job_id]["kind"] == "receipt":
            yield from _one(job_id, state, total(asked[job_id]["payload"]), made[imprint_of(tenant_id, job_id)])


def _one(job_id: str, state: str, wanted: int, made: Sequence[Json]) -> Iterator[str]:
    if len(made) != (state == "done"):
        yield f"{job_id} is {state} and has {len(made)} documents"
    for document in made:
        if soak.kopecks(document["tags"]["1020"]) != wanted:
            yield f"{job_id}: {wanted} was asked, FD {document['fd']} has {document['tags']['1020']}"


# --- the whole shop ---------------------------------------------------------------------------------------------------


def audit(folder: Path, resident: Sequence[str], pcs: Sequence[str]) -> list[str]:
    """Everything that does not agree. ``resident``: registers that never moved from the first of ``pcs``."""
    asked, events, tills = (json.loads((folder / f"{n}.json").read_text("utf-8")) for n in ("asked", "events", "tills"))
    with closing(sqlite3.connect(folder / "server.sqlite3")) as db:
        db.row_factory = sqlite3.Row
        jobs = {row["job_id"]: soak._parsed(row) for row in db.execute("SELECT * FROM jobs")}
    journals = {pc: _rows(folder / pc / "journal.sqlite3") for pc in pcs}
    problems = [
        *ends_agree(asked, jobs, journals),
        *feed_agrees(jobs, events),
        *documents_agree(asked, jobs, tills),
        *cash_agrees(asked, jobs, {kkm_id: tills[kkm_id] for kkm_id in resident}),
    ]
    for kkm_id in resident:
        books = _books(folder, pcs[0], kkm_id, asked, tills[kkm_id], next(iter(jobs.values()))["tenant_id"])
        checks = (
            soak.receipts_agree, soak.drawer_is_the_sum, soak.numbers_run_on, soak.shifts_agree,
            soak.shift_documents_are_told_once, soak.doubt_was_resolved,
        )  # fmt: skip
        problems += [f"{kkm_id} {check.__name__}: {problem}" for check in checks for problem in check(books)]
    return problems


def _rows(journal: Path) -> dict[str, Json]:
    """The last row of every job, and nothing when the PC never ran."""
    if not journal.exists():
        return {}
    with closing(sqlite3.connect(journal)) as db:
        broken = list(soak._broken(db))
        assert not broken, f"{journal}: the chain is broken at {broken}"
        return {job_id: json.loads(row) for job_id, row in db.execute("SELECT job_id, row FROM jobs")}


def ends_agree(asked: Json, jobs: Json, journals: Mapping[str, Mapping[str, Json]]) -> Iterator[str]:
    """Every job has one end; a journal that owns it says the same, at the same rev."""
    if set(jobs) != set(asked):
        yield f"jobs lost or invented: {set(jobs) ^ set(asked)}"
    for job_id, job in jobs.items():
        if job["state"] not in FINAL:
            yield f"{job_id} is {job['state']}"
        ends = [rows[job_id] for rows in journals.values() if job_id in rows and rows[job_id]["state"] in FINAL]
        for row in ends:
            if row["state"] != job["state"]:
                yield f"{job_id}: a journal has {row['state']}, the server {job['state']}"
        if job["state"] == "done" and not any(row["rev"] == job["rev"] for row in ends):
            yield f"{job_id} is done at rev {job['rev']}, and no journal says so"


def feed_agrees(jobs: Json, events: Sequence[Json]) -> Iterator[str]:
    """The CRM has heard of every end, of one end only, of no event twice, and last of what the server holds."""
    twice = [event_id for event_id, count in Counter(event["event_id"] for event in events).items() if count > 1]
    if twice:
        yield f"heard twice: {twice}"
    told: dict[str, list[str]] = defaultdict(list)
    for event in events:
        if event["type"].startswith("job."):
            told[event["data"]["job_id"]].append(event["type"].removeprefix("job."))
    for job_id, job in jobs.items():
        ends = [state for state in told[job_id] if state in FINAL]
        if set(ends) != {job["state"]} or told[job_id][-1] != job["state"]:
            yield f"{job_id} is {job['state']}, the CRM has heard {told[job_id]}"


def documents_agree(asked: Json, jobs: Json, tills: Json) -> Iterator[str]:
    """One document per done receipt, none for any other, none of nobody."""
    made = receipts_by_imprint([document for till in tills.values() for document in till["documents"]])
    for job_id, job in jobs.items():
        if asked[job_id]["kind"] == "receipt":
            documents = made.pop(imprint_of(job["tenant_id"], job_id), [])
            yield from _one(job_id, job["state"], total(asked[job_id]["payload"]), documents)
    if made:
        yield f"receipts of nobody: {[document['fd'] for documents in made.values() for document in documents]}"


def cash_agrees(asked: Json, jobs: Json, tills: Json) -> Iterator[str]:
    """What the registers have counted of cash and X-reports is what is said to be done. An X-report whose answer was
    lost may have been printed: its job says that nobody knows."""
    for kkm_id, till in tills.items():
        mine = [(asked[job_id]["kind"], job) for job_id, job in jobs.items() if asked[job_id]["kkm_id"] == kkm_id]
        done = Counter(kind for kind, job in mine if job["state"] == "done")
        unknown = sum(kind == "x_report" and _code(job) == "answer_lost" for kind, job in mine)
        for kind, counted in (("cash_in", "cash_in"), ("cash_out", "cash_out"), ("x_report", "x_reports")):
            most = done[kind] + (unknown if kind == "x_report" else 0)
            if not done[kind] <= till[counted] <= most:
                yield f"{kkm_id}: {till[counted]} times {kind} at the register, {done[kind]} jobs done"


def _code(job: Json) -> str | None:
    return (job.get("reason") or {}).get("code") if job["state"] == "not_done" else None


def _books(folder: Path, pc: str, kkm_id: str, asked: Json, till: Json, tenant_id: str) -> soak.Books:
    """One register's part of the books, as the soak's audit takes them."""
    part = folder / f"books-{kkm_id}"
    part.mkdir()
    own = {job_id: one for job_id, one in asked.items() if one["kkm_id"] == kkm_id}
    written = {
        "dump": {"documents": till["documents"]},
        "asked": own,
        "register": {"drawer": till["drawer"], "tenant_id": tenant_id, "unsent": 0},
        "noticed": [],
    }
    for name, value in written.items():
        (part / f"{name}.json").write_text(json.dumps(value, ensure_ascii=False), "utf-8")
    for name, source in (("journal", folder / pc / "journal.sqlite3"), ("server", folder / "server.sqlite3")):
        with closing(sqlite3.connect(source)) as db, closing(sqlite3.connect(part / f"{name}.sqlite3")) as copy:
            db.backup(copy)
    books = soak.read(part)
    return replace(
        books,
        jobs={job_id: job for job_id, job in books.jobs.items() if job_id in own},
        rows={job_id: row for job_id, row in books.rows.items() if job_id in own},
        order=[job_id for job_id in books.order if job_id in own],
        events=[event for event in books.events if event["kkm_id"] == kkm_id],
        papers={job_id: papers for job_id, papers in books.papers.items() if job_id in own},
        deaths=True,
    )

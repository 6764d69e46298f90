"""The floors of ``fleet``: a websocket server that does nothing else, and a loop that commits what jobs leave behind.

``python -m benchmarks.fleet_floor`` serves; each text that comes in is answered with a short one.
"""

from __future__ import annotations

import json
import socket
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from server.serving import uvicorn_options

_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")


def commit_jobs(database: Path, jobs: int) -> float:
    """Seconds for the rows of that many jobs, copied from one that went through the server: posted with its offer;
    acknowledged; accepted; done."""
    with closing(sqlite3.connect(database, isolation_level=None)) as db:
        for pragma in _PRAGMAS:
            db.execute(f"PRAGMA {pragma}")
        db.row_factory = sqlite3.Row
        job = dict(db.execute("SELECT * FROM jobs WHERE state = 'done' ORDER BY id DESC").fetchone())
        lines = [dict(row) for row in db.execute("SELECT * FROM job_history WHERE job = ? ORDER BY id", (job["id"],))]
        events = [dict(row) for row in db.execute("SELECT * FROM feed WHERE job_id = ? ORDER BY id", (job["job_id"],))]
        begun = time.perf_counter()
        for number in range(jobs):
            _commit_job(db, number, job, lines, events)
        return time.perf_counter() - begun


def _commit_job(
    db: sqlite3.Connection, number: int, job: dict[str, Any], lines: list[dict[str, Any]], events: list[dict[str, Any]]
) -> None:
    own = job | {"id": None, "job_id": f"floor-{number}", "state": "queued", "proof": None, "ended_at": None, "rev": 0}

    def tell(at: int, row: int) -> None:
        _insert(db, "job_history", lines[at] | {"id": None, "job": row})
        _insert(db, "feed", events[at] | {"id": None, "event_id": f"floor-{number}-{at}", "job_id": own["job_id"]})

    db.execute("BEGIN IMMEDIATE")
    row = _insert(db, "jobs", own)
    tell(0, row)
    offer = {"tenant_id": job["tenant_id"], "kkm_id": job["kkm_id"], "type": "offer", "job": row, "body": "{}"}
    waiting = _insert(db, "outbox", offer | {"msg_id": f"floor-{number}", "created_at": job["created_at"]})
    db.execute("COMMIT")
    db.execute("BEGIN IMMEDIATE")
    db.execute("DELETE FROM outbox WHERE id = ?", (waiting,))
    db.execute("COMMIT")
    for at, state in ((1, "accepted"), (2, "done")):
        db.execute("BEGIN IMMEDIATE")
        proof, ended = (job["proof"], job["ended_at"]) if state == "done" else (None, None)
        db.execute(
            "UPDATE jobs SET state = ?, rev = ?, proof = ?, ended_at = ? WHERE id = ?", (state, at, proof, ended, row)
        )
        head = (number * 2 + at, f"h{number}", job["agent_id"])
        db.execute("UPDATE agents SET acked_n = ?, acked_hash = ? WHERE id = ?", head)
        tell(at, row)
        db.execute("COMMIT")


def _insert(db: sqlite3.Connection, table: str, values: dict[str, Any]) -> int:
    names = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join("?" * len(values))
    row = db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values())).lastrowid
    assert row is not None
    return row


async def _agent(websocket: WebSocket) -> None:
    await websocket.accept()
    while (message := await websocket.receive())["type"] != "websocket.disconnect":
        await websocket.send_text(str(len(message.get("text") or "")))


def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    sys.stdout.write(json.dumps({"listening": f"http://127.0.0.1:{listener.getsockname()[1]}"}) + "\n")
    sys.stdout.flush()
    app = Starlette(routes=[WebSocketRoute("/agent", _agent)])
    uvicorn.Server(uvicorn.Config(app, **uvicorn_options())).run(sockets=[listener])


if __name__ == "__main__":
    main()

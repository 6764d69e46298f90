"""The four records of a finished run, as plain data, and how they are read from their files.

Standard library only: nothing here knows the code that made the records. Money is kopecks; moments are aware and, but
for a journal's own ``at``, of the world's clock.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

Json = Mapping[str, Any]
Source = sqlite3.Connection | Path | str | bytes
"""An open connection, a file, or the bytes of one (``Connection.serialize``)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A job as the CRM asked for it, and what the CRM did with it later."""

    kind: str
    kkm_id: str
    tenant_id: str
    payload: Json
    cancelled: bool = False  # a cancel was asked for, at any time
    decisions: Sequence[tuple[str, int | None]] = ()  # a person's, as posted: ("done" or "not_done", fd)
    answered: bool = True  # the server has said 202 at least once; without that it may not know the job


@dataclass(frozen=True, slots=True)
class Register:
    """One fiscal register that ever stood there, with everything its fiscal drives hold."""

    kkm_id: str
    serial: str
    exclusive: bool  # the desk's
    imprint: bool  # the desk's
    drives: Sequence[Sequence[Json]]  # documents as the simulator's dump prints them, a list per drive, oldest first
    foreign: frozenset[tuple[str, int]] = frozenset()  # (fn, fd) that another program has made
    drawer: int | None = None  # at the end; None: not looked at
    drawer_before: int = 0
    numbers_cash: bool = True  # tells the number of a document about cash; otherwise a proof must not have one
    foreign_cash: int = 0  # put in less taken out by another program (its receipts stand in the archive)
    made: Mapping[tuple[str, int], datetime] = field(default_factory=dict)  # (fn, fd) -> when; may be left out


@dataclass(frozen=True, slots=True)
class Terminal:
    """One place of a card terminal, with the bank's book of whatever has stood there."""

    kkm_id: str
    entries: Sequence[Json]
    """As ``simulate --dump`` prints them, in order, approved ones and the others; ``moment``: when it was booked."""
    settlements: int = 0  # that a PC has asked for


@dataclass(frozen=True, slots=True)
class JournalRow:
    """A record of an agent's journal, column by column."""

    n: int
    at: str
    kind: str
    job_id: str | None
    kkm_id: str | None
    body: str | None  # JSON; None once pruned
    body_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that waits in an agent's outbox."""

    msg_id: str
    type: str
    job_id: str | None
    rev: int | None
    body: str


@dataclass(frozen=True, slots=True)
class JournalBook:
    """One agent's disk. A disk that is gone (restored from an older copy, replaced) is a book of its own, ``lost``,
    with all its records from the first one; what it shares with the restored one stands in both."""

    agent_id: str
    rows: Sequence[JournalRow]
    jobs: Mapping[str, Json]  # the projection: job_id -> row
    devices: Mapping[str, Json] = field(default_factory=dict)  # the projection: kkm_id -> row
    outbox: Sequence[Letter] = ()
    lost: bool = False
    running: bool = True  # at the end its process runs, is linked to the server and not in quarantine
    committed: Mapping[int, datetime] | None = None  # n -> when it was committed; None: the records' own ``at`` is true
    began: Sequence[datetime] = ()  # when each life of the agent on it began


@dataclass(frozen=True, slots=True)
class FeedRow:
    id: int
    event_id: str
    type: str
    job_id: str | None
    data: Json


@dataclass(frozen=True, slots=True)
class ServerBook:
    """The server's database at the end. Rows are keyed by column, JSON parsed."""

    jobs: Mapping[str, Json]
    outbox: Sequence[Json] = ()
    evidence: Sequence[Json] = ()
    feed: Sequence[FeedRow] = ()
    devices: Mapping[str, Json] = field(default_factory=dict)
    restored: bool = False  # from a backup, in this run


@dataclass(frozen=True, slots=True)
class Records:
    asked: Mapping[str, Asked]
    registers: Sequence[Register]
    journals: Sequence[JournalBook]
    server: ServerBook
    events: Sequence[tuple[int, Json]]
    """What the CRM has read from the feed, in that order: which database it was (a restored one is the next), and the
    event as the stream says it (``type``, ``event_id``, ``data``)."""
    flags: frozenset[str] = frozenset()
    """What sets the run apart: ``rollback``, ``move``, ``fn_swap``, ``server_restored``."""
    terminals: Sequence[Terminal] = ()
    held_may_stay: bool = False  # nobody was there to renew or to cancel what is held


@dataclass(frozen=True, slots=True, order=True)
class Wrong:
    rule: str
    job_id: str | None
    text: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.job_id or '-'}: {self.text}"


# --- reading ----------------------------------------------------------------------------------------------------------


def read_register(dumps: Iterable[Json], *, kkm_id: str, exclusive: bool, imprint: bool, **known: Any) -> Register:
    """From ``simulate --dump`` of each fiscal drive that stood in it, oldest first."""
    given = list(dumps)
    return Register(
        kkm_id=kkm_id,
        serial=given[-1]["register"]["serial"],
        exclusive=exclusive,
        imprint=imprint,
        drives=[dump["documents"] for dump in given],
        **known,
    )


def read_journal(source: Source, *, agent_id: str, **known: Any) -> JournalBook:
    with _opened(source) as db:
        rows = db.execute("SELECT n, at, kind, job_id, kkm_id, body, body_hash, hash FROM journal ORDER BY n")
        letters = db.execute("SELECT msg_id, type, job_id, rev, body FROM outbox ORDER BY seq")
        return JournalBook(
            agent_id=agent_id,
            rows=[JournalRow(*row) for row in rows],
            jobs={job_id: json.loads(row) for job_id, row in db.execute("SELECT job_id, row FROM jobs")},
            devices={kkm_id: json.loads(row) for kkm_id, row in db.execute("SELECT kkm_id, row FROM devices")},
            outbox=[Letter(*row) for row in letters],
            **known,
        )


def read_server(source: Source, *, restored: bool = False) -> ServerBook:
    with _opened(source) as db:
        feed = db.execute("SELECT id, event_id, type, job_id, data FROM feed ORDER BY id")
        return ServerBook(
            jobs={row["job_id"]: row for row in _table(db, "SELECT * FROM jobs")},
            outbox=list(_table(db, "SELECT * FROM outbox ORDER BY id")),
            evidence=list(_table(db, "SELECT * FROM evidence ORDER BY id")),
            feed=[FeedRow(id_, event, type_, job, json.loads(data)) for id_, event, type_, job, data in feed],
            devices={row["kkm_id"]: row for row in _table(db, "SELECT * FROM devices")},
            restored=restored,
        )


@contextmanager
def _opened(source: Source) -> Iterator[sqlite3.Connection]:
    if isinstance(source, sqlite3.Connection):
        yield source
    elif isinstance(source, bytes):
        with closing(sqlite3.connect(":memory:")) as db:
            db.deserialize(source)
            yield db
    else:
        with closing(sqlite3.connect(source)) as db:
            yield db


_JSON = frozenset({"payload", "warnings", "reason", "proof", "evidence", "result", "document", "resolution", "progress",
                   "body", "health", "steps"})  # fmt: skip


def _table(db: sqlite3.Connection, query: str) -> Iterator[Json]:
    cursor = db.execute(query)
    names = [column[0] for column in cursor.description]
    for values in cursor:
        yield {
            name: json.loads(value) if name in _JSON and isinstance(value, str) else value
            for name, value in zip(names, values, strict=True)
        }

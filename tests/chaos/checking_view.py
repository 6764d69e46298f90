"""The records joined: which document belongs to which job, what stands in each line of a journal, how a job ended."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.chaos.checking_receipt import Content, asked_content, imprint_in, imprint_of, shown_content
from tests.chaos.checking_records import Asked, JournalBook, Json, Records, Register

FINAL = frozenset({"done", "not_done", "cancelled", "rejected"})
OPEN = frozenset({"started", "resolving", "human"})
SHIFTS = frozenset({"open_shift", "close_shift"})
CASH = frozenset({"cash_in", "cash_out"})
SETTLEMENTS = frozenset({"receipt", "correction"})
SALES = frozenset({"sale", "sale_refund"})
RECEIPTS = SETTLEMENTS | SALES
"""Kinds that end with a settlement of the archive."""
MONEY = frozenset({"payment", "refund", "void"})
PROVEN = SETTLEMENTS | SHIFTS | CASH
"""Kinds that change something, so that each end of them has a proof."""
APART = frozenset({"rollback", "move", "fn_swap"})
"""Runs in which a person may be needed even where desk and imprint are the register's own."""
RETOLD = frozenset({"rollback", "move", "server_restored"})
"""Runs in which a side has forgotten or lost what it knew: revs need not be equal."""

_SPELL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class Made:
    """A settlement in an archive."""

    register: Register
    fn: str
    fd: int
    document: Json
    content: Content

    def __str__(self) -> str:
        return f"FN {self.fn} FD {self.fd}"


@dataclass(frozen=True, slots=True)
class Entry:
    """A record of a journal, read; a pruned one has neither event nor rows."""

    n: int
    at: str
    job_id: str | None
    event: str
    job: Json | None
    device: Json | None
    offer: Json | None


@dataclass(frozen=True, slots=True)
class Line:
    """A journal from its first record to its last."""

    book: JournalBook
    entries: list[Entry]
    broken: list[int]  # records that do not follow from what stands in them and before them

    def moment(self, entry: Entry) -> datetime | None:
        """When it was committed, on the world's clock; ``None`` when the world has not seen it."""
        if self.book.committed is not None:
            return self.book.committed.get(entry.n)
        return datetime.fromisoformat(entry.at)


@dataclass(frozen=True, slots=True)
class View:
    records: Records
    lines: list[Line]
    settlements: list[Made]  # everybody's
    made: Mapping[str, list[Made]]  # by job
    nobodys: list[Made]  # neither a job's nor another program's
    contents: Mapping[str, Content]  # of the receipts that were asked for

    def row(self, job_id: str) -> Json:
        """The server's; empty when it has none."""
        return self.records.server.jobs.get(job_id, {})

    def register(self, kkm_id: str) -> list[Register]:
        return [register for register in self.records.registers if register.kkm_id == kkm_id]

    def living(self) -> Iterator[JournalBook]:
        return (book for book in self.records.journals if not book.lost)

    def asked(self, *kinds: str) -> Iterator[tuple[str, Asked]]:
        return ((job_id, asked) for job_id, asked in self.records.asked.items() if asked.kind in kinds)


def whole(job_id: str) -> str:
    """The job that this is a part of, or itself."""
    return job_id.partition("/")[0]


def by_person(row: Json) -> bool:
    """A named person has decided it."""
    named = (row.get("proof") or {}).get("source") == "person"
    return named or (row.get("reason") or {}).get("code") == "decided_by_person"


def left_owed(row: Json) -> bool:
    """A sale that a person has left for a correction receipt."""
    return (row.get("evidence") or {}).get("case") == "left_owed"


def view_of(records: Records) -> View:
    contents = {job_id: asked_content(a.payload) for job_id, a in records.asked.items() if a.kind in RECEIPTS}
    imprints = {imprint_of(records.asked[job_id].tenant_id, job_id): job_id for job_id in contents}
    made: dict[str, list[Made]] = defaultdict(list)
    nameless: list[Made] = []
    settlements = list(_settlements(records))
    for found in settlements:
        owner = imprints.get(imprint_in(found.document["tags"]) or "")
        if owner is not None:
            made[owner].append(found)
        elif (found.fn, found.fd) not in found.register.foreign:
            nameless.append(found)
    nobodys = _given_by_content(records, contents, made, nameless)
    return View(records, [_line(book) for book in records.journals], settlements, made, nobodys, contents)


def _settlements(records: Records) -> Iterator[Made]:
    for register in records.registers:
        for drive in register.drives:
            for document in drive:
                if document["type"] in SETTLEMENTS:
                    tags = document["tags"]
                    yield Made(register, tags["1041"], document["fd"], document, shown_content(tags))


# --- documents without an imprint -------------------------------------------------------------------------------------


def _given_by_content(
    records: Records, contents: Mapping[str, Content], made: dict[str, list[Made]], nameless: list[Made]
) -> list[Made]:
    """Give each to a job of the register that asked for just this: the one whose proof names it, else one that has none
    yet, else (a second one) any. What is left is nobody's."""
    nobodys = []
    for found in sorted(nameless, key=lambda one: not _names(records, one)):
        alike = [
            job_id
            for job_id, content in contents.items()
            if content == found.content and records.asked[job_id].kkm_id == found.register.kkm_id
        ]
        alike.sort(key=lambda job_id: (not _proof_is(records, job_id, found), len(made.get(job_id, ())),
                                       _RANK.get(_state(records, job_id), len(_RANK))))  # fmt: skip
        if alike:
            made[alike[0]].append(found)
        else:
            nobodys.append(found)
    return nobodys


_RANK = {state: rank for rank, state in enumerate(("done", "human", "resolving", "started", "accepted", "held"))}
"""Which of several jobs that asked for the same is the likeliest to have made it."""


def _state(records: Records, job_id: str) -> str:
    return str(records.server.jobs.get(job_id, {}).get("state"))


def _proof_is(records: Records, job_id: str, found: Made) -> bool:
    proof = records.server.jobs.get(job_id, {}).get("proof") or {}
    return (proof.get("fn"), proof.get("fd")) == (found.fn, found.fd)


def _names(records: Records, found: Made) -> bool:
    return any(_proof_is(records, job_id, found) for job_id in records.server.jobs)


# --- journals ---------------------------------------------------------------------------------------------------------


def _line(book: JournalBook) -> Line:
    entries, broken = [], []
    before, last = "", 0
    for row in book.rows:
        body: Mapping[str, Any] | None = json.loads(row.body) if row.body is not None else None
        of_body = row.body_hash if body is None else hashlib.sha256(_SPELL(body).encode()).hexdigest()
        fields = (before, str(row.n), row.at, row.kind, row.job_id or "", row.kkm_id or "", row.body_hash)
        of_row = hashlib.sha256("\n".join(fields).encode()).hexdigest()
        if (row.n, of_body, of_row) != (last + 1, row.body_hash, row.hash):
            broken.append(row.n)
        told = body or {}
        entries.append(
            Entry(
                row.n, row.at, row.job_id, told.get("event", ""), told.get("job"), told.get("device"), told.get("offer")
            )
        )
        before, last = row.hash, row.n
    return Line(book, entries, broken)

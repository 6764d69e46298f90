"""The audit sees each mistake: books that agree are spoiled in one place at a time."""

from __future__ import annotations

import copy
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.soak.audit import Books, audit, read
from tests.soak.test_soak import Size, lived


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("audit")
    lived(made, Size("1.2", 120, 500))
    return made


@pytest.fixture(scope="module")
def books(folder: Path) -> Books:
    return read(folder)


def _done(books: Books, kind: str = "receipt") -> dict[str, Any]:
    return next(job for job in books.jobs.values() if (job["kind"], job["state"]) == (kind, "done"))


def _document(books: Books, type_: str) -> dict[str, Any]:
    return [document for document in books.documents if document["type"] == type_][1]


def _event(books: Books, kind: str) -> dict[str, Any]:
    return next(event for event in books.events if event["kind"] == kind)


def _twice(books: Books) -> None:
    books.documents.append(copy.deepcopy(books.receipts[-1]) | {"fd": len(books.documents) + 1})


def _swap_shifts(books: Books) -> None:
    _document(books, "open_shift")["tags"]["1038"] = 7


SPOILED: dict[str, Callable[[Books], Any]] = {
    "a job without an end": lambda b: _done(b).update(state="resolving"),
    "a job is lost at the server": lambda b: b.jobs.pop(next(iter(b.jobs))),
    "a job is lost in the journal": lambda b: b.rows.pop(_done(b)["job_id"]),
    "an outbox is not empty": lambda b: b.left.update({"agent outbox": 1}),
    "a record of the journal was changed": lambda b: b.broken.append(17),
    "two documents of one job": _twice,
    "a document of no job": lambda b: b.receipts[0]["tags"]["1084"].update({"1086": "AAAAAAAAAAAAA"}),
    "a kopeck in the archive": lambda b: b.receipts[3]["tags"].update({"1020": "1.01"}),
    "a kopeck of VAT in the proof": lambda b: _done(b)["proof"]["vat"].update({"vat22": "0.01"}),
    "another drawer in a proof": lambda b: _done(b)["proof"].update(drawer="0.01"),
    "another drawer in the register": lambda b: b.register.update(drawer=b.register["drawer"] + 1),
    "a document number is missing": lambda b: b.documents.pop(20),
    "a shift out of turn": _swap_shifts,
    "a shift of thirty hours": lambda b: _document(b, "open_shift").update(at="2026-07-05T00:00:00"),
    "another counter in 1194": lambda b: _document(b, "close_shift")["tags"]["1194"]["1129"].update({"1136": "0.01"}),
    "another total told": lambda b: _event(b, "shift_closed")["body"]["totals"]["sell"].update(cash="0.01"),
    "an event is missing": lambda b: b.events.remove(_event(b, "shift_opened")),
    "an event is said twice": lambda b: b.events.append(_event(b, "shift_closed")),
    "no warning of the memory": lambda b: b.events.remove(_event(b, "fn_warning")),
    "no word of the paper": lambda b: b.events.remove(_event(b, "paper_out")),
    "the server saw another clock": lambda b: next(n for n in b.noticed if n["what"] == "clock")["health"][
        "clock"
    ].update(drift_s=0),
    "the server saw no queue": lambda b: next(n for n in b.noticed if n["what"] == "ofd")["health"].pop("ofd"),
    "a document is not sent": lambda b: b.register.update(unsent=1),
    "paper was never printed": lambda b: next(p for p in b.papers.values() if "incomplete" in p).append("incomplete"),
    "the server's document is another one": lambda b: _done(b)["document"].update(fd=1),
}


def test_a_changed_record_breaks_the_journals_chain(folder: Path, tmp_path: Path) -> None:
    copied = shutil.copytree(folder, tmp_path / "copied")
    with closing(sqlite3.connect(copied / "journal.sqlite3")) as db, db:
        db.execute("UPDATE journal SET body = replace(body, '\"rev\"', '\"Rev\"') WHERE n = 40")
        db.execute("UPDATE journal SET hash = 'x' WHERE n = 50")
    assert read(copied).broken == [40, 50, 51]


def test_books_that_agree_have_no_problem(books: Books) -> None:
    assert audit(books) == []


@pytest.mark.parametrize("what", SPOILED)
def test_one_mistake_is_seen(books: Books, what: str) -> None:
    spoiled = copy.deepcopy(books)
    SPOILED[what](spoiled)
    assert audit(spoiled) != [], what

"""A journal in a test's own folder, with a clock that a test turns."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from agent.journal.rows import JobRow
from agent.journal.store import Journal
from tests.support.crm import NOW


@contextmanager
def opened(
    path: Path,
    now: Callable[[], datetime] = lambda: NOW,
    *,
    ballast: bool = False,
    told: Callable[[JobRow, str], None] = lambda _row, _event: None,
) -> Iterator[Journal]:
    numbers = count(1)
    journal = Journal(path, now=now, new_id=lambda: f"m{next(numbers)}", ballast=ballast, told=told)
    try:
        yield journal
    finally:
        journal.close()


def sql(path: Path, statement: str, *arguments: Any) -> list[tuple[Any, ...]]:
    """What a stranger does to the file behind the journal's back."""
    with closing(sqlite3.connect(path)) as db, db:
        return db.execute(statement, arguments).fetchall()

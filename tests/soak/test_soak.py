"""A shop's week on one register: receipts by the thousand, shifts, the 24 hours, an operator out of reach, a drive
nearly full, paper that ends, a clock that is moved, answers that are lost. Afterwards a stranger compares the books."""

# ruff: noqa: DTZ001  (a desk has local time only)

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
import structlog

from tests.soak.audit import Books, audit, read
from tests.soak.shop import opened
from tests.soak.week import Week

MONDAY = datetime(2026, 7, 6, 9, 0)
OTHERS = 14  # documents of registration and shifts


@dataclass(frozen=True)
class Size:
    ffd: str
    receipts: int
    roll: int  # printed lines


WEEK = Size("1.2", 2000, 4000)
SIZES = (Size("1.2", 150, 700), Size("1.1", 150, 700))  # 1.05 writes as 1.1 does


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Warnings of the lane are news once; thousands of debug lines are not."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    yield
    structlog.configure(**before)


def lived(folder: Path, size: Size) -> tuple[Books, Week]:
    folder.mkdir(exist_ok=True)
    capacity = (size.receipts + OTHERS) * 107 // 100
    rolls = range(size.roll, 100 * size.roll, size.roll)
    with opened(folder, MONDAY, ffd=size.ffd, capacity=capacity, rolls=rolls) as shop:
        week = Week(shop, size.receipts, seed=5)
        week.run()
        shop.write_down()
    return read(folder), week


@pytest.mark.gate
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "size", [pytest.param(WEEK, marks=pytest.mark.long), *SIZES], ids=lambda size: f"{size.ffd}-{size.receipts}"
)
def test_a_week_of_receipts_leaves_books_that_agree_to_the_kopeck(size: Size, tmp_path: Path) -> None:
    books, week = lived(tmp_path, size)
    assert audit(books) == []
    done = [job for job in books.jobs.values() if (job["kind"], job["state"]) == ("receipt", "done")]
    shifts = [document for document in books.documents if document["type"] == "close_shift"]
    rules = {event["body"]["rule"] for event in books.events if event["kind"] == "shift_closed"}
    unprinted = sum("incomplete" in papers for papers in books.papers.values())
    doubts = sum(books.doubts.values())
    print(f"{len(done)} receipts, {len(books.documents)} documents, {len(shifts)} shifts, {doubts} doubts of "
          f"{week.lost} lost answers, {unprinted} receipts that waited for paper, "
          f"{week.shop.cable.messages} messages")  # fmt: skip
    assert len(done) == size.receipts
    assert len(shifts) == 6
    assert rules == {"close_at", "close_before_24h", "close_expired_shift"}
    assert doubts >= 8
    assert unprinted >= 3
    assert len(books.documents) < books.register["capacity"]

"""A slip of money that was moved alone is printed at the register of the terminal's desk, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.jobs.at_desk import accept, begin_anew
from agent.jobs.terminal_slips import START_WITHIN
from agent.journal.rows import JobRow
from protocol.crm.job_machine import JobEvent, Known
from protocol.crm.jobs import JobKind
from protocol.crm.messages import Desk
from tests.support.crm import KKM
from tests.support.job_books import Bench, bench

TERMINAL, OTHER = "18", "19"
COPIES = [["МАГАЗИН", "ПОДПИСЬ ____"], ["ПОКУПАТЕЛЮ", "RRN 606012345678"]]
ORIGINAL = {"amount": "5.00", "number": "0007"}
PAYLOADS: dict[JobKind, dict[str, Any]] = {
    JobKind.PAYMENT: {"amount": "5.00"},
    JobKind.REFUND: {"amount": "5.00"},
    JobKind.VOID: {"amount": "5.00", "original": ORIGINAL},
}


@pytest.fixture
def b(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as made:
        made.binds(desk=Desk(terminal=TERMINAL))
        made.binds(kkm_id=TERMINAL)
        made.pongs()
        yield made


def moves(
    b: Bench,
    job_id: str = "p1",
    kind: JobKind = JobKind.PAYMENT,
    copies: Any = COPIES,
    event: JobEvent = JobEvent.PROVEN,
) -> None:
    b.offers(job_id, kkm_id=TERMINAL, kind=kind, payload=PAYLOADS[kind])
    b.book.transition(job_id, JobEvent.INTENT, outcome={})
    b.book.transition(job_id, event, outcome={}, facts={"result": {"slips": copies}} if copies else None)


def printed(b: Bench, kkm_id: str = KKM) -> list[JobRow]:
    return [row for row in b.journal.read(lambda tx: tx.live_jobs(kkm_id)) if row.kind == JobKind.PRINT_TEXT]


def texts(b: Bench, row: JobRow) -> list[str]:
    payload = b.journal.read(lambda tx: tx.with_offer(row)).offer.payload
    assert payload["cut"]
    return [line["text"] for line in payload["lines"]]


@pytest.mark.parametrize("kind", PAYLOADS)
def test_each_copy_is_a_slip_of_its_own_the_merchants_first(b: Bench, kind: JobKind) -> None:
    moves(b, kind=kind)
    first, second = printed(b)
    assert texts(b, first) == ["МАГАЗИН", "ПОДПИСЬ ____", " "]
    assert texts(b, second) == ["ПОКУПАТЕЛЮ", "RRN 606012345678", " "]
    assert (first.state, first.local) == (Known.ACCEPTED, True)
    assert b.woken[-1] is None  # the register's lane looks


def test_a_refusal_has_its_slip_too(b: Bench) -> None:
    moves(b, copies=[["ОТКАЗ"]], event=JobEvent.NOT_TAKEN)
    (row,) = printed(b)
    assert texts(b, row) == ["ОТКАЗ", " "]


def test_a_slip_that_is_not_printed_changes_nothing_of_the_job(b: Bench) -> None:
    moves(b)
    before = b.row("p1")
    for row in printed(b):
        b.book.transition(row.job_id, JobEvent.INTENT, outcome={})
        b.book.transition(row.job_id, JobEvent.UNPROVEN, outcome={})
    assert b.row("p1") == before
    assert before.state is Known.DONE


def test_a_register_that_is_not_ready_for_long_prints_no_slip_of_a_customer_who_has_gone(b: Bench) -> None:
    moves(b, copies=COPIES[:1])
    b.hands.turn(START_WITHIN.total_seconds() + 60)
    b.pongs()
    b.book.tick()
    assert [row.state for row in printed(b)] == [Known.HELD]
    assert b.book.next_work(KKM)[1] is None


def test_a_restart_prints_nothing_that_waited(b: Bench) -> None:
    moves(b, copies=COPIES[:1])
    b.journal.commit(begin_anew)
    assert printed(b) == []


def test_a_line_longer_than_a_register_takes_is_cut_and_an_empty_one_stays(b: Bench) -> None:
    moves(b, copies=[["x" * 300, ""]])
    (row,) = printed(b)
    assert texts(b, row) == ["x" * 200, " ", " "]


def without_slips(b: Bench) -> None:
    moves(b, copies=None)


def no_desk(b: Bench) -> None:
    b.binds(desk=Desk())
    moves(b)


def two_desks(b: Bench) -> None:
    b.binds(kkm_id=OTHER, desk=Desk(terminal=TERMINAL))
    moves(b)


def by_the_command_line(b: Bench) -> None:
    def work(tx: Any) -> None:
        start_by = tx.now + timedelta(minutes=5)
        accept(tx, tx.device(TERMINAL), JobKind.PAYMENT, "own", PAYLOADS[JobKind.PAYMENT], start_by=start_by)

    b.journal.commit(work)
    b.book.transition("own", JobEvent.INTENT, outcome={})
    b.book.transition("own", JobEvent.PROVEN, outcome={}, facts={"result": {"slips": COPIES}})


@pytest.mark.parametrize("so", [without_slips, no_desk, two_desks, by_the_command_line])
def test_no_slip_is_printed(b: Bench, so: Callable[[Bench], None]) -> None:
    so(b)
    assert printed(b) == printed(b, OTHER) == []

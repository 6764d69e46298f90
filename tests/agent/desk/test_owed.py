"""Money is taken and there is no receipt: what the person at this PC is asked, and what their word does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from protocol.crm.job_machine import Known
from protocol.crm.outcomes import SaleChoice
from tests.agent.desk.owing import owes
from tests.agent.desk.test_service import Desk
from tests.support.job_books import bench

PIN = "4711"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with bench(tmp_path) as book:
        desk = Desk(book, tmp_path)
        desk.pin.set(PIN)
        owes(book)
        yield desk


def word(choice: SaleChoice, **more: str) -> dict[str, str]:
    return {"job_id": "s1", "decision": choice.value, "person": "Иванова", "why": "покупатель здесь", **more}


def test_it_stands_among_what_a_person_has_to_decide_and_its_parts_do_not(desk: Desk) -> None:
    (job,) = desk.overview().decisions
    assert (job.job_id, job.state, job.case) == ("s1", "started", "receipt_owed")
    waiting = desk.service.waiting("s1")
    assert waiting is not None
    assert [choice.decision for choice in waiting.choices] == [*SaleChoice]
    assert [(step.step, step.state.value) for step in waiting.steps] == [("payment", "done"), ("receipt", "not_done")]
    assert waiting.plan is not None
    assert waiting.plan.total == 450_000


def test_to_try_again_is_the_cashiers_word(desk: Desk) -> None:
    desk.asks("decide", **word(SaleChoice.GO_ON))
    assert desk.book.row("s1/receipt2").state is Known.ACCEPTED
    assert desk.overview().decisions == ()


@pytest.mark.parametrize("choice", [SaleChoice.GIVE_BACK, SaleChoice.LEAVE_OWED])
def test_what_cannot_be_undone_needs_the_manager(desk: Desk, choice: SaleChoice) -> None:
    before = desk.book.row("s1")
    assert desk.refused(**word(choice)) == "pin_needed"
    assert desk.refused(**word(choice, pin="0815")) == "wrong_pin"
    assert desk.book.row("s1") == before
    desk.asks("decide", **word(choice, pin=PIN))
    after = desk.book.row("s1")
    if choice is SaleChoice.GIVE_BACK:
        assert desk.book.row("s1/void1").state is Known.ACCEPTED
    else:
        assert (after.state, after.sale and after.sale["owed"]) == (Known.HUMAN, True)


def test_left_owed_it_asks_for_the_number_of_the_correction_receipt(desk: Desk) -> None:
    desk.asks("decide", **word(SaleChoice.LEAVE_OWED, pin=PIN))
    (job,) = desk.overview().decisions
    assert (job.state, job.case) == ("human", "left_owed")
    done = word(SaleChoice.LEAVE_OWED) | {"decision": "done"}
    assert desk.refused(**done) == "fd_needed"
    assert desk.refused(**done | {"decision": "not_done"}, pin=PIN) == "not_to_decide"
    desk.asks("decide", **done, fd=4711)
    after = desk.book.row("s1")
    assert (after.state, after.outcome["proof"]["fd"], after.sale and after.sale["owed"]) == (Known.DONE, 4711, False)
    assert desk.overview().decisions == ()


def test_a_word_about_an_outcome_is_no_answer_to_it(desk: Desk) -> None:
    assert desk.refused(**word(SaleChoice.GO_ON) | {"decision": "done"}, pin=PIN) == "not_to_decide"


def test_a_second_word_comes_too_late(desk: Desk) -> None:
    desk.asks("decide", **word(SaleChoice.GO_ON))
    assert desk.refused(**word(SaleChoice.GIVE_BACK, pin=PIN)) == "no_such_decision"

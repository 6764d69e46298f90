"""A payment by QR code: what is asked, when it ends, and that only a question for its state says that it was paid."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.wire.inpas import sbp
from protocol.wire.inpas.fields import Answer
from protocol.wire.inpas.sbp import Course, End, Heard, State, Step, hear


def said(status: str, code: str = "") -> Answer:
    return Answer({39: status, 15: code})


ANSWERS = [
    None, said("1", "00"), said("0", "R00"), said("16"), said("16", "R12"), said("0", "R10"), said("0", "R11"),
    said("0", "R12"), said("0", "R13"), said("0", "R14"), said("53"), said("34"), said(""), said("1", "R10"),
]  # fmt: skip


def test_every_answer_means_something_in_every_state() -> None:
    asking = (State.STARTING, State.ASKING, State.LAST)
    assert set(sbp._TRANSITIONS) == {(state, heard) for state in asking for heard in Heard}


@pytest.mark.parametrize(
    ("answer", "heard"),
    [
        (said("1", "00"), Heard.APPROVED),
        (said("1"), Heard.APPROVED),
        (said("1", "R00"), Heard.OPEN),
        (said("1", "R10"), Heard.OPEN),
        (said("0", "R10"), Heard.DECLINED),
        (said("16", "R10"), Heard.DECLINED),
        (said("0", "R11"), Heard.UNKNOWN),
        (said("16", "R12"), Heard.REFUSED),
        (said("0", "R14"), Heard.OPEN),
        (said("53"), Heard.ABORTED),
        (None, Heard.OPEN),
    ],
)
def test_what_an_answer_says(answer: Answer | None, heard: Heard) -> None:
    assert hear(answer) is heard


def test_a_course() -> None:
    course = Course(2.5)
    assert course.answered(said("0", "R00")) == Step(pause=2.5)
    assert course.rested(expired=False) == Step(ask=True)
    assert course.answered(None) == Step(pause=2.5)
    assert course.rested(expired=True) == Step(ask=True)
    assert course.answered(said("0", "R11")) == Step(end=End.DECLINED)


@given(st.lists(st.sampled_from(ANSWERS), min_size=1, max_size=10), st.integers(0, 9))
def test_it_ends_and_only_a_question_tells_of_money(answers: list[Answer | None], life: int) -> None:
    course = Course(2.5)
    step = course.answered(answers[0])
    asked = 0
    last: Answer | None = None
    while step.end is None:
        assert (step.pause, step.ask) == (2.5, False)
        assert asked <= life, "asked after its last question"
        course.rested(expired=asked == life)
        last = answers[1 + asked] if 1 + asked < len(answers) else None
        asked += 1
        step = course.answered(last)
    if step.end is End.APPROVED:
        assert last is not None
        assert hear(last) is Heard.APPROVED
    if step.end is End.DOUBT:
        assert asked == life + 1

"""A terminal is asked how it is: no intent, and it may be asked again."""

from __future__ import annotations

from typing import Any

import pytest

from agent.procedures import terminal_status
from agent.procedures.asks import Answer, Commit, Ended, NotReady
from agent.procedures.terminal_status import LookAtTerminal, Phase
from protocol.crm.job_machine import JobEvent
from tests.agent.procedures.test_receipt_start import answered


def after_look(expected: str, said: str | None, kind: Answer = Answer.OK, code: str | None = None) -> Any:
    run, ask = terminal_status.start(expected)
    assert ask == LookAtTerminal()
    run, ask = terminal_status.step(run, answered({"terminal": {"id": said}}, kind=kind, code=code))
    if isinstance(ask, Commit):
        assert terminal_status.step(run, answered())[1] == Ended()
    return ask


@pytest.mark.parametrize(("expected", "said"), [("12345678", "12345678"), ("12345678", None), ("", "12345678")])
def test_what_it_says_is_the_answer(expected: str, said: str | None) -> None:
    assert after_look(expected, said) == Commit(JobEvent.ANSWERED, {"result": {"terminal": {"id": said}}})


def test_another_terminal_does_not_answer_in_its_place() -> None:
    ask = after_look("12345678", "87654321")
    assert isinstance(ask, NotReady)
    assert ask.reason.code == "terminal_changed"


@pytest.mark.parametrize("kind", [Answer.NOT_SENT, Answer.REFUSED, Answer.DOUBT])
def test_one_that_does_not_answer_is_waited_for(kind: Answer) -> None:
    ask = after_look("12345678", None, kind, "terminal_offline")
    assert isinstance(ask, NotReady)
    assert ask.reason.code == "terminal_offline"


def test_every_phase_has_a_word_on_every_answer() -> None:
    assert set(terminal_status.TABLE) == {(phase, kind) for phase in Phase for kind in Answer}

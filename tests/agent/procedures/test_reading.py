"""Status and document: asked, answered, never begun."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent.procedures import reading
from agent.procedures.asks import Answer, Ask, Commit, Ended, NotReady, Query, ReadStatus
from protocol.crm.codes import reason
from protocol.crm.job_machine import JobEvent
from tests.agent.procedures.test_receipt_start import answered
from tests.support.model_register import SERIAL, ModelRegister

STATUS = ModelRegister().status()


def after_query(value: Any = None, kind: Answer = Answer.OK, code: str | None = None) -> Ask:
    run, ask = reading.start(reading.Context(SERIAL))
    assert ask == ReadStatus()
    run, ask = reading.step(run, answered(STATUS))
    assert ask == Query()
    run, ask = reading.step(run, answered(value, kind=kind, code=code))
    if isinstance(ask, Commit):
        assert reading.step(run, answered())[1] == Ended()
    return ask


def impossible(code: str) -> Commit:
    return Commit(JobEvent.IMPOSSIBLE, {"reason": reason(code)})


ANSWERS = [
    # value     answer            code             then
    ({"fd": 7}, Answer.OK,        None,            Commit(JobEvent.ANSWERED, {"result": {"fd": 7}})),
    ({},        Answer.OK,        None,            Commit(JobEvent.ANSWERED, {"result": {}})),
    (None,      Answer.OK,        None,            impossible("no_such_document")),
    (None,      Answer.REFUSED,   "unsupported",   impossible("unsupported")),
    (None,      Answer.REFUSED,   "no_data",       impossible("no_data")),
    (None,      Answer.REFUSED,   None,            impossible("register_refused")),
    (None,      Answer.REFUSED,   "device_busy",   NotReady(reason("device_busy"))),  # waiting changes it
    (None,      Answer.NOT_SENT,  "link_lost",     NotReady(reason("link_lost"))),
    (None,      Answer.DOUBT,     "no_reply",      NotReady(reason("no_reply"))),
    (None,      Answer.DOUBT,     None,            NotReady(reason("device_offline"))),
]  # fmt: skip


@pytest.mark.parametrize(("value", "kind", "code", "then"), ANSWERS)
def test_what_follows_on_an_answer(value: Any, kind: Answer, code: str | None, then: Ask) -> None:
    assert after_query(value, kind, code) == then


def test_another_register_is_not_asked() -> None:
    """I10: its answer would be told as that of the named one."""
    run, _ = reading.start(reading.Context(SERIAL))
    _, ask = reading.step(run, answered(replace(STATUS, register_serial="0000000000000001")))
    assert isinstance(ask, NotReady)
    assert ask.reason.code == "wrong_device"


@pytest.mark.parametrize("kind", [Answer.NOT_SENT, Answer.REFUSED, Answer.DOUBT])
def test_a_device_that_does_not_say_who_it_is(kind: Answer) -> None:
    run, _ = reading.start(reading.Context(SERIAL))
    assert reading.step(run, answered(kind=kind, code="no_reply"))[1] == NotReady(reason("no_reply"))


def test_a_busy_register_is_read_all_the_same() -> None:
    run, _ = reading.start(reading.Context(SERIAL))
    assert reading.step(run, answered(replace(STATUS, busy=True)))[1] == Query()

"""What may be decided at the desk, and with whose word; a table."""

from __future__ import annotations

import pytest

from agent.desk.decisions import CASES, chosen
from agent.problems import UserError
from protocol.crm.codes import CODES
from protocol.crm.outcomes import Decision

DONE, NOT = Decision.DONE, Decision.NOT_DONE

TABLE = [
    # case                 decision fd     pin    what of it: "alone", "pin", or the code of the refusal
    ("looks_alike",        DONE,    True,  False, "alone"),
    ("looks_alike",        DONE,    False, False, "fd_needed"),
    ("looks_alike",        NOT,     False, False, "pin_needed"),
    ("looks_alike",        NOT,     False, True,  "pin"),
    ("device_silent",      DONE,    True,  False, "alone"),
    ("device_silent",      DONE,    False, True,  "pin"),
    ("device_silent",      NOT,     True,  False, "pin_needed"),
    ("device_silent",      NOT,     False, True,  "pin"),
    ("archive_unreadable", NOT,     False, False, "pin_needed"),
    ("fn_replaced",        DONE,    True,  False, "pin_needed"),
    ("fn_replaced",        DONE,    False, True,  "pin"),
    ("fn_replaced",        NOT,     False, True,  "pin"),
    ("two_documents",      DONE,    True,  False, "alone"),
    ("two_documents",      NOT,     False, True,  "not_to_decide"),
    ("content_differs",    DONE,    True,  False, "alone"),
    ("content_differs",    NOT,     True,  True,  "not_to_decide"),
    ("cash_unclear",       DONE,    False, False, "pin_needed"),
    ("cash_unclear",       NOT,     False, True,  "pin"),
    ("shift_unclear",      DONE,    False, True,  "pin"),
    (None,                 DONE,    True,  True,  "not_to_decide"),
    ("unheard of",         DONE,    True,  True,  "not_to_decide"),
]  # fmt: skip


@pytest.mark.parametrize(("case", "decision", "fd", "pin", "wanted"), TABLE)
def test_who_may_decide_what(case: str | None, decision: Decision, fd: bool, pin: bool, wanted: str) -> None:
    assert _word(case, decision, fd=4711 if fd else None, pin=pin) == wanted


def _word(case: str | None, decision: Decision, *, fd: int | None, pin: bool) -> str:
    try:
        return "pin" if chosen(case, decision, fd=fd, pin=pin).pin else "alone"
    except UserError as error:
        return error.code


@pytest.mark.parametrize("case", CASES)
def test_that_it_was_not_done_is_never_one_persons_word(case: str) -> None:
    """A receipt that exists would be made again."""
    for fd in (None, 4711):
        with pytest.raises(UserError):
            chosen(case, NOT, fd=fd, pin=False)


@pytest.mark.parametrize("case", CASES)
def test_every_case_is_a_known_code_and_can_be_decided(case: str) -> None:
    known = CASES[case]
    assert case in CODES
    assert known.name in {"H1", "H2", "H3", "H4", "H5", "K", "O"}
    assert known.choices

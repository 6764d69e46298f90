"""One fault planted in a healthy PC: exactly its check tells exactly its cause, and no other check turns."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agent.support.doctor import CHECKS
from tests.agent.support.doctor import device_cases, network_cases, program_cases, settings_cases, terminal_cases
from tests.agent.support.doctor.clinic import TURNED, Case, Clinic, finding, turned
from tests.agent.support.doctor.test_doctor import NOT_RUNNING

CASES = (
    *settings_cases.CASES,
    *network_cases.CASES,
    *program_cases.CASES,
    *device_cases.CASES,
    *terminal_cases.CASES,
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_fault_is_named_and_nothing_else(case: Case, admit: Callable[[bool], Clinic]) -> None:
    clinic = admit(not case.stopped)
    case.plant(clinic)
    report = clinic.examine()
    cause = next(check for check in CHECKS if check.id == case.check).causes[case.code]
    expected = (NOT_RUNNING if case.stopped else {}) | {case.check: (cause.verdict, case.code)}
    assert turned(report) == expected
    told = finding(report, case.check)
    assert "{" not in told.ru + told.en + told.do_ru + told.do_en


def test_every_bad_cause_of_every_check_is_planted() -> None:
    planted = {(case.check, case.code) for case in CASES}
    known = {(check.id, code) for check in CHECKS for code, cause in check.causes.items() if cause.verdict in TURNED}
    assert planted == known

"""One table of codes: complete in both languages, and no code is used that it does not explain."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from protocol.crm.codes import CODES, reason
from protocol.crm.job_machine import TABLE, JobEvent
from protocol.crm.machine import Choice, Refusal
from protocol.wire.shtrih.errors import VENDOR

ROOT = Path(__file__).parents[3]
PACKAGES = ("agent", "drivers", "protocol", "server")
# Calls whose code argument is shown with the words of the table: name of the function -> position of the code.
SPEAKERS = {"reason": 0, "words_of": 0, "Refused": 0, "NotSent": 0, "InDoubt": 0}
PROBLEM = 1  # server.problems.Problem(status, code)


def spoken() -> Iterator[tuple[str, str]]:
    """Every code that is written out in a call, with its place."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            server = package == "server"
            for call in ast.walk(tree):
                if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
                    continue
                position = PROBLEM if server and call.func.id == "Problem" else SPEAKERS.get(call.func.id)
                if position is None or len(call.args) <= position:
                    continue
                for node in ast.walk(call.args[position]):
                    if isinstance(node, ast.Constant) and isinstance(node.value, str):
                        yield node.value, f"{path.relative_to(ROOT)}:{call.lineno}"


def test_the_search_finds_what_it_looks_for() -> None:
    places = dict(spoken())
    assert {"no_paper", "maybe_duplicate", "bad_signature", "bad_reply"} <= set(places)
    assert len(places) > 60


def test_every_code_that_is_spoken_is_explained() -> None:
    unexplained = sorted({(code, where) for code, where in spoken() if code not in CODES})
    assert unexplained == []


def test_every_refusal_that_people_see_is_explained() -> None:
    asked = (JobEvent.POST, JobEvent.ASK_CANCEL, JobEvent.ASK_RENEW, JobEvent.DECIDED_DONE, JobEvent.DECIDED_NOT_DONE,
             JobEvent.INTENT)  # fmt: skip
    codes = set()
    for (_, event), cell in TABLE.items():
        if event in asked:
            for branch in (cell.yes, cell.no) if isinstance(cell, Choice) else (cell,):
                codes |= {branch.code} if isinstance(branch, Refusal) else set()
    assert codes - set(CODES) == set()


def test_every_word_of_a_registers_own_error_list_is_explained() -> None:
    assert {word for word, _, _ in VENDOR.values()} - set(CODES) == set()


@pytest.mark.parametrize("code", CODES)
def test_every_code_speaks_both_languages_in_sentences(code: str) -> None:
    known = CODES[code]
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", code)
    for text in (known.ru, known.advice_ru):
        assert re.search("[а-яё]", text)
        assert text.endswith((".", "}", ">"))
    for text in (known.en, known.advice_en):
        assert re.search("[a-z]", text)
        assert not re.search("[а-яёА-ЯЁ]", text)
        assert text.endswith((".", "}", ">"))


def test_codes_of_doubt_are_never_safe_to_repeat() -> None:
    doubt = {
        "no_reply", "link_lost", "bad_reply", "resolving", "device_silent", "looks_alike", "fn_replaced",
        "two_documents", "content_differs", "archive_unreadable", "journal_lost", "too_late", "already_started",
    }  # fmt: skip
    assert {code for code in doubt if CODES[code].safe_to_repeat} == set()


def test_a_reason_carries_the_words_of_its_language_and_the_makers_own_code() -> None:
    told = reason("no_paper", language="en", vendor="107", detail="roll 2", table=17)
    assert (told.code, told.text, told.advice) == ("no_paper", "The register is out of paper.", "Load paper.")
    assert (told.vendor, told.detail, told.params, told.safe_to_repeat) == ("107", "roll 2", {"table": 17}, True)
    assert reason("no_paper").text == "В кассе нет бумаги."


def test_a_code_of_tomorrow_is_no_crash_and_not_safe_to_repeat() -> None:
    told = reason("laser_misaligned")
    assert (told.code, told.text, told.safe_to_repeat) == ("laser_misaligned", "laser_misaligned", False)

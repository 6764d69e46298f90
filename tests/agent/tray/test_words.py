"""Every word in both languages, and none that a cashier cannot know."""

from __future__ import annotations

import re
from collections.abc import Iterator
from string import Formatter

import pytest

from agent.desk.decisions import CASES
from agent.tray.decision_words import CASE_OF, DECISIONS
from agent.tray.model import Language, Verb
from agent.tray.words import FOR_SUPPORT, TROUBLES, WORDS, Words, say, told, trouble
from protocol.crm.codes import CODES
from protocol.crm.jobs import JobKind, JobState
from protocol.crm.outcomes import Reason

LANGUAGES: tuple[Language, Language] = ("ru", "en")
ALL = [*WORDS.items(), *DECISIONS.items(), *TROUBLES.items()]

JARGON = re.compile(
    r"config|toml|\bAPI\b|/api|kkm_id|desk_id|таблиц|\btable\b|\bпол[ея] \d|\bfield \d|tcp:|serial:|job_id|webhook"
    r"|param|профил|profile|\bагент|\bagent|allow_|http|JSON|прошивк|firmware|ФФД|FFD|token|токен|\blog\b|журнал|journal"
    r"|KKM|python|traceback|timeout|таймаут|сокет|socket",
    re.IGNORECASE,
)


def holes(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def of(code: str) -> Reason:
    return Reason(code=code, text=f"text of {code}.", advice="", safe_to_repeat=False)


@pytest.mark.parametrize(("key", "words"), ALL, ids=[key for key, _ in ALL])
def test_both_languages_say_the_same(key: str, words: Words) -> None:
    assert words.ru
    assert words.en
    assert bool(words.do_ru) == bool(words.do_en)
    assert holes(words.ru) == holes(words.en)
    assert holes(words.do_ru) == holes(words.do_en)
    if key not in ("english",):
        assert re.search("[а-яё]", words.ru, re.IGNORECASE) or not re.search("[a-z]", re.sub("{.*?}", "", words.ru))
    if key not in ("russian", "language"):
        assert not re.search("[а-яё]", words.en, re.IGNORECASE), "English, please"


@pytest.mark.parametrize(("key", "words"), [*DECISIONS.items(), *TROUBLES.items()])
def test_a_sentence_is_for_a_cashier(key: str, words: Words) -> None:
    for text in (words.ru, words.en, words.do_ru, words.do_en):
        assert not JARGON.search(re.sub("{.*?}", "", text))
    for sentence in (words.ru, words.en):
        assert not sentence.endswith("."), "what to do may follow"
    for advice in (words.do_ru, words.do_en):
        assert not advice or advice[-1] in ".?)"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", sorted(CODES))
def test_whatever_a_register_or_a_job_says_there_is_one_thing_to_do(code: str, language: Language) -> None:
    sentence, advice = trouble(of(code), language, kkm_id="17", letter="а")
    assert sentence
    assert advice or code == "no_desk"
    assert not JARGON.search(advice.replace(f"({code})", ""))


def test_a_code_of_tomorrow_keeps_its_words_and_ends_at_support() -> None:
    assert trouble(of("flux_capacitor"), "ru") == ("text of flux_capacitor", "Позвоните в поддержку. (flux_capacitor)")


def test_what_goes_to_support_has_the_code_with_it() -> None:
    assert set(CODES) >= FOR_SUPPORT
    assert not FOR_SUPPORT & set(TROUBLES)
    refused = Reason(code="register_refused", text="", advice="", safe_to_repeat=False, vendor="6B")
    assert trouble(refused, "en")[1] == "Call support. (register_refused 6B)"


def test_every_case_that_can_be_decided_has_its_sentence() -> None:
    assert set(CASES) <= set(CASE_OF)
    assert set(CASE_OF.values()) | {"other"} == set(DECISIONS)
    assert {case.name for case in CASES.values()} <= {key[:2] for key in DECISIONS}
    for code, case in CASES.items():
        assert CASE_OF[code].startswith(case.name), "the tray and the desk call it by one name"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_state_and_request_has_a_name(language: Language) -> None:
    for kind in set(JobKind) - {JobKind.DEVICE_STATUS, JobKind.DOCUMENT, JobKind.TERMINAL_STATUS}:
        assert kind.value in WORDS
    for state in set(JobState) - {JobState.QUEUED}:  # which no agent ever has
        assert f"end_{state.value}" in WORDS
    for verb in set(Verb) - {Verb.SHOW}:
        assert say(verb.value, language)


@pytest.mark.parametrize(
    "step",
    ["connecting", "present_card", "enter_pin", "online", "remove_card", "scan_qr", "reversing", "approved", "declined",
     "cancelled", "unknown"],
)  # fmt: skip
def test_every_neutral_code_of_a_card_terminal_has_words(step: str) -> None:
    assert f"step_{step}" in WORDS


def test_a_hole_that_is_not_filled_is_an_error() -> None:
    with pytest.raises(KeyError):
        say("of_sum", "ru", kind="Чек")
    with pytest.raises(KeyError):
        told(TROUBLES["not_bound"], "en")


def keys_used() -> Iterator[str]:
    from pathlib import Path

    import agent.tray as package

    for path in Path(package.__path__[0]).glob("*.py"):
        if path.name != "words.py":
            yield from re.findall(r'"([a-z_]+)"', path.read_text(encoding="utf-8"))


def test_no_word_lies_about_unused() -> None:
    used = set(keys_used()) | {kind.value for kind in JobKind} | {verb.value for verb in Verb}
    unused = {key for key in WORDS if key not in used and not key.startswith(("end_", "step_"))}
    assert unused == set()

"""The doctor's report as it leaves the PC unasked: whatever a check has seen, no name of a person or place is in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from agent.support.bundle.findings import MOST, findings
from agent.support.doctor import CHECKS
from agent.support.doctor.model import FACTS, FAILED, NEEDS, TOO_LONG, Cause, Finding, Verdict
from agent.support.doctor.runner import Report
from server.services.support import FindingsView

SONG = "kanarejka.example"


def _causes() -> Iterator[tuple[str, str, Cause]]:
    for check in CHECKS:
        yield from ((check.id, code, cause) for code, cause in check.causes.items())
        yield from ((check.id, code, cause) for code, cause in (("failed", FAILED), ("too_long", TOO_LONG)))


def finding(check_id: str, code: str, cause: Cause, **more: Any) -> Finding:
    """Everything that a check could have seen sings."""
    check = next(check for check in CHECKS if check.id == check_id)
    facts = {name: f"{SONG}-{name}" for name in FACTS}
    known: dict[str, Any] = {
        "device": "17" if check.each else None, "ru": SONG, "en": SONG, "do_ru": SONG, "do_en": SONG,
        "facts": facts,
    }  # fmt: skip
    return Finding(check_id, cause.verdict, code, check.ru, check.en, **known | more)


def test_no_cause_of_any_check_lets_a_name_out() -> None:
    made = [finding(*one) for one in _causes()]
    assert len(made) > 150
    told = findings(Report(tuple(made)))
    assert SONG not in json.dumps(told, ensure_ascii=False)


def test_the_server_takes_every_one_of_them_whole() -> None:
    for one in _causes():
        told = findings(Report((finding(*one),)))
        assert FindingsView.model_validate(told).checks[0].cause == told["checks"][0]["cause"], one


def test_numbers_moments_and_codes_stay_and_the_sentence_is_told_with_them() -> None:
    cause = Cause(Verdict.BAD, "", "")
    facts: dict[str, Any] = {
        "free_mb": 12, "until": "2026-11-22T12:00:00+00:00", "paper": "absent", "driver": "shtrih", "vendor": "4F",
        "version": "0.1.0", "error": "TimeoutError", "skew_s": 2.5, "at": None,
    }  # fmt: skip
    (told,) = findings(Report((finding("folder.space", "disk_low", cause, facts=facts),)))["checks"]
    assert told["facts"] == facts
    assert (told["id"], told["verdict"], told["code"]) == ("folder.space", "bad", "disk_low")
    assert told["cause"].startswith("На диске осталось 12 МБ")
    assert told["action_en"] == "Free some space on the disk."


@pytest.mark.parametrize("value", ["OSErrorX", "kassa-1", "print", "Иванов"])
def test_an_error_is_told_by_its_type_only(value: str) -> None:
    one = finding("folder.space", "disk_low", Cause(Verdict.BAD, "", ""), facts={"error": value})
    assert findings(Report((one,)))["checks"][0]["facts"] == {"error": "***"}


def test_a_check_that_waits_for_another_says_for_which() -> None:
    one = finding("server.answers", "needs", NEEDS, needs="net.tls")
    (told,) = findings(Report((one,)))["checks"]
    assert told["needs"] == "net.tls"
    assert "сертификат сервера" in told["cause"]


def test_a_code_of_another_version_is_told_without_a_sentence() -> None:
    one = finding("folder.space", "of_tomorrow", Cause(Verdict.BAD, SONG, SONG))
    (told,) = findings(Report((one,)))["checks"]
    assert (told["code"], told["cause"], told["action"]) == ("of_tomorrow", "***", None)


def test_the_worst_comes_first_and_a_long_report_is_cut_to_it() -> None:
    bad, good = Cause(Verdict.BAD, "", ""), Cause(Verdict.OK, "", "")
    made = [finding("folder.space", "ok", good, device=str(n)) for n in range(300)]
    made += [finding("folder.space", "disk_low", bad, device=f"b{n}") for n in range(5)]
    told = findings(Report(tuple(made)))
    assert told["shortened"] is True
    assert [check["device"] for check in told["checks"]] == [f"b{n}" for n in range(5)]
    many = findings(Report(tuple(finding("folder.space", "disk_low", bad, device=str(n)) for n in range(1000))))
    assert len(json.dumps(many, ensure_ascii=False).encode()) <= MOST * 1.2
    assert many["checks"]

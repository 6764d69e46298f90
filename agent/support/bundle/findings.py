"""The doctor's report as it may leave the PC unasked: codes, numbers and moments; every other value is withheld.

The sentences are made anew from the doctor's own table, so that they hold nothing but what is allowed here.
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from typing import Any

from agent.support.bundle import forms
from agent.support.doctor import CHECKS, Finding
from agent.support.doctor.model import FAILED, NEEDS, TOO_LONG, Cause, Verdict
from agent.support.doctor.report import worst_first
from agent.support.doctor.runner import Report
from agent.support.masking import WITHHELD
from drivers.registry import DRIVERS
from protocol.crm.jobs import canonical_json

MOST = 128 * 1024  # bytes: a message of the link holds 256 KiB
_ALWAYS: Mapping[str, Cause] = {"failed": FAILED, "too_long": TOO_LONG, "needs": NEEDS}
_WORDS = frozenset({"paper", "shift", "state", "step", "trouble"})
"""Facts that hold a code of ours."""
_VERSIONS = frozenset({"version", "running_version"})


def findings(report: Report) -> dict[str, Any]:
    """``{"verdict", "checks"}`` as ``docs/doctor.md`` has it, masked; too long a report is cut to what is wrong."""
    checks = [(finding, _told(finding)) for finding in worst_first(report)]
    whole = {"verdict": report.verdict.value, "checks": [told for _, told in checks]}
    if len(canonical_json(whole)) <= MOST:
        return whole
    wrong = [told for finding, told in checks if finding.verdict not in (Verdict.OK, Verdict.SKIPPED)]
    room, kept = MOST - 100, []
    for told in wrong:
        room -= len(canonical_json(told)) + 1
        if room < 0:
            break
        kept.append(told)
    return {"verdict": report.verdict.value, "checks": kept, "shortened": True}


def _told(finding: Finding) -> dict[str, Any]:
    check = next((check for check in CHECKS if check.id == finding.id), None)
    cause = _ALWAYS.get(finding.code) or (check.causes.get(finding.code) if check is not None else None)
    facts = {name: _fact(name, value) for name, value in finding.facts.items()}
    words = _Words({name: "—" if value is None else str(value) for name, value in facts.items()})
    if finding.needs is not None:
        needed = next((check for check in CHECKS if check.id == finding.needs), None)
        words |= {"needed": finding.needs}
        words |= {"needed_ru": needed.ru, "needed_en": needed.en} if needed is not None else {}
    ru, en, do_ru, do_en = (
        (cause.ru, cause.en, cause.do_ru, cause.do_en) if cause is not None else (WITHHELD, WITHHELD, "", "")
    )
    told: dict[str, Any] = forms.masked(
        {
            "id": finding.id,
            "device": finding.device,
            "verdict": finding.verdict.value,
            "code": finding.code,
            "needs": finding.needs,
            "title": finding.title_ru,
            "title_en": finding.title_en,
            "cause": ru.format_map(words),
            "cause_en": en.format_map(words),
            "action": do_ru.format_map(words) or None,
            "action_en": do_en.format_map(words) or None,
            "facts": facts,
        }
    )
    return told


class _Words(dict[str, str]):
    """Whatever else a sentence names is withheld: paths, hosts, names."""

    def __missing__(self, key: str) -> str:
        return WITHHELD


def _fact(name: str, value: Any) -> Any:
    if name in _WORDS:
        return forms.word(value)
    if name in _VERSIONS:
        return forms.version(value)
    if name == "vendor":
        return forms.vendor_code(value)
    if name == "driver":
        return value if value in DRIVERS else WITHHELD
    if name == "error":
        return value if _is_exception(value) else WITHHELD
    return forms.measure(value)


def _is_exception(value: Any) -> bool:
    """``TimeoutError`` and its like; another word may be anything."""
    named = getattr(builtins, value, None) if isinstance(value, str) else None
    return isinstance(named, type) and issubclass(named, BaseException)

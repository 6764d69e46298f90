"""The report for people and for programs."""

from __future__ import annotations

from collections import Counter
from typing import Any

from agent.support.doctor.model import WORST_FIRST, Finding, Verdict
from agent.support.doctor.runner import Report

SIGNS = {
    Verdict.BAD: "✗",
    Verdict.UNKNOWN: "?",
    Verdict.WARNING: "!",
    Verdict.SKIPPED: "-",
    Verdict.OK: "✓",
}
_COUNTED = (
    (Verdict.BAD, "плохо", "bad"),
    (Verdict.UNKNOWN, "не удалось проверить", "unknown"),
    (Verdict.WARNING, "предупреждений", "warnings"),
    (Verdict.SKIPPED, "не нужно или рано проверять", "skipped"),
    (Verdict.OK, "в порядке", "good"),
)


def worst_first(report: Report) -> tuple[Finding, ...]:
    """Of one verdict in the order of the checks."""
    return tuple(sorted(report.findings, key=lambda finding: WORST_FIRST.index(finding.verdict)))


def summary(report: Report) -> tuple[str, str]:
    """One line, in Russian and in English."""
    counts = Counter(finding.verdict for finding in report.findings)
    ru = ", ".join(f"{word} {counts[verdict]}" for verdict, word, _ in _COUNTED if counts[verdict])
    en = ", ".join(f"{word} {counts[verdict]}" for verdict, _, word in _COUNTED if counts[verdict])
    well = report.verdict in (Verdict.OK, Verdict.WARNING)
    return (
        f"{'Всё работает' if well else 'Есть неисправности'}: {ru}.",
        f"{'All works' if well else 'Something is wrong'}: {en}.",
    )


def as_text(report: Report) -> str:
    """What is not in order with cause and next action, worst first; the rest in one line each; the summary."""
    lines: list[str] = []
    waiting: dict[str, list[str]] = {}
    for finding in worst_first(report):
        if finding.needs is not None:
            waiting.setdefault(finding.needs, []).append(finding.name)
            continue
        lines.append(f"{SIGNS[finding.verdict]} {finding.name}: {finding.ru}")
        if finding.verdict in (Verdict.OK, Verdict.SKIPPED):
            continue
        lines += [f"    Что делать: {finding.do_ru}", f"    {finding.en}", f"    To do: {finding.do_en}"]
    lines += [
        f"{SIGNS[Verdict.SKIPPED]} не проверялось, пока не исправлено {check} / not looked at before {check} is good: "
        + ", ".join(names)
        for check, names in waiting.items()
    ]
    return "\n".join([*lines, "", *summary(report)])


def as_json(report: Report) -> dict[str, Any]:
    """``{"verdict", "summary", "summary_en", "checks": [{"id", "device", "verdict", "code", "needs", "title", "cause",
    "action", …_en, "facts"}]}``, worst first."""
    ru, en = summary(report)
    return {
        "verdict": report.verdict.value,
        "summary": ru,
        "summary_en": en,
        "checks": [
            {
                "id": finding.id,
                "device": finding.device,
                "verdict": finding.verdict.value,
                "code": finding.code,
                "needs": finding.needs,
                "title": finding.title_ru,
                "title_en": finding.title_en,
                "cause": finding.ru,
                "cause_en": finding.en,
                "action": finding.do_ru or None,
                "action_en": finding.do_en or None,
                "facts": dict(finding.facts),
            }
            for finding in worst_first(report)
        ],
    }

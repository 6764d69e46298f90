"""The sheet of a family: every behaviour, and how each variant of its driver stands, as a page of documentation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from drivers.conformance.judgement import Case, Judged, State, cases
from drivers.conformance.place import AnyBench

Judge = Callable[[Case], Judged]

HEAD = """# Driver `{family}`: conformance

Made by `python -m drivers.conformance`; do not edit. What the words mean and how it is made anew:
[conformance.md](conformance.md). Everything here has been seen on the simulated {device} only, never on hardware.

"""


def sheet(family: str, benches: Sequence[AnyBench], judge: Judge) -> str:
    """Markdown. ``judge`` either runs a case (``Case.judged``) or tells how it stands (``Case.standing``)."""
    ours = [bench for bench in benches if bench.family == family]
    suite = ours[0].suite
    judged = {(str(case.bench), case.behaviour.name): judge(case) for case in cases(ours)}
    page = HEAD.format(family=family, device=suite.device) + _counts(ours, judged)
    for section in suite.sections():
        page += f"\n## {section.title.replace('``', '`')}\n\n"
        page += "| behaviour | what is shown | " + " | ".join(bench.variant for bench in ours) + " |\n"
        page += "| --- | --- |" + " --- |" * len(ours) + "\n"
        for each in section.behaviours:
            told = [_cell(judged[str(bench), each.name]) for bench in ours]
            page += f"| `{each.name}` | {_safe(each.says)} | " + " | ".join(told) + " |\n"
    return page


def _counts(benches: Sequence[AnyBench], judged: dict[tuple[str, str], Judged]) -> str:
    rows = ["| variant | " + " | ".join(State) + " |", "| --- " * (len(State) + 1) + "|"]
    for bench in benches:
        states = [each.state for (name, _), each in judged.items() if name == str(bench)]
        rows.append(f"| {bench.variant} | " + " | ".join(str(states.count(state)) for state in State) + " |")
    return "\n".join(rows) + "\n"


def _cell(judged: Judged) -> str:
    return _safe(f"{judged.state}: {judged.why}" if judged.why else judged.state)


def _safe(text: str) -> str:
    return text.replace("|", "\\|")

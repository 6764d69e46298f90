"""The table of ``docs/doctor.md``, made from the checks: ``python -m tests.agent.support.doctor.table`` writes it anew.

It stands between ``<!-- generated: checks -->`` and ``<!-- end -->``; everything else is written by hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from agent.support.doctor import CHECKS
from agent.support.doctor.model import Cause
from tests.agent.support.doctor.clinic import TURNED
from tests.agent.support.doctor.test_faults import CASES

PAGE = Path(__file__).parents[4] / "docs" / "doctor.md"
_PART = re.compile(r"(<!-- generated: checks -->\n).*?(<!-- end -->)", re.DOTALL)


def checks_table() -> str:
    """A row for everything that a check may find wrong; the test is a parameter of ``test_faults.py``."""
    head = ("id", "что проверяется / what", "код / code", "вердикт / verdict", "причина / cause")
    rows = ["| " + " | ".join((*head, "что делать / what to do", "test")) + " |", "| --- " * 7 + "|"]
    planted = {(case.check, case.code): case.name for case in CASES}
    for check in CHECKS:
        first = True
        for code, cause in check.causes.items():
            if cause.verdict in TURNED:
                what = (f"`{check.id}`", f"{check.ru} / {check.en}") if first else ("", "")
                rows.append("| " + " | ".join((*what, *_cells(code, cause), f"`{planted[check.id, code]}`")) + " |")
                first = False
    return "\n".join(rows) + "\n"


def _cells(code: str, cause: Cause) -> Iterator[str]:
    yield f"`{code}`"
    yield cause.verdict.value
    yield f"{cause.ru} / {cause.en}"
    yield f"{cause.do_ru} / {cause.do_en}"


def filled(text: str) -> str:
    return _PART.sub(lambda part: part[1] + checks_table() + part[2], text)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text("utf-8")), "utf-8")

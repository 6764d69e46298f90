"""docs/api.md names every code that the server refuses with, and every state."""

from __future__ import annotations

import re
from pathlib import Path

from protocol.crm.codes import CODES
from protocol.crm.jobs import JobState

ROOT = Path(__file__).parents[2]


def test_every_code_is_documented_and_has_words() -> None:
    sources = "\n".join(path.read_text("utf-8") for path in (ROOT / "server").rglob("*.py"))
    raised = set(re.findall(r'(?:Problem|unknown)\(\s*(\d+),\s*"([a-z_]+)"', sources))
    assert len(raised) > 30
    rows = re.findall(r"^\| ([\d, ]+) \| (`[^|]+) \|", (ROOT / "docs/api.md").read_text("utf-8"), re.MULTILINE)
    documented = {
        (status, code)
        for statuses, codes in rows
        for status in statuses.split(", ")
        for code in re.findall(r"`(\w+)`", codes)
    }
    assert raised <= documented
    assert {code for _, code in raised} <= set(CODES)


def test_every_state_is_documented() -> None:
    text = (ROOT / "docs/api.md").read_text("utf-8")
    assert [state for state in JobState if f"`{state.value}`" not in text] == []

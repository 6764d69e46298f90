"""State files of older versions: turned into today's shape before they are read. Works on the file's JSON in place."""

from __future__ import annotations

from typing import Any

MARKED_BIT, MARKED_MODE = 1 << 8, 1 << 4
"""Marked goods: in tag 1290, which format 1 kept, and in the registration's ``extended_mode``."""


def upgrade(state: dict[str, Any]) -> None:
    """Format 1 knew FFD 1.2 alone, no queue of the operator and no registrations but the first."""
    if state.get("format") != 1:
        return
    drive = state["drive"]
    usage = drive["registration"].pop("usage_flags")
    drive["registration"] |= {"work_mode": 0, "extended_mode": MARKED_MODE if usage & MARKED_BIT else 0}
    drive["registrations"] = [each["fd"] for each in drive["documents"] if each["form"] == 1]
    for document in drive["documents"]:
        document["made"] = document["at"]
    if state["receipt"] is not None:
        state["receipt"]["rows"] = [{"text": line} for line in state["receipt"].pop("text")]
    state["format"] = 2

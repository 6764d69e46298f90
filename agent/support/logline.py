"""What of a log line may leave this PC: in a bundle, and to who watches the log.

Everything is taken by its name and by the form of its value; what is not named here is left out, a value of another
form is withheld.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.procedures import operation, receipt
from agent.support.bundle import forms
from agent.support.bundle.forms import Known
from agent.support.logfile import last_lines
from agent.support.masking import WITHHELD

LONGEST = 200
"""Characters of a name in a frame."""
FRAMES = 12
_WORDS = ("level", "event", "code", "state", "kind", "step", "after", "answer", "why", "reason", "what")
_MEASURES = ("session_epoch", "resumed", "attempt", "rev", "fd", "failures")
PHASES = frozenset(phase.value for phase in (*receipt.Phase, *operation.Phase))


def told(line: bytes, known: Known) -> dict[str, Any] | None:
    """``None`` for what is no line of ours."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    if not isinstance(event, dict):
        return None
    told = {"timestamp": forms.moment(event.get("timestamp"))}
    told |= {name: forms.word(event[name]) for name in _WORDS if name in event}
    told |= {name: known.name(event[name]) for name in ("job_id", "kkm_id") if name in event}
    told |= {name: forms.measure(event[name]) for name in _MEASURES if name in event}
    if event.get("phase") in PHASES:
        told["phase"] = event["phase"]
    if "vendor" in event:
        told["vendor"] = forms.vendor_code(event["vendor"])
    if "raised" in event:
        told["raised"] = event["raised"] if str(event["raised"]).isidentifier() else WITHHELD
        told["frames"] = list(_frames(event.get("frames")))
    return told


def newest(data_dir: Path, known: Known, count: int) -> list[dict[str, Any]]:
    """The last lines, oldest first."""
    lines = (told(line, known) for line in last_lines(data_dir, count))
    return [line for line in lines if line is not None]


def _frames(value: Any) -> Iterator[str]:
    for frame in value[-FRAMES:] if isinstance(value, list) else ():
        place, _, name = str(frame).partition(" ")
        file, _, line = place.partition(":")
        is_ours = file.endswith(".py") and line.isdigit() and (name.isidentifier() or name == "<lambda>")
        yield f"{file}:{line} {name}" if is_ours and len(str(frame)) <= LONGEST else WITHHELD

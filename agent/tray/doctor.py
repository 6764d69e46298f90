"""The doctor as the tray calls it: its report stands in a file, and one sentence says what it came to."""

from __future__ import annotations

from collections.abc import Callable

from agent.config import Config
from agent.status import AgentStatus
from agent.tray.program import Said

REPORT = "doctor.txt"


def examined(config: Config, status: Callable[[], AgentStatus | None]) -> Said:
    """``status``: the picture of the agent; ``None``: none runs."""
    from agent.support.doctor import CHECKS, Scene, World, examine  # loaded when somebody asks
    from agent.support.doctor.report import as_text
    from agent.support.doctor.runner import LIMIT

    report = examine(CHECKS, Scene(config.path, World(status=status), LIMIT), limit=LIMIT)
    path = config.data_dir / REPORT
    path.parent.mkdir(parents=True, exist_ok=True)  # before the first pairing there may be none
    path.write_text(as_text(report), encoding="utf-8")
    if report.verdict.is_good:
        return Said(f"Проверка: всё в порядке. {path}", f"Examined: all is well. {path}")
    return Said(f"Проверка нашла неполадки: {path}", f"Something is wrong: {path}")

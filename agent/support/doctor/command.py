"""``kassabridge agent doctor [--only ID]… [--json]``."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from agent.config import load_config
from agent.console import answer, show, tell
from agent.desk.channel import NotRunning, Silent, ask
from agent.desk.service import status_of
from agent.problems import UserError
from agent.status import AgentStatus
from agent.support.doctor import CHECKS, Finding, Scene, World, examine
from agent.support.doctor import report as reports

PATIENCE = 5.0
"""Seconds in which a running agent answers; one that takes longer hangs."""


def status_from(config_path: Path, patience: float = PATIENCE) -> AgentStatus | None:
    """The picture of the agent that runs with this configuration's data folder; ``None``: none answers there. Raises
    ``TimeoutError``, what the running agent refuses with, ``ValueError`` for a picture of another version's."""
    try:
        data_dir = load_config(config_path).data_dir
    except UserError:
        return None  # its own check tells
    try:
        told = ask(data_dir, "status", {}, patience=patience)
    except NotRunning:
        return None
    except Silent as error:
        raise TimeoutError(str(error)) from None
    return status_of(told)


def run_doctor(
    config_path: Path, only: Sequence[str], *, as_json: bool, world: World | None = None, limit: float = 10.0
) -> int:
    """Print the report. Exit code 0 when nothing is bad and everything could be looked at, otherwise 1. Raises
    ``UserError`` (``unknown_check``)."""
    known = [check.id for check in CHECKS]
    for wanted in only:
        if wanted not in known:
            near = get_close_matches(wanted, known, n=1, cutoff=0.4)
            raise UserError(
                "unknown_check",
                f"Проверки «{wanted}» нет{f'; может быть, {near[0]}?' if near else '.'} Есть: {', '.join(known)}.",
                f"There is no check “{wanted}”{f'; {near[0]} perhaps?' if near else '.'} There are: "
                f"{', '.join(known)}.",
            )

    def progress(done: int, of: int, finding: Finding) -> None:
        tell(f"{done}/{of} {reports.SIGNS[finding.verdict]} {finding.name}")

    scene = Scene(config_path, world or World(status=lambda: status_from(config_path)), limit)
    report = examine(CHECKS, scene, only=only, limit=limit, progress=progress)
    if as_json:
        answer(reports.as_json(report))
    else:
        show(reports.as_text(report))
    return 0 if report.verdict.is_good else 1

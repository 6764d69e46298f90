"""Runs the checks: one after another, each in a thread of its own that is given up when its time is over.

No check can take the report away: an exception is ``unknown`` with its type, so is a look that does not end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue

from agent.config import Device
from agent.problems import UserError
from agent.support.doctor.model import (
    FACTS,
    FAILED,
    NEEDS,
    TOO_LONG,
    Cause,
    Check,
    Finding,
    NotLooked,
    Seen,
    Verdict,
)
from agent.support.doctor.scene import Scene
from drivers.registry import is_terminal
from protocol.crm.jobs import DeviceClass

LIMIT = 10.0
"""Seconds for one check."""

Progress = Callable[[int, int, Finding], None]
"""``progress(done, of, finding)``: after each check."""


@dataclass(frozen=True, slots=True)
class Report:
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        """``bad`` before ``unknown`` before ``warning``; ``ok`` when there is none of them."""
        found = {finding.verdict for finding in self.findings}
        return next((v for v in (Verdict.BAD, Verdict.UNKNOWN, Verdict.WARNING) if v in found), Verdict.OK)


def examine(
    checks: Sequence[Check],
    scene: Scene,
    *,
    only: Sequence[str] = (),
    limit: float = LIMIT,
    progress: Progress | None = None,
) -> Report:
    """Every check of the table in its order, or those with an id of ``only``."""
    titles = {check.id: check for check in checks}
    rounds = list(_rounds([check for check in checks if not only or check.id in only], scene))
    findings: list[Finding] = []
    for done, (check, device) in enumerate(rounds, start=1):
        findings.append(_examine(check, scene if device is None else replace(scene, at=device), limit, titles))
        if progress is not None:
            progress(done, len(rounds), findings[-1])
    return Report(tuple(findings))


def _rounds(checks: Sequence[Check], scene: Scene) -> Iterator[tuple[Check, Device | None]]:
    """Device by device; without a configuration that can be read there is none."""
    devices = _devices(scene)
    for check in checks:
        if not check.each:
            yield check, None
    for device in devices:
        class_ = DeviceClass.TERMINAL if is_terminal(device.driver) else DeviceClass.REGISTER
        for check in checks:
            if check.each and class_ in check.of:
                yield check, device


def _devices(scene: Scene) -> tuple[Device, ...]:
    try:
        return scene.config.devices
    except NotLooked:
        return ()


def _examine(check: Check, scene: Scene, limit: float, titles: Mapping[str, Check]) -> Finding:
    answers: SimpleQueue[Seen | BaseException] = SimpleQueue()

    def look() -> None:
        try:
            answers.put(check.look(scene))
        except BaseException as error:  # it is told in the report
            answers.put(error)

    threading.Thread(target=look, name=f"doctor {check.id}", daemon=True).start()
    try:
        answer = answers.get(timeout=limit)
    except Empty:
        return _finding(check, scene, TOO_LONG, Seen("too_long", {"until": limit}))
    match answer:
        case Seen():
            unlisted = sorted(set(answer.facts) - FACTS)
            if answer.code in check.causes and not unlisted:
                return _finding(check, scene, check.causes[answer.code], answer)
            what = f"fact {unlisted[0]}" if unlisted else f"code {answer.code}"
            return _finding(check, scene, FAILED, Seen("failed", {"error": f"unlisted {what}"}))
        case NotLooked():
            needed = titles.get(answer.check)
            words = {
                "needed": answer.check,
                "needed_ru": needed.ru if needed is not None else answer.check,
                "needed_en": needed.en if needed is not None else answer.check,
            }
            return replace(_finding(check, scene, NEEDS, Seen("needs", words=words)), needs=answer.check)
        case UserError():
            return _finding(check, scene, FAILED, Seen("failed", {"error": answer.code}))
        case _:
            return _finding(check, scene, FAILED, Seen("failed", {"error": type(answer).__name__}))


def _finding(check: Check, scene: Scene, cause: Cause, seen: Seen) -> Finding:
    words = {name: _shown(value) for name, value in seen.facts.items()} | dict(seen.words)
    ru, en, do_ru, do_en = (text.format_map(words) for text in (cause.ru, cause.en, cause.do_ru, cause.do_en))
    device = scene.at.kkm_id if check.each and scene.at is not None else None
    return Finding(
        check.id, cause.verdict, seen.code, check.ru, check.en, ru, en, do_ru, do_en, device, dict(seen.facts)
    )


def _shown(value: object) -> str:
    return "—" if value is None else f"{value:g}" if isinstance(value, float) else str(value)

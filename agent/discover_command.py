"""``kassabridge discover``: where registers and card terminals could be, and with ``--probe`` which are there.

Without ``--probe`` nothing is opened. With it every place is asked who it is, one after another, by questions that only
read; a place that the agent or another program holds is left alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from agent.console import answer, show, tell
from agent.devices.lock import DeviceLocked, device_lock
from drivers.discovery import Answer, Candidate, discover, every_speed, probe
from drivers.transports.base import Clock, SystemClock
from protocol.crm.codes import reason

LOCKED = "device_locked"


@dataclasses.dataclass(frozen=True, slots=True)
class DiscoverCommand:
    """``addresses``: asked instead of what discovery lists. ``every_speed``: a serial port is asked at each speed."""

    probe: bool = False
    addresses: tuple[str, ...] = ()
    every_speed: bool = False
    as_json: bool = False


def run_discover(
    command: DiscoverCommand,
    data_dir: Path,
    *,
    clock: Clock | None = None,
    find: Callable[[], Iterable[Candidate]] = discover,
) -> int:
    """Print what was found. Exit code 0; 1 when devices were looked for (``probe``) and none answered."""
    candidates = () if command.addresses else tuple(find())
    if not command.probe:
        return _list(command, candidates)
    addresses = command.addresses or (
        *(every_speed(candidates) if command.every_speed else ()),
        *(c.address for c in candidates if not (command.every_speed and c.kind == "listed")),
    )
    answers = _probe(addresses, data_dir, clock or SystemClock())
    found = [a for a in answers if a.found]
    if command.as_json:
        answer({"candidates": [c.as_dict() for c in candidates], "answers": [_row(a) for a in answers]})
    else:
        show("\n".join(_line(a) for a in answers))
        show(f"Найдено устройств: {len(found)}. / Devices found: {len(found)}.")
    return 0 if found else 1


def _list(command: DiscoverCommand, candidates: Sequence[Candidate]) -> int:
    if command.as_json:
        answer({"candidates": [c.as_dict() for c in candidates]})
        return 0
    for candidate in candidates:
        usb = f" [{candidate.vid}:{candidate.pid}]" if candidate.vid else ""
        drivers = f" → {', '.join(candidate.drivers)}" if candidate.drivers else ""
        show(f"{candidate.address:<40} {candidate.description}{usb}{drivers}".rstrip())
    show("Ничего не открывалось. Спросить, кто там: --probe. / Nothing was opened. To ask who is there: --probe.")
    return 0


def _probe(addresses: Sequence[str], data_dir: Path, clock: Clock) -> list[Answer]:
    answers: list[Answer] = []
    for number, address in enumerate(addresses, start=1):
        tell(f"{number}/{len(addresses)} {address}")
        try:
            with device_lock(data_dir, address):
                answers += probe([address], clock)
        except DeviceLocked:
            answers.append(Answer(address, "", code=LOCKED))
    return answers


def _row(found: Answer) -> dict[str, Any]:
    shown = found.as_dict()
    if found.code:
        ru, en = reason(found.code, language="ru"), reason(found.code, language="en")
        shown |= {"text": ru.text, "advice": ru.advice, "text_en": en.text, "advice_en": en.advice}
    return shown


def _line(found: Answer) -> str:
    who = found.identity
    if who is not None:
        return (
            f"{found.address}: {who.model}, {who.register_serial}, ФН {who.fn_serial}, ФФД {who.ffd} ({found.driver})"
        )
    terminal = found.terminal
    if terminal is not None:
        named = f"терминал {terminal.terminal_id}" if terminal.terminal_id else "терминал"
        model = " ".join(part for part in (terminal.vendor, terminal.model) if part)
        return f"{found.address}: {model}, {named} ({found.driver})"
    ru, en = reason(found.code, language="ru"), reason(found.code, language="en")
    return f"{found.address}: {ru.text} / {en.text} [{found.code}]"

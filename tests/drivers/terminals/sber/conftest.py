"""The reference's samples of ``e`` and ``p``, and a desk with the program's folder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from drivers.terminal_api import Order
from drivers.terminals.program import Surroundings
from drivers.terminals.sber import SberTerminal, load_profile
from drivers.transports.memory import VirtualClock
from tests.drivers.terminals.programs import FakePrograms, Listener, Play

NOON = datetime.fromisoformat("2026-03-01 12:15:00")
ORDER = Order(15000, 17)


def e(*lines: str, code: str = "0,Успешное завершение", charset: str = "cp866", **over: str) -> bytes:
    """The sample of an approved payment; ``lineN`` replaces one."""
    sample = [
        code, "************1234", "12/28", "123456", "0007", "MIR", "0", "00311159", "20260301121530", "606012345678",
        "3F2A" * 10, "", "0", "790000000001",
    ]  # fmt: skip
    for name, value in over.items():
        sample[int(name.removeprefix("line"))] = value
    return ("\r\n".join([*sample, *lines]) + "\r\n").encode(charset)


def declined(code: str) -> bytes:
    return f"{code}\r\n".encode("cp866")


SLIP = (
    "        ОПЛАТА\r\nСумма (Руб):\r\n           150.00\r\nКарта: ************1234\r\nОДОБРЕНО\r\n"
    "Подпись клиента\r\n~S\x01\r\n        ОПЛАТА\r\nСумма (Руб):\r\n           150.00\r\nКопия для клиента\r\n"
)


def p(text: str = SLIP, charset: str = "cp866") -> bytes:
    return text.encode(charset)


@dataclass
class Desk:
    folder: Path
    clock: VirtualClock
    programs: FakePrograms
    heard: list[tuple[str, bytes]]
    profile: Any

    def terminal(self, **profile: Any) -> SberTerminal:
        """A driver as the agent opens one: another each time."""

        def trace(_at: float, direction: str, data: bytes) -> None:
            self.heard.append((direction, data))

        around = Surroundings(self.programs, self.clock, lambda: NOON, trace)
        return SberTerminal(self.folder, replace(self.profile, **profile), around)

    def plays(self, *plays: Play) -> None:
        self.programs.plays += plays

    def pay(self, play: Play, **profile: Any) -> Any:
        self.plays(play)
        return self.terminal(**profile).pay(ORDER, Listener())


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    (tmp_path / "loadparm.exe").write_bytes(b"")
    clock = VirtualClock()
    profile = replace(load_profile(), mirrors=True, charset="cp866")
    return Desk(tmp_path, clock, FakePrograms(clock), [], profile)

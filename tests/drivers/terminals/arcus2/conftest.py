"""A desk with Arcus2's folder: the program, and an INI directory of either family."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from drivers.terminal_api import Order
from drivers.terminals.arcus2 import Arcus2Terminal, load_profile
from drivers.terminals.program import Surroundings
from drivers.transports.memory import VirtualClock
from tests.drivers.terminals.programs import FakePrograms, Listener, Play

NOON = datetime.fromisoformat("2026-03-01 12:15:00")
ORDER = Order(15000, 17)

CASHREG = """\
PORT=COM3            # the pinpad
SPEED=115200
OPERATION_INI_FILE=ops.ini
RC_RESOLVE_FILE=rc_res.ini
CHEQ_FILE=cheq.out
RESULT_FILE=rc.out
CANCEL_CH_FILE=auto_can.out
CANCEL_RC_FILE=can_rc.out
CHEQ_SEPARATOR======
"""
CLASSES = """\
# cash code = class, operation, name
1=1,1,ОПЛАТА
3=1,11,ВОЗВРАТ
4=1,5,ОТМЕНА ПО ССЫЛКЕ
2=2,3,АВАРИЙНАЯ ОТМЕНА
11=2,1,СВЕРКА ИТОГОВ
21=2,10,КРАТКИЙ ОТЧЕТ
22=2,0,ПОЛНЫЙ ОТЧЕТ
31=1,109,СБП
32=1,110,ВОЗВРАТ СБП
"""
NUMBERS = """\
1=0,128,Оплата
3=0,130,Возврат
5=0,225,Отмена
6=0,224,Аварийная
98=0,161,Сверка
80=0,180,Краткий
87=0,187,Полный
"""
TEXTS = "000=ОДОБРЕНО\n005=ОТКАЗ БАНКА\n999=НЕТ ОТВЕТА ПИНПАДА\n"
SLIP = "ОПЛАТА\nСумма: 150.00\nRRN: 606012345678\nОДОБРЕНО\n=====\nОПЛАТА\nСумма: 150.00\nДля клиента\n"


def output(host: str = "00", card: str = "************1234", auth: str = "123456", rrn: str = "606012345678") -> bytes:
    return "\r\n".join([host, card, "", auth, "", rrn, ""]).encode("cp1251")


def paid(**over: bytes) -> dict[str, bytes]:
    """The files of an approved payment; others by name, their dot written as two underscores."""
    files = {"rc.out": b"000\r\n", "output.dat": output(), "cheq.out": SLIP.encode("cp1251")}
    return files | {name.replace("__", "."): data for name, data in over.items()}


@dataclass
class Desk:
    folder: Path
    clock: VirtualClock
    programs: FakePrograms
    heard: list[tuple[str, bytes]]
    profile: Any

    def terminal(self, **profile: Any) -> Arcus2Terminal:
        def trace(_at: float, direction: str, data: bytes) -> None:
            self.heard.append((direction, data))

        around = Surroundings(self.programs, self.clock, lambda: NOON, trace)
        return Arcus2Terminal(self.folder, replace(self.profile, **profile), around)

    def plays(self, *plays: Play) -> None:
        self.programs.plays += plays

    def pay(self, files: Mapping[str, bytes], seconds: float = 1, exit: int = 0, **profile: Any) -> Any:
        self.plays(Play(files, seconds, exit))
        return self.terminal(**profile).pay(ORDER, Listener())

    def writes(self, name: str, text: str, charset: str = "cp1251") -> None:
        (self.folder / "INI" / name).write_bytes(text.encode(charset))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    (tmp_path / "INI").mkdir()
    (tmp_path / "CommandLineTool").write_bytes(b"")
    clock = VirtualClock()
    made = Desk(tmp_path, clock, FakePrograms(clock), [], load_profile())
    made.writes("cashreg.ini", CASHREG)
    made.writes("ops.ini", CLASSES)
    made.writes("rc_res.ini", TEXTS)
    return made

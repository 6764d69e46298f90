"""The INI directory: ``cashreg.ini`` names the files, ``ops.ini`` what each cash code means, ``rc_res.ini`` has words.

How operations are numbered (class and code) is known of two families of banks, and each bank gives its own cash codes
on top: a folder is furnished with one of ``FAMILIES``. What the program then does it reads from the files as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

CASHREG = "cashreg.ini"
FOLDERS = (".", "INI", "../INI", "../../INI")
"""Where the directory is looked for, from the working directory."""
OUTPUT = "output.dat"
"""The one file whose name no key tells."""
DEFAULTS: Mapping[str, str] = MappingProxyType({
    "OPERATION_INI_FILE": "ops.ini",
    "RC_RESOLVE_FILE": "rc_res.ini",
    "RESULT_FILE": "rc.out",
    "CHEQ_FILE": "cheq.out",
    "CANCEL_CH_FILE": "auto_can.out",
    "CANCEL_RC_FILE": "can_rc.out",
})  # fmt: skip
ENCODING = "cp1251"  # of the INI files themselves, and of the others unless cashreg.ini says otherwise
LINK_TEST = "96"
"""The cash code of the test of the link, whatever the bank."""


class Word(StrEnum):
    """An operation, whatever a bank calls it."""

    PAY = "payment"
    REFUND = "refund"
    VOID = "void"
    REVERSE = "reversal"
    SETTLE = "settlement"
    SHORT = "short-report"
    FULL = "full-report"
    DETAILS = "details"
    TEST = "test"
    UNKNOWN = "unknown"


OPERATIONS: Mapping[tuple[int, int], Word] = MappingProxyType({
    (1, 1): Word.PAY,
    (1, 11): Word.REFUND,
    (1, 5): Word.VOID,
    (2, 3): Word.REVERSE,
    (2, 1): Word.SETTLE,
    (2, 10): Word.SHORT,
    (2, 0): Word.FULL,
    (2, 27): Word.DETAILS,
    (0, 128): Word.PAY,
    (0, 130): Word.REFUND,
    (0, 225): Word.VOID,
    (0, 224): Word.REVERSE,
    (0, 161): Word.SETTLE,
    (0, 180): Word.SHORT,
    (0, 187): Word.FULL,
    (0, 177): Word.DETAILS,
})  # fmt: skip
BY_NAME = (2, 22)
"""Settlement when its name says so, the full report otherwise."""
SETTLEMENT = "СВЕРКА ИТОГОВ"


@dataclass(frozen=True, slots=True)
class Settings:
    """What ``cashreg.ini`` and ``ops.ini`` say."""

    keys: Mapping[str, str] = field(default_factory=dict)
    operations: Mapping[str, Word] = field(default_factory=dict)  # by cash code

    def name(self, key: str) -> str:
        return self.keys.get(key) or DEFAULTS[key]

    @property
    def encoding(self) -> str:
        """Of slips and results."""
        said = (self.keys.get("OPCHARSET") or self.keys.get("PPCHARSET") or ENCODING).lower()
        return "cp866" if "866" in said else ENCODING


def read(cwd: Path) -> Settings | None:
    """``None`` when there is no INI directory."""
    for folder in FOLDERS:
        file = cwd / folder / CASHREG
        if file.is_file():
            keys = dict(_rows(file))
            operations = file.parent / (keys.get("OPERATION_INI_FILE") or DEFAULTS["OPERATION_INI_FILE"])
            codes = {code: _operation(said) for code, said in _rows(operations)} if operations.is_file() else {}
            return Settings(keys, codes)
    return None


def _rows(file: Path) -> list[tuple[str, str]]:
    rows = []
    for line in file.read_bytes().decode(ENCODING, "replace").splitlines():
        key, equals, value = line.partition("#")[0].partition("=")
        if equals:
            rows.append((key.strip(), value.strip()))
    return rows


def _operation(said: str) -> Word:
    """``class,opcode,name[,…]``"""
    found = re.match(r"(\d+)\s*,\s*(\d+)\s*(?:,(.*))?$", said)
    if found is None:
        return Word.UNKNOWN
    place = (int(found[1]), int(found[2]))
    if place == BY_NAME:
        return Word.SETTLE if any(SETTLEMENT in name.upper() for name in _readings(found[3] or "")) else Word.FULL
    return OPERATIONS.get(place, Word.UNKNOWN)


def _readings(name: str) -> tuple[str, str]:
    """As it was read, and as a file that was written in DOS is to be read."""
    return name, name.encode(ENCODING, "replace").decode("cp866", "replace")


@dataclass(frozen=True, slots=True)
class Family:
    """What a bank's set-up puts into the directory."""

    operations: str
    names: Mapping[str, str] = field(default_factory=dict)
    link: str = "ССЫЛКА"  # what a slip calls the RRN


FAMILIES: Mapping[str, Family] = MappingProxyType({
    "one": Family(
        "# код кассы=класс,операция,название\n"
        "1=1,1,ОПЛАТА ПОКУПКИ\n2=2,3,АВАРИЙНАЯ ОТМЕНА\n3=1,11,ВОЗВРАТ\n4=1,5,ОТМЕНА\n5=1,3,ПРЕДАВТОРИЗАЦИЯ\n"
        "11=2,1,СВЕРКА ИТОГОВ\n12=2,10,КРАТКИЙ ОТЧЕТ\n13=2,0,ПОЛНЫЙ ОТЧЕТ\n14=2,27,ОДНА ОПЕРАЦИЯ\n"
    ),
    "by-name": Family(
        "1=1,1,ОПЛАТА\n3=1,5,ОТМЕНА ПО ССЫЛКЕ\n# 4=1,5,ОТМЕНА\n5=1,11,ВОЗВРАТ\n7=2,3,ОТМЕНА ПОСЛЕДНЕЙ\n"
        "64=2,22,КОНТРОЛЬНАЯ ЛЕНТА\n98=2,22,СВЕРКА ИТОГОВ,1\n97=2,10,КРАТКИЙ ОТЧЕТ   # без операций\n"
    ),
    "zero": Family(
        "1=0,128,Оплата\n2=0,130,Возврат\n6=0,225,Отмена\n8=0,133,Преавторизация\n9=0,224,Аварийная отмена\n"
        "65=0,161,Сверка итогов\n20=0,180,Краткий отчет\n21=0,187,Подробный отчет\n22=0,177,Операция\n",
        {
            "RESULT_FILE": "result.out",
            "CHEQ_FILE": "slip.out",
            "CANCEL_CH_FILE": "cancel.out",
            "CANCEL_RC_FILE": "cancel_rc.out",
            "CHEQ_SEPARATOR": "==CUT==",
        },
        "RRN",
    ),
})  # fmt: skip
SETUP = (
    ("PORT", "COM9"), ("SPEED", "115200"), ("BYTE", "8"), ("PARITY", "N"), ("STOP", "1"), ("TIMEOUT", "60000"),
    ("PPAD_IDLE_TO", "120000"), ("NODIALOGS", "1"), ("USE_PRINTER", "NONE"),
)  # fmt: skip


def furnish(folder: Path, family: str, charset: str, words: Mapping[str, str]) -> None:
    """Put the directory into ``folder/INI``; files that are there stay as they are. ``words``: of ``rc_res.ini``."""
    made = FAMILIES[family]
    rows = [*SETUP, *{**DEFAULTS, **made.names}.items()]
    if charset != ENCODING:
        rows += [("PPCHARSET", charset), ("OPCHARSET", charset)]
    directory = folder / "INI"
    directory.mkdir(parents=True, exist_ok=True)
    _put(directory / CASHREG, "".join(f"{key}={value}\n" for key, value in rows))
    _put(directory / DEFAULTS["OPERATION_INI_FILE"], made.operations)
    _put(directory / DEFAULTS["RC_RESOLVE_FILE"], "".join(f"{code}={text}\n" for code, text in words.items()))


def _put(file: Path, text: str) -> None:
    if not file.exists():
        file.write_bytes(text.replace("\n", "\r\n").encode(ENCODING))

"""Words of the doctor: a check, what it may find, what it found.

A check names every cause that it can tell, with its verdict, its sentence and the one thing to do next, in Russian and
English. Looking gives the code of a cause and facts; the sentence is made of both. So the table in ``docs/doctor.md``,
the report and the tests speak of the same causes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from protocol.crm.codes import CODES
from protocol.crm.jobs import DeviceClass

if TYPE_CHECKING:
    from agent.support.doctor.scene import Scene

Fact = str | int | float | bool | None
Facts = Mapping[str, Fact]

FACTS = frozenset(
    {
        "account", "action", "address", "agent", "age_h", "age_min", "age_s", "at", "config", "count", "data_dir",
        "days_left", "desk", "detail", "device", "documents_left", "driver", "drift_s", "error", "ffd", "firmware",
        "fn", "fn_expires", "folder", "free_mb", "head", "holder", "host", "issuer", "job", "kkm_id", "last_fd",
        "lines",
        "loaded", "model", "mode", "now", "oldest", "owner", "paper", "path", "place", "port", "problem", "proxy",
        "records", "recorded", "registration_number", "serial", "bound_serial", "shift", "since", "skew_s", "source",
        "state", "status", "step", "subject", "trouble", "unsent", "until", "url", "paired_url", "vendor", "version",
        "running_version", "warnings",
    }
)  # fmt: skip
"""Every key that a report may carry. What is not listed here does not leave a check: a bundle holds the report."""


class Verdict(StrEnum):
    OK = "ok"
    SKIPPED = "skipped"  # there is nothing to look at, or what it needs is not good itself
    WARNING = "warning"  # works now, and will not for long
    UNKNOWN = "unknown"  # could not be looked at
    BAD = "bad"

    @property
    def is_good(self) -> bool:
        return self not in (Verdict.UNKNOWN, Verdict.BAD)


WORST_FIRST = (Verdict.BAD, Verdict.UNKNOWN, Verdict.WARNING, Verdict.SKIPPED, Verdict.OK)


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that a check may find. The sentences have the facts' names in braces. ``do``: the one next action,
    empty when there is nothing to do."""

    verdict: Verdict
    ru: str
    en: str
    do_ru: str = ""
    do_en: str = ""


def good(ru: str, en: str) -> Cause:
    return Cause(Verdict.OK, ru, en)


def idle(ru: str, en: str) -> Cause:
    """There is nothing to look at."""
    return Cause(Verdict.SKIPPED, ru, en)


def bad(ru: str, en: str, do_ru: str, do_en: str) -> Cause:
    return Cause(Verdict.BAD, ru, en, do_ru, do_en)


def warning(ru: str, en: str, do_ru: str, do_en: str) -> Cause:
    return Cause(Verdict.WARNING, ru, en, do_ru, do_en)


def unknown(ru: str, en: str, do_ru: str, do_en: str) -> Cause:
    return Cause(Verdict.UNKNOWN, ru, en, do_ru, do_en)


def told(code: str, verdict: Verdict = Verdict.BAD) -> Cause:
    """A cause with the words that ``protocol.crm.codes`` has for its code."""
    known = CODES[code]
    return Cause(verdict, known.ru, known.en, known.advice_ru, known.advice_en)


def table(**causes: Cause) -> Mapping[str, Cause]:
    return MappingProxyType(causes)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look came to. ``words`` fill the sentence's braces beside the facts, and are shown nowhere else."""

    code: str = "ok"
    facts: Facts = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)


class NotLooked(Exception):
    """A check cannot look, because what it needs was not found good by ``check``, which says so itself."""

    def __init__(self, check: str) -> None:
        super().__init__(check)
        self.check = check


REGISTERS = frozenset({DeviceClass.REGISTER})
TERMINALS = frozenset({DeviceClass.TERMINAL})
ALL_DEVICES = REGISTERS | TERMINALS


@dataclass(frozen=True, slots=True)
class Check:
    """``ru`` and ``en`` say what is looked at. ``look`` reads and asks, and changes nothing: a device gets queries
    only, the disk one file of the doctor's own, gone again. ``each``: once for every device of the configuration that
    is of a class in ``of``.

    ``look`` may raise ``NotLooked``; whatever else it raises is told as ``unknown``."""

    id: str
    ru: str
    en: str
    causes: Mapping[str, Cause]
    look: Callable[[Scene], Seen]
    each: bool = False
    of: frozenset[DeviceClass] = REGISTERS


NEEDS = Cause(
    Verdict.SKIPPED,
    "Не проверялось: сначала нужно исправить «{needed_ru}» ({needed}).",
    "Not looked at: “{needed_en}” ({needed}) has to be good first.",
)
FAILED = Cause(
    Verdict.UNKNOWN,
    "Проверка не удалась: {error}.",
    "The check itself failed: {error}.",
    "Передайте этот отчёт поддержке.",
    "Give this report to support.",
)
TOO_LONG = Cause(
    Verdict.UNKNOWN,
    "За {until} с ответа не было, проверка прервана.",
    "There was no answer within {until} s; the check was given up.",
    "Повторите проверку; если повторится, передайте отчёт поддержке.",
    "Run the check again; if it stays, give the report to support.",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a report. ``device`` is the KKM_ID of a check that was made for one device; ``needs`` the check that
    has to be good before this one can look."""

    id: str
    verdict: Verdict
    code: str
    title_ru: str
    title_en: str
    ru: str
    en: str
    do_ru: str = ""
    do_en: str = ""
    device: str | None = None
    facts: Facts = field(default_factory=dict)
    needs: str | None = None

    @property
    def name(self) -> str:
        return self.id if self.device is None else f"{self.id}:{self.device}"

"""A simulated device put together from options given as text: the command line's and an address's are the same ones.

``wanted`` reads them and raises ``ValueError`` that names the option, what was given and what was expected. Nothing is
opened before ``assemble``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

from drivers.simulators.clock import SystemClock, offset
from drivers.simulators.families import BUILT
from drivers.simulators.faults import Fault, FaultSpecError, parse
from drivers.simulators.ofd import DEFAULT_LAG
from drivers.simulators.registration import ALL_TAX_SYSTEMS, FFD_CODES, FN_CAPACITY, FN_DAYS
from drivers.simulators.store import Store

if TYPE_CHECKING:
    from drivers.simulators.case import Case
    from drivers.simulators.paper import Paper

S = TypeVar("S")

TAX_SYSTEMS: Mapping[str, int] = {"osn": 1, "usn_income": 2, "usn_income_outcome": 4, "esn": 16, "patent": 32}
"""Word of the REST API -> bit of tag 1062."""


def _clock(text: str) -> SystemClock:
    try:
        return SystemClock(timedelta(seconds=offset(text)))
    except ValueError:
        pass
    try:
        return SystemClock.starting_at(datetime.fromisoformat(text).replace(tzinfo=None))
    except ValueError as error:
        raise ValueError("2026-11-22T10:00:00 or an offset such as -2h") from error


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError("one of " + ", ".join(words))
        return text

    return read


def _taxation(text: str) -> int:
    mask = 0
    for word in text.split(","):
        if word not in TAX_SYSTEMS:
            raise ValueError(f"words of {', '.join(TAX_SYSTEMS)}, with commas between them")
        mask |= TAX_SYSTEMS[word]
    return mask


def _protocol(text: str) -> int:
    return int(_one_of("1", "2")(text))


def _whole(text: str) -> int:
    if not re.fullmatch(r"-?\d{1,18}", text):
        raise ValueError("a whole number")
    return int(text)


def _count(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,8}", text):
        raise ValueError("a whole number from 1 up")
    return int(text)


def _digits(count: int) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not re.fullmatch(rf"[0-9]{{{count}}}", text):
            raise ValueError(f"{count} digits")
        return text

    return read


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 3600:
        raise ValueError("seconds from 0 to 3600")
    return seconds


def _ofd(text: str) -> float | None:
    if text == "off":
        return None
    try:
        return _seconds(text)
    except ValueError as error:
        raise ValueError(f"{error}, or off") from error


def _path(text: str) -> Path:
    if not text:
        raise ValueError("a path")
    return Path(text)


def _auth(text: str) -> str:
    user, colon, _ = text.partition(":")
    if not user or not colon:
        raise ValueError("USER:PASSWORD")
    return text


def _faults(text: str) -> tuple[Fault, ...]:
    """An address can name an option once, so several faults stand in one value with ``;`` between them."""
    return tuple(parse(each) for each in text.split(";"))


@dataclass(frozen=True, slots=True)
class Option:
    read: Callable[[str], Any]
    metavar: str
    help: str
    switch: bool = False  # given without a value on the command line, as yes/no in an address
    repeated: bool = False


def _yes(text: str) -> bool:
    return _one_of("yes", "no")(text) == "yes"


def _models() -> str:
    return "; ".join(f"{name}: {', '.join(family.models)}" for name, family in BUILT.items() if family.models)


OPTIONS: Mapping[str, Option] = {
    "state": Option(_path, "FILE", "the device's memory; made when it does not exist"),
    "ffd": Option(_one_of(*FFD_CODES), "|".join(FFD_CODES), "format of a fresh register (1.2)"),
    "taxation": Option(_taxation, "WORDS", f"tax systems of a fresh register: {','.join(TAX_SYSTEMS)} (all)"),
    "model": Option(str, "NAME", f"model of a fresh register; {_models()}; the first is the usual one"),
    "ofd": Option(_ofd, "S|off", "seconds until the operator of a fresh register confirms a document (30)"),
    "overdrawn": Option(_yes, "yes|no", "a cash return may take more than the drawer holds", switch=True),
    "fn-days": Option(_count, "N", "life of a fresh register's fiscal drive, days (1110)"),
    "fn-capacity": Option(_count, "N", "documents that a fresh fiscal drive can hold (250000)"),
    "fault": Option(_faults, "SPEC", "a fault; may be repeated", repeated=True),
    "protocol": Option(_protocol, "1|2", "the only lower level, or web interface, that it speaks (both)"),
    "auth": Option(_auth, "USER:PASSWORD", "whom the web server answers (everybody)"),
    "task-time": Option(_seconds, "S", "seconds that the web server's library needs for a task (0.02)"),
    "paper": Option(_path, "DIR", "write each printed slip there as .txt and .png"),
    "clock": Option(
        _clock,
        "WHEN",
        "what the device's clock shows at the start: 2026-11-22T10:00:00, or an offset: --clock=-2h, +30m, +45",
    ),
    "seed": Option(_whole, "N", "seed of a fresh register's numbers (random)"),
    "print-time": Option(_seconds, "S", "seconds to print a slip (0.02)"),
    "steer": Option(_yes, "yes|no", "the kopecks of an amount decide how a terminal's operation goes (yes)"),
    "pace": Option(_seconds, "S", "seconds that a terminal's customer needs for a step, and the bank too (0.3)"),
    "terminal": Option(_digits(8), "ID", "number of a fresh terminal, 8 digits (random)"),
    "currency": Option(_digits(3), "CODE", "of the terminal, ISO 4217 in digits (643)"),
    "password": Option(_digits(6), "DIGITS", "the only one that the terminal takes, 6 digits (any)"),
    "vending": Option(_yes, "yes|no", "the terminal waits for the goods before it keeps the money", switch=True),
    "unacknowledged": Option(
        _one_of("reverse", "later"),
        "reverse|later",
        "a payment whose result nobody acknowledged: taken back at once, or left to the next one's number (reverse)",
    ),
    "reversed-shows": Option(
        _one_of("aborted", "nothing"),
        "aborted|nothing",
        "what the terminal tells of a payment that it took back by itself: that, or the one before it (aborted)",
    ),
    "manner": Option(
        _one_of("windows", "linux"), "windows|linux", "as which system's program it behaves (this system's)"
    ),
    "select": Option(_yes, "yes|no", "Sber: the bank allows a refund without the card, by RRN alone (yes)"),
    "full-report": Option(_one_of("0", "1"), "0|1", "Sber: the number that asks for the full report (1)"),
    "ops": Option(
        _one_of("one", "by-name", "zero"), "NAME", "Arcus2: the bank's way of numbering: one, by-name, zero (one)"
    ),
    "charset": Option(_one_of("cp1251", "cp866"), "cp1251|cp866", "Arcus2: of slips and results (cp1251)"),
    "rrn": Option(_one_of("output", "slip"), "output|slip", "Arcus2: where the RRN stands (output)"),
    "vat-autoreplace": Option(
        _yes, "yes|no", "a fresh register turns VAT 20%% into 22%% by itself (table 17 field 71 = 1)", switch=True
    ),
}


OF_SOME = frozenset(name for family in BUILT.values() for name in family.options)
"""Options that a family must list to have."""
LAST_SLIPS = 100
"""Slips that a device without a paper folder remembers: a shop's day must not fill the memory."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Read options; what says "of a fresh register" matters only to a device that has no memory yet."""

    family: str = "shtrih"
    state: Path | None = None
    ffd: str = "1.2"
    taxation: int = ALL_TAX_SYSTEMS
    model: str = ""
    ofd: float | None = DEFAULT_LAG
    overdrawn: bool = False
    fn_days: int = FN_DAYS
    fn_capacity: int = FN_CAPACITY
    fault: tuple[Fault, ...] = ()
    protocol: int | None = None
    paper: Path | None = None
    clock: SystemClock = field(default_factory=SystemClock)
    seed: int | None = None
    print_time: float = 0.02
    vat_autoreplace: bool = False
    auth: str = ""
    task_time: float = 0.02
    steer: bool = True
    pace: float = 0.3
    terminal: str = ""
    currency: str = "643"
    password: str = ""
    vending: bool = False
    unacknowledged: str = "reverse"
    reversed_shows: str = "aborted"
    manner: str = "windows" if sys.platform == "win32" else "linux"
    select: bool = True
    full_report: str = "1"
    ops: str = "one"
    charset: str = "cp1251"
    rrn: str = "output"

    def tray(self) -> Paper:
        """Where printed slips go."""
        from drivers.simulators.paper import FolderPaper, MemoryPaper

        return FolderPaper(self.paper) if self.paper else MemoryPaper(keep=LAST_SLIPS)

    def fresh(self, new_state: Callable[..., S], random: Random, **own: Any) -> S:
        """A register's first memory, by its factory; ``own``: what only this family has."""
        return new_state(
            random,
            self.clock,
            ffd=self.ffd,
            tax_systems=self.taxation,
            fn_days=self.fn_days,
            fn_capacity=self.fn_capacity,
            model=self.model,
            ofd=self.ofd,
            refuses_overdrawn=not self.overdrawn,
            **own,
        )


def wanted(options: Iterable[tuple[str, str]], prefix: str = "", family: str = "shtrih") -> Wanted:
    """Name and text of each option; ``prefix`` stands before a name in a complaint ("--")."""
    built = BUILT[family]
    known = [name for name in OPTIONS if name not in OF_SOME or name in built.options]
    values: dict[str, Any] = {"model": built.models[0]} if built.models else {}
    for name, text in options:
        if name not in known:
            raise ValueError(f"unknown option {prefix}{name}; a simulated device takes {', '.join(known)}")
        option = OPTIONS[name]
        try:
            value = _one_of(*built.models)(text) if name == "model" else option.read(text)
        except FaultSpecError:
            raise  # names itself
        except ValueError as error:
            raise ValueError(f"{prefix}{name} {text!r}: expected {error}") from error
        key = name.replace("-", "_")
        values[key] = values.get(key, ()) + value if option.repeated else value
    return Wanted(family, **values)


def family_of(name: str) -> str:
    """The family itself. Raises ``ValueError`` that lists the families for any other word."""
    if name not in BUILT:
        raise ValueError(f"unknown family {name!r}; families: {', '.join(BUILT)}")
    return name


def store_of(path: Path | None, family: str = "shtrih") -> Store[Any]:
    """The memory of a device of that family."""
    return BUILT[family].store(path)


def assemble(options: Wanted, *, extra_byte: bool) -> Case[Any]:
    """Switch the device on. ``extra_byte``: the line is a network's, where Shtrih-M sends FFh after the host's ACK and
    ZVT has no frames.

    Raises ``StoreError`` when the state file is something else, ``OSError`` when a folder or file cannot be made,
    ``FaultSpecError`` for a fault that this family cannot have.
    """
    return BUILT[options.family].assemble(options, extra_byte)

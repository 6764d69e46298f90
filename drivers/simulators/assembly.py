"""A simulated device put together from options given as text: the command line's and an address's are the same ones.

``wanted`` reads them and raises ``ValueError`` that names the option, what was given and what was expected. Nothing is
opened before ``assemble``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

from drivers.simulators.clock import SystemClock, offset
from drivers.simulators.faults import Fault, FaultSpecError, parse
from drivers.simulators.ofd import DEFAULT_LAG
from drivers.simulators.registration import ALL_TAX_SYSTEMS, FFD_CODES, FN_CAPACITY, FN_DAYS
from drivers.simulators.store import Store

if TYPE_CHECKING:
    from drivers.simulators.appliance import Appliance
    from drivers.simulators.paper import Paper

S = TypeVar("S")

FAMILIES = ("shtrih", "atol", "atol-web", "sber", "inpas", "arcus2", "zvt")
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


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of device that can be simulated. Its modules are imported when one is wanted, not for a help text."""

    title: str
    port: int  # where it listens unless told otherwise
    models: tuple[str, ...]  # the first is the usual one
    options: tuple[str, ...]  # that not every family has
    store: Callable[[Path | None], Store[Any]]
    assemble: Callable[[Wanted, bool], Appliance[Any, Any]]


def _shtrih_store(path: Path | None) -> Store[Any]:
    from drivers.simulators.shtrih.assembly import store_of

    return store_of(path)


def _shtrih(options: Wanted, network: bool) -> Appliance[Any, Any]:
    from drivers.simulators.shtrih.assembly import assemble

    return assemble(options, extra_byte=network)


def _atol_store(path: Path | None) -> Store[Any]:
    from drivers.simulators.atol.assembly import store_of

    return store_of(path)


def _atol(options: Wanted, network: bool) -> Appliance[Any, Any]:
    from drivers.simulators.atol.assembly import assemble

    return assemble(options, network=network)


def _atol_web_store(path: Path | None) -> Store[Any]:
    from drivers.simulators.atol_web.assembly import store_of

    return store_of(path)


def _atol_web(options: Wanted, _network: bool) -> Appliance[Any, Any]:
    from drivers.simulators.atol_web.assembly import assemble

    return assemble(options)


BUILT: Mapping[str, Family] = {
    "shtrih": Family(
        "fiscal register Shtrih-M",
        7778,
        ("standard", "mobile", "plain", "narrow"),
        ("protocol", "vat-autoreplace"),
        _shtrih_store,
        _shtrih,
    ),
    "atol": Family("fiscal register ATOL, by its wire protocol", 5555, ("25f", "30f", "22v2f"), (), _atol_store, _atol),
    "atol-web": Family(
        "ATOL Web Server with a register",
        16732,
        ("25f", "30f", "22v2f"),
        ("protocol", "auth", "task-time"),
        _atol_web_store,
        _atol_web,
    ),
}


def _models() -> str:
    return "; ".join(f"{name}: {', '.join(family.models)}" for name, family in BUILT.items())


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
    values: dict[str, Any] = {"model": built.models[0]}
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
    if name not in FAMILIES:
        raise ValueError(f"unknown family {name!r}; families: {', '.join(FAMILIES)} (built: {', '.join(BUILT)})")
    if name not in BUILT:
        raise ValueError(f"family {name!r} is planned and not built yet; built: {', '.join(BUILT)}")
    return name


def store_of(path: Path | None, family: str = "shtrih") -> Store[Any]:
    """The memory of a device of that family."""
    return BUILT[family].store(path)


def assemble(options: Wanted, *, extra_byte: bool) -> Appliance[Any, Any]:
    """Switch the device on. ``extra_byte``: the line is a network's, where Shtrih-M sends FFh after the host's ACK.

    Raises ``StoreError`` when the state file is something else, ``OSError`` when a folder or file cannot be made,
    ``FaultSpecError`` for a fault that this family cannot have.
    """
    return BUILT[options.family].assemble(options, extra_byte)

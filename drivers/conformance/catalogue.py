"""The behaviours: how one is written down, and all there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from types import ModuleType

from drivers.api import Capabilities
from drivers.conformance.bench import Need
from drivers.conformance.stage import Stage

SECTIONS = (
    "identity",
    "condition",
    "receipts",
    "formats",
    "judging",
    "refusals",
    "verdicts",
    "doubt",
    "attempts",
    "fence",
    "money",
    "archive",
    "paper",
    "line",
)
"""Modules of ``drivers.conformance.behaviours``, in the order of the sheet."""


class Able(StrEnum):
    """A capability without which a behaviour has no meaning; the value is the reason for its absence."""

    IMPRINT = "the driver says that nothing of ours is stored in a document (has_imprint)"
    CANCEL = "the driver says that an open document cannot be cancelled (can_cancel_open)"
    ARCHIVE = "the driver says that the archive cannot be read (can_read_archive)"
    FFD_12 = "the driver says that it makes no receipts of format 1.2 (formats)"
    NAMES = "the driver says that its device knows no names of attempts (has_task_id)"
    STEPWISE = "the driver says that a receipt is one command (one_command)"

    def within(self, capabilities: Capabilities) -> bool:
        match self:
            case Able.IMPRINT:
                return capabilities.has_imprint
            case Able.CANCEL:
                return capabilities.can_cancel_open
            case Able.ARCHIVE:
                return capabilities.can_read_archive
            case Able.FFD_12:
                return "1.2" in capabilities.formats
            case Able.NAMES:
                return capabilities.has_task_id
            case Able.STEPWISE:
                return not capabilities.one_command


@dataclass(frozen=True, slots=True)
class Behaviour:
    """``name`` is stable: a bench exempts by it, a sheet is compared by it. ``show`` raises when it is not shown."""

    name: str
    says: str
    show: Callable[[Stage], None]
    needs: frozenset[Need] = frozenset()
    able: frozenset[Able] = frozenset()


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    behaviours: Sequence[Behaviour]


def behaviour(name: str, says: str, *needs: Need | Able) -> Callable[[Callable[[Stage], None]], Behaviour]:
    """Make a behaviour of a function. ``needs`` are settings, which the register is made with, fates and hands, which
    may be used, and capabilities."""

    def of(show: Callable[[Stage], None]) -> Behaviour:
        return Behaviour(
            name,
            says,
            show,
            frozenset(need for need in needs if not isinstance(need, Able)),
            frozenset(need for need in needs if isinstance(need, Able)),
        )

    return of


def sections() -> list[Section]:
    """All of them. A section is a module: its title is the first line of its docstring."""
    found = []
    for name in SECTIONS:
        module = import_module(f"drivers.conformance.behaviours.{name}")
        title = (module.__doc__ or name).splitlines()[0].rstrip(".")
        found.append(Section(title, tuple(_of(module))))
    return found


def behaviours() -> list[Behaviour]:
    return [each for section in sections() for each in section.behaviours]


def _of(module: ModuleType) -> Iterator[Behaviour]:
    """Those that stand in the module by name, and those of its tables."""
    for value in vars(module).values():
        if isinstance(value, Behaviour):
            yield value
        elif isinstance(value, tuple):
            yield from (each for each in value if isinstance(each, Behaviour))

"""How a behaviour is written down, and a suite of them: everything that a driver of one kind of device must show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from types import ModuleType
from typing import Any, TypeVar

from drivers.conformance.place import AnyBench
from drivers.conformance.showing import AnyStage

S = TypeVar("S", bound=AnyStage[Any, Any])


class Ability(StrEnum):
    """A capability without which a behaviour has no meaning; the value is the reason for its absence. A suite's
    ``Able`` is made of it."""

    def within(self, capabilities: Any) -> bool:
        """Whether the driver says that it has it."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Behaviour:
    """``name`` is stable: a bench exempts by it, a sheet is compared by it. ``show`` is given a stage of its suite, and
    raises when it is not shown."""

    name: str
    says: str
    show: Callable[[Any], None]
    needs: frozenset[StrEnum] = frozenset()
    able: frozenset[Ability] = frozenset()


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    behaviours: Sequence[Behaviour]


def behaviour(name: str, says: str, *needs: StrEnum) -> Callable[[Callable[[S], None]], Behaviour]:
    """Make a behaviour of a function. ``needs`` are settings, which the device is made with, fates and hands, which
    may be used, and capabilities."""

    def of(show: Callable[[S], None]) -> Behaviour:
        return Behaviour(
            name,
            says,
            show,
            frozenset(need for need in needs if not isinstance(need, Ability)),
            frozenset(need for need in needs if isinstance(need, Ability)),
        )

    return of


@dataclass(frozen=True, slots=True)
class Suite:
    """``device``: what a sheet calls it. ``modules``: those of ``package``, in the order of the sheet; a section is a
    module, and its title the first line of the module's docstring."""

    device: str
    package: str
    modules: Sequence[str]
    stage: Callable[[Any, frozenset[Any]], AnyStage[Any, Any]]

    def sections(self) -> list[Section]:
        found = []
        for name in self.modules:
            module = import_module(f"{self.package}.{name}")
            title = (module.__doc__ or name).splitlines()[0].rstrip(".")
            found.append(Section(title, tuple(_of(module))))
        return found

    def behaviours(self) -> list[Behaviour]:
        return [each for section in self.sections() for each in section.behaviours]

    def on(self, bench: AnyBench, needs: frozenset[StrEnum]) -> AnyStage[Any, Any]:
        """A fresh device of the bench."""
        return self.stage(bench, needs)


def _of(module: ModuleType) -> Iterator[Behaviour]:
    """Those that stand in the module by name, and those of its tables."""
    for value in vars(module).values():
        if isinstance(value, Behaviour):
            yield value
        elif isinstance(value, tuple):
            yield from (each for each in value if isinstance(each, Behaviour))

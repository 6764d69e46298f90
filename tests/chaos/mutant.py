"""What a mutant is: one way to break the product, made by a patch, and the runs that reach it soonest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.chaos.dice import Cell
from tests.chaos.world import Plan

Patch = pytest.MonkeyPatch


@dataclass(frozen=True, slots=True)
class Hint:
    """Runs that reach the broken place soon: all but the seed of a ``Plan``."""

    layout: str = "one"
    theme: str = "plain"
    kinds: tuple[str, ...] = ("receipt", "receipt")
    target: Cell | None = None
    nth: int = 1
    budget: int = 5
    cancels: float = 0.0
    killers: int = 2
    off: float = 0.0
    clock: float = 0.0
    happens: tuple[tuple[float, str], ...] = ()
    times: int = 1

    def plan(self, seed: int) -> Plan:
        return Plan(
            seed, self.layout, self.theme, self.kinds, budget=self.budget, target=self.target, nth=self.nth,
            cancels=self.cancels, killers=self.killers, off=self.off, clock=self.clock, happens=self.happens,
            times=self.times,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mutant:
    """``breaks`` says in one sentence what is broken; ``rules`` are those of the checker that it must break, any of
    them. ``hints`` are played in turn; without any, the general mix has to reach it."""

    name: str
    breaks: str
    patch: Callable[[Patch], None]
    rules: frozenset[str]
    hints: tuple[Hint, ...] = (Hint(),)


def rules(*names: str) -> frozenset[str]:
    return frozenset(names)


DOUBTFUL = ("duplicate", "false_done", "false_not_done")
"""The rules of the one thing that counts: one document per job, and nothing said that is not so."""
THREE = ("receipt",) * 3
MANY = ("receipt",) * 5
DEAD_PC = Hint("rivals", "dead_pc", MANY, target=("device:Close", "lost_request"), budget=3)
MOVE = Hint("rivals", "move", MANY, target=("device:Close", "silent"))
ROLLBACK = Hint("unmarked", "rollback", MANY)
RESTORED = Hint(theme="server_restored", kinds=MANY)

"""Which fault strikes where: every choice comes from one seeded generator, and every step that asks is counted.

A *step* is a named moment of the product (``commit:intent``, ``device:Close``, ``message:offer``, ``server:update``);
a *fault* is what may happen to it there. A cell is (step, fault). A run may have a target cell, so that the rare ones
are reached, too: it strikes there as soon as the step comes; all the rest is luck.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

Cell = tuple[str, str]

CHANCE = {"commit": 0.035, "device": 0.12, "query": 0.02, "message": 0.006, "server": 0.004}
"""Of a fault at one step, by the step's kind."""


@dataclass
class Dice:
    random: Random
    budget: int
    target: Cell | None = None
    nth: int = 1
    """The target is struck when its step comes for the n-th time."""
    steps: Counter[str] = field(default_factory=Counter)
    cells: Counter[Cell] = field(default_factory=Counter)
    counted: int = 0
    """Faults that struck while a job was under way."""
    under_way: Callable[[], bool] = lambda: False
    told: Callable[[str], None] = lambda _: None

    @property
    def calm(self) -> bool:
        """No more faults."""
        return self.budget <= 0

    def strike(self, step: str, faults: Sequence[str], *, kind: str | None = None) -> str | None:
        """What happens at this step now: one of ``faults``, or nothing."""
        self.steps[step] += 1
        if self.budget <= 0 or not faults:
            return None
        if self.target is not None and self.target[0] == step and self.target[1] in faults:
            if self.steps[step] < self.nth:
                return None
            chosen, self.target = self.target[1], None
        elif self.random.random() < CHANCE[kind or step.partition(":")[0]]:
            chosen = self.random.choice(faults)
        else:
            return None
        self.struck(step, chosen)
        return chosen

    def struck(self, step: str, fault: str) -> None:
        """Something has happened, by a strike or by the weather."""
        self.cells[step, fault] += 1
        self.budget -= 1
        self.counted += self.under_way()
        self.told(f"{step} {fault}")


def merged(parts: Sequence[Mapping[Cell, int]]) -> Counter[Cell]:
    total: Counter[Cell] = Counter()
    for part in parts:
        total.update(part)
    return total

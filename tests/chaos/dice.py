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

CHANCE = {
    "commit": 0.02, "device": 0.12, "query": 0.08, "message": 0.006, "server": 0.004, "task": 0.5, "question": 0.02,
}  # fmt: skip
"""Of a fault at one step, by the step's kind: of a command in one of many that make a document, or in the only one."""
WEIGHT = dict.fromkeys(
    ("crash_before", "crash_after", "crash_late", "disk_full", "flush_failed", "hole", "cut", "lost"), 1
)
"""Of a fault among those that may strike, where it is not 4: what ends a process or a connection costs the run so many
messages that it is left to its targets, and to luck now and then."""
FRAGILE = frozenset({"commit", "device", "query", "task", "question"})
"""Kinds of steps at which a fault costs an attempt that is under way."""


@dataclass
class Dice:
    random: Random
    budget: int
    target: Cell | None = None
    nth: int = 1
    """The target is struck when its step comes for the n-th time."""
    times: int = 1
    """And the times after that, until it has been struck so often."""
    steps: Counter[str] = field(default_factory=Counter)
    cells: Counter[Cell] = field(default_factory=Counter)
    counted: int = 0
    """Faults that struck while a job was under way."""
    killers: int = 2
    """Faults that may still cost an attempt. After three lost attempts a job ends undone, which is right and dull."""
    under_way: Callable[[], bool] = lambda: False
    fragile: Callable[[], bool] = lambda: False
    """An attempt is under way, and its closing command has not been sent."""
    told: Callable[[str], None] = lambda _: None

    @property
    def _kept(self) -> int:
        return self.times if self.target is not None else 0

    @property
    def calm(self) -> bool:
        """No more faults."""
        return self.budget <= 0

    def strike(self, step: str, faults: Sequence[str], *, kind: str | None = None) -> str | None:
        """What happens at this step now: one of ``faults``, or nothing."""
        self.steps[step] += 1
        if self.budget <= 0 or not faults:
            return None
        kind = kind or step.partition(":")[0]
        fragile = kind in FRAGILE and self.fragile()
        if self.target is not None and self.target[0] == step and self.target[1] in faults:
            if self.steps[step] < self.nth:
                return None
            chosen, self.times = self.target[1], self.times - 1
            if self.times <= 0:
                self.target = None
        elif (fragile and self.killers <= 0) or self.budget <= self._kept:
            return None  # the last faults are kept for the target
        elif self.random.random() < CHANCE[kind]:
            chosen = self.random.choices(faults, [WEIGHT.get(fault, 4) for fault in faults])[0]
        else:
            return None
        self.killers -= fragile
        self.struck(step, chosen)
        return chosen

    def may_kill(self) -> bool:
        """Whether something that may cost an attempt is allowed now; counted when it does."""
        if not self.fragile():
            return True
        if self.killers <= 0:
            return False
        self.killers -= 1
        return True

    def struck(self, step: str, fault: str) -> None:
        """Something has happened, by a strike or by the weather."""
        self.cells[step, fault] += 1
        self.budget = max(self.budget - 1, self._kept)
        self.counted += self.under_way()
        self.told(f"{step} {fault}")


def merged(parts: Sequence[Mapping[Cell, int]]) -> Counter[Cell]:
    total: Counter[Cell] = Counter()
    for part in parts:
        total.update(part)
    return total

"""All mutants, and how one is caught: runs are played with it until the checker names a rule that it must break.

A report counts only if the very same run without the mutant is right.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import pytest

from tests.chaos import mutants_agent, mutants_link, mutants_operation, mutants_receipt, mutants_server
from tests.chaos.checker import Wrong
from tests.chaos.mutant import Mutant
from tests.chaos.runs import Player, plan_of
from tests.chaos.template import LAYOUTS, template
from tests.chaos.world import Plan

MUTANTS: dict[str, Mutant] = {
    mutant.name: mutant
    for part in (mutants_receipt, mutants_operation, mutants_agent, mutants_link, mutants_server)
    for mutant in part.MUTANTS
}
MIXED = 4
"""Every so many runs one is of the general mix."""


@dataclass(frozen=True, slots=True)
class Caught:
    """After how many runs, in which, and by what."""

    runs: int
    plan: Plan
    wrong: Wrong


def plans(mutant: Mutant, runs: int, seed: int) -> list[Plan]:
    """What is played: the hinted runs in turn, between them the general mix."""
    first = seed * 1_000_003 + zlib.crc32(mutant.name.encode()) % 1_000_000
    hints = mutant.hints
    return [
        plan_of(first + n) if not hints or n % MIXED == MIXED - 1 else hints[n % len(hints)].plan(first + n)
        for n in range(runs)
    ]


def catch(player: Player, mutant: Mutant, runs: int, seed: int = 1) -> Caught | None:
    """Play ``runs`` runs at most. Under ``patched``."""
    for layout in LAYOUTS:
        template(layout)  # shops are founded by the product as it is
    for n, plan in enumerate(plans(mutant, runs, seed), 1):
        with pytest.MonkeyPatch.context() as patch:
            mutant.patch(patch)
            result = player.play(plan)
        broken = [wrong for wrong in result.wrong if wrong.rule in mutant.rules]
        if broken and not player.play(plan).wrong:
            return Caught(n, plan, broken[0])
    return None

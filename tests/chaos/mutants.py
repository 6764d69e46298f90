"""All mutants, and how one is caught: runs are played with it until the checker names a rule that it must break.

A report counts only if the very same run without the mutant is right.
"""

from __future__ import annotations

import multiprocessing
import shutil
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import pytest

from tests.chaos import (
    mutants_journal,
    mutants_link,
    mutants_operation,
    mutants_owner,
    mutants_receipt,
    mutants_sale,
    mutants_server,
    mutants_start,
)
from tests.chaos.checker import RULES, Wrong
from tests.chaos.mutant import Mutant
from tests.chaos.runs import Player, memory_folder, plan_of, playing
from tests.chaos.template import template
from tests.chaos.world import Plan

EVERY: Mapping[str, Mutant] = {
    mutant.name: mutant
    for part in (
        mutants_receipt, mutants_operation, mutants_journal, mutants_start, mutants_owner, mutants_link, mutants_server,
        mutants_sale,
    )
    for mutant in part.MUTANTS
}  # fmt: skip
NOT_REACHED = frozenset({"session_not_checked"})
"""Not caught: another rule of the product (each durable message is taken once) still holds
what they let go. They may be hunted by name."""
MUTANTS: Mapping[str, Mutant] = {name: mutant for name, mutant in EVERY.items() if name not in NOT_REACHED}
MIXED = 4
"""Every so many runs one is of the general mix."""
RUNS = 200
"""How many runs a mutant gets at most in the long form."""


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
        plan_of(first + n) if n % MIXED == MIXED - 1 else hints[n % len(hints)].plan(first + n) for n in range(runs)
    ]


def catch(
    player: Player, mutant: Mutant, runs: int, seed: int = 1, fleet: tuple[str, ...] | None = None
) -> Caught | None:
    """Play ``runs`` runs at most, all with that ``fleet`` if one is given. Under ``patched``."""
    for n, planned in enumerate(plans(mutant, runs, seed), 1):
        plan = planned if fleet is None else replace(planned, fleet=fleet)
        template(plan.layout, plan.fleet)  # founded by the product as it is
        with pytest.MonkeyPatch.context() as patch:
            mutant.patch(patch)
            result = player.play(plan)
        broken = [wrong for wrong in result.wrong if wrong.rule in mutant.rules]
        if broken and not player.play(plan).wrong:
            return Caught(n, plan, broken[0])
    return None


@dataclass(frozen=True, slots=True)
class _Hunt:
    name: str
    runs: int
    seed: int
    folder: str


def _hunted(hunt: _Hunt) -> tuple[str, Caught | None]:
    for player in playing(hunt.folder):
        return hunt.name, catch(player, EVERY[hunt.name], hunt.runs, hunt.seed)
    raise AssertionError(hunt)


def hunt(
    names: Iterable[str] = MUTANTS,
    *,
    runs: int = RUNS,
    seed: int = 1,
    processes: int = 2,
    told: Callable[[str, Caught | None], None] = lambda *_: None,
) -> dict[str, Caught | None]:
    """Hunt them all; ``told`` hears of each as it is caught (or got away)."""
    folder = memory_folder()
    found: dict[str, Caught | None] = {}
    try:
        with multiprocessing.get_context("fork").Pool(processes) as pool:
            hunts = [_Hunt(name, runs, seed, folder) for name in names]
            for name, caught in pool.imap_unordered(_hunted, hunts):
                found[name] = caught
                told(name, caught)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return {name: found[name] for name in names}


def table(found: Mapping[str, Caught | None]) -> str:
    """As Markdown, for people."""
    lines = ["| mutant | what it breaks | caught after runs | by |", "| --- | --- | --- | --- |"]
    for name, caught in found.items():
        after, by = (str(caught.runs), f"`{caught.wrong.rule}`") if caught is not None else ("not", "")
        lines.append(f"| `{name}` | {EVERY[name].breaks} | {after} | {by} |")
    return "\n".join(lines)


SEEN_BY_THE_WORLD = frozenset({"acted_without_intent", "left_open"})
"""Rules that the world itself keeps while a run goes on; the others are the checker's."""
KNOWN_RULES = RULES.keys() | SEEN_BY_THE_WORLD

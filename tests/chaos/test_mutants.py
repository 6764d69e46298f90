"""The simulation is worth what it catches: the product is broken in one place at a time, and each break is named.

Here a few that are caught at once; all of them with ``-m long`` or ``python -m tests.chaos --mutants``.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
import structlog

from tests.chaos import mutants_sale
from tests.chaos.makes import MAKES
from tests.chaos.mutants import KNOWN_RULES, MUTANTS, RUNS, catch, plans
from tests.chaos.patches import patched
from tests.chaos.runs import Player

QUICK = (
    "timeout_is_failure",
    "closing_after_close",
    "late_intent",
    "flush_error_ignored",
    "outbox_outside_the_transaction",
    "server_acks_first",
    "cancel_granted_at_once",
    "intent_beside_intent",
)


@pytest.fixture(scope="module")
def player(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Player]:
    shared = Path("/dev/shm")
    folder = tmp_path_factory.mktemp("chaos")
    mine = (shared if shared.is_dir() else folder) / f"mutants-{os.getpid()}"
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        with patched():
            yield Player(mine)
    finally:
        shutil.rmtree(mine, ignore_errors=True)
        structlog.configure(**before)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_says_what_it_breaks_and_which_rules_must_name_it(name: str) -> None:
    mutant = MUTANTS[name]
    assert mutant.breaks.endswith(".")
    assert mutant.rules
    assert mutant.rules <= KNOWN_RULES
    assert isinstance(mutant.hints, tuple)
    assert mutant.hints


def test_there_are_enough_of_them() -> None:
    assert len(MUTANTS) >= 40
    assert set(QUICK) <= MUTANTS.keys()


SELDOM = frozenset({"doubtful_receipt_is_owed", "adopted_money_is_moved"})
"""Of payments and sales: those that need many runs."""
HARMLESS = {("late_intent", "atol-web")}
"""No mutant there: a receipt is one request, and filling it sends nothing."""


@pytest.mark.parametrize(("name", "make"), [pair for pair in product(QUICK, MAKES) if pair not in HARMLESS])
def test_it_is_caught_at_once(player: Player, name: str, make: str) -> None:
    """Whatever register stands at the desk."""
    assert catch(player, MUTANTS[name], runs=15, fleet=(make,)) is not None


@pytest.mark.parametrize("name", [mutant.name for mutant in mutants_sale.MUTANTS if mutant.name not in SELDOM])
def test_a_mutant_of_payments_and_sales_is_caught_at_once(player: Player, name: str) -> None:
    assert catch(player, MUTANTS[name], runs=15) is not None


def test_the_runs_of_a_mutant_are_right_without_it(player: Player) -> None:
    for name in QUICK[:4]:
        assert player.play(plans(MUTANTS[name], 1, seed=2)[0]).wrong == ()


@pytest.mark.long
@pytest.mark.parametrize("name", MUTANTS)
def test_it_is_caught(player: Player, name: str) -> None:
    assert catch(player, MUTANTS[name], RUNS) is not None

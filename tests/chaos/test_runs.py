"""A few simulated shops: nothing is wrong in them, they end, and the same seed gives the same trace."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
import structlog

from tests.chaos.cells import TARGETS, expected
from tests.chaos.devices import CHANGING
from tests.chaos.makes import MAKES
from tests.chaos.runs import FLEETS, TILLS, Player, Sum, plan_of, playing, selling
from tests.chaos.virtual import Stuck, VirtualLoop
from tests.chaos.world import Plan

FIRST, RUNS = 700_000, 24


@pytest.fixture
def player(tmp_path: Path) -> Iterator[Player]:
    before = structlog.get_config()
    try:
        yield from playing(str(tmp_path))
    finally:
        structlog.configure(**before)


def test_nothing_is_wrong_in_some_shops_and_every_job_ends(player: Player) -> None:
    total = Sum()
    for seed in range(FIRST, FIRST + RUNS):
        total.add(player.play(plan_of(seed)))
    assert [(result.plan, result.wrong) for result in total.wrong] == []
    assert total.faults >= 5 * RUNS
    assert total.tally.done_share >= 0.85
    assert total.tally.own_human == 0


@pytest.mark.parametrize(
    ("layout", "fleet"),
    [(layout, fleet) for layout in ("one", "two", "three", "shared", "rivals") for fleet in FLEETS[layout]],
)
def test_without_faults_every_receipt_is_done_at_its_first_attempt(
    player: Player, layout: str, fleet: tuple[str, ...]
) -> None:
    result = player.play(Plan(1, layout, kinds=("receipt",) * 3, budget=0, fleet=fleet))
    assert (result.wrong, dict(result.tally.states), result.faults) == ((), {"done": 3}, 0)


@pytest.mark.parametrize("layout", TILLS)
def test_without_faults_whatever_is_sold_is_paid_and_brought_back(player: Player, layout: str) -> None:
    for seed, kinds in enumerate((("sale", "sale_refund"), ("payment", "refund"), ("payment", "void"))):
        result = player.play(Plan(seed, layout, kinds=kinds, budget=0))
        assert (result.wrong, result.tally.states["done"]) == ((), result.tally.jobs)
        assert result.tally.jobs == 2 or kinds[0] == "sale"  # one for cash is not brought back at a terminal


@pytest.mark.parametrize("fault", ["answer_lost", "silent", "declined", "crash_booked", "power_after"])
@pytest.mark.parametrize("layout", ["till", "till_inpas"])
def test_whatever_becomes_of_a_charge_bank_receipt_and_job_agree(player: Player, layout: str, fault: str) -> None:
    total = Sum()
    for seed in range(3):
        total.add(player.play(Plan(seed, layout, kinds=("sale",), budget=3, target=("terminal:Move.payment", fault))))
    assert [(result.plan, result.wrong) for result in total.wrong] == []
    assert total.cells["terminal:Move.payment", fault]


def test_a_copy_of_a_journal_held_its_terminal_for_a_sale_whose_end_the_server_knew(player: Player) -> None:
    """A person was asked whom the server did not let answer: the disk was restored while a payment was in doubt."""
    result = player.play(selling(22071))
    assert (result.plan.theme, result.wrong) == ("rollback", ())
    assert result.cells["machine:resolving", "heard_not_done"]


@pytest.mark.parametrize("seed", [700_003, 700_011, 700_021, 777_002_443])
def test_the_same_seed_gives_the_same_trace_to_the_byte(player: Player, seed: int) -> None:
    first, again = player.play(plan_of(seed)), player.play(plan_of(seed))
    assert first.trace == again.trace
    assert first.trace != player.play(plan_of(seed + 1)).trace


def test_a_run_reaches_the_cell_that_it_is_aimed_at(player: Player) -> None:
    targets = [("device:Close", "lost_answer"), ("commit:closing", "crash_after"), ("message:offer", "doubled")]
    for target, make in product(targets, MAKES):
        result = player.play(Plan(5, kinds=("receipt",), budget=4, target=target, fleet=(make,)))
        assert result.cells.get(target), (target, make)
        assert result.wrong == ()


def test_every_make_stands_at_some_desk_of_every_layout() -> None:
    for layout, fleets in FLEETS.items():
        assert {make for fleet in fleets for make in fleet} == set(MAKES), layout


def test_a_driver_finds_nobody_where_a_register_of_another_make_stands(player: Player) -> None:
    """Cables are swapped between a Shtrih-M and an ATOL, and back: nothing is done at the wrong desk."""
    plan = Plan(1, "two", kinds=("receipt",) * 2, budget=1, fleet=("shtrih", "atol"), happens=((0.3, "cables"),))
    result = player.play(plan)
    assert (result.wrong, dict(result.tally.states)) == ((), {"done": 2})


def test_a_web_server_that_comes_to_another_ones_address_is_sent_nothing(player: Player) -> None:
    """Two change places while the request that makes a receipt is lost."""
    for at in (3.1, 3.3, 3.5):
        happens = ((at, "cables"), (at + 20.0, "cables"))
        lost = ("device:Close", "lost_request")
        plan = Plan(1, "two", kinds=("receipt",) * 2, budget=2, target=lost, fleet=("atol-web",), happens=happens)
        result = player.play(plan)
        assert (result.wrong, dict(result.tally.states)) == ((), {"done": 2}), at


def test_whatever_becomes_of_a_web_servers_request_it_makes_one_receipt(player: Player) -> None:
    """Also between the server and its register, where the simulator has it happen."""
    total = Sum()
    for seed, fault in enumerate(CHANGING * 2):
        target = ("device:Close", fault)
        total.add(player.play(Plan(seed, kinds=("receipt",), budget=2, target=target, fleet=("atol-web",))))
    assert [(result.plan, result.wrong) for result in total.wrong] == []
    assert all(total.cells["device:Close", fault] for fault in CHANGING)
    assert total.tally.states["done"] >= total.runs - 1


def test_every_cell_is_named_once() -> None:
    cells = expected()
    assert len(cells) == len(set(cells))
    assert set(TARGETS) <= set(cells)


def test_a_world_in_which_nothing_happens_any_more_says_so() -> None:
    loop = VirtualLoop()
    try:
        with pytest.raises(Stuck):
            loop.run_until_complete(loop.create_future())
    finally:
        loop.close()

"""Many runs: what each of them is, what was wrong in it, what all of them reached."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import structlog

from protocol.crm import job_machine
from tests.chaos.cells import AIMS, ANY, ENOUGH, SELLING, TARGETS, expected
from tests.chaos.checker import Tally, Wrong, check, tally
from tests.chaos.dice import Cell
from tests.chaos.patches import Counting, patched
from tests.chaos.records import records_of
from tests.chaos.template import template
from tests.chaos.world import Plan, lived

LAYOUTS = {"one": 44, "two": 10, "three": 6, "shared": 12, "unmarked": 4, "shared_unmarked": 6, "rivals": 12}
SHTRIH, ATOL, WEB = ("shtrih",), ("atol",), ("atol-web",)
FLEETS = {
    **dict.fromkeys(LAYOUTS, (SHTRIH, ATOL, WEB)),
    "two": (SHTRIH, ATOL, WEB, ("shtrih", "atol")),
    "three": (("shtrih", "atol", "atol-web"), ("atol-web", "atol-web", "shtrih"), ("atol", "shtrih", "shtrih")),
}
"""Whose registers stand at the desks."""
TILLS = {"till": 40, "till_inpas": 14, "tills": 8, "till_rivals": 10, "till_shared": 6}
"""Shops with card terminals."""
TILL_FLEETS = (SHTRIH, SHTRIH, ATOL, WEB)
SELLS = 0.2
"""Their share of the general mix."""
SOLD: dict[tuple[str, ...], int] = {
    ("sale",): 60, ("sale", "sale"): 24, ("sale", "sale_refund"): 30, ("payment",): 6, ("payment", "refund"): 12,
    ("payment", "void"): 12, ("payment", "settlement"): 6, ("sale", "settlement"): 4, ("sale", "receipt"): 6,
    ("sale", "payment"): 6, ("sale", "terminal_status"): 2, ("sale", "payment", "void"): 4,
}  # fmt: skip
"""What is asked for there."""
THEMES = {
    "rivals": {"plain": 4, "move": 7, "dead_pc": 7},
    "one": {"plain": 30, "rollback": 5, "server_restored": 5, "fn_swap": 3},
    "till": {"plain": 30, "offline": 6, "rollback": 4, "server_restored": 4},
    "till_rivals": {"plain": 2, "move": 4, "dead_pc": 4},
}
KINDS = {
    "receipt": 140, "cash_in": 14, "cash_out": 10, "close_shift": 10, "open_shift": 2, "x_report": 1, "print_text": 1,
    "print_copy": 1, "open_drawer": 1, "device_status": 4, "document": 4,
}  # fmt: skip

ORDER = {kind: place for place, kind in enumerate(
    ("open_shift", "receipt", "cash_in", "cash_out", "x_report", "print_text", "open_drawer", "device_status",
     "document", "print_copy", "close_shift")
)}  # fmt: skip
"""In which order they make sense."""
AIMED = 0.12
"""The share of runs of the general mix that are aimed at a cell."""
SELLING_FROM = 10**14
"""Seeds from here on are all of shops that sell by card."""
AIMED_FROM = 10**15
"""Seeds from here on are all aimed."""
PART = 1000
"""Runs between two moments at which a campaign is kept."""
RESERVE = 5
"""One run in so many is kept for the cells that the others have left empty."""
_CELLS = tuple(AIMS)
_SOLD_NOWHERE = tuple(cell for cell in AIMS if cell not in SELLING)
_SOLD_SOMEWHERE = tuple(SELLING)
CANCELS = 0.006
"""The share of jobs that the CRM cancels at some moment."""
RENEWS = 0.02
"""The share of jobs that the CRM gives more time at once."""
NEED_A_SHIFT = frozenset({"close_shift", "x_report", "print_copy"})
WITHOUT_IMPRINT = frozenset({"cash_in", "cash_out", "open_shift", "close_shift"})
ADOPTING = frozenset({"rollback", "move", "dead_pc", "server_restored"})


@dataclass(frozen=True, slots=True)
class Result:
    """One run, judged."""

    plan: Plan
    wrong: tuple[Wrong, ...]
    tally: Tally
    faults: int
    trace: str
    seconds: float
    cells: dict[Cell, int]
    crashed: str | None = None


@dataclass
class Sum:
    """Many runs together."""

    selling: bool = False
    """All of shops that sell by card: of the cells only theirs are expected."""
    runs: int = 0
    faults: int = 0
    seconds: float = 0.0
    tally: Tally = field(default_factory=Tally)
    cells: Counter[Cell] = field(default_factory=Counter)
    wrong: list[Result] = field(default_factory=list)
    traces: dict[int, str] = field(default_factory=dict)

    @property
    def missing(self) -> list[Cell]:
        """Cells that were not reached so far."""
        return [cell for cell in (SELLING if self.selling else expected()) if not self.cells[cell]]

    @property
    def empty(self) -> list[Cell]:
        """The same, once there were runs enough for all of them."""
        return self.missing if self.runs >= ENOUGH else []

    def add(self, result: Result) -> None:
        self.runs += 1
        self.faults += result.faults
        self.seconds += result.seconds
        self.tally += result.tally
        self.cells.update(result.cells)
        self.traces[result.plan.seed] = result.trace
        if result.wrong or result.crashed:
            self.wrong.append(result)


@dataclass(slots=True)
class Begun:
    """A campaign as far as it has come. It is gone on with where it was left."""

    total: Sum = field(default_factory=Sum)
    aimed: int = 0  # times that runs were aimed at what was missing
    took: float = 0.0  # seconds


def plan_of(seed: int) -> Plan:
    """All that a run is, from its seed."""
    aimed = seed >= AIMED_FROM
    cell = _CELLS[seed % AIMED_FROM % len(_CELLS)] if aimed else None
    sells = seed >= SELLING_FROM or Random(f"sells {seed}").random() < SELLS
    if cell in SELLING or (not aimed and sells):
        return selling(seed, cell)
    random = Random(f"plan {seed}")
    if random.random() < AIMED and not aimed:
        cell = _SOLD_NOWHERE[seed % len(_SOLD_NOWHERE)]
    hint = AIMS[cell] if cell is not None else ANY
    target = hint.strikes or (cell if cell in TARGETS else None)
    layout = hint.layout or _weighted(random, LAYOUTS)
    theme = hint.theme or _weighted(random, THEMES.get(layout, {"plain": 1}))
    jobs = random.choices((1, 2, 3), (14, 2, 1))[0]
    kinds = hint.kinds or tuple(_sensible([_weighted(random, KINDS) for _ in range(jobs)], theme))
    cancels = hint.cancels if hint.cancels is not None else CANCELS
    return Plan(
        seed, layout, theme, kinds, budget=random.randint(10, 14) + hint.times - 1, target=target,
        nth=1 if aimed else random.choice((1, 1, 2)), times=hint.times, cancels=cancels,
        renews=hint.renews or RENEWS, killers=random.choice((1, 2, 2, 2, 2, 3)), off=hint.off,
        fleet=random.choice(FLEETS[layout]),
    )  # fmt: skip


def selling(seed: int, cell: Cell | None = None) -> Plan:
    """Of a shop with a card terminal; ``cell``: what it is aimed at, with few other faults: what is brought back has to
    be paid before."""
    random, aimed = Random(f"selling {seed}"), cell is not None
    if not aimed and random.random() < 2 * AIMED:
        cell = random.choice(_SOLD_SOMEWHERE)
    hint = SELLING[cell] if cell is not None else ANY
    layout = hint.layout or _weighted(random, TILLS)
    theme = hint.theme or _weighted(random, THEMES.get(layout, {"plain": 1}))
    budget = random.randint(6, 14) if cell is None else random.randint(1, 6)
    return Plan(
        seed, layout, theme, hint.kinds or random.choices(list(SOLD), list(SOLD.values()))[0],
        budget=budget + hint.times - 1, target=hint.strikes or (cell if cell in TARGETS else None),
        nth=1 if aimed else random.choice((1, 1, 2)), times=hint.times,
        cancels=hint.cancels if hint.cancels is not None else CANCELS, renews=RENEWS,
        killers=random.choice((1, 2, 2, 2, 2, 3)), fleet=random.choice(TILL_FLEETS), happens=hint.happens,
    )  # fmt: skip


def aimed_at(cells: Iterable[Cell], salt: int, times: int) -> list[int]:
    """Seeds of runs that are aimed at these cells; another ``salt`` gives others."""
    places = [place for place, cell in enumerate(_CELLS) if cell in set(cells)]
    return [AIMED_FROM + (salt * times + n) * len(_CELLS) + place for n in range(times) for place in places]


def _sensible(kinds: list[str], theme: str) -> list[str]:
    """What needs a shift comes after a receipt, which opens it. Cash and shifts that another journal may have moved are
    left out: without an imprint nobody but a person can tell, and a held job can only be renewed or cancelled."""
    if theme in ADOPTING:
        kinds = ["receipt" if kind in WITHOUT_IMPRINT else kind for kind in kinds]
    if "receipt" not in kinds:
        kinds = ["receipt" if kind in NEED_A_SHIFT else kind for kind in kinds]
    return sorted(kinds, key=lambda kind: ORDER[kind])


def _weighted(random: Random, table: dict[str, int]) -> str:
    return random.choices(list(table), list(table.values()))[0]


class Player:
    """Plays runs one after another in a folder of its own. Under ``patched``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def play(self, plan: Plan, *, tell: Callable[[str], None] | None = None) -> Result:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        life = lived(plan, template(plan.layout, plan.fleet), self._folder, tell=tell is not None)
        if tell is not None:
            for line in life.world.told or ():
                tell(line)
        records = records_of(life.world)
        wrong = (*life.world.wrong, *check(records))
        cells = Counter(life.cells)
        if isinstance(job_machine.TABLE, Counting):
            cells.update(job_machine.TABLE.taken())
        return Result(plan, wrong, tally(records), life.faults, life.trace, life.seconds, cells)


def playing(folder: str) -> Iterator[Player]:
    _be_quiet()
    with patched(), _seldom_collecting():
        yield Player(Path(folder) / f"run{os.getpid()}")


def _be_quiet() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    """What was made so far stays; a run leaves cycles of its own behind, and few of them."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


_player: list[tuple[Iterator[Player], Player]] = []


def _begin(folder: str) -> None:
    going = playing(folder)
    _player.append((going, next(going)))


def _one(seed: int) -> Result:
    plan = plan_of(seed)
    try:
        return _player[0][1].play(plan)
    except Exception as error:
        return Result(plan, (), Tally(), 0, "", 0.0, {}, crashed=f"{type(error).__name__}: {error}")


def memory_folder() -> str:
    """Where files cost nothing: nobody cuts the power here."""
    shared = Path("/dev/shm")
    return tempfile.mkdtemp(prefix="chaos", dir=shared if shared.is_dir() else None)


def campaign(
    first: int,
    runs: int,
    *,
    processes: int = 2,
    told: Callable[[Sum], None] = lambda _: None,
    begun: Begun | None = None,
    kept: Callable[[Begun], None] = lambda _: None,
) -> Sum:
    """Play the runs from the seed ``first`` on; of many, the last fifth is aimed at what the others have not reached.
    ``told`` hears how far it is; ``kept`` is given what ``begun`` takes, every ``PART`` runs."""
    begun = begun or Begun(Sum(selling=first >= SELLING_FROM))
    total = begun.total
    before, started = begun.took, time.monotonic()
    folder = memory_folder()
    _be_quiet()
    try:
        with patched():
            for layout, fleets in (FLEETS | dict.fromkeys(TILLS, TILL_FLEETS)).items():
                for fleet in fleets:
                    template(layout, fleet)  # once, for all the processes
        with multiprocessing.get_context("fork").Pool(processes, _begin, (folder,)) as pool:

            def play(seeds: Iterable[int]) -> None:
                for result in pool.imap_unordered(_one, seeds, chunksize=8):
                    total.add(result)
                    told(total)
                begun.took = before + time.monotonic() - started
                kept(begun)

            def until(end: int) -> None:
                while total.runs < end:
                    play(range(first + total.runs, first + min(end, total.runs + PART)))

            until(runs - runs // RESERVE if runs >= ENOUGH else runs)
            while total.runs < runs and (missing := total.missing):
                begun.aimed += 1
                play(aimed_at(missing, first % AIMED_FROM + begun.aimed - 1, 4)[: runs - total.runs])
            until(runs)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return total

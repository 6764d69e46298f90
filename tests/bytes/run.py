"""All cases of a family and a scenario, one after another or on several processes, and what they came to."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field

from tests.bytes.families import FAMILIES
from tests.bytes.faulty import Direction, Fault, Strike
from tests.bytes.places import everything
from tests.bytes.scenarios import SCENARIOS, Scenario
from tests.bytes.verdict import violations
from tests.bytes.world import Seen, Template, prepared

NAMED = (Fault.CUT, Fault.DELAY, Fault.FLIP, Fault.DOUBLE)
"""The faults of the full run; the others are there to be asked for."""
PIECE = 60  # positions that one process takes at a time
COLLECT = 50  # cases between two collections of garbage


@dataclass(frozen=True, slots=True, order=True)
class Group:
    """Cases that differ in the position alone."""

    family: str
    scenario: str
    direction: Direction
    fault: Fault

    def case(self, position: int) -> str:
        return f"{self.family}:{self.scenario}:{self.direction}:{position}:{self.fault}"


@dataclass(frozen=True, slots=True)
class Verdict:
    wrong: Sequence[str]
    garbled: bool = False  # all is well but a name, which a checksum of this family does not protect


def verdict_on(group: Group, scenario: Scenario, clean: Seen, seen: Seen) -> Verdict:
    wrong = violations(scenario, clean, seen)
    forgiven = bool(wrong) and group.fault in FAMILIES[group.family].misses
    if forgiven and not violations(scenario, clean, seen, texts=False):
        return Verdict((), garbled=True)
    return Verdict(wrong)


@dataclass(slots=True)
class Tally:
    """What became of the cases of one group."""

    cases: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    longest: float = 0.0  # virtual seconds
    wrong: list[str] = field(default_factory=list)  # case: violation
    humans: list[str] = field(default_factory=list)  # cases
    garbled: list[str] = field(default_factory=list)  # cases

    def count(self, case: str, seen: Seen, verdict: Verdict) -> None:
        state = seen.row.state.value
        self.cases += 1
        self.ends[state] += 1
        self.longest = max(self.longest, seen.seconds)
        self.wrong += [f"{case}: {each}" for each in verdict.wrong]
        if verdict.garbled:
            self.garbled.append(case)
        if state == "human":
            self.humans.append(case)

    def add(self, other: Tally) -> None:
        self.cases += other.cases
        self.ends += other.ends
        self.longest = max(self.longest, other.longest)
        self.wrong += other.wrong
        self.humans += other.humans
        self.garbled += other.garbled


@dataclass(frozen=True, slots=True)
class Piece:
    """Some positions of a conversation, and what strikes each of them."""

    family: str
    scenario: str
    direction: Direction
    positions: Sequence[int]
    faults: tuple[Fault, ...]


def clean_run(template: Template, scenario: Scenario) -> Seen:
    """Without a fault. Raises ``AssertionError`` when not even that is well."""
    clean = template.play()
    wrong = violations(scenario, clean, clean)
    assert not wrong, f"{scenario.name} without a fault: {wrong}"
    assert clean.row.state.value == "done", f"{scenario.name} without a fault: {clean.row}"
    return clean


def positions(
    scenario: Scenario, clean: Seen, direction: Direction, places: Callable[[bytes], Sequence[range]] = everything
) -> Sequence[int]:
    """Every byte of ``places`` from the opening of the channel to the end of the job; the opening, which is the same
    for all jobs, once for each family."""
    first = 0 if scenario.opening else clean.spans[0].of(direction).start
    return [at for place in places(clean.streams[direction]) for at in place if at >= first]


def pieces(
    family: str,
    scenario: Scenario,
    directions: Iterable[Direction],
    faults: Iterable[Fault],
    *,
    heads: bool = False,
) -> list[Piece]:
    """Everything there is; ``heads``: and what the family leaves to the layers beneath."""
    with prepared(FAMILIES[family], scenario.before, scenario.wanted) as template:
        clean = clean_run(template, scenario)
    wanted = tuple(faults)
    places = everything if heads else FAMILIES[family].places
    return [
        Piece(family, scenario.name, direction, every[start : start + PIECE], struck)
        for direction in directions
        for struck in [tuple(fault for fault in wanted if not _is_kept_away(family, direction, fault))]
        for every in [positions(scenario, clean, direction, places)]
        for start in range(0, len(every), PIECE)
    ]


def _is_kept_away(family: str, direction: Direction, fault: Fault) -> bool:
    return direction is Direction.OUT and fault in FAMILIES[family].beneath


def judge(template: Template, scenario: Scenario, clean: Seen, piece: Piece) -> dict[Group, Tally]:
    """Carry out every case of the piece."""
    tallies: dict[Group, Tally] = {}
    for fault in piece.faults:
        group = Group(piece.family, piece.scenario, piece.direction, fault)
        tally = tallies[group] = Tally()
        for position in piece.positions:
            seen = template.play(Strike(piece.direction, position, fault))
            tally.count(group.case(position), seen, verdict_on(group, scenario, clean, seen))
            if tally.cases % COLLECT == 0:
                gc.collect()
    return tallies


def one_piece(piece: Piece) -> dict[Group, Tally]:
    """In a process of its own: the template is made anew, which costs as much as a few cases."""
    scenario = SCENARIOS[piece.scenario]
    gc.disable()
    try:
        with prepared(FAMILIES[piece.family], scenario.before, scenario.wanted) as template:
            return judge(template, scenario, clean_run(template, scenario), piece)
    finally:
        gc.enable()


def all_pieces(wanted: Iterable[Piece], jobs: int) -> Iterator[dict[Group, Tally]]:
    """In the order in which they end."""
    with ProcessPoolExecutor(jobs) as pool:
        for future in as_completed([pool.submit(one_piece, piece) for piece in wanted]):
            yield future.result()

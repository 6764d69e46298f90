"""Server, two agents, one register, a bad line: every world that can be reached, and what holds in all of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.crm.job_machine import Job, JobEvent, Known, Moved, step
from protocol.crm.machine import Refusal
from tests.model import joined
from tests.model.joined import ENDED, Bounds, World, moves, posted
from tests.model.rules import broken

K, V = Known, JobEvent


@dataclass(slots=True)
class Space:
    """Every world within the bounds, numbered, and which led to which."""

    worlds: dict[World, int] = field(default_factory=dict)
    before: list[list[int]] = field(default_factory=list)
    moves: int = 0
    names: list[str] = field(default_factory=lambda: ["posted"])  # the move that first led to a world

    def way_to(self, world: World) -> str:
        """The shortest way there: the first world that led to another is always nearest."""
        at, names = self.worlds[world], []
        while at:
            names.append(self.names[at])
            at = self.before[at][0]
        return " -> ".join(reversed(names))

    def number(self, world: World) -> tuple[int, bool]:
        known = self.worlds.get(world)
        if known is not None:
            return known, False
        self.worlds[world] = len(self.before)
        self.before.append([])
        return len(self.before) - 1, True


def explored(bounds: Bounds) -> Space:
    """Breadth first, to the end; every move is held against every rule."""
    space = Space()
    space.number(posted())
    todo = deque([posted()])
    while todo:
        world = todo.popleft()
        here = space.worlds[world]
        for made in moves(world, bounds):
            space.moves += 1
            assert not (wrong := list(broken(world, made))), f"{wrong}: {space.way_to(world)} -> {made.name}"
            there, fresh = space.number(made.world)
            space.before[there].append(here)
            if fresh:
                space.names.append(made.name)
                todo.append(made.world)
    return space


def settled(world: World) -> bool:
    """The server knows how it ended; or the job waits, held, for a person."""
    return world.server.state in ENDED or world.server.state is K.HELD


def without_a_way_out(space: Space) -> list[World]:
    """Worlds from which no luck at all leads to a settled one."""
    reached = [settled(world) for world in space.worlds]
    todo = deque(at for at, is_settled in enumerate(reached) if is_settled)
    while todo:
        for at in space.before[todo.popleft()]:
            if not reached[at]:
                reached[at] = True
                todo.append(at)
    return [world for world, at in space.worlds.items() if not reached[at]]


def goes_well_everywhere(bounds: Bounds) -> None:
    space = explored(bounds)
    print(f"{bounds}: {len(space.worlds)} worlds, {space.moves} moves")
    assert not (stuck := without_a_way_out(space)), stuck[0]
    shown = {world.server.state for world in space.worlds}
    assert shown >= {K.QUEUED, K.ACCEPTED, K.HELD, K.STARTED, K.RESOLVING, K.HUMAN, K.DONE, K.NOT_DONE}


@pytest.mark.parametrize(
    "bounds",
    [
        pytest.param(Bounds(leases=2, cancels=0, attempts=2, moves=False), id="renewed, two attempts"),
        pytest.param(Bounds(leases=1, cancels=1, attempts=1, moves=False), id="cancelled"),
        pytest.param(Bounds(leases=1, cancels=0, attempts=1), id="moved or released"),
    ],
)
def test_every_world_keeps_every_rule_and_has_a_way_out(bounds: Bounds) -> None:
    goes_well_everywhere(bounds)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "bounds",
    [
        pytest.param(Bounds(leases=1, cancels=1, attempts=1), id="moved and cancelled"),
        pytest.param(Bounds(leases=2, cancels=1, attempts=1, moves=False), id="renewed and cancelled"),
        pytest.param(Bounds(leases=2, cancels=0, attempts=3, moves=False), id="renewed, three attempts"),
    ],
)
def test_every_world_of_a_larger_space_keeps_every_rule_and_has_a_way_out(bounds: Bounds) -> None:
    goes_well_everywhere(bounds)


# Machines that are wrong in one way each: what the rules are there for.
def _takes_an_equal_rev(job: Job, event: JobEvent, **named: Any) -> Moved | Refusal:
    return step(replace(job, rev=job.rev - 1) if event is V.REPORTED else job, event, **named)


def _cancels_what_was_started(job: Job, event: JobEvent, **named: Any) -> Moved | Refusal:
    moved = step(job, event, **named)
    if isinstance(moved, Moved) and event is V.CANCEL and job.state is K.STARTED:
        return replace(moved, job=replace(moved.job, state=K.CANCELLED))
    return moved


def _tells_doubt_under_the_old_rev(job: Job, event: JobEvent, **named: Any) -> Moved | Refusal:
    moved = step(job, event, **named)
    if isinstance(moved, Moved) and event is V.DOUBT:
        return replace(moved, job=replace(moved.job, rev=job.rev))
    return moved


def _gives_up_after_doubt(job: Job, event: JobEvent, **named: Any) -> Moved | Refusal:
    moved = step(job, event, **named)
    if isinstance(moved, Moved) and event is V.DOUBT:
        return replace(moved, job=replace(moved.job, state=K.NOT_DONE))
    return moved


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        (_takes_an_equal_rev, "revs_grow"),
        (_cancels_what_was_started, "an_open_intent_is_only_resolved"),
        (_tells_doubt_under_the_old_rev, "revs_grow"),
        (_gives_up_after_doubt, "an_open_intent_is_only_resolved"),
    ],
)
def test_a_wrong_machine_breaks_a_rule(
    monkeypatch: pytest.MonkeyPatch, wrong: Callable[..., Moved | Refusal], rule: str
) -> None:
    monkeypatch.setattr(joined, "step", wrong)
    with pytest.raises(AssertionError, match=rule):
        explored(Bounds(leases=1, cancels=1, attempts=1, moves=False))


FAR = Bounds(leases=4, cancels=3, attempts=3, hearings=2)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 11), max_size=80))
def test_far_beyond_the_complete_spaces_chance_finds_no_broken_rule_either(turns: list[int]) -> None:
    world, names = posted(), []
    for turn in turns:
        possible = list(moves(world, FAR))
        if not possible:
            return
        made = possible[turn % len(possible)]
        names.append(made.name)
        assert not (wrong := list(broken(world, made))), f"{wrong}: {' -> '.join(names)}"
        world = made.world

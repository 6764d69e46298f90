"""The link of one agent: every state of both sides and of the wire between, to the end of the space."""

from __future__ import annotations

from collections import deque
from itertools import product

import pytest

from protocol.crm.link_machine import (
    AGENT_TABLE,
    SERVER_TABLE,
    AgentLink,
    AgentLinkEffect,
    AgentLinkEvent,
    AgentLinkState,
    ServerLink,
    ServerLinkEffect,
    ServerLinkEvent,
    agent_step,
    server_step,
)
from protocol.crm.machine import Refusal
from tests.model.link import Bounds, Link, Step, moves

A, AE, AX = AgentLink, AgentLinkEvent, AgentLinkEffect
C, CE, CX = ServerLink, ServerLinkEvent, ServerLinkEffect


def broken(before: Link, made: Step) -> str | None:
    """The first rule that does not hold after this move."""
    link = made.link
    state, wire = link.agent.state, link.wire
    if link.starts != (state is A.READY):
        return "starts are allowed while ready, and only then"
    if state is A.READY and (wire is None or not wire.proven):
        return "ready without a checkpoint that fitted, or a person's word"
    delivered = CX.DELIVER.value in made.server_effects
    if delivered and not any(w is not None and w.proven for w in (before.wire, before.old)):
        return "a word of an unproven journal was taken for the truth"
    if made.server_event in (CE.CHECKPOINT,) and before.copied:
        return "a copy passed for the journal"
    if state in (A.OFFLINE, A.WAITING, A.STOPPED) and wire is not None:
        return "a connection is held by nobody"
    return None


def explored(bounds: Bounds) -> tuple[dict[Link, int], list[list[int]], set[str]]:
    """Every link within the bounds, numbered; which lead to it without any fault; the moves that were made."""
    numbers, calmly_before, names = {Link(): 0}, [[]], set()  # type: ignore[var-annotated]
    todo = deque([Link()])
    while todo:
        link = todo.popleft()
        for made in moves(link, bounds):
            names.add(made.name)
            assert not (wrong := broken(link, made)), f"{wrong}: {made.name} in {link}"
            if made.link not in numbers:
                numbers[made.link] = len(numbers)
                calmly_before.append([])
                todo.append(made.link)
            if not made.fault:
                calmly_before[numbers[made.link]].append(numbers[link])
    return numbers, calmly_before, names


def check(bounds: Bounds) -> None:
    numbers, calmly_before, names = explored(bounds)
    print(f"{bounds}: {len(numbers)} links, {len(names)} kinds of moves")
    good = [link.agent.state is A.READY and link.wire is not None and not link.wire.cut for link in numbers]
    todo = deque(at for at, ready in enumerate(good) if ready)
    while todo:
        for at in calmly_before[todo.popleft()]:
            if not good[at]:
                good[at] = True
                todo.append(at)
    stuck = [link for link, at in numbers.items() if not good[at]]
    assert not stuck, f"no way back to ready without another fault: {stuck[0]}"
    assert {link.agent.state for link in numbers} == set(A) - {A.STOPPED}
    assert {wire.server for link in numbers for wire in (link.wire, link.old) if wire} == set(C)
    assert any(link.agent.state is A.QUARANTINED for link in numbers)


def test_every_link_keeps_the_rules_and_comes_back_to_ready() -> None:
    check(Bounds(faults=4))


@pytest.mark.long
def test_every_link_of_a_larger_space_keeps_the_rules_and_comes_back_to_ready() -> None:
    check(Bounds(faults=6))


# --- each machine alone: every cell ----------------------------------------------------------------------------------

GONE = {A.OFFLINE, A.WAITING, A.STOPPED}


def test_whatever_the_agent_is_told_it_starts_nothing_that_was_not_allowed_on_this_very_connection() -> None:
    """Every cell, from every state that any order of events leads to."""
    seen, cells = {(AgentLinkState(), False)}, set()
    todo = deque(seen)
    while todo:
        link, starts = todo.popleft()
        for event in AE:
            cells.add((link.state, event))
            done = agent_step(link, event)
            if isinstance(done, Refusal):
                continue
            after, effects = done
            allowed = (starts or AX.ALLOW_STARTS in effects) and AX.FORBID_STARTS not in effects
            assert allowed == (after.state is A.READY), (link, event)
            if after.state is A.READY and link.state is not A.READY:
                assert link.state in (A.CHECKING, A.QUARANTINED), "ready comes after the checkpoint only"
            if AX.DELIVER in effects:
                assert link.state is A.READY
            if AX.TAKE_WELCOME in effects:
                assert (link.state, event) == (A.PROVING, AE.WELCOME)
            assert (
                (AX.CLOSE in effects) == (after.state in GONE and link.state is not A.OFFLINE)
                or (
                    link.state is A.CONNECTING and event is AE.LOST  # nothing was open yet
                )
                or (link.state, event) == (A.OFFLINE, AE.STOP)
            ), (link, event)
            known = (AgentLinkState(after.state, min(after.failures, 2), min(after.unanswered, 3)), allowed)
            if known not in seen:
                seen.add(known)
                todo.append(known)
    assert cells == set(AGENT_TABLE)
    assert link_states(seen) == set(A)


def link_states(seen: set[tuple[AgentLinkState, bool]]) -> set[AgentLink]:
    return {link.state for link, _ in seen}


@pytest.mark.parametrize(("state", "event"), [*product(C, CE)])
def test_the_servers_side_takes_words_for_truth_only_after_the_checkpoint(
    state: ServerLink, event: ServerLinkEvent
) -> None:
    assert (state, event) in SERVER_TABLE
    done = server_step(state, event)
    if state is C.CLOSED:
        assert isinstance(done, Refusal), "closed is closed"
        return
    if event in (CE.STOP, CE.LOST, CE.SUPERSEDED):
        assert not isinstance(done, Refusal)
        assert done.state is C.CLOSED
        return
    if isinstance(done, Refusal):
        return
    if done.state is C.READY and state is not C.READY:
        assert (state, event) in ((C.WELCOMED, CE.CHECKPOINT), (C.QUARANTINED, CE.CONFIRMED))
    if CX.DELIVER in done.effects:
        assert state is C.READY
    if event is CE.ROLLED_BACK:
        assert done.state is C.QUARANTINED
    if CX.OPEN_SESSION in done.effects:
        assert (state, event) == (C.CHALLENGED, CE.HELLO)
    assert (CX.CLOSE in done.effects) == (done.state is C.CLOSED)

"""What may become of a request to watch the log: every state with every event."""

from __future__ import annotations

import pytest

from agent.support.tail.machine import Tail, TailEffect, TailEvent, step
from protocol.crm.machine import Refusal

T, E, X = Tail, TailEvent, TailEffect

MOVES = {
    (T.ASKED, E.HEARD): (T.ASKED, [X.SAY_ASKED]),
    (T.ASKED, E.AGREED): (T.RUNNING, [X.LISTEN, X.SAY_BEGAN]),
    (T.ASKED, E.REFUSED): (T.OVER, [X.SAY_REFUSED]),
    (T.ASKED, E.STOPPED): (T.OVER, [X.SAY_STOPPED]),
    (T.ASKED, E.TIME): (T.OVER, [X.SAY_NO_CONSENT]),
    (T.ASKED, E.LOST): (T.ASKED, []),
    (T.RUNNING, E.HEARD): (T.RUNNING, [X.SAY_BEGAN]),
    (T.RUNNING, E.STOPPED_HERE): (T.OVER, [X.DROP, X.SAY_STOPPED_HERE]),
    (T.RUNNING, E.STOPPED): (T.OVER, [X.DROP, X.SAY_STOPPED]),
    (T.RUNNING, E.TIME): (T.OVER, [X.DROP, X.SAY_TIME_OVER]),
    (T.RUNNING, E.LOST): (T.OVER, [X.DROP, X.SAY_LOST]),
    (T.OVER, E.HEARD): (T.OVER, [X.SAY_AGAIN]),
}
PAIRS = [(state, event) for state in Tail for event in TailEvent]


@pytest.mark.parametrize(("state", "event"), PAIRS, ids=lambda one: one.value)
def test_every_state_with_every_event(state: Tail, event: TailEvent) -> None:
    moved = step(state, event)
    if (expected := MOVES.get((state, event))) is None:
        assert isinstance(moved, Refusal)
    else:
        assert not isinstance(moved, Refusal)
        assert (moved[0], list(moved[1])) == expected


@pytest.mark.parametrize(("state", "event"), PAIRS, ids=lambda one: one.value)
def test_lines_are_listened_to_while_it_runs_and_never_else(state: Tail, event: TailEvent) -> None:
    moved = step(state, event)
    if isinstance(moved, Refusal):
        return
    after, effects = moved
    assert (X.LISTEN in effects) == (state is not T.RUNNING and after is T.RUNNING)
    assert (X.DROP in effects) == (state is T.RUNNING and after is not T.RUNNING)


def test_only_a_yes_makes_it_run() -> None:
    into = {event for state, event in PAIRS if state is not T.RUNNING
            and not isinstance(moved := step(state, event), Refusal) and moved[0] is T.RUNNING}  # fmt: skip
    assert into == {E.AGREED}


@pytest.mark.parametrize("event", [event for event in TailEvent if event is not E.HEARD], ids=lambda one: one.value)
def test_what_is_over_stays_over(event: TailEvent) -> None:
    assert isinstance(step(T.OVER, event), Refusal)

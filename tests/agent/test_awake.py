"""Who holds the PC awake, and that nobody is stopped by a system that does not let itself be held."""

from __future__ import annotations

import structlog
from hypothesis import given
from hypothesis import strategies as st

from agent.awake import Awake


class Told:
    """An inhibitor that remembers; ``refuses``: the system never agrees."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.calls: list[str] = []
        self._refuses = refuses

    def begin(self) -> None:
        self._call("begin")

    def end(self) -> None:
        self._call("end")

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if self._refuses:
            raise OSError(13, "Access denied")


STEPS = st.lists(st.tuples(st.booleans(), st.sampled_from(["17", "18", "19"])), max_size=30)


@given(STEPS, st.booleans())
def test_the_system_is_told_when_the_first_holds_and_the_last_lets_go(
    steps: list[tuple[bool, str]], refuses: bool
) -> None:
    told = Told(refuses=refuses)
    awake = Awake(told)
    holders: set[str] = set()
    expected: list[str] = []
    for hold, holder in steps:
        before = bool(holders)
        if hold:
            awake.hold(holder)
            holders.add(holder)
        else:
            awake.release(holder)
            holders.discard(holder)
        if bool(holders) != before:
            expected.append("begin" if holders else "end")
        assert awake.held == bool(holders)
        assert told.calls == expected


def test_without_anything_to_hold_by_it_counts_all_the_same() -> None:
    awake = Awake()
    awake.hold("17")
    assert awake.held
    awake.release("17")
    assert not awake.held


def test_what_the_system_answers_is_logged_once() -> None:
    awake = Awake(Told(refuses=True))
    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            awake.hold("17")
            awake.release("17")
    assert [entry["event"] for entry in logs] == ["awake_failed"]

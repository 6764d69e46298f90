"""Which registers the CRM expects here: asked for soon after the link is up and seldom afterwards, never in its way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest

from agent.awaited import EVERY, FIRST, Awaited
from agent.link.status import LinkStatus
from agent.places import Place
from agent.status import AwaitedRegister
from protocol.crm.link_machine import AgentLink

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
READY, WAITING = LinkStatus(AgentLink.READY, NOW), LinkStatus(AgentLink.WAITING, NOW)


class Crm:
    """Answers what it is told to; ``asked`` counts."""

    def __init__(self) -> None:
        self.now = 100.0
        self.asked = 0
        self.places: Sequence[Place] | None = (Place("18", "Касса 2", here=True), Place("19", "Касса 3"))
        self.later: list[Callable[[], None]] = []
        self.awaited = Awaited(self.told, frozenset({"17"}), lambda: self.now, self.later.append)

    def told(self) -> Sequence[Place] | None:
        self.asked += 1
        return self.places

    def tick(self, link: LinkStatus = READY, after: float = 0.0) -> tuple[AwaitedRegister, ...]:
        """A tick ``after`` so many seconds, and whatever it has begun."""
        self.now += after
        self.awaited.tick(link)
        while self.later:
            self.later.pop()()
        return self.awaited()


@pytest.fixture
def crm() -> Crm:
    return Crm()


def test_what_is_expected_here_is_told_and_nothing_else(crm: Crm) -> None:
    crm.tick()
    assert crm.tick(after=FIRST) == (AwaitedRegister("18", "Касса 2"),)


def test_a_register_that_is_configured_here_is_not_missing_whatever_else_it_may_be(crm: Crm) -> None:
    crm.places = (Place("17", "Касса 1", here=True),)
    crm.tick()
    assert crm.tick(after=FIRST) == ()
    assert crm.asked == 1


def test_it_is_asked_once_the_link_has_stood_a_while_and_seldom_afterwards(crm: Crm) -> None:
    asked = [(crm.tick(after=1.0), crm.asked)[1] for _ in range(int(FIRST + EVERY) + 2)]
    assert asked.count(0) == int(FIRST)
    assert asked[-3:] == [1, 2, 2]


def test_without_a_link_nobody_is_asked_and_a_new_link_asks_anew(crm: Crm) -> None:
    assert crm.tick(WAITING, EVERY) == ()
    assert crm.asked == 0
    crm.tick()
    crm.tick(after=FIRST)
    crm.tick(WAITING)
    crm.tick(after=1.0)
    crm.tick(after=FIRST)
    assert crm.asked == 2


def test_what_was_told_stays_while_the_crm_does_not_answer_and_goes_when_it_does(crm: Crm) -> None:
    crm.tick()
    told = crm.tick(after=FIRST)
    crm.places = None
    assert crm.tick(after=EVERY) == told != ()
    crm.places = ()
    assert crm.tick(after=EVERY) == ()


def test_a_question_that_takes_long_is_not_asked_twice(crm: Crm) -> None:
    crm.awaited.tick(READY)
    crm.now += FIRST
    crm.awaited.tick(READY)
    crm.now += EVERY
    crm.awaited.tick(READY)
    assert len(crm.later) == 1
    crm.later.pop()()
    assert crm.tick() != ()
    assert crm.asked == 2

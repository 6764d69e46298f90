"""The commit points are what the code commits: none is forgotten, none is only remembered."""

from __future__ import annotations

import pytest

from tests.kill.occasions import OCCASIONS
from tests.kill.points import EXEMPT, agent_points, server_points

KNOWN = {"agent": agent_points(), "server": server_points()}


def test_points_are_found_in_the_code() -> None:
    """One of every way in which a point is told from the code; an empty search would make the storm an easy one."""
    assert {
        "intent", "closing", "proven", "doubt",  # the machine's
        "seen", "paper_owed", "operation_intent",  # literals
        "bad_signature",  # in a record that is written as it stands
        "book:JobBook.transition", "local:_device",  # functions that commit
    } <= KNOWN["agent"]  # fmt: skip
    assert {
        "jobs:post_job", "sender:Sender.once.<locals>.row", "app:build_app.<locals>.lifespan",
        "link:Connection._deliver/update", "database:Database.migrate",
    } <= KNOWN["server"]  # fmt: skip
    assert "queued" not in KNOWN["agent"]
    assert "post" not in KNOWN["agent"]  # an event of the server's part of the machine


@pytest.mark.parametrize("who", KNOWN)
def test_what_is_exempt_is_still_there_and_says_why(who: str) -> None:
    assert set(EXEMPT[who]) <= KNOWN[who]
    assert all(EXEMPT[who].values())


def test_occasions_are_of_points_that_are_still_there() -> None:
    assert set(OCCASIONS) <= KNOWN["agent"] | KNOWN["server"]
    assert not set(OCCASIONS) & {*EXEMPT["agent"], *EXEMPT["server"]}

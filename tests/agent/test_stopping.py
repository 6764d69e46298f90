"""A wish to end, or to begin anew, from another thread: whenever it comes, it is heard once."""

from __future__ import annotations

import pytest

from agent.app import Stopping


@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize(
    ("wishes", "again"),
    [(("again",), True), (("stop",), False), (("again", "stop"), False), (("stop", "again"), False)],
)
def test_a_wish_is_heard_before_the_loop_is_there_and_after(early: bool, wishes: tuple[str, ...], again: bool) -> None:
    """A register that was named while the agent was starting came to work only with the next start."""
    stopping, heard = Stopping(), []
    if not early:
        stopping.heard_by(lambda: heard.append("stop"))
    for wish in wishes:
        stopping.asked_again() if wish == "again" else stopping.asked(None)
    if early:
        stopping.heard_by(lambda: heard.append("stop"))
    assert heard
    assert stopping.takes_again() is again
    assert stopping.takes_again() is False

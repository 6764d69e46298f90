"""Drivers that are wrong about attempts' names are seen through."""

from __future__ import annotations

import pytest

from drivers.conformance.catalogue import behaviours
from drivers.conformance.judgement import Case, State
from drivers.fiscal.atol_web import WebRunner
from drivers.fiscal.atol_web.server import WebServer
from protocol.wire.atol.web import Subtask
from tests.conformance.atol_web import EXEMPT, LONGEST, AtolWebBench, AtolWebDesk
from tests.conformance.simulated import EVERYTHING


class ForgetsNames(WebRunner):
    """Gives every task a uuid of its own."""

    def attempt(self, name: str | None) -> None:
        super().attempt(None)


class NeverSettles(WebRunner):
    """Opens the channel whatever may still come."""

    def _settle(self, server: WebServer, uuid: str) -> None:
        return None


class BelievesErrors(WebRunner):
    """Takes the server's word that a task has failed for the register's."""

    def _wait_out(self, uuid: str, end: Subtask) -> None:
        return None


BROKEN: dict[type[WebRunner], tuple[str, ...]] = {
    ForgetsNames: ("attempt.once", "attempt.not-begun", "attempt.late", "attempt.restart"),
    NeverSettles: ("attempt.not-begun", "attempt.late", "attempt.restart"),
    BelievesErrors: ("attempt.late", "attempt.restart"),
}
BY_NAME = {each.name: each for each in behaviours()}


@pytest.mark.parametrize(("runner", "name"), [(runner, name) for runner, names in BROKEN.items() for name in names])
def test_what_is_wrong_with_a_driver_is_seen(runner: type[WebRunner], name: str) -> None:
    desk = type("Broken", (AtolWebDesk,), {"RUNNER": runner})
    judged = Case(AtolWebBench("atol-web", "broken", EVERYTHING, EXEMPT, LONGEST, desk=desk), BY_NAME[name]).judged()
    assert judged.state is State.FAILED
    assert judged.why.startswith("AssertionError"), judged.why

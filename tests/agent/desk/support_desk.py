"""A desk that support asks something of: its clock is turned by hand, its work is done when the test says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.desk.requests import Means
from agent.problems import UserError
from agent.support.bundle.collect import Bundle, Entry
from agent.support.bundle.consent import Consent, Sent
from protocol.crm.messages import NAMES
from protocol.crm.signing import signature_is_good
from protocol.crm.support import SupportAsked
from tests.support.crm import AGENT, KID, JobKey, ed25519
from tests.support.job_books import Hands

FINDINGS = {"verdict": "ok", "checks": []}


@dataclass
class Support:
    """The means, and what was done with them."""

    hands: Hands
    key: JobKey = field(default_factory=JobKey)
    always: bool = False
    works: list[Callable[[], None]] = field(default_factory=list)
    examined: int = 0
    made: list[frozenset[str]] = field(default_factory=list)
    sent: list[tuple[Bundle, Consent]] = field(default_factory=list)
    trouble: Exception | None = None
    content: Bundle | None = None
    """What is made instead of a small one."""

    def means(self) -> Means:
        clock = self.hands.clock()
        return Means(
            self.genuine, self.examine, self.make, self.send, self.always, clock.monotonic, clock.now, self.works.append
        )

    def genuine(self, asked: SupportAsked) -> bool:
        good = signature_is_good(NAMES[type(asked)], asked, {KID: self.key.public}, ed25519)
        return good and asked.agent_id == AGENT

    def examine(self) -> Mapping[str, Any]:
        self._fail()
        self.examined += 1
        return FINDINGS

    def make(self, jobs: frozenset[str]) -> Bundle:
        self._fail()
        self.made.append(jobs)
        number = len(self.made)
        return self.content or Bundle(f"KB-2222-333{number + 1}", (Entry("manifest.json", f"{number}".encode() * 10),))

    def send(self, bundle: Bundle, consent: Consent) -> Sent:
        self._fail()
        self.sent.append((bundle, consent))
        return Sent("bu_1", "2026-12-06T12:00:00+00:00")

    def _fail(self) -> None:
        if self.trouble is not None:
            raise self.trouble

    def work(self) -> None:
        """What was begun in threads is done now."""
        works, self.works[:] = list(self.works), []
        for work in works:
            work()


def trouble(code: str) -> UserError:
    return UserError(code, "нет", "no", exit_code=1)

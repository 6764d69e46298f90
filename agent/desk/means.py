"""How a running agent carries out what support asks. What that needs is loaded when it is first asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from agent.config import Config
from agent.desk.requests import Means
from agent.identity import Keyring
from agent.jobs.permission import Clock
from agent.status import AgentStatus
from agent.support.bundle.consent import Consent, Sent
from protocol.crm.messages import NAMES
from protocol.crm.support import SupportAsked

if TYPE_CHECKING:
    from agent.support.bundle.collect import Bundle


def means_of(config: Config, keyring: Keyring, status: Callable[[], AgentStatus], clock: Clock) -> Means:
    def genuine(asked: SupportAsked) -> bool:
        return asked.agent_id == keyring.identity.agent_id and keyring.is_good(NAMES[type(asked)], asked)

    def examine() -> Mapping[str, Any]:
        from agent.support.bundle.findings import findings
        from agent.support.doctor import CHECKS, Scene, World
        from agent.support.doctor import examine as look
        from agent.support.doctor.runner import LIMIT

        return findings(look(CHECKS, Scene(config.path, World(status=status), LIMIT), limit=LIMIT))

    def make(jobs: frozenset[str]) -> Bundle:
        from agent.support.bundle.commands import make as made
        from agent.support.bundle.commands import note

        bundle = made(config, jobs=jobs)
        note(config, bundle)
        return bundle

    def send(bundle: Bundle, consent: Consent) -> Sent:
        from agent.support.bundle.sending import Upload

        return Upload(keyring.identity)(bundle, consent)

    return Means(genuine, examine, make, send, config.consent == "always", clock.monotonic, clock.now)

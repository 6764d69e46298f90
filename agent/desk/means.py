"""How a running agent carries out what support asks. What that needs is loaded when it is first asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.config import Config
from agent.desk.log_watch import LogMeans
from agent.desk.requests import Means
from agent.identity import Keyring
from agent.jobs.permission import Clock
from agent.journal.store import Journal, Transaction
from agent.status import AgentStatus
from agent.support.bundle.consent import Consent, Sent
from agent.support.logfile import Listener
from protocol.crm.messages import NAMES
from protocol.crm.support import SupportAsked

if TYPE_CHECKING:
    from agent.support.bundle.collect import Bundle


def means_of(config: Config, keyring: Keyring, status: Callable[[], AgentStatus], clock: Clock) -> Means:
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

    return Means(_genuine(keyring), examine, make, send, config.consent == "always", clock.monotonic, clock.now)


def log_means_of(
    config: Config, keyring: Keyring, journal: Journal, listen: Callable[[Listener | None], None], clock: Clock
) -> LogMeans:
    def told(line: bytes) -> dict[str, Any] | None:
        from agent.support import logline
        from agent.support.bundle.forms import Known

        return logline.told(line, Known(_OfTheServer(journal)))

    def newest(count: int) -> Sequence[dict[str, Any]]:
        from agent.support import logline
        from agent.support.bundle.forms import Known

        return logline.newest(config.data_dir, Known(_OfTheServer(journal)), count)

    return LogMeans(_genuine(keyring), told, newest, listen, config.consent == "always", clock.monotonic, clock.now)


def _genuine(keyring: Keyring) -> Callable[[SupportAsked], bool]:
    def genuine(asked: SupportAsked) -> bool:
        return asked.agent_id == keyring.identity.agent_id and keyring.is_good(NAMES[type(asked)], asked)

    return genuine


@dataclass(frozen=True, slots=True)
class _OfTheServer:
    """The ids that the journal has from the server, of jobs and of devices."""

    journal: Journal

    def __contains__(self, name: object) -> bool:
        def look(tx: Transaction) -> bool:
            return tx.job(str(name)) is not None or any(row.kkm_id == name for row in tx.devices())

        return self.journal.read(look)

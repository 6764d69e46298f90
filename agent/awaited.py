"""The registers that the CRM expects at this PC and that stand nowhere in its configuration: asked for now and then, so
that a desk without a device is seen here, too."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agent.link.status import LinkStatus
from agent.places import Place
from agent.status import AwaitedRegister
from protocol.crm.link_machine import AgentLink

FIRST = 3.0  # seconds after the link has come up
EVERY = 600.0  # seconds while it is up

Told = Callable[[], Sequence[Place] | None]
"""The places of the CRM; ``None`` when it cannot be asked. May take seconds."""


def aside(work: Callable[[], None]) -> None:
    """On a thread of its own, for which nobody waits, not even the end of the program."""
    threading.Thread(target=work, name="places", daemon=True).start()


@dataclass(slots=True)
class Awaited:
    """``configured``: the KKM_IDs that have a device here; what is the matter with those is told elsewhere. Called for
    the answer from any thread; ``tick`` from one."""

    told: Told
    configured: frozenset[str]
    monotonic: Callable[[], float]
    start: Callable[[Callable[[], None]], object] = aside
    _link: LinkStatus | None = None
    _due: float = 0.0
    _asking: threading.Lock = field(default_factory=threading.Lock)
    _found: tuple[AwaitedRegister, ...] = ()

    def __call__(self) -> tuple[AwaitedRegister, ...]:
        return self._found

    def tick(self, link: LinkStatus) -> None:
        """Asks when it is time; returns at once. What was told last stays until something else is told."""
        if link.state is not AgentLink.READY:
            self._link = None
            return
        now = self.monotonic()
        if self._link is None:
            self._link, self._due = link, now + FIRST
        if now >= self._due and self._asking.acquire(blocking=False):
            self._due = now + EVERY
            self.start(self._ask)

    def _ask(self) -> None:
        try:
            places = self.told()
            if places is not None:
                self._found = tuple(
                    AwaitedRegister(place.kkm_id, place.name)
                    for place in places
                    if place.here and place.kkm_id not in self.configured
                )
        finally:
            self._asking.release()

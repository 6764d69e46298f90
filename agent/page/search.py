"""Looking for devices on a thread of its own, while a page shows how far it is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent.devices.lock import DeviceLocked, device_lock
from drivers.discovery import Answer, Candidate, discover, probe
from drivers.transports.base import Clock

LOCKED = "device_locked"


@dataclass(frozen=True, slots=True)
class Search:
    """How far it is: ``done`` of ``of`` places were asked."""

    at_it: bool = False
    done: int = 0
    of: int = 0
    answers: tuple[Answer, ...] = ()

    @property
    def found(self) -> tuple[Answer, ...]:
        return tuple(answer for answer in self.answers if answer.found)


@dataclass(slots=True)
class Searching:
    """One search at a time. A place that the agent or another program holds is left alone."""

    data_dir: Path
    clock: Clock
    find: Callable[[], Iterable[Candidate]] = discover
    ask: Callable[[Sequence[str], Clock], Sequence[Answer]] = probe
    state: Search | None = None
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def candidates(self) -> tuple[Candidate, ...]:
        """Where a register could be. Opens nothing."""
        return tuple(self.find())

    def start(self) -> None:
        with self._guard:
            if self.state is not None and self.state.at_it:
                return
            addresses = [candidate.address for candidate in self.candidates()]
            self.state = Search(at_it=True, of=len(addresses))
        threading.Thread(target=self._run, args=(addresses,), name="search", daemon=True).start()

    def _run(self, addresses: Sequence[str]) -> None:
        state = Search(at_it=True, of=len(addresses))
        try:
            for number, address in enumerate(addresses, start=1):
                state = replace(state, done=number, answers=(*state.answers, *self._at(address)))
                self.state = state
        finally:
            self.state = replace(state, at_it=False)

    def _at(self, address: str) -> Sequence[Answer]:
        try:
            with device_lock(self.data_dir, address):
                return self.ask([address], self.clock)
        except DeviceLocked:
            return [Answer(address, "", code=LOCKED)]

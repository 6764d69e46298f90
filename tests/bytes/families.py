"""The families of registers that byte faults are tried on: a row is a driver and the simulator it talks to.

A new family adds a ``Simulator`` over its own simulated register and a row to ``FAMILIES``; nothing else here or in the
scenarios knows one family from another.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

from drivers.api import FiscalRegister
from drivers.fiscal.shtrih import ShtrihRegister, load_profile
from drivers.simulators.clock import ManualClock
from drivers.simulators.dump import document_json
from drivers.simulators.paper import MemoryPaper
from drivers.simulators.shtrih import Options, new_device, new_state
from drivers.transports.base import Clock, Transport
from tests.bytes.faulty import Fault
from tests.bytes.wire import Line


class Simulator(Protocol):
    """A simulated register that is switched on, and what its own memory says."""

    @property
    def serial(self) -> str: ...

    @property
    def last_fd(self) -> int: ...

    @property
    def drawer(self) -> int:
        """Kopecks."""

    @property
    def at_rest(self) -> bool:
        """No document is open, neither in the register nor in its drive."""

    def documents(self, above: int) -> Sequence[dict[str, Any]]:
        """Of the archive, above that number; as ``drivers.simulators.dump`` shows them."""

    def printed(self) -> str:
        """What has come out since it was switched on."""

    def connect(self) -> Line:
        """Plug in; the line before is cut."""

    def tick(self) -> None:
        """Do what is due by its clock."""

    def memory(self) -> bytes:
        """What it remembers without power, for another one to be switched on with."""


@dataclass(frozen=True, slots=True)
class Family:
    name: str
    switch_on: Callable[[ManualClock, bytes | None], Simulator]
    """With the memory of an earlier one, or fresh from its registration."""
    driver: Callable[[Transport, Clock], FiscalRegister]
    """With the production profile: its times are the ones that a fault has to be outlived in."""
    misses: frozenset[Fault] = frozenset()
    """Faults that its checksum does not always notice, so that a name may come out garbled; see ``verdict``."""


class SimulatedShtrih:
    def __init__(self, clock: ManualClock, memory: bytes | None, protocol: int) -> None:
        random = Random(1)
        state = new_state(random, clock) if memory is None else pickle.loads(memory)
        self._paper = MemoryPaper()
        self._device = new_device(clock, random, state=state, paper=self._paper, options=Options(protocol=protocol))

    @property
    def serial(self) -> str:
        return self._device.state.drive.registration.register_serial

    @property
    def last_fd(self) -> int:
        return len(self._device.state.drive.documents)

    @property
    def drawer(self) -> int:
        return self._device.state.counters.drawer

    @property
    def at_rest(self) -> bool:
        return self._device.state.receipt is None and self._device.state.drive.current is None

    def documents(self, above: int) -> Sequence[dict[str, Any]]:
        return [document_json(each) for each in self._device.state.drive.documents[above:]]

    def printed(self) -> str:
        return "\n".join(slip.text() for slip in self._paper.slips)

    def connect(self) -> Line:
        return self._device.connection()

    def tick(self) -> None:
        self._device.tick()

    def memory(self) -> bytes:
        return pickle.dumps(self._device.state)


def _shtrih(protocol: int) -> Family:
    profile = load_profile()
    return Family(
        f"shtrih{protocol}",
        lambda clock, memory: SimulatedShtrih(clock, memory, protocol),
        lambda transport, clock: ShtrihRegister(transport, profile, clock),
        misses=frozenset({Fault.DOUBLE, Fault.INSERT, Fault.LOSE}) if protocol == 1 else frozenset(),
    )


FAMILIES = {family.name: family for family in (_shtrih(1), _shtrih(2))}

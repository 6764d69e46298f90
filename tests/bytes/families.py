"""The families of devices that byte faults are tried on: a row is a driver and the simulator it talks to.

A new family adds a row to ``FAMILIES``, and a ``Simulator`` of its own where its register is no ``SimulatedRegister``
(terminals: ``tills``); nothing else here or in the scenarios knows one family from another.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

from drivers.api import FiscalRegister
from drivers.fiscal import atol_web as web_driver
from drivers.fiscal import atol_wire
from drivers.fiscal import shtrih as shtrih_driver
from drivers.simulators import atol, atol_web, shtrih
from drivers.simulators.appliance import Appliance
from drivers.simulators.clock import ManualClock
from drivers.simulators.dump import document_json
from drivers.simulators.paper import MemoryPaper, Paper
from drivers.terminal_api import CardTerminal
from drivers.transports.base import Clock, Transport
from drivers.transports.tap import Trace
from tests.bytes.faulty import Fault
from tests.bytes.places import everything, http_bodies
from tests.bytes.tills import Interface, by_inpas, by_zvt
from tests.bytes.wire import Line
from tests.soak.hours import Hours


class Simulator(Protocol):
    """A simulated device that is switched on, and what its own memory says; of a terminal, the bank's book."""

    @property
    def serial(self) -> str:
        """What the device is known by."""

    @property
    def last_fd(self) -> int: ...

    @property
    def drawer(self) -> int:
        """Kopecks; of a terminal, those that the bank holds for the shop."""

    @property
    def at_rest(self) -> bool:
        """No document is open, neither in the register nor in its drive; no operation is."""

    @property
    def secrets(self) -> Collection[str]:
        """What the device says and nobody else may: numbers of cards, tracks."""

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
    driver: Callable[[Transport, Hours, Trace], FiscalRegister | CardTerminal]
    """With the production profile: its times are the ones that a fault has to be outlived in. The trace is a terminal's
    own; a register's bytes may be overheard by anybody."""
    misses: frozenset[Fault] = frozenset()
    """Faults that its checksum does not always notice, so that a name may come out garbled; see ``verdict``. Of a
    terminal at TCP, what its checksum keeps away: an authorisation code that was changed on the way is one, too."""
    beneath: frozenset[Fault] = frozenset()
    """Damage that nothing but the layer beneath keeps from a request (HTTP has TCP's checksum alone): it is tried on
    answers only. A damaged request is another request."""
    places: Callable[[bytes], Sequence[range]] = everything
    """Of what one side says, what the full run strikes."""
    sample: int = 50
    """Positions of one exchange that one fault strikes in the short run."""
    terminal: bool = False
    """A card terminal: the scenarios with money are its own, and no others."""


@dataclass(frozen=True, slots=True)
class Make:
    """How registers of one make are had."""

    state: Callable[[ManualClock, Random], Any]
    device: Callable[[ManualClock, Random, Any, Paper], Appliance[Any, Any]]


class SimulatedRegister:
    """Any register of ours."""

    def __init__(self, make: Make, clock: ManualClock, memory: bytes | None) -> None:
        random = Random(1)
        state = make.state(clock, random) if memory is None else pickle.loads(memory)
        self._paper = MemoryPaper()
        self._device = make.device(clock, random, state, self._paper)

    @property
    def serial(self) -> str:
        serial: str = self._device.state.drive.registration.register_serial
        return serial

    @property
    def last_fd(self) -> int:
        return len(self._device.state.drive.documents)

    @property
    def drawer(self) -> int:
        kopecks: int = self._device.state.counters.drawer
        return kopecks

    @property
    def at_rest(self) -> bool:
        return self._device.state.receipt is None and self._device.state.drive.current is None

    @property
    def secrets(self) -> Collection[str]:
        return ()

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


class SimulatedWeb(SimulatedRegister):
    """A web server with its register."""

    @property
    def drawer(self) -> int:
        kopecks: int = self._device.state.register.counters.drawer
        return kopecks

    @property
    def at_rest(self) -> bool:
        state = self._device.state
        return state.register.receipt is None and state.drive.current is None and not state.queue


BENEATH_TCP = frozenset(Fault) - {Fault.CUT, Fault.DELAY, Fault.LATE}
"""``Family.beneath`` of a request that nothing but TCP's checksum protects."""
OTHER_LENGTH = frozenset({Fault.DOUBLE, Fault.INSERT, Fault.LOSE})
"""What a checksum of eight bits does not notice one time in 256."""


def _shtrih(protocol: int) -> Family:
    profile = shtrih_driver.load_profile()
    options = shtrih.Options(protocol=protocol)
    make = Make(
        lambda clock, random: shtrih.new_state(random, clock),
        lambda clock, random, state, paper: shtrih.new_device(clock, random, state=state, paper=paper, options=options),
    )
    return Family(
        f"shtrih{protocol}",
        lambda clock, memory: SimulatedRegister(make, clock, memory),
        lambda transport, clock, _: shtrih_driver.ShtrihRegister(transport, profile, clock),
        misses=OTHER_LENGTH if protocol == 1 else frozenset(),
    )


def _atol() -> Family:
    """Link layer v3. Format 1.1: how receipts of 1.2 are written over the wire is not known."""
    profile = atol_wire.load_profile()
    make = Make(
        lambda clock, random: atol.new_state(random, clock, ffd="1.1"),
        lambda clock, random, state, paper: atol.new_device(clock, random, state=state, paper=paper),
    )
    return Family(
        "atol-wire",
        lambda clock, memory: SimulatedRegister(make, clock, memory),
        lambda transport, clock, _: atol_wire.AtolWireRegister(transport, profile, clock),
        misses=OTHER_LENGTH,
    )


def _atol_web(generation: int) -> Family:
    """A server of the first generation does not tell its library's version: it is taken for one that knows no 1.2."""
    profile = web_driver.load_profile()
    options = atol_web.Options(generation=generation)
    ffd = "1.2" if generation == 2 else "1.1"
    make = Make(
        lambda clock, random: atol_web.new_state(random, clock, ffd=ffd),
        lambda clock, random, state, paper: atol_web.new_device(
            clock, random, state=state, paper=paper, options=options
        ),
    )

    def driver(transport: Transport, clock: Clock, _: Trace) -> FiscalRegister:
        http = web_driver.HttpClient(transport, clock, "127.0.0.1:16732")
        return web_driver.AtolWebRegister(web_driver.WebRunner(http, profile, clock), profile.times)

    return Family(
        f"atol-web{generation}",
        lambda clock, memory: SimulatedWeb(make, clock, memory),
        driver,
        places=http_bodies,
        beneath=BENEATH_TCP,
        sample=12,
    )


def _terminal(
    made: Interface, beneath: frozenset[Fault] = frozenset(), places: Callable[[bytes], Sequence[range]] = everything
) -> Family:
    return Family(made.name, made.switch_on, made.driver, misses=beneath, beneath=beneath, places=places, terminal=True)


REGISTERS = (_shtrih(1), _shtrih(2), _atol(), _atol_web(2), _atol_web(1))
TERMINALS = (
    _terminal(by_zvt(network=True), BENEATH_TCP),
    _terminal(by_zvt(network=False)),
    _terminal(by_inpas(), BENEATH_TCP, http_bodies),
)
FAMILIES = {family.name: family for family in (*REGISTERS, *TERMINALS)}

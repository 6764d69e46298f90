"""The agent dies at a byte of the request that makes the receipt; the next one knows the attempt by its name alone.

Lane, journal, procedures and driver are the agent's own, the server with its register is the simulated one, in virtual
time. A sample of bytes: the deaths between them are alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from drivers.api import FiscalRegister
from drivers.terminal_api import CardTerminal
from drivers.transports.base import Transport
from drivers.transports.tap import Trace
from protocol.crm.job_machine import Known
from tests.bytes.families import FAMILIES, Family, Simulator
from tests.bytes.scenarios import SCENARIOS
from tests.bytes.wire import LeapingTransport
from tests.bytes.world import START, Case, MemoryJournal
from tests.soak.hours import Hours

SCENARIO = SCENARIOS["receipt"]
RECEIPT = SCENARIO.wanted


class Death(BaseException):
    """The process ends here, as if killed."""


class Mortal(Transport):
    """Ends its process as byte ``at`` of the closing request leaves. What has left arrives, perhaps ``late`` seconds
    later."""

    def __init__(self, simulator: Simulator, hours: Hours) -> None:
        self._simulator, self._hours = simulator, hours
        self._inner = LeapingTransport(simulator.connect, hours)
        self.at: int | None = None
        self.late = 0.0
        self.whole = False
        self.on_its_way: tuple[float, bytes] | None = None

    def open(self) -> None:
        self._inner.open()

    def close(self) -> None:
        self._inner.close()

    def read(self, most: int, deadline: float) -> bytes:
        return self._inner.read(most, deadline)

    def write(self, data: bytes) -> None:
        if self.at is None or b'"type":"sell"' not in data:
            self._inner.write(data)
            return
        left = data if self.whole else data[: self.at]
        if self.late:
            self.on_its_way = (self._hours.now() + self.late, left)
        elif left:
            self._inner.write(left)
        raise Death

    def arrive(self) -> None:
        """What was on its way when the process died."""
        if self.on_its_way is not None and self._hours.now() >= self.on_its_way[0]:
            line, (_, data) = self._simulator.connect(), self.on_its_way
            self.on_its_way = None
            line.feed(data)


class World:
    def __init__(self, generation: int) -> None:
        self.family = FAMILIES[f"atol-web{generation}"]
        self.hours = Hours(START)
        self.journal = MemoryJournal(self.hours)
        self.simulator = self.family.switch_on(self.hours.at_register, None)
        self.mortal = Mortal(self.simulator, self.hours)

    def process(self, transport: Transport | None = None) -> Case:
        """An agent over the same journal, before the same server."""

        def driver(line: Transport, hours: Hours, trace: Trace) -> FiscalRegister | CardTerminal:
            return self.family.driver(transport or line, hours, trace)

        family: Family = replace(self.family, switch_on=lambda *_: self.simulator, driver=driver)
        return Case(family, self.journal, self.hours, None)

    @property
    def receipts(self) -> int:
        return sum(document["type"] == "receipt" for document in self.simulator.documents(0))


@pytest.fixture
def worlds() -> Iterator[list[World]]:
    made: list[World] = []
    yield made
    for world in made:
        world.journal.close()


def begun(worlds: list[World], generation: int) -> World:
    """A shift is open; the receipt is next."""
    world = World(generation)
    worlds.append(world)
    first = world.process()
    first.bind()
    for number, each in enumerate(SCENARIO.before):
        first.offer(each, f"before-{number}")
        first.run(f"before-{number}")
    first.driver.disconnect()
    return world


@pytest.mark.parametrize("late", [0.0, 100.0])
@pytest.mark.parametrize("at", [0, 80, 600, None])
@pytest.mark.parametrize("generation", [2, 1])
def test_the_next_process_makes_it_once(worlds: list[World], generation: int, at: int | None, late: float) -> None:
    """``at``: bytes that have left; ``None``: the whole request. In 100 seconds the next process has made it itself."""
    world = begun(worlds, generation)
    mortal = world.mortal
    mortal.at, mortal.whole, mortal.late = at or 0, at is None, late
    dying = world.process(mortal)
    dying.offer(RECEIPT)
    with pytest.raises(Death):
        dying.run()
    row = dying.row()
    assert (row.state, row.attempt) == (Known.STARTED, 1)
    mortal.at = None

    sleep = world.hours.sleep

    def sleep_on(seconds: float) -> None:
        sleep(seconds)
        mortal.arrive()

    world.hours.sleep = sleep_on  # type: ignore[method-assign]
    next_one = world.process()
    next_one.run()
    next_one.switch_off()
    world.hours.sleep(120.0)
    world.simulator.tick()
    assert mortal.on_its_way is None
    assert next_one.row().state is Known.DONE
    assert world.receipts == 1

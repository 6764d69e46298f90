"""Card terminals among the families: a row is a driver, the simulated terminal it talks to, and the bank behind that.

What a register's archive is to a receipt, the bank's book is to a payment: ``documents`` are its entries, ``drawer`` is
what it holds for the shop.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from drivers.simulators import inpas, zvt
from drivers.simulators.bank.dump import entry_json
from drivers.simulators.bank.terminal import Terminal
from drivers.simulators.clock import ManualClock
from drivers.terminal_api import CardTerminal
from drivers.terminals import inpas as inpas_driver
from drivers.terminals import zvt as zvt_driver
from drivers.transports.base import Transport
from drivers.transports.http import HttpClient
from drivers.transports.tap import Trace
from tests.bytes.wire import Line
from tests.conformance.banked import net
from tests.soak.hours import Hours


@dataclass(frozen=True, slots=True)
class TerminalMake:
    """How terminals of one interface are had."""

    device: Callable[[ManualClock, Any], Terminal[Any]]
    """With the memory of an earlier one, or ``None``."""
    busy: Callable[[Any], bool]
    """Whether an operation is not over yet, so far as terminal and bank are concerned."""


class SimulatedTerminal:
    """A ``families.Simulator``."""

    def __init__(self, make: TerminalMake, clock: ManualClock, memory: bytes | None) -> None:
        self._make = make
        self._device = make.device(clock, None if memory is None else pickle.loads(memory))

    @property
    def serial(self) -> str:
        terminal_id: str = self._device.state.bank.terminal_id
        return terminal_id

    @property
    def last_fd(self) -> int:
        return len(self._device.bank.state.entries)

    @property
    def drawer(self) -> int:
        return net({entry.rrn: entry for entry in self._device.bank.state.entries if entry.approved})

    @property
    def at_rest(self) -> bool:
        return not self._make.busy(self._device)

    @property
    def secrets(self) -> frozenset[str]:
        return self._device.bank.secrets

    def documents(self, above: int) -> Sequence[dict[str, Any]]:
        book = self._device.bank
        entries = ((number, entry) for number, entry in enumerate(book.state.entries[above:], above) if entry.approved)
        return [{"fd": number, "type": entry.kind.value, "tags": entry_json(book, entry)} for number, entry in entries]

    def printed(self) -> str:
        return ""

    def connect(self) -> Line:
        return self._device.connection()

    def tick(self) -> None:
        self._device.tick()

    def memory(self) -> bytes:
        return pickle.dumps(self._device.state)


@dataclass(frozen=True, slots=True)
class Interface:
    """What ``families`` makes a row of."""

    name: str
    switch_on: Callable[[ManualClock, bytes | None], SimulatedTerminal]
    driver: Callable[[Transport, Hours, Trace], CardTerminal]


def by_zvt(*, network: bool) -> Interface:
    options = zvt.Options(network=network, steer=False)
    make = TerminalMake(
        lambda clock, state: zvt.new_device(clock, Random(1), state=state, options=options),
        lambda device: bool(device.state.open),
    )
    profile = zvt_driver.load_profile()
    return Interface(
        "zvt" if network else "zvt-serial",
        lambda clock, memory: SimulatedTerminal(make, clock, memory),
        lambda transport, hours, trace: zvt_driver.ZvtTerminal(
            transport, profile, hours, hours.local, trace, framed=not network
        ),
    )


def by_inpas() -> Interface:
    options = inpas.Options(steer=False)
    terminal_id = inpas.new_state(Random(1)).bank.terminal_id
    profile = replace(inpas_driver.load_profile(), terminal_id=terminal_id)
    make = TerminalMake(
        lambda clock, state: inpas.new_device(clock, Random(1), state=state, options=options),
        lambda device: device._running is not None,
    )
    return Interface(
        "inpas",
        lambda clock, memory: SimulatedTerminal(make, clock, memory),
        lambda transport, hours, trace: inpas_driver.InpasTerminal(
            HttpClient(transport, hours, "127.0.0.1:9015"), profile, hours, trace
        ),
    )

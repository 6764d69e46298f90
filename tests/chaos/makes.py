"""Makes of registers in the simulated world: how one is had, and what its commands and its memory look like where a
fault needs to know. A make's name is that which its state carries."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from drivers.simulators import atol, shtrih
from drivers.simulators.appliance import Appliance
from drivers.simulators.clock import Clock
from drivers.simulators.paper import MemoryPaper

DRAWER = 10_000_000
"""Kopecks in the drawer before the run: enough for whatever is taken out."""


@dataclass(frozen=True, slots=True)
class Make:
    name: str
    state: Callable[[Random, Clock], Any]
    """Of a new register, ready to be pickled."""
    device: Callable[[Clock, Random, Any], Appliance[Any, Any]]
    line: bytes
    """How the command begins that adds a line to a receipt: one that a register takes and forgets must be noticed
    before the receipt is closed."""
    lines: Callable[[Any], int]
    """How many lines an open receipt has."""
    preparing: tuple[bytes, ...]
    """How commands begin that only prepare an operation or the closing of a receipt: a fault that is aimed at those is
    not spent on these."""
    unreadable: int
    """The register's code for: the fiscal drive failed."""
    rates: tuple[str, str, str]
    """VAT rates that the CRM asks for at its desks: those that its driver makes."""


class _Still:
    def __init__(self, start: datetime) -> None:
        self._start = start

    def now(self) -> datetime:
        return self._start

    def monotonic(self) -> float:
        return 0.0


MAKES: Mapping[str, Make] = {
    make.name: make
    for make in (
        Make(
            "shtrih",
            lambda random, clock: shtrih.new_state(random, clock),
            lambda clock, random, state: shtrih.new_device(clock, random, state=state, paper=MemoryPaper(keep=1)),
            b"\xff\x46",
            lambda receipt: len(receipt.lines),
            (),
            0x03,
            ("vat22", "vat10", "none"),
        ),
        Make(
            "atol",
            lambda random, clock: atol.new_state(random, clock, ffd="1.1"),
            lambda clock, random, state: atol.new_device(clock, random, state=state, paper=MemoryPaper(keep=1)),
            b"\0\0\xeb",
            lambda receipt: len(receipt.positions),
            tuple(b"\0\0" + code for code in (b"\x43", b"\x48", b"\x56", b"\x99", b"\xe8")),
            0xD2,
            ("vat0", "vat10", "none"),
        ),
    )
}


def new_state(make: str, random: Random, start: datetime) -> Any:
    """With money in the drawer."""
    state = MAKES[make].state(random, _Still(start))
    state.counters.drawer = DRAWER
    return state


def fresh(make: str, seed: int, start: datetime) -> bytes:
    """A new register's state, as bytes that every run may take its own copy from."""
    return pickle.dumps(new_state(make, Random(seed), start))

"""Makes of registers in the simulated world: how one is had, and what its commands and its memory look like where a
fault needs to know. A make's name is that which its state carries."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from datetime import datetime
from random import Random
from typing import Any

from drivers.simulators import atol, atol_web, shtrih
from drivers.simulators.paper import MemoryPaper
from tests.chaos.make import Make
from tests.chaos.webserver import WebServer

DRAWER = 10_000_000
"""Kopecks in the drawer before the run: enough for whatever is taken out."""


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
            rates=("vat22", "vat10", "none"),
            unreadable=0x03,
            line=b"\xff\x46",
            lines=lambda receipt: len(receipt.lines),
        ),
        Make(
            "atol",
            lambda random, clock: atol.new_state(random, clock, ffd="1.1"),
            lambda clock, random, state: atol.new_device(clock, random, state=state, paper=MemoryPaper(keep=1)),
            rates=("vat0", "vat10", "none"),
            unreadable=0xD2,
            line=b"\0\0\xeb",
            lines=lambda receipt: len(receipt.positions),
            preparing=tuple(b"\0\0" + code for code in (b"\x43", b"\x48", b"\x56", b"\x99", b"\xe8")),
        ),
        WebServer(
            "atol-web",
            lambda random, clock: atol_web.new_state(random, clock, ffd="1.2"),
            lambda clock, random, state: atol_web.new_device(clock, random, state=state, paper=MemoryPaper(keep=1)),
            rates=("vat22", "vat10", "none"),
            unreadable=118,
            kinds=("task", "question"),
            numbers_cash=False,
        ),
    )
}


def new_state(make: str, random: Random, start: datetime) -> Any:
    """With money in the drawer."""
    state = MAKES[make].state(random, _Still(start))
    MAKES[make].memory(state).counters.drawer = DRAWER
    return state


def fresh(make: str, seed: int, start: datetime) -> bytes:
    """A new register's state, as bytes that every run may take its own copy from."""
    return pickle.dumps(new_state(make, Random(seed), start))

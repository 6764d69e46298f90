"""The program and its pinpad put together from options; see ``drivers.simulators.assembly``."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from drivers.simulators.bank import GROWING
from drivers.simulators.sber.device import SberDevice, SberOptions
from drivers.simulators.sber.state import SberState, new_state
from drivers.simulators.store import Store

if TYPE_CHECKING:
    from drivers.simulators.assembly import Wanted


def store_of(path: Path | None) -> Store[SberState]:
    return Store(path, SberState, GROWING)


def assemble(options: Wanted) -> SberDevice:
    random = Random(options.seed)
    store = store_of(options.state)
    return SberDevice(
        store.load() or new_state(random, terminal=options.terminal),
        options.clock,
        random,
        store=store,
        faults=options.fault,
        options=SberOptions(
            manner=options.manner,
            pace=options.pace,
            steer=options.steer,
            select=options.select,
            full_report=options.full_report,
        ),
    )

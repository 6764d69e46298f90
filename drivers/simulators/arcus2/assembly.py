"""The program and its terminal put together from options; see ``drivers.simulators.assembly``."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from drivers.simulators.arcus2.device import ArcusDevice, ArcusOptions
from drivers.simulators.arcus2.state import ArcusState, new_state
from drivers.simulators.bank import GROWING
from drivers.simulators.store import Store

if TYPE_CHECKING:
    from drivers.simulators.assembly import Wanted


def store_of(path: Path | None) -> Store[ArcusState]:
    return Store(path, ArcusState, GROWING)


def assemble(options: Wanted) -> ArcusDevice:
    random = Random(options.seed)
    store = store_of(options.state)
    return ArcusDevice(
        store.load() or new_state(random, terminal=options.terminal),
        options.clock,
        random,
        store=store,
        faults=options.fault,
        options=ArcusOptions(
            manner=options.manner,
            pace=options.pace,
            steer=options.steer,
            family=options.ops,
            charset=options.charset,
            rrn_in_slip=options.rrn == "slip",
        ),
    )

"""A ZVT terminal put together from options; see ``drivers.simulators.assembly``."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from drivers.simulators.bank import GROWING
from drivers.simulators.store import Store
from drivers.simulators.zvt.device import Options, ZvtTerminal, new_device
from drivers.simulators.zvt.state import ZvtState, new_state

if TYPE_CHECKING:
    from drivers.simulators.assembly import Wanted


def store_of(path: Path | None) -> Store[ZvtState]:
    return Store(path, ZvtState, GROWING)


def assemble(options: Wanted, *, network: bool) -> ZvtTerminal:
    random = Random(options.seed)
    store = store_of(options.state)
    state = store.load()
    if state is None:
        state = new_state(random, currency=options.currency, terminal=options.terminal)
    return new_device(
        options.clock,
        random,
        state=state,
        faults=options.fault,
        store=store,
        options=Options(
            network=network,
            steer=options.steer,
            pace=options.pace,
            password=options.password,
            vending=options.vending,
            unacknowledged=options.unacknowledged,
            reversed_shows=options.reversed_shows,
        ),
    )

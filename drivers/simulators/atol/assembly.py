"""An ATOL register put together from options; see ``drivers.simulators.assembly``."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from drivers.simulators.atol.device import AtolDevice, Options, new_device
from drivers.simulators.atol.factory import new_state
from drivers.simulators.atol.state import AtolState
from drivers.simulators.store import GROWING, Store

if TYPE_CHECKING:
    from drivers.simulators.assembly import Wanted


def store_of(path: Path | None) -> Store[AtolState]:
    return Store(path, AtolState, GROWING)


def assemble(options: Wanted, *, network: bool) -> AtolDevice:
    """``network``: the port that the register names is Ethernet, otherwise USB."""
    random = Random(options.seed)
    store = store_of(options.state)
    state = store.load()
    if state is None:
        state = options.fresh(new_state, random)
    return new_device(
        options.clock,
        random,
        state=state,
        faults=options.fault,
        paper=options.tray(),
        store=store,
        options=Options(print_time=options.print_time, network=network),
    )

"""An INPAS terminal put together from options; see ``drivers.simulators.assembly``."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from drivers.simulators.bank import GROWING
from drivers.simulators.inpas.device import InpasTerminal, Options, new_device
from drivers.simulators.inpas.state import InpasState, new_state
from drivers.simulators.store import Store

if TYPE_CHECKING:
    from drivers.simulators.assembly import Wanted


def store_of(path: Path | None) -> Store[InpasState]:
    return Store(path, InpasState, GROWING)


def assemble(options: Wanted, *, network: bool) -> InpasTerminal:
    """Raises ``ValueError`` for a serial line: the service speaks HTTP."""
    if not network:
        raise ValueError("inpas speaks HTTP: expected --listen tcp:HOST:PORT")
    random = Random(options.seed)
    store = store_of(options.state)
    state = store.load()
    if state is None:
        state = new_state(random, terminal=options.terminal)
    return new_device(
        options.clock,
        random,
        state=state,
        faults=options.fault,
        store=store,
        options=Options(steer=options.steer, pace=options.pace),
    )

"""A Shtrih-M register put together from options; see ``drivers.simulators.assembly``."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from drivers.simulators.shtrih.device import Options, ShtrihDevice, new_device
from drivers.simulators.shtrih.factory import new_state
from drivers.simulators.shtrih.state import ShtrihState
from drivers.simulators.shtrih.upgrade import upgrade
from drivers.simulators.store import GROWING, Store

if TYPE_CHECKING:
    from drivers.simulators.assembly import Wanted


def store_of(path: Path | None) -> Store[ShtrihState]:
    return Store(path, ShtrihState, GROWING, upgrade)


def assemble(options: Wanted, *, extra_byte: bool) -> ShtrihDevice:
    """``extra_byte``: FFh after the host's ACK, as on TCP and not on a serial line."""
    random = Random(options.seed)
    store = store_of(options.state)
    state = store.load()
    if state is None:
        state = options.fresh(new_state, random, vat_autoreplace=options.vat_autoreplace)
    return new_device(
        options.clock,
        random,
        state=state,
        faults=options.fault,
        paper=options.tray(),
        store=store,
        options=Options(print_time=options.print_time, tcp=extra_byte, protocol=options.protocol),
    )

"""A web server and its register put together from options; see ``drivers.simulators.assembly``."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from drivers.simulators.atol_web.device import Options, WebDevice, new_device, new_state
from drivers.simulators.atol_web.state import WebState
from drivers.simulators.store import GROWING, Store

if TYPE_CHECKING:
    from drivers.simulators.assembly import Wanted

LISTS = (*(f"register.{path}" for path in GROWING), "done")


def store_of(path: Path | None) -> Store[WebState]:
    return Store(path, WebState, LISTS)


def assemble(options: Wanted) -> WebDevice:
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
        options=Options(
            print_time=options.print_time,
            task_time=options.task_time,
            generation=options.protocol,
            auth=options.auth,
        ),
    )

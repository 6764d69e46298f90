"""The program and its terminal put together from options; see ``drivers.simulators.assembly``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from drivers.simulators.arcus2.device import ArcusDevice, ArcusOptions
from drivers.simulators.arcus2.state import ArcusState, new_state
from drivers.simulators.bank import GROWING
from drivers.simulators.programs.assembly import put_together
from drivers.simulators.store import Store

if TYPE_CHECKING:
    from drivers.simulators.assembly import Wanted


def store_of(path: Path | None) -> Store[ArcusState]:
    return Store(path, ArcusState, GROWING)


def assemble(options: Wanted) -> ArcusDevice:
    own = ArcusOptions(
        manner=options.manner,
        pace=options.pace,
        steer=options.steer,
        family=options.ops,
        charset=options.charset,
        rrn_in_slip=options.rrn == "slip",
    )
    return put_together(options, store_of(options.state), new_state, ArcusDevice, own)

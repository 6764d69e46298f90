"""The program and its pinpad put together from options; see ``drivers.simulators.assembly``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from drivers.simulators.bank import GROWING
from drivers.simulators.programs.assembly import put_together
from drivers.simulators.sber.device import SberDevice, SberOptions
from drivers.simulators.sber.state import SberState, new_state
from drivers.simulators.store import Store

if TYPE_CHECKING:
    from drivers.simulators.assembly import Wanted


def store_of(path: Path | None) -> Store[SberState]:
    return Store(path, SberState, GROWING)


def assemble(options: Wanted) -> SberDevice:
    own = SberOptions(
        manner=options.manner,
        pace=options.pace,
        steer=options.steer,
        select=options.select,
        full_report=options.full_report,
    )
    return put_together(options, store_of(options.state), new_state, SberDevice, own)

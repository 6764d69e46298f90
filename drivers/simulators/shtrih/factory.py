"""A register as it comes from registration: document 1 is in its archive, the shift is closed."""

from __future__ import annotations

from random import Random

from drivers.simulators.clock import Clock
from drivers.simulators.fiscal_drive import DriveState, FiscalDrive
from drivers.simulators.ofd import DEFAULT_LAG, OfdState
from drivers.simulators.registration import ALL_TAX_SYSTEMS, FN_CAPACITY, FN_DAYS, fresh
from drivers.simulators.shtrih.models import MODELS, STANDARD
from drivers.simulators.shtrih.state import ShtrihState


def new_state(
    random: Random,
    clock: Clock,
    *,
    ffd: str = "1.2",
    vat_autoreplace: bool = False,
    tax_systems: int = ALL_TAX_SYSTEMS,
    model: str = STANDARD,
    fn_capacity: int = FN_CAPACITY,
    fn_days: int = FN_DAYS,
    ofd: float | None = DEFAULT_LAG,
    refuses_overdrawn: bool = True,
) -> ShtrihState:
    """``fn_capacity`` documents and ``fn_days`` of life; ``ofd`` seconds to a confirmation, ``None``: out of reach;
    ``refuses_overdrawn``: a cash return needs the cash in the drawer. Raises ``ValueError`` for an unknown model."""
    if model not in MODELS:
        raise ValueError(f"unknown model {model!r}; models: {', '.join(MODELS)}")
    registration = fresh(random, clock.now(), ffd, tax_systems=tax_systems, fn_days=fn_days)
    drive = FiscalDrive(DriveState(registration, capacity=fn_capacity, ofd=OfdState(lag=ofd)))
    drive.register()
    state = ShtrihState(drive.state, model=model, refuses_overdrawn=refuses_overdrawn)
    if vat_autoreplace:
        state.tables["17.1.71"] = 1
    return state

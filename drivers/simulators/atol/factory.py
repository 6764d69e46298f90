"""A register as it comes from registration: document 1 is in its archive, the shift is closed."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from drivers.simulators.atol.models import MODELS, USUAL
from drivers.simulators.atol.state import AtolState
from drivers.simulators.clock import Clock
from drivers.simulators.fiscal_drive import DriveState, FiscalDrive
from drivers.simulators.ofd import DEFAULT_LAG, OfdState
from drivers.simulators.registration import ALL_TAX_SYSTEMS, FN_CAPACITY, FN_DAYS, fresh, registration_number

ORDINAL = 10
"""Digits of a registration number before its check digits."""


def new_state(
    random: Random,
    clock: Clock,
    *,
    ffd: str = "1.2",
    tax_systems: int = ALL_TAX_SYSTEMS,
    model: str = USUAL,
    fn_capacity: int = FN_CAPACITY,
    fn_days: int = FN_DAYS,
    ofd: float | None = DEFAULT_LAG,
    refuses_overdrawn: bool = True,
) -> AtolState:
    """``fn_capacity`` documents and ``fn_days`` of life; ``ofd`` seconds to a confirmation, ``None``: out of reach;
    ``refuses_overdrawn``: what is paid out must be in the drawer. Raises ``ValueError`` for an unknown model.

    Registered without marked goods: the reference does not know how the wire says them."""
    if model not in MODELS:
        raise ValueError(f"unknown model {model!r}; models: {', '.join(MODELS)}")
    made = fresh(random, clock.now(), ffd, tax_systems=tax_systems, fn_days=fn_days)
    serial = made.register_serial[2:]  # fourteen digits
    rnm = registration_number(int(made.rnm[:ORDINAL]), made.inn, serial)
    registration = replace(made, register_serial=serial, rnm=rnm, extended_mode=0, register_version="5.8.3000")
    drive = FiscalDrive(DriveState(registration, capacity=fn_capacity, ofd=OfdState(lag=ofd)))
    drive.register()
    return AtolState(drive.state, model=model, refuses_overdrawn=refuses_overdrawn)

"""What the simulated terminal behind Arcus2 remembers."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal

from drivers.simulators import bank
from drivers.simulators.bank import BankState


@dataclass(slots=True)
class ArcusState:
    bank: BankState
    format: Literal[1] = 1
    family: Literal["arcus2"] = "arcus2"
    clock_offset: float = 0.0


def new_state(random: Random, *, terminal: str = "") -> ArcusState:
    """Just installed. ``terminal``: its number, 8 digits; "": any."""
    return ArcusState(bank.new_state(random, terminal=terminal))

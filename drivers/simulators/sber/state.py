"""What the simulated pinpad of Sber remembers."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal

from drivers.simulators import bank
from drivers.simulators.bank import BankState


@dataclass(slots=True)
class SberState:
    bank: BankState
    format: Literal[1] = 1
    family: Literal["sber"] = "sber"
    suspended: str = ""  # rrn of the operation that is taken back at the next session with the bank
    committed: str = ""  # rrn of the last operation that was made final
    clock_offset: float = 0.0


def new_state(random: Random, *, terminal: str = "") -> SberState:
    """Just installed. ``terminal``: its number, 8 digits; "": any."""
    return SberState(bank.new_state(random, terminal=terminal))

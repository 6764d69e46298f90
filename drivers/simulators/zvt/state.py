"""Everything that a simulated ZVT terminal keeps without power. Plain dataclasses, one JSON file."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Literal

from drivers.simulators.bank.state import BankState
from drivers.simulators.bank.state import new_state as new_bank

RUB = "643"


@dataclass(slots=True)
class Registration:
    """What the cash register has asked for."""

    config: int
    service: int = 0
    width: int = 0  # of its printer; 0: it did not say
    takes_blocks: bool = False  # 06 D3
    sequenced: bool = False  # messages carry numbers


@dataclass(slots=True)
class ZvtState:
    bank: BankState
    format: Literal[1] = 1
    family: Literal["zvt"] = "zvt"
    clock_offset: float = 0.0
    currency: str = RUB
    registration: Registration | None = None
    open: str = ""  # rrn of what was booked and whose result nobody has acknowledged yet
    needs_initialisation: bool = False
    needs_diagnosis: bool = False
    serial: str = field(default="00000001")


def new_state(random: Random, *, currency: str = RUB, terminal: str = "") -> ZvtState:
    """A terminal that has just been installed. ``currency``: ISO 4217, three digits."""
    bank = new_bank(random, terminal=terminal)
    return ZvtState(bank, currency=currency, serial=f"{random.randrange(10**8):08d}")
